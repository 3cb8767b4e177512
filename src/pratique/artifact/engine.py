"""Images in podman's own storage, taken out with `podman save` into a folder that is ours alone. No shell."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pratique.errors import InputError, NotFound, Unavailable
from pratique.files import storage_error

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,511}")
_TIMEOUT_S = 1800
_UNKNOWN = ("image not known", "no such image", "not an image", "unable to find", "does not exist")


@contextmanager
def saved_by_podman(name: str, *, program: str = "podman") -> Iterator[Path]:
    """An OCI archive of the image `name`, removed on leaving. Layers are kept as podman stores them: uncompressed.

    Raises InputError (no name of an image), NotFound (podman has none of that name), Unavailable (no podman, or it failed).
    """
    # A name that begins with a dash would be an option.
    if not _NAME.fullmatch(name):
        raise InputError(f"not the name of an image: {name[:120]!r}")
    try:
        folder = tempfile.TemporaryDirectory(prefix="pratique-", ignore_cleanup_errors=True)
    except OSError as error:
        raise storage_error(error, Path(tempfile.gettempdir())) from error
    with folder:
        archive = Path(folder.name) / "image.tar"
        _run(
            [program, "save", "--quiet", "--uncompressed", "--format", "oci-archive", "--output", os.fspath(archive), name], name
        )
        yield archive


def _run(command: list[str], name: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"podman did not save {name} within {_TIMEOUT_S} s") from error
    except OSError as error:
        # A folder in PATH that may not be searched makes it "permission denied" although the program is nowhere.
        if shutil.which(command[0]) is None:
            hint = "install podman, or name an archive of the image"
            raise Unavailable(f"{command[0]} is not installed", hint=hint) from error
        raise Unavailable(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}") from error
    if done.returncode == 0:
        return
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    reason = lines[-1].removeprefix("Error: ")[:300] if lines else f"it ended with {done.returncode}"
    if any(text in reason.lower() for text in _UNKNOWN):
        raise NotFound(f"podman has no image {name}", hint="podman images lists those it has")
    raise Unavailable(f"podman could not save {name}: {reason}")
