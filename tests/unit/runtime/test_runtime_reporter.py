"""What the reporter writes, and in which order, also when somebody fails him."""

from dataclasses import replace

import pytest

from pratique.errors import Unavailable
from pratique.model import Digest
from pratique.runtime.allowlist import Judgement, Seen
from pratique.runtime.process import Process
from pratique.runtime.report import MECHANISMS, RuntimeReport, Tally
from pratique.runtime.reporter import Reporter
from pratique.runtime.watch import Observation
from pratique.runtime.workloads import RunningContainer

WORKLOAD = RunningContainer(
    engine="podman",
    id="ab" * 32,
    name="web",
    image=Digest("sha256:" + "11" * 32),
    image_id="",
    image_name="",
    pid=1,
    merged="",
    read_only=False,
    privileged=False,
    started_at=0.0,
)


def report(**more) -> RuntimeReport:
    made = RuntimeReport(
        node="n",
        boot_id="b",
        engine="podman",
        workload_id=WORKLOAD.id,
        workload_name="web",
        image=WORKLOAD.image,
        image_id="",
        nonce="",
        mode="enforce",
        mechanism=MECHANISMS,
        sealed=False,
        remembered=False,
        manifest_root=None,
        unverified="",
        not_watched=(),
        policy_digest=None,
        sequence=0,
        previous=None,
        final=False,
        **Tally(started_at=1.0).take(2.0),
    )
    return replace(made, **more)


def run(publish, *, reports=(), events=()):
    written: list[dict] = []
    reporter = Reporter(written.append, publish, lambda: 1.5)
    reporter.start()
    for seen in events:
        reporter.tell_seen(WORKLOAD, seen)
    for one in reports:
        reporter.publish(one)
    reporter.close()
    return written


def test_an_event_carries_who_what_and_the_answer_and_no_raw_path():
    process = Process(pid=7, name="sh", exe="/bin/sh", parent_pid=1, parent="init")
    judgement = Judgement(verdict=Seen.UNKNOWN)
    seen = Observation(
        process=process, path="/tmp/e\nvil", sha256="00" * 32, judgement=judgement, action="refused", mechanism="scan"
    )
    (event,) = run(lambda report: None, events=[seen])
    assert event["time"] == "1970-01-01T00:00:01.500Z" and event["path"] == "/tmp/e%0Avil"
    assert {"workload", "image", "pid", "process", "parent", "sha256", "verdict", "component", "action"} <= set(event)


def test_reports_are_numbered_by_workload_and_each_names_the_one_before():
    published: list[RuntimeReport] = []

    def publish(one: RuntimeReport) -> Digest:
        published.append(one)
        return Digest.of(str(len(published)).encode())

    run(publish, reports=[report(), report(workload_id="other"), report()])
    assert [(one.sequence, one.previous) for one in published] == [(0, None), (0, None), (1, Digest.of(b"1"))]


def test_a_report_that_could_not_be_published_is_a_gap_in_the_next_and_the_chain_stays_whole():
    published: list[RuntimeReport] = []
    tries = iter([False, True, False, True])

    def publish(one: RuntimeReport) -> Digest:
        if not next(tries):
            raise Unavailable("the log is down")
        published.append(one)
        return Digest.of(b"x")

    written = run(publish, reports=[report(started_at=float(number)) for number in range(4)])
    assert [(one.sequence, one.previous) for one in published] == [(0, None), (1, Digest.of(b"x"))]
    assert [[gap.since for gap in one.gaps] for one in published] == [[0.0], [2.0]]
    assert [event["kind"] for event in written] == ["reporter", "reporter"]


def test_a_report_is_plain_values():
    predicate = report().to_predicate()
    assert predicate["counts"]["matched"] == 0
    assert predicate["assurance"] == "software"
    assert predicate["started_at"].endswith("Z")


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("x"), OSError(28, "full"), RecursionError(), Unavailable("x")])
def test_no_error_of_a_publisher_ends_reporting_and_each_is_a_gap_of_the_next_report(error):
    published: list[RuntimeReport] = []
    failing = [error]

    def publish(one):
        if failing:
            raise failing.pop()
        published.append(one)
        return Digest.of(b"1")

    events = run(publish, reports=[report(), report(), report()])
    assert [one.sequence for one in published] == [0, 1]
    assert ["could not be published" in gap.reason for gap in published[0].gaps] == [True]
    assert published[1].gaps == ()
    assert [event["kind"] for event in events] == ["reporter"]


@pytest.mark.parametrize("error", [KeyError("x"), BrokenPipeError(), UnicodeEncodeError("utf-8", "x", 0, 1, "y")])
def test_an_event_that_cannot_be_written_is_counted_and_the_next_one_is_written(error):
    written, failing = [], [error]

    def emit(event):
        if failing:
            raise failing.pop()
        written.append(event)

    reporter = Reporter(emit, lambda one: None, lambda: 1.5)
    reporter.start()
    reporter.tell("one")
    reporter.tell("two")
    reporter.close()
    assert [event["kind"] for event in written] == ["two"]
    assert reporter.take_dropped() == 1 and reporter.take_dropped() == 0
