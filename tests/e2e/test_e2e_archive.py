"""Archives and layouts as they are handed on: evidence is found in them, engines load them, and exports prove themselves."""

import json
import shutil
import subprocess
import tarfile

import pytest
from test_e2e_bundle import rewrite, shipped
from test_e2e_chain import Run, image

from pratique.registry.copy import copy_image
from pratique.registry.open import open_repository

__all__ = ["image", "shipped"]  # fixtures


@pytest.fixture
def elsewhere(tmp_path) -> dict[str, str]:
    """Another machine: neither catalog nor log nor trust."""
    return {"PRATIQUE_HOME": str(tmp_path / "elsewhere")}


@pytest.fixture
def harbour(image, pratique: Run):
    """A layout `harbour` with an image and all that `ship` says about it."""
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:harbour:v1").returncode == 0
    return image.parent


def test_evidence_that_lies_in_an_archive_is_found_there_on_a_machine_without_catalog(harbour, pratique: Run, elsewhere):
    assert pratique("copy", "oci-dir:harbour:v1", "oci-archive:out.tar").returncode == 0
    assert pratique("copy", "oci-dir:harbour:v1", "oci-archive:listed.tar", "--list-evidence").returncode == 0
    with tarfile.open(harbour / "plain.tar", "w") as tar:
        tar.add(harbour / "harbour", ".")
    policy = (harbour / "policy.yaml").read_text().replace("  log: true\n", "")
    (harbour / "policy.yaml").write_text(policy)
    for archive in ("out.tar", "listed.tar", "plain.tar"):
        done = pratique("verify", f"oci-archive:{archive}", "--key", "K.pub", **elsewhere)
        assert done.returncode == 0 and "compared with the bytes" in done.stdout, done.stdout + done.stderr
        gated = pratique("gate", f"oci-archive:{archive}", "--policy", "policy.yaml", **elsewhere)
        assert gated.returncode == 0, gated.stdout + gated.stderr
        stranger = pratique("key", "generate", "--output", f"{archive}.key")
        assert stranger.returncode == 0
        done = pratique("verify", f"oci-archive:{archive}", "--key", f"{archive}.key.pub", **elsewhere)
        assert done.returncode == 1 and "untrusted" in done.stdout


def test_an_archive_whose_evidence_is_only_in_the_catalog_is_verified_as_before(image, pratique: Run, elsewhere):
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    done = pratique("verify", "oci-archive:app.tar", "--key", "K.pub", "--format", "json")
    assert done.returncode == 0, done.stdout
    assert "catalog" in json.loads(done.stdout)["place"]
    done = pratique("verify", "oci-archive:app.tar", "--key", "K.pub", **elsewhere)
    assert done.returncode == 1 and "absent" in done.stdout and "pratique copy registry:ORIGIN" in done.stdout


def test_nothing_is_said_twice_when_archive_and_catalog_have_the_same(harbour, pratique: Run):
    assert pratique("copy", "oci-dir:harbour:v1", "oci-archive:out.tar").returncode == 0
    done = pratique("verify", "oci-archive:out.tar", "--key", "K.pub", "--format", "json")
    bundles = [answer["bundle"] for answer in json.loads(done.stdout)["answers"] if "bundle" in answer]
    assert len(bundles) == len(set(bundles)) == 4


def test_an_engine_loads_what_was_exported_and_calls_it_by_its_name(harbour, pratique: Run, registry: str):
    podman = shutil.which("podman")
    if podman is None:
        pytest.skip("podman is not installed")
    name = f"{registry}/archive/app:v1"
    assert pratique("copy", "oci-dir:harbour:v1", f"registry:{name}").returncode == 0
    assert pratique("bundle", "export", f"registry:{name}", "-o", "out.tar").returncode == 0
    assert pratique("copy", f"registry:{name}", "oci-archive:copy.tar").returncode == 0
    with tarfile.open(harbour / "out.tar") as tar:  # what engines read that know no OCI layout
        docker = tar.extractfile("manifest.json").read()
    assert json.loads(docker)[0]["RepoTags"] == [name]
    for archive in ("out.tar", "copy.tar"):
        loaded = subprocess.run(
            [podman, "load", "--input", harbour / archive], capture_output=True, text=True, timeout=120, check=False
        )
        assert loaded.returncode == 0, loaded.stderr
        assert name in loaded.stdout
        removed = subprocess.run([podman, "rmi", name], capture_output=True, text=True, timeout=120, check=False)
        assert removed.returncode == 0, removed.stderr


