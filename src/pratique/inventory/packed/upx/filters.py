"""What UPX does to machine code before it compresses it, undone: distances of calls and jumps are written as addresses. Pure.

Its only specification is its source (src/filter). A filter is known by its number: those of x86 in 32 and 64 bits, of ARM and of
ARM64 are here; others are Malformed.
"""

import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal

from pratique.errors import LimitExceeded, Malformed

_CALL, _JUMP, _BOTH = b"\xe8", b"\xe9", b"\xe8\xe9"
_MASK = (1 << 32) - 1
MOST_CHANGES = 6_000_000
"""Of one program: a few seconds' work. Large ones have one or two million calls."""
_OPERAND = 4
_JCC = 0x80  # the second byte of conditional jumps, by its upper half
_Order = Literal["little", "big"]
_Undo = Callable[[memoryview, int, int], Iterator[None]]
"""Changes a block in place, given the mark and the base, and gives one item for each change."""


def unfilter(number: int, mark: int, data: memoryview, base: int = 0, most: int = MOST_CHANGES) -> int:
    """Undo filter `number` in place, and say how many operands were changed, `most` of them. `mark`: the byte that marks what was
    changed, for filters that have one. `base`: the address that was added. Raises Malformed for a filter that is not known,
    LimitExceeded."""
    undo = _FILTERS.get(number)
    if undo is None:
        raise Malformed(f"its code went through a filter that is not known ({number:#x})")
    count = 0
    for count, _ in enumerate(undo(data, mark, base), 1):
        if count > most:
            raise LimitExceeded(f"more than {MOST_CHANGES} calls and jumps of its code would have to be changed back")
    return count


def _every(opcodes: bytes, read: str, write: str) -> _Undo:
    """Every operand of these opcodes. `read`, `write`: the order of its bytes, as `struct` has it."""
    before, after = struct.Struct(f"{read}I"), struct.Struct(f"{write}I")

    def undo(data: memoryview, _mark: int, base: int) -> Iterator[None]:
        # What is changed lies behind where the search stands: no copy is needed.
        for found in _operands(opcodes, b"", jumps=False).finditer(data, 0, max(len(data) - 1, 0)):
            at = found.start() + 1
            after.pack_into(data, at, before.unpack_from(data, at)[0] - at - base & _MASK)
            yield

    return undo


def _marked(opcodes: bytes, *, jumps: bool = False) -> _Undo:
    """Operands of these opcodes whose first byte is the mark; with `jumps` those of conditional jumps, too."""
    before, after = struct.Struct(">I"), struct.Struct("<I")

    def undo(data: memoryview, mark: int, base: int) -> Iterator[None]:
        search = _operands(opcodes, bytes((mark,)), jumps=jumps).search
        at, last, top = 0, 0, len(data) - 5
        while (found := search(data, at)) and found.start() < top:
            begin = found.start()
            yield
            if begin == last and data[begin] & 0xF0 == _JCC:  # what stands before it ends an operand, and begins no jump
                at = begin + 1
                continue
            value = before.unpack_from(data, begin + 1)[0] - begin - 1 - base - (mark << 24)
            after.pack_into(data, begin + 1, value & _MASK)
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

    def undo(data: memoryview, _mark: int, base: int) -> Iterator[None]:
        whole = max(len(data) - 1, 0) // 4 * 4  # the very last one is left as it is
        for found in search.finditer(bytes(data[:whole][telling::4])):
            number = found.start()
            begin = number * 4 + place.start
            word = int.from_bytes(data[begin : begin + size], order)
            data[begin : begin + size] = (word & ~low | ((word & low) - number - base) & low).to_bytes(size, order)
            yield

    return undo


_ARM_CALLS = bytes(byte for byte in range(256) if byte & 0x0F == 0x0B)
_ARM64_BRANCHES = bytes(byte for byte in range(256) if byte & 0x7C == 0x14)
_FILTERS: dict[int, _Undo] = {
    0x11: _every(_CALL, "<", "<"),
    0x12: _every(_JUMP, "<", "<"),
    0x13: _every(_BOTH, "<", "<"),
    0x14: _every(_CALL, ">", "<"),
    0x15: _every(_JUMP, ">", "<"),
    0x16: _every(_BOTH, ">", "<"),
    0x17: _every(_CALL, "<", ">"),
    0x18: _every(_JUMP, "<", ">"),
    0x19: _every(_BOTH, "<", ">"),
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
