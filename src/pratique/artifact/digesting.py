"""Digests besides SHA-256, kept by content. Of large files they are taken in a thread of their own: MD5 costs more than all
else that is done to a file, and nothing waits for it. hashlib releases the interpreter lock, so it runs beside the rest.
"""

import hashlib
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import NamedTuple

_SMALL = 256 << 10  # below, handing over costs more than hashing
_IN_HAND = 32 << 20  # bytes that may wait for the thread


class _Task(NamedTuple):
    """Hash `view` into `job`, or, without a view, keep the job's digests under `sha256`."""

    job: "Job"
    view: memoryview | None
    sha256: str


class Digester:
    """Takes digests for one layer or folder. `aside`: in a thread; without it, at once.

    `table` is whole once `close` has returned: algorithm → SHA-256 in hex → digest in hex.
    """

    def __init__(self, *, aside: bool = False) -> None:
        self._table: dict[str, dict[str, str]] = {}
        self._aside = aside
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._room = threading.Condition()
        self._waiting = 0

    @property
    def table(self) -> Mapping[str, Mapping[str, str]]:
        """All digests taken so far."""
        return self._table

    def take(self, algorithms: tuple[str, ...], view: memoryview, sha256: str) -> None:
        """The digests of a whole file whose SHA-256 is known."""
        if len(view) < _SMALL or not self._aside:
            for name in algorithms:
                self._table.setdefault(name, {})[sha256] = _CONSTRUCTORS[name](view, usedforsecurity=False).hexdigest()
            return
        job = self.begin(algorithms)
        job.update(view)
        job.finish(sha256)

    def begin(self, algorithms: tuple[str, ...]) -> "Job":
        """For a file that comes in pieces."""
        return Job(self, algorithms)

    def close(self) -> None:
        """Wait until all digests are taken."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def put(self, task: _Task) -> None:
        """Do a task, now or in the thread; waits while the thread has too much in hand."""
        if not self._aside:
            self._do(task)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="pratique-digest", daemon=True)
            self._thread.start()
        size = len(task.view) if task.view is not None else 0
        with self._room:
            self._room.wait_for(lambda: self._waiting < _IN_HAND)
            self._waiting += size
        self._queue.put(task)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            self._do(task)
            if task.view is not None:
                with self._room:
                    self._waiting -= len(task.view)
                    self._room.notify()

    def _do(self, task: _Task) -> None:
        for name, hasher in task.job.hashers:
            if task.view is not None:
                hasher.update(task.view)
            else:
                self._table.setdefault(name, {})[task.sha256] = hasher.hexdigest()


class Job:
    """One file on its way through its digests."""

    def __init__(self, digester: Digester, algorithms: tuple[str, ...]) -> None:
        self._digester = digester
        self.hashers = [(name, _CONSTRUCTORS[name](usedforsecurity=False)) for name in algorithms]

    def update(self, view: memoryview) -> None:
        """The next piece; it must stay as it is until the digester is closed."""
        if self.hashers:
            self._digester.put(_Task(self, view, ""))

    def finish(self, sha256: str) -> None:
        """All pieces were given; `sha256` of them, in hex."""
        if self.hashers:
            self._digester.put(_Task(self, None, sha256))


# Called by name: `hashlib.new` costs several times as much for a small file.
_CONSTRUCTORS = {"md5": hashlib.md5, "sha1": hashlib.sha1}
