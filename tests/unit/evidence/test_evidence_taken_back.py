"""A statement that was taken back stays so in every form, however the file around it is written anew."""

import base64
import json

import notary
import pytest
import world
from click.testing import CliRunner
from test_evidence_appraise import (
    NAME,
    NOTATION,
    NOTED,
    TARGET,
    TEAM,
    believing,
    certified,
    facts,
    key_authority,
    may,
    own_bundle,
    piece,
)
from test_evidence_forms import DATA, bundle, cosigns, envelope, message
from test_evidence_forms import KEY as P256
from test_evidence_verify import PROVENANCE, keyring_of, provenance

from pratique.attest.bundle import render_bundle
from pratique.attest.notation import COSE, JWS
from pratique.attest.signed_digest import signed_digest
from pratique.attest.yaml_annotation import annotate, draft_statement
from pratique.cli.trust_edit import revoke
from pratique.errors import Malformed
from pratique.evidence.appraise import appraise
from pratique.evidence.collected import EvidenceForm
from pratique.evidence.sidecars import collect_bundle_files, collect_sidecars, content_of
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.types import Descriptor
from pratique.trust import Authority, Key, Revocation

MANIFEST = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: {key: value}\n"
CLAIM = "https://example.org/claim/v1"


def by_p256(*taken):
    who = Authority(name="team", signers=(Key(keyid=P256.public_key.keyid),), grants=may(IMAGE_SIGNATURE, CLAIM))
    keys = {P256.public_key.keyid: P256.public_key}
    return believing(who, revocations=tuple(Revocation(statement=digest) for digest in taken), keys=keys)


def causes(path, *taken):
    """What a verifier who took these digests back says of what stands beside this file or in it."""
    about = Descriptor(media_type="application/octet-stream", digest=Digest.of(path.read_bytes()), size=0)
    return [
        item.cause
        for item in appraise(
            about, NAME, [collect_sidecars(path)], by_p256(*taken), now=world.NOW, content=content_of(path)
        ).pieces
    ]


def annotated():
    return annotate(MANIFEST, render_bundle(sign_statement(P256, draft_statement(MANIFEST)), P256.public_key))


def test_an_annotated_manifest_that_was_taken_back_stays_so_with_another_comment_in_it(tmp_path):
    path = tmp_path / "app.yaml"
    path.write_bytes(annotated())
    assert causes(path) == [Cause.NONE]
    payload = Digest.of(draft_statement(MANIFEST))
    assert causes(path, payload) == [Cause.REVOKED]
    assert causes(path, Digest.of(path.read_bytes())) == [Cause.REVOKED]
    assert causes(path, Digest.of(b"another")) == [Cause.NONE]
    path.write_bytes(annotated() + b"# c\n")
    assert causes(path) == [Cause.NONE]
    assert causes(path, payload) == [Cause.REVOKED]


@pytest.mark.parametrize(
    "write",
    [
        lambda sig: base64.b64encode(sig) + b"\n",
        base64.b64encode,
        lambda sig: base64.b64encode(sig) + b"\n\n",
        base64.encodebytes,
        lambda sig: sig,
    ],
    ids=["a line", "no line end", "two line ends", "many lines", "binary"],
)
def test_a_bare_signature_that_was_taken_back_stays_so_however_it_is_spelled(tmp_path, write):
    path, beside = tmp_path / "release.tar", tmp_path / "release.tar.sig"
    path.write_bytes(DATA)
    sig = P256.sign(DATA)
    beside.write_bytes(write(sig))
    assert causes(path) == [Cause.NONE]
    for name in (Digest.of(DATA), Digest.of(base64.b64encode(sig)), Digest.of(base64.b64encode(sig) + b"\n"), Digest.of(sig)):
        assert causes(path, name) == [Cause.REVOKED]
    assert causes(path, Digest.of(beside.read_bytes())) == [Cause.REVOKED]
    beside.write_bytes(write(P256.sign(DATA)))  # the same, signed once more: the bytes that it signs are taken back
    assert causes(path, Digest.of(DATA)) == [Cause.REVOKED]


@pytest.mark.parametrize("make", [message, cosigns], ids=["bundle", "cosign"])
def test_a_signature_without_a_statement_is_taken_back_by_the_bytes_that_it_signs_in_whatever_file(tmp_path, make):
    path, beside = tmp_path / "release.tar", tmp_path / "release.tar.bundle"
    path.write_bytes(DATA)
    beside.write_bytes(make())
    assert causes(path) == [Cause.NONE]
    assert causes(path, Digest.of(beside.read_bytes())) == [Cause.REVOKED]
    beside.write_bytes(json.dumps(json.loads(make()), indent=3).encode())
    assert causes(path, Digest.of(DATA)) == [Cause.REVOKED]


