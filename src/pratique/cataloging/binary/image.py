"""What the three formats of executables have in common: named sections and mapped segments over checked bytes. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pratique.errors import Malformed

CHUNK = 1 << 20
"""Bytes that are copied at a time to be searched."""


class Segment(NamedTuple):
    """A section or a segment. `name`: of a section. `address`: where it is mapped. `offset`, `size`: its bytes in the file.

    `note`: it holds ELF notes. `writable`: it is data that the program may change.
    """

    name: bytes
    address: int
    offset: int
    size: int
    note: bool = False
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """One executable. `view`: its bytes. `sections`: by the linker, may be empty. `segments`: what is mapped into memory."""

    view: memoryview
    big_endian: bool
    sections: tuple[Segment, ...]
    segments: tuple[Segment, ...]

    def section(self, name: bytes) -> Segment | None:
        """The first section of that name."""
        return next((part for part in self.sections if part.name == name), None)

    def data(self, part: Segment, limit: int) -> bytes:
        """A copy of its bytes. Raises Malformed when they are not all there, or more than `limit`."""
        if part.size > limit:
            raise Malformed(f"section {shown(part.name)} is larger than {limit} bytes")
        return cut(self.view, part.offset, part.size)

    def at(self, address: int, size: int) -> bytes:
        """A copy of what is mapped at an address. Raises Malformed where nothing is, or not as much."""
        for part in self.segments:
            if part.address <= address and address + size <= part.address + part.size:
                return cut(self.view, part.offset + address - part.address, size)
        raise Malformed("an address that nothing is mapped at")


def cut(view: memoryview, offset: int, size: int) -> bytes:
    """`size` bytes from `offset`. Raises Malformed when they are not all there."""
    if offset < 0 or size < 0 or offset + size > len(view):
        raise Malformed("an offset beyond the end of the file")
    return bytes(view[offset : offset + size])


def shown(name: bytes) -> str:
    """A foreign name for a message."""
    return name[:32].decode("ascii", "replace")


def find(view: memoryview, needle: bytes, begin: int, end: int) -> Iterator[int]:
    """Offsets of `needle` within a range, in order, copying a chunk at a time."""
    end = min(end, len(view))
    while begin < end:
        chunk = bytes(view[begin : min(end, begin + CHUNK + len(needle) - 1)])
        at = chunk.find(needle)
        while at >= 0:
            yield begin + at
            at = chunk.find(needle, at + 1)
        begin += CHUNK
