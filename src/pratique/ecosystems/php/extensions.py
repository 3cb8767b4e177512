"""Extensions of PHP, by what they say of themselves: the `zend_module_entry` of a library that PHP loads (Zend/zend_modules.h).

An extension has in its data a structure of a known size, with the number of the API it was built for, and pointers to its
name and its version, which the loader fills in by relative relocations. Read are libraries of 64 bits, little-endian. What
PECL or a package manager installed with metadata is told by that; this is for what `docker-php-ext-install` and `make
install` leave behind. All RECOGNISED: nothing says where it comes from.
"""

import json
import struct
from dataclasses import dataclass, field

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.image import Image, Segment
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Presence, Tree

_PROBE = "php-extension"
_SHARED = 3
_ENTRY = lazy(rb"\xa8\0[\0-\xff]{2}([\0-\xff]{4})[\0\1]{2}")
_NAME, _VERSION = 32, 88  # bytes into the structure
_FIRST, _LAST = 2004_00_00, 2100_00_00
"""The API's number is a date: `20220829`."""
_RELATIVE = frozenset({8, 1027})  # R_X86_64_RELATIVE, R_AARCH64_RELATIVE
_RELOCATION = struct.Struct("<QQq")
_MOST = 32 << 20
_MOST_STEPS = 1_000_000  # a real one has one structure, and a few segments to look an address up in
_TEXT = lazy(rb"[ -~]{1,100}\0")


@dataclass(frozen=True, slots=True)
class ExtensionProbe:
    """Facts: a JSON array [name, version, number of the API]."""

    name: str = _PROBE
    interest: Interest = field(default=Interest(endings=frozenset({".so"})))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Libraries below a folder of PHP."""
        return "php" in path and head[:6] == b"\x7fELF\2\1"

    def read(self, content: FileContent) -> bytes:
        """Empty for a library that is no extension. Raises Malformed."""
        elf = Elf(content.view)
        found = _module(elf.image()) if elf.kind == _SHARED else None
        return json.dumps(found).encode() if found else b""


class PhpExtensionCataloger:
    """See the module."""

    name = "php-extensions"
    version = 2
    interest = Interest()
    probes = (ExtensionProbe(),)

    def keeps(self, path: str) -> bool:
        """None: the probe reads what is needed."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each extension."""
        out = Collector(tree)
        for path in sorted(path for path, facts in tree.facts.items() if _PROBE in facts):
            if not out.component(_component(out, path, *json.loads(tree.facts[path][_PROBE]))):
                break
        return out.result()


def _component(out: Collector, path: str, name: str, version: str, api: int) -> Component:
    # In a registry of names of everything, `redis` is a server.
    purl = build_purl("generic", f"php-{name.lower().replace(' ', '-')}", version)
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name=f"php-{name}",
        version=version,
        presence=Presence.RECOGNISED,
        evidence=(path,),
        layer=out.layer_of(path),
        facts={"php:api": str(api)},
    )


def _module(image: Image) -> tuple[str, str, int] | None:
    """Name, version and API of the first structure that has them. Raises Malformed where too much looks like one: segments may
    lie over one another, so that a small file could ask for any amount of work."""
    moved: dict[int, int] | None = None
    left, steps = _MOST, _MOST_STEPS
    for part in image.segments:
        if not part.writable or part.size > _MOST:
            continue
        left -= part.size
        if left < 0:
            raise Malformed(f"more than {_MOST >> 20} MiB of data to look for an extension of PHP in")
        data = image.data(part, _MOST)
        for found in _ENTRY.finditer(data):
            (api,) = struct.unpack("<I", found[1])
            if found.start() % 8 or not _FIRST < api < _LAST:
                continue
            steps -= 2 * len(image.segments)
            if steps < 0:
                raise Malformed("too much that looks like an extension of PHP")
            moved = _relocations(image) if moved is None else moved
            place = part.address + found.start()
            name, version = (_text(image, part, data, place + at, moved) for at in (_NAME, _VERSION))
            version = version.removeprefix(f"{name} ")  # as mysqlnd says it
            if name and version[:1].isdigit():
                return name, version, api
    return None


def _relocations(image: Image) -> dict[int, int]:
    """Address → what the loader puts there."""
    rows = image.section(b".rela.dyn")
    table = image.data(rows, _MOST) if rows is not None else b""
    whole = table[: len(table) // _RELOCATION.size * _RELOCATION.size]
    return {at: value for at, info, value in _RELOCATION.iter_unpack(whole) if info & 0xFFFFFFFF in _RELATIVE}


def _text(image: Image, part: Segment, data: bytes, address: int, moved: dict[int, int]) -> str:
    """What the pointer at an address points at; "" for nothing that is text. Packed relocations leave it where it is."""
    at = address - part.address
    target = moved.get(address) or int.from_bytes(data[at : at + 8], "little")
    for other in image.segments:
        if other.address <= target < other.address + other.size:
            begin = other.offset + target - other.address
            match = _TEXT.match(bytes(image.view[begin : begin + 101]))
            return clean(match[0][:-1].decode("ascii"), 100) if match else ""
    return ""