@pytest.mark.parametrize("make", [bundle, envelope], ids=["bundle", "envelope"])
def test_a_statement_is_taken_back_by_its_payload_and_by_the_file_that_holds_it_with_others(tmp_path, make):
    path, beside = tmp_path / "release.tar", tmp_path / "release.tar.sigstore.jsonl"
    path.write_bytes(DATA)
    beside.write_bytes(make() + b"\n" + message() + b"\n")
    assert causes(path) == [Cause.NONE, Cause.NONE]
    assert causes(path, Digest.of(beside.read_bytes())) == [Cause.REVOKED, Cause.REVOKED]
    assert sorted(causes(path, signed_digest(make()))) == sorted([Cause.REVOKED, Cause.NONE])


def rewritten(data):
    """A notation envelope with another unsigned header, which breaks no signature."""
    members = json.loads(data)
    members["header"]["io.cncf.notary.signingAgent"] = "somebody/2.0"
    return json.dumps(members, indent=1).encode()


def noted(item, *taken):
    trust = believing(certified(), revocations=tuple(Revocation(statement=digest) for digest in taken))
    (found,) = facts(item, trust_anchors=trust, now=notary.AT).pieces
    return found.cause


def test_a_notation_signature_that_was_taken_back_stays_so_with_another_unsigned_header():
    again = piece(rewritten(NOTED), EvidenceForm.NOTATION, JWS, IMAGE_SIGNATURE)
    payload = Digest.of(base64.urlsafe_b64decode(json.loads(NOTED)["payload"] + "=="))
    for item in (NOTATION, again):
        assert noted(item) is Cause.NONE
        assert noted(item, payload) is Cause.REVOKED
        assert noted(item, item.digest) is Cause.REVOKED
        assert noted(item, TARGET.digest) is Cause.REVOKED
        assert noted(item, Digest.of(b"another")) is Cause.NONE
    assert signed_digest(NOTED) == signed_digest(rewritten(NOTED)) == payload
    about = notary.TargetArtifact(media_type=notary.IMAGE, digest=TARGET.digest, size=TARGET.size, annotations={})
    data = notary.signed(TEAM, media_type=COSE, target=about)
    assert noted(piece(data, EvidenceForm.NOTATION, COSE, IMAGE_SIGNATURE), signed_digest(data)) is Cause.REVOKED


def test_a_signature_that_only_names_an_artifact_is_taken_back_by_the_artifact_and_an_sbom_is_not():
    who = key_authority(grants=may(IMAGE_SIGNATURE, "https://cyclonedx.org/bom"))
    trust = believing(who, revocations=(Revocation(statement=TARGET.digest),))
    assert facts(own_bundle(IMAGE_SIGNATURE), trust_anchors=trust).pieces[0].cause is Cause.REVOKED
    assert facts(own_bundle(), trust_anchors=trust).pieces[0].cause is Cause.NONE
    assert facts(own_bundle(), trust_anchors=believing(who)).pieces[0].cause is Cause.NONE


def test_of_provenance_of_a_chart_the_text_is_what_was_signed():
    data = PROVENANCE.read_bytes()
    named = signed_digest(data)
    assert provenance(keyring_of().keyring).payload == named != Digest.of(data)
    assert signed_digest(data.replace(b"\n", b"\r\n")) == named


@pytest.mark.parametrize("make", [bundle, envelope, message, annotated, lambda: NOTED, PROVENANCE.read_bytes])
def test_revoke_names_what_was_signed_in_whatever_file_it_is_given(tmp_path, monkeypatch, make):
    path = tmp_path / "evidence"
    path.write_bytes(make())
    (tmp_path / "trust.yaml").write_text("version: 1\nname: acme\nauthorities: {}\n")
    entries = []
    monkeypatch.setattr("pratique.tuf.edit.add_revocation", lambda entry: entries.append(entry) or (lambda text: text))
    CliRunner().invoke(revoke, ["-C", str(tmp_path), "--statement", str(path)])
    assert entries == [{"statement": str(signed_digest(path.read_bytes()))}]
    refused = CliRunner().invoke(revoke, ["-C", str(tmp_path), "--statement", f"sha512:{'0' * 128}"])
    assert "SHA-256" in str(refused.exception) and len(entries) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (base64.b64encode(P256.sign(DATA)), "does not say what it signs"),
        (bundle() + b"\n" + message(), "2 bundles in one file"),
        (cosigns(), "does not say the SHA-256"),
        (b"{}", "missing|payload|protected"),
    ],
    ids=["bare signature", "two bundles", "cosign's older form", "nothing"],
)
def test_what_does_not_say_what_it_signs_is_no_name_of_a_statement(data, words):
    with pytest.raises(Malformed, match=words):
        signed_digest(data)


def test_the_bundle_files_that_somebody_names_are_held_to_it_too(tmp_path):
    path = tmp_path / "given"
    path.write_bytes(bundle() + b"\n" + message())
    assert {item.file for item in collect_bundle_files([path]).pieces} == {Digest.of(path.read_bytes())}
