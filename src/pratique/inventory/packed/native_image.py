"""Native images of GraalVM: a program compiled from Java, in which no archive is left, but often a bill of materials. Pure.

It is gzip'd CycloneDX between the symbols `sbom` and `sbom_length` of the program (GraalVM, «Embed an SBOM in a Native Image»).
"""

import hashlib
import struct

from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.image import Image
from pratique.ecosystems.jvm.native_image import SBOM
from pratique.errors import Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.streams import inflated
from pratique.model import FileEntry, FileKind, Tree

SECTIONS = (b".svm_heap", b"__DATA,__svm_heap", b".svm_hea")
"""Where such a program has its heap: in ELF, Mach-O and PE."""
_SYMBOL = struct.Struct("<IBBHQQ")
_TABLES = ((b".dynsym", b".dynstr"), (b".symtab", b".strtab"))
_MAX_TABLE = 256 << 20
_MAX_SBOM = 64 << 20


def read_native_image(view: memoryview, budget: Budget) -> Tree:
    """A tree with the bill of materials. Raises Malformed where there is none, or not where it is looked for; LimitExceeded."""
    if bytes(view[:4]) != b"\x7fELF" or view[4] != 2 or view[5] != 1:
        raise Malformed("a native image of GraalVM: what was compiled into it is not known")
    image = Elf(view).image()
    start, length = _address(image, b"sbom"), _address(image, b"sbom_length")
    if not start or not length:
        raise Malformed("a native image of GraalVM without a bill of materials: what was compiled into it is not known")
    (size,) = struct.unpack("<Q", image.at(length, 8))
    if size > _MAX_SBOM:
        raise Malformed(f"a native image of GraalVM with a bill of materials of more than {_MAX_SBOM} bytes")
    data = b"".join(inflated("gzip", memoryview(image.at(start, size)), budget))
    entry = FileEntry(SBOM, FileKind.FILE, 0o644, len(data), hashlib.sha256(data).hexdigest())
    return Tree(entries={SBOM: entry}, contents={SBOM: data})


def _address(image: Image, name: bytes) -> int:
    """Of a symbol; 0 for none of that name."""
    for symbols, strings in _TABLES:
        table, names = image.section(symbols), image.section(strings)
        if table is None or names is None:
            continue
        text = image.data(names, _MAX_TABLE)
        at = 0 if text.startswith(name + b"\0") else text.find(b"\0" + name + b"\0") + 1
        if not at and not text.startswith(name + b"\0"):
            continue
        rows = image.data(table, _MAX_TABLE)
        for place, _, _, _, value, _ in _SYMBOL.iter_unpack(rows[: len(rows) // _SYMBOL.size * _SYMBOL.size]):
            if place == at:
                return int(value)
    return 0
