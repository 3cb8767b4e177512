"""PE: sections, version resource, CLI header (Microsoft PE/COFF specification; ECMA-335 §II.25 for the last).

Data directories are addresses: an address that no section maps is Malformed. Checksums and signatures are not looked at.
"""

import struct
from typing import NamedTuple

from pratique.cataloging.binary.image import Image, Segment, cut
from pratique.errors import Malformed

_MAX_RESOURCE = 1 << 20
_RT_VERSION = 16
_WRITE = 0x8000_0000
_RESOURCES, _CLI = 2, 14
_MAX_STRINGS = 200


class DataDirectory(NamedTuple):
    """A data directory: address and size; (0, 0) for none."""

    address: int
    size: int


class Pe:
    """A PE file whose headers were checked. Raises Malformed."""

    def __init__(self, view: memoryview) -> None:
        (at,) = struct.unpack("<I", cut(view, 0x3C, 4))
        if cut(view, at, 4) != b"PE\0\0":
            raise Malformed("PE: no PE header")
        _, count, _, _, _, optional, _ = struct.unpack("<HHIIIHH", cut(view, at + 4, 20))
        header = cut(view, at + 24, optional)
        magic = int.from_bytes(header[:2], "little")
        directories = {0x10B: 96, 0x20B: 112}.get(magic)
        if directories is None or len(header) < directories:
            raise Malformed("PE: no valid optional header")
        (listed,) = struct.unpack_from("<I", header, directories - 4)
        room = min(listed, 16, (len(header) - directories) // 8)
        self.directories = tuple(
            DataDirectory(*struct.unpack_from("<II", header, directories + 8 * index)) for index in range(room)
        )
        self._base = struct.unpack_from("<I" if magic == 0x10B else "<Q", header, 28 if magic == 0x10B else 24)[0]
        table = cut(view, at + 24 + optional, 40 * count)
        parts: list[Segment] = []
        self.end = at + 24 + optional + len(table)
        """Where the file ends for a loader: what lies behind was appended."""
        for begin in range(0, len(table), 40):
            name, virtual, address, size, offset, flags = struct.unpack_from("<8sIIII12xI", table, begin)
            self.end = max(self.end, offset + size)
            mapped = min(size, virtual) if virtual else size
            parts.append(Segment(name.rstrip(b"\0"), address, offset, mapped, writable=bool(flags & _WRITE)))
        # Addresses in these tables are relative to the image's base.
        self.relative = Image(view, False, tuple(parts), tuple(parts))

    def image(self) -> Image:
        """Sections as they are mapped, at absolute addresses."""
        parts = tuple(part._replace(address=part.address + self._base) for part in self.relative.sections)
        return Image(self.relative.view, False, parts, parts)

    def directory(self, index: int) -> DataDirectory:
        """One of the data directories."""
        return self.directories[index] if index < len(self.directories) else DataDirectory(0, 0)

    def cli(self) -> bytes:
        """The metadata of a .NET assembly (ECMA-335 §II.24); empty when it is none. Raises Malformed."""
        directory = self.directory(_CLI)
        if not directory.size:
            return b""
        address, size = struct.unpack("<II", self.relative.at(directory.address, 16)[8:])
        return self.relative.at(address, size)

    def version_strings(self) -> dict[str, str]:
        """The strings of the version resource (`VS_VERSIONINFO`), with `FixedFileVersion`. Raises Malformed."""
        directory = self.directory(_RESOURCES)
        if not directory.size:
            return {}
        at = self._resource(directory.address)
        if at is None:
            return {}
        address, size = struct.unpack("<II", self.relative.at(at, 8))
        if size > _MAX_RESOURCE:
            raise Malformed("PE: the version resource is too large")
        return _version_info(self.relative.at(address, size))

    def _resource(self, root: int) -> int | None:
        """The address of the first version resource's data entry: type, name, language, three levels down."""
        found, table = root, root
        for level in range(3):
            _, _, _, named, numbered = struct.unpack("<IIIHH4x", self.relative.at(table, 16) + b"\0\0\0\0")
            count = min(named + numbered, 4096)
            entries = list(struct.iter_unpack("<II", self.relative.at(table + 16, 8 * count)))
            chosen = next((to for key, to in entries if level or key == _RT_VERSION), None)
            if chosen is None or bool(chosen >> 31) != (level < 2):
                return None
            found = table = root + (chosen & 0x7FFF_FFFF)
        return found


def _version_info(data: bytes) -> dict[str, str]:
    """`VS_VERSIONINFO`: blocks of (length, value length, type, UTF-16 key, value, children), each aligned to four bytes."""
    strings: dict[str, str] = {}
    key, value_at, value_size, end = _block(data, 0, len(data))
    if key != "VS_VERSION_INFO":
        raise Malformed("PE: no valid version resource")
    if value_size >= 52:
        low_high = struct.unpack_from("<II", data, value_at + 8)
        strings["FixedFileVersion"] = ".".join(str(part) for word in low_high for part in (word >> 16, word & 0xFFFF))
    for block_at, block_end in _children(data, value_at + value_size, end):
        key, inner, size, _ = _block(data, block_at, block_end)
        if key != "StringFileInfo":
            continue
        for table_at, table_end in _children(data, inner + size, block_end):
            _, first, size, _ = _block(data, table_at, table_end)
            for string_at, string_end in _children(data, first + size, table_end):
                name, value_at, _, _ = _block(data, string_at, string_end)
                text = data[value_at:string_end].decode("utf-16-le", "replace").partition("\0")[0]
                if len(strings) < _MAX_STRINGS:
                    strings.setdefault(name, text)
    return strings


def _block(data: bytes, at: int, limit: int) -> tuple[str, int, int, int]:
    """Key, where the value begins, its size, where the block ends."""
    if at + 6 > limit:
        raise Malformed("PE: a version block is cut off")
    length, value_size, text = struct.unpack_from("<HHH", data, at)
    end = min(at + length, limit)
    if length < 6:
        raise Malformed("PE: a version block of no valid length")
    key = data[at + 6 : min(end, at + 6 + 128)].decode("utf-16-le", "replace").partition("\0")[0]
    value_at = at + 6 + 2 * (len(key.encode("utf-16-le")) // 2 + 1) + 3 & ~3
    return key, value_at, value_size * 2 if text else value_size, end


def _children(data: bytes, at: int, end: int) -> list[tuple[int, int]]:
    """Where the blocks between two offsets begin and end."""
    found: list[tuple[int, int]] = []
    at = at + 3 & ~3
    while at + 6 <= end and len(found) < _MAX_STRINGS:
        length = int.from_bytes(data[at : at + 2], "little")
        if length < 6:
            break
        found.append((at, min(end, at + length)))
        at = at + length + 3 & ~3
    return found
