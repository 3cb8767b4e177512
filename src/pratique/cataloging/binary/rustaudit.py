"""The crates a Rust binary was built from: what `cargo auditable` puts into the section `.dep-v0`.

zlib (RFC 1950) around JSON: `{"packages": [{"name", "version", "source", "kind", "dependencies": [index…], "root"}]}`
(cargo-auditable, PARSING.md). Dependencies are indices into the list; a list that points outside itself is Malformed.
"""

import zlib
from typing import Any, NamedTuple

from pratique.cataloging.binary.image import Image
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object

SECTIONS = (b".dep-v0", b"__DATA,.dep-v0")
_MAX_PACKED = 8 << 20
_MAX_JSON = 32 << 20
_MAX_PACKAGES = 50_000


class Crate(NamedTuple):
    """`source`: `crates.io`, `git`, `local`, `registry` or a newer word. `build`: needed to build, not in the binary."""

    name: str
    version: str
    source: str
    build: bool
    root: bool
    dependencies: tuple[int, ...]


def read_rust(image: Image) -> tuple[Crate, ...]:
    """The crates; none for a binary that does not say. Raises Malformed."""
    part = next((part for name in SECTIONS if (part := image.section(name)) is not None), None)
    if part is None:
        return ()
    inflate = zlib.decompressobj()
    try:
        # Windows' linker pads sections with zeros: what follows the stream is not looked at.
        data = inflate.decompress(image.data(part, _MAX_PACKED), _MAX_JSON)
    except zlib.error as error:
        raise Malformed("cargo-auditable: not a zlib stream") from error
    if not inflate.eof:
        raise Malformed(f"cargo-auditable: cut off, or more than {_MAX_JSON} bytes")
    packages = read_json_object(data).get("packages")
    if not isinstance(packages, list) or len(packages) > _MAX_PACKAGES:
        raise Malformed("cargo-auditable: no valid list of packages")
    return tuple([_crate(package, len(packages)) for package in packages])


def _crate(value: Any, count: int) -> Crate:
    if not isinstance(value, dict):
        raise Malformed("cargo-auditable: a package that is not an object")
    name, version, source = value.get("name"), value.get("version"), value.get("source", "")
    needs = value.get("dependencies", [])
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(source, str) or not name:
        raise Malformed("cargo-auditable: a package without a name or version")
    if not isinstance(needs, list) or len(needs) > count:
        raise Malformed("cargo-auditable: dependencies that are not a list of indices")
    if any(not isinstance(index, int) or not 0 <= index < count for index in needs):
        raise Malformed("cargo-auditable: a dependency outside the list")
    return Crate(name, version, source, value.get("kind") == "build", value.get("root") is True, tuple(needs))
