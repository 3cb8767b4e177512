"""One rpm header as the databases hold it (rpm, docs/manual/hregions.md, format_header.md): an index of tags, then their data.

Big-endian. Of the tags only those asked for are looked at, each once, so the time is bounded by the header's size.
"""

import hashlib
import struct
from enum import Enum

from pratique.errors import Malformed

NAME, VERSION, RELEASE, EPOCH, SUMMARY = 1000, 1001, 1002, 1003, 1004
VENDOR, LICENSE, PACKAGER, URL, ARCH = 1011, 1014, 1015, 1020, 1022
OLD_FILENAMES, FILE_STATES, FILE_MODES = 1027, 1029, 1030
FILE_DIGESTS, FILE_LINKS, FILE_FLAGS = 1035, 1036, 1037
SOURCE_RPM, PROVIDES, REQUIRE_FLAGS, REQUIRES = 1044, 1047, 1048, 1049
DIR_INDEXES, BASE_NAMES, DIR_NAMES = 1116, 1117, 1118
HEADER_SHA1, HEADER_SHA256, DIGEST_ALGORITHM, MODULE = 269, 273, 5011, 5096

_INTEGERS = {1: "B", 2: "b", 3: "H", 4: "I", 5: "Q"}  # CHAR, INT8, INT16, INT32, INT64
_STRING, _STRINGS, _TRANSLATED = 6, 8, 9
_REGION, _REGION_KIND, _REGION_BYTES = 63, 7, 16
_MAGIC = bytes.fromhex("8eade80100000000")
_MAX_TAGS = 0xFFFF
_WANTED = frozenset(value for name, value in globals().items() if name.isupper() and name[0] != "_" and isinstance(value, int))


class HeaderProof(Enum):
    """Whether the header is what was built. `ABSENT`: it states no digest, or does not say of which bytes."""

    MATCHING = "matching"
    DIFFERENT = "different"
    ABSENT = "absent"


class Header:
    """The tags of one package. Raises Malformed."""

    def __init__(self, blob: bytes) -> None:
        if len(blob) < 8:
            raise Malformed("an rpm header is cut off")
        tags, size = struct.unpack_from(">II", blob)
        self._start: int = 8 + 16 * tags
        if not 0 < tags <= _MAX_TAGS or self._start + size > len(blob):
            raise Malformed(f"an rpm header of {tags} tags and {size} bytes in {len(blob)}")
        self._blob = blob
        self._end = self._start + size
        self._index: dict[int, tuple[int, int, int]] = {}
        for tag, kind, offset, count in struct.iter_unpack(">IIiI", blob[8 : self._start]):
            if tag in _WANTED:
                self._index.setdefault(tag, (kind, offset, count))

    def text(self, tag: int) -> str:
        """The first string of a tag; empty without it."""
        found = self.texts(tag)
        return found[0] if found else ""

    def texts(self, tag: int) -> list[str]:
        """The strings of a tag, bytes that are not UTF-8 as surrogates; none without it."""
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        if not kind:
            return []
        if kind not in (_STRING, _STRINGS, _TRANSLATED):
            raise Malformed(f"tag {tag} of an rpm header is no text")
        if kind == _STRING:
            count = 1
        start = self._at(tag, offset, count)
        found = self._blob[start : self._end].split(b"\0", count)
        if len(found) <= count:
            raise Malformed(f"tag {tag} of an rpm header is cut off")
        return [data.decode("utf-8", "surrogateescape") for data in found[:count]]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The integers of a tag; none without it."""
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        if not kind:
            return ()
        letter = _INTEGERS.get(kind)
        if letter is None:
            raise Malformed(f"tag {tag} of an rpm header is no number")
        width = struct.calcsize(f">{letter}")
        start = self._at(tag, offset, count * width)
        return struct.unpack_from(f">{count}{letter}", self._blob, start)

    def number(self, tag: int) -> int | None:
        """The first integer of a tag; None without it."""
        found = self.numbers(tag)
        return found[0] if found else None

    def proof(self) -> HeaderProof:
        """Hold the header against the digest that was put beside it when the package was built (rpm, docs/manual/tags.md).

        The digest is of the immutable region: the first tag says where in the data its trailer lies, and the trailer how many
        tags it has; what rpm added when it installed the package comes after both. Who signed it is not looked at.
        """
        stated = [("sha256", self.text(HEADER_SHA256)), ("sha1", self.text(HEADER_SHA1))]
        algorithm, digest = next((pair for pair in stated if pair[1]), ("", ""))
        tag, kind, offset, size = struct.unpack_from(">IIiI", self._blob, 8)
        trailer = self._start + offset
        if not digest or (tag, kind, size) != (_REGION, _REGION_KIND, _REGION_BYTES):
            return HeaderProof.ABSENT
        if offset < 0 or trailer + _REGION_BYTES > self._end:
            return HeaderProof.DIFFERENT
        tags_size = -struct.unpack_from(">i", self._blob, trailer + 8)[0]
        if not 0 < tags_size <= self._start - 8:
            return HeaderProof.DIFFERENT
        region = hashlib.new(algorithm, _MAGIC, usedforsecurity=False)
        region.update(struct.pack(">II", tags_size // 16, offset + _REGION_BYTES))
        region.update(self._blob[8 : 8 + tags_size])
        region.update(self._blob[self._start : trailer + _REGION_BYTES])
        return HeaderProof.MATCHING if region.hexdigest() == digest else HeaderProof.DIFFERENT

    def _at(self, tag: int, offset: int, least: int) -> int:
        """Where data begins that takes at least `least` bytes."""
        start = self._start + offset
        if offset < 0 or start + least > self._end:
            raise Malformed(f"tag {tag} of an rpm header is out of its data")
        return start