def test_an_export_with_signatures_under_cosign_s_tags_is_one_image_and_verifies(harbour, pratique: Run, elsewhere):
    signed = pratique("sign", "oci-dir:harbour:v1", "--form", "cosign", "--key", "K")
    assert signed.returncode == 0, signed.stderr
    done = pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar", "--key", "K.pub", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verified"] == 5
    done = pratique("bundle", "verify", "out.tar", "--key", "K.pub", "--format", "json", **elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cosign signature" in {answer.get("form") for answer in json.loads(done.stdout)["answers"]}


def test_an_export_that_convinces_nobody_leaves_nothing_unless_that_is_wanted(shipped, pratique: Run):
    assert pratique("key", "generate", "-o", "K2").returncode == 0
    assert pratique("copy", "oci-dir:harbour:v1", "oci-dir:bare:v1").returncode == 0
    index = shipped / "bare/index.json"
    document = json.loads(index.read_text())
    document["manifests"] = [entry for entry in document["manifests"] if entry.get("annotations")]
    index.write_text(json.dumps(document))
    for blob in (shipped / "bare/blobs/sha256").iterdir():
        if b'"subject"' in blob.read_bytes()[: 1 << 20]:
            blob.unlink()
    before = sorted(item.name for item in shipped.iterdir())
    stranger = {"PRATIQUE_HOME": str(shipped / "stranger")}
    for arguments, code, words in (
        (("oci-dir:harbour:v1", "--key", "K2.pub"), 1, "untrusted"),
        (("oci-dir:bare:v1", "--key", "K.pub"), 1, "nobody says anything"),
        (("oci-dir:harbour:v1", "--key", "K.pub", "--require", "nonsense"), 2, "nonsense"),
        (("oci-dir:harbour:v1", "--key", "K.pub", "--require", "https://example.org/x"), 1, "https://example.org/x"),
        (("oci-dir:harbour:v1", "--require", "sbom"), 2, "nobody is believed"),
    ):
        done = pratique("bundle", "export", *arguments, "-o", "out.tar", **stranger)
        assert done.returncode == code and words in done.stderr and done.stderr.count("\n") == 1, (arguments, done.stderr)
        assert sorted(item.name for item in shipped.iterdir() if item.name != "stranger") == before
    wanted = pratique("bundle", "export", "oci-dir:bare:v1", "--key", "K.pub", "-o", "out.tar", "--unverified", **stranger)
    assert wanted.returncode == 0 and "0 pieces verify" in wanted.stdout, wanted.stderr


def test_the_trust_that_travels_along_is_asked_whether_it_knows_the_signer(shipped, pratique: Run):
    done = pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar", "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["verified"] == 4, done.stderr
    named = ("--name", "registry.example.com/acme/app")
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar", *named).returncode == 0
    refused = pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "no.tar", "--name", "registry.example.com/other")
    assert refused.returncode == 1 and "may not say" in refused.stderr and not (shipped / "no.tar").exists()
    assert pratique("key", "generate", "-o", "K2").returncode == 0
    foreign = pratique("ship", "oci-archive:app.tar", "--key", "K2", "--to", "oci-dir:foreign:v1")
    assert foreign.returncode == 0
    stranger = {"PRATIQUE_HOME": str(shipped / "stranger")}
    assert pratique("trust", "follow", "file:trust/published", "--root", "root.json", **stranger).returncode == 0
    refused = pratique("bundle", "export", "oci-dir:foreign:v1", "-o", "no.tar", **stranger)
    assert refused.returncode == 1 and "untrusted, signed by key" in refused.stderr and not (shipped / "no.tar").exists()


