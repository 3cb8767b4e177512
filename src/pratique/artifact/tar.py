"""A strict reader of tar streams: ustar and PAX (POSIX.1-2017, pax, «ustar Interchange Format», «pax Extended Header»),
GNU long names and links, GNU sparse files (old, PAX 0.0, 0.1, 1.0), base-256 numbers. Pure: it is fed chunks.

Where readers in the field disagree about what an archive says, an attacker can show one tree to the scanner and another
to the engine. Such archives are refused: an entry named both ways, two extended headers for one entry, a global header
that names or sizes files (engines ignore it, `tar` obeys it), a wrong checksum, a size that is not a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import adler32

from pratique.artifact.feed import BLOCK, Feed
from pratique.artifact.limits import Limits
from pratique.artifact.numbers import bad, decimal, number
from pratique.artifact.sparse import Segment, pax_sparse, read_old_sparse

_ZEROS = bytes(BLOCK)
_NO_DATA = frozenset(b"123456")  # links, devices, directories, FIFOs: engines read no data for them whatever the size says
_REGULAR = frozenset(b"0\x007S")
_EXTENDED = frozenset(b"xXgLK")
_DECISIVE = ("path", "linkpath", "size")

_MAX_KNOWN = 1 << 15  # fields that are remembered as read; honest archives have some thousands
_LONGEST = 256  # of a name in a header, its prefix and their slash included
_ENDS = b"\0 "  # of a number

REGULAR, HARD_LINK, SYMLINK, CHAR, BLOCK_DEVICE, DIRECTORY, FIFO = b"0123456"
_USUAL = frozenset((REGULAR, SYMLINK, DIRECTORY))


class TarMember(NamedTuple):
    """One entry as the archive says it. `type`: the type flag, `REGULAR` for all kinds of regular file.

    `name`, `link`: bytes as written. `size`: bytes of the file, holes included; `stored`: bytes of it in the stream.
    `segments`: of a sparse file, where its stored bytes belong. `offset`: of its header in the stream.
    """

    type: int
    name: bytes
    link: bytes
    mode: int
    size: int
    stored: int
    segments: tuple[Segment, ...] | None
    offset: int


@dataclass(slots=True)
class _Extended:
    """What the extended headers before an entry say about it."""

    pax: dict[str, bytes] = field(default_factory=dict)
    sparse_pairs: list[bytes] = field(default_factory=list)
    name: bytes = b""
    link: bytes = b""

    @property
    def is_sparse(self) -> bool:
        return bool(self.sparse_pairs) or any(key.startswith("GNU.sparse.") for key in self.pax)


def walk(feed: Feed, limits: Limits) -> Iterator[TarMember]:
    """Every member in order. Between two steps the caller takes what it wants of the member's data from `feed`.

    What it leaves is skipped. Raises Malformed with the offset, LimitExceeded.
    """
    extended: _Extended | None = None
    sums: dict[bytes, int] = {}
    modes: dict[bytes, int] = {}
    while True:
        offset = feed.offset
        header = feed.block()
        if header is None or header == _ZEROS:
            if extended is not None:
                raise bad(offset, "the archive ends after an extended header")
            if header is not None:
                _check_end(feed)
            return
        if not (header.isascii() and (adler32(header) & 0xFFFF) - 1 == sums.get(header[148:156])):
            _check_sum(header, offset, sums)
        member = _usual(header, offset, modes, limits) if extended is None else None
        if member is None:
            if header[156] in _EXTENDED:
                extended = _read_extended(feed, header, offset, extended, limits)
                continue
            member = _member(feed, header, offset, extended or _Extended(), limits)
            extended = None
        # Everything before the data, a sparse map included, is a whole number of blocks.
        end = feed.offset + member.stored + -member.stored % BLOCK
        yield member
        feed.skip(end - feed.offset)


def _usual(header: bytes, offset: int, modes: dict[bytes, int], limits: Limits) -> TarMember | None:
    """What nine entries in ten are: a file, folder or symbolic link whose header says all, in the usual spelling.

    The same as `_member` of it, in a third of the time; None for every other. `modes`: fields that were read before.
    """
    flag = header[156]
    if flag not in _USUAL:
        return None
    mode = modes.get(header[100:108])
    if mode is None:
        mode = number(header[100:108], offset, "mode") & 0o7777
        if len(modes) < _MAX_KNOWN:
            modes[header[100:108]] = mode
    size = header[124:135]
    if not size.isdigit() or header[135] not in _ENDS or b"8" in size or b"9" in size or limits.max_path_bytes < _LONGEST:
        return None
    cut = header.find(b"\0", 0, 100)
    name = header[: 100 if cut < 0 else cut]
    if header[345] and header[257:263] == b"ustar\0":
        if header[508:512] == b"tar\0":
            return None
        cut = header.find(b"\0", 345, 500)
        name = header[345 : 500 if cut < 0 else cut] + b"/" + name
    if name.endswith(b"/") and flag != DIRECTORY:
        return None
    link = b""
    if header[157]:
        cut = header.find(b"\0", 157, 257)
        link = header[157 : 257 if cut < 0 else cut]
    stored = int(size, 8) if flag == REGULAR else 0
    return TarMember(flag, name, link, mode, stored, stored, None, offset)


def _read_extended(feed: Feed, header: bytes, offset: int, before: _Extended | None, limits: Limits) -> _Extended | None:
    """Take one extended header; the first of each kind counts, a second is refused."""
    size = number(header[124:136], offset, "size")
    if size > limits.max_header_bytes:
        raise limits.exceeded("max_header_bytes", f"the extended header at offset {offset} has {size} bytes")
    data = feed.read(size)
    feed.skip(-size % BLOCK)
    flag = header[156]
    if flag == ord("g"):
        _check_global(data, offset)
        return before
    extended = before or _Extended()
    if flag in b"xX":
        if extended.pax or extended.sparse_pairs:
            raise bad(offset, "two extended headers for one entry")
        extended.pax, extended.sparse_pairs = parse_pax(data, offset)
        return extended
    value = _text(data)
    if not value or (extended.name if flag == ord("L") else extended.link):
        raise bad(offset, "two long names for one entry" if value else "an empty long name")
    if flag == ord("L"):
        extended.name = value
    else:
        extended.link = value
    return extended


def _member(feed: Feed, header: bytes, offset: int, extended: _Extended, limits: Limits) -> TarMember:
    flag = header[156]
    name, link = _names(header, extended, offset)
    mode = number(header[100:108], offset, "mode") & 0o7777
    pax = extended.pax
    stored = decimal(pax["size"], offset, "size") if "size" in pax else number(header[124:136], offset, "size")
    size = None
    segments = None
    if flag in _NO_DATA:
        stored = 0
    if extended.is_sparse:
        if flag not in _REGULAR or flag == ord("S"):
            raise bad(offset, "a PAX sparse map on an entry of another kind")
        size, stored, segments = pax_sparse(feed, pax, extended.sparse_pairs, stored=stored, at=offset, limits=limits)
        name = pax.get("GNU.sparse.name", name)
    elif flag == ord("S"):
        size, segments = read_old_sparse(feed, header, stored, offset, limits)
    if flag in _REGULAR:
        if name.endswith(b"/"):
            # Before ustar had a flag for it, a directory was an empty file whose name ends in a slash.
            if flag != 0 or stored or segments is not None:
                raise bad(offset, "a file whose name ends in a slash")
            flag = DIRECTORY
        else:
            flag = REGULAR
    if max(len(name), len(link)) > limits.max_path_bytes:
        what = f"the entry at offset {offset} has a path of {max(len(name), len(link))} bytes"
        raise limits.exceeded("max_path_bytes", what)
    return TarMember(flag, name, link, mode, stored if size is None else size, stored, segments, offset)


def _names(header: bytes, extended: _Extended, offset: int) -> tuple[bytes, bytes]:
    name, link = _text(header[:100]), _text(header[157:257])
    if header[257:263] == b"ustar\0":
        # star's own archives end the header with "tar" and keep times in the last 24 bytes of the prefix.
        prefix = _text(header[345:476] if header[508:512] == b"tar\0" else header[345:500])
        if prefix:
            name = prefix + b"/" + name
    pax = extended.pax
    if (extended.name and "path" in pax) or (extended.link and "linkpath" in pax):
        raise bad(offset, "an entry is named both by a PAX and by a GNU header")
    return extended.name or pax.get("path", name), extended.link or pax.get("linkpath", link)


def parse_pax(data: bytes, offset: int = 0) -> tuple[dict[str, bytes], list[bytes]]:
    """Records of an extended header, `LENGTH KEY=VALUE\\n` each. An empty value takes the record back.

    The second value: offsets and sizes of a sparse map 0.0, which repeats its two keys, in their order. Raises Malformed.
    """
    records: dict[str, bytes] = {}
    pairs: list[bytes] = []
    expected = "GNU.sparse.offset"
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 21)
        digits = data[position:space] if space > 0 else b""
        if not digits.isdigit():
            raise bad(offset, "an extended header without record length")
        end = position + int(digits)
        equals = data.find(b"=", space, end)
        if end > len(data) or equals <= space + 1 or data[end - 1 : end] != b"\n":
            raise bad(offset, "an extended header with a broken record")
        key = data[space + 1 : equals].decode("utf-8", "surrogateescape")
        value = data[equals + 1 : end - 1]
        if key in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
            if key != expected:
                raise bad(offset, "a sparse map with its numbers out of order")
            expected = "GNU.sparse.numbytes" if key == "GNU.sparse.offset" else "GNU.sparse.offset"
            pairs.append(value)
        elif not value:
            records.pop(key, None)
        elif b"\0" in value and (key in _DECISIVE or key.startswith("GNU.sparse.")):
            raise bad(offset, f"an extended header whose {key} contains NUL")
        else:
            records[key] = value
        position = end
    if len(pairs) % 2:
        raise bad(offset, "a sparse map with an odd count of numbers")
    return records, pairs


def _check_global(data: bytes, offset: int) -> None:
    records, pairs = parse_pax(data, offset)
    for key in records:
        if key in _DECISIVE or key.startswith("GNU.sparse."):
            raise bad(offset, f"a global header sets {key}, which engines and tar read differently")
    if pairs:
        raise bad(offset, "a global header with a sparse map")


def _check_sum(header: bytes, offset: int, sums: dict[bytes, int]) -> None:
    """`sums`: fields that were read before → what all bytes of such a header come to.

    Adler-32 begins with the sum of the bytes modulo 65,521, which 512 ASCII bytes cannot reach.
    """
    field = header[148:156]
    stated = number(field, offset, "checksum")
    if len(sums) < _MAX_KNOWN:
        sums[field] = stated + sum(field) - 256
    if header.isascii() and (adler32(header) & 0xFFFF) - 1 == stated + sum(field) - 256:
        return
    if stated != sum(header) - sum(header[148:156]) + 256:
        # Some very old writers summed signed bytes.
        signed = sum(byte - 256 if byte > 127 else byte for byte in header[:148] + header[156:]) + 256
        if stated != signed:
            raise bad(offset, "not a tar header: its checksum is wrong")


def _check_end(feed: Feed) -> None:
    """An archive ends with two blocks of zeros, or with the stream (some builders leave them out)."""
    offset = feed.offset
    second = feed.block()
    if second is not None and second != _ZEROS:
        raise bad(offset, "an entry follows a block of zeros")


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
