"""Writes events and publishes reports, in order, in a thread of its own: no container waits for a disk, a pipe or a signature."""

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pratique.model import Digest, escape_path
from pratique.runtime.mishaps import reason_of
from pratique.runtime.report import Gap, RuntimeReport, instant
from pratique.runtime.watch import Observation
from pratique.runtime.workloads import RunningContainer

MAX_LOST = 100  # windows named as lost in one report
MAX_WAITING = 100_000  # events that wait to be written; more are dropped and become a gap in the next report

Emit = Callable[[dict[str, Any]], None]
Publish = Callable[[RuntimeReport], Digest | None]


class Reporter:
    """`start` begins its thread; `close` ends it when everything handed in is written. Other methods return at once."""

    def __init__(self, emit: Emit, publish: Publish, clock: Callable[[], float]) -> None:
        self._emit, self._publish, self._clock = emit, publish, clock
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # workload id → (next sequence, digest of the report before it, windows whose report was lost)
        self._chain: dict[str, tuple[int, Digest | None, tuple[Gap, ...]]] = {}
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until all is written."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def tell(self, kind: str, workload: RunningContainer | None = None, **facts: Any) -> None:
        """One event: the time (RFC 3339, UTC), its kind, whose it is, and the facts."""
        if self._queue.qsize() >= MAX_WAITING:
            self._dropped += 1
            return
        event: dict[str, Any] = {"time": instant(self._clock()), "kind": kind}
        if workload is not None:
            image = str(workload.image) if workload.image else None
            event |= {"workload": workload.name, "workload_id": workload.id, "image": image}
        event |= facts
        self._queue.put(lambda: self._write(event))

    def tell_seen(self, workload: RunningContainer, seen: Observation) -> None:
        """The event of one judged file. Paths are escaped as in all documents."""
        process, judgement = seen.process, seen.judgement
        self.tell(
            "exec-or-load",
            workload,
            pid=process.pid,
            process=process.name,
            exe=escape_path(process.exe),
            parent_pid=process.parent_pid,
            parent=process.parent,
            path=escape_path(seen.path),
            sha256=seen.sha256 or None,
            verdict=judgement.verdict.value,
            moved=judgement.moved,
            component=judgement.component,
            action=seen.action,
            mechanism=seen.mechanism,
            detail=judgement.detail,
        )

    def take_dropped(self) -> int:
        """How many events were dropped since this was last asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def publish(self, report: RuntimeReport) -> None:
        """Number the report, chain it to the one before, and publish it."""
        self._queue.put(lambda: self._publish_next(report))

    def _publish_next(self, report: RuntimeReport) -> None:
        sequence, previous, lost = self._chain.get(report.workload_id, (0, None, ()))
        report = replace(report, sequence=sequence, previous=previous, gaps=(*lost, *report.gaps))
        try:
            digest = self._publish(report)
        except Exception as error:
            # What it said is lost, and the next report says so itself: the chain stays whole and hides nothing.
            gap = Gap(since=report.started_at, until=report.ended_at, reason="the report about it could not be published")
            self._chain[report.workload_id] = (sequence, previous, (*lost, gap)[-MAX_LOST:])
            self._write({"kind": "reporter", "detail": reason_of(error)})
            return
        if digest is not None:
            self._chain[report.workload_id] = (sequence + 1, digest, ())

    def _work(self) -> None:
        while (action := self._queue.get()) is not None:
            try:
                action()
            except Exception as error:  # one that nobody foresaw must not end the thread: nothing would be reported any more
                self._write({"kind": "reporter", "detail": reason_of(error)})

    def _write(self, event: dict[str, Any]) -> None:
        """An event that cannot be written is counted, and is a gap in the next report. Whoever read them may be gone."""
        try:
            self._emit(event)
        except Exception:
            self._dropped += 1
