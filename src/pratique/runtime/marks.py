"""Where one container is watched: its mounts, marked, and what the kernel may remember of its root.

A mount that a process makes in a mount namespace of its own is not in this list: files of the root are seen through the root's
file system mark all the same, volumes and new file systems are not.
"""

import os
from pathlib import Path

from pratique.errors import Unavailable
from pratique.runtime.fanotify import FAN_OPEN_EXEC_PERM, FAN_OPEN_PERM, Group
from pratique.runtime.mountinfo import (
    MarkPlan,
    MarkScope,
    Mount,
    MountMark,
    lower_directories,
    parse_mountinfo,
    plan_marks,
    root_mount,
)
from pratique.runtime.remember import Soundness, bounding_set, kernel_may_remember
from pratique.runtime.workloads import RunningContainer
from pratique.runtime.writers import Layers

MASK = FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM


class MarkSet:
    """The marks of one container in one group. `skipped`: mount points that are not watched, each with why.

    `memory`: whether the kernel may remember. `overlays`: device number → layers, for every overlay the container mounts.
    `lower`: the root's read-only layers.
    """

    def __init__(self, workload: RunningContainer, group: Group, *, scripts: bool) -> None:
        self.workload, self.group, self.scripts = workload, group, scripts
        self.memory = Soundness(False, "not looked at")
        self.skipped: tuple[str, ...] = ()
        self.overlays: dict[int, Layers] = {}
        self.root_device = -1
        self.lower: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Mark all mounts there are now, and decide anew what may be remembered. Raises Unavailable if the root cannot be.

        What was marked before is marked again, which changes nothing: the kernel uses numbers of mounts again, so none is known.
        """
        mounts = load_mounts(self.workload.pid)
        root = root_mount(mounts)
        plan = plan_marks(
            mounts,
            host=load_mounts("self"),
            container_id=self.workload.id,
            merged=self.workload.merged,
            scripts=self.scripts,
        )
        failed = self._apply(plan, root)
        self.skipped = (*plan.skipped, *failed)
        self.overlays = {device_number(mount): Layers.of(mount) for mount in mounts if mount.fstype == "overlay"}
        self.root_device = device_number(root)
        self.lower = lower_directories(root)
        owned = any(mark.scope is MarkScope.FILESYSTEM and mark.mount.device == root.device for mark in plan.marks)
        caps = bounding_set(read_text(f"/proc/{self.workload.pid}/status"))
        memory = kernel_may_remember(mounts, bounding_set=caps, owned=owned)
        if self.memory.sound and not memory.sound:
            self.group.forget()
        self.memory = memory

    def _apply(self, plan: MarkPlan, root: Mount) -> list[str]:
        failed: list[str] = []
        for mark in plan.marks:
            try:
                self._mark(mark)
            except (OSError, Unavailable) as error:
                if mark.mount is root:
                    raise Unavailable(f"cannot watch the root of {self.workload.name}: {error}") from error
                failed.append(f"{mark.mount.point}: could not be marked: {error}")
        return failed

    def _mark(self, mark: MountMark) -> None:
        # A link inside the container could lead the path elsewhere; the mount's own number says whether we arrived.
        path = f"/proc/{self.workload.pid}/root{mark.mount.point}"
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if mount_id(fd) != mark.mount.id:
                raise Unavailable("another mount lies over it")
            mask = FAN_OPEN_EXEC_PERM if mark.exec_only else MASK
            self.group.mark(fd, mask, filesystem=mark.scope is MarkScope.FILESYSTEM)
        finally:
            os.close(fd)


def load_mounts(pid: int | str) -> tuple[Mount, ...]:
    """The mounts of a process's namespace. Raises Unavailable if it is gone."""
    try:
        return parse_mountinfo(Path(f"/proc/{pid}/mountinfo").read_bytes())
    except OSError as error:
        raise Unavailable(f"process {pid} is gone") from error


def device_number(mount: Mount) -> int:
    """The mount's device as `st_dev` has it."""
    major, _, minor = mount.device.partition(":")
    return os.makedev(int(major), int(minor))


def mount_id(fd: int) -> int:
    """Number of the mount a descriptor was opened through (proc_pid_fdinfo(5)); -1 if the kernel does not say."""
    for line in read_text(f"/proc/self/fdinfo/{fd}").splitlines():
        name, _, value = line.partition(":")
        if name == "mnt_id":
            return int(value)
    return -1


def read_text(path: str) -> str:
    """A small file of /proc; "" if it is gone."""
    try:
        return Path(path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
