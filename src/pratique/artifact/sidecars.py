"""Signatures that stand beside a file, and the file itself as something signed.

What is not there is not listed; what is there and cannot be read is an error, never taken for what is not there.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pratique.attest.bundle import MAX_BUNDLE_SIZE
from pratique.attest.bundle_files import SUFFIXES, looks_like_json
from pratique.attest.detached import BUNDLE_SUFFIX, MAX_RAW_SIZE, RAW_SUFFIX, is_sibling
from pratique.attest.sigstore.verify import HASH_NAMES, ArtifactDigests
from pratique.errors import LimitExceeded, NotFound
from pratique.files import open_regular, read_limited, unreadable

PROVENANCE_SUFFIX = ".prov"
MAX_WHOLE = 256 << 20  # larger files are hashed only: enough for all keys but those that sign the bytes themselves
MAX_PROVENANCE_SIZE = 4 << 20
MAX_SIBLINGS = 100  # bundles of further signers
_CHUNK = 1 << 20
_LIMITS = dict.fromkeys(SUFFIXES, MAX_BUNDLE_SIZE) | {RAW_SUFFIX: MAX_RAW_SIZE, PROVENANCE_SUFFIX: MAX_PROVENANCE_SIZE}
_OF_OTHERS_TOO = ".bundle"  # the name of bundles of Git, of scripts and of much else


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """One signature file. `suffix`: which kind it is."""

    path: Path
    suffix: str
    data: bytes


def find_sidecars(file: Path) -> tuple[Sidecar, ...]:
    """The signature files of `file`, bundles first. Raises InputError for one that cannot be read, or a folder that cannot be
    listed, LimitExceeded.
    """
    found = []
    for path in _siblings(file):
        found.append(Sidecar(path=path, suffix=BUNDLE_SUFFIX, data=read_limited(path, MAX_BUNDLE_SIZE)))
    for suffix, limit in _LIMITS.items():
        path = file.with_name(file.name + suffix)
        try:
            data = read_limited(path, limit)
        except NotFound:
            continue
        except LimitExceeded:
            if suffix == _OF_OTHERS_TOO:
                continue
            raise
        if suffix != _OF_OTHERS_TOO or looks_like_json(data):
            found.append(Sidecar(path=path, suffix=suffix, data=data))
    return tuple(found)


def _siblings(file: Path) -> list[Path]:
    """The bundles of further signers, sorted by name."""
    try:
        with os.scandir(file.parent) as entries:
            names = sorted(entry.name for entry in entries if is_sibling(entry.name, file.name))
    except OSError as error:
        raise unreadable(error, file.parent) from error
    if len(names) > MAX_SIBLINGS:
        raise LimitExceeded(f"more than {MAX_SIBLINGS} bundles stand beside it", where=str(file))
    return [file.with_name(name) for name in names]


def load_signed(path: Path) -> ArtifactDigests:
    """A file as the artifact of a signature: its digests, and its bytes unless it is large. Raises NotFound, InputError."""
    hashers = {name: hashlib.new(name) for name in HASH_NAMES}
    kept: list[bytes] | None = []
    size = 0
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                for hasher in hashers.values():
                    hasher.update(chunk)
                if kept is not None:
                    kept.append(chunk)
                if size > MAX_WHOLE:
                    kept = None
    except OSError as error:
        raise unreadable(error, path) from error
    digests = {name: hasher.digest() for name, hasher in hashers.items()}
    return ArtifactDigests(digests=digests, data=None if kept is None else b"".join(kept))
