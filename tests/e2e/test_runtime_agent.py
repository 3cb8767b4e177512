"""The agent on the real kernel with real podman containers. What an attacker in the container tries is refused, by name."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from pratique.errors import Unavailable
from pratique.model import Cause, Digest, FileEntry, FileManifest, Kind
from pratique.model.manifest import manifest_root
from pratique.runtime.agent import AgentConfig, Unverified, run_agent
from pratique.runtime.fanotify import Group
from pratique.runtime.respond import Response
from pratique.runtime.watch import Rules
from pratique.runtime.workloads import PodmanEngine

RUNTIME = shutil.which("runc")


def why_not() -> str:
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("podman") is None:
        return "podman is not installed"
    try:
        Group.open().close()
    except Unavailable as error:
        return str(error)
    return ""


REASON = why_not()
pytestmark = [pytest.mark.podman, pytest.mark.kernel, pytest.mark.skipif(bool(REASON), reason=REASON)]


def podman(*arguments: str, check: bool = False, **more) -> subprocess.CompletedProcess:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=60, check=check, **more)


@pytest.fixture(scope="session")
def manifest(base_image) -> FileManifest:
    """Every regular file of the image as it is mounted, hashed."""
    root = Path(podman("image", "mount", base_image, check=True).stdout.strip())
    entries = []
    try:
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file():
                    continue
                data, inside = path.read_bytes(), str(path.relative_to(root))
                sha256 = hashlib.sha256(data).hexdigest()
                entries.append(FileEntry(inside, Kind.FILE, path.stat().st_mode & 0o7777, len(data), sha256))
    finally:
        podman("image", "unmount", base_image)
    entries.sort(key=lambda entry: os.fsencode(entry.path))
    owners = tuple("pkg:deb/debian/coreutils@9.1" if entry.path == "usr/bin/tee" else "" for entry in entries)
    return FileManifest(root=manifest_root(entries), entries=tuple(entries), owners=owners)


class Box:
    """One container and the agent that holds it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[dict] = []
        self.reports: list = []
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def run(self, script: str, *, user: str = "0") -> subprocess.CompletedProcess:
        return podman("exec", "-i", "-u", user, self.name, "sh", "-c", script)

    def guard(self, answer, *, interval_s: float = 300.0, on_violation=Response.NONE, seal: bool = False, **rules) -> "Box":
        config = AgentConfig(
            rules=Rules(**({"enforce": True} | rules)),
            node="node",
            boot_id="boot",
            seal=seal,
            on_violation=on_violation,
            report_interval_s=interval_s,
            poll_s=0.2,
        )

        def publish(report):
            self.reports.append(report)
            return Digest.of(str(len(self.reports)).encode())

        def target() -> None:
            try:
                run_agent(
                    config,
                    engine=PodmanEngine(only={self.name}),
                    manifests=answer if callable(answer) else lambda workload: answer,
                    emit=self.events.append,
                    publish_report=publish,
                    clock=time.time,
                    stop_event=self.stop,
                )
            except BaseException as error:
                self.failure = error

        self.thread = threading.Thread(target=target)
        self.thread.start()
        self.wait(lambda: any(event["kind"] in ("watching", "unwatched") for event in self.events))
        return self

    def wait(self, condition) -> None:
        """For as long as the agent lives; it fails at once if that ended with an error."""
        deadline = time.monotonic() + 20
        while not condition():
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, (self.events, self.reports)
            threading.Event().wait(0.02)

    def end(self):
        self.stop.set()
        if self.thread is not None:
            self.thread.join(30)
            assert not self.thread.is_alive()
        assert self.failure is None, self.failure
        return self.reports[-1] if self.reports else None

    def about(self, path: str) -> list[dict]:
        return [event for event in self.events if event.get("path") == path]


@pytest.fixture
def box(base_image):
    with contextlib.ExitStack() as stack:

        def make(*options: str) -> Box:
            name = f"pratique-{uuid.uuid4().hex[:12]}"
            made = Box(name)
            command = ["podman", *(("--runtime", RUNTIME) if RUNTIME else ()), "run", "-d", "--name", name, "--network=none"]
            limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
            done = subprocess.run(
                [*command, *limits, *options, base_image, "sleep", "300"], capture_output=True, text=True, check=False, timeout=60
            )

            def clean() -> None:
                made.stop.set()
                if made.thread is not None:
                    made.thread.join(30)
                podman("rm", "-f", "-t", "0", name)

            stack.callback(clean)
            assert done.returncode == 0, done.stderr
            return made

        yield make


