"""A log that was put back from a backup, interrupted or copied never signs two different trees for one size."""

import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.errors import InputError, Locked, Malformed, NotFound, ProofInvalid, StorageError
from pratique.tlog.checkpoint import Checkpoint, parse_checkpoint
from pratique.tlog.log import create_log, open_log, open_unchecked
from pratique.tlog.memory import MAX_MEMORY_BYTES, FileMemory
from pratique.tlog.store import lock_file
from pratique.tlog.verify import verify_log

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
ORIGIN = "log.example"


def numbered(start, end):
    return [f"entry {number}".encode() for number in range(start, end)]


class Place:
    """A machine: a home with a log and what it remembers, and a memory beyond the home. Keeps everything that was ever signed."""

    def __init__(self, root: Path) -> None:
        self.home, self.beyond, self.signed = root / "home", root / "state" / "seen", root / "signed"
        self.directory = self.home / "log"

    @property
    def memory(self) -> FileMemory:
        return FileMemory((self.home / "seen",), (self.beyond,))

    def sign(self, text: bytes) -> bytes:
        with self.signed.open("ab") as out:
            out.write(text + b"\0")
        return KEY.sign(text)

    def create(self):
        return create_log(self.directory, origin=ORIGIN, public_key=PUBLIC, sign=self.sign, memory=self.memory)

    def open(self):
        return open_log(self.directory, sign=self.sign, memory=self.memory)

    def append(self, entries):
        return self.open().append(entries)

    def check_nothing_is_signed_twice(self):
        texts = [parse_checkpoint(text.decode()) for text in self.signed.read_bytes().split(b"\0")[:-1]]
        roots: dict[int, set[bytes]] = {}
        for checkpoint in texts:
            roots.setdefault(checkpoint.size, set()).add(checkpoint.root)
        assert all(len(found) == 1 for found in roots.values()), roots
        return roots


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    made.create()
    return made


def backup(folder: Path) -> Path:
    return shutil.copytree(folder, folder.with_name(folder.name + "-backup"))


