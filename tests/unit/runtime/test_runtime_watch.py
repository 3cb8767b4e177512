"""A watch, its agent and its reporter without a kernel: what is decided, and that no error nobody foresaw sets anything free.

The group is a value that remembers its answers, the container a value, events hold descriptors of plain files.
"""

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pratique.errors import Malformed, Unavailable
from pratique.model import Cause, Digest, FileEntry, FileKind, FileManifest
from pratique.model.manifest import manifest_root
from pratique.runtime import watch as watch_module
from pratique.runtime.agent import _Agent
from pratique.runtime.allowlist import AllowList, Seen
from pratique.runtime.config import AgentConfig, Unverified
from pratique.runtime.fanotify import FAN_OPEN_EXEC_PERM, FAN_OPEN_PERM, FAN_Q_OVERFLOW, Event
from pratique.runtime.loop import EventLoop
from pratique.runtime.mishaps import Mishaps
from pratique.runtime.report import Tally
from pratique.runtime.reporter import Reporter
from pratique.runtime.respond import Responder, Response
from pratique.runtime.watch import MAX_HELD, Rules, Watch
from pratique.runtime.workloads import RunningContainer

GOOD, EVIL = b"\x7fELF good", b"\x7fELF evil"
CONTAINER = RunningContainer(
    engine="podman",
    id="ab" * 32,
    name="web",
    image=Digest("sha256:" + "11" * 32),
    image_id="",
    image_name="",
    pid=os.getpid(),
    merged="",
    read_only=False,
    privileged=False,
    started_at=0.0,
)
SOMEBODY = 2**22 + 1  # no process of this machine: taken for the container's


class Defect(Exception):
    """What nobody foresaw."""


