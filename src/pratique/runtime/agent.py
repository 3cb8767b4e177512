"""The node agent: finds containers, holds each to its verified manifest, tells what it saw.

One thread reads all groups by epoll and decides; it never calls the engine, the network or the disk. Listing containers, getting
manifests, scanning, sealing, writing events, publishing reports and responding each happen in other threads.

If the agent dies, the kernel closes its groups and lets everything pass: it fails open. Nobody inside a container can make it
die, but whoever can on the host switches enforcement off; the reports that stop coming are the witness. If the agent hangs, the
containers' next opens hang with it. On `stop_event` it answers what waits, publishes a last report for each workload and ends.
"""

import math
import os
import resource
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from pratique.errors import Malformed, PratiqueError
from pratique.model import Cause
from pratique.runtime.allowlist import AllowList
from pratique.runtime.config import AgentConfig, ManifestSource, Unverified
from pratique.runtime.fanotify import Group
from pratique.runtime.harden import forbid_memory_programs, seal_root
from pratique.runtime.loop import POLL_S, EventLoop
from pratique.runtime.mishaps import Mishaps, reason_of
from pratique.runtime.report import MECHANISMS, RuntimeReport, Tally, instant
from pratique.runtime.reporter import Emit, Publish, Reporter
from pratique.runtime.respond import Responder, Response, look_at
from pratique.runtime.scan import Mapped, scan
from pratique.runtime.watch import Observation, Watch
from pratique.runtime.workloads import Engine, RunningContainer


def run_agent(
    config: AgentConfig,
    *,
    engine: Engine,
    manifests: ManifestSource,
    emit: Emit,
    publish_report: Publish,
    clock: Callable[[], float],
    stop_event: threading.Event,
    why_stopped: Callable[[], str] = lambda: "it was told to",
) -> None:
    """Run until `stop_event` is set; `why_stopped` is then asked, for the last event. manifests: the verified manifest of a
    workload's image, or why there is none; called in a thread, may be slow. emit: one event as plain values; publish_report:
    returns the digest that the next report names as its previous one, or None if it keeps none: then the chain does not move.
    Both are called from one thread, in order. clock: Unix seconds.

    Raises Unavailable at the start if the engine cannot be asked or the kernel will not let us watch; later such failures are
    events and gaps in the reports.
    """
    reporter = Reporter(emit, publish_report, clock)
    agent = _Agent(config=config, engine=engine, manifests=manifests, reporter=reporter, clock=clock, stop_event=stop_event)
    why = "an error"
    try:
        agent.start()
        agent.loop()
        why = why_stopped()
    except BaseException as error:
        why = reason_of(error)
        raise
    finally:
        agent.close(why)


