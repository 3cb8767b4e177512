"""Streams whose last byte is only handed out after size and digest of the whole were found right. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from pratique.errors import DigestMismatch, SizeMismatch
from pratique.model.digest import Digest

CHUNK = 1 << 20


class VerifiedReader:
    """A `BinaryReader` over `source(n)`, which gives at most n bytes and none at its end. `where`: names the blob in errors."""

    def __init__(self, source: Callable[[int], bytes], digest: Digest, size: int, where: str) -> None:
        self._source = source
        self._digest = digest
        self._size = size
        self._left = size
        self._where = where
        self._hash = hashlib.new(digest.algorithm)
        self._verified = False
        self._broken: tuple[type[DigestMismatch], str] | None = None

    def read(self, size: int = -1, /) -> bytes:
        """See `BinaryReader.read`. Once it has raised, it raises again."""
        if self._broken:
            raise self._fail(*self._broken)
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if size == 0 or self._verified:
            return b""
        data = self._source(min(size, self._left)) if self._left else b""
        self._hash.update(data)
        self._left -= len(data)
        if self._left and not data:
            raise self._fail(SizeMismatch, f"it ends after {self._size - self._left} of {self._size} bytes")
        if not self._left:
            self._finish()
        return data

    def _finish(self) -> None:
        if self._source(1):
            raise self._fail(SizeMismatch, f"it has more than its {self._size} bytes")
        actual = f"{self._digest.algorithm}:{self._hash.hexdigest()}"
        if actual != self._digest:
            raise self._fail(DigestMismatch, f"it was altered: its bytes come to {actual}")
        self._verified = True

    def _fail(self, kind: type[DigestMismatch], how: str) -> DigestMismatch:
        self._broken = kind, how
        return kind(how, where=self._where)


def verified_chunks(chunks: Iterable[bytes], digest: Digest, size: int, where: str) -> Iterator[bytes]:
    """The same chunks; the last is held back until all are verified, so that no wrong blob is ever completed."""
    hasher = hashlib.new(digest.algorithm)
    seen = 0
    held = b""
    for chunk in chunks:
        if not chunk:
            continue
        seen += len(chunk)
        if seen > size:
            raise SizeMismatch(f"the blob {digest} has more than its {size} bytes", where=where)
        hasher.update(chunk)
        if held:
            yield held
        held = chunk
    if seen != size:
        raise SizeMismatch(f"the blob {digest} ends after {seen} of {size} bytes", where=where)
    if (actual := f"{digest.algorithm}:{hasher.hexdigest()}") != digest:
        raise DigestMismatch(f"the blob {digest} has other bytes: they are {actual}", where=where)
    if held:
        yield held
