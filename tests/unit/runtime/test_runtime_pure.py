"""Judging, counting, reading what the kernel wrote, and what may be remembered: without a kernel, root or a container."""

import hashlib
import mmap
import os
import struct
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import LimitExceeded, Malformed, Unavailable
from pratique.model import Digest, FileEntry, FileKind, FileManifest
from pratique.model.manifest import manifest_root
from pratique.runtime import process
from pratique.runtime.allowlist import AllowList, ContentKind, Judgement, Seen, classify
from pratique.runtime.fanotify import FAN_OPEN_EXEC_PERM, FAN_OPEN_PERM, FAN_Q_OVERFLOW, Event, parse_events
from pratique.runtime.mountinfo import MAX_MOUNTS, MarkScope, lower_directories, parse_mountinfo, plan_marks, root_mount, unescape
from pratique.runtime.node import load_node
from pratique.runtime.process import Membership, describe
from pratique.runtime.remember import CAP_SYS_ADMIN, bounding_set, file_key, is_lower, kernel_may_remember
from pratique.runtime.report import Tally
from pratique.runtime.respond import Responder, Response
from pratique.runtime.scan import hash_fd, parse_maps
from pratique.runtime.workloads import PodmanEngine, parse_inspect
from pratique.runtime.writers import WRITER, Layers, has_writer, open_upper, why_changeable

ID = "ab" * 32
MERGED = "/store/overlay/x/merged"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(**files: tuple[bytes, str]) -> FileManifest:
    names = sorted(files)
    entries = tuple(
        FileEntry("usr/bin/" + name, FileKind.FILE, 0o755, len(files[name][0]), sha(files[name][0])) for name in names
    )
    entries += (FileEntry("usr/bin/z", FileKind.SYMLINK, 0o777, target="true"),)
    return FileManifest(root=manifest_root(entries), entries=entries, owners=(*(files[name][1] for name in names), ""))


ALLOW = AllowList.from_manifest(manifest(true=(b"true", "pkg:deb/debian/coreutils"), tool=(b"tool", ""), copy=(b"true", "")))


# Judging


def test_listed_content_at_its_place_is_matched_with_its_component():
    assert ALLOW.judge("/usr/bin/true", sha(b"true")) == Judgement(verdict=Seen.MATCHED, component="pkg:deb/debian/coreutils")


def test_an_orphan_is_matched_without_a_component():
    assert ALLOW.judge("usr/bin/tool", sha(b"tool")) == Judgement(verdict=Seen.MATCHED)


def test_listed_content_under_another_name_is_matched_and_called_moved():
    judged = ALLOW.judge("/tmp/true", sha(b"true"))
    assert (judged.verdict, judged.moved, judged.component) == (Seen.MATCHED, True, "pkg:deb/debian/coreutils")


def test_other_content_at_a_listed_path_is_modified_and_names_the_component():
    judged = ALLOW.judge("/usr/bin/true", sha(b"evil"))
    assert (judged.verdict, judged.component) == (Seen.MODIFIED, "pkg:deb/debian/coreutils")


def test_other_content_at_another_path_is_unknown():
    assert ALLOW.judge("/tmp/evil", sha(b"evil")).verdict is Seen.UNKNOWN


def test_a_symbolic_link_of_the_manifest_allows_nothing():
    assert ALLOW.judge("/usr/bin/z", sha(b"")).verdict is Seen.UNKNOWN


def test_only_matched_and_interpreted_do_not_violate():
    assert {seen for seen in Seen if not seen.violates} == {Seen.MATCHED, Seen.INTERPRETED}


@pytest.mark.parametrize(
    ("head", "path", "content"),
    [
        (b"\x7fELF", "/tmp/data.txt", ContentKind.CODE),
        (b"#!/b", "/tmp/x", ContentKind.SCRIPT),
        (b"impo", "/tmp/x.py", ContentKind.SCRIPT),
        (b"", "/tmp/new.py", ContentKind.DATA),
        (b"\x7fEL", "/tmp/x", ContentKind.DATA),
        (b"abcd", "/var/log/x.log", ContentKind.DATA),
    ],
)
def test_what_is_opened_is_classified_by_its_first_bytes_and_suffix(head, path, content):
    assert classify(head, path) is content


# Counting


