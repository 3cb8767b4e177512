"""Members of an uncompressed tar on disk, found once by going from header to header, then read in any order."""

import hashlib
import os
import posixpath
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pratique.artifact import tar
from pratique.artifact.feed import Feed
from pratique.artifact.inflate import inflate
from pratique.artifact.limits import Gauge, Limits
from pratique.artifact.paths import clean_path, shown
from pratique.errors import DigestMismatch, InputError, Malformed, NotFound
from pratique.files import open_regular, unreadable
from pratique.model import Digest

_CHUNK = 1 << 20
_MAX_MEMBERS = 20_000  # an image of 512 layers has some 1,600
_MAX_HOPS = 8


class MemberPlace(NamedTuple):
    """Where a member's bytes are in the archive."""

    offset: int
    size: int


class TarArchive:
    """The members of one archive. Readers of different members do not disturb each other."""

    def __init__(self, file: BinaryIO, path: Path, limits: Limits, places: dict[str, MemberPlace], links: dict[str, str]) -> None:
        self._file = file
        self._path = path
        self._limits = limits
        self._places = places
        self._links = links

    @classmethod
    @contextmanager
    def open(cls, path: Path, limits: Limits) -> "Iterator[TarArchive]":
        """Find the members. Raises NotFound, InputError (unreadable, compressed), Malformed, LimitExceeded."""
        with ExitStack() as stack:
            try:
                file = stack.enter_context(open_regular(path, buffering=0))
            except OSError as error:
                raise unreadable(error, path) from error
            places, links = _index(file, path, limits)
            yield cls(file, path, limits, places, links)

    def find(self, name: str) -> MemberPlace:
        """The member `name`, through symbolic links inside the archive. Raises NotFound, Malformed."""
        path = clean_path(name.encode("utf-8", "surrogateescape"))
        for _ in range(_MAX_HOPS):
            if path in self._places:
                return self._places[path]
            if path not in self._links:
                raise NotFound(f"the archive has no member {shown(name)}", where=str(self._path))
            path = self._links[path]
        raise Malformed(f"{shown(name)} is a link to a link to a link …", where=str(self._path))

    def read(self, name: str, limit: int) -> bytes:
        """All bytes of a small member. Raises also Malformed when it has more than `limit`."""
        place = self.find(name)
        if place.size > limit:
            raise Malformed(f"{shown(name)} has {place.size} bytes, at most {limit} are read", where=str(self._path))
        return b"".join(self._bytes(place))

    @contextmanager
    def inflated(self, place: MemberPlace) -> Iterator[Iterator[bytes]]:
        """The member's bytes in chunks, decompressed if they are compressed."""
        yield inflate(_Chunked(self._bytes(place)), Gauge(self._limits))

    def inflated_size(self, place: MemberPlace) -> int:
        """Size when decompressed: costs a pass over a member that is compressed, nothing otherwise."""
        head = os.pread(self._file.fileno(), 4, place.offset)[: place.size]
        if head[:2] != b"\x1f\x8b" and head != b"\x28\xb5\x2f\xfd":
            return place.size
        with self.inflated(place) as chunks:
            return sum(map(len, chunks))

    def _bytes(self, place: MemberPlace) -> Iterator[bytes]:
        position, end = place.offset, place.offset + place.size
        while position < end:
            try:
                chunk = os.pread(self._file.fileno(), min(_CHUNK, end - position), position)
            except OSError as error:
                raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=str(self._path)) from error
            if not chunk:
                raise Malformed(f"truncated: ends at byte {position}", where=str(self._path))
            position += len(chunk)
            yield chunk


class Verified:
    """A stream over chunks that must come to `digest` and `size`; says so when it is read to the end."""

    def __init__(self, chunks: Iterator[bytes], *, digest: Digest, size: int) -> None:
        self._stream = _Chunked(chunks)
        self._digest = digest
        self._size = size
        self._seen = 0
        self._hasher = hashlib.sha256()

    @classmethod
    def of_bytes(cls, data: bytes, digest: Digest) -> "Verified":
        """A stream over these bytes."""
        return cls(iter((data,)), digest=digest, size=len(data))

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end. Raises DigestMismatch there, or as soon as there are too many."""
        data = self._stream.read(size)
        self._seen += len(data)
        self._hasher.update(data)
        if self._seen > self._size or not data:
            found = Digest("sha256:" + self._hasher.hexdigest())
            if self._seen != self._size or found != self._digest:
                raise DigestMismatch(f"named {self._digest} of {self._size} bytes, comes to {found} of {self._seen}")
        return data


class _Chunked:
    """`read` over an iterator of chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        data = self._rest[:size]
        self._rest = self._rest[size:]
        return data


class _SeekingFeed(Feed):
    """A feed over a file that does not read what is skipped."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(iter(lambda: file.read(64 << 10), b""))
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def skip(self, size: int) -> None:
        target = self.offset + size
        if self._position + size <= len(self._chunk):
            self._position += size
            return
        if target > self._size:
            raise Malformed(f"truncated: ends at byte {self._size}, {target - self._size} bytes before the entry does")
        self._file.seek(target)
        self._chunk, self._view, self._position, self._before = b"", memoryview(b""), 0, target


def _index(file: BinaryIO, path: Path, limits: Limits) -> tuple[dict[str, MemberPlace], dict[str, str]]:
    if os.pread(file.fileno(), 2, 0) == b"\x1f\x8b":
        raise InputError("the archive is compressed as a whole", where=str(path), hint="decompress it first: gunzip")
    try:
        return _members(_SeekingFeed(file), limits)
    except Malformed as error:
        error.where = error.where or str(path)
        raise


def _members(feed: Feed, limits: Limits) -> tuple[dict[str, MemberPlace], dict[str, str]]:
    """Where the bytes of each file are, and what each link leads to."""
    places: dict[str, MemberPlace] = {}
    links: dict[str, str] = {}
    for count, member in enumerate(tar.walk(feed, limits)):
        if count >= _MAX_MEMBERS:
            raise Malformed(f"more than {_MAX_MEMBERS} members: no archive of images")
        name = clean_path(member.name)
        if name in places or name in links:
            raise Malformed(f"{shown(name)} stands twice in the archive")
        if member.type == tar.REGULAR and member.segments is None:
            places[name] = MemberPlace(feed.offset, member.size)
        elif member.type == tar.SYMLINK:
            joined = posixpath.join(posixpath.dirname(name), member.link.decode("utf-8", "surrogateescape"))
            target = posixpath.normpath(joined)
            if target.startswith(("/", "..")):
                raise Malformed(f"path escape: {shown(name)} is a link out of the archive")
            links[name] = target
        elif member.type == tar.HARD_LINK:
            links[name] = clean_path(member.link)
    return places, links
