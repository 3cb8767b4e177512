"""The agent on the real kernel with real podman containers: how it comes, watches, answers, reports and goes."""

import base64
import contextlib
import json
import re
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from runtime_boxes import DROP, NEEDS, podman

from pratique.catalog.ledger import open_catalog
from pratique.model import Cause, Digest
from pratique.runtime import agent, reporter, watch
from pratique.runtime.config import Unverified
from pratique.runtime.respond import Response

pytestmark = NEEDS

ROOT = Path(__file__).resolve().parents[2]


def test_observe_mode_reports_and_refuses_nothing(box, manifest):
    it = box().guard(manifest, enforce=False, on_violation=Response.STOP)
    assert it.run(DROP.format("true", "/opt/evil") + "; /opt/evil").returncode == 0
    report = it.end()
    assert {event["action"] for event in it.about("/opt/evil")} == {"allowed"}
    assert report.refused == 0 and report.counts["unknown"] >= 1
    assert not [event for event in it.events if event["kind"] == "response"]


def test_a_copy_or_a_program_whose_owner_was_changed_runs_as_before(box, manifest):
    it = box().guard(manifest)
    assert it.run("cp /bin/cat /opt/c; echo 1 | /opt/c; chown 7 /usr/bin/head; echo 2 | head").stdout == "1\n2\n"
    assert it.end().refused == 0


def test_a_read_only_root_lets_the_kernel_remember(box, manifest):
    it = box("--read-only").guard(manifest)
    it.run("i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done")
    report = it.end()
    assert report.remembered and not report.sealed
    assert report.counts["matched"] < 100, report.counts


def test_a_sealed_root_cannot_be_written_and_is_remembered(box, manifest):
    it = box().guard(manifest, seal=True)
    assert "Read-only" in it.run("echo > /opt/x; mount -o remount,rw /").stderr
    report = it.end()
    assert report.sealed and report.remembered


def test_a_writable_root_is_never_remembered_by_the_kernel(box, manifest):
    it = box().guard(manifest)
    it.run("i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done")
    report = it.end()
    assert not report.remembered and report.counts["matched"] >= 200


def test_a_container_without_a_verified_manifest_is_a_violation_and_runs_nothing(box):
    it = box().guard(Unverified(cause=Cause.ABSENT, detail="no attestation"))
    it.wait(lambda: any(event.get("verdict") == "unverified" for event in it.events))
    assert it.run("/bin/true").returncode != 0
    report = it.end()
    assert report.unverified == "absent: no attestation" and report.manifest_root is None and report.counts["unverified"] >= 2


def test_a_program_waits_for_the_manifest_instead_of_running_unjudged(box, manifest):
    asked, may_answer = threading.Event(), threading.Event()

    def slow(workload):
        asked.set()
        assert may_answer.wait(20)
        return manifest

    it = box()
    assert it.run(DROP.format("true", "/opt/evil")).returncode == 0
    it.guard(slow)
    codes: list[int] = []
    runner = threading.Thread(target=lambda: codes.append(it.run("/opt/evil").returncode))
    runner.start()
    assert asked.wait(20)
    runner.join(0.5)
    assert runner.is_alive() and not it.about("/opt/evil")
    may_answer.set()
    runner.join(20)
    it.end()
    assert codes == [126] and it.about("/opt/evil")[0]["verdict"] == "unknown"


def test_an_error_that_nobody_foresaw_at_any_border_leaves_the_container_held(box, manifest, monkeypatch):
    it = box().guard(manifest)
    assert it.run(DROP.format("true", "/opt/evil")).returncode == 0
    real = {"decide": watch.Watch._decide, "tick": agent._Agent._tick, "publish": reporter.Reporter._publish_next}
    failing = threading.Event()

    def defect(name):
        def action(self, *args):
            if failing.is_set():
                raise KeyError(f"defect in {name}")
            return real[name](self, *args)

        return action

    monkeypatch.setattr(watch.Watch, "_decide", defect("decide"))
    monkeypatch.setattr(agent._Agent, "_tick", defect("tick"))
    monkeypatch.setattr(reporter.Reporter, "_publish_next", defect("publish"))
    failing.set()
    assert it.run("/opt/evil").returncode != 0
    assert it.run("/bin/true").returncode != 0  # what cannot be decided is refused
    it.wait(lambda: any("defect in tick" in event.get("detail", "") for event in it.events))
    failing.clear()
    it.wait(lambda: it.run("/bin/true").returncode == 0)
    assert it.run("/opt/evil").returncode == 126
    report = it.end()
    reasons = " ".join(gap.reason for gap in report.gaps)
    assert "defect in decide" in reasons and "defect in tick" in reasons
    assert report.counts["unreadable"] >= 2 and report.refused >= 3


