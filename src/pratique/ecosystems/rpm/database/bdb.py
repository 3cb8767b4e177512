"""Hash databases of Berkeley DB, as rpm wrote `Packages` with them (db-5.3, dbinc/db_page.h). Either byte order. Pure.

All pages are gone through once in their order; the buckets do not matter.
"""

import struct
from collections.abc import Iterator

from pratique.artifact.content import FileContent
from pratique.errors import Malformed

_HASH_MAGIC = 0x061561
_HASH_META = 8
_HASH_PAGES = (2, 13)  # unsorted, sorted
_OVERFLOW = 7
_ON_PAGE, _OFF_PAGE = 1, 3
_HEADER = 26


def is_bdb(head: bytes) -> bool:
    """Whether a file that begins so, at least 16 bytes, is a hash database."""
    return len(head) >= 16 and _HASH_MAGIC in (int.from_bytes(head[12:16], "little"), int.from_bytes(head[12:16], "big"))


def read_bdb(content: FileContent) -> Iterator[bytes]:
    """The values of all pairs in the order of the pages. Raises Malformed, also on the way."""
    meta = content.read(0, 72)
    if len(meta) < 72 or not is_bdb(meta):
        raise Malformed("not a hash database of Berkeley DB")
    order = "<" if int.from_bytes(meta[12:16], "little") == _HASH_MAGIC else ">"
    page_size = struct.unpack_from(order + "I", meta, 20)[0]
    last = struct.unpack_from(order + "I", meta, 32)[0]
    if meta[24]:
        raise Malformed("a Berkeley DB that is encrypted")
    if meta[25] != _HASH_META or not 512 <= page_size <= 65536 or page_size & (page_size - 1):
        raise Malformed("a Berkeley DB without hash pages")
    yield from _Reader(content, order, page_size, last).values()


class _Reader:
    def __init__(self, content: FileContent, order: str, page_size: int, last: int) -> None:
        self._content = content
        self._header = struct.Struct(order + "QIIIHHBB")
        self._short = struct.Struct(order + "H")
        self._off_page = struct.Struct(order + "B3xII")
        self._page_size = page_size
        self._pages = min(last + 1, len(content) // page_size)
        self._cut = last >= len(content) // page_size
        self._seen: set[int] = set()

    def values(self) -> Iterator[bytes]:
        for number in range(1, self._pages):
            page = self._content.read(number * self._page_size, self._page_size)
            _, _, _, _, entries, _, _, kind = self._header.unpack_from(page)
            if kind not in _HASH_PAGES:
                continue
            if _HEADER + 2 * entries > self._page_size or entries % 2:
                raise Malformed(f"page {number} of a Berkeley DB is broken")
            offsets = [self._short.unpack_from(page, _HEADER + 2 * index)[0] for index in range(entries)]
            for index in range(1, entries, 2):  # keys and values take turns, from the end of the page downwards
                yield self._value(page, offsets[index], offsets[index - 1])
        if self._cut:
            raise Malformed("a Berkeley DB is cut off")

    def _value(self, page: bytes, at: int, end: int) -> bytes:
        if not _HEADER <= at < end <= self._page_size:
            raise Malformed("a pair of a Berkeley DB is out of its page")
        if page[at] == _ON_PAGE:
            return page[at + 1 : end]
        if page[at] != _OFF_PAGE or at + 12 > self._page_size:
            raise Malformed("a Berkeley DB holds values of a kind that rpm does not write")
        _, number, size = self._off_page.unpack_from(page, at)
        if size > len(self._content):
            raise Malformed("a value of a Berkeley DB is larger than the database")
        pieces: list[bytes] = []
        while size > 0:
            if number in self._seen:
                raise Malformed(f"page {number} of a Berkeley DB is used twice")
            self._seen.add(number)
            page = self._content.read(number * self._page_size, self._page_size)
            if len(page) < self._page_size:
                raise Malformed(f"page {number} of a Berkeley DB is past its end")
            _, _, _, following, _, used, _, kind = self._header.unpack_from(page)
            if kind != _OVERFLOW or not 0 < used <= self._page_size - _HEADER:
                raise Malformed(f"page {number} of a Berkeley DB is broken")
            pieces.append(page[_HEADER : _HEADER + min(used, size)])
            size -= len(pieces[-1])
            number = following
        return b"".join(pieces)
