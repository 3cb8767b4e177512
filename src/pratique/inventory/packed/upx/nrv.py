"""NRV2B, NRV2D and NRV2E: the compressions of UCL, which UPX packs programs with. Pure.

No document specifies them but their reference decoder. A stream is bytes with bits between them: bits come from units of 1, 2
or 4 bytes (little-endian), the highest first, and a unit is read from the stream when a bit is wanted and none is left. A bit
1 is followed by a literal byte; a bit 0 by an offset and a length, both written as interlaced gamma codes; an offset of all
ones ends the stream. The three differ in how offset and length are laid out.

Whatever the stream says, no more than `size` bytes come out, and the work is in proportion to the bytes that go in and come
out.
"""

from functools import lru_cache
from typing import NamedTuple

from pratique.errors import Malformed

NRV2B, NRV2D, NRV2E = "NRV2B", "NRV2D", "NRV2E"
_END = (1 << 32) - 1
_FAR = {NRV2B: 0xD00, NRV2D: 0x500, NRV2E: 0x500}
"""Matches from further back are a byte longer than they say."""
_LOOK, _LOOK_FOR_LENGTH = 10, 7
"""Bits that are looked at together, where so many are left in the unit: most numbers are no longer."""
_MOST_BITS = 1 << 25


class _Table(NamedTuple):
    """For the bits that come next: the number that they begin with, and how many bits it takes; 0 for one that is longer."""

    values: tuple[int, ...]
    bits: bytes


@lru_cache
def _offsets(kind: str) -> _Table:
    values: list[int] = []
    sizes = bytearray()
    for row in range(1 << _LOOK):
        value, used, whole = 1, 0, False
        step = 2 if kind == NRV2B else 3
        while used + 2 <= _LOOK and not whole:
            value = value * 2 + (row >> (_LOOK - used - 1) & 1)
            whole = bool(row >> (_LOOK - used - 2) & 1)
            used += 2
            if not whole and step == 3:
                if used == _LOOK:
                    break
                value = (value - 1) * 2 + (row >> (_LOOK - used - 1) & 1)
                used += 1
        values.append(value)
        sizes.append(used if whole else 0)
    return _Table(tuple(values), bytes(sizes))


@lru_cache
def _lengths(kind: str) -> _Table:
    """By the first bit of the length, which is read with the offset, and the bits that follow."""
    values: list[int] = []
    sizes = bytearray()
    for row in range(2 << _LOOK_FOR_LENGTH):
        bits = [row >> at & 1 for at in range(_LOOK_FOR_LENGTH, -1, -1)]
        first, used = bits[0], 2
        if kind == NRV2E and first:
            value = 1 + bits[1]
        elif kind == NRV2E and bits[1]:
            value, used = 3 + bits[2], 3
        elif kind != NRV2E and first * 2 + bits[1]:
            value = first * 2 + bits[1]
        else:
            value = 1
            while used + 2 <= len(bits):
                value = value * 2 + bits[used]
                used += 2
                if bits[used - 1]:
                    value += 3 if kind == NRV2E else 2
                    break
            else:
                used = 1
        values.append(value)
        sizes.append(used - 1)
    return _Table(tuple(values), bytes(sizes))


def unpack_nrv(kind: str, data: bytes, size: int, unit: int = 4) -> bytearray:
    """The `size` bytes that were packed. `kind`: `NRV2B`, `NRV2D` or `NRV2E`. `unit`: bytes that bits are read from at a time.

    Raises Malformed for a stream that breaks off, reaches before its beginning, holds more or fewer bytes, or some follow it.
    """
    out, end = _unpack(kind, data, size, unit)
    if len(out) != size:
        raise Malformed("compressed data of another size than it says")
    if end != len(data):
        raise Malformed("compressed data with bytes behind its end")
    return out