def test_a_tally_keeps_a_bounded_list_of_violations_and_counts_the_rest():
    tally = Tally(started_at=1.0, limit=2)
    bad = Judgement(verdict=Seen.UNKNOWN)
    for name in ("a", "a", "b", "c", "d"):
        tally.add(bad, path=f"/{name}\n", sha256="00", action="refused", at=3.0)
    tally.add(Judgement(verdict=Seen.MATCHED, component="pkg:x/y"), path="/y", sha256="11", action="allowed", at=4.0)
    values = tally.take(5.0)
    assert [(seen.path, seen.count) for seen in values["violations"]] == [("/a%0A", 2), ("/b%0A", 1)]
    assert (values["violations_dropped"], values["refused"], values["components"]) == (2, 5, ("pkg:x/y",))
    assert (values["started_at"], values["ended_at"]) == (1.0, 5.0)
    assert values["counts"]["unknown"] == 5 and set(values["counts"]) == {seen.value for seen in Seen}


def test_the_next_window_begins_empty_where_the_last_ended():
    tally = Tally(started_at=1.0, limit=1)
    tally.overflows = 3
    tally.gap(1, 2, "a")
    tally.gap(1, 2, "b")
    first, second = tally.take(5.0), tally.take(6.0)
    assert (first["overflows"], len(first["gaps"]), first["gaps_dropped"]) == (3, 1, 1)
    assert (second["overflows"], second["gaps"], second["started_at"]) == (0, (), 5.0)


# Events


def raw(mask: int = FAN_OPEN_PERM, fd: int = 5, pid: int = 7, *, length: int = 24, version: int = 3, header: int = 24) -> bytes:
    return struct.pack("=IBBHQii", length, version, 0, header, mask, fd, pid)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(Event, st.sampled_from([FAN_OPEN_PERM, FAN_OPEN_EXEC_PERM]), st.integers(0, 99), st.integers(0, 2**31 - 1))
    )
)
def test_events_are_read_as_they_were_written(events):
    assert parse_events(b"".join(raw(event.mask, event.fd, event.pid) for event in events)) == events


def test_an_event_longer_than_its_header_is_skipped_over_in_full():
    assert parse_events(raw(length=32) + b"\0" * 8 + raw(fd=6)) == [Event(FAN_OPEN_PERM, 5, 7), Event(FAN_OPEN_PERM, 6, 7)]


def test_an_overflow_has_no_descriptor_and_is_told_apart():
    (event,) = parse_events(raw(FAN_Q_OVERFLOW, -1, 0))
    assert event.is_overflow and not event.is_exec


@pytest.mark.parametrize(
    "data",
    [
        raw()[:23],
        raw() + b"\0",
        raw(length=0),
        raw(length=23),
        raw(length=25),
        raw(length=2**32 - 1),
        raw(version=2),
        raw(header=32),
        raw(fd=-1),
    ],
)
def test_events_of_another_form_are_refused_and_never_loop(data):
    with pytest.raises(Malformed):
        parse_events(data)


# Mounts

ROOT = "73 48 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/store/l/A:/store/l/B\\134:C,upperdir=/store/up,workdir=/w\n"
TABLE = (
    ROOT
    + "75 73 0:43 / /scratch rw,nosuid shared:1 master:2 - tmpfs tmpfs rw\n"
    + "74 73 0:44 / /proc rw - proc proc rw\n"
    + "76 73 0:45 / /dev rw,noexec - tmpfs tmpfs rw\n"
    + "78 73 254:0 /vol /data\\040here\\134040 rw - ext4 /dev/vda rw\n"
    + "81 76 0:39 / /dev/shm rw,noexec - tmpfs shm rw\n"
)
HOST = (
    "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
    f"43 27 0:39 / /store/containers/{ID}/userdata/shm rw - tmpfs shm rw\n"
    f"46 27 0:40 / {MERGED} rw - overlay overlay rw\n"
)


def plan(table: str = TABLE, host: str = HOST, **more):
    return plan_marks(
        parse_mountinfo(table.encode()), host=parse_mountinfo(host.encode()), **({"container_id": ID, "merged": MERGED} | more)
    )


def test_escapes_in_mount_points_are_undone_once_and_cannot_forge_a_field():
    mount = parse_mountinfo(TABLE.encode())[4]
    assert (mount.point, mount.root, mount.fstype) == ("/data here\\040", "/vol", "ext4")
    assert unescape("\\134040") == "\\040"
    hostile = parse_mountinfo(b"1 0 0:9 / /a\\040-\\040overlay\\012x rw - tmpfs t rw\n")[0]
    assert (hostile.point, hostile.fstype) == ("/a - overlay\nx", "tmpfs")


