"""The log of a home, through the commands: put back, removed, moved, copied, and shown to others."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.attest.bundle import parse_bundle
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.cli.main import run
from pratique.tlog.checkpoint import check_host_origin, log_id, sign_checkpoint, spki_of


class Machine:
    """A folder with a key, files to sign, and a home beside it; what it says is kept."""

    def __init__(self, root: Path, capsys) -> None:
        self.root, self.home, self.capsys = root, root / "home", capsys
        self("key", "generate", "-o", "K", "--no-passphrase")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self.capsys.readouterr()
        found = run(list(arguments))
        out, err = self.capsys.readouterr()
        assert found == code, (arguments, found, out, err)
        assert "Traceback" not in err
        return out + err

    def sign(self, name: str, *, code: int = 0) -> str:
        (self.root / f"{name}.bin").write_text(name)
        return self("sign", f"file:{name}.bin", "--key", "K", "--file", code=code)

    def entry(self, name: str):
        (entry,) = parse_bundle((self.root / f"{name}.bin.sigstore.json").read_bytes()).log_entries
        return entry

    def put_back(self, what: str) -> None:
        shutil.rmtree(self.root / what)
        shutil.copytree(self.root / "backup" / what, self.root / what)

    def backup(self) -> None:
        shutil.copytree(self.home, self.root / "backup" / "home")

    @property
    def size(self) -> int:
        return int(json.loads(self("log", "verify", "--format", "json"))["size"])


@pytest.fixture
def machine(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("PRATIQUE_LOG_ORIGIN", raising=False)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return Machine(tmp_path, capsys)


@pytest.mark.parametrize("what", ["home/log", "home"])
def test_a_backup_put_back_gives_no_number_twice_and_what_the_catalog_has_brings_it_forward(machine, what):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    kept = machine.root / "two.bin.sigstore.json"
    machine.put_back(what)
    said = machine.sign("three", code=1)
    assert "2 entries were signed here, and the log's files hold 1" in said and "pratique log recover" in said
    assert not (machine.root / "three.bin.sigstore.json").exists()
    assert "log recover" in machine("log", "show", code=1)
    assert "log recover" in machine("log", "verify", code=1)
    if what == "home":  # the catalog was put back too, and does not know the entry
        assert "1 of the 1 entries that are missing were not found" in machine("log", "recover", code=2)
        said = machine("log", "recover", "--from", str(kept))
    else:
        said = machine("log", "recover")
    assert "1 entry was brought back, it has 2 again" in said
    assert "nothing was missing" in machine("log", "recover")
    machine.sign("three")
    assert [machine.entry(name).log_index for name in ("one", "two", "three")] == [0, 1, 2]
    assert machine.size == 3
    for name in ("one", "two", "three"):
        machine("verify", f"file:{name}.bin", "--key", "K.pub")


def test_a_newer_copy_of_the_log_brings_it_forward(machine):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    mirror = shutil.copytree(machine.home / "log", machine.root / "mirror")
    machine.put_back("home")
    assert "it has 2 again" in machine("log", "recover", "--from", str(mirror))
    assert machine.size == 2


def test_a_forged_copy_brings_nothing(machine):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    mirror = shutil.copytree(machine.home / "log", machine.root / "mirror")
    entries = mirror / "tile" / "entries" / "000.p" / "2"
    entries.write_bytes(entries.read_bytes().replace(b"0.0.2", b"0.0.3"))
    machine.put_back("home")
    machine("log", "recover", "--from", str(mirror), code=1)
    machine.sign("three", code=1)


def test_a_log_whose_folder_is_gone_is_not_silently_begun_again(machine):
    machine.sign("one")
    machine.sign("two")
    shutil.rmtree(machine.home / "log")
    assert "the log pratique.local is gone: it had 2 entries" in machine.sign("three", code=1)
    assert "it has 2 again" in machine("log", "recover")
    machine.sign("three")
    assert machine.size == 3


def test_a_machine_that_forgot_everything_learns_from_a_bundle_that_its_log_was_put_back(machine):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    kept = str(machine.root / "two.bin.sigstore.json")
    machine.put_back("home")
    shutil.rmtree(machine.root / "state")
    assert "it was put back" in machine("log", "verify", "--bundle", kept, code=1)
    assert "it has 2 again" in machine("log", "recover", "--from", kept)


def test_two_bundles_of_one_number_prove_the_fork(machine):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    ours = str(shutil.copy(machine.root / "two.bin.sigstore.json", machine.root / "ours.json"))
    machine.put_back("home")
    shutil.rmtree(machine.root / "state")  # a machine that remembers nothing signs a second history
    machine.sign("three")
    said = machine("log", "verify", "--bundle", ours, code=1)
    assert "was forked: the tree of 2 entries" in said and ours in said
    assert "forked" in machine("log", "recover", "--from", ours, code=1)


def forked(machine) -> dict[str, bytes]:
    """`two` was signed before the log was put back, and `three` after. Gives what was remembered beyond the home before."""
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    kept = {path.name: path.read_bytes() for path in (machine.root / "state").rglob("*") if path.is_file()}
    machine.put_back("home")
    shutil.rmtree(machine.root / "state")  # a machine that remembers nothing signs a second history
    machine.sign("three")
    return kept


def test_verify_holds_evidence_of_this_machine_s_log_against_the_log_here(machine):
    forked(machine)
    for folder in (machine.root / "state", machine.home / "seen-logs"):
        shutil.rmtree(folder)
    said = machine("verify", "file:two.bin", "--key", "K.pub", code=1)
    assert "was forked: the one here does not continue this tree of 2 entries" in said
    machine("verify", "file:three.bin", "--key", "K.pub")
    machine("verify", "file:one.bin", "--key", "K.pub")


def test_verify_holds_evidence_against_what_is_remembered_beyond_the_home(machine):
    kept = forked(machine)
    for path in (machine.root / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(kept[path.name])
    shutil.rmtree(machine.home / "log")
    said = machine("verify", "file:three.bin", "--key", "K.pub", code=1)
    assert "was forked: this machine remembers another tree of 2 entries" in said
    machine("verify", "file:one.bin", "--key", "K.pub")


def test_a_damaged_log_or_memory_here_takes_nothing_from_evidence_that_is_sound(machine):
    machine.sign("one")
    machine.sign("two")
    for path in (machine.home / "seen-logs").iterdir():
        path.write_bytes(b"garbage")
    machine("verify", "file:one.bin", "--key", "K.pub")
    tiles = [path for path in (machine.home / "log").rglob("*") if path.is_file() and "tile/0" in str(path)]
    assert tiles
    for path in tiles:
        path.chmod(0o600)
        path.write_bytes(b"\0" * path.stat().st_size)
    machine("verify", "file:one.bin", "--key", "K.pub")
    shutil.rmtree(machine.home / "log")
    machine("verify", "file:two.bin", "--key", "K.pub")


def test_a_log_put_back_may_go_on_under_another_name_and_what_it_lost_stays_valid(machine):
    machine.sign("one")
    machine.backup()
    machine.sign("two")
    machine.put_back("home")
    assert "the log is log.example from here on, with 1 entry" in machine("log", "move", "--origin", "log.example")
    machine.sign("three")
    assert (machine.entry("three").origin, machine.entry("three").log_index) == ("log.example", 1)
    for name in ("one", "two", "three"):
        assert "log entry" in machine("verify", f"file:{name}.bin", "--key", "K.pub")
    assert json.loads(machine("log", "verify", "--format", "json"))["bundles"] == 2  # one of each name
    assert "log.example" in machine("log", "show")
    machine("log", "verify", "--directory", str(machine.home / "former-logs" / "pratique.local"))


def test_a_log_of_an_older_name_is_read_and_written_and_moved_and_what_was_signed_is_proven_anew(machine, monkeypatch):
    monkeypatch.setattr("pratique.app.home_log.LOG_ORIGIN", "pratique.local/log")
    machine.sign("one")
    monkeypatch.undo()
    monkeypatch.chdir(machine.root)
    monkeypatch.setenv("PRATIQUE_HOME", str(machine.home))
    monkeypatch.setenv("XDG_STATE_HOME", str(machine.root / "state"))
    machine.sign("two")
    assert machine.entry("two").origin == "pratique.local/log"
    assert "no host's" in machine("log", "trusted-root", code=2)
    machine("log", "move", "--origin", "log.example")
    root = parse_trusted_root(machine("log", "trusted-root").encode())
    assert [log.url for log in root.logs] == ["https://log.example"]
    machine("verify", "file:one.bin", "--key", "K.pub")  # as it was signed
    machine("sign", "file:one.bin", "--key", "K", "--file", "--replace")
    entry = machine.entry("one")
    assert (entry.origin, entry.log_index, machine.size) == ("log.example", 0, 2)
    assert root.logs[0].is_named(entry.log_id)
    machine("verify", "file:one.bin", "--key", "K.pub")


def test_a_name_that_the_key_signed_under_before_is_never_taken_again(machine):
    machine.sign("one")
    machine("log", "move", "--origin", "a.example")
    machine.sign("two")
    machine("log", "move", "--origin", "b.example")
    for name in ("a.example", "pratique.local"):
        assert "has signed under the name" in machine("log", "move", "--origin", name, code=2)
    assert "is b.example already" in machine("log", "move", "--origin", "b.example", code=2)
    root = parse_trusted_root(machine("log", "trusted-root").encode())
    assert {log.url for log in root.logs} == {f"https://{name}" for name in ("a.example", "b.example", "pratique.local")}
    assert machine.size == 2


@pytest.mark.parametrize("at", range(1, 12))
def test_a_move_that_is_interrupted_is_finished_by_the_same_command(machine, monkeypatch, at):
    machine.sign("one")
    left = at

    class Killed(BaseException):
        pass

    def dying(act):
        def wrapped(*arguments, **options):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return act(*arguments, **options)

        return wrapped

    with monkeypatch.context() as patched:
        for name in ("replace", "link", "mkdir"):
            patched.setattr(os, name, dying(getattr(os, name)))
        with suppress(Killed):
            run(["log", "move", "--origin", "log.example"])
    if left <= 0:
        said = run(["log", "move", "--origin", "log.example"])
        assert said in (0, 2)  # 2: it had moved already
    machine.sign("two")
    assert (machine.entry("two").origin, machine.entry("two").log_index) == ("log.example", 1)
    assert machine.size == 2
    machine("verify", "file:one.bin", "--key", "K.pub")


@pytest.mark.parametrize(
    "name",
    ["", "a/b", "a:80", "https://a", "A.example", "a..b", ".a", "a.", "-a", "a_b", "a b", "a+b", "[::1]", "ä.example", "a" * 64],
)
def test_a_log_s_name_is_a_bare_host_name(machine, monkeypatch, name):
    assert "not a name for a log" in machine("log", "move", "--origin", name, code=2)
    if name:
        monkeypatch.setenv("PRATIQUE_LOG_ORIGIN", name)
        assert "not a name for a log" in machine.sign("one", code=2)
        assert not (machine.home / "log").exists()


@pytest.mark.parametrize("name", ["a", "localhost", "log.example.com", "xn--bcher-kva.example", "1.2.3.4", "a" * 63 + ".b"])
def test_every_host_name_is_a_log_s_name(name):
    assert check_host_origin(name) == name


def test_the_environment_names_a_new_log_and_does_not_rename_one(machine, monkeypatch):
    monkeypatch.setenv("PRATIQUE_LOG_ORIGIN", "log.example")
    machine.sign("one")
    assert machine.entry("one").origin == "log.example"
    monkeypatch.setenv("PRATIQUE_LOG_ORIGIN", "other.example")
    assert "pratique log move --origin other.example" in machine.sign("two", code=2)
    monkeypatch.delenv("PRATIQUE_LOG_ORIGIN")
    machine.sign("two")
    assert machine.entry("two").origin == "log.example"
    shutil.rmtree(machine.home / "log")
    assert "the log log.example is gone" in machine.sign("three", code=1)


def test_an_entry_names_the_log_as_other_clients_compute_it(machine):
    machine.sign("one")
    key = PublicKey.from_pem((machine.home / "keys" / "log.key.pub").read_bytes())
    assert machine.entry("one").log_id == log_id("pratique.local", key.raw)
    document = json.loads(machine("log", "trusted-root"))
    assert document["mediaType"].endswith(";version=0.1")
    assert document["tlogs"][0]["baseUrl"] == "https://pratique.local"


@pytest.mark.parametrize("form", ["log.vkey", "pem", "trusted root", "der", "two vkeys"])
@pytest.mark.parametrize("mistake", [False, True])
def test_a_log_s_key_is_read_in_every_form_and_another_log_s_proves_nothing(machine, tmp_path, monkeypatch, form, mistake):
    machine.sign("one")
    keys = machine.home / "keys" / "log.key.pub"
    if mistake:
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        key = PublicKey.from_der(spki_of(other))
    else:
        key = PublicKey.from_pem(keys.read_bytes())
    from pratique.attest.sigstore.render_root import NamedLog, render_trusted_root
    from pratique.tlog.notes import VerifierKey, render_vkey

    vkey = render_vkey(VerifierKey(name="pratique.local", algorithm=1, public_key=key.raw)).encode()
    stranger = render_vkey(
        VerifierKey(name="x.example", algorithm=1, public_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    ).encode()
    data = {
        "log.vkey": vkey + b"\n",
        "pem": key.pem,
        "der": key.spki,
        "trusted root": render_trusted_root([NamedLog(name="pratique.local", key=key)], []),
        "two vkeys": stranger + b"\n" + vkey + b"\n",
    }[form]
    (tmp_path / "logkey").write_bytes(data)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "elsewhere"))
    said = machine("verify", "file:one.bin", "--key", "K.pub", "--log-key", "logkey")
    assert ("log entry 0" in said) is not mistake
    machine("log", "verify", "--directory", str(machine.home / "log"), "--log-key", "logkey", code=1 if mistake else 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"nonsense", "not the key of a log"),
        (b"a.example+00000000+AAAA", "verifier key"),
        (b"{}", "not a Sigstore trusted root"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
        (b"\xff\xfe+\x00+\x00", "not the key of a log"),
        (b"\x30\x00", "public key in DER"),
    ],
)
def test_what_is_no_log_key_is_said_with_its_file(machine, tmp_path, data, says):
    machine.sign("one")
    (tmp_path / "logkey").write_bytes(data)
    said = machine("verify", "file:one.bin", "--key", "K.pub", "--log-key", "logkey", code=2)
    assert says in said and "logkey" in said and len(said.strip().splitlines()) == 1


def test_a_signer_s_key_given_as_a_log_s_is_said(machine):
    machine.sign("one")
    assert "a log's key is Ed25519" in machine("verify", "file:one.bin", "--key", "K.pub", "--log-key", "K.pub", code=2)


def test_a_new_key_is_one_that_everybody_verifies_and_the_others_say_what_they_cost(machine):
    assert "ecdsa-p256" in machine("key", "show", "K.pub")
    assert "elsewhere" not in machine("key", "generate", "-o", "L", "--no-passphrase")
    assert "--insecure-ignore-tlog" in machine("key", "generate", "-o", "E", "--no-passphrase", "--algorithm", "ed25519")
    machine.sign("one")
    assert PublicKey.from_pem((machine.home / "keys" / "log.key.pub").read_bytes()).algorithm == "ed25519"


def test_a_damaged_log_is_neither_moved_nor_signed_over(machine):
    machine.sign("one")
    tile = machine.home / "log" / "tile" / "0" / "000.p" / "1"
    tile.write_bytes(bytes(32))
    machine("log", "move", "--origin", "log.example", code=1)
    machine.sign("two", code=1)


def test_a_checkpoint_that_nobody_remembered_but_the_log_s_key_signed_counts_wherever_it_is_met(machine):
    """A fork of equal size, planted as a bundle's checkpoint: found by its root alone."""
    machine.sign("one")
    machine.sign("two")
    from pratique.app.home import find_home, load_or_make_key
    from pratique.app.mend_log import Held, check_held
    from pratique.errors import ProofInvalid
    from pratique.tlog.checkpoint import Checkpoint, verify_checkpoint
    from pratique.tlog.log import open_log

    signer = load_or_make_key(find_home().log_key, "ed25519")
    other = Checkpoint(origin="pratique.local", size=1, root=bytes(32))
    note = sign_checkpoint(other, public_key=signer.public_key.raw, sign=signer.sign)
    held = Held(where="there", index=0, body=b"", checkpoint=verify_checkpoint(note, public_key=signer.public_key.raw))
    reader = open_log(machine.home / "log").reader()
    with pytest.raises(ProofInvalid, match="forked"):
        check_held([held], reader, "pratique.local")
    with pytest.raises(ProofInvalid, match="forked"):
        check_held([held], reader, "pratique.local", ended=True)
