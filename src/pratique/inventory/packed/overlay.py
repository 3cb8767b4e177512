"""Where an executable ends and what was appended begins, with the names of its sections. Pure."""

from typing import NamedTuple

from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.macho import read_macho
from pratique.cataloging.binary.pe import Pe
from pratique.errors import Malformed


class Executable(NamedTuple):
    """`form`: `elf`, `pe` or `mach-o`. `end`: of what a loader sees; the size of the file where nothing follows.

    `sections`: names; none where the headers do not say.
    """

    form: str
    end: int
    sections: tuple[bytes, ...] = ()


def read_executable(view: memoryview) -> Executable | None:
    """None for what is none, or has headers that cannot be read: whoever reads executables says so."""
    head = bytes(view[:4])
    try:
        if head == b"\x7fELF":
            elf = Elf(view)
            # A relocatable object or a core has no end that a loader sees.
            end = len(view) if elf.kind in (1, 4) else min(elf.end(), len(view))
            return Executable("elf", end, tuple(filter(None, elf.section_names().split(b"\0"))))
        if head[:2] == b"MZ":
            pe = Pe(view)
            return Executable("pe", min(pe.end, len(view)), tuple(part.name for part in pe.relative.sections))
        image = read_macho(view)
        end = max((part.offset + part.size for part in image.segments), default=len(view))
        return Executable("mach-o", min(end, len(view)), tuple(part.name for part in image.sections))
    except Malformed:
        return None
