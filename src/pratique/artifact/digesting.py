"""Digests besides SHA-256, kept by content, taken in a thread of their own: MD5 costs more than all else that is done to a file,
and nothing waits for it. hashlib releases the interpreter lock, so it runs beside the rest; small files are handed over many at
a time.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from queue import SimpleQueue

_SMALL = 256 << 10  # below, handing a file over by itself costs as much as hashing it
_TOGETHER = 1 << 20  # bytes of small files that are handed over at once
_IN_HAND = 32 << 20  # bytes that may wait for the thread

_Whole = tuple[tuple[str, ...], memoryview, str]
"""A file: algorithms, bytes, its SHA-256 in hex."""


class Digester:
    """Takes digests for one layer or folder. `aside`: in a thread; without it, at once.

    `table` is whole once `close` has returned: algorithm → SHA-256 in hex → digest in hex.
    """

    def __init__(self, *, aside: bool = False) -> None:
        self._table: dict[str, dict[str, str]] = {}
        self._aside = aside
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[tuple[int, Callable[[], None]] | None] = SimpleQueue()
        self._room = threading.Condition()
        self._waiting = 0
        self._small: list[_Whole] = []
        self._small_bytes = 0

    @property
    def table(self) -> Mapping[str, Mapping[str, str]]:
        """All digests taken so far."""
        return self._table

    def take(self, algorithms: tuple[str, ...], view: memoryview, sha256: str) -> None:
        """The digests of a whole file whose SHA-256 is known; it must stay as it is until the digester is closed."""
        if not self._aside:
            self._take(((algorithms, view, sha256),))
        elif len(view) < _SMALL:
            self._small.append((algorithms, view, sha256))
            self._small_bytes += len(view)
            if self._small_bytes >= _TOGETHER:
                self._hand_over_small()
        else:
            self.put(len(view), partial(self._take, ((algorithms, view, sha256),)))

    def begin(self, algorithms: tuple[str, ...]) -> "Job":
        """For a file that comes in pieces."""
        return Job(self, algorithms)

    def close(self) -> None:
        """Wait until all digests are taken."""
        if self._small:
            self._hand_over_small()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def put(self, size: int, work: Callable[[], None]) -> None:
        """Do work on `size` bytes, now or in the thread; waits while the thread has too much in hand."""
        if not self._aside:
            work()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="pratique-digest", daemon=True)
            self._thread.start()
        with self._room:
            self._room.wait_for(lambda: self._waiting < _IN_HAND)
            self._waiting += size
        self._queue.put((size, work))

    def keep(self, algorithm: str, sha256: str, digest: str) -> None:
        """A digest that was taken."""
        self._table.setdefault(algorithm, {})[sha256] = digest

    def _hand_over_small(self) -> None:
        small, size = self._small, self._small_bytes
        self._small, self._small_bytes = [], 0
        self.put(size, partial(self._take, small))

    def _take(self, wholes: "list[_Whole] | tuple[_Whole, ...]") -> None:
        for algorithms, view, sha256 in wholes:
            for name in algorithms:
                self.keep(name, sha256, _CONSTRUCTORS[name](view, usedforsecurity=False).hexdigest())

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            size, work = item
            work()
            del item, work  # and with it the bytes
            with self._room:
                self._waiting -= size
                self._room.notify()


class Job:
    """One file on its way through its digests."""

    def __init__(self, digester: Digester, algorithms: tuple[str, ...]) -> None:
        self._digester = digester
        self._hashers = [(name, _CONSTRUCTORS[name](usedforsecurity=False)) for name in algorithms]

    def update(self, view: memoryview) -> None:
        """The next piece; it must stay as it is until the digester is closed."""
        if self._hashers:
            self._digester.put(len(view), partial(self._update, view))

    def finish(self, sha256: str) -> None:
        """All pieces were given; `sha256` of them, in hex."""
        if self._hashers:
            self._digester.put(0, partial(self._finish, sha256))

    def _update(self, view: memoryview) -> None:
        for _, hasher in self._hashers:
            hasher.update(view)

    def _finish(self, sha256: str) -> None:
        for name, hasher in self._hashers:
            self._digester.keep(name, sha256, hasher.hexdigest())


# Called by name: `hashlib.new` costs several times as much for a small file.
_CONSTRUCTORS = {"md5": hashlib.md5, "sha1": hashlib.sha1}
