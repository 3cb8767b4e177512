"""A second signer's bundle stands beside the first one's, and both are found."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pratique.artifact.sidecars import MAX_SIBLINGS, find_sidecars
from pratique.attest.detached import is_sibling, sibling_suffix
from pratique.cli.main import run
from pratique.errors import InputError, LimitExceeded
from pratique.files import write_new_output
from pratique.keys.file import generate_key
from pratique.ship import sign


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A file, and two keys."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "program").write_bytes(b"program\n")
    for name in ("a", "b"):
        generate_key(folder / name, "ecdsa-p256", None)
    return folder


def bundles(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("program*.sigstore.json"))


@pytest.mark.parametrize("form", ["bundle", "message"])
def test_a_second_signer_takes_nobody_s_place_and_verify_finds_both(here, monkeypatch, form):
    for key in ("a", "b"):
        assert run(["sign", "program", "--form", form, "--key", key]) == 0
    assert len(bundles(here)) == 2
    monkeypatch.setenv("PRATIQUE_HOME", str(here / "home-of-nobody"))  # so that no catalog helps
    for key in ("a.pub", "b.pub"):
        assert run(["verify", "program", "--key", key]) == 0


def test_the_same_key_s_statement_of_another_type_stands_beside_its_signature(here, capsys):
    (here / "scan.json").write_text(json.dumps({"scanner": "s", "findings": []}))
    assert run(["sign", "program", "--key", "a"]) == 0
    assert (
        run(["attest", "program", "--type", "https://example.com/scan", "--predicate", "scan.json", "--key", "a", "--file"]) == 0
    )
    assert len(bundles(here)) == 2
    assert run(["verify", "program", "--key", "a.pub", "--require", "https://example.com/scan", "--require", "signature"]) == 0


def test_signing_again_by_either_key_writes_no_third_file(here):
    for key in ("a", "b", "b", "a"):
        assert run(["sign", "program", "--key", key]) == 0
    assert len(bundles(here)) == 2


def test_the_second_signer_s_own_file_is_replaced_only_when_asked_and_the_first_one_s_stays(here, capsys):
    for key in ("a", "b"):
        assert run(["sign", "program", "--form", "message", "--key", key]) == 0
    first = (here / "program.sigstore.json").read_bytes()
    assert run(["sign", "program", "--form", "message", "--key", "b"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert run(["sign", "program", "--form", "message", "--key", "b", "--replace"]) == 0
    assert (here / "program.sigstore.json").read_bytes() == first
    assert len(bundles(here)) == 2


def test_replacing_where_only_another_signed_takes_nothing_of_the_other_s(here):
    assert run(["sign", "program", "--key", "a"]) == 0
    first = (here / "program.sigstore.json").read_bytes()
    assert run(["sign", "program", "--key", "b", "--replace"]) == 0
    assert (here / "program.sigstore.json").read_bytes() == first and len(bundles(here)) == 2


@pytest.mark.parametrize("form", ["bundle", "message"])
@pytest.mark.parametrize("links", [True, False])
def test_two_who_sign_at_once_lose_no_signature(here, monkeypatch, form, links):
    """The other one's is there when this one's is written, and was not when its place was chosen."""
    publish, begun = sign._publish, []

    def late(*arguments):
        if not begun:
            begun.append(True)
            monkeypatch.setenv("PRATIQUE_HOME", str(here / "home-of-b"))
            assert run(["sign", "program", "--form", form, "--key", "b"]) == 0
        return publish(*arguments)

    monkeypatch.setattr(sign, "_publish", late)
    if not links:
        monkeypatch.setattr("os.link", _no_links)
    assert run(["sign", "program", "--form", form, "--key", "a"]) == 0
    assert len(bundles(here)) == 2
    monkeypatch.setenv("PRATIQUE_HOME", str(here / "home-of-nobody"))
    for key in ("a.pub", "b.pub"):
        assert run(["verify", "program", "--key", key]) == 0


def _no_links(*_):
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_of_those_who_take_a_name_at_once_one_has_it(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr("os.link", _no_links)
    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda number: write_new_output(tmp_path / "f", b"%d" % number), range(32)))
    assert took.count(True) == 1 and (tmp_path / "f").read_bytes() == b"%d" % took.index(True)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_bare_signature_that_another_wrote_meanwhile_stays(here, monkeypatch, capsys):
    publish = sign._publish

    def late(*arguments):
        (here / "program.sig").write_text("of another")
        return publish(*arguments)

    monkeypatch.setattr(sign, "_publish", late)
    assert run(["sign", "program", "--form", "raw", "--key", "a"]) == 2
    assert "there is a signature file of this name" in capsys.readouterr().err
    assert (here / "program.sig").read_text() == "of another"


def test_what_is_no_bundle_is_in_the_way_and_stays(here, capsys):
    (here / "program.sigstore.json").write_text("notes")
    assert run(["sign", "program", "--key", "a"]) == 2
    assert (here / "program.sigstore.json").read_text() == "notes"
    assert "--replace" in capsys.readouterr().err


def test_a_file_of_another_file_is_no_sibling():
    suffix = sibling_suffix("k", "t")
    assert is_sibling(f"program{suffix}", "program")
    for name in (
        "program.sigstore.json",
        "program.v1.sigstore.json",
        f"other{suffix}",
        f"program.x{suffix}",
        "program.ABCDEF012345.sigstore.json",
    ):
        assert not is_sibling(name, "program")
    assert not is_sibling("program", "program")


def test_more_siblings_than_anybody_has_are_refused(here):
    for number in range(MAX_SIBLINGS + 1):
        (here / f"program.{number:012x}.sigstore.json").write_text("{}")
    with pytest.raises(LimitExceeded):
        find_sidecars(here / "program")


def test_a_folder_that_cannot_be_listed_is_not_taken_for_one_without_signatures(here, monkeypatch):
    def refused(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refused)
    with pytest.raises(InputError):
        find_sidecars(here / "program")
