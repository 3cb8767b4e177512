"""What already ran when the agent came: the programs and libraries that the container's processes have mapped.

Opening them makes permission events of our own, which the event loop lets pass; so this must run in another thread than it.
"""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pratique.runtime.process import Membership

_LINE = re.compile(r"([0-9a-f]+-[0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) ([0-9]+) +(\S.*)")
MAX_MAPPINGS = 20_000
_SETTLE_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A file mapped to be executed. `sha256`: 64 hex digits, "" if it could not be read or is anonymous."""

    pid: int
    path: str
    sha256: str
    anonymous: bool = False


def parse_maps(text: str) -> Iterator[tuple[str, str, str]]:
    """Executable mappings of files in /proc/<pid>/maps (proc_pid_maps(5)): address range, device and inode, path."""
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match and match[3] != "0":
            yield match[1], f"{match[2]} {match[3]}", match[4]


def scan(members: Membership, *, max_bytes: int) -> Iterator[Mapped]:
    """Every executable mapping of every process, each file once. A process that ends meanwhile is skipped."""
    seen: set[str] = set()
    suspects: list[tuple[int, str, str]] = []
    for pid in list(members.members()):
        for area, identity, path in _mappings(pid):
            if identity in seen or len(seen) >= MAX_MAPPINGS:
                continue
            found = _read(pid, area, path, max_bytes)
            if found is None:
                continue
            if found.anonymous:
                suspects.append((pid, area, path))
                continue
            seen.add(identity)
            yield found
    # The engine's own helper enters the container as a nameless copy of itself and is gone in a moment; what stays is not it.
    if suspects:
        time.sleep(_SETTLE_S)
    for pid, area, path in suspects:
        found = _read(pid, area, path, max_bytes)
        if found is not None and found.anonymous:
            yield found


def _mappings(pid: int) -> list[tuple[str, str, str]]:
    try:
        return list(parse_maps(Path(f"/proc/{pid}/maps").read_bytes().decode("utf-8", "surrogateescape")))
    except OSError:
        return []


def _read(pid: int, area: str, path: str, max_bytes: int) -> Mapped | None:
    try:
        fd = os.open(f"/proc/{pid}/map_files/{area}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return None
        if info.st_nlink == 0:
            return Mapped(pid=pid, path=path, sha256="", anonymous=True)
        return Mapped(pid=pid, path=path, sha256=hash_fd(fd, info.st_size, max_bytes))
    finally:
        os.close(fd)


CHUNK = 1 << 20


def hash_fd(fd: int, size: int, max_bytes: int) -> str:
    """SHA-256 of all the file's bytes, as 64 hex digits; "" if it is too large or unreadable. Keeps the position."""
    if size > max_bytes:
        return ""
    digest = hashlib.sha256()
    offset = 0
    try:
        while chunk := os.pread(fd, CHUNK, offset):
            digest.update(chunk)
            offset += len(chunk)
            if offset > max_bytes:
                return ""
    except OSError:
        return ""
    return digest.hexdigest()
