"""What hangs on an artifact: shown, taken into files, and attached where it was not made."""

import base64
import json

import pytest
from test_e2e_index import AMD_IMAGE, ARM_IMAGE, ATTESTATION, INDEX, OCI_INDEX, VERIFY, digest_of, here, index, write_layout

from pratique.registry.layout import open_layout

__all__ = ["here", "index"]  # fixtures


@pytest.fixture
def said(here, index, tmp_path):
    """The index signed as a bundle and for cosign, and one attestation about the image for amd64."""
    (tmp_path / "predicate.json").write_text('{"result": "good"}')
    place = f"{digest_of(INDEX)}@{index}"
    assert here("sign", place, "--key", "K")[0] == 0
    assert here("sign", place, "--key", "K", "--form", "cosign")[0] == 0
    stated = ("--type", "https://example.org/review/v1", "--predicate", "predicate.json")
    assert here("attest", place, "--platform", "linux/amd64", *stated, "--key", "K")[0] == 0
    assert here("attest", place, "--platform", "linux/amd64", *stated, "--key", "K", "--form", "cosign")[0] == 0
    return place


def test_the_tree_shows_images_referrers_and_the_tags_of_cosign(here, said):
    code, out, err = here("tree", said, "--format", "json")
    assert code == 0, err
    tree = json.loads(out)
    assert (tree["kind"], tree["digest"]) == ("named", digest_of(INDEX))
    kinds = [(item["kind"], item["note"]) for item in tree["branches"]]
    assert kinds[:3] == [("listed", "linux/amd64"), ("listed", "linux/arm64"), ("listed", "unknown/unknown")]
    assert {kind for kind, _ in kinds[3:]} == {"referrer", "tag"}
    amd = tree["branches"][0]
    assert {item["kind"] for item in amd["branches"]} == {"referrer", "tag"}
    assert "https://example.org/review/v1" in {item["note"] for item in amd["branches"]}
    assert "└── " in here("tree", said)[1]
    assert here("tree", "dir:.")[0] == 2


def test_an_image_that_an_index_lists_and_nobody_has_is_shown_as_missing(here, index, tmp_path):
    (tmp_path / "app/blobs/sha256" / digest_of(ARM_IMAGE.manifest)[7:]).unlink()
    branches = json.loads(here("tree", index, "--format", "json")[1])["branches"]
    assert [item["missing"] for item in branches] == [False, True, False]


def test_what_is_downloaded_is_attached_elsewhere_and_verifies_there(here, index, said, tmp_path):
    code, out, err = here("download", said, "--platform", "linux/amd64", "-o", "files", "--format", "json")
    assert code == 0, err
    files = json.loads(out)["files"]
    assert sorted(name.partition(".")[2] for name in files) == [
        "dsse.json",
        "payload.json",
        "sig",
        "sigstore.json",
        "sigstore.json",
    ]
    assert here("copy", f"oci-dir:app@{digest_of(INDEX)}", "oci-dir:bare:v1")[0] == 0
    other = tmp_path / "other"
    blobs = AMD_IMAGE.blobs() | ARM_IMAGE.blobs() | ATTESTATION.blobs()
    write_layout(other, INDEX, OCI_INDEX, blobs)
    asked = ("--platform", "linux/amd64", *VERIFY, "--require", "https://example.org/review/v1")
    elsewhere = f"{digest_of(INDEX)}@oci-dir:other"
    assert here("verify", elsewhere, *asked)[0] == 1
    about_index = [name for name in files if name.endswith(".sigstore.json") and b"sign/v1" in payload_of(tmp_path / name)]
    about_image = [name for name in files if name.endswith((".sigstore.json", ".dsse.json")) and name not in about_index]
    assert here("attach", elsewhere, *about_index)[0] == 0
    assert here("attach", elsewhere, "--platform", "linux/amd64", *about_image)[0] == 0
    payload, signature = (next(name for name in files if name.endswith(end)) for end in (".payload.json", ".sig"))
    assert here("attach", elsewhere, signature, "--payload", payload)[0] == 0
    code, out, _ = here("verify", elsewhere, *asked)
    assert code == 0, out
    assert "as cosign signature" in out and "as cosign attestation" in out
    # Again, and nothing is there twice.
    assert here("attach", elsewhere, signature, "--payload", payload)[0] == 0
    manifest = open_layout(other).fetch_manifest(f"sha256-{digest_of(INDEX)[7:]}.sig")
    assert len(manifest.layers) == 1


