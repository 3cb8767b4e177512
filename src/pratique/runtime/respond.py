"""What is done to a container that broke the rules. Never from the event loop: freezing waits for processes that wait for it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from pratique.runtime.mishaps import reason_of
from pratique.runtime.workloads import Engine, RunningContainer


def look_at(future: "Future[Any]", failed: Callable[[BaseException], None]) -> None:
    """Have somebody told, in the thread that did it, of what a task raised: otherwise it stays in the future unseen."""

    def done(ended: "Future[Any]") -> None:
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            failed(error)

    future.add_done_callback(done)


class Response(StrEnum):
    """What `--on-violation` says."""

    NONE = "none"
    FREEZE = "freeze"
    STOP = "stop"


class Responder:
    """Freezes or stops each workload once, in a thread of its own, after the event that caused it was answered.

    `done(workload, action, detail)` is called from that thread: action `frozen`, `stopped` or `failed`; what failed is tried
    again at the next violation. `failed` is told, in that thread, of an error that `done` raised.
    """

    def __init__(
        self,
        engine: Engine,
        response: Response,
        done: Callable[[RunningContainer, str, str], None],
        failed: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._failed = failed
        self._response = response
        self._done = done
        self._asked: set[tuple[str, int]] = set()
        self._pool: ThreadPoolExecutor | None = None

    def violated(self, workload: RunningContainer) -> None:
        """Respond, unless it was done already or nothing is to be done. Returns at once."""
        key = (workload.id, workload.pid)
        if self._response is Response.NONE or key in self._asked:
            return
        self._asked.add(key)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="respond")
        look_at(self._pool.submit(self._act, workload), self._failed)

    def _act(self, workload: RunningContainer) -> None:
        try:
            if self._response is Response.FREEZE:
                self._engine.freeze(workload)
                self._done(workload, "frozen", "")
            else:
                self._engine.stop(workload)
                self._done(workload, "stopped", "")
        except Exception as error:
            self._asked.discard((workload.id, workload.pid))  # the next violation asks again
            self._done(workload, "failed", reason_of(error))

    def close(self) -> None:
        """Wait for what was begun. Call it when no event waits for an answer any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
