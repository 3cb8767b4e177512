"""PHP archives (PHP manual, «Phar file format»): a stub in PHP, a manifest, then the files, each deflated or not. Pure.

Composer and most tools of PHP are shipped as one, with the list of the packages that they were built from.
"""

import struct
from collections.abc import Callable, Iterator

from pratique.cataloging.binary.image import find
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import DIRECTORY, Member, whole
from pratique.inventory.packed.streams import inflated, raw_deflate
from pratique.model import FileKind

_HALT = b"__HALT_COMPILER();"
_ENDS = (b" ?>\r\n", b" ?>\n", b"?>\r\n", b"?>\n", b" ?>", b"?>", b"\r\n", b"\n")
_REACH = 4 << 20
_MAX_FILES = 100_000
_DEFLATED, _BZIP2, _COMPRESSED = 0x1000, 0x2000, 0xF000
_ENTRY = struct.Struct("<IIIII")


def find_manifest(view: memoryview) -> int:
    """Where the manifest begins behind the stub; -1 for what is no PHP archive."""
    if b"<?php" not in bytes(view[:4096]):
        return -1
    for halt in find(view, _HALT, 0, _REACH):
        at = halt + len(_HALT)
        tail = bytes(view[at : at + 5])
        at += len(next((end for end in _ENDS if tail.startswith(end)), b""))
        if at + 18 <= len(view):
            length, count, version = struct.unpack_from("<II2s", view, at)
            if version[0] >> 4 == 1 and 18 <= length + 4 <= len(view) - at and count * 24 <= length:
                return at
    return -1


def phar_members(view: memoryview, at: int, budget: Budget) -> Iterator[Member]:
    """Every file. Raises Malformed, LimitExceeded."""
    length, count = struct.unpack_from("<II", view, at)
    if count > _MAX_FILES:
        raise LimitExceeded(f"a PHP archive of {count} files: more than {_MAX_FILES} are not read")
    data_at = at + 4 + length
    manifest = bytes(view[at + 4 : data_at])
    place = _skip(manifest, _skip(manifest, 10))  # count, version and flags; then the alias, and metadata
    for _ in range(count):
        name_end = _skip(manifest, place)
        name = manifest[place + 4 : name_end]
        if name_end + _ENTRY.size + 4 > len(manifest):
            raise Malformed("a PHP archive whose manifest breaks off")
        size, _, stored, _, flags = _ENTRY.unpack_from(manifest, name_end)
        place = _skip(manifest, name_end + _ENTRY.size)
        if data_at + stored > len(view):
            raise Malformed("a PHP archive that is cut off")
        data = view[data_at : data_at + stored]
        data_at += stored
        if name.endswith(b"/"):
            yield Member(name, DIRECTORY)
        else:
            yield Member(name, FileKind.FILE, flags & 0o777, size, b"", _pieces(data, flags & _COMPRESSED, size, budget))


def _skip(manifest: bytes, at: int) -> int:
    """Behind a text with its length before it."""
    if at + 4 > len(manifest):
        raise Malformed("a PHP archive whose manifest breaks off")
    end = at + 4 + int.from_bytes(manifest[at : at + 4], "little")
    if end > len(manifest):
        raise Malformed("a PHP archive whose manifest breaks off")
    return end


def _pieces(data: memoryview, packed: int, size: int, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    if not packed:
        return whole(data)

    def take() -> Iterator[memoryview]:
        if packed not in (_DEFLATED, _BZIP2):
            raise Malformed("compressed by a method that is not read")
        seen = 0
        for piece in raw_deflate(data, budget) if packed == _DEFLATED else inflated("bzip2", data, budget):
            seen += len(piece)
            yield memoryview(piece)
        if seen != size:
            raise Malformed("another size than it says")

    return take
