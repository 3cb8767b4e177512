"""Mach-O: segments and sections, also of the slices of a universal binary (Apple, OS X ABI Mach-O File Format Reference)."""

import struct

from pratique.cataloging.binary.image import Image, Segment, cut
from pratique.errors import Malformed

_MAX_SLICES = 16
_MAX_COMMANDS = 10_000
_MAX_COMMANDS_BYTES = 16 << 20
_MAGICS = {
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xfe\xed\xfa\xce": (">", False),
    b"\xfe\xed\xfa\xcf": (">", True),
}
_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_WRITE = 2
_ZEROFILL = 1


def slices(view: memoryview) -> list[memoryview]:
    """The Mach-O files in a universal binary, or the file itself. Raises Malformed."""
    magic = bytes(view[:4])
    if magic in _MAGICS:
        return [view]
    if magic not in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        raise Malformed("Mach-O: no valid magic")
    (count,) = struct.unpack(">I", cut(view, 4, 4))
    if not 0 < count <= _MAX_SLICES:
        raise Malformed("Mach-O: a universal binary of no valid number of slices")
    layout = struct.Struct(">IIIII" if magic[3] == 0xBE else ">IIQQII")
    found: list[memoryview] = []
    for _, _, offset, size, *_ in layout.iter_unpack(cut(view, 8, layout.size * count)):
        if offset + size > len(view):
            raise Malformed("Mach-O: a slice beyond the end of the file")
        found.append(view[offset : offset + size])
    return found


def read_macho(view: memoryview) -> Image:
    """One Mach-O file. Section names are `segment,section`. Raises Malformed."""
    known = _MAGICS.get(bytes(view[:4]))
    if known is None:
        raise Malformed("Mach-O: no valid magic")
    order, wide = known
    _, _, _, count, size = struct.unpack(f"{order}IIIII", cut(view, 4, 20))
    if count > _MAX_COMMANDS or size > _MAX_COMMANDS_BYTES:
        raise Malformed("Mach-O: too many load commands")
    commands = cut(view, 32 if wide else 28, size)
    word = "Q" if wide else "I"
    segment = struct.Struct(f"{order}16s{word}{word}{word}{word}IIII")
    section = struct.Struct(f"{order}16s16s{word}{word}IIIIIII" + ("I" if wide else ""))
    segments: list[Segment] = []
    sections: list[Segment] = []
    at = 0
    for _ in range(count):
        if at + 8 > len(commands):
            raise Malformed("Mach-O: load commands are cut off")
        kind, length = struct.unpack_from(f"{order}II", commands, at)
        if length < 8 or at + length > len(commands):
            raise Malformed("Mach-O: a load command of no valid length")
        if kind == (_SEGMENT_64 if wide else _SEGMENT):
            if length < 8 + segment.size:
                raise Malformed("Mach-O: a segment command is cut off")
            name, address, _, offset, in_file, _, protection, listed, _ = segment.unpack_from(commands, at + 8)
            writable = bool(protection & _WRITE)
            segments.append(Segment(name.rstrip(b"\0"), address, offset, in_file, writable=writable))
            begin = at + 8 + segment.size
            if begin + listed * section.size > at + length:
                raise Malformed("Mach-O: section headers are cut off")
            for index in range(listed):
                inner, outer, address, size, offset, _, _, _, flags, *_ = section.unpack_from(
                    commands, begin + index * section.size
                )
                if flags & 0xFF != _ZEROFILL:
                    full = outer.rstrip(b"\0") + b"," + inner.rstrip(b"\0")
                    sections.append(Segment(full, address, offset, size, writable=writable))
        at += length
    return Image(view, order == ">", tuple(sections), tuple(segments))
