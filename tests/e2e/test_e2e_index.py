"""Multi-platform indexes, charts and other artifacts, as their user signs, ships and asks about them."""

import json
import os
import sys

import pytest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "unit", "artifact"))

from artifact_builders import OCI_INDEX, OCI_MANIFEST, ImageParts, files, index_of, sha, write_layout

import pratique.evidence.collect
from pratique.cli.main import run
from pratique.model import Digest
from pratique.registry.attach import attach_bundles
from pratique.registry.layout import open_layout
from pratique.registry.open import open_repository

AMD, ARM = {"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}
STATUS = b"Package: dash\nStatus: install ok installed\nArchitecture: %s\nVersion: 0.5.12-2\n\n"


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Runs a command in this process, in the test's folder; gives exit code, what was printed, and what was said beside it."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRATIQUE_KEY_PASSPHRASE", "between us")
    monkeypatch.delenv("PRATIQUE_EVIDENCE", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        capsys.readouterr()
        code = run(list(arguments))
        out = capsys.readouterr()
        return code, out.out, out.err

    assert command("key", "generate", "--algorithm", "ecdsa-p256", "-o", "K")[0] == 0
    return command


def part(name, architecture="amd64"):
    content = files(var__lib__dpkg__status=STATUS % name.encode(), etc__os_release=b"ID=debian\n")
    return ImageParts([content], architecture=architecture)


AMD_IMAGE, ARM_IMAGE, ATTESTATION = part("amd64"), part("arm64", "arm64"), part("attestation")
INDEX = index_of((AMD_IMAGE.manifest, AMD), (ARM_IMAGE.manifest, ARM), (ATTESTATION.manifest, UNKNOWN))


@pytest.fixture
def index(tmp_path):
    """`oci-dir:app`, whose one entry is an index for two platforms with an attestation beside them, as BuildKit makes it."""
    blobs = AMD_IMAGE.blobs() | ARM_IMAGE.blobs() | ATTESTATION.blobs()
    write_layout(tmp_path / "app", INDEX, OCI_INDEX, blobs)
    return "oci-dir:app"


def digest_of(data):
    return Digest(f"sha256:{sha(data)}")


VERIFY = ("--key", "K.pub", "--require", "signature")


def test_an_index_that_is_signed_is_verified_for_one_platform_which_is_said(here, index):
    assert here("sign", index, "--key", "K")[0] == 0
    code, out, _ = here("verify", index, *VERIFY, "--platform", "linux/arm64")
    assert code == 0, out
    assert "platform       linux/arm64" in out and digest_of(INDEX) in out and digest_of(ARM_IMAGE.manifest) in out
    assert "of the index, by K.pub" in out
    said = json.loads(here("verify", index, *VERIFY, "--platform", "linux/amd64", "--format", "json")[1])
    assert (said["index"], said["digest"], said["platform"]) == (
        digest_of(INDEX),
        digest_of(AMD_IMAGE.manifest),
        "linux/amd64",
    )
    signature = next(row for row in said["answers"] if row["what"] == "signature")
    assert signature["about"] == digest_of(INDEX)


def test_an_index_of_which_one_image_is_signed_passes_for_that_platform_alone(here, index):
    assert here("sign", index, "--platform", "linux/amd64", "--key", "K")[0] == 0
    code, out, _ = here("verify", index, *VERIFY, "--platform", "linux/amd64")
    assert code == 0 and "linux/amd64" in out and "of the index, by" not in out
    code, out, _ = here("verify", index, *VERIFY, "--platform", "linux/arm64")
    assert code == 1 and "linux/arm64" in out and "absent" in out
    code, out, _ = here("verify", index, *VERIFY, "--all-platforms", "--format", "json")
    found = json.loads(out)
    causes = {row["platform"]: {item["cause"] for item in row["answers"]} for row in found["platforms"]}
    assert (code, found["digest"]) == (1, digest_of(INDEX))
    assert set(causes) == {"linux/amd64", "linux/arm64"}  # what a builder attests is no platform
    assert "absent" not in causes["linux/amd64"] and "absent" in causes["linux/arm64"]


def test_recursive_signs_the_index_and_every_image_in_it_once(here, index):
    code, out, _ = here("sign", index, "--recursive", "--key", "K", "--format", "json")
    signed = [row["subjects"][0]["digest"] for row in json.loads(out)["signed"]]
    assert code == 0
    assert signed == [digest_of(INDEX), digest_of(AMD_IMAGE.manifest), digest_of(ARM_IMAGE.manifest)]
    for image in (AMD_IMAGE, ARM_IMAGE):
        assert here("verify", f"{digest_of(image.manifest)}@{index}", *VERIFY)[0] == 0
    assert here("sign", index, "--recursive", "--platform", "linux/amd64", "--key", "K")[0] == 2


def test_shipping_an_index_ships_every_image_and_signs_the_index(here, index, tmp_path):
    code, out, err = here("ship", index, "--key", "K", "--to", "oci-dir:out:v1", "--format", "json")
    assert code == 0, err
    told = json.loads(out)
    assert told["digest"] == digest_of(INDEX) and len(told["bundles"]) == 1
    assert [row["platform"] for row in told["platforms"]] == ["linux/amd64", "linux/arm64"]
    assert all(len(row["bundles"]) == 4 for row in told["platforms"])
    out = open_layout(tmp_path / "out")
    assert out.fetch_manifest("v1").data == INDEX
    assert out.fetch_manifest(digest_of(ATTESTATION.manifest)).data == ATTESTATION.manifest
    counts = {item: len(out.list_referrers(item)) for item in map(digest_of, (INDEX, AMD_IMAGE.manifest, ARM_IMAGE.manifest))}
    assert list(counts.values()) == [1, 4, 4]
    code, out, _ = here("verify", "oci-dir:out:v1", "--key", "K.pub", "--all-platforms")
    assert code == 0, out
    code, out, _ = here("ship", index, "--key", "K", "--to", "oci-dir:out:v1", "--format", "json")
    assert code == 0 and json.loads(out)["bundles"] == told["bundles"]
    after = {item: len(open_layout(tmp_path / "out").list_referrers(item)) for item in counts}
    assert after == counts  # nothing is said twice


def test_shipping_one_platform_of_an_index_ships_that_image(here, index, tmp_path):
    code, out, err = here("ship", index, "--key", "K", "--platform", "linux/arm64", "--to", "oci-dir:one:v1", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["digest"] == digest_of(ARM_IMAGE.manifest)
    assert open_layout(tmp_path / "one").fetch_manifest("v1").data == ARM_IMAGE.manifest


def test_the_gate_decides_for_one_platform_and_says_which_or_for_all(here, index, tmp_path):
    policy(tmp_path)
    assert here("sign", index, "--platform", "linux/amd64", "--key", "K")[0] == 0
    code, out, _ = here("gate", index, "--policy", "policy.yaml", "--platform", "linux/amd64")
    assert code == 0 and "linux/amd64" in out and digest_of(INDEX) in out
    assert here("gate", index, "--policy", "policy.yaml", "--platform", "linux/arm64")[0] == 1
    code, out, _ = here("gate", index, "--policy", "policy.yaml", "--all-platforms", "--format", "json")
    results = {row["platform"]: row["result"] for row in json.loads(out)["platforms"]}
    assert (code, results) == (1, {"linux/amd64": "allowed", "linux/arm64": "denied"})
    assert here("sign", index, "--key", "K")[0] == 0  # the index, which covers both
    assert here("gate", index, "--policy", "policy.yaml", "--all-platforms")[0] == 0
    assert here("gate", f"{digest_of(INDEX)}@{index}", "--policy", "policy.yaml", "--platform", "linux/arm64")[0] == 0


@pytest.mark.parametrize("command", [("verify", "--key", "K.pub"), ("ship", "--key", "K"), ("sign", "--key", "K", "--recursive")])
def test_an_index_with_two_images_for_one_platform_is_refused(here, tmp_path, command):
    other = part("other")
    top = index_of((AMD_IMAGE.manifest, AMD), (other.manifest, {**AMD, "variant": "v1"}))
    write_layout(tmp_path / "app", top, OCI_INDEX, AMD_IMAGE.blobs() | other.blobs())
    name, *options = command
    more = ["--platform", "linux/amd64"] if name == "verify" else []
    code, _, err = here(name, "oci-dir:app", *options, *more)
    assert code == 2 and "ambiguous" in err and "2 images for linux/amd64" in err
    if name == "verify":
        assert here("verify", "oci-dir:app", "--key", "K.pub", "--all-platforms")[0] == 2


def test_a_signature_of_one_image_that_is_hung_on_the_index_covers_no_other(here, index, tmp_path):
    """Whoever may push may attach anything to anything: what a statement is about decides, not where it hangs."""
    assert here("sign", index, "--platform", "linux/amd64", "--key", "K")[0] == 0
    store = open_layout(tmp_path / "app")
    (referrer,) = store.list_referrers(digest_of(AMD_IMAGE.manifest))
    (layer,) = store.fetch_manifest(referrer.digest).layers
    bundle = store.fetch_blob(layer, limit=1 << 20)
    for victim in (INDEX, ARM_IMAGE.manifest):
        target = store.fetch_manifest(digest_of(victim)).descriptor
        attach_bundles(store, target, [("https://sigstore.dev/cosign/sign/v1", bundle)], created=None)
    place = f"{digest_of(INDEX)}@{index}"
    code, out, _ = here("verify", place, *VERIFY, "--platform", "linux/arm64")
    assert code == 1 and "mismatch" in out and "about another artifact" in out
    assert here("gate", place, "--policy", policy(tmp_path), "--platform", "linux/arm64")[0] == 1


def test_an_unsigned_image_that_is_announced_as_an_attestation_is_asked_about(here, tmp_path):
    document = json.loads(INDEX)
    document["manifests"][1]["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    blobs = AMD_IMAGE.blobs() | ARM_IMAGE.blobs() | ATTESTATION.blobs()
    write_layout(tmp_path / "app", json.dumps(document).encode(), OCI_INDEX, blobs)
    assert here("sign", "oci-dir:app", "--platform", "linux/amd64", "--key", "K")[0] == 0
    code, out, _ = here("verify", "oci-dir:app", *VERIFY, "--all-platforms", "--format", "json")
    assert code == 1 and [part["platform"] for part in json.loads(out)["platforms"]] == ["linux/amd64", "linux/arm64"]


def test_what_is_said_about_an_index_is_asked_for_once_however_many_images_it_has(here, index, monkeypatch):
    asked = []
    collect = pratique.evidence.collect.collect_from_repository

    def counted(repository, subject, **options):
        asked.append(subject)
        return collect(repository, subject, **options)

    assert here("sign", index, "--key", "K")[0] == 0
    monkeypatch.setattr(pratique.evidence.collect, "collect_from_repository", counted)
    assert here("verify", index, *VERIFY, "--all-platforms")[0] == 0
    assert sorted(asked) == sorted(map(digest_of, (INDEX, AMD_IMAGE.manifest, ARM_IMAGE.manifest)))


def test_a_single_image_says_its_platform_when_it_is_asked_for(here, index):
    place = f"{digest_of(ARM_IMAGE.manifest)}@{index}"
    assert here("sign", place, "--key", "K")[0] == 0
    code, out, _ = here("verify", place, *VERIFY, "--platform", "linux/arm64/v8", "--format", "json")
    assert code == 0 and json.loads(out)["platform"] == "linux/arm64" and json.loads(out)["index"] is None
    assert here("verify", place, *VERIFY, "--platform", "linux/amd64")[0] == 2


def policy(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        "version: 1\nname: harbour\nauthorities: {release: {keys: [K.pub]}}\nrequire: {signature: {from: [release]}}\n"
    )
    return str(path)


# --- what is no container image


def artifact(tmp_path, kind, layers):
    """A layout with one artifact whose configuration is of this type, with layers as (type, bytes)."""
    config = b"{}"
    rows = [{"mediaType": media, "digest": digest_of(data), "size": len(data)} for media, data in layers]
    top = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": kind, "digest": digest_of(config), "size": len(config)},
            "layers": rows,
        }
    ).encode()
    blobs = {digest_of(data): data for _, data in layers} | {digest_of(config): config}
    write_layout(tmp_path / "thing", top, OCI_MANIFEST, blobs)
    return top


KINDS = [
    ("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    ("application/vnd.wasm.config.v0+json", "application/wasm"),
    ("application/vnd.oci.empty.v1+json", "application/vnd.example.model.v1"),
    ("application/vnd.oci.image.config.v1+json", "application/vnd.example.unheard-of"),
]


@pytest.mark.parametrize(("kind", "layer"), KINDS)
def test_whatever_is_in_a_registry_is_signed_verified_and_let_in(here, tmp_path, kind, layer):
    artifact(tmp_path, kind, [(layer, b"content")])
    assert here("sign", "oci-dir:thing", "--key", "K")[0] == 0
    code, out, err = here("verify", "oci-dir:thing", *VERIFY)
    assert code == 0, out + err
    assert "not opened" in out
    policy(tmp_path)
    assert here("gate", "oci-dir:thing", "--policy", "policy.yaml")[0] == 0
    assert here("key", "generate", "--algorithm", "ecdsa-p256", "-o", "L")[0] == 0
    assert here("verify", "oci-dir:thing", "--key", "L.pub", "--require", "signature")[0] == 1


def test_of_what_is_no_image_its_signature_is_what_must_be_there(here, tmp_path):
    top = artifact(tmp_path, *[KINDS[1][0]], [(KINDS[1][1], b"\0asm")])
    assert here("verify", "oci-dir:thing", "--key", "K.pub")[0] == 1
    assert here("sign", f"{digest_of(top)}@oci-dir:thing", "--key", "K")[0] == 0
    assert here("verify", "oci-dir:thing", "--key", "K.pub")[0] == 0


def test_layers_of_unknown_types_are_an_error_only_where_an_image_s_content_is_asked_for(here, tmp_path):
    artifact(tmp_path, *[KINDS[3][0]], [(KINDS[3][1], b"content")])
    assert here("sign", "oci-dir:thing", "--key", "K")[0] == 0
    assert here("verify", "oci-dir:thing", *VERIFY)[0] == 0
    code, _, err = here("verify", "oci-dir:thing", *VERIFY, "--content")
    assert code == 2 and "unheard-of" in err
    for command in (("sbom", "oci-dir:thing"), ("ship", "oci-dir:thing", "--key", "K")):
        assert here(*command)[0] == 2


def test_content_of_what_is_no_image_is_every_blob_that_it_names(here, tmp_path):
    artifact(tmp_path, *[KINDS[1][0]], [(KINDS[1][1], b"\0asm")])
    assert here("sign", "oci-dir:thing", "--key", "K")[0] == 0
    assert here("verify", "oci-dir:thing", *VERIFY, "--content")[0] == 0
    (tmp_path / "thing/blobs/sha256" / sha(b"\0asm")).write_bytes(b"\0ASM")
    assert here("verify", "oci-dir:thing", *VERIFY, "--content")[0] == 1
    assert here("verify", "oci-dir:thing", *VERIFY, "--no-content")[0] == 0


def test_an_index_of_things_without_platforms_is_verified_as_the_index_that_it_is(here, tmp_path):
    top = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                {"mediaType": OCI_MANIFEST, "digest": digest_of(item.manifest), "size": len(item.manifest)}
                for item in (AMD_IMAGE, ARM_IMAGE)
            ],
        }
    ).encode()
    write_layout(tmp_path / "app", top, OCI_INDEX, AMD_IMAGE.blobs() | ARM_IMAGE.blobs())
    assert here("verify", "oci-dir:app", *VERIFY)[0] == 1
    assert here("sign", "oci-dir:app", "--key", "K")[0] == 0
    code, out, _ = here("verify", "oci-dir:app", *VERIFY, "--format", "json")
    assert code == 0 and json.loads(out)["digest"] == digest_of(top)
    assert here("verify", "oci-dir:app", *VERIFY, "--platform", "linux/amd64")[0] == 2


