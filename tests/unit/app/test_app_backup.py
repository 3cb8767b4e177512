"""`pratique backup`: a copy that is a home itself, whole whatever is being written, or not there at all."""

import json
import sqlite3
import threading
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pratique.app.backup import back_up
from pratique.app.home import Home
from pratique.cli.main import run

_EC = ec.generate_private_key(ec.SECP256R1())
PRIVATE = {
    "PEM": _EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "OpenSSH": _EC.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
    "PKCS#8": _EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "SEC 1": _EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "JWK": b'{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}',
    "cosign": b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYi\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
}


@pytest.fixture
def signed(tmp_path, monkeypatch):
    """A home with a log of three entries, and a key beside it that signs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRATIQUE_KEY", "k")
    assert run(["key", "generate", "-o", "k", "--no-passphrase"]) == 0
    for number in range(3):
        sign(number, tmp_path)
    return tmp_path


def sign(number, folder):
    (folder / f"f{number}").write_text(str(number))
    assert run(["sign", f"file:f{number}"]) == 0


def asked(capsys, *words):
    capsys.readouterr()
    code = run(list(words))
    return code, *capsys.readouterr()


def test_a_backup_is_a_home_in_which_everything_is_found_and_the_log_goes_on(signed, monkeypatch, capsys):
    before = asked(capsys, "catalog", "list"), asked(capsys, "log", "show")
    code, out, _ = asked(capsys, "backup", "copy", "--format", "json")
    assert code == 0
    assert json.loads(out) == {"folder": "copy", "artifacts": 3, "documents": 3, "log_entries": 3, "private_keys": 1}
    (signed / "home").rename(signed / "lost")
    (signed / "copy").rename(signed / "home")
    assert (asked(capsys, "catalog", "list"), asked(capsys, "log", "show")) == before
    assert asked(capsys, "log", "verify")[0] == 0
    sign(4, signed)
    assert asked(capsys, "log", "verify")[0] == 0


def test_a_backup_without_keys_is_read_and_signs_nothing(signed, monkeypatch, capsys):
    assert asked(capsys, "backup", "shared", "--without-keys")[0] == 0
    assert not list((signed / "shared").rglob("*.key"))
    monkeypatch.setenv("PRATIQUE_HOME", str(signed / "shared"))
    files = sorted(path for path in (signed / "shared").rglob("*.key*"))
    assert asked(capsys, "log", "verify")[0] == 0 and asked(capsys, "catalog", "list")[1].count("sha256:") == 3
    code, _, err = asked(capsys, "sign", "file:f1", "--output", "other.json")
    assert code == 2 and "the log's private key is not here" in err and "set PRATIQUE_HOME" in err
    (signed / "policy.yaml").write_text(
        "{version: 1, name: n, authorities: {a: {keys: [k.pub]}}, require: {signature: {from: [a]}}}"
    )
    code, _, err = asked(capsys, "gate", "file:f1", "--policy", "policy.yaml")
    assert code == 2 and "the log's private key is not here" in err
    assert sorted((signed / "shared").rglob("*.key*")) == files and not (signed / "other.json").exists()


def test_the_copies_are_for_their_owner_alone(signed, capsys):
    assert asked(capsys, "backup", "copy")[0] == 0
    folders = [signed / "copy", *(path for path in (signed / "copy").rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}
    assert (signed / "copy/keys/log.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("form", PRIVATE)
def test_without_keys_no_private_key_is_copied_whatever_it_is_called_and_whatever_form_it_has(signed, capsys, form):
    (signed / "home/keys/release").write_bytes(PRIVATE[form])
    (signed / "home/keys/note.pub").write_bytes(b"\n" + (signed / "k.pub").read_bytes() + PRIVATE[form])
    (signed / "home/keys/more").mkdir()
    (signed / "home/keys/more/k.pub").write_bytes((signed / "k.pub").read_bytes())
    code, out, _ = asked(capsys, "backup", "shared", "--without-keys")
    assert code == 0 and "none: it may be shared" in out
    assert sorted(path.name for path in (signed / "shared/keys").rglob("*") if path.is_file()) == ["k.pub", "log.key.pub"]
    assert asked(capsys, "backup", "whole", "--format", "json")[0] == 0


def test_private_keys_are_counted_by_content(signed, capsys):
    assert asked(capsys, "key", "generate", "-o", "home/keys/release", "--no-passphrase")[0] == 0
    (signed / "home/keys/empty.key").write_text("")
    (signed / "home/trust").mkdir()
    (signed / "home/trust/k.der").write_bytes(PRIVATE["SEC 1"])
    code, out, _ = asked(capsys, "backup", "copy", "--format", "json")
    assert code == 0 and json.loads(out)["private_keys"] == 3


@pytest.mark.parametrize("place", ["trust/root.json", "former-logs/old/notes", "seen-logs/x", "log/k", "catalog/documents/k"])
def test_without_keys_a_private_key_where_none_belongs_is_refused_and_named(signed, capsys, place):
    path = signed / "home" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PRIVATE["PKCS#8"])
    code, _, err = asked(capsys, "backup", "shared", "--without-keys")
    assert code == 2 and f"home/{place}: holds a private key" in err and err.count("\n") == 1
    assert not (signed / "shared").exists() and not list(signed.glob(".pratique-backup-*"))


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("there", "it is there already"),
        ("link", "already"),
        *(
            (inside, "a backup inside of what it is of")
            for inside in ("home/copy", "there/../home/copy", "way/copy", "way/log/copy")
        ),
    ],
)
def test_a_folder_that_is_there_or_inside_of_the_home_is_refused(signed, capsys, folder, said):
    (signed / "there").mkdir()
    (signed / "link").symlink_to("nowhere")
    (signed / "way").symlink_to("home")
    code, _, err = asked(capsys, "backup", folder)
    assert code == 2 and said in err
    assert not (signed / "home/copy").exists() and not list((signed / "there").iterdir())


def test_where_there_is_nothing_to_copy_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    code, _, err = asked(capsys, "backup", str(tmp_path / "copy"))
    assert code == 2 and "nothing to copy" in err and not list(tmp_path.iterdir())


def test_a_log_or_a_ledger_that_does_not_hold_gets_no_backup_that_looks_whole(signed, capsys):
    tile = next((signed / "home/log/tile/entries").rglob("3"))
    data = tile.read_bytes()
    tile.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert asked(capsys, "backup", "copy")[0] == 1
    tile.write_bytes(data)
    (signed / "home/catalog/catalog.db").write_bytes(b"SQLite format 3\0" + bytes(4080))
    for more in ("-wal", "-shm"):
        (signed / f"home/catalog/catalog.db{more}").unlink(missing_ok=True)
    code, _, err = asked(capsys, "backup", "copy")
    assert code == 2 and "damaged" in err
    assert not (signed / "copy").exists() and not list(signed.glob(".pratique-backup-*"))


@pytest.mark.parametrize("altered", [b"", b"{}", None])
def test_a_document_that_is_altered_or_gone_gets_no_backup_that_is_said_to_be_whole(signed, capsys, altered):
    document = next(path for path in sorted((signed / "home/catalog/documents").rglob("*")) if path.is_file())
    document.unlink() if altered is None else document.write_bytes(altered)
    code, _, err = asked(capsys, "backup", "copy")
    assert code == 1 and ("is not there" if altered is None else "is changed") in err
    assert str(document.relative_to(signed)) in err and err.count("\n") == 1
    assert not (signed / "copy").exists() and not list(signed.glob(".pratique-backup-*"))


def test_a_home_reached_through_a_link_is_copied_and_holds_no_backup_of_itself(signed, monkeypatch, capsys):
    (signed / "way").symlink_to("home")
    monkeypatch.setenv("PRATIQUE_HOME", str(signed / "way"))
    assert asked(capsys, "backup", "home/copy")[0] == 2
    assert asked(capsys, "backup", "copy")[0] == 0


def test_backups_made_while_others_sign_are_whole_each_time(signed, monkeypatch, capsys):
    """Of whatever the copied ledger has, the copied log has the entry: that is what `log verify` asks of every bundle."""
    done = threading.Event()
    home = Home(signed / "home")

    def back_up_again_and_again():
        number = 0
        while not done.is_set():
            back_up(home, signed / f"copy{number}", keys=True)
            number += 1

    worker = threading.Thread(target=back_up_again_and_again)
    worker.start()
    try:
        for number in range(3, 12):
            sign(number, signed)
    finally:
        done.set()
        worker.join(60)
    copies = sorted(signed.glob("copy*"))
    assert len(copies) >= 2
    for copy in copies[:: max(1, len(copies) // 6)]:
        monkeypatch.setenv("XDG_STATE_HOME", str(signed / f"state-of-{copy.name}"))  # another machine: it remembers nothing newer
        monkeypatch.setenv("PRATIQUE_HOME", str(copy))
        code, out, err = asked(capsys, "log", "verify", "--format", "json")
        assert code == 0, err
        assert json.loads(out)["size"] >= 3


def test_a_gate_that_does_not_know_the_log_says_which_file_names_it(signed, monkeypatch, capsys):
    """Signed here, asked on another machine: the first thing that everybody meets."""
    policy = "{version: 1, name: n, authorities: {a: {keys: [k.pub]}}, require: {signature: {from: [a]}, log: true}}"
    (signed / "policy.yaml").write_text(policy)
    monkeypatch.setenv("PRATIQUE_HOME", str(signed / "another"))
    code, out, _ = asked(capsys, "gate", "file:f1", "--policy", "policy.yaml")
    assert code == 1 and "what to do" in out and "--log-key" in out
    code, out, _ = asked(capsys, "gate", "file:f1", "--policy", "policy.yaml", "--log-key", "home/log/log.vkey")
    assert code == 0 and "what to do" not in out


def test_a_backup_before_an_upgrade_keeps_the_schema_that_the_older_program_reads(signed, monkeypatch, capsys):
    """And one of a newer catalog is a copy all the same: it is not opened, only copied."""
    with closing(sqlite3.connect(signed / "home/catalog/catalog.db")) as ledger, ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '9999'")
    assert asked(capsys, "backup", "copy")[0] == 0
    with closing(sqlite3.connect(signed / "copy/catalog/catalog.db")) as ledger:
        assert ledger.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    monkeypatch.setenv("PRATIQUE_HOME", str(signed / "copy"))
    code, _, err = asked(capsys, "catalog", "list")
    assert code == 2 and "newer than" in err and "update pratique" in err
