"""Which answers may be kept, and by whom. Pure, but for one `lstat` a layer.

The kernel can silence all further events of a file that was verified (an ignore mark). A plain write lifts the mark; a write
through a shared memory mapping does not, makes no event, and once the page is dirty moves neither mtime nor ctime. The mark even
hides the open for writing. So it is sound for exactly the files that nobody in the container can open for writing, and on a
writable root no ignore mark is ever set, not even for data.

On a writable overlay one thing is still certain: the first open for writing copies a lower file up, and the copy has a new
ctime. The answer for a file is kept in this process by (device, inode, ctime) if these are the lower file's own. Files of the
upper layer, volumes and tmpfs are hashed each time.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pratique.runtime.mountinfo import Mount, root_mount

CAP_SYS_ADMIN = 1 << 21


@dataclass(frozen=True, slots=True)
class Soundness:
    """Whether the kernel may remember answers about the root's file system, and why not."""

    sound: bool
    reason: str


def kernel_may_remember(mounts: Sequence[Mount], *, bounding_set: int, owned: bool) -> Soundness:
    """mounts: all of the container's. bounding_set: CapBnd of its processes. owned: the root's superblock is this container's
    alone (`mountinfo.plan_marks` planned a file system mark): else others may write to it through mounts not listed here.
    """
    root = root_mount(mounts)
    if root.fstype != "overlay" or not owned:
        return Soundness(False, "the root is not an overlay of this container alone")
    writable = [mount.point for mount in mounts if mount.device == root.device and not mount.read_only]
    if writable:
        return Soundness(False, f"the root's file system is writable at {writable[0]}")
    if bounding_set & CAP_SYS_ADMIN:
        return Soundness(False, "CAP_SYS_ADMIN in the container could make the root writable again")
    return Soundness(True, "")


def bounding_set(status: str) -> int:
    """CapBnd of /proc/<pid>/status; all capabilities where it cannot be told."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            try:
                return int(value.strip(), 16)
            except ValueError:
                break
    return ~0


FileKey = tuple[int, int, int]


def file_key(info: os.stat_result) -> FileKey:
    """(device, inode, ctime in ns) of the file as the container sees it."""
    return (info.st_dev, info.st_ino, info.st_ctime_ns)


def is_lower(info: os.stat_result, path: str, layers: Sequence[str]) -> bool:
    """Whether the overlay's file is still the one in a read-only layer.

    info: fstat of the event's descriptor. path: the name it had, which somebody may be changing at this moment: so a name that is
    missing above proves nothing. Only identity does: the same inode number, size and change time as the layer's file. A copy made
    when the container opened it for writing has a later ctime, and nobody in a container can set one back.
    """
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    if ".." in parts or not parts:
        return False
    for layer in layers:
        try:
            below = os.stat(os.path.join(layer, *parts), follow_symlinks=False)  # noqa: PTH116, PTH118 - called per event
        except OSError:
            continue
        if stat.S_ISREG(below.st_mode) and _identity(below) == _identity(info):
            return True
    return False


def _identity(info: os.stat_result) -> tuple[int, int, int, int]:
    return (info.st_ino, info.st_size, info.st_ctime_ns, info.st_mtime_ns)
