"""Programs made by PyInstaller (PyInstaller manual, «CArchive», «ZlibArchive»): files appended to a bootloader, with a cookie at
the end that says where their table lies. Pure.

Files of packages, with their metadata, are members. The modules of Python code lie in an archive of their own, of which only the
table is read: what is imported has a name there, and no version.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pratique.cataloging.binary.image import find
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.marshalled import module_names
from pratique.inventory.packed.members import Member, broken, counted
from pratique.model import FileKind

COOKIE = b"MEI\x0c\x0b\x0a\x0b\x0e"
_NEW, _OLD = struct.Struct("!8sIIII64s"), struct.Struct("!8sIIII")
_ENTRY = struct.Struct("!IIIIBc")
_REACH = 1 << 20  # a signature may follow the cookie
_MAX_ENTRIES = 100_000
_FILES = b"bxZnd"
_MODULES = b"z"
_LINK = b"n"


class Carried(NamedTuple):
    """`members`: of the archive. `modules`: names of the Python modules at the top, sorted."""

    members: Iterator[Member]
    modules: tuple[str, ...]


class _Entry(NamedTuple):
    name: bytes
    kind: bytes
    data: memoryview
    size: int
    packed: bool


def find_cookie(view: memoryview, begin: int) -> int:
    """Where the cookie of an appended archive lies; -1 for none. `begin`: where the bootloader ends."""
    return max(find(view, COOKIE, max(begin, len(view) - _REACH), len(view)), default=-1)


def read_archive(view: memoryview, cookie: int, budget: Budget) -> Carried:
    """Raises Malformed, LimitExceeded."""
    entries = list(_entries(view, cookie))
    modules: set[str] = set()
    for entry in entries:
        if entry.kind == _MODULES:
            modules |= set(module_names(_small(entry, budget)))
    return Carried(_members(entries, budget), tuple(sorted({name.partition(".")[0] for name in modules})))


def _entries(view: memoryview, cookie: int) -> Iterator[_Entry]:
    layout = _NEW if cookie + _NEW.size <= len(view) else _OLD
    if cookie + layout.size > len(view):
        raise Malformed("PyInstaller: the cookie is cut off")
    _, length, table, table_size, *_ = layout.unpack_from(view, cookie)
    begin = cookie + layout.size - length
    if begin < 0 and layout is _NEW:
        layout = _OLD
        begin = cookie + layout.size - length
    at, end = begin + table, begin + table + table_size
    if begin < 0 or at < 0 or end > len(view):
        raise Malformed("PyInstaller: the archive is not where it says")
    for _ in range(_MAX_ENTRIES):
        if at >= end:
            return
        if at + _ENTRY.size > end:
            raise Malformed("PyInstaller: the table breaks off")
        whole_size, offset, stored, size, packed, kind = _ENTRY.unpack_from(view, at)
        if whole_size < _ENTRY.size or at + whole_size > end:
            raise Malformed("PyInstaller: an entry of no valid length")
        name = bytes(view[at + _ENTRY.size : at + whole_size]).partition(b"\0")[0]
        at += whole_size
        if begin + offset + stored > len(view):
            raise Malformed("PyInstaller: an entry points outside of the file")
        yield _Entry(name, kind, view[begin + offset : begin + offset + stored], size, bool(packed))
    raise LimitExceeded(f"PyInstaller: more than {_MAX_ENTRIES} entries")


def _members(entries: list[_Entry], budget: Budget) -> Iterator[Member]:
    for entry in entries:
        name = entry.name.replace(b"\\", b"/")
        if entry.kind == _LINK:
            yield Member(name, FileKind.SYMLINK, 0o777, 0, _taken(entry))
        elif entry.kind in _FILES and name:
            yield Member(name, FileKind.FILE, 0o644, entry.size, b"", _pieces(entry, budget))


def _taken(entry: _Entry) -> bytes:
    return bytes(entry.data[:4096]).partition(b"\0")[0] if not entry.packed else b""


def _pieces(entry: _Entry, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    if not entry.packed:
        return counted(entry.data, budget) if len(entry.data) == entry.size else broken("another size than it says")

    def take() -> Iterator[memoryview]:
        inflater, seen, held = zlib.decompressobj(), 0, bytes(entry.data)
        while held and not inflater.eof:
            try:
                piece = inflater.decompress(held, 1 << 20)
            except zlib.error as error:
                raise Malformed("not deflated as it says") from error
            held = inflater.unconsumed_tail
            seen += len(piece)
            budget.inflate(len(piece))
            if not piece and not held:
                break
            yield memoryview(piece)
        if seen != entry.size:
            raise Malformed("another size than it says")

    return take


def _small(entry: _Entry, budget: Budget) -> bytes:
    return b"".join(map(bytes, _pieces(entry, budget)()))
