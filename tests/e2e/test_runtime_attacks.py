"""What an attacker in a container tries under the agent, on the real kernel: each trick is refused, by name."""

import subprocess
import threading
from pathlib import Path

import pytest
from runtime_boxes import DROP, NEEDS, podman

pytestmark = NEEDS


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
    assert "busy" in next(event["detail"] for event in it.events if event["kind"] == "watching")


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
