"""Name and version of a .NET assembly: the one row of the Assembly table (ECMA-335 §II.22.2, §II.24).

Where that row lies depends on the size of all tables before it, and that on the number of rows of others; so their columns
are listed here. Only the uncompressed metadata stream `#~` is read.
"""

import struct
from typing import NamedTuple

from pratique.cataloging.binary.image import cut
from pratique.errors import Malformed

_MAX_ROWS = 1 << 24  # a token has three bytes for the row
_ASSEMBLY = 0x20

# Coded indices (§II.24.2.6): bits of the tag, and the tables that one may point into.
_CODED = {
    "TypeDefOrRef": (2, (0x02, 0x01, 0x1B)),
    "HasConstant": (2, (0x04, 0x08, 0x17)),
    "HasCustomAttribute": (
        5,
        (6, 4, 1, 2, 8, 9, 10, 0, 14, 23, 20, 17, 26, 27, 32, 35, 38, 39, 40, 42, 44, 43),
    ),
    "HasFieldMarshal": (1, (0x04, 0x08)),
    "HasDeclSecurity": (2, (0x02, 0x06, 0x20)),
    "MemberRefParent": (3, (0x02, 0x01, 0x1A, 0x06, 0x1B)),
    "HasSemantics": (1, (0x14, 0x17)),
    "MethodDefOrRef": (1, (0x06, 0x0A)),
    "MemberForwarded": (1, (0x04, 0x06)),
    "CustomAttributeType": (3, (0x06, 0x0A)),
    "ResolutionScope": (2, (0x00, 0x1A, 0x23, 0x01)),
}

# Columns (§II.22): a number of bytes, `string`, `guid`, `blob`, a coded index, or `#` and the table that a plain index is into.
_COLUMNS: tuple[tuple[int | str, ...], ...] = (
    (2, "string", "guid", "guid", "guid"),  # 0x00 Module
    ("ResolutionScope", "string", "string"),  # TypeRef
    (4, "string", "string", "TypeDefOrRef", "#04", "#06"),  # TypeDef
    ("#04",),  # FieldPtr
    (2, "string", "blob"),  # Field
    ("#06",),  # MethodPtr
    (4, 2, 2, "string", "blob", "#08"),  # MethodDef
    ("#08",),  # ParamPtr
    (2, 2, "string"),  # 0x08 Param
    ("#02", "TypeDefOrRef"),  # InterfaceImpl
    ("MemberRefParent", "string", "blob"),  # MemberRef
    (2, "HasConstant", "blob"),  # Constant
    ("HasCustomAttribute", "CustomAttributeType", "blob"),  # CustomAttribute
    ("HasFieldMarshal", "blob"),  # FieldMarshal
    (2, "HasDeclSecurity", "blob"),  # DeclSecurity
    (2, 4, "#02"),  # ClassLayout
    (4, "#04"),  # 0x10 FieldLayout
    ("blob",),  # StandAloneSig
    ("#02", "#14"),  # EventMap
    ("#14",),  # EventPtr
    (2, "string", "TypeDefOrRef"),  # Event
    ("#02", "#17"),  # PropertyMap
    ("#17",),  # PropertyPtr
    (2, "string", "blob"),  # Property
    (2, "#06", "HasSemantics"),  # 0x18 MethodSemantics
    ("#02", "MethodDefOrRef", "MethodDefOrRef"),  # MethodImpl
    ("string",),  # ModuleRef
    ("blob",),  # TypeSpec
    (2, "MemberForwarded", "string", "#1a"),  # ImplMap
    (4, "#04"),  # FieldRVA
    (4, 4),  # EncLog
    (4,),  # EncMap
    (4, 2, 2, 2, 2, 4, "blob", "string", "string"),  # 0x20 Assembly
)


class Assembly(NamedTuple):
    """`version`: four numbers. `signed`: it has a public key, so that its name is a strong one."""

    name: str
    version: str
    signed: bool


def read_assembly(metadata: bytes) -> Assembly | None:
    """Out of the metadata that the CLI header points to; None for a module without an assembly. Raises Malformed."""
    view = memoryview(metadata)
    streams = _streams(view)
    if b"#~" not in streams or b"#Strings" not in streams:
        raise Malformed(".NET: no metadata tables")
    tables, strings = streams[b"#~"], bytes(streams[b"#Strings"])
    heaps, valid = struct.unpack("<6xBxQ8x", cut(tables, 0, 24))
    present = [table for table in range(64) if valid >> table & 1]
    counts = struct.unpack(f"<{len(present)}I", cut(tables, 24, 4 * len(present)))
    if any(count > _MAX_ROWS for count in counts):
        raise Malformed(".NET: more rows than a table can have")
    rows = dict(zip(present, counts, strict=True))
    if not rows.get(_ASSEMBLY):
        return None
    at = 24 + 4 * len(present)
    for table in present:
        if table < _ASSEMBLY:
            at += rows[table] * sum(_width(column, rows, heaps) for column in _COLUMNS[table])
    widths = [_width(column, rows, heaps) for column in _COLUMNS[_ASSEMBLY]]
    row = cut(tables, at, sum(widths))
    version = struct.unpack_from("<4H", row, 4)
    key = int.from_bytes(row[16 : 16 + widths[6]], "little")
    name_at = int.from_bytes(row[16 + widths[6] : 16 + widths[6] + widths[7]], "little")
    end = strings.find(b"\0", name_at, name_at + 1024)
    if not name_at or end < 0:
        raise Malformed(".NET: an assembly without a name")
    return Assembly(strings[name_at:end].decode("utf-8", "replace"), ".".join(map(str, version)), bool(key))


def _streams(view: memoryview) -> dict[bytes, memoryview]:
    if cut(view, 0, 4) != b"BSJB":
        raise Malformed(".NET: no valid metadata")
    (length,) = struct.unpack("<I", cut(view, 12, 4))
    at = 16 + length
    (count,) = struct.unpack("<2xH", cut(view, at, 4))
    at += 4
    found: dict[bytes, memoryview] = {}
    for _ in range(count):
        offset, size = struct.unpack("<II", cut(view, at, 8))
        name = bytes(view[at + 8 : at + 40]).partition(b"\0")[0]
        if len(name) > 31 or offset + size > len(view):
            raise Malformed(".NET: a stream beyond the end of the metadata")
        found.setdefault(name, view[offset : offset + size])
        at += 8 + (len(name) + 4 & ~3)
    return found


def _width(column: int | str, rows: dict[int, int], heaps: int) -> int:
    """Bytes of a column: an index takes four where two would not reach."""
    if isinstance(column, int):
        return column
    if column in ("string", "guid", "blob"):
        return 4 if heaps >> ("string", "guid", "blob").index(column) & 1 else 2
    if column[0] == "#":
        return 4 if rows.get(int(column[1:], 16), 0) > 0xFFFF else 2
    bits, tables = _CODED[column]
    return 4 if max(rows.get(table, 0) for table in tables) >= 1 << (16 - bits) else 2