def _unpack(
    kind: str, data: bytes, size: int, unit: int
) -> tuple[bytearray, int]:  # one loop: a call for each bit would cost ten times as much
    out = bytearray()
    values, sizes = _offsets(kind)
    pairs, long_lengths, far = kind == NRV2B, kind == NRV2E, _FAR[kind]
    width, at, word, left, last = unit * 8, 0, 0, 0, 1
    ones, short = (1 << _LOOK) - 1, _LOOK
    lengths, length_sizes = _lengths(kind)
    look, low = _LOOK_FOR_LENGTH, (1 << _LOOK_FOR_LENGTH) - 1
    from_bytes = int.from_bytes
    total = len(data)
    try:
        while True:
            # Literals: as many as there are ones.
            while True:
                if not left:
                    word, left = from_bytes(data[at : at + unit], "little"), width
                    at += unit
                rest = ~word & ((1 << left) - 1)
                run = left - rest.bit_length()
                if run:
                    out += data[at : at + run]
                    if len(out) > size:
                        raise Malformed("compressed data with more bytes than it says")
                    at += run
                    left -= run
                if rest:
                    left -= 1
                    break
                if at >= total:
                    raise Malformed("compressed data that breaks off")
            # The upper part of the offset.
            used = sizes[word >> (left - short) & ones] if left >= short else 0
            if used:
                high = values[word >> (left - short) & ones]
                left -= used
            else:
                high = 1
                while True:
                    if not left:
                        word, left = from_bytes(data[at : at + unit], "little"), width
                        at += unit
                    left -= 1
                    high = high * 2 + (word >> left & 1)
                    if not left:
                        word, left = from_bytes(data[at : at + unit], "little"), width
                        at += unit
                    left -= 1
                    if word >> left & 1:
                        break
                    if not pairs:
                        if not left:
                            word, left = from_bytes(data[at : at + unit], "little"), width
                            at += unit
                        left -= 1
                        high = (high - 1) * 2 + (word >> left & 1)
                    if high > _MOST_BITS:
                        raise Malformed("compressed data with an offset of no valid length")
            # The lower part, and the first bit of the length.
            if high == 2:
                offset = last
                if not left:
                    word, left = from_bytes(data[at : at + unit], "little"), width
                    at += unit
                left -= 1
                length = word >> left & 1
            else:
                offset = (high - 3) * 256 + data[at]
                at += 1
                if offset == _END:
                    return out, at
                if pairs:
                    offset += 1
                    if not left:
                        word, left = from_bytes(data[at : at + unit], "little"), width
                        at += unit
                    left -= 1
                    length = word >> left & 1
                else:
                    length = ~offset & 1
                    offset = (offset >> 1) + 1
                last = offset
            # The length: short ones stand in two or three bits.
            used = 0
            if left >= look:
                row = length << look | word >> (left - look) & low
                used = length_sizes[row]
            if used:
                length = lengths[row]
                left -= used
            else:
                if not left:
                    word, left = from_bytes(data[at : at + unit], "little"), width
                    at += unit
                left -= 1
                bit = word >> left & 1
                gamma = 0
                if not long_lengths:
                    length = length * 2 + bit
                    gamma = 0 if length else 2
                elif length:
                    length = 1 + bit
                elif bit:
                    if not left:
                        word, left = from_bytes(data[at : at + unit], "little"), width
                        at += unit
                    left -= 1
                    length = 3 + (word >> left & 1)
                else:
                    gamma = 3
                if gamma:
                    length = 1
                    while True:
                        if not left:
                            word, left = from_bytes(data[at : at + unit], "little"), width
                            at += unit
                        left -= 1
                        length = length * 2 + (word >> left & 1)
                        if not left:
                            word, left = from_bytes(data[at : at + unit], "little"), width
                            at += unit
                        left -= 1
                        if word >> left & 1:
                            break
                        if length > size:
                            raise Malformed("compressed data with more bytes than it says")
                    length += gamma
            length += 2 if offset > far else 1
            begin = len(out) - offset
            if begin < 0 or at > total:
                raise Malformed("compressed data that reaches before its beginning, or breaks off")
            if len(out) + length > size:
                raise Malformed("compressed data with more bytes than it says")
            if length <= offset:
                out += out[begin : begin + length]
            else:
                out += (out[begin:] * (length // offset + 1))[:length]
    except IndexError as error:
        raise Malformed("compressed data that breaks off") from error
