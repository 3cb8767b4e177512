"""The probe over executables: each is read once, for all that compilers and packagers say in it. Pure.

Its facts are a JSON object with one member for each thing found: `go`, `rust`, `note`, `pe`. Most files have none of them,
and that is seen from the names of their sections: a file is searched when those are Go's, or nobody's.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.binary import assembly, gobuild, macho, packagenote, rustaudit
from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.image import Image
from pratique.cataloging.binary.pe import Pe
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.model import Tree

_TELLING = lazy(rb"\.go\.buildinfo|\.dep-v0|\.note\.package|\.gopclntab|\.note\.go\.|\.noptrdata|\.typelink|\.itablink")
"""What Go's linker names, too: a section is easily given another name, and the blob in it is found without."""
_COMPILED = b".eh_frame"
"""In what C, C++ and Rust come to; Go alone writes none. Whoever names no section so has its data searched."""
_OBJECT, _CORE = 1, 4
_STRINGS = ("ProductName", "ProductVersion", "FileVersion", "FixedFileVersion", "CompanyName", "OriginalFilename")


@dataclass(frozen=True, slots=True)
class ExecutableProbe:
    """See the module."""

    name: str = "executable"
    interest: Interest = field(
        default=Interest(
            magics=frozenset(
                {b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"}
                | {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}
            )
        )
    )

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """All but class files of Java, which share a magic with universal binaries, and relocatable objects."""
        if head[:3] == b"\xca\xfe\xba":
            return int.from_bytes(head[4:8], "big") < 45
        return size >= 64

    def read(self, content: FileContent) -> bytes:
        """The facts. Raises Malformed."""
        view = content.view
        magic = bytes(view[:4])
        if magic == b"\x7fELF":
            facts = _elf(view)
        elif magic[:2] == b"MZ":
            facts = _pe(view)
        else:
            # The slices of a universal binary are one program for several machines.
            facts = next((found for part in macho.slices(view) if (found := _common(macho.read_macho(part)))), {})
        return json.dumps(facts, sort_keys=True).encode() if facts else b""


def executable_facts(tree: Tree, path: str) -> dict[str, Any]:
    """What the probe found in a file; empty for nothing."""
    data = tree.facts.get(path, {}).get("executable")
    found: dict[str, Any] = json.loads(data) if data else {}
    return found


def _elf(view: memoryview) -> dict[str, Any]:
    elf = Elf(view)
    names = elf.section_names()
    if elf.kind in (_OBJECT, _CORE) or (_COMPILED in names and not _TELLING.search(names)):
        return {}
    image = elf.image()
    facts = _common(image)
    note = packagenote.read_package_note(elf, image)
    return {**facts, "note": note} if note else facts


def _common(image: Image) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    go = gobuild.read_go(image)
    if go is not None:
        facts["go"] = go._asdict()
    rust = rustaudit.read_rust(image)
    if rust:
        facts["rust"] = rust
    return facts


def _pe(view: memoryview) -> dict[str, Any]:
    if int.from_bytes(view[0x3C:0x40], "little") < 0x40 or bytes(view[:2]) != b"MZ":
        return {}  # a program for DOS, or text that begins so
    try:
        pe = Pe(view)
    except Malformed:
        if bytes(view[int.from_bytes(view[0x3C:0x40], "little") :][:4]) != b"PE\0\0":
            return {}
        raise
    facts = _common(pe.image())
    described: dict[str, Any] = {key: value for key, value in pe.version_strings().items() if key in _STRINGS}
    metadata = pe.cli()
    found = assembly.read_assembly(metadata) if metadata else None
    if found is not None:
        described["assembly"] = found._asdict()
    return {**facts, "pe": described} if described else facts
