"""Inflate a layer's bytes in a thread of their own: gzip (all members), zstd (all frames), plain. Recognised by their bytes.

Chunks go through a bounded queue, so memory is bounded whatever the archive holds. zlib, zstd and SHA-256 release the
interpreter lock: the thread that inflates and the thread that walks and hashes run side by side.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO, Protocol, cast

from pratique.artifact.limits import Gauge
from pratique.errors import LimitExceeded, Malformed

CHUNK = 1 << 20
IN_FLIGHT = (
    16  # the inflating thread is ahead at the beginning and over small files, and behind over large ones; 40 are no faster
)
MAX_WINDOW = 64 << 20  # bytes a zstd frame may look back; what Go's reader, and so the engines, take


class Readable(Protocol):
    """Bytes from somewhere. `read(n)` gives at most n bytes, none at the end, and may verify them there."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


class _Counted:
    """Counts what is read, and gives the first bytes, which were looked at, once more."""

    def __init__(self, stream: Readable, gauge: Gauge, progress: Callable[[int], None] | None) -> None:
        self._stream = stream
        self.gauge = gauge
        self._progress = progress
        self._head = b""
        self._watcher: Callable[[bytes], None] | None = None

    def watch(self, watcher: Callable[[bytes], None]) -> None:
        """Show `watcher` all bytes, those that were only peeked at included."""
        self._watcher = watcher

    def peek(self, size: int) -> bytes:
        while len(self._head) < size and (data := self._take(size - len(self._head))):
            self._head += data
        return self._head

    def read(self, size: int = CHUNK) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._take(size)
        if self._watcher is not None:
            self._watcher(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.gauge.stored += len(data)
        if self._progress is not None and data:
            self._progress(len(data))
        return data


def inflate(stream: Readable, gauge: Gauge, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The uncompressed bytes in chunks of at most 1 MiB; `stream` is read to its end.

    `progress` is told how many stored bytes were read. Raises Malformed (truncated, broken, a window too large),
    LimitExceeded as the gauge says, and what `stream` raises.
    """
    counted = _Counted(stream, gauge, progress)
    for chunk in _chunks(counted):
        gauge.inflated += len(chunk)
        gauge.check()
        yield chunk
    while counted.read(CHUNK):  # a stream verifies its digest at its end
        pass


def _chunks(counted: _Counted) -> Iterator[bytes]:
    head = counted.peek(4)
    if head[:2] == b"\x1f\x8b":
        return _gzip(counted)
    if head == b"\x28\xb5\x2f\xfd" or (head[1:] == b"\x2a\x4d\x18" and 0x50 <= head[0] < 0x60):
        return _zstd(counted)
    return iter(lambda: counted.read(CHUNK), b"")


def _gzip(counted: _Counted) -> Iterator[bytes]:
    from isal import igzip, igzip_lib

    try:
        with igzip.IGzipFile(fileobj=counted, mode="rb") as file:  # type: ignore[no-untyped-call]
            while chunk := file.read(CHUNK):
                yield chunk
    except (EOFError, igzip.BadGzipFile, igzip_lib.IsalError) as error:  # type: ignore[misc]  # untyped
        raise Malformed(f"broken gzip stream after {counted.gauge.inflated} bytes: {str(error).lower()}") from error


def _zstd(counted: _Counted) -> Iterator[bytes]:
    import zstandard

    from pratique.artifact.zstdframes import FrameEnds

    ends = FrameEnds()
    counted.watch(ends.show)
    try:
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        with decompressor.stream_reader(
            cast(IO[bytes], counted), read_size=CHUNK >> 2, read_across_frames=True, closefd=False
        ) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise LimitExceeded(f"a zstd frame looks back further than {MAX_WINDOW} bytes", hint="compress it again") from error
        raise Malformed(f"broken zstd stream after {counted.gauge.inflated} bytes: {str(error).lower()}") from error
    if not ends.complete:
        raise Malformed(f"broken zstd stream after {counted.gauge.inflated} bytes: it ends inside a frame")


@contextmanager
def pumped(chunks: Iterator[bytes], *, in_flight: int = IN_FLIGHT) -> Iterator[Iterator[bytes]]:
    """Run `chunks` in a thread, at most `in_flight` ahead of who takes them. What it raises is raised to the taker.

    On leaving, the thread has ended: early, when the taker stopped.
    """
    slots = threading.Semaphore(in_flight)
    queue: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            for chunk in chunks:
                slots.acquire()
                if stop.is_set():
                    return
                queue.put(chunk)
            queue.put(None)
        except BaseException as error:  # all of them belong to the taker
            queue.put(error)

    def take() -> Iterator[bytes]:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            slots.release()
            yield item

    thread = threading.Thread(target=work, name="pratique-inflate", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stop.set()
        slots.release()
        thread.join()
