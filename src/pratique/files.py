"""Files: read within a limit, and written so that a crash leaves the old one or the new: beside, fsync, rename, fsync the folder.

The only way any room writes a file that another run will read. Translates OSError into `StorageError`.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pratique.errors import InputError, LimitExceeded, NotFound, StorageError


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write `data` to `path` durably. After a crash `path` holds the old content or all of the new."""
    with open_atomic(path, mode=mode) as out:
        out.write(data)


@contextmanager
def open_atomic(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; on leaving without an error it durably becomes `path`, else it is removed.

    A device, a pipe or a descriptor (`/dev/stdout`) is written into, never replaced. Raises InputError where `path` is a folder,
    StorageError.
    """
    if path.is_dir():
        raise InputError("cannot be written: it is a folder", where=str(path))
    if _is_written_into(path):
        try:
            with path.open("wb") as out:
                yield out
        except OSError as error:
            raise storage_error(error, path) from error
        return
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(temporary).replace(path)
        temporary = None
        sync_directory(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _is_written_into(path: Path) -> bool:
    if str(path).startswith(("/dev/fd/", "/dev/std", "/proc/")):
        return True  # whatever is behind it: the name is not a file's
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def move_durably(source: Path, path: Path) -> None:
    """A file that was written with `open_atomic` and looked at becomes `path`, on the same file system. Raises StorageError."""
    try:
        source.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading; a pipe or a device is neither waited for nor read. Raises InputError, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("not a regular file", where=str(path))
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_limited(path: Path, limit: int) -> bytes:
    """A whole regular file of at most `limit` bytes; never waits for a pipe. Raises NotFound, LimitExceeded, InputError."""
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
    if len(data) > limit:
        raise LimitExceeded(f"larger than {limit} bytes", where=str(path))
    return data


def is_file_with(path: Path, data: bytes) -> bool:
    """Whether it is a regular file that holds exactly this. Raises InputError where it cannot be read."""
    try:
        return read_limited(path, len(data)) == data
    except LimitExceeded:
        return False


def sync_directory(path: Path) -> None:
    """Make a rename or a new name in `path` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(error: OSError, path: Path) -> StorageError:
    """Say a failed write in one line with what to do about it."""
    hints = {
        errno.ENOSPC: "free some space and run the same command again",
        errno.EDQUOT: "free some space and run the same command again",
        errno.EROFS: "choose a writable directory, for instance with PRATIQUE_HOME",
        errno.EACCES: "choose a writable directory, for instance with PRATIQUE_HOME",
        errno.EPERM: "choose a writable directory, for instance with PRATIQUE_HOME",
    }
    reason = error.strerror or str(error)
    return StorageError(f"cannot write: {reason.lower()}", where=str(path), hint=hints.get(error.errno or 0))


def make_private_directory(path: Path) -> None:
    """Make a folder that only its owner may enter. An existing one that others may write to is refused."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = path.stat()
    except OSError as error:
        raise storage_error(error, path) from error
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise StorageError("others may write here", where=str(path), hint="make it yours alone: chmod go-w, chown")
