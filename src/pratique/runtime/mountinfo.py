"""Which mounts of a container to watch, and how: `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)) read strictly. Pure.

A mark on a file system covers every path to it, also the host's; so it is only planned for an overlay or tmpfs that exists for
this container alone. Everything else, above all volumes on the host's own disk, is marked by mount: events then come only
through the container's own view of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pratique.errors import LimitExceeded, Malformed

MAX_MOUNTS = 10_000
MAX_LINE_BYTES = 64 * 1024
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
# Nothing in these holds bytes of a file that a program could be; a device's open would even have effects.
PSEUDO = frozenset(
    {"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts", "debugfs", "tracefs", "securityfs"}
    | {"binfmt_misc", "bpf", "pstore", "configfs", "nsfs", "fusectl", "rpc_pipefs", "efivarfs"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line. `device`: major:minor of the superblock; `root`: the part of it that is mounted; `point`: where, decoded.

    `super_options` stays as written: its values are escaped and may hold commas only in escaped form.
    """

    id: int
    device: str
    root: str
    point: str
    options: frozenset[str]
    fstype: str
    super_options: str

    @property
    def read_only(self) -> bool:
        """Whether this mount, or the whole superblock, refuses writing."""
        return "ro" in self.options or "ro" in self.super_options.split(",")


def unescape(text: str) -> str:
    """Undo the kernel's octal escapes (`\\040` for a space), once and from left to right."""

    def one(match: re.Match[str]) -> str:
        return chr(int(match[1], 8))

    return _OCTAL.sub(one, text) if "\\" in text else text


def parse_mountinfo(data: bytes) -> tuple[Mount, ...]:
    """Raises Malformed for a line of another form and LimitExceeded for more than MAX_MOUNTS of them."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if lines.pop() != "":
        raise Malformed("mountinfo is cut off in the middle of a line")
    if len(lines) > MAX_MOUNTS:
        raise LimitExceeded(f"more than {MAX_MOUNTS} mounts")
    return tuple(_parse_line(line) for line in lines)


def _parse_line(line: str) -> Mount:
    # A space inside a field is always escaped, so splitting at spaces cannot be fooled by a path.
    fields = line.split(" ")
    try:
        dash = fields.index("-", 6)
        number, _parent, device, root, point, options = fields[:6]
        fstype, _source, super_options = fields[dash + 1 :]
        if len(line) > MAX_LINE_BYTES or not re.fullmatch(r"[0-9]+:[0-9]+", device) or not number.isdecimal():
            raise Malformed(f"mountinfo line of another form: {line[:80]!r}")
    except ValueError as error:
        raise Malformed(f"mountinfo line of another form: {line[:80]!r}") from error
    return Mount(
        id=int(number),
        device=device,
        root=unescape(root),
        point=unescape(point),
        options=frozenset(options.split(",")),
        fstype=fstype,
        super_options=super_options,
    )


def lower_directories(mount: Mount) -> tuple[str, ...]:
    """The read-only layers of an overlay, the uppermost first, as the host names them. Empty for anything else."""
    found: list[str] = []
    if mount.fstype != "overlay":
        return ()
    for option in mount.super_options.split(","):
        name, _, value = option.partition("=")
        if name in ("lowerdir", "lowerdir+"):
            # After the kernel's octal escapes, the overlay's own: `\:` is a colon inside a name.
            parts = re.findall(r"(?:\\.|[^:\\])+", unescape(value))
            found += [re.sub(r"\\(.)", r"\1", part) for part in parts]
    return tuple(found)


def upper_directory(mount: Mount) -> str:
    """The writable layer of an overlay, as the host names it. "" if it has none."""
    for option in mount.super_options.split(",") if mount.fstype == "overlay" else ():
        name, _, value = option.partition("=")
        if name == "upperdir":
            return re.sub(r"\\(.)", r"\1", unescape(value))
    return ""


class MarkScope(StrEnum):
    """What a mark covers."""

    FILESYSTEM = "filesystem"
    MOUNT = "mount"


@dataclass(frozen=True, slots=True, kw_only=True)
class MountMark:
    """Mark this mount, or the whole file system it shows. `exec_only`: not what is merely opened."""

    mount: Mount
    scope: MarkScope
    exec_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPlan:
    """`skipped`: mount points that are not watched, each with why, for the report."""

    marks: tuple[MountMark, ...]
    skipped: tuple[str, ...]


def root_mount(mounts: Sequence[Mount]) -> Mount:
    """What the container sees at `/`: the last one mounted there. Raises Malformed if there is none."""
    for mount in reversed(mounts):
        if mount.point == "/":
            return mount
    raise Malformed("no mount at /")


def plan_marks(
    mounts: Sequence[Mount], *, host: Iterable[Mount], container_id: str, merged: str = "", scripts: bool = False
) -> MarkPlan:
    """Decide for every mount of a container. host: the mounts of the agent's own namespace. merged: where the engine keeps the
    container's root on the host. scripts: watch also what is mounted noexec, where only an interpreter could run something.
    """
    on_host: dict[str, list[Mount]] = {}
    for mount in host:
        on_host.setdefault(mount.device, []).append(mount)
    marks: list[MountMark] = []
    skipped: list[str] = []
    whole: set[str] = set()
    for mount in mounts:
        devices = mount.point == "/dev" or mount.fstype == "devtmpfs"
        if mount.fstype in PSEUDO:
            skipped.append(f"{mount.point}: {mount.fstype} holds no files of its own")
        elif "noexec" in mount.options and (not scripts or devices):
            skipped.append(f"{mount.point}: mounted noexec, the kernel runs and loads nothing from it")
        elif devices:
            marks.append(MountMark(mount=mount, scope=MarkScope.MOUNT, exec_only=True))
            skipped.append(f"{mount.point}: only what is executed, since opening a device has effects")
        elif _owned(mount, on_host.get(mount.device, []), container_id, merged):
            if mount.device not in whole:
                marks.append(MountMark(mount=mount, scope=MarkScope.FILESYSTEM))
            whole.add(mount.device)
        else:
            marks.append(MountMark(mount=mount, scope=MarkScope.MOUNT))
    return MarkPlan(marks=tuple(marks), skipped=tuple(skipped))


def _owned(mount: Mount, elsewhere: list[Mount], container_id: str, merged: str) -> bool:
    """Whether the superblock was made for this container alone: everything the host mounts of it lies under its name."""
    if mount.fstype not in ("overlay", "tmpfs") or mount.root != "/" or len(container_id) < 12:
        return False
    return all((merged and other.point == merged) or container_id in other.point.split("/") for other in elsewhere)
