"""The write-ahead log beside an SQLite database (SQLite, Database File Format, §4): pages that are committed and not yet copied.

A frame counts when its salts are the log's and its checksum follows from all before it; a transaction when a frame commits it.
What a log holds of a table can be told without the database: rpm's packages are the only rows of two columns with a blob.
"""

import struct
from collections.abc import Iterator

from pratique.artifact.content import FileContent
from pratique.ecosystems.rpm.database.sqlite import LEAF, Pages, Row, record, varint
from pratique.errors import Malformed

_MAGICS = {0x377F0682: "<", 0x377F0683: ">"}
"""By the byte order of the words that checksums add up."""
_HEADER, _FRAME = 32, 24
_MASK = 0xFFFF_FFFF
_MAX_BYTES = 128 << 20


class WriteAheadLog(Pages):
    """The newest committed version of each page. `pages`: their numbers. `count`: pages of the whole database after it.

    Raises Malformed for what is no log. Time: linear; of a log larger than 128 MB the rest counts as `cut`.
    """

    def __init__(self, content: FileContent) -> None:
        header = content.read(0, _HEADER)
        if len(header) < _HEADER:
            raise Malformed("not a write-ahead log of SQLite")
        magic, version, page_size, _, *salts, first, second = struct.unpack(">8I", header)
        order = _MAGICS.get(magic)
        if order is None or version != 3_007_000:
            raise Malformed("not a write-ahead log of SQLite")
        self._content = content
        super().__init__(page_size, 0, len(content))
        self.count = 0
        self.cut = len(content) > _MAX_BYTES
        self._offsets: dict[int, int] = {}
        sums = _checksum(order, header[:24], 0, 0)
        if sums == (first, second):
            self._read(order, tuple(salts), sums)
        if 1 in self._offsets:
            self._usable = page_size - self._bytes(1)[20]

    @property
    def pages(self) -> list[int]:
        """Numbers of the pages that are in the log."""
        return sorted(self._offsets)

    def rows(self) -> Iterator[tuple[Row, bool]]:
        """Rows of two columns, the second a blob, and whether all of the blob is here: the rest may be in the database.

        Raises Malformed, also on the way.
        """
        for number in self.pages:
            page = self._bytes(number)
            if number == 1 or page[0] != LEAF:
                continue
            left = self._page_size  # cells do not overlap, however they are pointed at
            for at in self._cells(number, page):
                rowid, one_blob, used = self._shape(page, at)
                left -= used
                if left < 0:
                    raise Malformed(f"cells overlap in page {number} of a write-ahead log")
                if not one_blob:
                    continue
                try:
                    yield Row(number, rowid, record(self._payload(page, at)[1])), True
                except Malformed:
                    yield Row(number, rowid, []), False

    def _shape(self, page: bytes, at: int) -> tuple[int, bool, int]:
        """A cell's rowid, whether it has two columns of which the second is a blob, and how many bytes it takes at least."""
        begin = at
        _, at = varint(page, at)
        rowid, at = varint(page, at)
        size, types_at = varint(page, at)
        types: list[int] = []
        while types_at < at + size and len(types) < 3:
            kind, types_at = varint(page, types_at)
            types.append(kind)
        return rowid, len(types) == 2 and types[1] >= 12 and types[1] % 2 == 0, types_at - begin

    def _bytes(self, number: int) -> bytes:
        offset = self._offsets.get(number)
        return b"" if offset is None else self._content.read(offset, self._page_size)

    def _read(self, order: str, salts: tuple[int, ...], sums: tuple[int, int]) -> None:
        pending: dict[int, int] = {}
        at, size = _HEADER, self._page_size
        while at + _FRAME + size <= min(len(self._content), _MAX_BYTES):
            head = self._content.read(at, _FRAME)
            number, commit, *mine, first, second = struct.unpack(">6I", head)
            sums = _checksum(order, head[:8], *sums)
            sums = _checksum(order, self._content.read(at + _FRAME, size), *sums)
            if tuple(mine) != salts or sums != (first, second) or not number:
                return
            pending[number] = at + _FRAME
            if commit:
                self._offsets |= pending
                self._offsets = {page: where for page, where in self._offsets.items() if page <= commit}
                self.count = commit
                pending = {}
            at += _FRAME + size


def _checksum(order: str, data: bytes, first: int, second: int) -> tuple[int, int]:
    """§4.2: pairs of words are added up, each sum with the other."""
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & _MASK
        second = (second + two + first) & _MASK
    return first, second