# The same program with one byte more behind its end: other content, still runs.
DROP = "(cat /bin/{0}; printf x) > {1}; chmod +x {1}"


def test_a_dropped_binary_is_refused_and_named_while_normal_programs_run(box, manifest):
    it = box().guard(manifest)
    assert it.run("ls / | grep -q usr && /bin/true && python3 -c 'import json, ssl; print(1)'").stdout == "1\n"
    assert it.run(DROP.format("true", "/opt/evil") + "; /opt/evil").returncode == 126
    report = it.end()
    (event,) = it.about("/opt/evil")
    assert (event["verdict"], event["action"], event["component"]) == ("unknown", "refused", None)
    assert event["process"] == "sh" and len(event["sha256"]) == 64 and event["workload"] == it.name
    assert report.final and report.counts["matched"] > 10 and report.refused == 1
    assert report.violations[0].path == "/opt/evil"


def test_a_changed_program_is_called_modified_with_its_component(box, manifest):
    it = box().guard(manifest)
    assert it.run(DROP.format("true", "/opt/tee") + "; mv /opt/tee /bin/tee; echo a | tee").returncode != 0
    it.end()
    assert {event["verdict"] for event in it.about("/usr/bin/tee")} == {"modified"}
    assert {event["component"] for event in it.about("/usr/bin/tee")} == {"pkg:deb/debian/coreutils@9.1"}


def test_a_program_started_through_the_loader_is_refused(box, manifest):
    it = box().guard(manifest)
    done = it.run(DROP.format("true", "/opt/evil") + "; $(ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null) /opt/evil")
    assert done.returncode != 0
    assert it.run("/bin/true").returncode == 0
    it.end()
    assert it.about("/opt/evil")[0]["action"] == "refused"


def test_a_changed_library_is_refused(box, manifest):
    it = box().guard(manifest)
    lib = "$(ls /lib/*-linux-gnu/libz.so.1.* /usr/lib/*-linux-gnu/libz.so.1.* | head -1)"
    assert it.run("python3 -c 'import zlib'").returncode == 0
    it.run(f"(cat {lib}; printf x) > /opt/libevil.so")
    done = it.run("LD_PRELOAD=/opt/libevil.so /bin/true")
    assert "cannot be preloaded" in done.stderr
    it.end()
    assert it.about("/opt/libevil.so")[0]["verdict"] == "unknown"


def test_observe_mode_reports_and_refuses_nothing(box, manifest):
    it = box().guard(manifest, enforce=False, on_violation=Response.STOP)
    assert it.run(DROP.format("true", "/opt/evil") + "; /opt/evil").returncode == 0
    report = it.end()
    assert {event["action"] for event in it.about("/opt/evil")} == {"allowed"}
    assert report.refused == 0 and report.counts["unknown"] >= 1
    assert not [event for event in it.events if event["kind"] == "response"]


def test_unknown_programs_on_tmpfs_volumes_and_later_mounts_are_refused(box, manifest, tmp_path):
    it = box("--tmpfs", "/scratch:exec", "-v", f"{tmp_path}:/data", "--cap-add", "SYS_ADMIN").guard(manifest)
    assert it.run(DROP.format("true", "/scratch/evil") + "; /scratch/evil").returncode == 126
    assert it.run(DROP.format("true", "/data/evil") + "; /data/evil").returncode == 126
    assert it.run("mkdir /late && mount -t tmpfs none /late").returncode == 0
    assert it.run(DROP.format("true", "/late/evil") + "; /late/evil").returncode == 126
    # The volume lies on the host's own disk: the host must not be held to the container's manifest.
    assert subprocess.run([tmp_path / "evil"], check=False).returncode == 0
    it.end()
    assert {event["path"] for event in it.events if event.get("action") == "refused"} >= {
        "/scratch/evil",
        "/data/evil",
        "/late/evil",
    }


FROM_MEMORY = """
import os, sys
fd = os.memfd_create("x", 0)
os.write(fd, open(sys.argv[1], "rb").read())
os.execv(f"/proc/self/fd/{fd}", sys.argv[1:])
"""

