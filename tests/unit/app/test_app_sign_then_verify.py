"""What everybody types: sign, then verify; by which key, what is handed over, and ways to get around it."""

import json
import os
import sys
from pathlib import Path

import pytest

from pratique.cli.main import run

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "demo"))

from make_image import make_archive, make_tar

TRUST = """\
version: 1
name: t
authorities:
  release:
    keys: [{file: K.pub}]
    says: [{predicates: [signature, sbom, file-manifest, provenance], about: [host.example/app]}]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two images in a layout, a file, and the keys K and L."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    for name in ("PRATIQUE_KEY", "PRATIQUE_EVIDENCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name, content in (("app", b"x"), ("other", b"y")):
        layer = make_tar({"etc/motd": content})
        Path(f"{name}.tar").write_bytes(make_archive([layer], name=f"{name}:1", created="2026-01-01T00:00:00Z"))
        assert run(["copy", f"{name}.tar", f"./{name}"]) == 0
    Path("program").write_bytes(b"a program")
    for key in ("K", "L"):
        assert run(["key", "generate", "--no-passphrase", "-o", key]) == 0
    return tmp_path


@pytest.fixture
def said(here, capsys):
    """Run a command: its exit code, and what it printed."""

    def call(*arguments):
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_what_was_signed_verifies_and_what_else_is_not_there_is_named(said):
    assert said("sign", "app", "--key", "K")[0] == 0
    code, out, _ = said("verify", "app", "--key", "K.pub")
    assert code == 0, out
    assert "no SBOM, no file manifest, no provenance by whom you believe" in out
    assert "--require signature --require sbom --require file-manifest --require provenance" in out
    code, out, _ = said("verify", "app", "--key", "K.pub", "--format", "json")
    (line,) = [item for item in json.loads(out)["answers"] if item["what"] == "not demanded"]
    assert (line["cause"], line["decides"]) == ("absent", False)


def test_what_was_said_before_is_not_attached_twice(said, here):
    def attached():
        return [row for row in json.loads((here / "out" / "index.json").read_text())["manifests"] if "artifactType" in row]

    assert said("ship", "app", "--key", "K", "--to", "oci-dir:out:1")[0] == 0
    before = attached()
    code, out, _ = said("sign", "oci-dir:out:1", "--key", "K")
    assert code == 0 and "said before" in out
    assert attached() == before and len(before) == 4
    assert said("sign", "oci-dir:out:1", "--key", "L")[0] == 0
    assert len(attached()) == 5


def test_no_other_key_image_or_kind_of_statement_passes_for_the_signature(said, here):
    assert said("verify", "app", "--key", "K.pub")[0] == 1
    Path("sbom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}))
    assert said("attest", "app", "--type", "cyclonedx", "--predicate", "sbom.json", "--key", "K")[0] == 0
    code, out, _ = said("verify", "app", "--key", "K.pub")
    assert code == 1 and "signature" in out  # an attestation by the same key is no signature
    assert said("sign", "other", "--key", "K")[0] == 0
    assert said("verify", "app", "--key", "K.pub")[0] == 1  # nor is that of another digest
    # ... even where it is laid beside the image as evidence.
    assert said("verify", "app", "--key", "K.pub", "--evidence", "other")[0] == 1
    assert said("sign", "app", "--key", "L")[0] == 0
    assert said("verify", "app", "--key", "K.pub")[0] == 1  # nor one by another key
    assert said("verify", "app", "--key", "L.pub")[0] == 0
    assert said("sign", "app", "--key", "K")[0] == 0
    assert said("verify", "app", "--key", "K.pub")[0] == 0


def test_what_is_required_or_demanded_by_a_trust_or_a_policy_is_still_needed(said, here):
    assert said("sign", "app", "--key", "K")[0] == 0
    for kind in ("sbom", "file-manifest", "provenance"):
        assert said("verify", "app", "--key", "K.pub", "--require", "signature", "--require", kind)[0] == 1
    Path("trust.yaml").write_text(TRUST)
    code, out, _ = said("verify", "app", "--trust", "trust.yaml", "--name", "host.example/app:1", "--format", "json")
    causes = {item["what"]: (item["cause"], item["decides"]) for item in json.loads(out)["answers"] if item["what"] != "store"}
    missing = dict.fromkeys(("SBOM", "file manifest", "provenance"), ("absent", True))
    assert (code, causes) == (1, {"signature": ("none", True), **missing})
    policy = "version: 1\nname: p\nauthorities: {release: {keys: [K.pub]}}\nrequire: {signature: {from: [release]}%s}\n"
    for more, expected in (("", 0), (", sbom: {from: [release]}", 1)):
        Path("policy.yaml").write_text(policy % more)
        assert said("gate", "app", "--policy", "policy.yaml")[0] == expected


def test_a_signed_file_has_its_signature_beside_it_to_hand_over(said, here):
    code, out, _ = said("sign", "program", "--key", "K")
    assert code == 0 and "program.sigstore.json" in out
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    for name in ("program", "program.sigstore.json", "K.pub"):
        (elsewhere / name).write_bytes((here / name).read_bytes())
    code, out, _ = said("verify", "elsewhere/program", "--key", "K.pub")
    assert code == 0, out
    assert said("verify", "elsewhere/program", "--key", "L.pub")[0] == 1
    (elsewhere / "program").write_bytes(b"another program")
    assert said("verify", "elsewhere/program", "--key", "K.pub")[0] == 1


def test_a_signature_file_that_is_there_is_overwritten_only_where_it_is_the_same_or_asked_for(said, here):
    assert said("sign", "program", "--key", "K")[0] == 0
    first = Path("program.sigstore.json").read_bytes()
    assert said("sign", "program", "--key", "K")[0] == 0  # said before, and written again
    assert Path("program.sigstore.json").read_bytes() == first
    # Another signer takes nobody's place: its file is one beside it.
    assert said("sign", "program", "--key", "L")[0] == 0
    assert Path("program.sigstore.json").read_bytes() == first
    assert said("verify", "program", "--key", "K.pub")[0] == said("verify", "program", "--key", "L.pub")[0] == 0
    Path("program").write_bytes(b"another program")
    code, _, err = said("sign", "program", "--key", "K")
    assert code == 2 and "--replace" in err
    assert Path("program.sigstore.json").read_bytes() == first
    assert said("sign", "program", "--key", "K", "--replace")[0] == 0
    assert Path("program.sigstore.json").read_bytes() != first


def test_a_folder_that_takes_no_signature_is_told_before_anything_is_signed(said, here, monkeypatch):
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode, **how: Path(path) != Path() and access(path, mode, **how))
    code, _, err = said("sign", "program", "--key", "K")
    assert code == 4 and "--output" in err
    log = here / "home" / "log" / "checkpoint"
    assert log.read_text().split("\n")[1] == "0"  # entries


WITHOUT_A_KEY = [
    ["sign", "app"],
    ["sign", "program", "--form", "raw"],
    ["sign", "program", "--form", "annotation"],
    ["sign", "app", "--form", "notation", "--certificate-chain", "none"],
    ["attest", "app", "--type", "https://example.org/x", "--predicate", "predicate.json"],
    ["ship", "app.tar"],
]


@pytest.mark.parametrize("command", WITHOUT_A_KEY, ids=" ".join)
def test_nothing_is_signed_without_a_key_that_was_named(said, here, command):
    Path("predicate.json").write_text("{}")
    before = sorted(path.relative_to(here) for path in here.rglob("*"))
    code, _, err = said(*command)
    assert (code, err.count("\n")) == (2, 1), err
    if command[-2] != "--certificate-chain":
        assert "pratique key generate --output release" in err
    assert sorted(path.relative_to(here) for path in here.rglob("*")) == before


def test_a_key_that_the_environment_names_is_used_and_said(said, monkeypatch):
    monkeypatch.setenv("PRATIQUE_KEY", "K")
    code, _, err = said("sign", "app")
    assert code == 0 and "pratique: signing with K, which PRATIQUE_KEY names" in err
    assert "signing with" not in said("sign", "app", "--key", "L")[2]
    assert said("verify", "app", "--key", "K.pub")[0] == 0


def test_a_machine_s_own_key_signs_its_decisions_and_is_told_when_it_is_made(said, here, monkeypatch):
    monkeypatch.setenv("PRATIQUE_KEY", "K")  # for what a person signs
    assert said("sign", "app")[0] == 0
    Path("policy.yaml").write_text(
        "version: 1\nname: p\nauthorities: {release: {keys: [K.pub]}}\nrequire: {signature: {from: [release]}}\n"
    )
    code, _, err = said("gate", "app", "--policy", "policy.yaml")
    assert code == 0 and str(here / "home" / "keys" / "service.key") in err
    assert "made a key" not in said("gate", "app", "--policy", "policy.yaml")[2]


def test_a_draft_of_a_trust_is_signed_by_a_holder_who_is_named(said):
    code, _, err = said("trust", "sign")
    assert code == 2 and "--key" in err
