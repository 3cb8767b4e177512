"""Can somebody still change the bytes of this file, after we hashed them and before they run?

Asked *before* hashing, by the thread that answers all opens of the container: whoever opens the file for writing from then on
waits for us, and is counted as a writer already when we look at it again. A read lease (fcntl(2), F_SETLEASE) is refused while
anybody has the file open or mapped for writing.

An overlay hides one kind of writer: a shared mapping belongs to the file in the upper layer, and once its descriptor is closed
the overlay's own inode shows no writer. So the lease is asked for on the upper layer's file, which has to be found by name and
proved to be the same. What cannot be told counts as a writer.
"""

import ctypes
import fcntl
import os
import signal
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from pratique.runtime.mountinfo import Mount, lower_directories, upper_directory

_F_SETSIG = 10
WRITER = "known content, but somebody has it open for writing"
OVERLAYFS_MAGIC, FUSE_MAGIC = 0x794C7630, 0x65735546  # linux/magic.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """An overlay's directories as the host names them. `lower`: the uppermost first. `upper`: "" if there is none."""

    lower: tuple[str, ...]
    upper: str
    renames: bool

    @classmethod
    def of(cls, mount: Mount) -> "Layers":
        """`renames`: directories of lower layers may be renamed in the container (`redirect_dir=on`)."""
        options = mount.super_options.split(",")
        return cls(lower=lower_directories(mount), upper=upper_directory(mount), renames="redirect_dir=on" in options)


def why_changeable(fd: int, info: os.stat_result, path: str, overlays: Mapping[int, Layers]) -> str:
    """Why the file could be changed while it is judged and run; "" if nobody can.

    fd, info: the event's descriptor and its fstat, taken before `path` was read from it. overlays: device → layers.
    """
    kind = file_system_type(fd)
    if kind == FUSE_MAGIC:
        return "known content, but its file system may say something else each time"
    if has_writer(fd):
        return WRITER
    if kind == OVERLAYFS_MAGIC:
        layers = overlays.get(info.st_dev)
        upper = open_upper(info, path, layers) if layers is not None else -1
        if upper < 0:
            return "known content, but it cannot be told whether somebody is writing to it"
        try:
            if has_writer(upper):
                return "known content, but somebody has it mapped for writing"
        finally:
            os.close(upper)
    return ""


def has_writer(fd: int) -> bool:
    """Whether anybody has the file open or mapped for writing. True also where the file system knows no leases.

    Whoever truncates the file in this very moment has the kernel signal its lease's holder: with SIGIO, which would end the
    agent, unless another signal is named. By default SIGURG is ignored.
    """
    try:
        fcntl.fcntl(fd, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError:
        return True
    with suppress(OSError):  # EAGAIN if it was broken meanwhile; closing the descriptor gives it back, too
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def open_upper(info: os.stat_result, path: str, layers: Layers) -> int:
    """A descriptor, open for reading, of the upper layer's file that is the overlay's file `info`; -1 if that is not certain.

    A file made in the container has the same inode number in both. A copied-up one keeps the lower file's number in the overlay,
    so then all of this must hold: the lower file is still there under this very name, with that number; and the upper one has
    this size, change and modification time. Renaming it would move its change time, and directories of lower layers cannot be
    renamed in the container.
    """
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    if not layers.upper or ".." in parts or not parts:
        return -1
    try:
        fd = _open_beneath(layers.upper, parts)
    except OSError:
        return -1
    found = os.fstat(fd)
    times = (found.st_size, found.st_ctime_ns, found.st_mtime_ns) == (info.st_size, info.st_ctime_ns, info.st_mtime_ns)
    copied = times and not layers.renames and info.st_ino in _lower_numbers(layers.lower, parts)
    if found.st_ino == info.st_ino or copied:
        return fd
    os.close(fd)
    return -1


def _lower_numbers(lower: Sequence[str], parts: Sequence[str]) -> set[int]:
    numbers = set()
    for layer in lower:
        with suppress(OSError):
            numbers.add(os.stat(os.path.join(layer, *parts), follow_symlinks=False).st_ino)  # noqa: PTH116, PTH118
    return numbers


def _open_beneath(root: str, parts: Sequence[str]) -> int:
    """Open a regular file without following any link. The directories are the container's, so nothing of them is trusted."""
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            below = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):  # opening a device would have effects
            raise OSError(f"no regular file: {parts[-1]}")
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(fd)


def file_system_type(fd: int) -> int:
    """`f_type` of fstatfs(2); 0 if it cannot be told."""
    buffer = ctypes.create_string_buffer(256)
    if _LIBC.fstatfs(fd, buffer) != 0:
        return 0
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF


_LIBC = ctypes.CDLL(None, use_errno=True)
