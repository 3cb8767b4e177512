"""`trust rotate` and `trust retire` say what stops counting, before they write anything."""

import os
from pathlib import Path

import pytest

from pratique.cli.main import run

SOURCE = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: K.pub}]
    says:
      - {predicates: [signature], about: ["*"]}
"""


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    stamps = iter(range(100))
    monkeypatch.setattr("pratique.keys.keyless.stamp.request_timestamp", lambda url, signature, web: b"stamp %d" % next(stamps))
    for name in ("K", "L"):
        assert run(["key", "generate", "-o", name, "--no-passphrase"]) == 0
    (tmp_path / "trust.yaml").write_text(SOURCE)
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)

    def act(*arguments: str) -> str:
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.err

    return act


@pytest.mark.parametrize("command", [("rotate", "K.pub", "L.pub"), ("retire", "K.pub")])
def test_what_was_signed_without_a_trusted_time_is_counted_before_its_key_retires(say, command):
    say("sign", "file:a", "--key", "K")
    say("sign", "file:b", "--key", "K", "--timestamp-url", "http://tsa.example")
    said = say("trust", *command)
    assert "1 statements by" in said and "--timestamp-url" in said
    assert "retired" in Path("trust.yaml").read_text()


def test_once_all_of_it_is_stamped_nothing_is_said(say):
    say("sign", "file:a", "--key", "K")
    say("sign", "file:a", "--key", "K", "--timestamp-url", "http://tsa.example", "--replace")
    assert say("trust", "rotate", "K.pub", "L.pub") == ""


def test_another_key_s_statements_are_not_counted_and_a_machine_without_a_catalog_is_none(say):
    assert say("trust", "retire", "K.pub", "--at", "2030-01-01") == ""
    say("sign", "file:a", "--key", "L")
    Path("trust.yaml").write_text(SOURCE)
    assert say("trust", "retire", "K.pub") == ""
