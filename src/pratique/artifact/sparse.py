"""Sparse files in tar archives (GNU tar manual, «Storing Sparse Files»): the old type `S`, PAX 0.0, 0.1 and 1.0. Pure.

A map says where the stored bytes belong; everything between is zeros. A map that overlaps, runs backwards, leaves the file
or does not account for exactly the stored bytes is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pratique.artifact.feed import BLOCK, Feed
from pratique.artifact.limits import Limits
from pratique.artifact.numbers import bad, decimal, number

_ENTRY = "a number in a sparse map"
_SIZE = "the size of a sparse file"


class Segment(NamedTuple):
    """`size` stored bytes that belong at `offset` of the file."""

    offset: int
    size: int


def read_old_sparse(feed: Feed, header: bytes, stored: int, at: int, limits: Limits) -> tuple[int, tuple[Segment, ...]]:
    """Real size and map of an entry of type `S`: four pairs in the header, 21 in each block that may follow it."""
    if header[257:265] != b"ustar  \0":
        raise bad(at, "a sparse entry outside of a GNU archive")
    size = number(header[483:495], at, _SIZE)
    numbers: list[int] = []
    _pairs(header[386:482], numbers, at)
    more = header[482]
    while more:
        if len(numbers) * 12 > limits.max_header_bytes:
            raise limits.exceeded("max_header_bytes", f"the sparse map at offset {at} is too long")
        block = feed.read(BLOCK)
        _pairs(block[:504], numbers, at)
        more = block[504]
    return size, _checked(numbers, size, stored, at)


def pax_sparse(
    feed: Feed, pax: Mapping[str, bytes], pairs: Sequence[bytes], *, stored: int, at: int, limits: Limits
) -> tuple[int, int, tuple[Segment, ...]]:
    """Real size, stored bytes and map of an entry with `GNU.sparse.*` records.

    Version 1.0 keeps its map before the data: it is taken from `feed`, and the stored bytes are so many fewer.
    """
    version = (pax.get("GNU.sparse.major"), pax.get("GNU.sparse.minor"))
    has_map = "GNU.sparse.map" in pax
    if version == (b"1", b"0"):
        if has_map or pairs:
            raise bad(at, "a sparse entry with two maps")
        size = decimal(pax.get("GNU.sparse.realsize", b""), at, _SIZE)
        numbers, used = _read_map(feed, stored, at, limits)
        return size, stored - used, _checked(numbers, size, stored - used, at)
    if version not in ((None, None), (b"0", b"0"), (b"0", b"1")):
        raise bad(at, "a sparse entry of an unknown version")
    if has_map == bool(pairs):
        raise bad(at, "a sparse entry with two maps" if has_map else "a sparse entry without a map")
    texts = pax["GNU.sparse.map"].split(b",") if has_map else pairs
    size = decimal(pax.get("GNU.sparse.size", b""), at, _SIZE)
    return size, stored, _checked([decimal(text, at, _ENTRY) for text in texts], size, stored, at)


def segments_with_holes(segments: Sequence[Segment], size: int) -> Iterator[tuple[int, int]]:
    """(zeros before, stored bytes) of each segment in turn, then the zeros at the end with 0 stored bytes."""
    position = 0
    for segment in segments:
        yield segment.offset - position, segment.size
        position = segment.offset + segment.size
    yield size - position, 0


def _read_map(feed: Feed, stored: int, at: int, limits: Limits) -> tuple[list[int], int]:
    """Decimal lines: a count, then as many offsets and sizes; padded to a block."""
    used = 0
    text = b""
    lines: list[bytes] = []
    count: int | None = None
    while count is None or len(lines) < count * 2:
        if used + BLOCK > stored:
            raise bad(at, "a sparse map that is longer than its entry")
        if used >= limits.max_header_bytes:
            raise limits.exceeded("max_header_bytes", f"the sparse map at offset {at} is too long")
        used += BLOCK
        *complete, text = (text + feed.read(BLOCK)).split(b"\n")
        lines += complete
        if count is None and lines:
            count = decimal(lines.pop(0), at, _ENTRY)
    return [decimal(line, at, _ENTRY) for line in lines[: count * 2]], used


def _pairs(field: bytes, numbers: list[int], at: int) -> None:
    for start in range(0, len(field), 24):
        if field[start] == 0:  # an unused place; those after it are unused too
            return
        numbers.append(number(field[start : start + 12], at, _ENTRY))
        numbers.append(number(field[start + 12 : start + 24], at, _ENTRY))


def _checked(numbers: Sequence[int], size: int, stored: int, at: int) -> tuple[Segment, ...]:
    if len(numbers) % 2:
        raise bad(at, "a sparse map with an odd count of numbers")
    segments = tuple(Segment(numbers[index], numbers[index + 1]) for index in range(0, len(numbers), 2))
    position = 0
    for segment in segments:
        if segment.offset < position:
            raise bad(at, "a sparse map that overlaps itself")
        position = segment.offset + segment.size
    if position > size:
        raise bad(at, "a sparse map that leaves its file")
    if sum(segment.size for segment in segments) != stored:
        raise bad(at, "a sparse map that does not account for the stored bytes")
    return segments