class Kernel:
    """Stands for a fanotify group: remembers what it was answered."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.answers = []
        self.waiting = []
        self.fails = None

    def read(self):
        if self.fails is not None:
            raise self.fails
        with suppress(BlockingIOError):
            os.eventfd_read(self.fd)
        waiting, self.waiting = self.waiting, []
        return waiting

    def answer(self, fd, *, allow):
        self.answers.append(allow)

    def ignore(self, fd, mask):
        return True

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


def allow_list():
    sha256 = hashlib.sha256(GOOD).hexdigest()
    entries = (FileEntry("bin/good", FileKind.FILE, 0o755, len(GOOD), sha256),)
    return AllowList.from_manifest(FileManifest(root=manifest_root(entries), entries=entries, owners=("",)))


@pytest.fixture
def opened(tmp_path):
    def event(content=GOOD, name="good", *, mask=FAN_OPEN_EXEC_PERM, pid=SOMEBODY):
        path = tmp_path / name
        path.write_bytes(content)
        return Event(mask, os.open(path, os.O_RDONLY), pid)

    return event


@pytest.fixture
def watched():
    made = []

    def watch(*, allow=None, **rules):
        kernel = Kernel()
        one = Watch(
            CONTAINER,
            group=kernel,
            pidfd=os.eventfd(0),
            rules=Rules(**({"enforce": True} | rules)),
            tally=Tally(started_at=1.0),
            clock=lambda: 5.0,
        )
        if allow is not None:
            one.settle(allow)
        made.append(one)
        return one, kernel

    yield watch
    for one in made:
        one.close()


def handled(watch, event, told=None):
    watch.handle(event, (told if told is not None else []).append)
    with pytest.raises(OSError):
        os.fstat(event.fd)  # closed, whatever happened


@pytest.mark.parametrize(("content", "allowed"), [(GOOD, True), (EVIL, False)])
@pytest.mark.parametrize("mask", [FAN_OPEN_EXEC_PERM, FAN_OPEN_PERM])
def test_what_the_manifest_lists_may_run_and_nothing_else(watched, opened, content, allowed, mask):
    watch, kernel = watched(allow=allow_list())
    told = []
    handled(watch, opened(content, mask=mask), told)
    assert kernel.answers == [allowed]
    assert [one.action for one in told] == ([] if allowed else ["refused"])
    assert watch.tally.refused == (not allowed)


def test_in_observe_mode_everything_runs_and_is_told(watched, opened):
    watch, kernel = watched(allow=allow_list(), enforce=False)
    told = []
    handled(watch, opened(EVIL), told)
    assert kernel.answers == [True]
    assert [(one.action, one.judgement.verdict) for one in told] == [("allowed", Seen.UNKNOWN)]


@pytest.mark.parametrize(("refuse_unverified", "allowed"), [(True, False), (False, True)])
def test_without_a_manifest_nothing_runs_unless_the_rules_say_so(watched, opened, refuse_unverified, allowed):
    watch, kernel = watched(refuse_unverified=refuse_unverified)
    handled(watch, opened())
    assert kernel.answers == [allowed]


def test_data_may_be_read_and_a_script_is_judged_when_the_rules_are_strict(watched, opened):
    watch, kernel = watched(allow=allow_list())
    handled(watch, opened(b"text", "notes.txt", mask=FAN_OPEN_PERM))
    handled(watch, opened(b"#!/bin/sh", "run", mask=FAN_OPEN_PERM))
    strict, other = watched(allow=allow_list(), strict_scripts=True)
    handled(strict, opened(b"#!/bin/sh", "run", mask=FAN_OPEN_PERM))
    assert kernel.answers == [True, True] and other.answers == [False]


def test_a_deleted_file_and_one_that_is_too_large_are_not_judged_and_do_not_run(watched, opened, tmp_path):
    watch, kernel = watched(allow=allow_list(), max_hash_bytes=4)
    handled(watch, opened())
    event = opened()
    (tmp_path / "good").unlink()
    handled(watch, event)
    assert kernel.answers == [False, False]
    assert watch.tally.counts == {"unreadable": 1, "anonymous": 1}


def test_content_that_somebody_can_still_change_does_not_run(watched, opened, tmp_path):
    watch, kernel = watched(allow=allow_list())
    event = opened()
    with (tmp_path / "good").open("r+b"):
        handled(watch, event)
    assert kernel.answers == [False]
    assert watch.tally.counts["modified"] == 1


@pytest.mark.parametrize("refuse_unverified", [True, False])
def test_what_cannot_be_read_is_refused_however_mild_the_rules_are(watched, opened, refuse_unverified):
    watch, kernel = watched(allow=allow_list(), max_hash_bytes=4, refuse_unverified=refuse_unverified)
    handled(watch, opened())
    assert kernel.answers == [False]
    assert watch.tally.counts == {"unreadable": 1}


def test_known_content_in_a_place_that_can_be_written_does_not_run_where_the_rules_say_so(watched, opened):
    strict, refused = watched(allow=allow_list(), refuse_writable=True)
    handled(strict, opened())
    mild, allowed = watched(allow=allow_list())
    handled(mild, opened())
    assert (refused.answers, allowed.answers) == ([False], [True])
    assert strict.tally.counts == {"modified": 1}


@pytest.mark.parametrize("written", [True, False])
def test_a_file_of_a_lower_layer_that_the_host_has_open_for_writing_does_not_run(watched, opened, tmp_path, monkeypatch, written):
    """Whoever owns the layer on the host may still change it: that it lies below is no answer to that."""
    watch, kernel = watched(allow=allow_list())
    event = opened()
    watch.marks.root_device = os.fstat(event.fd).st_dev
    monkeypatch.setattr(watch_module, "is_lower", lambda *_: True)
    with (tmp_path / "good").open("r+b" if written else "rb"):
        handled(watch, event)
    assert kernel.answers == [not written]


def test_a_script_that_was_changed_is_told_as_changed_although_reading_it_is_allowed(watched, opened, monkeypatch):
    watch, kernel = watched(allow=allow_list())
    monkeypatch.setattr(watch_module, "fd_path", lambda *_: "/bin/good")
    told = []
    handled(watch, opened(b"#!/bin/sh evil", mask=FAN_OPEN_PERM), told)
    assert kernel.answers == [True]
    assert [(one.action, one.judgement.verdict) for one in told] == [("allowed", Seen.MODIFIED)]
    assert watch.tally.counts == {"modified": 1}


def test_our_own_opens_and_the_hosts_are_never_refused(watched, opened):
    watch, kernel = watched(allow=allow_list())
    handled(watch, opened(EVIL, pid=os.getpid()))
    assert kernel.answers == [True]
    handled(watch, opened(EVIL, pid=os.getppid()))  # of the host, as this whole test is
    assert kernel.answers == [True, True] and watch.tally.outside == 1


def test_an_overflow_is_counted_and_answered_by_nobody(watched):
    watch, kernel = watched(allow=allow_list())
    watch.handle(Event(FAN_Q_OVERFLOW, -1, 0), pytest.fail)
    assert watch.tally.overflows == 1 and kernel.answers == []


@pytest.mark.parametrize("error", [Defect("x"), KeyError("x"), RecursionError(), MemoryError(), OSError(5, "io"), Malformed("x")])
@pytest.mark.parametrize(("enforce", "allowed"), [(True, False), (False, True)])
def test_what_cannot_be_decided_is_refused_in_enforce_mode(watched, opened, monkeypatch, error, enforce, allowed):
    watch, kernel = watched(allow=allow_list(), enforce=enforce)

    def fail(*_):
        raise error

    monkeypatch.setattr(watch_module, "file_key", fail)
    handled(watch, opened())
    assert kernel.answers == [allowed]
    assert watch.tally.counts["unreadable"] == 1
    assert watch.tally.refused == (not allowed)
    foreseen = isinstance(error, OSError | Malformed)
    assert [gap.reason.partition(":")[0] for gap in watch.tally.gaps] == ([] if foreseen else ["an open could not be decided"])


@pytest.mark.parametrize("border", ["answer", "tell"])
def test_an_error_after_the_decision_is_a_gap_and_the_next_event_is_judged(watched, opened, monkeypatch, border):
    watch, kernel = watched(allow=allow_list())

    def fail(*_, **__):
        raise Defect(border)

    if border == "answer":
        monkeypatch.setattr(kernel, "answer", fail)
    watch.handle(opened(EVIL), fail if border == "tell" else [].append)
    monkeypatch.undo()
    handled(watch, opened(EVIL))
    assert kernel.answers[-1] is False
    (gap,) = watch.tally.gaps
    assert f"Defect: {border}" in gap.reason


def test_held_opens_are_bounded_and_the_rest_is_decided_at_once(watched, opened):
    watch, _ = watched()
    event = opened()
    assert all(watch.hold(event, 1.0) for _ in range(MAX_HELD))
    assert not watch.hold(event, 1.0)
    watch.held = []
    os.close(event.fd)


# --- the agent


class Podman:
    name = "podman"

    def __init__(self):
        self.done = []
        self.fails = None

    def running(self):
        if self.fails is not None:
            raise self.fails
        return ()

    def freeze(self, workload):
        self.done.append("freeze")

    def stop(self, workload):
        if self.fails is not None:
            raise self.fails
        self.done.append("stop")


@pytest.fixture
def agent(watched):
    events, reports, made = [], [], []

    def make(manifests=lambda workload: Unverified(cause=Cause.ABSENT, detail="none"), **more):
        def publish(report):
            reports.append(report)
            return Digest.of(b"x")

        clock = more.pop("clock", lambda: 5.0)
        config = AgentConfig(rules=Rules(enforce=True), node="n", boot_id="b", report_interval_s=1e9, forbid_memory=False, **more)
        one = _Agent(
            config=config,
            engine=Podman(),
            manifests=manifests,
            reporter=Reporter(events.append, publish, clock),
            clock=clock,
            stop_event=threading.Event(),
        )
        one.next_report_at = 1e9
        one.reporter.start()
        made.append(one)
        return one, events, reports

    yield make
    for one in made:
        one.close("the test ends")


def put(agent, watched, **more):
    watch, kernel = watched(**more)
    agent.watches[(CONTAINER.id, CONTAINER.pid)] = watch
    agent.events.register(kernel.fd, lambda: agent._answer(watch))
    return watch, kernel


def ring(kernel, *events):
    kernel.waiting += events
    os.eventfd_write(kernel.fd, 1)


def until(agent, condition):
    """Let the loop turn for as long as another thread may need."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        agent.events.turn()


