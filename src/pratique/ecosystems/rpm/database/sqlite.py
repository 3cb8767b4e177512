"""Tables of an SQLite database (SQLite, Database File Format), read page by page. Pure.

Only what it takes to go through a table: no indexes, no SQL. A page is visited once, so a broken or hostile file
costs no more than its size. Text must be UTF-8.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from pratique.artifact.content import FileContent
from pratique.errors import Malformed

MAGIC = b"SQLite format 3\0"
INTERIOR, LEAF = 5, 13
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_MAX_COLUMNS = 2000

Value = int | bytes | str | None


class Row(NamedTuple):
    """`page`: of the leaf it lies in. `number`: its rowid. `values`: without the rowid."""

    page: int
    number: int
    values: list[Value]


class Pages(ABC):
    """Pages of one size, each read once. `usable`: bytes of a page that are not reserved."""

    def __init__(self, page_size: int, reserved: int, most: int) -> None:
        """`most`: no row is larger. Raises Malformed for pages that are none."""
        if not 512 <= page_size <= 65536 or page_size & (page_size - 1):
            raise Malformed(f"SQLite pages of {page_size} bytes")
        self._page_size = page_size
        self._usable = page_size - reserved
        if self._usable < 480:
            raise Malformed("SQLite pages that are nearly all reserved")
        self._most = most
        self._seen: set[int] = set()

    @abstractmethod
    def _bytes(self, number: int) -> bytes:
        """A page; fewer bytes where there is none."""

    def _page(self, number: int) -> bytes:
        if number in self._seen:
            raise Malformed(f"page {number} of an SQLite database is used twice")
        self._seen.add(number)
        page = self._bytes(number) if number > 0 else b""
        if len(page) < self._page_size:
            raise Malformed(f"page {number} of an SQLite database is past its end")
        return page

    def _cells(self, number: int, page: bytes) -> list[int]:
        """Where the cells of a page begin. Raises Malformed for what is no page of a table."""
        start = 100 if number == 1 else 0
        kind = page[start]
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        array = start + (12 if kind == INTERIOR else 8)
        if kind not in (INTERIOR, LEAF) or array + 2 * cells > self._usable:
            raise Malformed(f"page {number} of an SQLite database is no page of a table")
        return [int.from_bytes(page[at : at + 2], "big") for at in range(array, array + 2 * cells, 2)]

    def _payload(self, page: bytes, at: int) -> tuple[int, bytes, int]:
        """A cell's rowid and content, and how many bytes of the page it takes."""
        begin = at
        size, at = varint(page, at)
        number, at = varint(page, at)
        usable = self._usable
        if size > self._most:
            raise Malformed("a row of an SQLite database is larger than the database")
        if size <= usable - 35:
            here = size
        else:
            least = (usable - 12) * 32 // 255 - 23
            here = least + (size - least) % (usable - 4)
            here = here if here <= usable - 35 else least
        if at + here + (4 if here < size else 0) > usable:
            raise Malformed("a row of an SQLite database runs out of its page")
        pieces = [page[at : at + here]]
        left = size - here
        following = int.from_bytes(page[at + here : at + here + 4], "big") if left else 0
        while left:
            more = self._page(following)
            pieces.append(more[4 : min(usable, 4 + left)])
            left -= len(pieces[-1])
            following = int.from_bytes(more[:4], "big")
        return number, b"".join(pieces), at + here - begin


class Database(Pages):
    """An SQLite file. Raises Malformed for what is none."""

    def __init__(self, content: FileContent) -> None:
        header = content.read(0, 100)
        if len(header) < 100 or header[:16] != MAGIC:
            raise Malformed("not an SQLite database")
        size = int.from_bytes(header[16:18], "big")
        super().__init__(65536 if size == 1 else size, header[20], len(content))
        if int.from_bytes(header[56:60], "big") not in (0, 1):
            raise Malformed("an SQLite database that is not in UTF-8")
        self._content = content

    def tables(self) -> dict[str, int]:
        """Name → first page."""
        found: dict[str, int] = {}
        for _, _, row in self._rows(1):
            if len(row) >= 4 and row[0] == "table" and isinstance(row[1], str) and isinstance(row[3], int):
                found.setdefault(row[1], row[3])
        return found

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table in the order of their rowids. Raises Malformed, also on the way."""
        self._seen.clear()
        root = self.tables().get(table)
        if root is None:
            raise Malformed(f"an SQLite database without the table {table}")
        yield from self._rows(root)

    def _bytes(self, number: int) -> bytes:
        return self._content.read((number - 1) * self._page_size, self._page_size)

    def _rows(self, root: int) -> Iterator[Row]:
        waiting = [root]
        while waiting:
            number = waiting.pop()
            page = self._page(number)
            start = 100 if number == 1 else 0
            pointers = self._cells(number, page)
            if page[start] == INTERIOR:
                children = [int.from_bytes(page[at : at + 4], "big") for at in pointers]
                children.append(int.from_bytes(page[start + 8 : start + 12], "big"))
                waiting += reversed(children)
            else:
                left = self._page_size  # cells do not overlap, however they are pointed at
                for at in pointers:
                    rowid, payload, used = self._payload(page, at)
                    left -= used
                    if left < 0:
                        raise Malformed(f"cells overlap in page {number} of an SQLite database")
                    yield Row(number, rowid, record(payload))


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends. Raises Malformed."""
    value = 0
    for index in range(at, at + 9):
        if index >= len(data):
            raise Malformed("a number of an SQLite database is cut off")
        byte = data[index]
        if index == at + 8:
            return value << 8 | byte, index + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, index + 1
    raise AssertionError  # pragma: no cover: the ninth byte ends it


def record(payload: bytes) -> list[Value]:
    """The values of a row: the types come first, then the values. Raises Malformed for one that is cut off."""
    size, at = varint(payload, 0)
    if size > len(payload):
        raise Malformed("a row of an SQLite database is cut off")
    values: list[Value] = []
    position = size
    while at < size:
        kind, at = varint(payload, at)
        width = _width(kind)
        data = payload[position : position + width]
        if len(data) < width or len(values) >= _MAX_COLUMNS:
            raise Malformed("a row of an SQLite database is cut off")
        position += width
        values.append(_value(kind, data))
    return values


def _width(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGERS.get(kind, 0)


def _value(kind: int, data: bytes) -> Value:
    if kind >= 12:
        return data.decode("utf-8", "surrogateescape") if kind & 1 else data
    if kind in _INTEGERS:
        return int.from_bytes(data, "big", signed=True)
    return {8: 0, 9: 1}.get(kind)  # 0 is NULL; 7, a float, is in no table that is read here
