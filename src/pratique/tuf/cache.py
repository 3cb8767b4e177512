"""What the last update of a followed trust came to, kept so that it is good without asking anybody. Small, and quick to read.

The folder is its owner's alone, as the pinned root in it is; that its files are whole is checked, that they are signed was.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pratique.attest.strictjson import load_json
from pratique.errors import DigestMismatch, InputError, Locked, Malformed, NotFound
from pratique.files import storage_error, write_atomic
from pratique.model.digest import Digest
from pratique.tuf.value import DOCUMENT, FollowedTrust, read_anchors

_LOCK_WAIT_S = 30.0
_STATE = "state.json"


def load_cached(directory: Path) -> FollowedTrust:
    """The anchors of the last update, expired or not. Raises NotFound when nothing is followed, DigestMismatch, InputError."""
    state = read_state(directory)

    def target(path: str) -> bytes:
        expected = state["files"].get(path, "")
        try:
            data = kept_file(directory, Digest.parse(f"sha256:{expected}")).read_bytes()
        except (OSError, Malformed) as error:
            raise InputError(f"the followed trust lacks {path}", where=str(directory), hint="follow it anew") from error
        if Digest.of(data).hex != expected:
            raise DigestMismatch(f"{path} was altered", where=str(directory), hint="follow the trust anew")
        return data

    return read_anchors(
        target(DOCUMENT),
        target,
        source=state["source"],
        fetched_at=state["fetched_at"],
        expires=state["expires"],
        versions=state["versions"],
    )


def kept_file(directory: Path, digest: Digest) -> Path:
    """Where a target is kept, by its content."""
    return directory / "files" / digest.hex


def read_state(directory: Path) -> dict[str, Any]:
    """The record of the last update. Raises NotFound, InputError."""
    try:
        data = (directory / _STATE).read_bytes()
    except FileNotFoundError as error:
        hint = "run: pratique trust follow SOURCE --root FILE"
        raise NotFound("no trust is followed here", where=str(directory), hint=hint) from error
    except OSError as error:
        raise InputError("the followed trust cannot be read", where=str(directory)) from error
    state = load_json(data, what="the state of the followed trust", max_size=1 << 20, max_depth=4)
    try:
        right = state["version"] == 1 and isinstance(state["source"], str) and isinstance(state["files"], dict)
        numbers = state["fetched_at"], state["expires"], *state["versions"].values()
    except (KeyError, TypeError, AttributeError):
        right, numbers = False, ()
    if not right or any(type(number) is not int for number in numbers):
        raise InputError("the followed trust is damaged", where=str(directory), hint="follow it anew")
    return dict(state)


def write_state(directory: Path, anchors: FollowedTrust) -> None:
    """Make these the last update's, durably."""
    state = {
        "version": 1,
        "source": anchors.source,
        "fetched_at": anchors.fetched_at,
        "expires": anchors.expires,
        "versions": dict(anchors.versions),
        "files": {path: Digest.of(data).hex for path, data in anchors.targets.items()},
    }
    write_atomic(directory / _STATE, json.dumps(state, sort_keys=True).encode())


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One writer at a time: python-tuf's folder is not for two. Another one is waited for. Raises Locked, StorageError."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise storage_error(error, directory) from error
    try:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise Locked("another process is at work here", where=str(directory)) from error
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
