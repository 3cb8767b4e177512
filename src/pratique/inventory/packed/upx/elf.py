"""Programs for Linux that UPX packed, unpacked (format: UPX's source, `p_unix.h` and `p_lx_elf.cpp`). Pure.

Such a program is a small ELF file: the loader that unpacks it when it runs. Behind its program headers stand `l_info`,
`p_info` and blocks, each behind a `b_info` with both its sizes, its compression and its filter. The first block is the
original's ELF header and program headers; then come the original's segments, one after another; behind the loader what lies
between and after the segments (section headers, symbols); then a mark, and UPX's own header with the checksums of all that
was packed. Where whole files were packed (`--force-execve`), the blocks are the file.

Nothing is believed: sizes are held against the budget before anything is unpacked, segments against what the headers say, and
what comes out against its checksum. What does not fit is Malformed, and the program stays unknown. Shared libraries, which
are packed in part, are not unpacked.
"""

import struct
import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.upx.filters import MOST_CHANGES, unfilter
from pratique.inventory.packed.upx.header import MAGIC, SIZE, find_header
from pratique.inventory.packed.upx.methods import KNOWN, MOST_BITWISE, hold, is_bitwise, unpack_block

_LAST = 2 * 4096 + 128
"""How far from its end UPX looks for its own header: what signs a program may pad it to a page."""
_L_INFO, _INFO = 12, 12
_WHOLE_FILES = frozenset({10, 14, 24, 26})
"""Formats that pack a file as a file."""
_MOST_BLOCKS = 100_000
_MOST_LOADER = 1 << 16
_LOAD, _DYNAMIC = 1, 2
_MOST_PROGRAM_HEADERS = 512


class _Elf(NamedTuple):
    """`segments`: offset and size in the file of each that is loaded. `dynamic`: it has a dynamic section. `headers`: bytes."""

    order: str
    kind: int
    machine: int
    segments: tuple[tuple[int, int], ...]
    dynamic: bool
    headers: int


class _Blocks:
    """The blocks of one program, in their order: where the next one stands, and the checksums so far."""

    def __init__(self, view: memoryview, at: int, order: str, sizes: tuple[int, int]) -> None:
        """`sizes`: bytes of all blocks together at most, and of the largest."""
        self.at = at
        self.unpacked = self.packed = 1
        self._view = view
        self._info = struct.Struct(f"{order}IIBBBB")
        self._left, self._largest = sizes
        self._changes = MOST_CHANGES
        self._count = 0
        self._bitwise = 0

    def info(self, at: int) -> tuple[int, int, int, int, int]:
        """Both sizes (bytes out, bytes in), compression, filter and its mark, of a block at a place. Raises Malformed."""
        if at < 0 or at + _INFO > len(self._view):
            raise Malformed("its blocks break off")
        out, stored, method, filtered, mark, _ = self._info.unpack_from(self._view, at)
        return out, stored, method, filtered, mark

    def is_mark(self, at: int) -> bool:
        """Whether the mark that ends the blocks stands at a place."""
        return bytes(self._view[at : at + 8]) == b"\0\0\0\0" + MAGIC

    def plausible(self, at: int, wanted: int) -> int:
        """How many bytes the block at a place holds, if it can be one of `wanted` bytes or less; else 0."""
        if at + _INFO > len(self._view):
            return 0
        out, stored, method, _, _ = self.info(at)
        known = method in KNOWN if stored < out else not method
        fits = 0 < stored <= out <= min(wanted, self._largest) and at + _INFO + stored <= len(self._view)
        return out if known and fits else 0

    def next(self, into: memoryview) -> int:
        """Unpack the next block to the beginning of `into`, and say how many bytes it holds, no more than there is room for.

        Raises Malformed, LimitExceeded."""
        self._count += 1
        out, stored, method, filtered, mark = self.info(self.at)
        begin = self.at + _INFO
        if not 0 < stored <= out <= min(len(into), self._largest, self._left) or begin + stored > len(self._view):
            raise Malformed("its blocks have no valid sizes")
        if self._count > _MOST_BLOCKS:
            raise LimitExceeded(f"it is packed in more than {_MOST_BLOCKS} blocks")
        self._left -= out
        data, found = self._view[begin : begin + stored], into[:out]
        self.at = begin + stored
        self.packed = zlib.adler32(data, self.packed)
        if stored == out:
            found[:] = data
        else:
            self._unpack(data, method, found)
            if filtered:
                self._changes -= unfilter(filtered, mark, found, most=self._changes)
        self.unpacked = zlib.adler32(found, self.unpacked)
        return out

    def _unpack(self, data: memoryview, method: int, into: memoryview) -> None:
        if is_bitwise(method):
            self._bitwise += len(data)
            if self._bitwise > MOST_BITWISE:
                raise LimitExceeded(f"more than {MOST_BITWISE} bytes of it would have to be unpacked bit by bit")
        unpack_block(data, method, into)


def unpack_elf(view: memoryview, budget: Budget) -> bytearray:
    """The program as it was before. Raises Malformed, LimitExceeded."""
    elf = _elf(view)
    begin = max(len(view) - _LAST, 0)
    tail = bytes(view[begin:])
    header = find_header(tail, last=True)
    after = tail[header.at + SIZE : header.at + SIZE + 4]
    at = int.from_bytes(after, "little" if elf.order == "<" else "big")  # of `p_info`
    whole = header.format in _WHOLE_FILES
    if len(after) < 4 or at < _L_INFO or at + _INFO > len(view) or (not whole and bytes(view[at - 8 : at - 4]) != MAGIC):
        raise Malformed("what UPX says of its blocks is not where it should be")
    _, size, largest = struct.unpack_from(f"{elf.order}III", view, at)
    if size != header.file_size or not 0 < largest <= max(size, 1 << 19):
        raise Malformed("what UPX says of its sizes contradicts itself")
    hold(size, len(view), budget)
    blocks = _Blocks(view, at + _INFO, elf.order, (size, largest))
    out = bytearray(size)
    with memoryview(out) as into:
        if whole:
            _file(blocks, into)
        else:
            _program(blocks, elf, into)
    if (blocks.unpacked, blocks.packed) != (header.checksum, header.packed_checksum):
        raise Malformed("its checksum is that of other bytes")
    return out