def turns(agent, count=3):
    def stop_after():
        nonlocal count
        count -= 1
        if count <= 0:
            agent.stop.set()

    original = agent._tick

    def tick(now):
        stop_after()
        original(now)

    agent._tick = tick
    agent.loop()


def test_an_unforeseen_error_in_the_loop_is_told_and_a_gap_and_the_loop_goes_on(agent, watched, opened, monkeypatch):
    one, events, reports = agent()
    _watch, kernel = put(one, watched, allow=allow_list())
    ring(kernel, opened(EVIL))
    one.events.post(lambda: 1 / 0)
    turns(one)
    assert kernel.answers == [False]
    one.close("the test ends")
    (event,) = [event for event in events if event["kind"] == "agent"]
    assert "ZeroDivisionError" in event["detail"] and event["workload"] == "web"
    assert any("ZeroDivisionError" in gap.reason for gap in reports[-1].gaps)


@pytest.mark.parametrize("border", ["_tick", "turn"])
def test_an_error_of_the_loop_itself_does_not_end_it(agent, watched, opened, monkeypatch, border):
    one, _, reports = agent()
    _watch, kernel = put(one, watched, allow=allow_list())
    count = 0

    def fail(*_):
        nonlocal count
        count += 1
        if count > 2:
            monkeypatch.undo()
            ring(kernel, opened(EVIL))
            one.events.post(one.stop.set)
        raise Defect(border)

    monkeypatch.setattr(one if border == "_tick" else one.events, border, fail)
    one.loop()
    assert count == 3 and kernel.answers == [False]
    one.close("the test ends")
    assert any(f"Defect: {border}" in gap.reason for gap in reports[-1].gaps)


