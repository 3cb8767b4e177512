"""The kernel's permission events, bound by ctypes: fanotify(7), fanotify_init(2), fanotify_mark(2), linux/fanotify.h.

A process that opens or executes something marked waits until its event is answered. Closing the group, also by dying, answers
everything with "allowed". Never open a marked path by name while events wait: the open would wait for ourselves.
"""

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from types import TracebackType

from pratique.errors import Malformed, StorageError, Unavailable

FAN_CLOEXEC, FAN_NONBLOCK, FAN_CLASS_CONTENT = 0x1, 0x2, 0x4
# Every waiting event holds one waiting thread, so threads bound the queue. A bounded one lets pass what does not fit.
FAN_UNLIMITED_QUEUE, FAN_UNLIMITED_MARKS = 0x10, 0x20
FAN_MARK_ADD, FAN_MARK_MOUNT, FAN_MARK_IGNORED_MASK, FAN_MARK_FLUSH = 0x1, 0x10, 0x20, 0x80
FAN_MARK_FILESYSTEM, FAN_MARK_EVICTABLE = 0x100, 0x200
FAN_OPEN_PERM, FAN_OPEN_EXEC_PERM, FAN_Q_OVERFLOW = 0x10000, 0x40000, 0x4000
FAN_ALLOW, FAN_DENY = 1, 2
AT_FDCWD = -100
METADATA_VERSION = 3
_METADATA = struct.Struct("=IBBHQii")  # event_len, vers, reserved, metadata_len, mask, fd, pid
_RESPONSE = struct.Struct("=iI")
_O_LARGEFILE = 0o100000
READ_BYTES = _METADATA.size * 64  # each event holds a descriptor until it is answered
# O_NONBLOCK: the kernel opens the file for us; a FIFO without a writer must not stop the handler.
_EVENT_FLAGS = os.O_RDONLY | _O_LARGEFILE | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `fd`: open for reading, ours to close, -1 for an overflow. `pid`: 0 if not visible from here."""

    mask: int
    fd: int
    pid: int

    @property
    def is_exec(self) -> bool:
        """Whether the file is opened in order to be executed."""
        return bool(self.mask & FAN_OPEN_EXEC_PERM)

    @property
    def is_overflow(self) -> bool:
        """Whether the kernel dropped events before this one."""
        return bool(self.mask & FAN_Q_OVERFLOW)


def parse_events(data: bytes) -> list[Event]:
    """Read what one `read` of a group returned. Raises Malformed for another version, a wrong length or a cut-off event."""
    events: list[Event] = []
    offset = 0
    while offset < len(data):
        if len(data) - offset < _METADATA.size:
            raise Malformed(f"fanotify event cut off at byte {offset}")
        length, version, _reserved, header, mask, fd, pid = _METADATA.unpack_from(data, offset)
        if version != METADATA_VERSION:
            raise Malformed(f"fanotify events of version {version}, not {METADATA_VERSION}")
        if header != _METADATA.size or length < header or length > len(data) - offset:
            raise Malformed(f"fanotify event of length {length} at byte {offset} does not fit")
        if fd < 0 and not mask & FAN_Q_OVERFLOW:
            raise Malformed(f"fanotify event at byte {offset} has no descriptor")
        events.append(Event(mask, fd, pid))
        offset += length
    return events


class Group:
    """One fanotify group, for one container: an event's group says whose it is. Close it in a `finally`."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._libc = _libc()

    @classmethod
    def open(cls) -> "Group":
        """Raises Unavailable: not root, too many groups, or a kernel without permission events."""
        flags = FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS
        fd = _libc().fanotify_init(flags, _EVENT_FLAGS)
        if fd < 0:
            number = ctypes.get_errno()
            hints = {
                errno.EPERM: "run the agent as root",
                errno.EMFILE: "raise fs.fanotify.max_user_groups",
                errno.EINVAL: "this kernel has no fanotify permission events",
                errno.ENOSYS: "this kernel has no fanotify",
            }
            raise Unavailable(f"cannot watch: {os.strerror(number).lower()}", hint=hints.get(number))
        return cls(fd)

    def mark(self, path_fd: int, mask: int, *, filesystem: bool) -> None:
        """Mark the mount, or the whole file system, of what `path_fd` (may be O_PATH) refers to. Raises Unavailable."""
        scope = FAN_MARK_FILESYSTEM if filesystem else FAN_MARK_MOUNT
        self._mark(FAN_MARK_ADD | scope, mask, f"/proc/self/fd/{path_fd}")

    def ignore(self, event_fd: int, mask: int) -> bool:
        """Let the kernel answer for this inode from now on. Only where `remember.kernel_may_remember` says it is sound.

        The mark goes with the inode when memory is short, which costs an event and no safety. False if it could not be set.
        """
        try:
            flags = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE
            self._mark(flags, mask, f"/proc/self/fd/{event_fd}")
        except Unavailable:
            return False
        return True

    def forget(self) -> None:
        """Drop all ignore marks. Marks on mounts and file systems stay."""
        self._mark(FAN_MARK_FLUSH, 0, "/proc/self")

    def _mark(self, flags: int, mask: int, path: str) -> None:
        if self._libc.fanotify_mark(self.fd, flags, mask, AT_FDCWD, path.encode()) != 0:
            number = ctypes.get_errno()
            raise Unavailable(f"cannot mark: {os.strerror(number).lower()}")

    def read(self) -> list[Event]:
        """What waits now, up to 64 events; empty if nothing does."""
        try:
            return parse_events(os.read(self.fd, READ_BYTES))
        except BlockingIOError:
            return []
        except OSError as error:
            # The kernel could not open one file for us (ESTALE, EMFILE …); it has refused that open itself.
            if error.errno in (errno.ENFILE, errno.EMFILE):
                raise StorageError("too many open files", hint="raise the agent's limit of open files") from error
            return []

    def answer(self, event_fd: int, *, allow: bool) -> None:
        """Let the waiting process go on, or give it EPERM. A process that was killed meanwhile is no error."""
        try:
            os.write(self.fd, _RESPONSE.pack(event_fd, FAN_ALLOW if allow else FAN_DENY))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise Unavailable(f"cannot answer the kernel: {error.strerror}") from error

    def close(self) -> None:
        """Give up watching: everything that waits is allowed. May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fanotify_init.argtypes = [ctypes.c_uint, ctypes.c_uint]
    libc.fanotify_mark.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p]
    return libc