def put_back(copy: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


@pytest.mark.parametrize("what", ["the log", "the home", "the log, by a machine that forgot all but the home"])
@pytest.mark.parametrize("sizes", [(0, 3), (3, 4), (5, 256), (250, 300), (256, 257)])
def test_a_log_put_back_from_an_older_backup_signs_nothing_and_says_what_to_do(place, what, sizes):
    older, newer = sizes
    if older:
        place.append(numbered(0, older))
    folder = place.home if what == "the home" else place.directory
    copy = backup(folder)
    place.append(numbered(older, newer))
    if what.endswith("home") and folder == place.directory:
        shutil.rmtree(place.beyond.parent)
    put_back(copy, folder)
    signed = place.signed.read_bytes()
    for act in (place.open, place.create):
        with pytest.raises(ProofInvalid, match=rf"{newer} entries were signed here.* {older}.*pratique log recover"):
            act()
    with pytest.raises(ProofInvalid, match="log recover"):
        open_unchecked(place.directory, sign=place.sign, memory=place.memory).append([b"another"])
    with pytest.raises(ProofInvalid, match="log recover"):
        open_unchecked(place.directory, sign=place.sign, memory=place.memory).find(b"another")
    assert place.signed.read_bytes() == signed
    assert open_log(place.directory).size == older  # reading what is there stays possible


def test_a_handle_that_was_open_when_the_log_was_put_back_signs_nothing_either(place):
    place.append(numbered(0, 3))
    copy = backup(place.home)
    handle = place.open()
    place.append(numbered(3, 4))
    put_back(copy, place.home)
    with pytest.raises(ProofInvalid, match="log recover"):
        handle.append([b"another"])


def test_a_log_that_was_removed_is_not_begun_again_under_its_name(place):
    place.append(numbered(0, 3))
    shutil.rmtree(place.directory)
    with pytest.raises(ProofInvalid, match="gone: it had 3 entries"):
        place.create()
    shutil.rmtree(place.home)
    with pytest.raises(ProofInvalid, match="gone: it had 3 entries"):
        place.create()


def test_of_two_copies_in_use_only_the_first_to_go_on_can_go_on(place, tmp_path):
    place.append(numbered(0, 3))
    twin = Place(tmp_path / "twin")
    shutil.copytree(place.home, twin.home)
    twin.beyond, twin.signed = place.beyond, place.signed  # one machine, two homes
    place.append([b"here"])
    with pytest.raises(ProofInvalid, match="log recover"):
        twin.append([b"there"])
    place.check_nothing_is_signed_twice()


def test_a_longer_log_of_another_history_is_a_fork_and_signs_nothing(place, tmp_path):
    place.append(numbered(0, 3))
    other = Place(tmp_path / "other")
    other.create()
    other.append([b"x", b"y", b"z", b"and more"])
    put_back(other.directory, place.directory)
    with pytest.raises(ProofInvalid, match="another history of the log: its first 3 entries"):
        place.open()


def test_what_is_missing_is_brought_back_and_signed_as_it_was(place):
    place.append(numbered(0, 250))
    copy = backup(place.home)
    place.append(numbered(250, 300))
    newest = open_log(place.directory).checkpoint()
    put_back(copy, place.home)
    log = open_unchecked(place.directory, sign=place.sign, memory=place.memory)
    with pytest.raises(NotFound, match="1 of the 50 entries that are missing were not found, the first is entry 260"):
        log.restore({index: b"entry %d" % index for index in range(250, 300) if index != 260})
    with pytest.raises(ProofInvalid, match="do not come to what was signed"):
        log.restore({index: b"entry %d" % (index + (index == 260)) for index in range(250, 300)})
    assert open_log(place.directory).size == 250
    log.restore({index: b"entry %d" % index for index in range(240, 320)})
    assert log.checkpoint() == newest
    assert verify_log(place.directory, public_key=PUBLIC).size == 300
    assert place.append([b"next"])[0].index == 300
    place.check_nothing_is_signed_twice()


def test_a_log_from_before_anything_was_remembered_is_taken_as_it_is(place):
    place.append(numbered(0, 3))
    shutil.rmtree(place.beyond.parent)
    (place.home / "seen").unlink()
    assert place.append([b"next"])[0].index == 3
    assert place.memory.recall(ORIGIN)[-1].size == 4


def test_a_machine_that_cannot_remember_in_the_log_s_own_home_signs_nothing(place):
    place.append(numbered(0, 3))
    signed = place.signed.read_bytes()
    (place.home / "seen").unlink()
    (place.home / "seen").mkdir()
    with pytest.raises(InputError, match="not a regular file"):
        place.append([b"next"])
    assert place.signed.read_bytes() == signed


def test_where_nothing_can_be_remembered_beyond_the_home_the_log_still_goes_on(place):
    shutil.rmtree(place.beyond.parent)
    place.beyond.parent.write_text("in the way")
    assert place.append([b"next"])[0].index == 0
    assert place.append([b"more"])[0].index == 1
    assert [known.size for known in FileMemory((place.home / "seen",)).recall(ORIGIN)] == [2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"log.example\n",
        b"other.example\n3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        b"log.example\n3 AAAA\n",
        b"log.example\n03 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        b"log.example\n9999999999999999999 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        b"\0" * 100,
    ],
)
def test_a_damaged_memory_is_said_and_never_passed_over(place, data):
    place.append(numbered(0, 3))
    (place.home / "seen").write_bytes(data)
    with pytest.raises(Malformed, match="not what was remembered") as caught:
        place.append([b"next"])
    assert caught.value.where == str(place.home / "seen")


@pytest.mark.parametrize("torn", [b"3", b"3 AAAAAAAAAA", b"\0\0\0\0"])
def test_a_line_that_was_being_written_when_the_power_failed_counts_for_nothing(place, torn):
    place.append(numbered(0, 2))
    with (place.home / "seen").open("ab") as out:
        out.write(torn)
    assert place.append([b"next"])[0].index == 2
    assert [known.size for known in place.memory.recall(ORIGIN)] == [3]


def test_a_memory_stays_small_and_keeps_the_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    memory = FileMemory((tmp_path / "seen",))
    for size in range(3000):
        memory.remember(Checkpoint(origin=ORIGIN, size=size, root=size.to_bytes(32, "big")))
    assert (tmp_path / "seen").stat().st_size <= MAX_MEMORY_BYTES + 100
    assert [known.size for known in memory.recall(ORIGIN)] == [2999]