MAP_TRAP = """
import mmap, os, shutil
for name in ("/data/tee", "/usr/bin/tee"):
    if not os.path.exists(os.path.dirname(name)): continue
    if name.startswith("/data"): shutil.copy("/usr/bin/tee", name)
    os.system("echo a | " + name + " >/dev/null"); os.system("echo a | " + name + " >/dev/null")
    evil = open("/usr/bin/true", "rb").read()
    size = os.path.getsize(name)
    try:
        fd = os.open(name, os.O_RDWR)
    except PermissionError:
        print(name, "kept")
        continue
    area = mmap.mmap(fd, size)
    area[:] = evil[:size].ljust(size, b"\\0")
    area.close(); os.close(fd)
    print(name, "ran" if os.system("echo a | " + name + " >/dev/null 2>&1") == 0 else "refused")
"""


def test_a_program_overwritten_through_a_memory_mapping_after_it_was_verified_is_refused(box, manifest, tmp_path):
    it = box("-v", f"{tmp_path}:/data").guard(manifest)
    done = podman("exec", "-i", it.name, "python3", "-", input=MAP_TRAP)
    report = it.end()
    lines = dict(line.split() for line in done.stdout.splitlines())
    # Known code cannot even be opened for writing, whether it lies in the image or on a volume.
    assert lines == {"/usr/bin/tee": "kept", "/data/tee": "kept"}, done
    assert not report.remembered


MAPPED_FIRST = """
import mmap, os, subprocess, sys, time
name = sys.argv[1]
good = open("/bin/cat", "rb").read()
fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o755)
os.ftruncate(fd, len(good))
area = mmap.mmap(fd, len(good))
area[:] = good
for number in os.listdir("/proc/self/fd"):  # also the copy that the module keeps
    if os.path.realpath("/proc/self/fd/" + number) == name: os.close(int(number))
if len(sys.argv) > 2: time.sleep(float(sys.argv[2]))
try:
    child = subprocess.Popen([name], stdin=subprocess.PIPE)
except PermissionError:
    sys.exit("refused")
area[4096:] = b"\\xcc" * (len(good) - 4096)
child.communicate(b"x")
sys.exit(f"ran, and ended with {child.returncode}")
"""


@pytest.mark.parametrize("place", ["/opt/x", "/scratch/x", "/data/x"])
def test_known_content_that_is_still_mapped_for_writing_is_refused(box, manifest, tmp_path, place):
    it = box("--tmpfs", "/scratch:exec", "-v", f"{tmp_path}:/data").guard(manifest)
    assert podman("exec", "-i", it.name, "python3", "-c", MAPPED_FIRST, place).stderr == "refused\n"
    it.end()
    assert "for writing" in it.about(place)[-1]["detail"]


def test_a_mapping_made_before_the_root_was_sealed_is_no_way_around_the_seal(box, manifest):
    it = box()
    done: list[str] = []
    command = ("exec", it.name, "python3", "-c", MAPPED_FIRST, "/opt/x", "4")
    trick = threading.Thread(target=lambda: done.append(podman(*command).stderr))
    trick.start()
    it.wait(lambda: it.run("cmp /opt/x /bin/cat").returncode == 0)
    it.guard(manifest, seal=True)
    trick.join(20)
    # The kernel refuses to seal while the mapping is there, and so the verdict is not remembered either.
    report = it.end()
    assert done == ["refused\n"] and not report.sealed and not report.remembered
    assert "busy" in it.events[0]["detail"]


def test_a_copy_or_a_program_whose_owner_was_changed_runs_as_before(box, manifest):
    it = box().guard(manifest)
    assert it.run("cp /bin/cat /opt/c; echo 1 | /opt/c; chown 7 /usr/bin/head; echo 2 | head").stdout == "1\n2\n"
    assert it.end().refused == 0


def test_a_mount_that_gets_the_number_of_an_earlier_one_is_watched_too(box, manifest):
    it = box("--cap-add", "SYS_ADMIN").guard(manifest)
    number = "grep ' /a ' /proc/self/mountinfo | cut -d' ' -f1"
    first = it.run(f"mkdir /a; mount -t tmpfs none /a; {number}").stdout.strip()
    assert it.run(DROP.format("true", "/a/evil") + "; /a/evil").returncode == 126
    # The number is free again; who else mounts on this machine may get it before us.
    it.run(f"for try in 1 2 3 4 5 6 7 8; do umount /a; mount -t tmpfs none /a; [ $({number}) = {first} ] && break; done")
    assert it.run(DROP.format("true", "/a/evil") + "; /a/evil").returncode == 126
    it.end()


