"""Programs for Windows that UPX packed, unpacked as far as their readers need (format: UPX's source, `pefile.cpp`). Pure.

Such a program has the sections UPX0 (where it unpacks itself to), UPX1 (what is packed) and one more for resources. Unpacked,
it is the original's image in memory, with the original's headers behind it. What UPX wrote anew for its loader stays as it
packed it: imports, relocations and the addresses that they change, resources; their directories are taken away, as what they
would point at is not there. The resources that say who made it stay readable in the packed file.
"""

import struct
import zlib

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.upx.filters import unfilter
from pratique.inventory.packed.upx.header import SIZE, find_header
from pratique.inventory.packed.upx.methods import MOST_BITWISE, hold, is_bitwise, unpack_block

_PE32, _PE64 = 0x10B, 0x20B
_HEADERS = {_PE32: 248, _PE64: 264}  # with sixteen directories, as UPX keeps them
_DIRECTORIES = {_PE32: 120, _PE64: 136}
_EXPORTS, _IMPORTS, _RESOURCES, _CERTIFICATES, _RELOCATIONS, _DEBUG, _BOUND, _IAT, _CLI = 0, 1, 2, 4, 5, 6, 11, 12, 14
_GONE = (_EXPORTS, _IMPORTS, _RESOURCES, _CERTIFICATES, _RELOCATIONS, _DEBUG, _BOUND, _IAT, _CLI)
_SECTION = struct.Struct("<8sIIIIIIHHI")
_MOST_SECTIONS = 96
_ALIGNED = 1 << 20
"""How much larger a file may be than its image in memory."""
_BEFORE, _REACH = 64, 1024
"""UPX looks for its header that many bytes before what is packed, and so far."""


def unpack_pe(view: memoryview, budget: Budget) -> bytearray:
    """A program with the original's sections. Raises Malformed, LimitExceeded."""
    at = _pe(view)
    sections = _sections(view, at)
    if len(sections) < 2 or not sections[0][0].startswith(b"UPX"):
        raise Malformed("its sections are not those of UPX")
    begin = sections[1][4] - _BEFORE
    if begin < 0:
        raise Malformed("its sections lie outside of the file")
    header = find_header(bytes(view[begin : begin + _REACH]))
    data = view[begin + header.at + SIZE :][: header.packed_size]
    if len(data) != header.packed_size or header.size < _HEADERS[_PE32]:
        raise Malformed("what is packed breaks off")
    if zlib.adler32(data) != header.packed_checksum:
        raise Malformed("its checksum is that of other bytes")
    if is_bitwise(header.method) and len(data) > MOST_BITWISE:
        raise LimitExceeded(f"more than {MOST_BITWISE} bytes of it would have to be unpacked bit by bit")
    hold(header.size, len(view), budget)
    image = bytearray(header.size)
    unpack_block(data, header.method, memoryview(image))
    if zlib.adler32(image) != header.checksum:
        raise Malformed("its checksum is that of other bytes")
    (kept,) = struct.unpack_from("<I", image, len(image) - 4)
    return _rebuilt(bytes(view[:at]), image, kept, header.filter, header.mark, budget)


def _rebuilt(stub: bytes, image: bytearray, kept: int, filtered: int, mark: int, budget: Budget) -> bytearray:
    pe = memoryview(image)[kept:]
    rows = _sections(pe, 0)
    if not rows:
        raise Malformed("the headers that come out of it have no sections")
    lowest = rows[0][2]
    code_size, code = struct.unpack_from("<I12xI", pe, 28)
    headers = bytearray(pe[: _header_size(pe) + _SECTION.size * len(rows)])
    del pe
    if filtered:
        begin = code - lowest
        if begin < 0 or begin + code_size > kept:
            raise Malformed("its code lies outside of what comes out of it")
        unfilter(filtered, mark, memoryview(image)[begin : begin + code_size], begin)
    directories = _DIRECTORIES[int.from_bytes(headers[24:26], "little")]
    for number in _GONE:
        headers[directories + 8 * number : directories + 8 * number + 8] = bytes(8)
    places = [(offset, min(stored, size or stored), address - lowest) for _, size, address, stored, offset in rows]
    places = sorted(place for place in places if place[0] and place[1])
    end = 0
    for offset, length, place in places:
        if place < 0 or place + length > kept or offset + length > len(image) + _ALIGNED:
            raise Malformed("its sections lie outside of what comes out of it")
        if offset < end:
            raise Malformed("its sections lie over each other")
        end = offset + length
    out = bytearray(stub + headers)
    budget.inflate(max(end, len(out)))
    out.extend(bytes(max(end - len(out), 0)))
    for offset, length, place in places:
        out[offset : offset + length] = memoryview(image)[place : place + length]
    return out


def _pe(view: memoryview) -> int:
    if len(view) < 64 or bytes(view[:2]) != b"MZ":
        raise Malformed("its DOS header is none")
    return int.from_bytes(view[60:64], "little")


def _header_size(view: memoryview) -> int:
    if len(view) < 26 or bytes(view[:4]) != b"PE\0\0":
        raise Malformed("its PE header is none")
    size = _HEADERS.get(int.from_bytes(view[24:26], "little"))
    if size is None:
        raise Malformed("its PE header is of no known kind")
    return size


def _sections(view: memoryview, at: int) -> list[tuple[bytes, int, int, int, int]]:
    """(name, size in memory, address, size in the file, offset) of each. Raises Malformed."""
    head = view[at : at + 26]
    begin = at + _header_size(head)
    count = int.from_bytes(head[6:8], "little")
    if not 0 < count <= _MOST_SECTIONS or begin + _SECTION.size * count > len(view):
        raise Malformed("its sections are of no valid number")
    rows = _SECTION.iter_unpack(view[begin : begin + _SECTION.size * count])
    return [(name, size, address, stored, offset) for name, size, address, stored, offset, *_ in rows]