def test_bytes_that_are_not_utf8_survive_in_a_mount_point():
    assert os.fsencode(parse_mountinfo(b"1 0 0:9 / /\xff rw - tmpfs t rw\n")[0].point) == b"/\xff"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"1 0 0:9 / / rw - tmpfs t rw",
        b"\n",
        b"1 0 x / / rw - tmpfs t rw\n",
        b"1 0 0:9 / / rw tmpfs t rw\n",
        b"x 0 0:9 / / rw - t t r\n",
    ],
)
def test_mountinfo_of_another_form_is_refused(line):
    with pytest.raises(Malformed):
        root_mount(parse_mountinfo(line))


def test_too_many_mounts_are_refused():
    with pytest.raises(LimitExceeded):
        parse_mountinfo(ROOT.encode() * (MAX_MOUNTS + 1))


def test_the_containers_own_overlay_and_tmpfs_are_marked_whole_and_a_volume_only_as_its_mount():
    assert [(mark.mount.point, mark.scope) for mark in plan().marks] == [
        ("/", MarkScope.FILESYSTEM),
        ("/scratch", MarkScope.FILESYSTEM),
        ("/data here\\040", MarkScope.MOUNT),
    ]
    assert {line.partition(":")[0] for line in plan().skipped} == {"/proc", "/dev", "/dev/shm"}


def test_with_scripts_watched_a_noexec_mount_is_marked_too():
    assert ("/dev/shm", MarkScope.FILESYSTEM) in [(mark.mount.point, mark.scope) for mark in plan(scripts=True).marks]


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("1 0 254:0 /store/vfs / rw - ext4 /dev/vda rw\n", {}),  # a root directly on the host's disk
        ("1 0 0:40 / / rw - overlay overlay rw\n", {"merged": "/elsewhere"}),  # the host mounts it under a name not ours
        ("1 0 0:40 /sub / rw - overlay overlay rw\n", {}),  # a part of somebody's overlay
        ("1 0 0:40 / / rw - overlay overlay rw\n", {"container_id": "", "merged": ""}),
        ("1 0 0:40 / / rw - overlay overlay rw\n", {"host": HOST + "9 1 0:40 / / rw - overlay overlay rw\n"}),  # the host's root
    ],
)
def test_a_file_system_that_others_use_is_never_marked_whole(table, more):
    assert [mark.scope for mark in plan(table, **more).marks] == [MarkScope.MOUNT]


def test_the_layers_of_an_overlay_are_read_with_colons_in_their_names():
    assert lower_directories(root_mount(parse_mountinfo(TABLE.encode()))) == ("/store/l/A", "/store/l/B:C")
    assert lower_directories(parse_mountinfo(TABLE.encode())[1]) == ()


# Remembering


def sound(table: str, caps: int = 0, *, owned: bool = True) -> bool:
    return kernel_may_remember(parse_mountinfo(table.encode()), bounding_set=caps, owned=owned).sound


READ_ONLY = ROOT.replace(" rw,relatime", " ro,relatime")


def test_only_a_read_only_root_may_be_remembered_by_the_kernel():
    assert sound(READ_ONLY) and not sound(ROOT)


def test_a_second_writable_mount_of_the_same_file_system_forbids_remembering():
    assert not sound(READ_ONLY + "99 73 0:40 /opt /mnt rw - overlay overlay rw\n")


def test_a_container_that_could_remount_its_root_is_not_remembered():
    assert not sound(READ_ONLY, CAP_SYS_ADMIN)
    assert bounding_set("Name:\tx\nCapBnd:\t0000000000200000\n") & CAP_SYS_ADMIN
    assert bounding_set("") & CAP_SYS_ADMIN and bounding_set("CapBnd:\tzz\n") & CAP_SYS_ADMIN


def test_a_root_shared_with_others_is_not_remembered():
    assert not sound(READ_ONLY, owned=False)


def test_a_root_that_is_no_overlay_is_not_remembered():
    assert not sound("1 0 254:0 /x / ro - ext4 /dev/vda rw\n")


def test_a_file_is_lower_by_identity_and_not_by_its_name(tmp_path):
    layer, upper = tmp_path / "layer", tmp_path / "upper"
    for folder in (layer, upper):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "x").write_bytes(b"same")
    layers = (str(tmp_path / "absent"), str(layer))
    assert is_lower((layer / "bin" / "x").stat(), "/bin/x", layers)
    assert not is_lower((upper / "bin" / "x").stat(), "/bin/x", layers)
    assert not is_lower((layer / "bin" / "x").stat(), "/bin/renamed", layers)


