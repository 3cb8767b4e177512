"""Signature files beside a file: what is not there, what cannot be read, and what is too large are three things."""

import os

import pytest

from pratique.artifact import sidecars
from pratique.artifact.sidecars import find_sidecars, load_signed
from pratique.errors import InputError, LimitExceeded, NotFound
from pratique.files import read_limited


def test_all_kinds_are_found_and_what_is_not_there_is_not_listed(tmp_path):
    file = tmp_path / "app.tgz"
    file.write_bytes(b"app")
    assert find_sidecars(file) == ()
    for suffix in (".sig", ".prov", ".sigstore.json"):
        (tmp_path / f"app.tgz{suffix}").write_bytes(suffix.encode())
    assert [(item.suffix, item.data) for item in find_sidecars(file)] == [
        (".sigstore.json", b".sigstore.json"),
        (".sig", b".sig"),
        (".prov", b".prov"),
    ]


def test_a_signature_that_cannot_be_read_is_an_error_and_not_absent(tmp_path):
    (tmp_path / "app.sig").mkdir()
    with pytest.raises(InputError, match="app.sig"):
        find_sidecars(tmp_path / "app")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "app.sigstore.json")
    with pytest.raises(InputError):
        find_sidecars(tmp_path / "app")


def test_a_huge_signature_file_is_refused_after_its_limit(tmp_path):
    (tmp_path / "app.sig").write_bytes(b"A" * 1_000_000)
    with pytest.raises(LimitExceeded):
        find_sidecars(tmp_path / "app")


def test_a_large_file_is_hashed_and_not_kept(tmp_path, monkeypatch):
    (tmp_path / "app").write_bytes(b"x" * 5000)
    assert load_signed(tmp_path / "app").data == b"x" * 5000
    monkeypatch.setattr(sidecars, "MAX_WHOLE", 4999)
    assert load_signed(tmp_path / "app").data is None
    with pytest.raises(NotFound):
        load_signed(tmp_path / "none")
    with pytest.raises(NotFound):
        read_limited(tmp_path / "app" / "below", 10)