def test_a_full_disk_while_remembering_signs_nothing(place, monkeypatch):
    place.append(numbered(0, 2))
    signed, kept = place.signed.read_bytes(), FileMemory.remember

    def full(self, checkpoint):
        raise StorageError("cannot write: no space left on device")

    monkeypatch.setattr(FileMemory, "remember", full)
    with pytest.raises(StorageError):
        place.append([b"lost"])
    assert place.signed.read_bytes() == signed
    monkeypatch.setattr(FileMemory, "remember", kept)
    assert place.append([b"another"])[0].index == 2
    place.check_nothing_is_signed_twice()


def test_a_memory_that_another_copy_holds_is_waited_for_within_limits(place, monkeypatch):
    import fcntl

    with place.beyond.with_name("seen.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr("pratique.tlog.memory.lock_file", partial(lock_file, attempts=3, pause=lambda seconds: None))
        with pytest.raises(Locked):
            place.append([b"next"])


CALLS = ("open", "fsync", "replace", "rename", "mkdir", "unlink", "rmdir", "fchmod", "close")


def _killed_at(place: Place, step: int, entries: list[bytes]) -> bool:
    """Append in a process that kills itself between two of its calls to the kernel. False when it made fewer than `step`."""
    child = os.fork()
    if child == 0:
        count = 0

        def between(act):
            def wrapped(*args, **kwargs):
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return act(*args, **kwargs)

            return wrapped

        for name in CALLS:
            setattr(os, name, between(getattr(os, name)))
        kept = place.sign
        place.sign = between(kept)  # before it, and by the call that follows, after it
        try:
            place.append(entries)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("before", [0, 254])
def test_killed_between_any_two_calls_to_the_kernel_nothing_is_ever_signed_twice_for_one_size(tmp_path, before, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # a kill takes the process, not the page cache
    step, finished_later = 0, 0
    template = Place(tmp_path / "template")
    template.create()
    if before:
        template.append(numbered(0, before))
    while True:
        step += 1
        shutil.copytree(tmp_path / "template", tmp_path / str(step))
        place = Place(tmp_path / str(step))
        killed = _killed_at(place, step, [b"one", b"two", b"three"])
        size = open_log(place.directory).size
        first = place.append([b"something else"])[0].index
        assert first in (before, before + 3)
        finished_later += first == before + 3 and size == before
        place.append([b"and more"])
        assert verify_log(place.directory, public_key=PUBLIC).size == first + 2
        place.check_nothing_is_signed_twice()
        if not killed:
            break
    assert step > 30
    assert finished_later > 5  # kills between remembering and publishing


@pytest.mark.parametrize("before", [0, 254])
def test_a_backup_taken_in_the_middle_of_an_append_never_forks_the_log_when_it_is_put_back(tmp_path, before, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    template = Place(tmp_path / "template")
    template.create()
    if before:
        template.append(numbered(0, before))
    step = 0
    while True:
        step += 2
        shutil.copytree(tmp_path / "template", tmp_path / str(step))
        place = Place(tmp_path / str(step))
        killed = _killed_at(place, step, [b"one", b"two", b"three"])
        copy = backup(place.home)
        place.append([b"something else"])
        put_back(copy, place.home)
        try:
            place.append([b"another history"])
        except ProofInvalid as error:
            assert "pratique log recover" in str(error)
        place.check_nothing_is_signed_twice()
        if not killed:
            break
    assert step > 30


def test_an_append_costs_the_same_calls_after_five_former_checkpoints_and_after_five_thousand(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    place = Place(tmp_path)
    log = place.create()
    log.append(numbered(0, 5))
    calls: list[str] = []
    watching = False

    def watch(event, arguments):
        if watching and event.split(".")[0] in ("open", "os", "tempfile", "shutil", "fcntl", "glob"):
            calls.append(event)

    sys.addaudithook(watch)

    def cost():
        nonlocal watching
        calls.clear()
        watching = True
        log.append([b"one more"])
        watching = False
        return sorted(calls)

    few = cost()
    for number in range(5000):  # as many former checkpoints; the content is never looked at
        (log_history := place.directory / "checkpoints").mkdir(exist_ok=True)
        (log_history / str(10**6 + number)).write_bytes(b"")
    assert cost() == few
    assert "os.listdir" not in few and "os.scandir" not in few
    assert len(few) < 60
