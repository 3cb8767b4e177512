"""What the commands say of what is packed: an empty bill is never a silent success."""

import json
import os

import pytest
from packed_samples import deb_of, tar_of, wheel_of, zip_of

from pratique.cli.main import run
from pratique.inventory.scan import NOTHING_FOUND

CONTROL = "Package: rope\nVersion: 2\nArchitecture: all\n"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("PRATIQUE_LOG_ORIGIN", raising=False)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def call(*arguments: str, code: int = 0):
        found = run(list(arguments))
        out, err = capsys.readouterr()
        assert found == code, (found, out, err)
        return out, err

    call.folder = tmp_path
    return call


def unknowns(out: str) -> list[str]:
    return [one["value"] for one in json.loads(out)["metadata"]["properties"] if one["name"].endswith(":unknown")]


def test_a_package_file_is_in_its_bill_and_nothing_is_said_to_be_unknown(command):
    (command.folder / "rope.deb").write_bytes(deb_of(CONTROL, {"./usr/bin/rope": "x"}))
    out, err = command("sbom", "file:rope.deb", "-o", "cyclonedx-json")
    (one,) = json.loads(out)["components"]
    assert one["purl"] == "pkg:deb/debian/rope@2?arch=all"
    assert "unknown" not in err and "EMPTY" not in err and unknowns(out) == []


def test_an_empty_bill_says_so_on_the_screen_and_in_the_document(command):
    (command.folder / "notes.txt").write_text("nothing")
    out, err = command("sbom", "file:notes.txt", "-o", "cyclonedx-json")
    assert "EMPTY: no component was found in notes.txt" in err
    assert unknowns(out) == [f"/: {NOTHING_FOUND}"]
    (command.folder / "folder").mkdir()
    assert "EMPTY" in command("sbom", "dir:folder")[1]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7z is not opened"),
        (b"Rar!\x1a\x07\x01\0" + bytes(100), "RAR is not opened"),
        (tar_of({"a/x.whl": wheel_of("rope", "1")})[:900], "truncated"),
        (zip_of({"a.txt": "x"})[:-30], "not a zip archive, or one that was cut short"),
    ],
)
def test_what_is_packed_and_cannot_be_read_is_said_and_ship_does_not_sign_it_as_if_it_were_empty(command, data, word):
    (command.folder / "parcel").write_bytes(data)
    out, err = command("sbom", "file:parcel", "-o", "cyclonedx-json")
    assert word in err and "EMPTY" in err
    assert any(word in text for text in unknowns(out))
    command("key", "generate", "-o", "K", "--no-passphrase")
    _, err = command("ship", "file:parcel", "--key", "K", code=2)
    assert "no component was found, and not everything could be read" in err and "--allow-empty" in err
    out, err = command("ship", "file:parcel", "--key", "K", "--allow-empty")
    assert "cleared to leave" in out and "EMPTY" in err and word in err


def test_ship_signs_a_file_that_is_no_archive_and_says_that_nothing_is_known_of_it(command):
    (command.folder / "notes.txt").write_text("nothing")
    command("key", "generate", "-o", "K", "--no-passphrase")
    out, err = command("ship", "file:notes.txt", "--key", "K")
    assert "cleared to leave" in out and "EMPTY" in err
