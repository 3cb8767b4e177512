"""Where the members of an uncompressed tar lie: header to header, nothing extracted (POSIX.1-2017, pax; GNU tar manual).

Stricter than tar: an archive that two readers could see differently is no archive of a layout. Refused: links, devices,
sparse members, names that leave the archive or occur twice, wrong checksums, members past the end of the file.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pratique.errors import InputError, LimitExceeded, Malformed

BLOCK = 512
MAX_MEMBERS = 65_536  # a layout of an image has a few hundred files
_MAX_EXTENDED = 64 << 10
_ZEROS = bytes(BLOCK)
_REGULAR = (b"0", b"\0", b"7")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}

ReadAt = Callable[[int, int], bytes]


@dataclass(slots=True)
class _Extended:
    """What extended headers say about the next member."""

    path: bytes = b""
    size: int | None = None
    seen: bool = False


def index_tar(read_at: ReadAt, size: int, *, max_members: int = MAX_MEMBERS) -> dict[str, tuple[int, int]]:
    """Name → (offset, size) in bytes of every regular member. `read_at(offset, n)`: the bytes there, fewer at the end.

    `size`: of the archive, in bytes. Raises InputError for a compressed one, LimitExceeded, Malformed with the offset.
    """
    head = read_at(0, 8)
    for magic, kind in _COMPRESSED.items():
        if head.startswith(magic):
            raise InputError(f"a {kind}-compressed archive", hint="decompress it first; the layers in it stay compressed")
    members: dict[str, tuple[int, int]] = {}
    folders: set[str] = set()
    extended = _Extended()
    offset = count = 0
    while offset < size:
        header = read_at(offset, BLOCK)
        if len(header) < BLOCK:
            raise _bad(offset, "the archive is cut short in a header")
        if header == _ZEROS:
            _check_end(read_at(offset + BLOCK, BLOCK), offset + BLOCK)
            break
        count += 1
        if count > max_members:
            raise LimitExceeded(f"the archive has more than {max_members} members")
        _check_sum(header, offset)
        flag = header[156:157]
        length = _number(header[124:136], offset)
        if flag in b"xgL" and flag:
            data = _extended_data(read_at, offset, length, size)
            _extend(extended, flag, data, offset)
            offset += BLOCK + length + -length % BLOCK
            continue
        if extended.size is not None:
            length = extended.size
        if flag == b"5":
            length = 0
        name = _name(extended.path or _header_name(header), offset)
        extended = _Extended()
        start = offset + BLOCK
        if start + length > size:
            raise _bad(offset, f"the archive is cut short in {name[:80]!r}")
        if flag == b"5":
            folders.add(name)
        elif flag not in _REGULAR:
            raise _bad(offset, f"{name[:80]!r} is a link, a device or of a kind that no layout has")
        elif not name or name in members:
            raise _bad(offset, f"the name {name[:80]!r} occurs twice" if name else "a file without a name")
        else:
            members[name] = (start, length)
        offset = start + length + -length % BLOCK
    if extended.seen:
        raise _bad(offset, "the archive ends after an extended header")
    if clash := folders & members.keys():
        raise Malformed(f"{min(clash)[:80]!r} is both a folder and a file")
    return members


def _extended_data(read_at: ReadAt, offset: int, length: int, size: int) -> bytes:
    if length > _MAX_EXTENDED:
        raise LimitExceeded(f"the extended header at offset {offset} has {length} bytes, more than {_MAX_EXTENDED}")
    data = read_at(offset + BLOCK, length)
    if len(data) < length or offset + BLOCK + length > size:
        raise _bad(offset, "the archive is cut short in an extended header")
    return data


def _extend(extended: _Extended, flag: bytes, data: bytes, offset: int) -> None:
    if flag == b"L":
        if extended.path:
            raise _bad(offset, "a member that is named twice")
        extended.path = data.partition(b"\0")[0]
        extended.seen = True
        return
    records = _records(data, offset)
    if any(key.startswith(b"GNU.sparse.") for key in records):
        raise _bad(offset, "a sparse member")
    if flag == b"g":
        if records.keys() & {b"path", b"size", b"linkpath"}:
            raise _bad(offset, "a global header that names or sizes members")
        return
    if extended.seen:
        raise _bad(offset, "two extended headers for one member")
    extended.seen = True
    extended.path = records.get(b"path", b"")
    if b"size" in records:
        if not records[b"size"].isdigit() or len(records[b"size"]) > 19:
            raise _bad(offset, "a size that is no number")
        extended.size = int(records[b"size"])


def _records(data: bytes, offset: int) -> dict[bytes, bytes]:
    """PAX records, `LENGTH KEY=VALUE\\n` each; a key that occurs twice is refused."""
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(data):
        digits, space, _ = data[position : position + 21].partition(b" ")
        if not space or not digits.isdigit():
            raise _bad(offset, "an extended header without record length")
        end = position + int(digits)
        key, equals, value = data[position + len(digits) + 1 : end].partition(b"=")
        if end > len(data) or not equals or not key or value[-1:] != b"\n" or key in records:
            raise _bad(offset, "an extended header with a broken record")
        records[key] = value[:-1]
        position = end
    return records


def _header_name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _name(raw: bytes, offset: int) -> str:
    """The name inside the archive; "" for its root."""
    if b"\0" in raw:
        raise _bad(offset, "a name with NUL in it")
    name = raw.decode("utf-8", "surrogateescape")
    parts = name.rstrip("/").split("/")
    while parts[0] == "." and len(parts) > 1:
        parts = parts[1:]
    if name.startswith("/") or ".." in parts or (len(parts) > 1 and any(part in ("", ".") for part in parts)):
        raise _bad(offset, f"the name {name[:80]!r} leaves the archive or is not plain")
    return "" if parts in ([""], ["."]) else "/".join(parts)


def _number(field: bytes, offset: int) -> int:
    """Octal, or base-256 as GNU writes large ones."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or value >= 1 << 63:
            raise _bad(offset, "a size that is negative or absurd")
        return value
    digits = field.strip(b" \0")
    if not digits.isdigit() or digits.strip(b"01234567"):
        raise _bad(offset, "a size that is no number")
    return int(digits, 8)


def _check_sum(header: bytes, offset: int) -> None:
    digits = header[148:156].strip(b" \0")
    if not digits.isdigit() or digits.strip(b"01234567") or int(digits, 8) != sum(header) - sum(header[148:156]) + 256:
        raise _bad(offset, "not a tar header: its checksum is wrong")


def _check_end(block: bytes, offset: int) -> None:
    if block.strip(b"\0"):
        raise _bad(offset, "a member follows a block of zeros")


def _bad(offset: int, why: str) -> Malformed:
    return Malformed(f"{why} (at offset {offset})")