# --- by digest


def test_a_digest_in_a_place_is_verified_and_a_digest_alone_is_asked_of_the_catalog(here, index):
    arm = digest_of(ARM_IMAGE.manifest)
    assert here("sign", f"{arm}@{index}", "--key", "K")[0] == 0
    assert here("verify", f"{arm}@{index}", *VERIFY)[0] == 0
    assert here("verify", arm, "--key", "K.pub")[0] == 0
    assert here("verify", arm, "--key", "K.pub", "--evidence", index)[0] == 0
    assert here("verify", digest_of(AMD_IMAGE.manifest), "--key", "K.pub")[0] == 1
    assert here("verify", f"{digest_of(b'x')}@{index}", *VERIFY)[0] == 2
    code, _, err = here("verify", f"{arm}@oci-dir:app@{digest_of(INDEX)}", *VERIFY)
    assert code == 2 and "two digests" in err
    assert here("verify", f"{arm}@dir:app", *VERIFY)[0] == 2
    code, _, err = here("sbom", arm)
    assert code == 2 and "names no bytes" in err


# --- annotations, and evidence kept elsewhere


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_a_signature_counts_only_with_the_annotations_that_are_asked_for(here, index, form):
    signed = ("sign", index, "--platform", "linux/amd64", "--key", "K", "--form", form)
    asked = ("verify", f"{digest_of(INDEX)}@{index}", "--platform", "linux/amd64", *VERIFY)  # cosign's tag is an entry, too
    assert here(*signed, "-a", "stage=test", "-a", "team=a")[0] == 0
    assert here(*asked, "-a", "stage=test")[0] == 0
    assert here(*asked, "-a", "stage=test", "-a", "team=a")[0] == 0
    for wrong in ("stage=prod", "Stage=test", "owner=a", "stage="):
        code, out, _ = here(*asked, "-a", wrong)
        assert code == 1 and f"without the annotation {wrong}" in out
    assert here(*asked, "-a", "stage")[0] == 2
    assert here(*asked, "-a", "stage=test", "-a", "stage=prod")[0] == 2


