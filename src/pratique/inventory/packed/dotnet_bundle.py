"""Single-file applications of .NET (dotnet/designs, «single-file/bundler.md»): the files that the SDK appended to its host.

The host has a placeholder with a fixed mark; before the mark the SDK writes where the bundle's header lies. Files of bundles of
version 6 may be deflated. Pure.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pratique.cataloging.binary.image import find
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import Member, broken, counted
from pratique.inventory.packed.streams import raw_deflate
from pratique.model import FileKind

MARK = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")
_VERSIONS = (1, 2, 6)
_MAX_FILES = 20_000
_MAX_NAME = 4096


class _Entry(NamedTuple):
    name: bytes
    offset: int
    size: int
    stored: int


def find_bundle(view: memoryview, end: int) -> int:
    """Where the bundle's header lies; 0 for a file that has none. `end`: where the host ends, in which the mark lies."""
    for at in find(view, MARK, 8, end):
        (offset,) = struct.unpack("<q", view[at - 8 : at])
        if 0 < offset < len(view):
            return int(offset)
    return 0


def bundle_members(view: memoryview, header: int, budget: Budget) -> Iterator[Member]:
    """The bundled files. Raises Malformed, LimitExceeded."""
    for entry in _entries(view, header):
        yield Member(entry.name.replace(b"\\", b"/"), FileKind.FILE, 0o644, entry.size, b"", _pieces(view, entry, budget))


def _entries(view: memoryview, at: int) -> Iterator[_Entry]:
    major, _, count = struct.unpack("<IIi", _cut(view, at, 12))
    if major not in _VERSIONS:
        raise Malformed(f"a bundle of .NET of version {major}, which is not read")
    if not 0 <= count <= _MAX_FILES:
        raise LimitExceeded(f"a bundle of .NET of {count} files: more than {_MAX_FILES} are not read")
    _, at = _text(view, at + 12)
    if major >= 2:
        at += 40  # where deps.json and runtimeconfig.json are, which stand among the files, too; flags
    for _ in range(count):
        offset, size = struct.unpack("<qq", _cut(view, at, 16))
        at += 16
        stored = 0
        if major >= 6:
            (stored,) = struct.unpack("<q", _cut(view, at, 8))
            at += 8
        name, at = _text(view, at + 1)
        yield _Entry(name, offset, size, stored)


def _pieces(view: memoryview, entry: _Entry, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    length = entry.stored or entry.size
    if min(entry.offset, entry.size, entry.stored) < 0 or entry.offset + length > len(view):
        return broken("points outside of the file")
    data = view[entry.offset : entry.offset + length]
    if not entry.stored:
        return counted(data, budget)

    def take() -> Iterator[memoryview]:
        seen = 0
        for piece in raw_deflate(data, budget):
            seen += len(piece)
            yield memoryview(piece)
        if seen != entry.size:
            raise Malformed("another size than it says")

    return take


def _text(view: memoryview, at: int) -> tuple[bytes, int]:
    """A string as BinaryWriter has it: its length seven bits a byte, the least first."""
    length = shift = 0
    for _ in range(3):
        (byte,) = _cut(view, at, 1)
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if length > _MAX_NAME:
        raise Malformed("a bundle of .NET with a name of no valid length")
    return bytes(_cut(view, at, length)), at + length


def _cut(view: memoryview, at: int, size: int) -> memoryview:
    if at < 0 or at + size > len(view):
        raise Malformed("a bundle of .NET that is cut off")
    return view[at : at + size]