def test_a_written_file_has_another_key_and_is_no_longer_lower(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"same")
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # what an attacker can set back; ctime moves on
    path.write_bytes(b"evil")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.chmod(path, 0o700)
    if path.stat().st_ctime_ns != before.st_ctime_ns:
        assert file_key(path.stat()) != file_key(before) and not is_lower(before, "/x", (str(tmp_path),))


@pytest.mark.parametrize("path", ["/", "", "/../x", "/a/../../x"])
def test_a_name_that_leaves_the_layer_is_not_looked_up(tmp_path, path):
    assert not is_lower(tmp_path.stat(), path, (str(tmp_path),))


def test_a_writer_is_noticed_and_a_reader_is_not(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with path.open("rb") as reader:
        assert not has_writer(reader.fileno())
        with path.open("r+b"):
            assert has_writer(reader.fileno())
        assert not has_writer(reader.fileno())


LEASING = """
import os, sys, time
from pratique.runtime.writers import WRITER, Layers, has_writer, open_upper, why_changeable
fd = os.open(sys.argv[1], os.O_RDONLY)

end = time.monotonic() + 1
while time.monotonic() < end: has_writer(fd)
"""
TRUNCATING = "import os, sys\nwhile True: os.truncate(sys.argv[1], 1)"


def test_whoever_truncates_a_file_in_a_loop_does_not_kill_who_asks_for_its_writers(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    commands = [[sys.executable, "-c", code, str(path)] for code in (TRUNCATING, LEASING)]
    truncating, leasing = (subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands)
    try:
        assert leasing.wait(20) == 0
        assert truncating.poll() is None
    finally:
        truncating.kill()
        for process in (truncating, leasing):
            process.communicate()


def test_a_mapping_counts_as_a_writer_after_its_descriptor_was_closed(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10)
    with path.open("rb") as reader:
        with path.open("r+b") as file:
            area = mmap.mmap(file.fileno(), 10)
        assert why_changeable(reader.fileno(), os.fstat(reader.fileno()), str(path), {}) == WRITER
        area.close()
        assert why_changeable(reader.fileno(), os.fstat(reader.fileno()), str(path), {}) == ""


LOWER, UPPER = "lower", "upper"


@pytest.fixture
def layers(tmp_path):
    for name in (LOWER, UPPER):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "x").write_bytes(name.encode())
    return Layers(lower=(str(tmp_path / LOWER),), upper=str(tmp_path / UPPER), renames=False)


def numbered(info: os.stat_result, inode: int) -> os.stat_result:
    """As the overlay shows a copied-up file: everything of the upper one but the inode number."""
    values = list(info)
    values[1] = inode
    return os.stat_result(values, {"st_ctime_ns": info.st_ctime_ns, "st_mtime_ns": info.st_mtime_ns})


def opens(info: os.stat_result, path: str, layers: Layers) -> bool:
    fd = open_upper(info, path, layers)
    if fd >= 0:
        os.close(fd)
    return fd >= 0


def test_the_upper_file_is_only_taken_for_the_overlays_when_it_must_be_the_same(layers):
    upper, lower = (os.stat(f"{folder}/bin/x") for folder in (layers.upper, layers.lower[0]))
    assert opens(upper, "/bin/x", layers)  # made in the container: the same number
    copied = numbered(upper, lower.st_ino)
    assert opens(copied, "/bin/x", layers)
    assert not opens(copied, "/bin/x", replace(layers, renames=True))
    assert not opens(numbered(upper, 1), "/bin/x", layers)
    assert not opens(lower, "/bin/x", layers)
    assert not opens(upper, "/bin/y", layers) and not opens(upper, "/", layers) and not opens(upper, "/bin/../bin/x", layers)
    assert not opens(upper, "/bin/x", replace(layers, upper=""))


def test_a_link_in_the_upper_layer_leads_nowhere(layers, tmp_path):
    (tmp_path / "host").write_bytes(b"of the host")
    os.symlink(tmp_path / "host", f"{layers.upper}/link")
    os.symlink(f"{layers.upper}/bin", f"{layers.upper}/sbin")
    assert not opens(os.stat(tmp_path / "host"), "/link", layers)
    assert not opens(os.stat(f"{layers.upper}/bin/x"), "/sbin/x", layers)


# Reading what runs


def test_only_executable_mappings_of_files_are_read_from_maps():
    text = (
        "00400000-0048d000 r-xp 00000000 fe:00 1234                       /opt/a b (deleted)\n"
        "7f00-7f10 r--p 00000000 fe:00 1234 /opt/data\n7f20-7f30 r-xp 00000000 00:00 0 [vdso]\n7f40-7f50 rwxp 00000000 00:00 0 \n"
    )
    assert list(parse_maps(text)) == [("00400000-0048d000", "fe:00 1234", "/opt/a b (deleted)")]


def test_hashing_stops_at_its_limit_and_keeps_the_position(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        assert hash_fd(file.fileno(), 3, 10) == sha(b"abc")
        assert hash_fd(file.fileno(), 3, 2) == "" and hash_fd(file.fileno(), 0, 2) == ""
        assert file.tell() == 0


def test_a_process_that_is_gone_is_described_without_an_error():
    assert describe(2**22 + 1).name == ""
    assert describe(os.getpid()).parent_pid == os.getppid()


def test_a_process_that_cannot_be_looked_up_counts_as_the_containers():
    inside = Membership(mnt=5, pid=6, host_mnts=frozenset((1,)), host_pid=2)
    assert not inside.is_outside(2**22 + 1)
    ours = os.stat("/proc/self/ns/pid").st_ino
    assert Membership(mnt=5, pid=6, host_mnts=frozenset((1,)), host_pid=ours).is_outside(os.getpid())


@pytest.mark.parametrize("readable", [True, False])
def test_an_agent_with_a_mount_namespace_of_its_own_still_knows_the_hosts_processes(monkeypatch, readable):
    """As a service of systemd's; and where not even root may look at process 1, nobody who cannot be looked up is the host's."""
    mounts = {1: 11 if readable else 0, "self": 12, 300: 11, 301: 12, 302: 13}
    monkeypatch.setattr(process, "namespace", lambda pid, kind: 7 if kind == "pid" else mounts.get(pid, 0))
    shared = Membership.of(302)
    assert [shared.is_outside(pid) for pid in (300, 301, 302, 999)] == [readable, True, False, False]


# Workloads and responses

INSPECTED = {
    "Id": ID,
    "Name": "web",
    "Image": "9a" * 32,
    "ImageDigest": "sha256:" + "69" * 32,
    "ImageName": "localhost/base:1",
    "State": {"Pid": 42, "Running": True, "StartedAt": "2026-11-24T02:28:23.909829184Z"},
    "HostConfig": {"ReadonlyRootfs": True, "Privileged": False},
    "GraphDriver": {"Data": {"MergedDir": MERGED}},
}


def test_a_container_is_read_from_podmans_description():
    workload = parse_inspect(INSPECTED)
    assert (workload.pid, workload.read_only, workload.merged, workload.image) == (
        42,
        True,
        MERGED,
        Digest("sha256:" + "69" * 32),
    )
    assert round(workload.started_at) == 1795487304


@pytest.mark.parametrize("change", [{"State": None}, {"State": {}}, {"Id": None, "HostConfig": 3}, {"ImageDigest": "sha256:x"}])
def test_a_description_of_another_form_is_refused(change):
    with pytest.raises(Malformed):
        parse_inspect(INSPECTED | change)


def test_a_container_without_an_image_has_no_digest():
    assert parse_inspect(INSPECTED | {"ImageDigest": ""}).image is None


def test_an_engine_that_is_not_installed_or_fails_is_unavailable():
    from pratique.errors import Unavailable

    for program in (["/nonexistent/podman"], ["false"]):
        with pytest.raises(Unavailable):
            PodmanEngine(program=program).running()


def test_an_engine_that_answers_with_nonsense_is_malformed():
    for text in ("{}", "[1]", "x", "[" * 100_000):
        with pytest.raises(Malformed):
            PodmanEngine(program=["sh", "-c", 'printf %s "$0"', text] if len(text) < 99 else ["printf", text, "x"]).running()


class CountingEngine:
    name = "counting"

    def __init__(self) -> None:
        self.done: list[str] = []

    def running(self):
        return ()

    def freeze(self, workload) -> None:
        self.done.append("freeze")

    def stop(self, workload) -> None:
        self.done.append("stop")


@pytest.mark.parametrize(
    ("response", "done", "action"),
    [(Response.NONE, [], []), (Response.FREEZE, ["freeze"], ["frozen"]), (Response.STOP, ["stop"], ["stopped"])],
)
def test_a_workload_is_answered_once_however_often_it_violates(response, done, action):
    engine, told = CountingEngine(), []
    responder = Responder(engine, response, lambda workload, action, detail: told.append(action))
    for _ in range(3):
        responder.violated(parse_inspect(INSPECTED))
    responder.close()
    assert (engine.done, told) == (done, action)


def test_a_chroot_without_proc_is_told_in_a_line_and_is_no_internal_error(tmp_path):
    with pytest.raises(Unavailable, match="mount /proc"):
        load_node(tmp_path / "boot_id")
