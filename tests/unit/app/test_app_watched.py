"""What `trace` says of when something was watched: no longer than it was, and whole where it was."""

from dataclasses import replace

import pytest

from pratique.app.home import Home, load_or_make_key, open_home_catalog
from pratique.app.home_log import open_logged_signer
from pratique.app.publish_report import publish_report
from pratique.app.watched import join_windows, watched_spans
from pratique.cli.main import run
from pratique.model import Digest
from pratique.runtime.allowlist import Judgement, Seen
from pratique.runtime.report import MECHANISMS, RuntimeReport, Tally

IMAGE = Digest.of(b"image")


def report(since: float, until: float, *, unknown: int = 0, **more) -> RuntimeReport:
    tally = Tally(started_at=since)
    for _ in range(unknown):
        tally.add(Judgement(verdict=Seen.UNKNOWN), path="/x", sha256="00" * 32, action="refused", at=since)
    made = RuntimeReport(
        node="n",
        boot_id="b",
        engine="podman",
        workload_id="ab" * 32,
        workload_name="web",
        image=IMAGE,
        image_id="",
        nonce="",
        mode="enforce",
        mechanism=MECHANISMS,
        sealed=False,
        remembered=False,
        manifest_root="sha256:" + "11" * 32,
        unverified="",
        not_watched=(),
        policy_digest=None,
        sequence=0,
        previous=None,
        final=False,
        **tally.take(until),
    )
    return replace(made, **more)


def spans(*reports: RuntimeReport):
    return [(span.since, span.until) for span in join_windows(one.to_predicate() for one in reports)]


def test_windows_that_follow_each_other_are_one_span_in_whatever_order_they_come():
    assert spans(report(20, 30.5), report(10, 20), report(30.5, 31)) == [(10, 31)]


def test_the_time_between_two_agents_is_in_no_span():
    assert spans(report(10, 20), report(500, 510)) == [(500, 510), (10, 20)]


@pytest.mark.parametrize("other", [{"workload_id": "cd" * 32}, {"node": "m"}, {"boot_id": "c"}, {"mode": "observe"}])
def test_windows_of_another_container_machine_boot_or_mode_are_never_joined(other):
    assert len(spans(report(10, 20), report(20, 30, **other))) == 2


def test_a_span_counts_what_all_its_windows_count_and_is_judged_only_if_all_were():
    first, second = report(10, 20, unknown=2), report(20, 30, unknown=1, manifest_root=None)
    (span,) = join_windows(one.to_predicate() for one in (first, second))
    assert (span.violations, span.refused, span.gaps, span.judged) == (3, 3, 0, False)


def test_a_report_of_another_form_says_nothing_and_hides_no_other():
    assert [span.since for span in join_windows([{"version": 9}, {"counts": 3}, report(10, 20).to_predicate()])] == [10]


def test_trace_says_from_when_until_when_it_was_watched_and_how(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path))
    home = Home(tmp_path)
    signer = open_logged_signer(home, load_or_make_key(home.service_key))
    for one in (report(1000, 1060), report(1060, 1100.2, unknown=1), report(5000, 5030, mode="observe")):
        assert publish_report(home, signer, one) is not None
    with open_home_catalog(home) as catalog:
        assert [(span.since, span.until) for span in watched_spans(catalog, IMAGE)] == [(5000, 5030), (1000, 1100.2)]
        (row,) = catalog.observations_of(IMAGE)
        assert (row.first_seen, row.last_seen) == (1000, 5030)
    assert run(["trace", str(IMAGE)]) == 0
    lines = [line.split("recorded: ")[1] for line in capsys.readouterr().out.splitlines() if " ran " in line]
    assert lines == [
        "podman:web on n, 1970-01-01T01:23:20Z to 1970-01-01T01:23:50Z, only watched, 0 violations, 0 refused, 0 gaps",
        "podman:web on n, 1970-01-01T00:16:40Z to 1970-01-01T00:18:21Z, held to its manifest, 1 violation, 1 refused, 0 gaps",
    ]