class _Agent:
    def __init__(
        self,
        *,
        config: AgentConfig,
        engine: Engine,
        manifests: ManifestSource,
        reporter: Reporter,
        clock: Callable[[], float],
        stop_event: threading.Event,
    ) -> None:
        self.config, self.engine, self.manifests, self.clock, self.stop = config, engine, manifests, clock, stop_event
        self.reporter = reporter
        self.watches: dict[tuple[str, int], Watch] = {}
        self.refused_to_watch: set[tuple[str, int]] = set()
        self.mishaps = Mishaps(lambda workload, detail: reporter.tell("agent", workload, detail=detail), clock)
        self.events = EventLoop(lambda error: self._note("the agent", error))
        self.pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="manifest")
        self.responder = Responder(
            engine,
            config.on_violation if config.rules.enforce else Response.NONE,
            self._responded,
            self._failed_elsewhere("responding"),
        )
        self.watcher: threading.Thread | None = None
        self.next_report_at = 0.0

    # Beginning and end

    def start(self) -> None:
        """Open what the loop needs and watch what runs already."""
        Group.open().close()  # can the kernel do it, and may we?
        first = self.engine.running()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every open that waits holds a descriptor of ours
        self.next_report_at = self.clock() + self.config.report_interval_s
        self.reporter.start()
        self.reporter.tell("began", detail=self._what_it_watches(first), node=self.config.node, mode=self._mode)
        self.watcher = threading.Thread(target=self._look_for_workloads, name="workloads", daemon=True)
        self.watcher.start()
        self._saw(tuple(first))

    @property
    def _mode(self) -> str:
        return "enforce" if self.config.rules.enforce else "observe"

    def _what_it_watches(self, first: Sequence[RunningContainer]) -> str:
        """One line of the log: what becomes of a violation, which containers, whence their manifests."""
        rules, response = self.config.rules, self.config.on_violation
        held = "what a manifest does not know is refused" if rules.enforce else "only watched: nothing is refused"
        if rules.enforce and response is not Response.NONE:
            held += f", and its container is to {response.value}"
        running = ", ".join(workload.name for workload in first) or "none"
        return f"{self._mode} mode, {held}; {self.config.scope}; running now: {running}"

    def close(self, why: str) -> None:
        """Let everything that waits go on first; then wait for our own threads. `why`: the last word of the log."""
        self.stop.set()
        now = self.clock()
        for watch in self.watches.values():
            with self._noting("ending", watch):
                for event in [*watch.held, *watch.group.read()]:
                    watch.held = [other for other in watch.held if other is not event]
                    watch.handle(event, self._teller(watch))
            with self._noting("reporting", watch):
                self._report(watch, now, final=True)
            self._tell_end(watch, "the agent ends")
            with suppress(OSError):
                watch.close()
        self.watches.clear()
        self.responder.close()
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self.watcher is not None:
            self.watcher.join()
        if self.watcher is not None:
            self.reporter.tell("ended", detail=why, node=self.config.node, mode=self._mode)
        self.reporter.close()
        self.events.close()

    def loop(self) -> None:
        """Answer events until told to stop. One container's trouble must not free the others."""
        while not self.stop.is_set():
            try:
                self.events.turn()
                self._tick(self.clock())
            except Exception as error:
                self._note("the agent", error)
                self.stop.wait(POLL_S)  # what fails at once again must not take the whole machine

    def _tick(self, now: float) -> None:
        for watch in self.watches.values():
            with self._noting("settling", watch):
                if watch.held and now - watch.held_since > self.config.hold_s:
                    self._settle(watch, Unverified(cause=Cause.UNREACHABLE, detail="its manifest did not come in time"))
                if now >= watch.ask_again_at:
                    watch.ask_again_at = math.inf
                    self._begin(watch, first=False)
        if now >= self.next_report_at:
            self.next_report_at = now + self.config.report_interval_s
            for watch in self.watches.values():
                with self._noting("reporting", watch):
                    self._report(watch, now, final=False)

    # What nobody foresaw

    def _note(self, doing: str, error: BaseException, *watches: Watch) -> None:
        """The loop's thread. Tell it, and let it be a gap: of these watches, or of all."""
        self.mishaps.note(doing, error, [(one.workload, one.tally) for one in watches or self.watches.values()])

    @contextmanager
    def _noting(self, doing: str, *watches: Watch) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._note(doing, error, *watches)

    def _failed_elsewhere(self, doing: str, *watches: Watch) -> Callable[[BaseException], None]:
        """For other threads: have the loop's thread note it."""
        return lambda error: self.events.post(lambda: self._note(doing, error, *watches))

    # Workloads come and go

    def _look_for_workloads(self) -> None:
        """Thread. Lists containers again and again; a failure to list is told once until it works again."""
        failing = False
        while not self.stop.wait(self.config.poll_s):
            try:
                found = tuple(self.engine.running())
                failing = False
            except Exception as error:
                if not isinstance(error, PratiqueError):
                    self._failed_elsewhere("looking for containers")(error)
                elif not failing:
                    self.reporter.tell("engine", detail=str(error))
                failing = True
                continue
            self.events.post(lambda found=found: self._saw(found))  # type: ignore[misc]

    def _saw(self, found: tuple[RunningContainer, ...]) -> None:
        for workload in found:
            key = (workload.id, workload.pid)
            if key not in self.watches and key not in self.refused_to_watch:
                try:
                    self._attach(key, workload)
                except Exception as error:  # it is tried again when containers are listed next
                    self._note(f"watching {workload.name}", error)
                    self._let_go(key)

    def _attach(self, key: tuple[str, int], workload: RunningContainer) -> None:
        now = self.clock()
        tally = Tally(started_at=now, limit=self.config.violations_limit)
        tally.gap(workload.started_at, now, "it ran before it was watched")
        sealed, seal_failure = False, ""
        if self.config.seal:
            try:
                seal_root(workload.pid)
                sealed = True
            except PratiqueError as error:
                seal_failure = str(error)
        try:
            watch = Watch.attach(workload, rules=self.config.rules, tally=tally, clock=self.clock)
        except PratiqueError as error:
            self.refused_to_watch.add(key)
            self.reporter.tell("unwatched", workload, detail=str(error))
            return
        watch.sealed = sealed
        self.watches[key] = watch
        self.events.register(watch.group.fd, lambda: self._answer(watch))
        self.events.register(watch.pidfd, lambda: self._ended(key))
        self._watch_mounts(watch)
        memory = watch.marks.memory
        detail = seal_failure or ("" if memory.sound else f"every verdict is made anew: {memory.reason}")
        self.reporter.tell("watching", workload, detail=detail, sealed=sealed)
        self._begin(watch, first=True)

    def _begin(self, watch: Watch, *, first: bool) -> None:
        """Have its manifest fetched. Whatever ends that, the container gets an answer, and is asked about again."""

        def failed(error: BaseException) -> None:
            self.events.post(lambda: self._unprepared(watch, error))

        look_at(self.pool.submit(self._prepare, watch, first=first), failed)

    def _unprepared(self, watch: Watch, error: BaseException) -> None:
        self._note("getting ready to judge", error, watch)
        if watch.allow is None:
            self._settle(watch, Unverified(cause=Cause.UNREADABLE, detail=reason_of(error)))

    def _let_go(self, key: tuple[str, int]) -> None:
        watch = self.watches.pop(key, None)
        if watch is not None:
            for fd in (watch.group.fd, watch.pidfd, watch.mounts_fd):
                self.events.unregister(fd)
            watch.close()

    def _watch_mounts(self, watch: Watch) -> None:
        """The kernel says by EPOLLPRI that the container's mounts changed (proc_pid_mounts(5))."""
        with suppress(OSError):
            fd = os.open(f"/proc/{watch.workload.pid}/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
            watch.mounts_fd = fd
            self.events.register(fd, lambda: self._mounts_changed(watch), select.EPOLLPRI)

    def _mounts_changed(self, watch: Watch) -> None:
        now = self.clock()
        try:
            watch.look_at_mounts()
            watch.tally.gap(now, self.clock(), "mounts changed; what was mounted could be used a moment before it was watched")
        except Exception as error:
            watch.tally.gap(now, self.clock(), f"its mounts could not be read: {reason_of(error)}")

    def _ended(self, key: tuple[str, int], why: str = "the container ended") -> None:
        watch = self.watches.pop(key, None)
        if watch is None:
            return
        try:
            for fd in (watch.group.fd, watch.pidfd, watch.mounts_fd):
                self.events.unregister(fd)
            with self._noting("ending", watch):
                for event in watch.group.read():
                    watch.handle(event, self._teller(watch))
            self._report(watch, self.clock(), final=True)
            self._tell_end(watch, why)
        finally:
            watch.close()

    def _tell_end(self, watch: Watch, why: str) -> None:
        self.reporter.tell("ended", watch.workload, detail=f"watched since {instant(watch.since)}; {why}")

    def _prepare(self, watch: Watch, *, first: bool) -> None:
        """Thread. Gets the manifest, then looks at what runs already."""
        workload = watch.workload
        try:
            answer = self.manifests(workload)
        except PratiqueError as error:
            cause = Cause.UNREACHABLE if error.exit_code == 3 else Cause.INVALID
            answer = Unverified(cause=cause, detail=str(error))
        except Exception as error:  # a container must not hang for our defect; it is refused and told
            self._failed_elsewhere("asking for its manifest", watch)(error)
            answer = Unverified(cause=Cause.UNREADABLE, detail=reason_of(error))
        ready: AllowList | Unverified = answer if isinstance(answer, Unverified) else AllowList.from_manifest(answer)
        self.events.post(lambda: self._settle(watch, ready))
        rules = self.config.rules
        if rules.enforce and self.config.forbid_memory and watch.members.pid != watch.members.host_pid:
            try:
                forbid_memory_programs(workload.pid)
            except Exception as error:
                reason = reason_of(error)
                self.events.post(lambda: watch.tally.gap(self.clock(), self.clock(), reason))
        if not first and isinstance(answer, Unverified):
            return
        for mapped in scan(watch.members, max_bytes=rules.max_hash_bytes):
            self.events.post(lambda mapped=mapped: self._scanned(watch, mapped))  # type: ignore[misc]

    def _settle(self, watch: Watch, answer: AllowList | Unverified) -> None:
        try:
            if isinstance(answer, Unverified):
                watch.ask_again_at = self.clock() + self.config.ask_again_s
                told = watch.settle(None, f"{answer.cause.value}: {answer.detail}")
                if told is not None:
                    self._teller(watch)(told)
            else:
                watch.settle(answer)
                doing = "held to" if self.config.rules.enforce else "only compared with"
                self.reporter.tell("manifest", watch.workload, detail=f"{doing} {answer.root}", manifest_root=answer.root)
        finally:
            self._release(watch)  # they wait for an answer, whatever became of this

    def _release(self, watch: Watch) -> None:
        held, watch.held, watch.held_since = watch.held, [], 0.0
        for event in held:
            watch.handle(event, self._teller(watch))

    def _scanned(self, watch: Watch, mapped: Mapped) -> None:
        told = watch.judge_mapped(mapped)
        if told is not None:
            self._teller(watch)(told)

    # Events

    def _answer(self, watch: Watch) -> None:
        try:
            events = watch.group.read()
        except Malformed as error:
            # What was read and not understood can never be answered: only closing the group lets those processes go on.
            watch.tally.gap(self.clock(), self.clock(), f"watching ended: {error}")
            self.reporter.tell("unwatched", watch.workload, detail=str(error))
            self.refused_to_watch.add((watch.workload.id, watch.workload.pid))
            self._ended((watch.workload.id, watch.workload.pid), "its events could not be read")
            return
        for event in events:
            held = False
            with self._noting("holding", watch):  # else it is decided at once: those behind it wait as well
                held = watch.pending and watch.hold(event, self.clock())
            if not held:
                watch.handle(event, self._teller(watch))

    def _teller(self, watch: Watch) -> Callable[[Observation], None]:
        def tell(seen: Observation) -> None:
            self.reporter.tell_seen(watch.workload, seen)
            if seen.judgement.verdict.violates:
                self.responder.violated(watch.workload)

        return tell

    def _responded(self, workload: RunningContainer, action: str, detail: str) -> None:
        self.reporter.tell("response", workload, action=action, detail=detail)

    def _report(self, watch: Watch, now: float, *, final: bool) -> None:
        workload, config = watch.workload, self.config
        dropped = self.reporter.take_dropped()
        if dropped:
            watch.tally.gap(now, now, f"{dropped} events of this node could not be written")
        report = RuntimeReport(
            node=config.node,
            boot_id=config.boot_id,
            engine=workload.engine,
            workload_id=workload.id,
            workload_name=workload.name,
            image=workload.image,
            image_id=workload.image_id,
            nonce=config.nonce,
            mode=self._mode,
            mechanism=MECHANISMS,
            sealed=watch.sealed,
            remembered=watch.marks.memory.sound,
            manifest_root=watch.allow.root if watch.allow else None,
            unverified="" if watch.allow else watch.unverified,
            not_watched=watch.marks.skipped,
            policy_digest=config.policy_digest,
            sequence=0,
            previous=None,
            final=final,
            **watch.tally.take(now),
        )
        self.reporter.publish(report)
