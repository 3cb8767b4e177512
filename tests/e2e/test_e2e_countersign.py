"""`trust rotate|retire --countersign`: a key goes out of use, and what was shipped under it goes on counting under the next."""

import json
import sqlite3
import time
from pathlib import Path

import pytest
from test_e2e_chain import FILES, make_archive, make_tar

from pratique.cli.main import run
from pratique.keys.file import load_public_key
from pratique.registry.remote import Remote

KINDS = 4  # signature, SBOM, file manifest, provenance
TRUST = """\
version: 1
name: acme
authorities:
  release:
    keys: [{{file: old.pub}}]
    says: [{{predicates: [signature, sbom, file-manifest, provenance, custom], about: [{about}]}}]
revoked: []
"""


class Team:
    """A folder with keys, a trust and a home; `host` is a real registry."""

    def __init__(self, root: Path, host: str, capsys) -> None:
        self.root, self.host, self.capsys = root, host, capsys
        self.place = f"registry:{host}/{root.name.replace('_', '-').lower()}/app:v1"
        for name in ("old", "new"):
            self("key", "generate", "-o", name, "--no-passphrase")
        self.trust(about="'*'")
        image = make_archive([make_tar(FILES, mode=0o755)], name="app:1.0", created="2026-01-01T00:00:00Z")
        (root / "app.tar").write_bytes(image)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self.capsys.readouterr()
        got = run(list(arguments))
        captured = self.capsys.readouterr()
        assert got == code, (arguments, got, captured)
        assert "Traceback" not in captured.err
        return captured.out + captured.err

    def json(self, *arguments: str, code: int = 0):
        self.capsys.readouterr()
        got = run([*arguments, "--format", "json"])
        captured = self.capsys.readouterr()
        assert got == code, (arguments, got, captured)
        return json.loads(captured.out)

    def trust(self, about: str) -> None:
        (self.root / "trust.yaml").write_text(TRUST.format(about=about))

    def ship(self) -> None:
        self("ship", "oci-archive:app.tar", "--key", "old", "--to", self.place)

    def rotate(self, *options: str, code: int = 0):
        return self.json("trust", "rotate", "old.pub", "new.pub", "--countersign", *options, code=code)

    def log_size(self) -> int:
        return int(self.json("log", "verify")["size"])

    def recorded(self, name: str) -> int:
        keyid = load_public_key(self.root / f"{name}.pub").keyid
        rows = sqlite3.connect(self.root / "home/catalog/catalog.db")
        return rows.execute("SELECT count(*) FROM artifact_documents WHERE keyid = ?", (keyid,)).fetchone()[0]

    @property
    def unchanged(self) -> bool:
        return "retired" not in (self.root / "trust.yaml").read_text() and not list((self.root / "keys").glob("*"))


@pytest.fixture
def team(tmp_path, monkeypatch, capsys, registry):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Team(tmp_path, registry, capsys)


def test_what_was_shipped_under_the_old_key_counts_under_the_new_one_and_the_old_one_is_out(team):
    team.ship()
    team("verify", team.place, "--trust", "trust.yaml")
    before = team.log_size()
    done = team.rotate()
    assert len(done["countersigned"]) == KINDS and done["left_out"] == []
    assert all(team.host in place for item in done["countersigned"] for place in item["places"])
    assert any("is now retired" in line for line in done["changes"])
    assert (team.log_size(), team.recorded("new")) == (before + KINDS, KINDS)
    last = int(time.time())  # the old key may sign in the second in which it is retired
    while int(time.time()) <= last:
        time.sleep(0.05)
    answers = team.json("verify", team.place, "--trust", "trust.yaml")["answers"]
    (found,) = {item["keyid"] for item in answers if item["decides"] and "keyid" in item}
    assert found == load_public_key(team.root / "new.pub").keyid


def test_without_it_what_was_shipped_before_is_void(team):
    team.ship()
    out = team("trust", "rotate", "old.pub", "new.pub", "--at", "2026-01-01")
    assert "4 statements" in out and "--countersign" in out
    team("verify", team.place, "--trust", "trust.yaml", code=1)


def test_the_same_statements_are_said_byte_for_byte_and_nothing_is_signed_twice(team):
    team.ship()
    team.rotate()
    said = {payload(path) for path, _ in bundles(team)}
    assert len(said) == KINDS and len(bundles(team)) == 2 * KINDS
    size = team.log_size()
    team.trust(about="'*'")  # as it was before
    again = team.rotate()
    assert [item["reused"] for item in again["countersigned"]] == [True] * KINDS
    assert (team.log_size(), team.recorded("new")) == (size, KINDS)