def _elf(data: memoryview | bytes | bytearray) -> _Elf:
    """Of a file, or of its first bytes. Raises Malformed."""
    if len(data) < 64 or bytes(data[:4]) != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise Malformed("its ELF header is none")
    order, wide = "<" if data[5] == 1 else ">", data[4] == 2
    kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    (at,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", data, 32 if wide else 28)
    step, count = struct.unpack_from(f"{order}HH", data, 54 if wide else 42)
    row = struct.Struct(f"{order}IIQQQQ" if wide else f"{order}IIIII")
    if (
        at != (64 if wide else 52)
        or step != (56 if wide else 32)
        or not 0 < count <= _MOST_PROGRAM_HEADERS
        or at + step * count > len(data)
    ):
        raise Malformed("its ELF header has no valid program headers")
    segments: list[tuple[int, int]] = []
    dynamic = False
    for number in range(count):
        fields = row.unpack_from(data, at + step * number)
        offset, size = (fields[2], fields[5]) if wide else (fields[1], fields[4])
        if fields[0] == _LOAD:
            segments.append((offset, size))
        dynamic |= fields[0] == _DYNAMIC
    return _Elf(order, kind, machine, tuple(segments), dynamic, at + step * count)


def _file(blocks: _Blocks, out: memoryview) -> None:
    at = 0
    while blocks.info(blocks.at)[0]:
        at += blocks.next(out[at:])
    if at != len(out):
        raise Malformed("less comes out of it than it says")


def _program(blocks: _Blocks, elf: _Elf, out: memoryview) -> None:
    if elf.dynamic:
        raise Malformed("shared libraries are packed in part, and are not unpacked")
    held = blocks.next(out)
    first = bytes(out[:held])
    original = _elf(first)
    if (original.order, original.kind, original.machine) != (elf.order, elf.kind, elf.machine):
        raise Malformed("the ELF header that comes out of it is that of another program")
    _hold_segments(original.segments, len(out))
    out[:held] = bytes(held)
    for offset, length in original.segments:
        at, end = offset, offset + length
        if held and length:
            if held > length:
                raise Malformed("its blocks are larger than its segments")
            out[at : at + held] = first
            at, held = at + held, 0
        while at < end:
            at += blocks.next(out[at:end])
    _gaps(blocks, original, out)


def _hold_segments(segments: tuple[tuple[int, int], ...], size: int) -> None:
    """Each byte of the program is of one segment at most: else a small file would have much unpacked. Raises Malformed."""
    end = 0
    for offset, length in sorted(segment for segment in segments if segment[1]):
        if offset < end:
            raise Malformed("the segments that come out of it lie over each other")
        end = offset + length
    if end > size:
        raise Malformed("the segments that come out of it are larger than it says")


def _gaps(blocks: _Blocks, elf: _Elf, out: memoryview) -> None:
    """What lies between and behind the segments: in the order of the segments, behind the loader, whose length is not the same in
    all versions; so it is where blocks of just these sizes end in the mark."""
    gaps = _between(elf.segments, len(out))
    start = _start(blocks, gaps)
    if start is None:
        raise Malformed("what lies behind its segments is not where it should be")
    blocks.at = start
    for begin, end in gaps:
        place = begin
        while place < end:
            place += blocks.next(out[place:end])


def _between(segments: tuple[tuple[int, int], ...], size: int) -> list[tuple[int, int]]:
    """(begin, end) of what no segment covers, each where the segment before it ends."""
    found: list[tuple[int, int]] = []
    for offset, length in segments:
        begin = offset + length
        end = min((other for other, _ in segments if other >= begin), default=size)
        if begin < end:
            found.append((begin, end))
    return found


def _start(blocks: _Blocks, gaps: list[tuple[int, int]]) -> int | None:
    """The first place from which blocks of just these sizes end in the mark. Raises LimitExceeded.

    Where a block stands says which follow it, and how many bytes are left up to the mark says what of the gaps it holds. So each
    place is looked at once, however many chains of blocks lead through it.
    """
    ends = list(accumulate(end - begin for begin, end in gaps))
    whole = ends[-1] if ends else 0
    lefts: dict[int, int | None] = {}  # by place: bytes from there up to the mark; None where blocks do not fit
    for start in range(blocks.at, blocks.at + _MOST_LOADER):
        chain: list[tuple[int, int]] = []
        at = start
        while at not in lefts and (size := blocks.plausible(at, whole)):
            chain.append((at, size))
            if len(lefts) + len(chain) > _MOST_LOADER + _MOST_BLOCKS:
                raise LimitExceeded(f"it is packed in more than {_MOST_BLOCKS} blocks")
            at += _INFO + blocks.info(at)[1]
        if at not in lefts:
            lefts[at] = 0 if blocks.is_mark(at) else None
        left = lefts[at]
        for place, size in reversed(chain):
            left = _left(whole, ends, left, size)
            lefts[place] = left
        if left == whole:
            return start
    return None


def _left(whole: int, ends: list[int], after: int | None, size: int) -> int | None:
    """Bytes up to the mark from a block of `size`, behind which there are `after`; None if it would reach across gaps."""
    if after is None or after + size > whole:
        return None
    begin = whole - after - size
    return after + size if begin + size <= ends[bisect_right(ends, begin)] else None