def payload_of(path):
    return base64.b64decode(json.loads(path.read_text())["dsseEnvelope"]["payload"])


def test_what_is_about_another_artifact_is_not_attached(here, index, said, tmp_path):
    assert here("download", said, "--platform", "linux/amd64", "-o", "files")[0] == 0
    wrong = f"{digest_of(ARM_IMAGE.manifest)}@{index}"
    before = open_layout(tmp_path / "app").list_referrers(digest_of(ARM_IMAGE.manifest))
    for path in sorted((tmp_path / "files").glob("*")):
        if path.name.endswith((".sigstore.json", ".dsse.json")):
            assert here("attach", wrong, str(path))[0] == 1
    payload, signature = (next((tmp_path / "files").glob(f"*{end}")) for end in (".payload.json", ".sig"))
    assert here("attach", wrong, str(signature), "--payload", str(payload))[0] == 1
    assert open_layout(tmp_path / "app").list_referrers(digest_of(ARM_IMAGE.manifest)) == before == []


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\x00\xff", b'{"payloadType": "x"}', b'{"protected": "e30"}', b'{"mediaType": 1}']
)
def test_what_is_no_signature_is_one_line_and_not_attached(here, index, tmp_path, data):
    (tmp_path / "odd").write_bytes(data)
    code, _, err = here("attach", index, "odd")
    assert code in (1, 2) and err.count("\n") == 1, err


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_replace_takes_away_what_the_same_key_stated_of_that_type_and_nothing_else(here, index, tmp_path, form):
    def attest(result, key="K", type_="https://example.org/review/v1", *more):
        (tmp_path / "predicate.json").write_text(json.dumps({"result": result}))
        stated = ("--type", type_, "--predicate", "predicate.json", "--key", key, "--form", form, *more)
        assert here("attest", place, "--platform", "linux/amd64", *stated)[0] == 0

    place = f"{digest_of(INDEX)}@{index}"
    assert here("key", "generate", "--algorithm", "ecdsa-p256", "-o", "L")[0] == 0
    attest("good")
    attest("good", "L")
    attest("good", "K", "https://example.org/test/v1")
    attest("bad", "K", "https://example.org/review/v1", "--replace")
    assert here("download", place, "--platform", "linux/amd64", "-o", "files")[0] == 0
    said = []
    for path in (tmp_path / "files").iterdir():
        document = json.loads(path.read_text())
        statement = json.loads(base64.b64decode(document.get("dsseEnvelope", document)["payload"]))
        said.append((statement["predicateType"].split("/")[3], statement["predicate"]["result"]))
    assert sorted(said) == [("review", "bad"), ("review", "good"), ("test", "good")]
    attest("bad", "K", "https://example.org/review/v1", "--replace")  # again: what stands there stays


def test_only_the_kinds_that_are_asked_for_are_downloaded_and_files_are_kept(here, said, tmp_path):
    asked = ("download", said, "--platform", "linux/amd64", "-o", "files", "--type", "https://example.org/review/v1")
    assert here(*asked)[0] == 0
    names = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert [name.partition(".")[2] for name in names] == ["dsse.json", "sigstore.json"] or len(names) == 2
    (tmp_path / "files" / names[0]).write_bytes(b"mine")
    assert here(*asked)[0] == 2
    assert here(*asked, "--replace")[0] == 0
