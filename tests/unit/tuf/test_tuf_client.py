"""Following a trust: rollback, freeze, mixing and damage are refused; stale trust is said, and never passes when it expired."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from tuf.api.metadata import Metadata, Root
from tuf_team import NOW, SOURCE, ed25519_signer, key_count

import pratique.tuf.client as following
import pratique.tuf.publish as publishing
from pratique.errors import (
    DigestMismatch,
    InputError,
    LimitExceeded,
    Malformed,
    NotFound,
    PratiqueError,
    ProofInvalid,
    StorageError,
    Unavailable,
    Untrusted,
)
from pratique.tuf.cache import load_cached
from pratique.tuf.client import current, follow, refresh, repository_files, verify_files
from pratique.tuf.places import DirectoryPlace, MemoryPlace
from pratique.tuf.roles import RoleKeys, sign_metadata

DAY = 86400


def snapshot_of(team):
    """Everything that is published now."""
    root = team.folder.published
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


class Gone:
    """A place that cannot be reached."""

    name = "https://gone.example"

    def chunks(self, path):
        raise Unavailable("no route to host", where=self.name)
        yield b""

    def close(self):
        pass


def changed(team, name="second"):
    team.release(name)
    team.sign()
    return team.publish()


def test_an_older_state_is_refused_as_rollback(team):
    before = snapshot_of(team)
    changed(team)
    team.follow()
    with pytest.raises(ProofInvalid, match="goes back"):
        refresh(team.home, now=NOW, place=MemoryPlace(before))
    assert key_count(load_cached(team.home)) == 2


def test_an_older_document_under_a_newer_timestamp_is_refused_as_mixing(team):
    before = snapshot_of(team)
    changed(team)
    mixed = {**snapshot_of(team), "metadata/2.targets.json": before["metadata/1.targets.json"]}
    with pytest.raises((DigestMismatch, LimitExceeded)):  # signatures of ECDSA differ in length
        team.follow(MemoryPlace(mixed))


def test_a_state_that_nobody_renews_is_refused_as_frozen(team, monkeypatch):
    monkeypatch.setattr(publishing, "verify_files", lambda *_, **__: None)
    team.publish(now=NOW - 8 * DAY)
    with pytest.raises(Unavailable, match="has expired"):
        team.follow()


def test_a_frozen_place_does_not_shorten_what_was_fetched_before(team, monkeypatch):
    team.follow()
    monkeypatch.setattr(publishing, "verify_files", lambda *_, **__: None)
    team.publish(now=NOW - 8 * DAY)
    anchors = current(team.home, now=NOW + 7200, place=team.place)
    assert "has expired" in anchors.stale


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_every_role_must_be_signed_by_its_holders(team, role):
    files = snapshot_of(team)
    path = "metadata/timestamp.json" if role == "timestamp" else f"metadata/1.{role}.json"
    metadata = Metadata.from_bytes(files[path])
    metadata.signatures.clear()
    sign_metadata(metadata, ed25519_signer())
    files[path] = metadata.to_bytes()
    with pytest.raises((Untrusted, DigestMismatch)):
        follow(team.home, "file:/x", root=files["metadata/1.root.json"], now=NOW, place=MemoryPlace(files))


def test_a_pinned_root_of_somebody_else_is_refused(team, draft_team):
    other = Metadata(Root(version=1))
    with pytest.raises((Untrusted, Malformed)):
        follow(team.home, "file:/x", root=other.to_bytes(), now=NOW, place=team.place)
    assert not team.home.exists()


def test_a_root_that_lists_one_key_under_two_names_is_refused(team):
    """A threshold over key IDs would let its holder sign twice."""
    files = snapshot_of(team)
    root = Metadata.from_bytes(files["metadata/1.root.json"])
    twin = next(iter(root.signed.keys.values()))
    root.signed.keys["ff" * 32] = type(twin)("ff" * 32, twin.keytype, twin.scheme, twin.keyval)
    root.signed.roles["timestamp"].keyids.append("ff" * 32)
    root.signatures.clear()
    sign_metadata(root, team.alice)
    sign_metadata(root, team.bob)
    with pytest.raises(Untrusted, match="one key under two names"):
        follow(team.home, "file:/x", root=root.to_bytes(), now=NOW, place=MemoryPlace(files))


def test_trust_is_good_offline_until_it_expires_and_then_is_unavailable(team):
    anchors = team.follow()
    kept = load_cached(team.home)
    kept.check(anchors.expires - 1)
    assert kept == anchors
    for ask in (lambda home, now: load_cached(home).check(now), lambda home, now: current(home, now=now, place=Gone())):
        with pytest.raises(Unavailable, match="stale: it expired at"):
            ask(team.home, now=anchors.expires)
    assert Unavailable.exit_code == 3


def test_trust_that_cannot_be_refreshed_is_said_to_be_stale_and_why(team):
    anchors = team.follow()
    assert current(team.home, now=NOW + 60, place=Gone()) == anchors
    stale = current(team.home, now=NOW + 3601, place=Gone())
    assert "no route to host" in stale.stale
    assert replace(stale, stale="") == anchors


def test_a_clock_that_went_back_is_no_reason_not_to_ask(team):
    team.follow()
    assert current(team.home, now=NOW - 10, place=Gone()).stale


def test_a_place_that_lies_is_not_forgiven_as_one_that_cannot_be_asked(team):
    before = snapshot_of(team)
    changed(team)
    team.follow()
    with pytest.raises(ProofInvalid):
        current(team.home, now=NOW + 3601, place=MemoryPlace(before))


def test_nothing_followed_is_said_with_what_to_do(tmp_path):
    with pytest.raises(NotFound, match="pratique trust follow"):
        load_cached(tmp_path / "trust")


def test_a_full_disk_is_said_as_such_and_what_was_followed_stays(team, monkeypatch):
    anchors = team.follow()
    changed(team)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tuf.ngclient.updater.tempfile.NamedTemporaryFile", full)
    with pytest.raises(StorageError, match="no space left"):
        refresh(team.home, now=NOW, place=team.place)
    assert load_cached(team.home) == anchors


def test_following_another_trust_replaces_the_first_only_when_it_is_good(team):
    anchors = team.follow()
    with pytest.raises(Unavailable):
        follow(team.home, "https://gone.example", root=team.pinned, now=NOW, place=Gone())
    assert load_cached(team.home) == anchors


@pytest.mark.parametrize("possible", [True, False])
def test_following_anew_replaces_all_of_it_with_or_without_exchange_of_folders(team, monkeypatch, possible):
    team.follow()
    if not possible:
        monkeypatch.setattr(following, "swap_folders", lambda *_: False)
    changed(team)
    team.follow()
    assert key_count(load_cached(team.home)) == 2
    assert [path.name for path in team.home.parent.iterdir()] == [team.home.name]


def test_a_file_that_was_altered_at_home_is_noticed(team):
    team.follow()
    for path in (team.home / "files").iterdir():
        path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DigestMismatch, match="altered"):
        load_cached(team.home)
    assert refresh(team.home, now=NOW, place=team.place)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{}",
        b"[]",
        b'{"version": 1}',
        b"{" * 1000,
        b'{"version":1,"source":"x","files":{},"fetched_at":1.5,"expires":1,"versions":{}}',
    ],
)
def test_a_damaged_record_at_home_is_one_clear_error(team, state):
    team.follow()
    (team.home / "state.json").write_bytes(state)
    with pytest.raises(InputError):
        load_cached(team.home)


def test_an_archive_of_the_repository_verifies_offline_from_the_pinned_root(team, tmp_path):
    changed(team)
    anchors = team.follow()
    files = repository_files(team.home)
    again = verify_files(files, root=team.pinned, directory=tmp_path / "scratch", now=NOW)
    assert again.targets == anchors.targets
    assert again.versions == anchors.versions
    del files["metadata/2.targets.json"]
    with pytest.raises(Unavailable):
        verify_files(files, root=team.pinned, directory=tmp_path / "scratch2", now=NOW)


def test_any_flipped_bit_of_anything_that_is_fetched_is_refused(team):
    """The signatures themselves apart from the signed bytes: an altered signature is not one."""
    chance = random.Random(7)
    files = snapshot_of(team)
    good = verify = None
    for index in range(150):
        path = chance.choice(sorted(path for path in files if path != "metadata/1.root.json"))
        data = bytearray(files[path])
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
        place = MemoryPlace({**files, path: bytes(data)})
        home = team.home.with_name(f"home{index}")
        try:
            verify = follow(home, "file:/x", root=team.pinned, now=NOW, place=place)
        except PratiqueError as error:
            assert isinstance(error, Untrusted | DigestMismatch | Malformed | ProofInvalid | Unavailable | LimitExceeded), error
        else:
            # Only spelling outside of what is signed may differ: the case of a digit in a timestamp's signature, a key's hint.
            assert path == "metadata/timestamp.json"
            good = good or team.follow()
            assert verify.targets == good.targets


def endless():
    while True:
        yield b"[" * 65536


class Hostile(MemoryPlace):
    def __init__(self, files, path, make):
        super().__init__(files)
        self.path, self.make = path, make

    def chunks(self, path):
        return self.make() if path == self.path else super().chunks(path)


TRUST_JSON = "trust.json"


@pytest.mark.parametrize(
    "path", ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json", TRUST_JSON]
)
@pytest.mark.parametrize(
    "make",
    [
        endless,
        lambda: iter([b"[" * 10_000]),
        lambda: iter([b"{}"]),
        lambda: iter([b""]),
        lambda: iter([b'{"signed":' * 900]),
        lambda: iter([b"\xff" * 99]),
    ],
    ids=["endless", "deep", "empty object", "empty", "deep object", "binary"],
)
def test_hostile_metadata_is_refused_within_bounds(team, path, make):
    files = snapshot_of(team)
    if path == TRUST_JSON:
        path = next(name for name in files if name.endswith(TRUST_JSON))
    with pytest.raises((LimitExceeded, Malformed, DigestMismatch)):
        team.follow(Hostile(files, path, make))
    assert not team.home.exists()


def test_metadata_with_a_million_keys_is_refused_by_its_size(team):
    files = snapshot_of(team)
    root = json.loads(files["metadata/1.root.json"])
    root["signed"]["version"] = 2
    root["signed"]["keys"] |= {
        f"{n:064x}": {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00"}} for n in range(9000)
    }
    files["metadata/2.root.json"] = json.dumps(root).encode()
    with pytest.raises(LimitExceeded):
        team.follow(MemoryPlace(files))


def test_a_publication_that_is_killed_anywhere_leaves_the_old_state_or_the_new(team, monkeypatch):
    """Every step that writes fails once: the next client sees one of the two states, and running it again completes it."""
    machine = ed25519_signer()
    online = RoleKeys(keys=(machine.public_key,))
    team.release("second")
    team.folder.change_roles({"snapshot": online, "timestamp": online}, now=NOW)
    team.sign()
    states = set()
    for step in range(1, 60):
        count = 0

        def counted(real, step=step):
            def call(*arguments, **more):
                nonlocal count
                count += 1
                if count == step:
                    raise KeyboardInterrupt
                return real(*arguments, **more)

            return call

        with monkeypatch.context() as patched:
            for name in ("write_atomic", "sync_directory", "swap_folders"):
                patched.setattr(publishing, name, counted(getattr(publishing, name)))
            patched.setattr(publishing.os, "link", counted(os.link))
            patched.setattr(publishing, "verify_files", lambda *_, **__: None)
            try:
                team.publish(signers=[machine, team.online])
                finished = True
            except KeyboardInterrupt:
                finished = False
        anchors = follow(team.home, "file:/x", root=team.pinned, now=NOW, place=team.place)
        states.add((anchors.versions["root"], key_count(anchors)))
        if finished:
            break
    assert finished
    assert states == {(1, 1), (2, 2)}


def test_without_exchange_of_folders_the_timestamp_comes_last(team, monkeypatch):
    written = []
    real = publishing.write_atomic
    monkeypatch.setattr(publishing, "swap_folders", lambda *_: False)
    monkeypatch.setattr(publishing, "write_atomic", lambda path, data: (written.append(path), real(path, data)))
    team.publish()
    in_place = [path.name for path in written if path.parent.name == "metadata"]
    assert in_place[0] == "1.root.json"
    assert in_place[-1] == "timestamp.json"
    assert team.follow().versions["timestamp"] == 2


def test_a_publication_that_is_really_killed_leaves_a_state_that_verifies(team, tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from pratique.tuf.publish import write_place\n"
        "from pratique.tuf.places import DirectoryPlace\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob('*') if p.is_file()}\n"
        "print('ready', flush=True)\n"
        "while True: write_place(DirectoryPlace(pathlib.Path(sys.argv[2])), files)\n"
    )
    target = tmp_path / "site"
    publishing.write_place(DirectoryPlace(target), snapshot_of(team))
    for _ in range(3):
        command = [sys.executable, "-c", code, str(team.folder.published), str(target)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(random.random() / 5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert team.follow(DirectoryPlace(target)).versions["timestamp"] == 1


def test_a_second_machine_that_publishes_goes_on_from_the_newest_it_finds(team, tmp_path):
    site = DirectoryPlace(tmp_path / "site")
    team.publish(site)
    team.publish(site)
    published = team.folder.published
    stale = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    team.publish(site)
    for path in list(published.rglob("*.snapshot.json")):
        path.unlink()
    for path, data in stale.items():
        path.write_bytes(data)
    assert team.publish(site).versions["timestamp"] == 5


def test_a_new_online_key_goes_on_from_what_the_old_one_published(team, tmp_path):
    site = DirectoryPlace(tmp_path / "site")
    team.publish(site)
    kept = {path: path.read_bytes() for path in team.folder.published.rglob("*") if path.is_file()}
    team.publish(site)
    for path, data in kept.items():
        path.write_bytes(data)
    machine = ed25519_signer()
    team.folder.change_roles({role: RoleKeys(keys=(machine.public_key,)) for role in ("snapshot", "timestamp")}, now=NOW)
    team.sign()
    assert team.publish(site, signers=[machine]).versions["timestamp"] == 4


def test_a_trust_document_of_a_newer_version_is_refused_before_it_is_published(team):
    team.edit("version: 1", "version: 2")
    with pytest.raises(Malformed, match="version must be 1"):
        team.publish()
    assert SOURCE.startswith("version: 1")