def test_a_manifest_that_could_not_be_had_is_asked_for_again(box, manifest):
    answers = iter([Unverified(cause=Cause.UNREACHABLE, detail="the registry is down")])
    it = box().guard(lambda workload: next(answers, manifest), ask_again_s=1.0)
    it.wait(lambda: it.run("/bin/true").returncode == 0)
    report = it.end()
    assert [event["detail"] for event in it.about("") if event["kind"] == "exec-or-load"] == ["unreachable: the registry is down"]
    assert report.unverified == "" and report.manifest_root == str(manifest.root) and report.counts["unverified"] >= 1


def test_the_agent_says_that_it_began_what_it_watches_and_that_it_ended_and_why(box, manifest):
    it = box().guard(manifest, enforce=False)
    it.wait(lambda: any(event["kind"] == "manifest" for event in it.events))
    it.end()
    told = [(event["kind"], event.get("workload"), event["detail"]) for event in it.events if event["kind"] != "exec-or-load"]
    began, watching, held, ended, last = told
    assert began[:2] == ("began", None) and "only watched: nothing is refused" in began[2] and it.name in began[2]
    assert watching[:2] == ("watching", it.name)
    assert held == ("manifest", it.name, f"only compared with {manifest.root}")
    assert ended[:2] == ("ended", it.name) and ended[2].endswith("; the agent ends")
    assert last == ("ended", None, "it was told to")


