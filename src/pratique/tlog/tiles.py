"""Tile paths and contents (C2SP tlog-tiles): where the hashes and entries of a log of some size are. Pure.

A hash tile holds up to 256 hashes of perfect subtrees of 256^level leaves; an entry bundle the entries of a level-0 tile.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pratique.errors import LimitExceeded, Malformed
from pratique.model.merkle import node_hash

WIDTH = 256
HASH_BYTES = 32
MAX_ENTRY_BYTES = 0xFFFF
MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)
MAX_LEVEL = 63
ENTRIES = -1  # the level of entry bundles

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<high>(?:x[0-9]{3}/)*)(?P<low>[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """`level`: 0 to 63, or ENTRIES; `number`: from the left; `width`: 1 to 256, how many hashes or entries it holds."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def full(self) -> "Tile":
        """The tile this one becomes."""
        return Tile(self.level, self.number)

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, N in groups of three digits: 1234067 is `x001/x234/067`."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")


def tile_at(level: int, number: int, size: int) -> Tile:
    """Tile `number` of `level` in a log of `size` entries, full or partial. Raises Malformed if there is none."""
    hashes = size >> (8 * max(level, 0))
    width = min(WIDTH, hashes - number * WIDTH)
    if number < 0 or width <= 0:
        raise Malformed(f"a log of {size} entries has no tile {number} at level {level}")
    return Tile(level, number, width)


def render_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each after its length in two bytes, big-endian. Raises LimitExceeded over 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise LimitExceeded(f"log entry of {len(entry)} bytes", hint=f"at most {MAX_ENTRY_BYTES}: log a digest instead")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """The first `width` entries must be all there is. Raises Malformed."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        if len(entries) == width:
            raise Malformed(f"entry bundle holds bytes after its {width} entries, at offset {at}")
        if at + 2 > len(data):
            raise Malformed(f"entry bundle ends inside a length, at offset {at}")
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise Malformed(f"entry bundle ends inside entry {len(entries)}, at offset {at}")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        raise Malformed(f"entry bundle holds {len(entries)} entries, not {width}")
    return entries


def parse_hashes(data: bytes, width: int) -> list[bytes]:
    """The `width` 32-byte hashes of a tile. Raises Malformed."""
    if len(data) != width * HASH_BYTES:
        raise Malformed(f"hash tile has {len(data)} bytes, not {width * HASH_BYTES}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^k hashes: of a full tile, or of an aligned part of one."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]
