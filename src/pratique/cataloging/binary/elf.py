"""ELF: header, section headers, program headers, notes (System V gABI, chapters 4 and 5). 32 and 64 bits, both byte orders.

A loader never looks at section headers, so wrong ones hide nothing here: they are treated as absent, and the program headers
are what counts. Those a program cannot run without: wrong ones are Malformed.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from pratique.cataloging.binary.image import Image, Segment, cut
from pratique.errors import Malformed

MAX_HEADERS = 100_000
_MAX_NAMES = 8 << 20
_MAX_NOTES = 1 << 20
_SHT_NOTE = 7
_SHT_NOBITS = 8
_SHN_XINDEX = 0xFFFF
_PT_LOAD, _PT_NOTE = 1, 4
_PF_WRITE = 2
_SHF_WRITE = 1


class _Layout(NamedTuple):
    header: struct.Struct
    section: struct.Struct
    segment: struct.Struct
    note: struct.Struct
    wide: bool


@lru_cache
def _layout(wide: bool, order: str) -> _Layout:
    word = "Q" if wide else "I"
    # Program headers have their flags at different places in the two classes.
    segment = "IIQQQQQQ" if wide else "IIIIIIII"
    return _Layout(
        struct.Struct(f"{order}HHI{word}{word}{word}IHHHHHH"),
        struct.Struct(f"{order}II{word}{word}{word}{word}II{word}{word}"),
        struct.Struct(f"{order}{segment}"),
        struct.Struct(f"{order}III"),
        wide,
    )


class ElfNote(NamedTuple):
    """`owner`: without its NUL. `kind`: a number that the owner gives meaning to. `data`: the descriptor."""

    owner: bytes
    kind: int
    data: bytes


class Elf:
    """An ELF file whose header was checked; tables are read when they are asked for.

    `kind`: e_type, 1 object, 2 executable, 3 shared or position-independent, 4 core. Raises Malformed.
    """

    def __init__(self, view: memoryview) -> None:
        ident = bytes(view[:16])
        if len(ident) < 16 or ident[:4] != b"\x7fELF" or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise Malformed("ELF: no valid identification")
        self.big_endian = ident[5] == 2
        self._view = view
        self._layout = _layout(ident[4] == 2, ">" if self.big_endian else "<")
        if len(view) < 16 + self._layout.header.size:
            raise Malformed("ELF: the header is cut off")
        fields = self._layout.header.unpack_from(view, 16)
        self.kind: int = fields[0]
        self._phoff, self._shoff, _, _, self._phentsize, self._phnum, self._shentsize, self._shnum, self._shstrndx = fields[4:]

    def section_names(self) -> bytes:
        """The string table of section names as it is; empty when the section headers are absent or wrong."""
        table = self._section_table()
        if table is None:
            return b""
        index, count = self._shstrndx, len(table) // self._shentsize
        if index == _SHN_XINDEX:
            index = self._layout.section.unpack_from(table, 0)[6]
        if not 0 < index < count:
            return b""
        fields = self._layout.section.unpack_from(table, index * self._shentsize)
        offset, size = fields[4], fields[5]
        if size > _MAX_NAMES or offset + size > len(self._view):
            return b""
        return bytes(self._view[offset : offset + size])

    def image(self) -> Image:
        """Sections and segments. Raises Malformed."""
        segments: list[Segment] = []
        for kind, flags, offset, address, size in self._segments():
            if kind == _PT_LOAD:
                segments.append(Segment(b"", address, offset, size, writable=bool(flags & _PF_WRITE)))
            elif kind == _PT_NOTE:
                segments.append(Segment(b"", 0, offset, size, note=True))
        loaded = tuple(part for part in segments if not part.note)
        sections = self._sections() or tuple(part for part in segments if part.note)
        return Image(self._view, self.big_endian, sections, loaded)

    def end(self) -> int:
        """Where the file ends for a linker and a loader: what lies behind was appended. Raises Malformed."""
        ends = [offset + size for _, _, offset, _, size in self._segments()]
        if self._shoff:
            ends.append(self._shoff + self._shentsize * self._shnum)
        table = self._section_table() or b""
        step = self._shentsize
        sections = self._layout.section
        if step == sections.size:  # as it is everywhere but in what somebody made to be odd
            rows = sections.iter_unpack(table)
        else:
            rows = (sections.unpack_from(table, at) for at in range(0, len(table), step or 1))
        ends += [row[4] + row[5] for row in rows if row[1] != _SHT_NOBITS]
        return max(ends, default=len(self._view))

    def notes(self, part: Segment) -> list[ElfNote]:
        """The notes of a section or segment; a broken one ends the list."""
        data = bytes(self._view[part.offset : part.offset + min(part.size, _MAX_NOTES)])
        found: list[ElfNote] = []
        at, head = 0, self._layout.note
        while at + head.size <= len(data):
            name_size, data_size, kind = head.unpack_from(data, at)
            begin = at + head.size
            data_at = begin + (name_size + 3 & ~3)
            end = data_at + data_size
            if end > len(data):
                break
            found.append(ElfNote(data[begin : begin + name_size].rstrip(b"\0"), kind, data[data_at:end]))
            at = end + 3 & ~3
        return found

    def _section_table(self) -> bytes | None:
        size = self._shentsize
        if not self._shoff or size < self._layout.section.size:
            return None
        count = self._shnum
        if not count:  # more than fit into the header: the first section header says how many
            if self._shoff + size > len(self._view):
                return None
            count = self._layout.section.unpack_from(self._view, self._shoff)[5]
        end = self._shoff + count * size
        if not 0 < count <= MAX_HEADERS or end > len(self._view):
            return None
        return bytes(self._view[self._shoff : end])

    def _sections(self) -> tuple[Segment, ...]:
        table, names = self._section_table(), self.section_names()
        if table is None or not names:
            return ()
        parts: list[Segment] = []
        for at in range(0, len(table), self._shentsize):
            name, kind, flags, address, offset, size, *_ = self._layout.section.unpack_from(table, at)
            if kind != _SHT_NOBITS:
                parts.append(Segment(_text(names, name), address, offset, size, kind == _SHT_NOTE, bool(flags & _SHF_WRITE)))
        return tuple(parts)

    def _segments(self) -> list[tuple[int, int, int, int, int]]:
        """(type, flags, offset, address, size in the file) of each."""
        size, count = self._phentsize, self._phnum
        if not count:
            return []
        if size < self._layout.segment.size:
            raise Malformed("ELF: program headers of no valid size")
        table = cut(self._view, self._phoff, size * count)
        found: list[tuple[int, int, int, int, int]] = []
        for at in range(0, len(table), size):
            fields = self._layout.segment.unpack_from(table, at)
            if self._layout.wide:
                kind, flags, offset, address, _, in_file, _, _ = fields
            else:
                kind, offset, address, _, in_file, _, flags, _ = fields
            found.append((kind, flags, offset, address, in_file))
        return found


def _text(table: bytes, at: int) -> bytes:
    """A NUL-terminated name out of a string table; of hostile length it is cut."""
    end = table.find(b"\0", at, at + 256)
    return table[at : end if end >= 0 else at + 256]
