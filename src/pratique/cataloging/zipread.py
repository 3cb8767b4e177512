"""Read zip archives of strangers at random access (APPNOTE.TXT 6.3.10), within limits. Pure.

The central directory alone says what an archive holds, as it does for Java. Its size is held against the end record before
anything of it is parsed, so a record that claims a million entries costs nothing. A prefix (a shell script before the archive),
zip64 and a comment are read. Refused: archives in several parts, entries that share bytes with each other (as bombs do), local
headers that name another file than the directory, encryption, and methods other than stored and deflate. Checksums are not
compared: what is read here is evidence, not what runs.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from isal import isal_zlib

from pratique.errors import LimitExceeded, Malformed

_END = struct.Struct("<4sHHHHIIH")  # 4.3.16
_LOCATOR = struct.Struct("<4sIQI")  # 4.3.15
_END64 = struct.Struct("<4sQHHIIQQQQ")  # 4.3.14
_ENTRY = struct.Struct("<4s4xHH8xIIHHH8xI")  # 4.3.12
_LOCAL = struct.Struct("<4s2xH18xHH")  # 4.3.7
_MAX_COMMENT = 0xFFFF
_MAX_TRIES = 16  # end records to look at: a comment may contain their signature
_ENCRYPTED = 0x41
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8
_INFLATE_ERRORS: Any = (isal_zlib.error, zlib.error)


class Entry(NamedTuple):
    """One file. `name`: as bytes of the directory. `stored`, `size`: bytes in the archive and inflated. `offset`: of its local
    header in the content."""

    name: bytes
    flags: int
    method: int
    stored: int
    size: int
    offset: int

    def text(self) -> str:
        """The name; UTF-8 whether it says so or not, other bytes replaced."""
        return self.name.decode("utf-8", "replace")


class ZipDirectory(NamedTuple):
    """Where the central directory lies. `entries`: how many it says it has. `shift`: bytes before the archive begins."""

    begin: int
    end: int
    entries: int
    shift: int


def find_directory(view: memoryview) -> ZipDirectory:
    """Raises Malformed: no archive, one of several parts, or one that claims more than fits in."""
    size = len(view)
    tail_at = max(0, size - _END.size - _MAX_COMMENT)
    tail = bytes(view[tail_at:])
    at = len(tail)
    for _ in range(_MAX_TRIES):
        at = tail.rfind(b"PK\5\6", 0, at)
        if at < 0:
            break
        if at + _END.size <= len(tail):
            found = _directory(view, tail_at + at)
            if found is not None:
                return found
    raise Malformed("not a zip archive, or one that was cut short")


def _directory(view: memoryview, at: int) -> ZipDirectory | None:
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(view, at)
    end = at
    locator = at - _LOCATOR.size
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (length, offset):
        wide = _wide(view, locator)
        if wide is not None:
            end, disk, first_disk, here, count, length, offset = wide
    if disk or first_disk or here != count:
        return None
    begin = end - length
    if begin < 0 or offset > begin or count * _ENTRY.size > length:
        return None
    if count and bytes(view[begin : begin + 4]) != b"PK\1\2":
        return None
    return ZipDirectory(begin, end, count, begin - offset)


def _wide(view: memoryview, locator: int) -> tuple[int, int, int, int, int, int, int] | None:
    """The zip64 end record that a locator points to: where it lies and what it says."""
    if locator < _END64.size:
        return None
    signature, _, offset, _ = _LOCATOR.unpack_from(view, locator)
    if signature != b"PK\6\7":
        return None
    # With a prefix the offset is short by its length: then the record lies right before its locator.
    for at in (offset, locator - _END64.size):
        if at + _END64.size <= locator and bytes(view[at : at + 4]) == b"PK\6\6":
            _, _, _, _, disk, first_disk, here, count, length, start = _END64.unpack_from(view, at)
            return at, disk, first_disk, here, count, length, start
    return None


def walk_entries(view: memoryview, directory: ZipDirectory, wanted: Callable[[bytes], bool]) -> Iterator[Entry]:
    """The entries that are `wanted`, in the directory's order. Raises Malformed where the directory breaks off."""
    begin, end, count, shift = directory
    data = bytes(view[begin:end])
    at, stop = 0, len(data)
    unpack, header = _ENTRY.unpack_from, _ENTRY.size
    for _ in range(count):
        if at + header > stop:
            raise Malformed("the zip directory breaks off")
        signature, flags, method, stored, size, names, extras, comments, offset = unpack(data, at)
        if signature != b"PK\1\2":
            raise Malformed("the zip directory is broken")
        name = data[at + header : at + header + names]
        if wanted(name):
            if 0xFFFFFFFF in (stored, size, offset):
                extra = data[at + header + names : at + header + names + extras]
                stored, size, offset = _widened(extra, stored, size, offset)
            yield Entry(name, flags, method, stored, size, offset + shift)
        at += header + names + extras + comments