def test_a_program_in_a_dev_that_was_made_executable_is_refused(box, manifest):
    it = box("--cap-add", "SYS_ADMIN").guard(manifest)
    assert it.run("mount -o remount,exec /dev").returncode == 0
    assert it.run(DROP.format("true", "/dev/evil") + "; /dev/evil").returncode == 126
    assert any(line.startswith("/dev: only what is executed") for line in it.end().not_watched)
    assert it.about("/dev/evil")[0]["action"] == "refused"


OTHER_NAMES = ["mount --bind /opt/evil /bin/tac; tac", "ln /opt/evil /opt/b; /opt/b", "mv /opt/evil /bin/tac; tac"]


@pytest.mark.parametrize("trick", OTHER_NAMES)
def test_another_name_for_an_unknown_program_changes_nothing(box, manifest, trick):
    it = box("--cap-add", "SYS_ADMIN").guard(manifest)
    assert it.run(DROP.format("true", "/opt/evil") + f"; {trick} /etc/hostname").returncode == 126
    it.end()


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


def test_a_defect_in_the_manifest_source_refuses_and_never_hangs_the_container(box):
    it = box().guard(lambda workload: 1 // 0)
    assert it.run("/bin/true").returncode != 0
    assert "ZeroDivisionError" in it.end().unverified


def test_known_content_in_a_writable_place_is_refused_where_the_rules_say_so(box, manifest):
    it = box("--tmpfs", "/tmp").guard(manifest, refuse_writable=True)
    assert it.run("/bin/true; cp /bin/true /tmp/t; /tmp/t").returncode == 126
    it.end()
    assert it.about("/tmp/t")[0]["moved"]


def test_a_program_in_a_memory_file_is_refused_by_the_kernel_and_the_host_is_left_alone(box, manifest):
    before = Path("/proc/sys/vm/memfd_noexec").read_text()
    it = box().guard(manifest)
    it.wait(lambda: it.run("cat /proc/sys/vm/memfd_noexec").stdout == "2\n")
    done = podman("exec", "-i", it.name, "python3", "-c", FROM_MEMORY, "/bin/true")
    assert "Permission" in done.stderr
    it.end()
    assert Path("/proc/sys/vm/memfd_noexec").read_text() == before


def test_what_already_ran_from_an_unknown_file_or_from_memory_is_found_by_the_scan(box, manifest):
    it = box()
    assert it.run(DROP.format("sleep", "/opt/evil") + "; (/opt/evil 100 >/dev/null 2>&1 &)").returncode == 0
    podman("exec", "-d", it.name, "python3", "-c", FROM_MEMORY, "/bin/sleep", "100", check=True)
    it.wait(lambda: "memfd" in podman("exec", it.name, "sh", "-c", "ls -l /proc/[0-9]*/exe").stdout)
    it.guard(manifest)
    it.wait(lambda: {event.get("verdict") for event in it.events} >= {"unknown", "anonymous"})
    it.end()
    assert {(event["path"], event["mechanism"]) for event in it.events if event.get("verdict") == "unknown"} == {
        ("/opt/evil", "scan")
    }


def test_strict_scripts_refuse_an_unknown_script_given_to_an_interpreter(box, manifest):
    it = box("--tmpfs", "/tmp").guard(manifest, strict_scripts=True)
    done = it.run("echo 'echo no' > /tmp/x.sh; sh /tmp/x.sh")
    assert done.returncode != 0
    assert it.run("echo 1 > /tmp/data.txt; cat /tmp/data.txt").stdout == "1\n"
    it.end()
    assert it.about("/tmp/x.sh")[-1]["action"] == "refused"


def test_scripts_pass_as_data_by_default_and_are_counted(box, manifest):
    it = box().guard(manifest)
    assert it.run("echo 'echo no' > /opt/x.sh; sh /opt/x.sh").stdout == "no\n"
    assert it.run("chmod +x /opt/x.sh; printf '#!/bin/sh\\necho no' > /opt/x.sh; /opt/x.sh").returncode == 126
    assert it.end().counts["interpreted"] >= 1


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
