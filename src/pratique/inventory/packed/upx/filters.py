"""What UPX does to machine code before it compresses it, undone: distances of calls and jumps are written as addresses. Pure.

Its only specification is its source (src/filter). A filter is known by its number: those of x86 in 32 and 64 bits, of ARM and of
ARM64 are here; others are Malformed.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from pratique.errors import Malformed

_CALL, _JUMP, _BOTH = b"\xe8", b"\xe9", b"\xe8\xe9"
_MASK = (1 << 32) - 1
_OPERAND = 4
_JCC = 0x80  # the second byte of conditional jumps, by its upper half
_Order = Literal["little", "big"]
_Undo = Callable[[bytearray, int, int], None]


def unfilter(number: int, mark: int, data: bytearray, base: int = 0) -> None:
    """Undo filter `number` in place. `mark`: the byte that marks what was changed, for filters that have one. `base`: the address
    that was added. Raises Malformed for a filter that is not known."""
    undo = _FILTERS.get(number)
    if undo is None:
        raise Malformed(f"its code went through a filter that is not known ({number:#x})")
    undo(data, mark, base)


def _every(opcodes: bytes, read: _Order, write: _Order) -> _Undo:
    """Every operand of these opcodes."""

    def undo(data: bytearray, _mark: int, base: int) -> None:
        for found in _operands(opcodes, b"", jumps=False).finditer(bytes(data[:-1])):
            at = found.start() + 1
            value = int.from_bytes(found.group()[1:], read) - at - base
            data[at : at + _OPERAND] = (value & _MASK).to_bytes(_OPERAND, write)

    return undo


def _marked(opcodes: bytes, *, jumps: bool = False) -> _Undo:
    """Operands of these opcodes whose first byte is the mark; with `jumps` those of conditional jumps, too."""

    def undo(data: bytearray, mark: int, base: int) -> None:
        search = _operands(opcodes, bytes((mark,)), jumps=jumps).search
        source, at, last, top = bytes(data), 0, 0, len(data) - 5
        while (found := search(source, at)) and found.start() < top:
            begin = found.start()
            if begin == last and source[begin] & 0xF0 == _JCC:  # what stands before it ends an operand, and begins no jump
                at = begin + 1
                continue
            value = int.from_bytes(found.group()[1:], "big") - begin - 1 - base - (mark << 24)
            data[begin + 1 : begin + 5] = (value & _MASK).to_bytes(_OPERAND, "little")
            at = last = begin + 5

    return undo


@lru_cache(maxsize=64)
def _operands(opcodes: bytes, mark: bytes, *, jumps: bool) -> Any:
    one = b"[" + opcodes + b"]"
    if jumps:
        one = b"(?:" + one + b"|(?<=\x0f)[\x80-\x8f])"
    return re.compile(one + re.escape(mark) + b".{%d}" % (_OPERAND - len(mark)), re.DOTALL)


def _branches(telling: int, picked: bytes, place: slice, bits: int, order: _Order) -> _Undo:
    """Instructions of four bytes, in `place` a distance of `bits` bits. `picked`: what byte number `telling` of them is."""
    search = re.compile(b"[" + re.escape(picked) + b"]")
    low = (1 << bits) - 1
    size = place.stop - place.start

    def undo(data: bytearray, _mark: int, base: int) -> None:
        source = bytes(data[: max(len(data) - 1, 0) // 4 * 4])  # the very last one is left as it is
        for found in search.finditer(source[telling::4]):
            number = found.start()
            begin = number * 4 + place.start
            word = int.from_bytes(source[begin : begin + size], order)
            data[begin : begin + size] = (word & ~low | ((word & low) - number - base) & low).to_bytes(size, order)

    return undo


_ARM_CALLS = bytes(byte for byte in range(256) if byte & 0x0F == 0x0B)
_ARM64_BRANCHES = bytes(byte for byte in range(256) if byte & 0x7C == 0x14)
_FILTERS: dict[int, _Undo] = {
    0x11: _every(_CALL, "little", "little"),
    0x12: _every(_JUMP, "little", "little"),
    0x13: _every(_BOTH, "little", "little"),
    0x14: _every(_CALL, "big", "little"),
    0x15: _every(_JUMP, "big", "little"),
    0x16: _every(_BOTH, "big", "little"),
    0x17: _every(_CALL, "little", "big"),
    0x18: _every(_JUMP, "little", "big"),
    0x19: _every(_BOTH, "little", "big"),
    0x24: _marked(_CALL),
    0x25: _marked(_JUMP),
    0x26: _marked(_BOTH),
    0x36: _marked(_BOTH),
    0x46: _marked(_BOTH),
    0x49: _marked(_BOTH, jumps=True),
    0x50: _branches(3, _ARM_CALLS, slice(0, 3), 24, "little"),
    0x51: _branches(0, _ARM_CALLS, slice(1, 4), 24, "big"),
    0x52: _branches(3, _ARM64_BRANCHES, slice(0, 4), 26, "little"),
}
