"""docs/trust.md is true: its ten lines set a team up, its document is one, its tables miss no command and no field."""

import json
import re
import shlex
from pathlib import Path

import pytest

from pratique.cli.main import run
from pratique.cli.trust import command as trust_command
from pratique.model import Digest
from pratique.trust.document import EXPIRY, Files, parse_source, read_published
from pratique.trust.published import render_published

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "trust.md").read_text()
SOURCE = re.search(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


def parse(text):
    key = bytes.fromhex("302a300506032b6570032100")
    files = Files(key=lambda name: key + Digest.of(name.encode()).hex[:32].encode(), digest=lambda name: Digest.of(name.encode()))
    return parse_source(text.encode(), files=files, where="trust.yaml")


def test_the_document_of_the_page_is_one_and_has_the_defaults_it_says():
    source = parse(SOURCE)
    assert source.expiry == EXPIRY
    assert source.trust.authorities.names == {"release", "ci", "vendor"}
    assert len(source.trust.carried) == 3
    assert read_published(json.loads(render_published(source.trust)), where="x").name == "acme"


def test_the_page_lists_every_command():
    named = set(re.findall(r"^\| `pratique trust ([a-z]+)", PAGE, re.MULTILINE))
    assert named == set(trust_command.commands)


def test_every_top_level_field_of_the_page_is_known_and_none_is_missing():
    with pytest.raises(Exception, match="known here: ") as caught:
        parse(SOURCE + "nonsense: 1\n")
    known = set(re.search(r"known here: ([a-z, -]+)", str(caught.value))[1].split(", "))
    assert known == set(re.findall(r"^([a-z-]+):", SOURCE, re.MULTILINE))


def test_the_ten_lines_set_a_team_up(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("alice", "bob", "ci", "release"):
        assert run(["key", "generate", "-o", name, "--no-passphrase"]) == 0
    lines = re.findall(r"^\$ (.*)$", re.search(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1], re.MULTILINE)
    digest = ""
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("pratique")]
    assert len(lines) <= 10
    for words in commands:
        said = [f"oci-dir:{tmp_path / 'place'}:latest" if word.startswith("registry:") else word for word in words[1:]]
        capsys.readouterr()
        assert run([digest if word.startswith("sha256:") else word for word in said]) == 0, (words, capsys.readouterr())
        out = capsys.readouterr().out
        digest = next(iter(re.findall(r"first root +(sha256:[0-9a-f]{64})", out)), digest)
    assert "release" in out
