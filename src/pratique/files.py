"""Files: read within a limit, and written so that a crash leaves the old one or the new: beside, fsync, rename, fsync the folder.

The only way any room writes a file that another run will read. Translates OSError into `StorageError`. What a person asked for
with an option goes through `write_output`: it makes no folder, and no private key is overwritten.
"""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from pratique.errors import InputError, LimitExceeded, NotFound, StorageError
from pratique.private_keys import file_holds_private_key

_HANDED = re.compile(r"/(?:dev/std(?:in|out|err)|(?:dev|proc/self)/fd/[0-9]+)")  # what a shell opened, not a file's name
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # what file systems without them answer


def write_output(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """To the file that a person asked for, whole or not at all. Raises what `check_output` does, and StorageError."""
    check_output(path)
    write_atomic(path, data, mode=mode)


def write_new_output(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """As `write_output`, where nothing is yet: of several programs that want the same name one has it, whole, and the others are
    told False. Raises as `write_output` does.
    """
    check_output(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        _take_name(Path(temporary), path)
        sync_directory(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return True


def _take_name(made: Path, path: Path) -> None:
    """Raises FileExistsError where the name is taken, also by a link to nothing."""
    try:
        os.link(made, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        made.replace(path)


def check_output(path: Path) -> None:
    """Whether a file that a person named can be written, asked before anything is done for it. What is not there is made, but no
    folder above it; a private key is never overwritten. Raises InputError; StorageError for a folder that takes no file.
    """
    if path.is_dir():
        raise InputError("cannot be written: it is a folder", where=str(path), hint=f"name a file in it: {quote(f'{path}/NAME')}")
    check_folder_above(path)
    if _is_written_into(path):
        return
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StorageError("no file can be written here", where=str(path.parent), hint="name a file in another folder")
    if _holds_private_key(path):
        hint = "name another file, or remove it first if nothing needs it"
        raise InputError("holds a private key, which is never overwritten", where=str(path), hint=hint)


def check_folder_above(path: Path) -> None:
    """Raises InputError where the folder is missing in which a person wants something made."""
    if not path.parent.is_dir():
        hint = f"make it: mkdir -p {quote(str(path.parent))}"
        raise InputError("cannot be written: there is no such folder", where=str(path), hint=hint)


def _holds_private_key(path: Path) -> bool:
    """Raises InputError for a file that cannot be read: nobody knows whether it is a key, and a folder that takes files is enough
    to put another in its place.
    """
    try:
        with open_regular(path) as file:
            return file_holds_private_key(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(error, path) from error


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
        raise InputError("cannot be written: it is a folder", where=str(path), hint=f"name a file in it: {quote(f'{path}/NAME')}")
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


def is_handed(path: Path) -> bool:
    """Whether the name is that of a descriptor that a shell opened, and not a file's below such a folder."""
    return _HANDED.fullmatch(str(path)) is not None


def _is_written_into(path: Path) -> bool:
    if is_handed(path):
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
def open_regular(path: Path, *, buffering: int = -1) -> Iterator[BinaryIO]:
    """A regular file, open for reading; a pipe or a device is neither waited for nor read. Raises InputError, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise not_regular(path, mode)
    with os.fdopen(descriptor, "rb", buffering) as file:
        yield file


def not_regular(path: Path, mode: int) -> InputError:
    """What to say of a folder, a pipe or a device where a file is read; `mode` as in os.stat_result."""
    hint = "name a file in it" if stat.S_ISDIR(mode) else "save what it gives as a file, and name that"
    return InputError("not a regular file", where=str(path), hint=hint)


def unreadable(error: OSError, path: Path) -> InputError:
    """What to say of a file or folder that is there and cannot be read, or is not there."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound("no such file", where=str(path))
    hints = {
        errno.EACCES: f"see whose it is: ls -ld {quote(str(path))}",
        errno.ELOOP: f"the link leads to itself: ls -l {quote(str(path))}",
        errno.ENAMETOOLONG: "write a shorter path",
    }
    reason = (error.strerror or str(error)).lower()
    return InputError(f"cannot be read: {reason}", where=str(path), hint=hints.get(error.errno or 0))


def read_limited(path: Path, limit: int) -> bytes:
    """A whole regular file of at most `limit` bytes; never waits for a pipe. Raises NotFound, LimitExceeded, InputError."""
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise unreadable(error, path) from error
    if len(data) > limit:
        raise LimitExceeded(f"larger than {limit} bytes", where=str(path), hint="is it the file that you meant?")
    return data


def read_handed(path: Path, limit: int, *, patience_s: float = 30.0) -> bytes:
    """As `read_limited`, and also what a shell hands over in a pipe (`<(command)`, /dev/stdin), as secrets are; whoever writes
    nothing for so long is not waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise unreadable(error, path) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) and is_handed(path):
            data = _read_pipe(descriptor, limit, patience_s, path)
        elif stat.S_ISREG(mode):
            data = os.read(descriptor, limit + 1)
        else:
            raise not_regular(path, mode)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise LimitExceeded(f"larger than {limit} bytes", where=str(path))
    return data


def _read_pipe(descriptor: int, limit: int, patience_s: float, path: Path) -> bytes:
    import select

    data = b""
    while len(data) <= limit:
        if not select.select([descriptor], [], [], patience_s)[0]:
            raise InputError(f"nothing came out of the pipe for {patience_s:.0f} s", where=str(path))
        part = os.read(descriptor, limit + 1 - len(data))
        if not part:
            break
        data += part
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
    full = "free some space and run the same command again"
    elsewhere = "choose a writable directory, for instance with PRATIQUE_HOME"
    hints = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), full)
    hints |= dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR), elsewhere)
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
