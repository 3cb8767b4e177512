"""Programs that are packed, or carry others' programs in a form that is not read: known by bytes that no other program has. Pure.

What such a program is made of is not known, and that is said; its own bytes are not what runs.
"""

import zlib

from pratique.cataloging.binary.image import find
from pratique.inventory.packed.overlay import Executable

UPX = "UPX"
_UPX_MARK = b"UPX!"
_UPX_REACH = 4096
_HEADERS = 1024
_SAMPLE = 64 << 10
_SECTIONS = {
    b"UPX0": UPX,
    b"UPX1": UPX,
    b".aspack": "ASPack",
    b".adata": "ASPack",
    b".MPRESS1": "MPRESS",
    b".MPRESS2": "MPRESS",
    b".petite": "Petite",
    b"PEC2": "PECompact",
    b"pec1": "PECompact",
    b"PEC2TO": "PECompact",
    b".vmp0": "VMProtect",
    b".vmp1": "VMProtect",
    b".themida": "Themida",
    b".winlice": "WinLicense",
    b".enigma1": "Enigma",
    b".enigma2": "Enigma",
    b"nsp0": "NsPack",
    b".nsp0": "NsPack",
    b".MPRESS": "MPRESS",
    b".yP": "Yoda's Protector",
    b"kkrunchy": "kkrunchy",
    b"FSG!": "FSG",
}
_CARRIERS = {
    b".wixburn": "an installer of WiX",
    b"_winzip_": "a self-extracting archive of WinZip",
    b"d3n0l4nd": "a program of Deno",
    b".d3n0l4nd": "a program of Deno",
    b".bun": "a program of Bun",
    b"__BUN,__bun": "a program of Bun",
    b"__NODE_SEA,__NODE_SEA_BLOB": "a single executable of Node.js",
}
_APPENDED = (
    (b"\xef\xbe\xad\xdeNullsoftInst", "an installer of NSIS"),
    (b"Inno Setup Setup Data", "an installer of Inno Setup"),
    (b"pkg/prelude/bootstrap.js", "a program of Node.js packed by pkg"),
    (b"<nexe~~sentinel>", "a program of Node.js packed by nexe"),
)
_TRAILERS = (
    (b"\n---- Bun! ----\n", "a program of Bun"),
    (b"d3n0l4nd", "a program of Deno"),
    (b"<nexe~~sentinel>", "a program of Node.js packed by nexe"),
)
_TAIL = 4096
_LARGE = 16 << 20
_SEA = b"NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1"
_INNO_HEAD = 1 << 20


def packer_of(view: memoryview, program: Executable) -> str:
    """The name of what the program was packed with; "" for none that is known."""
    found = next((_SECTIONS[name] for name in program.sections if name in _SECTIONS), "")
    if found:
        return found
    # UPX puts its own header among the first of the bytes, right behind those of ELF and Mach-O.
    if program.form != "pe" and next(find(view, _UPX_MARK, 0, _UPX_REACH if not program.sections else _HEADERS), -1) >= 0:
        return UPX
    if (
        program.form == "elf"
        and not program.sections
        and next(find(view, _UPX_MARK, max(len(view) - _HEADERS, 0), len(view)), -1) >= 0
    ):
        return UPX  # a whole file, which a loader of another kind writes out and runs
    # Its mark is easily taken away. Then a program without sections is left, whose code no compressor makes smaller.
    if program.form == "elf" and not program.sections and _is_opaque(view):
        return "something that is not known: its code is compressed or encrypted"
    return ""


def _is_opaque(view: memoryview) -> bool:
    """Whether the middle of a file cannot be compressed; machine code shrinks by a third and more."""
    middle = len(view) // 2
    sample = bytes(view[max(middle - _SAMPLE // 2, 0) : middle + _SAMPLE // 2])
    return len(sample) >= _SAMPLE // 4 and len(zlib.compress(sample, 1)) > len(sample) * 49 // 50


def carrier_of(view: memoryview, program: Executable) -> str:
    """What kind of program it is whose modules are appended or embedded in a form that is not read; "" for none that is known."""
    named = next((_CARRIERS[name] for name in program.sections if name in _CARRIERS), "")
    if named:
        return named
    if program.end < len(view):
        tail = bytes(view[max(program.end, len(view) - _TAIL) :])
        found = next((words for mark, words in _TRAILERS if mark in tail), "")
        if found:
            return found
        end = min(len(view), program.end + _INNO_HEAD)
        found = next((words for mark, words in _APPENDED if next(find(view, mark, program.end, end), -1) >= 0), "")
        if found:
            return found
        if next(find(view, b"pkg/prelude/bootstrap.js", max(program.end, len(view) - _INNO_HEAD), len(view)), -1) >= 0:
            return "a program of Node.js packed by pkg"
    if len(view) >= _LARGE and next(find(view, _SEA, 0, len(view)), -1) >= 0:
        return "a single executable of Node.js"
    return ""