def _widened(extra: bytes, stored: int, size: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset with those of the zip64 extra field (4.5.3) where they do not fit in 32 bits."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            values = list(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            values.reverse()
            wide = [values.pop() if value == 0xFFFFFFFF and values else value for value in (size, stored, offset)]
            return wide[1], wide[0], wide[2]
        at += 4 + length
    return stored, size, offset


def without_overlaps(entries: list[Entry]) -> tuple[list[Entry], int]:
    """In the order of their place in the archive, the entries that share no byte with one before them; and how many do."""
    kept: list[Entry] = []
    free = 0
    for entry in sorted(entries, key=lambda one: (one.offset, one.stored, one.name)):
        if entry.offset >= free:
            kept.append(entry)
            free = entry.offset + _LOCAL.size + len(entry.name) + entry.stored
    return kept, len(entries) - len(kept)


def stored_bytes(view: memoryview, entry: Entry) -> memoryview:
    """The bytes of an entry as they lie in the archive. Raises Malformed."""
    if entry.flags & _ENCRYPTED:
        raise Malformed("encrypted")
    if entry.offset < 0 or entry.offset + _LOCAL.size > len(view):
        raise Malformed("points outside of the archive")
    signature, _, names, extras = _LOCAL.unpack_from(view, entry.offset)
    begin = entry.offset + _LOCAL.size
    if signature != b"PK\3\4" or bytes(view[begin : begin + names]) != entry.name:
        raise Malformed("is another file in the archive than in its directory")
    begin += names + extras
    if begin + entry.stored > len(view):
        raise Malformed("cut short")
    return view[begin : begin + entry.stored]


def read_entry(view: memoryview, entry: Entry, limit: int) -> memoryview:
    """The content of an entry; not copied where it is stored as it is. Raises LimitExceeded when it is, or inflates to, more
    than `limit` bytes, whatever it says of itself; Malformed when it cannot be read."""
    data = stored_bytes(view, entry)
    if entry.method == _STORED:
        if entry.size != entry.stored:
            raise Malformed("stored with a size that it has not")
        if entry.size > limit:
            raise LimitExceeded(f"larger than {limit} bytes")
        return data
    if entry.method != _DEFLATED:
        raise Malformed(f"compressed with method {entry.method}, which Java does not read")
    if entry.size > limit:
        raise LimitExceeded(f"larger than {limit} bytes")
    return _inflated(data, entry.size)


def begin_of(view: memoryview, entry: Entry, limit: int) -> bytes:
    """The first `limit` bytes of an entry's content. Raises Malformed."""
    data = stored_bytes(view, entry)
    if entry.method == _STORED:
        return bytes(data[:limit])
    if entry.method != _DEFLATED:
        raise Malformed(f"compressed with method {entry.method}, which Java does not read")
    try:
        return bytes(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[: limit + 1024], limit))
    except zlib.error as error:
        raise Malformed("not deflated as it says") from error


def _inflated(data: memoryview, size: int) -> memoryview:
    inflater = isal_zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        out = inflater.decompress(data, size + 1)
    except _INFLATE_ERRORS as error:
        raise Malformed("not deflated as it says") from error
    if len(out) != size:
        raise Malformed("another size than it says")
    return memoryview(out)