def test_one_containers_trouble_leaves_no_event_of_its_batch_unanswered(agent, watched, opened, monkeypatch):
    one, _, _ = agent()
    watch, kernel = put(one, watched, allow=allow_list())
    monkeypatch.setattr(one.reporter, "tell_seen", lambda *_: 1 / 0)
    ring(kernel, opened(EVIL, "a"), opened(EVIL, "b"), opened(GOOD, "good"))
    turns(one)
    assert kernel.answers == [False, False, True]
    assert any("ZeroDivisionError" in gap.reason for gap in watch.tally.gaps)


def test_an_open_that_cannot_be_held_is_decided_and_refused(agent, watched, opened, monkeypatch):
    one, _, _ = agent()
    watch, kernel = put(one, watched)
    monkeypatch.setattr(watch, "hold", lambda *_: 1 / 0)
    ring(kernel, opened())
    turns(one)
    assert kernel.answers == [False]


def test_what_waits_is_answered_when_the_manifest_cannot_be_settled(agent, watched, opened, monkeypatch):
    one, _, _reports = agent()
    watch, kernel = put(one, watched)
    ring(kernel, opened())
    turns(one, 2)
    assert watch.held
    monkeypatch.setattr(watch, "settle", lambda *_: 1 / 0)
    one.events.post(lambda: one._settle(watch, allow_list()))
    one.stop.clear()
    turns(one, 2)
    assert kernel.answers == [False] and not watch.held


def test_a_future_that_fails_is_looked_at_and_the_container_gets_an_answer(agent, watched, opened, monkeypatch):
    one, events, reports = agent(manifests=lambda workload: 5)  # which is no manifest
    watch, kernel = put(one, watched)
    ring(kernel, opened())
    one._begin(watch, first=True)
    until(one, lambda: kernel.answers and watch.tally.gaps)
    assert kernel.answers == [False]
    assert watch.allow is None and not watch.pending and "AttributeError" in watch.unverified
    assert watch.ask_again_at < 1e6
    one.close("the test ends")
    assert any("AttributeError" in gap.reason for gap in reports[-1].gaps)
    assert any(event["kind"] == "agent" and "AttributeError" in event["detail"] for event in events)


def test_a_manifest_source_that_fails_is_a_gap_and_refuses(agent, watched, opened):
    def broken(workload):
        raise Defect("source")

    one, _, reports = agent(manifests=broken)
    watch, kernel = put(one, watched)
    ring(kernel, opened())
    one._begin(watch, first=True)
    until(one, lambda: kernel.answers and watch.tally.gaps)
    assert kernel.answers == [False]
    one.close("the test ends")
    assert any("Defect: source" in gap.reason for gap in reports[-1].gaps)


def test_the_thread_that_looks_for_containers_survives_any_error(agent, watched):
    one, events, _ = agent(poll_s=0.01)
    put(one, watched, allow=allow_list())
    one.engine.fails = Defect("podman")
    thread = threading.Thread(target=one._look_for_workloads)
    thread.start()
    one.watcher = thread
    until(one, lambda: any("Defect: podman" in gap.reason for watch in one.watches.values() for gap in watch.tally.gaps))
    assert thread.is_alive()
    one.engine.fails = None
    one.close("the test ends")
    assert any(event["kind"] == "agent" and "Defect: podman" in event["detail"] for event in events)


def test_a_container_that_cannot_be_attached_leaves_the_others_watched_and_is_tried_again(agent, monkeypatch):
    one, events, _ = agent()
    tried = []

    def attach(key, workload):
        tried.append(workload.name)
        if workload.name == "web":
            raise Defect("attach")

    monkeypatch.setattr(one, "_attach", attach)
    other = RunningContainer(**{name: getattr(CONTAINER, name) for name in CONTAINER.__slots__} | {"id": "cd" * 32, "name": "db"})
    one._saw((CONTAINER, other))
    one._saw((CONTAINER,))
    assert tried == ["web", "db", "web"]
    one.close("the test ends")
    assert [event["detail"] for event in events if event["kind"] == "agent"] == ["watching web: Defect: attach"]


