"""The content of one file, to be read at random: a view of memory, or of a temporary file that is mapped."""

import io
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.files import storage_error

if TYPE_CHECKING:
    from typing_extensions import Buffer

IN_MEMORY = 8 << 20
"""Larger files that do not lie in one chunk go to a temporary file: the disk's cache holds them, not the process."""


class FileContent:
    """Bytes of one file, valid while a probe reads them."""

    __slots__ = ("view",)

    def __init__(self, view: memoryview) -> None:
        self.view = view

    def __len__(self) -> int:
        return len(self.view)

    def read(self, offset: int, size: int) -> bytes:
        """A copy of at most `size` bytes from `offset`; fewer at the end, none past it or for a negative offset."""
        return bytes(self.view[offset : offset + size]) if offset >= 0 and size > 0 else b""

    def file(self) -> io.BufferedReader:
        """The same as a file that can be sought in, for libraries that want one. Copies only what is read."""
        return io.BufferedReader(_ViewFile(self.view))


class _ViewFile(io.RawIOBase):
    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._view)}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "Buffer") -> int:
        out = memoryview(buffer)
        data = self._view[self._position : self._position + len(out)]
        out[: len(data)] = data
        self._position += len(data)
        return len(data)


@contextmanager
def spooled(pieces: Iterable[memoryview], size: int) -> Iterator[FileContent]:
    """The pieces in one place. `size`: how many bytes they will be, which decides where. Raises StorageError."""
    if size <= IN_MEMORY:
        yield FileContent(memoryview(b"".join(pieces)))
        return
    with tempfile.TemporaryFile(prefix="pratique-") as file:
        try:
            for piece in pieces:
                file.write(piece)
            file.flush()
            if not file.tell():  # shorter than was said: nothing cannot be mapped
                yield FileContent(memoryview(b""))
                return
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise storage_error(error, Path(tempfile.gettempdir())) from error
        view = memoryview(mapped)
        try:
            yield FileContent(view)
        finally:
            view.release()
            mapped.close()