def test_an_image_that_was_copied_bare_is_refused_with_what_brings_its_evidence(harbour, pratique: Run, registry: str, elsewhere):
    source, _ = open_repository(f"oci-dir:{harbour}/harbour:v1")
    bare, _ = open_repository(f"registry:{registry}/archive/bare:v1")
    copy_image(source, "v1", bare, "v1")  # as crane copy does
    place = f"registry:{registry}/archive/bare:v1"
    done = pratique("verify", place, "--key", "K.pub", **elsewhere)
    assert done.returncode == 1 and f"pratique copy registry:ORIGIN {place}" in done.stdout, done.stdout
    told = json.loads(pratique("verify", place, "--key", "K.pub", "--format", "json", **elsewhere).stdout)
    assert "pratique copy" in told["advice"]
    gated = pratique("gate", place, "--policy", "policy.yaml", **elsewhere)
    assert gated.returncode == 1 and "pratique copy" in gated.stdout
    here = pratique("verify", place, "--key", "K.pub")
    assert here.returncode == 1 and f"pratique verify {place} --repair" in here.stdout
    assert pratique("copy", "oci-dir:harbour:v1", place).returncode == 0
    done = pratique("verify", place, "--key", "K.pub", **elsewhere)
    assert done.returncode == 0 and "what to do" not in done.stdout


def test_a_signature_of_bare_bytes_is_in_the_log_that_verify_knows(image, pratique: Run):
    (image.parent / "note.txt").write_text("hello\n")
    signed = pratique("sign", "file:note.txt", "--form", "message", "--key", "K", "--file")
    assert signed.returncode == 0, signed.stderr
    told = json.loads(pratique("verify", "file:note.txt", "--key", "K.pub", "--format", "json").stdout)
    (answer,) = [answer for answer in told["answers"] if answer["what"] == "signature"]
    assert [place["operator"] for place in answer["logs"]] == ["our own"]
    # The proof is held to this signature: another's entry, or one that was altered, is broken and not merely unknown.
    bundle = json.loads((image.parent / "note.txt.sigstore.json").read_text())
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    (image.parent / "other.txt").write_text("another\n")
    assert pratique("sign", "file:other.txt", "--form", "message", "--key", "K", "--file").returncode == 0
    other = json.loads((image.parent / "other.txt.sigstore.json").read_text())["verificationMaterial"]["tlogEntries"][0]
    for wrong in (other, {**entry, "canonicalizedBody": other["canonicalizedBody"]}):
        bundle["verificationMaterial"]["tlogEntries"] = [wrong]
        (image.parent / "note.txt.sigstore.json").write_text(json.dumps(bundle))
        done = pratique("verify", "file:note.txt", "--key", "K.pub")
        assert done.returncode == 1 and "invalid" in done.stdout, done.stdout


def test_an_export_of_evidence_that_was_altered_is_refused_and_leaves_nothing(harbour, pratique: Run):
    blob = next(item for item in (harbour / "harbour/blobs/sha256").iterdir() if b"dsseEnvelope" in item.read_bytes()[:4096])
    data = blob.read_bytes()
    blob.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    done = pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar")
    assert done.returncode == 1 and blob.name in done.stderr and not (harbour / "out.tar").exists(), done.stderr


def test_an_archive_in_which_a_signature_is_cut_out_is_not_taken_for_unsigned(harbour, pratique: Run, elsewhere):
    assert pratique("copy", "oci-dir:harbour:v1", "oci-archive:out.tar").returncode == 0
    rewrite(harbour / "out.tar", lambda name, data: None if b'"subject"' in data and name.startswith("blobs/") else data)
    done = pratique("verify", "oci-archive:out.tar", "--key", "K.pub", **elsewhere)
    assert done.returncode in (1, 2) and "absent" not in done.stdout, done.stdout + done.stderr
