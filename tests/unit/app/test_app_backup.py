"""`pratique backup`: a copy that is a home itself, whole whatever is being written, or not there at all."""

import json
import sqlite3
import threading
from contextlib import closing

import pytest

from pratique.app.backup import back_up
from pratique.app.home import Home
from pratique.cli.main import run


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


@pytest.mark.parametrize(
    ("folder", "said"), [("there", "it is there already"), ("home/copy", "a backup inside of what it is of"), ("link", "already")]
)
def test_a_folder_that_is_there_or_inside_of_the_home_is_refused(signed, capsys, folder, said):
    (signed / "there").mkdir()
    (signed / "link").symlink_to("nowhere")
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
