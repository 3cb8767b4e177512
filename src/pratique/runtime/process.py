"""Who did it: what /proc tells about a process, as a claim of the moment. A process that is gone yields empty words."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """`name`: comm. `exe`: path in its own mount namespace. `parent`: PID and comm of its parent."""

    pid: int
    name: str
    exe: str
    parent_pid: int
    parent: str


def describe(pid: int) -> Process:
    """Never raises. Reads neither `cmdline` nor `maps`, which can wait for locks that a process we hold up has taken."""
    name, parent_pid = _stat(pid)
    return Process(pid=pid, name=name, exe=_exe(pid), parent_pid=parent_pid, parent=_stat(parent_pid)[0] if parent_pid else "")


def _stat(pid: int) -> tuple[str, int]:
    """(comm, parent's PID); proc_pid_stat(5). comm may hold spaces and parentheses, so it ends at the last one."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes().decode("utf-8", "replace")
        before, _, after = text.rpartition(")")
        return before.partition("(")[2], int(after.split()[1])
    except (OSError, ValueError, IndexError):
        return "", 0


def _exe(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - Path.readlink would normalise it
    except OSError:
        return ""


def namespace(pid: int | str, kind: str) -> int:
    """Number of a process's namespace (`mnt`, `pid`); 0 if the process is gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino  # noqa: PTH116
    except OSError:
        return 0


def all_pids() -> Iterator[int]:
    """Every process that is visible now."""
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which processes belong to a container, by namespaces, which nobody inside can leave towards the host's.

    A container that shares the host's PID namespace is told by its mount namespace alone. `host_mnts`: that of process 1, and the
    agent's own, which a service manager may have given it.
    """

    mnt: int
    pid: int
    host_mnts: frozenset[int]
    host_pid: int

    @classmethod
    def of(cls, pid: int) -> "Membership":
        """The container whose first process is `pid`."""
        return cls(
            mnt=namespace(pid, "mnt"),
            pid=namespace(pid, "pid"),
            host_mnts=frozenset((namespace(1, "mnt"), namespace("self", "mnt"))) - {0},  # 0 is who cannot be looked up
            host_pid=namespace("self", "pid"),
        )

    def is_outside(self, pid: int) -> bool:
        """Whether the process is the host's own: an engine copying files, an administrator. Those are never refused.

        A process that cannot be looked up is taken for the container's.
        """
        mnt, pid_namespace = namespace(pid, "mnt"), namespace(pid, "pid")
        if self.pid == self.host_pid:
            return mnt in self.host_mnts
        return pid_namespace == self.host_pid

    def members(self) -> Iterator[int]:
        """Processes of the container that run now."""
        for pid in all_pids():
            if namespace(pid, "mnt") == self.mnt or (self.pid != self.host_pid and namespace(pid, "pid") == self.pid):
                yield pid
