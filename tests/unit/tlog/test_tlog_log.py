import fcntl
import subprocess
import sys
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.errors import InputError, LimitExceeded, Locked, NotFound, ProofInvalid, SignatureInvalid, StorageError
from pratique.model.merkle import root_hash
from pratique.tlog.log import TileLog, create_log, load_vkey, open_log
from pratique.tlog.memory import FileMemory
from pratique.tlog.store import DirectoryStore, lock
from pratique.tlog.verify import verify_consistency, verify_entry, verify_log

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def included(entry, proof, *, public_key, origin=None):
    """What whoever has the entry and its proof alone does."""
    pieces = {"index": proof.index, "size": proof.size, "root": proof.root, "hashes": proof.hashes}
    return verify_entry(entry, **pieces, checkpoint=proof.checkpoint, public_key=public_key, origin=origin)


def numbered(start, end):
    return [f"entry {number}".encode() for number in range(start, end)]


@pytest.fixture
def log(tmp_path):
    return create_log(tmp_path / "log", origin="example.org/log", public_key=PUBLIC, sign=KEY.sign)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "log"


class Killed(Exception):
    """Stands for the process ending there."""


class DyingStore(DirectoryStore):
    """Ends at step `at`: before that write, or after it when `done`."""

    def __init__(self, directory, at, *, done):
        super().__init__(directory)
        self.left, self.done = at, done

    def _step(self, act):
        self.left -= 1
        if self.left == 0 and self.done:
            act()
        if self.left <= 0:
            raise Killed
        act()

    def write(self, name, data):
        self._step(lambda: super(DyingStore, self).write(name, data))

    def delete(self, name):
        self._step(lambda: super(DyingStore, self).delete(name))


def test_entries_are_appended_found_and_proven_across_tile_borders(log, directory):
    proofs = []
    for start, end in [(0, 1), (1, 255), (255, 256), (256, 257), (257, 1100)]:
        proofs += log.append(numbered(start, end))
    assert [proof.index for proof in proofs] == list(range(1100))
    for proof in proofs:
        included(f"entry {proof.index}".encode(), proof, public_key=PUBLIC, origin="example.org/log")
    reopened = open_log(directory)
    assert reopened.size == 1100
    assert reopened.state().root == root_hash(numbered(0, 1100))
    assert reopened.entries() == numbered(0, 1100)
    assert reopened.entries(250, 520) == numbered(250, 520)
    for index in (0, 255, 256, 1099):
        assert reopened.find(f"entry {index}".encode()) == index
        included(f"entry {index}".encode(), reopened.prove(index), public_key=PUBLIC)
    assert reopened.find(b"entry 1100") is None
    state = verify_log(directory, public_key=PUBLIC)
    assert (state.size, state.former, state.checkpoint) == (1100, 5, reopened.checkpoint())


def test_an_entry_can_be_proven_against_a_former_checkpoint(log):
    log.append(numbered(0, 7))
    log.append(numbered(7, 300))
    proof = log.prove(3, 7)
    assert proof.size == 7
    included(b"entry 3", proof, public_key=PUBLIC)
    with pytest.raises(NotFound):
        log.prove(3, 8)
    with pytest.raises(InputError):
        log.prove(7, 7)


def test_partial_tiles_go_once_they_are_full(log, directory):
    for size in range(0, 256, 64):
        log.append(numbered(size, size + 64))
    assert (directory / "tile/0/000").exists()
    assert not list(directory.rglob("000.p/64"))
    assert (directory / "tile/1/000.p/1").exists()


class DyingMemory(FileMemory):
    """Remembers as a step of the store that it dies with."""

    def __init__(self, store, path):
        super().__init__((path,))
        self._store = store

    def remember(self, checkpoint):
        self._store._step(lambda: super(DyingMemory, self).remember(checkpoint))


