"""The package that a binary was built for: the ELF note of the FDO packaging metadata specification.

`.note.package`, owner `FDO`, type 0xcafe1a7e; the descriptor is a JSON object, NUL-terminated.
"""

from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.image import Image
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object

SECTION = b".note.package"
_OWNER, _KIND = b"FDO", 0xCAFE1A7E
_MAX_JSON = 64 << 10


def read_package_note(elf: Elf, image: Image) -> dict[str, str]:
    """The fields that are text, such as type, os, osVersion, name, version, architecture, osCpe. Raises Malformed."""
    for part in image.sections:
        if not part.note or (part.name and part.name != SECTION):
            continue
        for note in elf.notes(part):
            if note.owner == _OWNER and note.kind == _KIND:
                if len(note.data) > _MAX_JSON:
                    raise Malformed("package note: too large")
                document = read_json_object(note.data.rstrip(b"\0"))
                return {key: value for key, value in document.items() if isinstance(value, str)}
    return {}
