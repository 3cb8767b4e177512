"""The names in a table of Python's marshal format (CPython, Python/marshal.c): never by `marshal` itself, which trusts its input.

Only what such a table is made of is read: tuples, lists, dictionaries, texts and small numbers. Pure.
"""

import struct
from typing import Any

from pratique.errors import LimitExceeded, Malformed

_MAGIC = b"PYZ\0"
_MAX_ITEMS = 500_000
_MAX_DEPTH = 8
_REF = 0x80
_NONE, _NULL = object(), object()


def module_names(archive: bytes) -> list[str]:
    """Of an archive of modules: its table is a list of (name, (kind, offset, length)), or a dictionary. Raises Malformed."""
    if archive[:4] != _MAGIC or len(archive) < 12:
        raise Malformed("PyInstaller: an archive of modules that is none")
    (at,) = struct.unpack_from("!i", archive, 8)
    if not 0 < at < len(archive):
        raise Malformed("PyInstaller: an archive of modules whose table is not where it says")
    table = _Reader(archive, at).value(0)
    rows = list(table) if isinstance(table, dict) else [row[0] for row in table if isinstance(row, tuple) and row]
    return [name for name in rows if isinstance(name, str)]


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._refs: list[Any] = []
        self._items = 0

    def value(self, depth: int) -> Any:
        self._items += 1
        if depth > _MAX_DEPTH or self._items > _MAX_ITEMS:
            raise LimitExceeded("PyInstaller: a table of modules that is too large or too deep")
        code = self._take(1)[0]
        place = len(self._refs) if code & _REF else -1
        if place >= 0:
            self._refs.append(_NONE)
        found = self._read(chr(code & ~_REF), depth)
        if place >= 0:
            self._refs[place] = found
        return found

    def _read(self, kind: str, depth: int) -> Any:
        if kind in "zZ":
            return self._take(self._take(1)[0]).decode("latin-1")
        if kind in "aAut":
            return self._take(self._number()).decode("utf-8" if kind in "ut" else "latin-1", "replace")
        if kind == "s":
            return self._take(self._number())
        if kind == "i":
            return struct.unpack("<i", self._take(4))[0]
        if kind == "l":
            digits = abs(struct.unpack("<i", self._take(4))[0])
            self._take(2 * digits)
            return 0
        if kind in "()[":
            count = self._take(1)[0] if kind == ")" else self._number()
            values = [self.value(depth + 1) for _ in range(self._room(count))]
            return values if kind == "[" else tuple(values)
        if kind == "{":
            return self._table(depth)
        if kind == "r":
            index = self._number()
            if index >= len(self._refs):
                raise Malformed("PyInstaller: a table of modules that refers to nothing")
            return self._refs[index]
        if kind in "NTF.":
            return None
        if kind == "0":
            return _NULL
        raise Malformed("PyInstaller: a table of modules of another form")

    def _table(self, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while (key := self.value(depth + 1)) is not _NULL:
            value = self.value(depth + 1)
            if isinstance(key, str):
                found[key] = value
        return found

    def _number(self) -> int:
        (number,) = struct.unpack("<i", self._take(4))
        if number < 0:
            raise Malformed("PyInstaller: a table of modules with no valid length")
        return int(number)

    def _room(self, count: int) -> int:
        if count > len(self._data) - self._at:
            raise Malformed("PyInstaller: a table of modules with no valid length")
        return count

    def _take(self, size: int) -> bytes:
        data = self._data[self._at : self._at + size]
        if len(data) != size:
            raise Malformed("PyInstaller: a table of modules that is cut off")
        self._at += size
        return data