def test_annotations_where_a_form_has_no_room_for_them_are_refused(here, tmp_path):
    (tmp_path / "f").write_bytes(b"x")
    assert here("sign", "file:f", "--key", "K", "--form", "raw", "-a", "a=b")[0] == 2


def test_evidence_is_kept_and_found_in_another_repository(here, index, tmp_path, monkeypatch):
    signed = ("sign", index, "--platform", "linux/amd64", "--key", "K", "--evidence", "oci-dir:aside")
    assert here(*signed)[0] == 0 and here(*signed, "--form", "cosign")[0] == 0
    (tmp_path / "predicate.json").write_text('{"result": "good"}')
    stated = ("--type", "https://example.org/review/v1", "--predicate", "predicate.json")
    assert here("attest", index, "--platform", "linux/amd64", *stated, "--key", "K", "--evidence", "oci-dir:aside")[0] == 0
    assert open_layout(tmp_path / "app").list_referrers(digest_of(AMD_IMAGE.manifest)) == []
    asked = ("verify", index, "--platform", "linux/amd64", *VERIFY, "--require", "https://example.org/review/v1")
    assert here(*asked)[0] == 1
    code, out, _ = here(*asked, "--evidence", "oci-dir:aside")
    assert code == 0 and "as cosign signature" in out
    monkeypatch.setenv("PRATIQUE_EVIDENCE", "oci-dir:aside")
    assert here(*asked)[0] == 0
    (tmp_path / "f").write_bytes(b"x")
    assert here("sign", "file:f", "--key", "K")[0] == 2  # nothing refers to what is in no registry


def test_a_registry_without_referrers_api_holds_an_index_with_all_that_is_said(here, index, registry, tmp_path):
    name = f"registry:{registry}/{tmp_path.name.lower()}"
    code, _, err = here("ship", index, "--key", "K", "--to", f"{name}/app:v1")
    assert code == 0, err
    assert here("verify", f"{name}/app:v1", "--key", "K.pub", "--all-platforms")[0] == 0
    repository, _ = open_repository(f"{name}/app")
    assert repository.fetch_manifest("v1").data == INDEX
    assert here("copy", f"{name}/app:v1", "oci-dir:back:v1")[0] == 0
    assert here("verify", "oci-dir:back:v1", "--key", "K.pub", "--platform", "linux/arm64")[0] == 0