@pytest.mark.parametrize("before", [0, 5, 250])
@pytest.mark.parametrize("done", [False, True])
def test_a_kill_at_any_step_loses_nothing_confirmed_and_the_next_append_completes(tmp_path, before, done):
    step, finished, was_finished_later = 0, False, False
    while not finished:
        step += 1
        directory = tmp_path / str(step)
        log = create_log(directory, origin="example.org/log", public_key=PUBLIC, sign=KEY.sign)
        confirmed = log.append(numbered(0, before))
        old = log.checkpoint()
        store = DyingStore(directory, step, done=done)
        memory = DyingMemory(store, directory / "remembered")
        dying = TileLog(store, key=load_vkey(store), guard=nullcontext, sign=KEY.sign, memory=memory)
        try:
            dying.append(numbered(before, 270))
            finished = True
        except Killed:
            pass
        to_finish = open_log(directory).size == before and memory.recall("example.org/log")[-1].size == 270
        was_finished_later |= to_finish
        reopened = open_log(directory, sign=KEY.sign)
        assert reopened.size in (before, 270) and (reopened.size == 270 or not to_finish)
        verify_log(directory, public_key=PUBLIC)
        for proof in confirmed:
            included(f"entry {proof.index}".encode(), proof, public_key=PUBLIC)
        if reopened.size == before:  # what was not confirmed may be replaced by something else
            reopened.append([b"something else", *numbered(before + 1, 263)])
            assert reopened.find(f"entry {before}".encode()) is None
        else:
            assert reopened.find(b"entry 269") == 269
        reopened.append(numbered(300, 600))
        assert verify_log(directory, public_key=PUBLIC).size == reopened.size
        verify_consistency(old, directory, public_key=PUBLIC)
    assert step > 5 and was_finished_later


def test_a_log_that_is_there_is_opened_and_never_replaced(log, directory):
    log.append([b"a"])
    again = create_log(directory, origin="example.org/log", public_key=PUBLIC, sign=KEY.sign)
    assert again.size == 1
    with pytest.raises(InputError, match="another name or key"):
        create_log(directory, origin="example.org/other", public_key=PUBLIC, sign=KEY.sign)
    with pytest.raises(InputError, match="another name or key"):
        other = OTHER.public_key().public_bytes_raw()
        create_log(directory, origin="example.org/log", public_key=other, sign=OTHER.sign)


def test_a_missing_log_is_said_to_be_missing(tmp_path):
    with pytest.raises(NotFound):
        open_log(tmp_path)
    with pytest.raises(NotFound):
        verify_log(tmp_path, public_key=PUBLIC)


def test_a_log_opened_without_a_signer_can_only_be_read(log, directory):
    with pytest.raises(InputError, match="reading only"):
        open_log(directory).append([b"a"])


def test_an_entry_too_long_is_refused_before_anything_is_written(log, directory):
    with pytest.raises(LimitExceeded):
        log.append([b"a", b"x" * 65_536])
    assert not (directory / "tile").exists()
    assert log.append([]) == []


def test_the_wrong_signer_never_gets_a_checkpoint_published(log, directory):
    with pytest.raises(SignatureInvalid):
        open_log(directory, sign=OTHER.sign).append([b"a"])
    assert log.size == 0


def test_two_handles_see_what_the_other_appended(log, directory):
    other = open_log(directory, sign=KEY.sign)
    log.append([b"a"])
    assert other.append([b"b"])[0].index == 1
    assert log.append([b"c"])[0].index == 2
    verify_log(directory, public_key=PUBLIC)


