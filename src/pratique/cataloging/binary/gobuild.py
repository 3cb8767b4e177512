"""What the Go linker says of a binary: the Go version, the modules with their sums, the settings of the build.

The blob begins with `\\xff Go buildinf:` at an address that is a multiple of 16 (Go, src/debug/buildinfo/buildinfo.go): since
Go 1.18 the two strings follow it, before that two pointers to string headers did. The module part is text, a line a module
(Go, src/runtime/debug/mod.go). Binaries of `go build` without modules, and of before Go 1.13, have none.
"""

import json
import struct
from typing import NamedTuple

from pratique.cataloging.binary.image import Image, Segment, cut, find
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy

MAGIC = b"\xff Go buildinf:"
_MAX_TEXT = 16 << 20
_MAX_MODULES = 100_000
_SEARCHED = 32 << 20
"""As far as a data segment is searched: the blob begins it, or follows its relocated constants."""
_SECTIONS = (b".go.buildinfo", b"__DATA,__go_buildinfo", b"__DATA_CONST,__go_buildinfo")
_VERSION = lazy(r"(?:go|devel)[ -~]*")
_QUOTED = lazy(r'"(?:[^"\\]|\\.)*"|`[^`]*`')


class Module(NamedTuple):
    """`sum`: `h1:…`, empty where it is not known: the main module, and a folder. `replaces`: `path@version`, or empty."""

    path: str
    version: str
    sum: str
    replaces: str = ""


class GoBuild(NamedTuple):
    """`go`: `go1.22.3` and what may follow. `package`: of its main function. `dependencies`: as built, after replacements."""

    go: str
    package: str
    main: Module | None
    dependencies: tuple[Module, ...]
    settings: dict[str, str]


def read_go(image: Image) -> GoBuild | None:
    """The build information; None for a binary that has none. Raises Malformed for one that is broken."""
    for part in _places(image):
        shift = part.address - part.offset
        found = find(image.view, MAGIC, part.offset, part.offset + part.size)
        at = next((at for at in found if (at + shift) % 16 == 0), None)
        if at is not None:
            version, modules = _strings(image, at)
            return _parse(version, modules)
    return None


def _places(image: Image) -> list[Segment]:
    named = [part for name in _SECTIONS if (part := image.section(name)) is not None]
    # Windows has no section for it, a stripped ELF file none at all, and a section may be called anything: it is in the data.
    parts = [part for part in image.segments if part.writable]
    return [*named, *(part._replace(size=min(part.size, _SEARCHED)) for part in parts[:4])]


def _strings(image: Image, at: int) -> tuple[str, bytes]:
    head = cut(image.view, at, 32)
    size, flags = head[14], head[15]
    if flags & 2:
        version, after = _inline(image.view, at + 32)
        modules, _ = _inline(image.view, after)
    else:
        if size not in (4, 8):
            raise Malformed("Go build information with pointers of no valid size")
        order = ">" if flags & 1 else "<"
        word = struct.Struct(order + ("I" if size == 4 else "Q"))
        pair = struct.Struct(order + ("II" if size == 4 else "QQ"))
        found: list[bytes] = []
        for begin in (16, 16 + size):
            (header,) = word.unpack_from(head, begin)
            if not header:
                found.append(b"")
                continue
            address, length = pair.unpack(image.at(header, pair.size))
            if length > _MAX_TEXT:
                raise Malformed("Go build information that is too large")
            found.append(image.at(address, length) if length else b"")
        version, modules = found
    text = version.decode("utf-8", "replace")
    if not _VERSION.fullmatch(text):
        raise Malformed("Go build information without a version of Go")
    # Sixteen bytes on either side mark the text for those who search memory for it.
    return text, modules[16:-16] if len(modules) >= 33 and modules[-17] == 0x0A else b""


def _inline(view: memoryview, at: int) -> tuple[bytes, int]:
    """A string after its length as a varint (base 128, the lowest first)."""
    length = shift = 0
    for byte in bytes(view[at : at + 5]):
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if length > _MAX_TEXT:
                break
            return cut(view, at, length), at + length
    raise Malformed("Go build information with a string of no valid length")


def _parse(go: str, data: bytes) -> GoBuild:
    package, main = "", None
    dependencies: list[Module] = []
    settings: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "path":
            package = rest
        elif kind == "build":
            key, value = _setting(rest)
            settings.setdefault(key, value)
        elif kind in ("mod", "dep", "=>"):
            fields = rest.split("\t")
            module = Module(*[*fields, "", "", ""][:3])
            if kind == "mod":
                main = module
            elif kind == "dep":
                dependencies.append(module)
            elif dependencies:
                before = dependencies[-1]
                dependencies[-1] = module._replace(replaces=f"{before.path}@{before.version}")
            if len(dependencies) > _MAX_MODULES:
                raise Malformed(f"Go build information with more than {_MAX_MODULES} modules")
    return GoBuild(go, package, main, tuple(dependencies), settings)


def _setting(text: str) -> tuple[str, str]:
    """`key=value`; either is quoted as Go quotes where it has to be."""
    quoted = _QUOTED.match(text)
    if quoted and text[quoted.end() : quoted.end() + 1] == "=":
        key, value = quoted.group(), text[quoted.end() + 1 :]
    else:
        key, _, value = text.partition("=")
    return _unquoted(key), _unquoted(value)


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != text[-1]:
        return text
    if text[0] == "`":
        return text[1:-1]
    if text[0] == '"':
        try:
            # Go's escapes beyond JSON's are those of control characters, which nobody is served by here.
            value = json.loads(text)
        except ValueError:
            return text[1:-1]
        return value if isinstance(value, str) else text
    return text
