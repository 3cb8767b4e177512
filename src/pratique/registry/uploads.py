"""Uploading a blob: whole if it is small, else in chunks that are taken up again where they broke off; or not at all, when the
registry has it in another repository (distribution-spec 1.1, Pushing blobs, Mounting a blob from another repository).

Every chunk is in memory, so it can be sent again when the registry is busy or wants a new token in the middle. The last one is
sent after all were found right.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from urllib.parse import quote

import httpx

from pratique.errors import DigestMismatch, PratiqueError, Unavailable
from pratique.model.digest import Digest
from pratique.registry.patience import Tries
from pratique.registry.transport import Broken, Transport
from pratique.registry.verified import verified_chunks

CHUNK_BYTES = 16 << 20
_LEAST_BYTES = 256 << 10
_MAX_CHUNK_BYTES = 64 << 20  # a registry may ask for larger chunks than ours (OCI-Chunk-Min-Length); more is not kept in memory
_STARTS = 3
_RANGE = re.compile(r"(?:bytes=)?0-(?P<last>[0-9]{1,18})")
_UPLOADED = (201, 204)
_NO_CHUNKS = (400, 405, 411, 415, 501)  # how registries say that they take blobs only whole
_TOO_LARGE, _OUT_OF_PLACE, _GONE = 413, 416, 404


class _NotInChunks(Exception):
    """The registry takes no first chunk."""


class _TooLarge(Exception):
    """Something before the registry takes no request of this size."""


class _Lost(Exception):
    """The registry does not know the upload any more, or not how far it came."""


class Uploads:
    """Uploads to one repository. `base`: its path in the API. `scope`: of the token to push with."""

    def __init__(
        self,
        transport: Transport,
        *,
        base: str,
        scope: str,
        where: str,
        has_blob: Callable[[Digest], bool],
        sleep: Callable[[float], None],
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._transport = transport
        self._uploads = f"{base}/blobs/uploads/"
        self._scope = scope
        self._where = where
        self._has_blob = has_blob
        self._sleep = sleep
        self._chunk_bytes = chunk_bytes

    def push(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """Upload a blob that is not there. Raises DigestMismatch before the last byte is sent, Unavailable."""
        for left in range(_STARTS - 1, -1, -1):
            try:
                self._push(digest, size, chunks)
            except _Lost as error:
                if not left or isinstance(chunks, Iterator):
                    hint = "run the same command again: what was pushed is kept"
                    message = f"the registry lost the upload of blob {digest} half way"
                    raise Unavailable(message, where=self._where, hint=hint) from error
            except (_TooLarge, _NotInChunks) as error:
                message = f"the registry takes blob {digest} neither whole nor in chunks"
                raise Unavailable(message, where=self._where, hint="does a proxy limit requests?") from error
            else:
                return

    def mount(self, digest: Digest, source: str) -> bool:
        """Have the registry take the blob from its repository `source`; whether it is there now. Never an error: an upload tells
        the reason."""
        query = f"?mount={quote(digest, safe='')}&from={quote(source, safe='')}"
        scope = f"{self._scope} repository:{source}:pull"
        what = f"mount of blob {digest}"
        start = {"Content-Length": "0"}
        try:
            with self._transport.request(
                "POST", self._uploads + query, scope=scope, headers=start, body=b"", accept=(201, 202), what=what
            ) as got:
                mounted = got.status_code == 201
                started = None if mounted else self._location(got)
            if started is not None:
                with self._transport.request("DELETE", started, scope=self._scope, accept=(200, 202, 204), what=what):
                    return False
            return self._has_blob(digest)
        except PratiqueError:
            return False

    def _push(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        what = f"upload of blob {digest}"
        location, least = self._start(what)
        limit = max(self._chunk_bytes, least)
        pieces = _cut(verified_chunks(chunks, digest, size, self._where), min(limit, _MAX_CHUNK_BYTES))
        if size <= min(limit, _MAX_CHUNK_BYTES):
            data = b"".join(pieces)
            try:
                self._finish(location, digest, what, _Again(data), size)
            except _TooLarge:
                self._send_pieces(self._start(what)[0], digest, what, iter([data]), limit // 4)
            return
        first = next(pieces)
        try:
            if limit > _MAX_CHUNK_BYTES:
                raise _NotInChunks  # noqa: TRY301
            self._send_pieces(location, digest, what, chain([first], pieces), limit)
        except _NotInChunks:
            location, _ = self._start(what)
            anew = None if isinstance(chunks, Iterator) else _Verified(chunks, digest, size, self._where)
            self._finish(location, digest, what, anew or chain([first], pieces), size)

    def _start(self, what: str) -> tuple[str, int]:
        """Where to send the blob to, and how long a chunk must be at least."""
        start = {"Content-Length": "0"}
        with self._transport.request(
            "POST", self._uploads, scope=self._scope, headers=start, body=b"", accept=(202,), what=what
        ) as got:
            least = got.headers.get("OCI-Chunk-Min-Length", "")
            return self._location(got), int(least) if re.fullmatch(r"[0-9]{1,18}", least) else 0

    def _send_pieces(self, location: str, digest: Digest, what: str, pieces: Iterator[bytes], limit: int) -> None:
        offset = 0
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                try:
                    location = self._send_piece(location, bytes(rest[:limit]), offset, what)
                except _TooLarge:
                    if limit <= _LEAST_BYTES:
                        message = f"{what}: not even {limit >> 10} KiB at once are taken"
                        raise Unavailable(message, where=self._where, hint="does a proxy limit requests?") from None
                    limit = max(_LEAST_BYTES, limit // 4)
                    continue
                offset += len(rest[:limit])
                rest = rest[limit:]
        self._finish(location, digest, what, b"", 0)

    def _send_piece(self, location: str, data: bytes, offset: int, what: str) -> str:
        """Send one chunk; returns where the next goes. After a break the registry is asked how much it has."""
        tries = Tries()
        accept = (202, *_UPLOADED, _OUT_OF_PLACE, _GONE, _TOO_LARGE, *_NO_CHUNKS)
        while True:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(len(data)),
                "Content-Range": f"{offset}-{offset + len(data) - 1}",
            }
            try:
                with self._transport.request(
                    "PATCH", location, scope=self._scope, headers=headers, body=_Again(data), accept=accept, what=what
                ) as got:
                    if got.status_code in (202, *_UPLOADED):
                        return self._location(got) if got.headers.get("Location") else location
                    if got.status_code == _TOO_LARGE:
                        raise _TooLarge
                    if got.status_code == _GONE and offset:
                        raise _Lost
                    if got.status_code != _OUT_OF_PLACE:
                        if offset == 0:
                            raise _NotInChunks
                        raise Unavailable(f"{what}: the registry answers {got.status_code}", where=self._where)
                failure: Unavailable | None = None
            except Broken as error:
                failure = error
            delay = tries.usual_delay
            if not tries.may_wait(delay):
                raise failure or _Lost
            self._sleep(delay)
            location, kept = self._kept(location, what)
            if not offset <= kept <= offset + len(data):
                raise _Lost
            data, offset = data[kept - offset :], kept
            if not data:
                return location

    def _kept(self, location: str, what: str) -> tuple[str, int]:
        """How many bytes of an upload the registry has, and where the next go."""
        with self._transport.request("GET", location, scope=self._scope, accept=(200, 202, 204, 404), what=what) as got:
            match = _RANGE.fullmatch(got.headers.get("Range", "").strip())
            if got.status_code == _GONE or match is None:
                raise _Lost
            last = int(match["last"])
            # "0-0" is what registries say of an upload that has nothing yet.
            return (self._location(got) if got.headers.get("Location") else location), last + 1 if last else 0

    def _finish(self, location: str, digest: Digest, what: str, body: "bytes | Iterable[bytes]", size: int) -> None:
        separator = "&" if "?" in location else "?"
        target = f"{location}{separator}digest={quote(digest, safe='')}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        accept = (*_UPLOADED, _GONE, _OUT_OF_PLACE, _TOO_LARGE)
        try:
            with self._transport.request(
                "PUT", target, scope=self._scope, headers=headers, body=body, accept=accept, what=what
            ) as got:
                status, stated = got.status_code, got.headers.get("Docker-Content-Digest")
        except Broken:
            if isinstance(body, Iterator):
                raise
            status, stated = _GONE, None
        if status == _TOO_LARGE:
            raise _TooLarge
        if status not in _UPLOADED:
            # It may have come through all the same, and only its answer was lost.
            if self._has_blob(digest):
                return
            raise _Lost
        if stated and stated != digest and stated.partition(":")[0] == digest.algorithm:
            raise DigestMismatch(f"pushed {digest}, the registry keeps {stated[:100]}", where=self._where)

    def _location(self, response: httpx.Response) -> str:
        location = response.headers.get("Location", "")
        if not location or "#" in location:
            raise Unavailable("the registry does not say where to upload to", where=self._where)
        try:
            return str(response.request.url.join(location))
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise Unavailable("the registry names an address that is none", where=self._where) from None


class _Again:
    """Bytes that may be sent again when the registry says that it took none of them, but not blindly after a break."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        return iter([self._data] if self._data else [])


class _Verified:
    """Chunks that are verified on their way out, as often as they can be read."""

    def __init__(self, chunks: Iterable[bytes], digest: Digest, size: int, where: str) -> None:
        self._arguments = (chunks, digest, size, where)

    def __iter__(self) -> Iterator[bytes]:
        return verified_chunks(*self._arguments)


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`; the last is what is left."""
    held: list[bytes] = []
    count = 0
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            part = view[: size - count]
            held.append(bytes(part))
            count += len(part)
            view = view[len(part) :]
            if count == size:
                yield b"".join(held)
                held, count = [], 0
    if held:
        yield b"".join(held)
