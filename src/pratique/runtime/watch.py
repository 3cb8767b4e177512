"""One container under watch: its events, its allow-list, what was decided about it. Used by the event loop's thread only."""

import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace

from pratique.errors import PratiqueError, Unavailable
from pratique.runtime.allowlist import AllowList, ContentKind, Judgement, Seen, classify
from pratique.runtime.fanotify import FAN_OPEN_PERM, Event, Group
from pratique.runtime.marks import MASK, MarkSet
from pratique.runtime.mishaps import reason_of
from pratique.runtime.process import Membership, Process, describe
from pratique.runtime.remember import FileKey, file_key, is_lower
from pratique.runtime.report import Tally
from pratique.runtime.scan import Mapped, hash_fd
from pratique.runtime.workloads import RunningContainer
from pratique.runtime.writers import WRITER, has_writer, why_changeable

Clock = Callable[[], float]  # Unix seconds
Kept = tuple[ContentKind | None, Judgement, str]  # what it was opened as (None: executed), the answer, the SHA-256 it is about
MAX_KEPT = 100_000
MAX_HELD = 1_000


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
    mechanism: str


class Watch:
    """Built by `attach`; `close` lets everything that waits go on."""

    def __init__(self, workload: RunningContainer, *, group: Group, pidfd: int, rules: Rules, tally: Tally, clock: Clock) -> None:
        self.clock = clock
        self.workload = workload
        self.group = group
        self.pidfd = pidfd
        self.rules = rules
        self.tally = tally
        self.since = tally.started_at
        self.allow: AllowList | None = None
        self.unverified = "its manifest has not come yet"
        self.pending = True  # until the manifest is there, or the reason why there is none
        self.held: list[Event] = []
        self.held_since = 0.0
        self.ask_again_at = math.inf
        self.members = Membership.of(workload.pid)
        self.marks = MarkSet(workload, group, scripts=rules.strict_scripts)
        self.sealed = False
        self.mounts_fd = -1
        self._kept: dict[FileKey, Kept] = {}
        self._own_pid = os.getpid()

    @classmethod
    def attach(cls, workload: RunningContainer, *, rules: Rules, tally: Tally, clock: Clock) -> "Watch":
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
        """Mark what is mounted now. Called at the start and when mounts change. Raises Unavailable if it is no container."""
        if self.members.mnt in (0, *self.members.host_mnts):
            raise Unavailable(f"container {self.workload.name} has no mount namespace of its own")
        remembered = self.marks.memory.sound
        self.marks.refresh()
        if remembered and not self.marks.memory.sound:
            self._kept.clear()

    def settle(self, allow: AllowList | None, unverified: str = "") -> Observation | None:
        """The manifest has come, or the reason why there is none; held events may be handled now. May be called again.

        What is to be told: that there is no manifest is itself a violation, each reason once.
        """
        known = self.unverified
        self.allow, self.pending = allow, False
        if allow is not None or unverified == known:
            return None
        self.unverified = unverified
        process = describe(self.workload.pid)
        return self._note(process, "", "", Judgement(verdict=Seen.UNVERIFIED, detail=unverified), mechanism="manifest")

    def judge_mapped(self, mapped: Mapped) -> Observation | None:
        """Judge what the scan found running, and count it. What is to be told, None if it needs no word."""
        if self.allow is None:
            judgement = Judgement(verdict=Seen.UNVERIFIED, detail=self.unverified)
        elif mapped.anonymous:
            judgement = Judgement(verdict=Seen.ANONYMOUS, detail="runs from memory or from a deleted file")
        elif not mapped.sha256:
            judgement = Judgement(verdict=Seen.UNREADABLE)
        else:
            judgement = self.allow.judge(mapped.path, mapped.sha256)
        told = self._note(describe(mapped.pid), mapped.path, mapped.sha256, judgement, mechanism="scan")
        return told if judgement.verdict.violates or self.rules.verbose else None

    def _note(
        self,
        process: Process,
        path: str,
        sha256: str,
        judgement: Judgement,
        *,
        action: str = "allowed",
        mechanism: str = "permission-events",
    ) -> Observation:
        self.tally.add(judgement, path=path, sha256=sha256, action=action, at=self.clock(), process=process)
        return Observation(process=process, path=path, sha256=sha256, judgement=judgement, action=action, mechanism=mechanism)

    def handle(self, event: Event, tell: Callable[[Observation], None]) -> None:
        """Decide, answer, then tell. An event is answered whatever happens here, and no error leaves: others wait behind it.

        What cannot be decided is refused where anything is; what went wrong is a gap in the report.
        """
        if event.is_overflow:
            self.tally.overflows += 1
            return
        allow = not self.rules.enforce
        told: Observation | None = None
        try:
            told = self._decide(event)
            allow = told is None or told.action != "refused"
        except Exception as error:
            self._undecided(error, allow=allow)
        self._guarded("an open could not be answered", lambda: self.group.answer(event.fd, allow=allow))
        self._guarded("an event could not be closed", lambda: os.close(event.fd))
        if told is not None:
            seen = told
            self._guarded("what was seen could not be told", lambda: tell(seen))

    def _undecided(self, error: Exception, *, allow: bool) -> None:
        judgement = _unreadable(reason_of(error))
        action = "allowed" if allow else "refused"
        self.tally.add(judgement, path="", sha256="", action=action, at=self.clock())
        if not isinstance(error, OSError | PratiqueError):
            self.tally.gap(self.clock(), self.clock(), f"an open could not be decided: {judgement.detail}")

    def _guarded(self, failing: str, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.tally.gap(self.clock(), self.clock(), f"{failing}: {reason_of(error)}")

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
        on_root = info.st_dev == self.marks.root_device
        sound = on_root and self.marks.memory.sound
        kept = self._kept.get(key)
        # Opened as data before, it was never hashed. And what is kept says nothing about who opens it for writing now.
        if kept is not None and kept[0] is not ContentKind.DATA and (sound or not has_writer(fd)):
            return self._conclude(event, info, *kept)
        if kept is not None and kept[0] is ContentKind.DATA and not event.is_exec:
            return None
        path = fd_path(fd, info)
        content = None if event.is_exec else classify(os.pread(fd, 4, 0), path)
        runs = content is None or content is ContentKind.CODE or (content is ContentKind.SCRIPT and self.rules.strict_scripts)
        lower = on_root and is_lower(info, path, self.marks.lower)
        # Asked before hashing: see `writers`. A sealed root may hold files that were mapped for writing before it was sealed.
        changeable = self._why_changeable(fd, info, path, lower=lower, sound=sound) if runs or (sound and not lower) else ""
        sha256, judgement = "", _DATA
        if content is not ContentKind.DATA:
            sha256, judgement = self._judge(fd, info, path)
            if changeable and runs and judgement.verdict is Seen.MATCHED:
                judgement = replace(judgement, verdict=Seen.MODIFIED, detail=changeable)
        if (lower or sound) and not changeable and judgement.verdict is Seen.MATCHED:
            self._keep(fd, key, (content, judgement, sha256), sound=sound)
        return None if content is ContentKind.DATA else self._conclude(event, info, content, judgement, sha256)

    def _judge(self, fd: int, info: os.stat_result, path: str) -> tuple[str, Judgement]:
        if info.st_nlink == 0:
            return "", Judgement(verdict=Seen.ANONYMOUS, detail="the file has no name any more")
        sha256 = hash_fd(fd, info.st_size, self.rules.max_hash_bytes)
        if not sha256:
            return "", _unreadable(f"larger than {self.rules.max_hash_bytes} bytes, or unreadable")
        if self.allow is None:
            return sha256, Judgement(verdict=Seen.UNVERIFIED, detail=self.unverified)
        return sha256, self.allow.judge(path, sha256)

    def _why_changeable(self, fd: int, info: os.stat_result, path: str, *, lower: bool, sound: bool) -> str:
        if lower:
            return WRITER if has_writer(fd) else ""
        if self.rules.refuse_writable and not sound:
            return "known content, in a place that can be written"
        return why_changeable(fd, info, path, self.marks.overlays)

    def _keep(self, fd: int, key: FileKey, answer: Kept, *, sound: bool) -> None:
        if sound:
            self.group.ignore(fd, FAN_OPEN_PERM if answer[0] is ContentKind.DATA else MASK)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = answer

    def _conclude(
        self, event: Event, info: os.stat_result, content: ContentKind | None, judgement: Judgement, sha256: str
    ) -> Observation | None:
        verdict = judgement.verdict
        data_like = content is ContentKind.SCRIPT and not event.is_exec and not self.rules.strict_scripts
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
        return self._note(describe(event.pid), path, sha256, judgement, action=action)


_DATA = Judgement(verdict=Seen.MATCHED)


def _unreadable(detail: str) -> Judgement:
    return Judgement(verdict=Seen.UNREADABLE, detail=detail)


def fd_path(fd: int, info: os.stat_result) -> str:
    """The name an event's file has now, as the container sees it; a claim, since names can be changed at any moment."""
    path = os.readlink(f"/proc/self/fd/{fd}".encode()).decode("utf-8", "surrogateescape")  # noqa: PTH115
    return path.removesuffix(" (deleted)") if info.st_nlink == 0 else path
