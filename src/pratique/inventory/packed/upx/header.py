"""UPX's own header, which every program that it packed carries (its source, `packhead.cpp`). Pure."""

import struct
from typing import NamedTuple

from pratique.errors import Malformed

MAGIC = b"UPX!"
SIZE = 32
_OLDEST, _NEWEST = 12, 14
_BIG_ENDIAN = 128


class Header(NamedTuple):
    """`at`: where it begins in what was searched. `format`: of what was packed. `method`: its compression. `size`, `packed_size`:
    bytes, before and after. `checksum`, `packed_checksum`: Adler-32 of both. `file_size`: of the original. `filter`, `mark`: what
    its code went through."""

    at: int
    format: int
    method: int
    checksum: int
    packed_checksum: int
    size: int
    packed_size: int
    file_size: int
    filter: int
    mark: int


def find_header(data: bytes, *, last: bool = False) -> Header:
    """The first header, or the last, whose checksum is right. Raises Malformed."""
    step = data.rfind if last else data.find
    at = step(MAGIC)
    while at >= 0:
        row = data[at : at + SIZE]
        if len(row) == SIZE and sum(row[4 : SIZE - 1]) % 251 == row[SIZE - 1] and row[4]:
            return _read(row, at)
        at = data.rfind(MAGIC, 0, at) if last else data.find(MAGIC, at + 1)
    raise Malformed("its header was taken away or changed")


def _read(row: bytes, at: int) -> Header:
    version, kind, method = row[4], row[5], row[6]
    if not _OLDEST <= version <= _NEWEST:
        raise Malformed(f"it was packed by a UPX of another time (version {version} of its header)")
    if kind >= _BIG_ENDIAN:
        size, packed_size, checksum, packed_checksum, file_size = struct.unpack_from(">IIIII", row, 8)
    else:
        checksum, packed_checksum, size, packed_size, file_size = struct.unpack_from("<IIIII", row, 8)
    return Header(at, kind, method, checksum, packed_checksum, size, packed_size, file_size, row[28], row[29])