def test_a_registry_that_cannot_be_reached_keeps_the_old_key_and_the_next_run_goes_on(team, monkeypatch):
    from pratique.errors import Unavailable

    team.ship()
    kept = Remote.fetch_manifest

    def down(self, reference):
        raise Unavailable("the registry is down", where=self.name)

    monkeypatch.setattr(Remote, "fetch_manifest", down)
    done = team.rotate(code=3)
    assert (len(done["left_out"]), done["countersigned"], team.recorded("new")) == (KINDS, [], 0)
    assert {item["what"] for item in done["left_out"]} == {"signature", "SBOM", "file manifest", "provenance"}
    assert all("the registry is down" in item["detail"] and team.host in item["name"] for item in done["left_out"])
    assert team.unchanged
    monkeypatch.setattr(Remote, "fetch_manifest", kept)
    assert len(team.rotate()["countersigned"]) == KINDS
    team("verify", team.place, "--trust", "trust.yaml")


def test_what_does_not_count_any_more_is_named_with_its_reason_is_not_said_again_and_holds_nothing_up(team):
    team.ship()
    (bundle,) = [row for row in bundles(team) if row[1].endswith("cosign/sign/v1")]
    team("trust", "revoke", "--statement", str(bundle[0]), "--reason", "built from the wrong branch")
    done = team.rotate()
    assert (len(done["countersigned"]), done["left_out"]) == (KINDS - 1, [])
    (item,) = done["did_not_count"]
    assert (item["what"], item["cause"]) == ("signature", "revoked") and "built from the wrong branch" in item["detail"]
    assert not team.unchanged and team.recorded("new") == KINDS - 1


def test_what_the_old_key_might_not_say_holds_its_rotation_up_no_more_than_it_counted(team):
    team.ship()
    team.trust(about="elsewhere/app")
    done = team.rotate()
    assert (done["countersigned"], done["left_out"]) == ([], [])
    assert {item["cause"] for item in done["did_not_count"]} == {"untrusted"}
    assert not team.unchanged and team.recorded("new") == 0


def test_a_retired_key_s_statements_are_said_again_by_another_of_the_trust(team):
    team.ship()
    team("trust", "retire", "old.pub", "--countersign", "--key", "new", code=2)  # nobody's yet
    assert team.unchanged
    team("trust", "add", "release", "--key", "new.pub")
    done = team.json("trust", "retire", "old.pub", "--countersign", "--key", "new")
    assert len(done["countersigned"]) == KINDS
    team("verify", team.place, "--trust", "trust.yaml")


def test_a_key_that_may_not_say_it_does_not_say_it(team):
    team.ship()
    team("trust", "add", "other", "--key", "new.pub", "--says", "sbom", "--about", "*")
    done = team.json("trust", "retire", "old.pub", "--countersign", "--key", "new", code=1)
    assert len(done["countersigned"]) == 1 and len(done["left_out"]) == KINDS - 1
    assert all("other may not say" in item["detail"] for item in done["left_out"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rotate", "old.pub", "new.pub", "--countersign", "--key", "old"), "goes out of use"),
        (("rotate", "old.pub", "new.pub", "--key", "new"), "are for --countersign"),
        (("rotate", "old.pub", "new.pub", "--countersign", "--role", "root"), "leave out --countersign"),
        (("retire", "old.pub", "--countersign"), "by which key"),
    ],
)
def test_options_that_make_no_sense_are_one_line(team, arguments, words):
    assert words in team("trust", *arguments, code=2)
    assert team.unchanged


def test_a_signature_of_what_was_never_shipped_is_said_again_where_it_lies(team):
    team("copy", "oci-archive:app.tar", team.place)
    team("sign", team.place, "--key", "old")
    (team.root / "claim.json").write_text("{}")
    team("attest", team.place, "--type", "custom", "--predicate", "claim.json", "--key", "old")
    team("sign", "file:app.tar", "--key", "old")  # in the catalog alone
    done = team.rotate()
    assert sorted(len(item["places"]) for item in done["countersigned"]) == [0, 1, 1]
    team("verify", team.place, "--trust", "trust.yaml", "--require", "signature", "--require", "custom")


def test_an_index_and_its_images_are_all_said_again(team):
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "artifact"))
    from artifact_builders import OCI_INDEX, write_layout
    from test_e2e_index import AMD_IMAGE, ARM_IMAGE, ATTESTATION, INDEX

    write_layout(team.root / "many", INDEX, OCI_INDEX, AMD_IMAGE.blobs() | ARM_IMAGE.blobs() | ATTESTATION.blobs())
    team("ship", "oci-dir:many", "--key", "old", "--to", team.place)
    assert len(team.rotate()["countersigned"]) == 2 * KINDS + 1
    team("verify", team.place, "--trust", "trust.yaml", "--all-platforms")


def payload(path):
    return json.loads(path.read_text())["dsseEnvelope"]["payload"]


def bundles(team):
    rows = sqlite3.connect(team.root / "home/catalog/catalog.db")
    documents = team.root / "home/catalog/documents/sha256"
    found = rows.execute("SELECT document, predicate_type FROM artifact_documents WHERE role = 'bundle'").fetchall()
    return [(documents / digest[7:9] / digest[7:], kind) for digest, kind in found]