def test_another_process_that_holds_the_lock_means_locked_after_a_bounded_number_of_tries(log, directory):
    code = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.flock(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(directory / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        pauses = []
        with pytest.raises(Locked), lock(directory, attempts=5, pause=pauses.append):
            pass
        assert len(pauses) == 4
        assert log.size == 0  # reading needs no lock
    finally:
        holder.communicate()
    with lock(directory, attempts=1), (directory / "lock").open() as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert log.append([b"a"])


def test_a_full_disk_is_a_storage_error_and_leaves_the_log_as_it_was(log, directory, monkeypatch):
    log.append([b"a"])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pratique.files.os.fsync", full)
    with pytest.raises(StorageError, match="no space left"):
        log.append([b"b"])
    monkeypatch.undo()
    assert verify_log(directory, public_key=PUBLIC).size == 1


def test_one_altered_byte_in_any_file_of_the_log_is_named(log, directory):
    for start, end in [(0, 5), (5, 260), (260, 300)]:
        log.append(numbered(start, end))
    files = [path for path in directory.rglob("*") if path.is_file() and path.name not in ("lock", "log.vkey", "remembered")]
    assert len(files) >= 9
    for path in files:
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            with pytest.raises((ProofInvalid, SignatureInvalid)) as caught:
                verify_log(directory, public_key=PUBLIC)
            assert caught.value.where == str(path)
        path.write_bytes(data)
    verify_log(directory, public_key=PUBLIC)


def test_a_missing_tile_is_named(log, directory):
    log.append(numbered(0, 300))
    for name in ("tile/0/000", "tile/entries/001.p/44", "tile/1/000.p/1"):
        data = (directory / name).read_bytes()
        (directory / name).unlink()
        with pytest.raises(ProofInvalid) as caught:
            verify_log(directory, public_key=PUBLIC)
        assert caught.value.where == str(directory / name)
        (directory / name).write_bytes(data)


def test_damage_is_not_signed_over_by_the_next_append(log, directory):
    log.append(numbered(0, 5))
    tile = directory / "tile/0/000.p/5"
    tile.write_bytes(bytes(160))
    with pytest.raises(ProofInvalid):
        log.append([b"next"])


def test_a_log_rebuilt_with_other_entries_does_not_continue_the_remembered_checkpoint(log, directory, tmp_path):
    log.append(numbered(0, 300))
    remembered = log.checkpoint()
    log.append(numbered(300, 310))
    verify_consistency(remembered, directory, public_key=PUBLIC)
    forged = create_log(tmp_path / "forged", origin="example.org/log", public_key=PUBLIC, sign=KEY.sign)
    forged.append([b"something else", *numbered(1, 310)])
    verify_log(tmp_path / "forged", public_key=PUBLIC)
    with pytest.raises(ProofInvalid, match="does not continue"):
        verify_consistency(remembered, tmp_path / "forged", public_key=PUBLIC)


def test_a_log_put_back_to_an_older_checkpoint_is_found_out(log, directory):
    log.append([b"a"])
    old = log.checkpoint()
    log.append([b"b"])
    remembered = log.checkpoint()
    log.append([b"c"])
    (directory / "checkpoint").write_text(old)
    with pytest.raises(ProofInvalid, match="rolled back"):
        log.state()
    with pytest.raises(ProofInvalid, match="rolled back"):
        verify_consistency(remembered, directory, public_key=PUBLIC)
    with pytest.raises(ProofInvalid, match="rolled back"):
        verify_log(directory, public_key=PUBLIC)
    mended = open_log(directory, sign=KEY.sign)  # the entries are there: what was signed for them is published again
    assert mended.size == 3
    assert mended.append([b"d"])[0].index == 3
    verify_log(directory, public_key=PUBLIC)


def test_a_key_planted_beside_the_log_does_not_make_it_verify(log, directory, tmp_path):
    other = OTHER.public_key().public_bytes_raw()
    create_log(tmp_path / "forged", origin="example.org/log", public_key=other, sign=OTHER.sign).append([b"a"])
    with pytest.raises(SignatureInvalid):
        verify_log(tmp_path / "forged", public_key=PUBLIC)


def test_a_proof_beside_the_checkpoint_of_another_size_is_refused(log):
    import dataclasses

    first = log.append([b"a"])[0]
    second = log.append([b"b"])[0]
    for change in ({"checkpoint": second.checkpoint}, {"root": second.root}, {"size": 2}, {"index": 1}):
        with pytest.raises(ProofInvalid):
            included(b"a", dataclasses.replace(first, **change), public_key=PUBLIC)
    with pytest.raises(ProofInvalid):
        included(b"b", first, public_key=PUBLIC)
