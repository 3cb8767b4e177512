"""Bytes that arrive in chunks, read as blocks, as whole fields, or as views without a copy. Pure."""

from collections.abc import Iterable, Iterator

from pratique.errors import Malformed

BLOCK = 512


class Feed:
    """A forward-only reader over chunks. Holds one chunk; views it gives keep theirs alive."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._view = memoryview(b"")
        self._position = 0
        self._before = 0  # bytes of the stream before this chunk

    @property
    def offset(self) -> int:
        """Bytes of the stream taken so far."""
        return self._before + self._position

    def block(self) -> bytes | None:
        """The next 512 bytes, or None where the stream ends. Raises Malformed when it ends within them."""
        end = self._position + BLOCK
        if end <= len(self._chunk):
            block = self._chunk[self._position : end]
            self._position = end
            return block
        if self._position == len(self._chunk) and not self._next():
            return None
        return self.read(BLOCK)

    def view(self, size: int) -> memoryview | None:
        """The next `size` bytes in one piece if the current chunk holds them all, else None and nothing is taken."""
        end = self._position + size
        if end > len(self._chunk):
            return None
        view = self._view[self._position : end]
        self._position = end
        return view

    def pieces(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes as views of the chunks they are in. Raises Malformed when the stream ends before."""
        while size > 0:
            have = len(self._chunk) - self._position
            if not have:
                if not self._next():
                    raise Malformed(f"truncated: the stream ends at byte {self.offset}, {size} bytes before the entry does")
                continue
            take = min(have, size)
            view = self._view[self._position : self._position + take]
            self._position += take
            size -= take
            yield view

    def read(self, size: int) -> bytes:
        """The next `size` bytes as one value; the caller has checked `size` against a limit. Raises Malformed."""
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        """Leave out `size` bytes. Raises Malformed when the stream ends before."""
        end = self._position + size
        if end <= len(self._chunk):
            self._position = end
            return
        for _ in self.pieces(size):
            pass

    def rest(self) -> Iterator[memoryview]:
        """Everything up to the end of the stream."""
        while self._position < len(self._chunk) or self._next():
            view = self._view[self._position :]
            self._position = len(self._chunk)
            yield view

    def _next(self) -> bool:
        """Go to the next chunk that is not empty."""
        for chunk in self._chunks:
            if chunk:
                self._before += len(self._chunk)
                self._chunk, self._view, self._position = chunk, memoryview(chunk), 0
                return True
        return False
