"""One container under watch: its marks, its allow-list, what was decided about it. Used by the event loop's thread only.

A mount that a process makes in a mount namespace of its own is seen through the root's file system mark, not on volumes.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import PratiqueError, Unavailable
from pratique.runtime.allowlist import AllowList, Content, Judgement, Seen, classify
from pratique.runtime.fanotify import FAN_OPEN_EXEC_PERM, FAN_OPEN_PERM, Event, Group
from pratique.runtime.mountinfo import Mount, Scope, lower_directories, parse_mountinfo, plan_marks, root_mount
from pratique.runtime.process import Membership, Process, describe
from pratique.runtime.remember import FileKey, Soundness, bounding_set, file_key, is_lower, kernel_may_remember
from pratique.runtime.report import Tally
from pratique.runtime.scan import hash_fd
from pratique.runtime.workloads import Workload

MASK = FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM
Clock = Callable[[], float]  # Unix seconds
Answer = tuple[Judgement, str]  # and the SHA-256 it is about
MAX_KEPT = 100_000
MAX_HELD = 1_000
_F_RDLCK, _F_UNLCK = fcntl.F_RDLCK, fcntl.F_UNLCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is refused. `enforce`: refuse at all. The others say what beyond unknown programs and libraries."""

    enforce: bool
    refuse_unverified: bool = True
    strict_scripts: bool = False
    refuse_writable: bool = False
    verbose: bool = False
    max_hash_bytes: int = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One judged open or exec, for the event stream."""

    process: Process
    path: str
    sha256: str
    judgement: Judgement
    action: str
    mechanism: str = "permission-events"


class Watch:
    """Built by `attach`; `close` lets everything that waits go on."""

    def __init__(self, workload: Workload, *, group: Group, pidfd: int, rules: Rules, tally: Tally, clock: Clock) -> None:
        self.clock = clock
        self.workload = workload
        self.group = group
        self.pidfd = pidfd
        self.rules = rules
        self.tally = tally
        self.allow: AllowList | None = None
        self.unverified = "its manifest has not come yet"
        self.pending = True  # until the manifest is there, or the reason why there is none
        self.held: list[Event] = []
        self.held_since = 0.0
        self.members = Membership.of(workload.pid)
        self.memory = Soundness(False, "not looked at")
        self.sealed = False
        self.skipped: tuple[str, ...] = ()
        self.mounts_fd = -1
        self._marked: set[int] = set()
        self._layers: tuple[str, ...] = ()
        self._root_device = -1
        self._kept: dict[FileKey, tuple[Content | None, Judgement, str]] = {}
        self._own_pid = os.getpid()

    @classmethod
    def attach(cls, workload: Workload, *, rules: Rules, tally: Tally, clock: Clock) -> "Watch":
        """Begin to hold this container. Raises Unavailable if it is gone, or is no container, or the kernel will not."""
        try:
            pidfd = os.pidfd_open(workload.pid)
        except OSError as error:
            raise Unavailable(f"container {workload.name} is gone") from error
        group: Group | None = None
        try:
            group = Group.open()
            watch = cls(workload, group=group, pidfd=pidfd, rules=rules, tally=tally, clock=clock)
            watch.look_at_mounts()
        except BaseException:
            os.close(pidfd)
            if group is not None:
                group.close()
            raise
        return watch

    def close(self) -> None:
        """Close what was opened; what waits is allowed by the kernel. May be called twice."""
        self.group.close()
        for event in self.held:
            os.close(event.fd)
        self.held = []
        for fd in (self.pidfd, self.mounts_fd):
            if fd >= 0:
                os.close(fd)
        self.pidfd = self.mounts_fd = -1

    def look_at_mounts(self) -> None:
        """Mark what is not marked yet, and decide anew what may be remembered. Called at the start and when mounts change."""
        if self.members.mnt in (0, self.members.host_mnt):
            raise Unavailable(f"container {self.workload.name} has no mount namespace of its own")
        mounts = load_mounts(self.workload.pid)
        plan = plan_marks(
            mounts,
            host=load_mounts("self"),
            container_id=self.workload.id,
            merged=self.workload.merged,
            scripts=self.rules.strict_scripts,
        )
        root = root_mount(mounts)
        failed: list[str] = []
        owned = False
        for mark in plan.marks:
            filesystem = mark.scope is Scope.FILESYSTEM
            if mark.mount.id not in self._marked:
                try:
                    self._mark(mark.mount, filesystem=filesystem)
                except (OSError, Unavailable) as error:
                    if mark.mount is root:
                        raise Unavailable(f"cannot watch the root of {self.workload.name}: {error}") from error
                    failed.append(f"{mark.mount.point}: could not be marked: {error}")
                    continue
                self._marked.add(mark.mount.id)
            owned = owned or (filesystem and mark.mount.device == root.device)
        self.skipped = (*plan.skipped, *failed)
        self._layers = lower_directories(root)
        major, _, minor = root.device.partition(":")
        self._root_device = os.makedev(int(major), int(minor))
        caps = bounding_set(_read_text(f"/proc/{self.workload.pid}/status"))
        memory = kernel_may_remember(mounts, bounding_set=caps, owned=owned)
        if self.memory.sound and not memory.sound:
            self.group.forget()
        self.memory = memory

    def _mark(self, mount: Mount, *, filesystem: bool) -> None:
        # A link inside the container could lead the path elsewhere; the mount's own number says whether we arrived.
        path = f"/proc/{self.workload.pid}/root{mount.point}"
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if mount_id(fd) != mount.id:
                raise Unavailable("another mount lies over it")
            self.group.mark(fd, MASK, filesystem=filesystem)
        finally:
            os.close(fd)

    def settle(self, allow: AllowList | None, unverified: str = "") -> None:
        """The manifest has come, or the reason why there is none. Held events may be handled now."""
        self.allow, self.unverified, self.pending = allow, unverified, False

    def handle(self, event: Event, tell: Callable[[Observation], None]) -> None:
        """Decide, answer, then tell. An event is answered whatever happens here."""
        if event.is_overflow:
            self.tally.overflows += 1
            return
        allow = not self.rules.enforce
        told: Observation | None = None
        try:
            told = self._decide(event)
            allow = told is None or told.action != "refused"
        except (OSError, PratiqueError) as error:
            action = "allowed" if allow else "refused"
            self.tally.add(_unreadable(str(error)), path="", sha256="", action=action, at=self.clock())
        finally:
            try:
                self.group.answer(event.fd, allow=allow)
            finally:
                os.close(event.fd)
        if told is not None:
            tell(told)

    def hold(self, event: Event, now: float) -> bool:
        """Let the process wait until the manifest is there. False if the event is to be handled at once instead."""
        if event.is_overflow or event.pid == self._own_pid or len(self.held) >= MAX_HELD:
            return False
        self.held_since = self.held_since or now
        self.held.append(event)
        return True

    def _decide(self, event: Event) -> Observation | None:
        """None: let it pass without a word."""
        if event.pid == self._own_pid:
            return None
        fd = event.fd
        info = os.fstat(fd)  # before the name is read: see `is_lower`
        if not stat.S_ISREG(info.st_mode):
            return None
        key = file_key(info)
        kept = self._kept.get(key)
        if kept is not None:
            content, judgement, sha256 = kept
            if event.is_exec and content is Content.DATA:
                kept = None  # opened as data before: it was never hashed
        if kept is None:
            path = fd_path(fd, info)
            content = None if event.is_exec else classify(os.pread(fd, 4, 0), path)
            sha256, judgement, fixed = "", _DATA, False
            if content is not Content.DATA:
                sha256, judgement = self._judge(fd, info, path)
            on_root = info.st_dev == self._root_device
            fixed = on_root and (self.memory.sound or is_lower(info, path, self._layers))
            runs = content is Content.CODE or event.is_exec or self.rules.strict_scripts
            if content is not Content.DATA and runs and judgement.verdict is Seen.MATCHED and not fixed:
                judgement = self._distrust_writers(fd, judgement)
            if fixed and judgement.verdict is Seen.MATCHED:
                self._keep(fd, key, (content, judgement, sha256), on_root=on_root)
            if content is Content.DATA:
                return None
        elif content is Content.DATA:
            return None
        return self._conclude(event, info, content, (judgement, sha256))

    def _judge(self, fd: int, info: os.stat_result, path: str) -> tuple[str, Judgement]:
        if info.st_nlink == 0:
            return "", Judgement(verdict=Seen.ANONYMOUS, detail="the file has no name any more")
        sha256 = hash_fd(fd, info.st_size, self.rules.max_hash_bytes)
        if not sha256:
            return "", _unreadable(f"larger than {self.rules.max_hash_bytes} bytes, or unreadable")
        if self.allow is None:
            return sha256, Judgement(verdict=Seen.UNVERIFIED, detail=self.unverified)
        return sha256, self.allow.judge(path, sha256)

    def _distrust_writers(self, fd: int, judgement: Judgement) -> Judgement:
        """Known bytes in a place where they can be changed after they were hashed."""
        if self.rules.refuse_writable:
            detail = "known content, in a place that can be written"
        elif has_writer(fd):
            detail = "known content, but somebody has it open for writing"
        else:
            return judgement
        return Judgement(verdict=Seen.MODIFIED, component=judgement.component, moved=judgement.moved, detail=detail)

    def _keep(self, fd: int, key: FileKey, answer: tuple[Content | None, Judgement, str], *, on_root: bool) -> None:
        if on_root and self.memory.sound:
            self.group.ignore(fd, FAN_OPEN_PERM if answer[0] is Content.DATA else MASK)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = answer

    def _conclude(self, event: Event, info: os.stat_result, content: Content | None, answer: Answer) -> Observation | None:
        judgement, sha256 = answer
        verdict = judgement.verdict
        data_like = content is Content.SCRIPT and not event.is_exec and not self.rules.strict_scripts
        if data_like and verdict in (Seen.UNKNOWN, Seen.UNVERIFIED, Seen.ANONYMOUS):
            judgement = Judgement(verdict=Seen.INTERPRETED, detail=judgement.detail)
            verdict = Seen.INTERPRETED
        if not verdict.violates and not self.rules.verbose:
            self.tally.add(judgement, path="", sha256=sha256, action="allowed", at=0.0)
            return None
        path = fd_path(event.fd, info)
        if verdict.violates and self.members.is_outside(event.pid):
            self.tally.outside += 1
            return None
        spared = data_like or (verdict is Seen.UNVERIFIED and not self.rules.refuse_unverified)
        action = "refused" if verdict.violates and self.rules.enforce and not spared else "allowed"
        process = describe(event.pid)
        self.tally.add(judgement, path=path, sha256=sha256, action=action, at=self.clock(), process=process)
        return Observation(process=process, path=path, sha256=sha256, judgement=judgement, action=action)


_DATA = Judgement(verdict=Seen.MATCHED)


def _unreadable(detail: str) -> Judgement:
    return Judgement(verdict=Seen.UNREADABLE, detail=detail)


def has_writer(fd: int) -> bool:
    """Whether anybody has the file open or mapped for writing: a read lease is refused then (fcntl(2), F_SETLEASE)."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, _F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, _F_UNLCK)
    return False


def fd_path(fd: int, info: os.stat_result) -> str:
    """The name an event's file has now, as the container sees it; a claim, since names can be changed at any moment."""
    path = os.readlink(f"/proc/self/fd/{fd}".encode()).decode("utf-8", "surrogateescape")  # noqa: PTH115
    return path.removesuffix(" (deleted)") if info.st_nlink == 0 else path


def load_mounts(pid: int | str) -> tuple[Mount, ...]:
    """The mounts of a process's namespace. Raises Unavailable if it is gone."""
    try:
        return parse_mountinfo(Path(f"/proc/{pid}/mountinfo").read_bytes())
    except OSError as error:
        raise Unavailable(f"process {pid} is gone") from error


def mount_id(fd: int) -> int:
    """Number of the mount a descriptor was opened through (proc_pid_fdinfo(5)); -1 if the kernel does not say."""
    for line in _read_text(f"/proc/self/fdinfo/{fd}").splitlines():
        name, _, value = line.partition(":")
        if name == "mnt_id":
            return int(value)
    return -1


def _read_text(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