def test_a_container_ends_cleanly_when_its_report_cannot_be_made(agent, watched, monkeypatch):
    one, _, _ = agent()
    _watch, kernel = put(one, watched, allow=allow_list())
    monkeypatch.setattr(one, "_report", lambda *_, **__: 1 / 0)
    one.events.post(lambda: one._ended((CONTAINER.id, CONTAINER.pid)))
    turns(one)
    assert kernel.fd == -1 and not one.watches


def test_closing_answers_what_waits_even_if_reading_fails(agent, watched, opened, monkeypatch):
    one, _, reports = agent()
    _watch, kernel = put(one, watched, allow=allow_list())
    kernel.fails = Defect("read")
    one.close("the test ends")
    assert kernel.fd == -1
    assert any("Defect: read" in gap.reason for gap in reports[-1].gaps)


# --- its helpers


def test_an_error_at_every_turn_is_told_once_in_a_while_and_never_raises():
    told, now = [], [0.0]
    mishaps = Mishaps(lambda workload, reason: told.append(reason), lambda: now[0])
    tally = Tally(started_at=0.0)
    for _ in range(50):
        mishaps.note("x", Defect("y\nz"), [(CONTAINER, tally)])
    assert told == ["x: Defect: y z"] and len(tally.gaps) == 50
    now[0] = 11.0
    mishaps.note("x", Defect("y\nz"), [])
    mishaps.note("x", Unavailable("down"), [])
    assert told[1:] == ["x: Defect: y z", "x: down"]


def test_who_cannot_be_told_takes_no_gap_from_any_report_and_is_told_later_how_much_was_not():
    down, told = [True], []

    def tell(workload, reason):
        if down:
            raise Defect("nobody listens")
        told.append(reason)

    now = [1.0]
    mishaps = Mishaps(tell, lambda: now[0])
    tallies = [Tally(started_at=0.0) for _ in range(3)]
    mishaps.note("x", Defect("y"), [(CONTAINER, tally) for tally in tallies])
    assert [[gap.reason for gap in tally.gaps] for tally in tallies] == [["x: Defect: y"]] * 3
    down.clear()
    mishaps.note("x", Defect("y"), [(CONTAINER, tallies[0])])
    mishaps.note("z", Defect("y"), [])
    assert told == ["x: Defect: y (after 3 errors that could not be told)", "z: Defect: y"]


def test_neither_a_clock_that_fails_nor_an_error_without_words_ends_the_loop_or_hides_the_gap():
    class Wordless(Exception):
        def __str__(self):
            raise Defect("no words")

    told, tally = [], Tally(started_at=0.0)
    Mishaps(lambda workload, reason: told.append(reason), lambda: 1 / 0).note("x", Wordless(), [(CONTAINER, tally)])
    assert told == ["x: Wordless"] == [gap.reason for gap in tally.gaps]


def test_the_loop_does_all_other_actions_when_one_fails():
    failed, done = [], []
    loop = EventLoop(failed.append)
    try:
        for action in (lambda: 1 / 0, lambda: done.append(1), lambda: {}["x"], lambda: done.append(2)):
            loop.post(action)
        loop.turn()
    finally:
        loop.close()
    assert done == [1, 2]
    assert [type(error) for error in failed] == [ZeroDivisionError, KeyError]


def test_a_response_that_fails_is_told_and_tried_again_at_the_next_violation():
    engine, told, failed = Podman(), [], []
    engine.fails = Defect("stop")
    responder = Responder(engine, Response.STOP, lambda workload, action, detail: told.append((action, detail)), failed.append)
    responder.violated(CONTAINER)
    responder.close()
    assert told == [("failed", "Defect: stop")]
    engine.fails = None
    responder._pool = ThreadPoolExecutor(1)
    responder.violated(CONTAINER)
    responder.violated(CONTAINER)
    responder.close()
    assert told[1:] == [("stopped", "")] and engine.done == ["stop"]
    broken = Responder(Podman(), Response.STOP, lambda *_: 1 / 0, failed.append)
    broken.violated(CONTAINER)
    broken.close()
    assert [type(error) for error in failed] == [ZeroDivisionError]