def test_a_defect_in_the_manifest_source_refuses_and_never_hangs_the_container(box):
    it = box().guard(lambda workload: 1 // 0)
    assert it.run("/bin/true").returncode != 0
    assert "ZeroDivisionError" in it.end().unverified


def test_a_fifo_does_not_stop_the_handler(box, manifest):
    it = box().guard(manifest)
    assert it.run("mkfifo /opt/f; (echo a > /opt/f &) ; cat /opt/f").stdout == "a\n"
    it.end()


def test_a_violation_freezes_the_container_after_it_was_answered(box, manifest):
    it = box().guard(manifest, on_violation=Response.FREEZE)
    runner = threading.Thread(target=lambda: it.run(DROP.format("true", "/opt/evil") + "; /opt/evil; sleep 30"))
    runner.start()
    it.wait(lambda: any(event["kind"] == "response" for event in it.events))
    assert [event["action"] for event in it.events if event["kind"] == "response"] == ["frozen"]
    assert podman("inspect", "-f", "{{.State.Status}}", it.name).stdout == "paused\n"
    report = it.end()
    assert report.final
    podman("rm", "-f", "-t", "0", it.name)
    runner.join()


def test_a_violation_stops_the_container(box, manifest):
    it = box().guard(manifest, on_violation=Response.STOP)
    it.run(DROP.format("true", "/opt/evil") + "; /opt/evil; sleep 30")
    it.wait(lambda: any(report.final for report in it.reports))
    assert podman("inspect", "-f", "{{.State.Status}}", it.name).stdout in ("exited\n", "stopped\n")
    it.end()


def test_reports_follow_each_other_and_the_last_one_is_final(box, manifest):
    it = box().guard(manifest, interval_s=0.3)
    it.wait(lambda: len(it.reports) >= 2)
    last = it.end()
    assert [report.sequence for report in it.reports] == list(range(len(it.reports)))
    assert it.reports[0].previous is None and last.previous == Digest.of(str(len(it.reports) - 1).encode())
    assert [report.final for report in it.reports] == [False] * (len(it.reports) - 1) + [True]
    assert it.reports[0].gaps[0].reason == "it ran before it was watched"


def test_a_container_started_later_is_watched_too(box, manifest):
    it = box()
    podman("stop", "-t", "0", it.name, check=True)
    thread = threading.Thread(target=lambda: it.guard(manifest))
    thread.start()
    podman("start", it.name, check=True)
    thread.join()
    assert it.run(DROP.format("true", "/opt/evil") + "; /opt/evil").returncode == 126
    it.end()


@contextlib.contextmanager
def agent_process(home, tmp_path, *arguments: str, until: str = "unverified"):
    """The program as a user starts it, once it has told of `until`; and its events so far."""
    command = [sys.executable, "-c", "from pratique.cli.main import main; main()", "agent", "run", "--json", *arguments]
    with (tmp_path / f"events-{uuid.uuid4().hex}").open("w+") as output:
        process = subprocess.Popen(command, env=home, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 30
            while until not in Path(output.name).read_text():
                assert process.poll() is None and time.monotonic() < deadline, Path(output.name).read_text()
                time.sleep(0.05)
            yield process, lambda: [json.loads(line) for line in Path(output.name).read_text().splitlines() if line[:1] == "{"]
        finally:
            process.kill()
            process.wait(10)


def signed_reports(home, image: str) -> list[dict]:
    """The predicates of the runtime reports in the home's catalog about an image, the earliest first."""
    with open_catalog(Path(home["PRATIQUE_HOME"]) / "catalog") as catalog:
        rows = catalog.documents_of(Digest(image), role="report")
        bundles = [json.loads(catalog.documents.get(row.digest)) for row in rows]
    payloads = [json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"])) for bundle in bundles]
    return sorted((payload["predicate"] for payload in payloads), key=lambda predicate: predicate["ended_at"])


def test_a_killed_agent_fails_open_and_the_next_report_has_the_gap(box, home, pratique, tmp_path):
    it = box()
    assert pratique("key", "generate", "--output", "K").returncode == 0
    arguments = ("--mode", "enforce", "--key", "K.pub", "--container", it.name)
    with agent_process(home, tmp_path, *arguments) as (process, events):
        assert it.run("/bin/true").returncode != 0
        process.kill()
        process.wait(10)
        killed_at = datetime.now(UTC).isoformat()
        image = next(event for event in events() if event["kind"] == "watching")["image"]
    assert it.run("/bin/true").returncode == 0
    with agent_process(home, tmp_path, *arguments) as (process, events):
        watched_at = next(event for event in events() if event["kind"] == "watching")["time"]
        assert it.run("/bin/true").returncode != 0
        process.terminate()
        assert process.wait(20) == 0
        refused = [event for event in events() if event.get("action") == "refused"]
    (report,) = signed_reports(home, image)
    assert report["final"] and report["mode"] == "enforce" and report["refused"] == len(refused) > 0
    (gap,) = [gap for gap in report["gaps"] if gap["reason"] == "it ran before it was watched"]
    assert gap["since"] < killed_at < gap["until"] <= watched_at
    assert pratique("log", "verify").returncode == 0


def test_the_signed_manifest_of_a_shipped_image_is_found_in_each_place_and_holds_its_container(
    box, base_image, registry_store, home, pratique, tmp_path
):
    host, _ = registry_store
    shipped = f"{host}/harbour:1.0"
    rootfs = subprocess.run([ROOT / "tools" / "base-image", "rootfs"], capture_output=True, text=True, check=True).stdout.strip()
    script = ROOT / "demo" / "make_image.py"
    subprocess.run([sys.executable, script, tmp_path / "h.tar", "harbour:1.0", "2026-01-01T00:00:00Z", rootfs], check=True)
    assert pratique("key", "generate", "--output", "K").returncode == 0
    for place in (f"registry:{shipped}", "oci-dir:layout:1.0"):
        done = pratique("ship", "oci-archive:h.tar", "--key", "K", "--to", place)
        assert done.returncode == 0, done.stderr
    podman("pull", "--quiet", "--tls-verify=false", shipped, check=True)
    try:
        it = box(image=shipped)
        for origin in (["registry"], ["dir", "--dir", "layout"], ["catalog"]):
            arguments = ("--mode", "enforce", "--key", "K.pub", "--container", it.name, "--all", "--manifest-from", *origin)
            with agent_process(home, tmp_path, *arguments, until="watching") as (process, events):
                assert it.run(f"/bin/true && rm -f /opt/evil && {DROP.format('true', '/opt/evil')}; /opt/evil").returncode == 126
                process.terminate()
                assert process.wait(20) == 0
                judged = [event for event in events() if event["kind"] == "exec-or-load"]
            assert [event["path"] for event in judged if event["action"] == "refused"] == ["/opt/evil"], origin
            assert {event["verdict"] for event in judged} >= {"matched", "unknown"}
            (owner,) = {event["component"] for event in judged if event["path"] == "/usr/bin/rm"}
            assert owner.startswith("pkg:deb/debian/coreutils@"), owner
        assert len(signed_reports(home, judged[0]["image"])) == 3
        podman("rm", "-f", "-t", "0", it.name)
    finally:
        podman("rmi", "-f", shipped)


def test_a_container_that_ends_has_its_last_report_while_the_agent_goes_on(box, home, pratique, tmp_path):
    it = box()
    assert pratique("key", "generate", "--output", "K").returncode == 0
    with agent_process(home, tmp_path, "--key", "K.pub", "--container", it.name) as (process, events):
        image = next(event for event in events() if event["kind"] == "watching")["image"]
        podman("stop", "-t", "0", it.name, check=True)
        deadline = time.monotonic() + 20
        while not (found := signed_reports(home, image)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [report["final"] for report in found] == [True] and process.poll() is None


def test_the_readme_shows_what_the_agent_prints(box, manifest):
    """Line by line, but for times, numbers and digests."""
    from pratique.cli.agent import _line, _scope

    shown = (ROOT / "README.md").read_text().partition("$ sudo pratique agent run")[2].partition("\n")[2].partition("```")[0]
    it = box()
    assert it.run(DROP.format("true", "/tmp/dropped")).returncode == 0
    it.guard(manifest, scope=_scope((), "registry", None, 300.0), why_stopped="SIGTERM came")
    it.wait(lambda: any(event["kind"] == "manifest" for event in it.events))
    assert it.run("exec /tmp/dropped").returncode != 0
    it.end()

    def shape(text):
        return re.sub(r"sha256:[0-9a-f]{64}|\d[\d.:TZ-]*", "#", text.replace(it.name, "harbour"))

    printed = [shape(_line(event)) for event in it.events]
    lines = re.sub(r"\n(?!\d{4}-)", " ", shown.strip()).splitlines()
    assert [shape(line) for line in lines] == printed
