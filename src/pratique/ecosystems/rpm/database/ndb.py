"""rpm's own container `Packages.db` (rpm, lib/backend/ndb/rpmpkg.c): slots that point to blobs. Little-endian. Pure."""

import struct
from collections.abc import Iterator

from pratique.artifact.content import FileContent
from pratique.errors import Malformed

MAGIC = b"RpmP"
_PAGE = 4096
_SLOT = 16
_BLOCK = 16
_BLOB_HEADER = 16
_BLOB_TAIL = 12


def read_ndb(content: FileContent) -> Iterator[bytes]:
    """The headers in the order of the slots. Raises Malformed, also on the way. Together they are no larger than the file."""
    header = content.read(0, 32)
    if len(header) < 32 or header[:4] != MAGIC:
        raise Malformed("not an ndb database of rpm")
    version, _, pages = struct.unpack_from("<III", header, 4)
    if version != 0 or not 0 < pages * _PAGE <= len(content):
        raise Malformed(f"an ndb database of version {version} with {pages} pages of slots")
    left = len(content)
    slots = content.read(0, pages * _PAGE)
    for at in range(2 * _SLOT, len(slots) - _SLOT + 1, _SLOT):
        magic, index, offset, blocks = struct.unpack_from("<4sIII", slots, at)
        if magic != b"Slot":
            raise Malformed(f"slot {at // _SLOT} of an ndb database is broken")
        if not index:
            continue
        start = offset * _BLOCK
        blob = content.read(start, _BLOB_HEADER)
        if len(blob) < _BLOB_HEADER or blob[:4] != b"BlbS" or struct.unpack_from("<I", blob, 4)[0] != index:
            raise Malformed(f"package {index} of an ndb database has no blob")
        size = struct.unpack_from("<I", blob, 12)[0]
        data = content.read(start + _BLOB_HEADER, size)
        left -= size
        if len(data) < size or size + _BLOB_HEADER + _BLOB_TAIL > blocks * _BLOCK or left < 0:
            raise Malformed(f"package {index} of an ndb database is cut off")
        yield data
