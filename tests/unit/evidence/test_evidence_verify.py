"""From one piece to one claim: which way it goes, whose words are told, and what is never asked of whom."""

import base64
import dataclasses
import json

import pytest
import world
from test_evidence_appraise import CI, KEY, KEYLESS, OWN, TARGET, WORLD, believing, piece
from test_evidence_charts import ARCHIVE, PROVENANCE
from test_evidence_charts import believing as keyring_of
from test_evidence_who_counts import INDEX, cosigned

from pratique.artifact.sidecars import load_signed
from pratique.attest.sigstore.verify import ArtifactDigests
from pratique.errors import (
    DigestMismatch,
    Expired,
    Malformed,
    ProofInvalid,
    Revoked,
    SignatureInvalid,
    StorageError,
    Unavailable,
    Untrusted,
)
from pratique.evidence import verify as verify_module
from pratique.evidence.claims import FileSubject, Rejected, VerifiedClaim
from pratique.evidence.collected import Collected, EvidenceForm
from pratique.evidence.trust_anchors import anchors_of_keys
from pratique.evidence.verify import cause_of, verify_piece
from pratique.keys.file import FileSigner
from pratique.model import Cause, Digest
from pratique.registry.types import Descriptor

ANCHORS = anchors_of_keys([("team", [KEY.public_key])], ())
P256 = FileSigner(world.KEYS["p256"])
BY_P256 = anchors_of_keys([("team", [P256.public_key])], ())


def claim(found, anchors=ANCHORS, target=TARGET, content=None):
    item = found if isinstance(found, Collected) else piece(found)
    return verify_piece(item, target, anchors, now=world.NOW, answers={}, content=content)


# --- what an error means


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Untrusted("x"), Cause.UNTRUSTED),
        (Expired("x"), Cause.EXPIRED),
        (Revoked("x"), Cause.REVOKED),
        (DigestMismatch("x"), Cause.MISMATCH),
        (SignatureInvalid("x"), Cause.INVALID),
        (ProofInvalid("x"), Cause.INVALID),
        (Unavailable("x"), Cause.UNREACHABLE),
        (Malformed("x"), Cause.INVALID),
    ],
)
def test_each_error_of_verification_is_one_cause(error, cause):
    assert cause_of(error) is cause


def test_an_error_that_is_not_about_evidence_is_raised_again():
    error = StorageError("no room")
    with pytest.raises(StorageError) as caught:
        cause_of(error)
    assert caught.value is error


def test_what_is_wrong_with_a_piece_is_told_with_its_place_and_who_is_not_believed_without():
    broken, stranger = claim(b"{}"), claim(OWN, anchors_of_keys([("x", [P256.public_key])], ()))
    assert isinstance(broken, Rejected) and isinstance(stranger, Rejected)
    assert broken.cause is Cause.INVALID and broken.detail.startswith("registry.example.com: ")
    assert stranger.cause is Cause.UNTRUSTED and stranger.detail.startswith("signed by key ")


def test_a_piece_that_could_not_be_had_keeps_its_cause_and_its_words():
    lost = dataclasses.replace(piece(b""), cause=Cause.UNREACHABLE, detail="gone")
    assert claim(lost) == Rejected(cause=Cause.UNREACHABLE, detail="gone")


# --- which way a bundle goes


@pytest.fixture
def never_sigstore(monkeypatch):
    def never(*_):
        raise AssertionError("nothing of X.509 is needed")

    monkeypatch.setattr(verify_module, "_verify_sigstore", never)


def test_a_statement_of_a_bare_key_needs_nothing_of_x509(never_sigstore):
    assert isinstance(claim(OWN), VerifiedClaim)
    with_root = dataclasses.replace(ANCHORS, root=believing(CI).root)
    assert isinstance(claim(OWN, with_root), VerifiedClaim)
    logged = world.dump(WORLD.bundle(content="dsse", key=world.KEYS["p256"]))
    assert isinstance(claim(logged, BY_P256), VerifiedClaim)


def test_a_bare_key_s_entries_in_logs_of_a_trusted_root_are_proven_there():
    data = world.dump(WORLD.bundle(content="dsse", key=world.KEYS["p256"]))
    found = claim(data, dataclasses.replace(BY_P256, root=believing(CI).root))
    assert isinstance(found, VerifiedClaim) and len(found.signed.places) == 1 and found.unproven == ()


def test_a_bare_key_s_timestamps_are_times_that_are_proven():
    data = world.dump(WORLD.bundle(content="dsse", key=world.KEYS["p256"], stamps=[world.NOW], entries=[]))
    found = claim(data, dataclasses.replace(BY_P256, root=believing(CI).root))
    assert isinstance(found, VerifiedClaim) and [time.at for time in found.signed.times] == [world.NOW]


def test_a_certificate_without_any_trusted_root_is_no_key_without_a_name():
    found = claim(world.dump(WORLD.bundle(content="dsse", stamps=[], entries=[])))
    assert isinstance(found, Rejected) and found.cause is Cause.UNTRUSTED
    assert "a key without a name" not in found.detail


@pytest.mark.parametrize(("version", "cause"), [("1", Cause.NONE), ("2", Cause.UNTRUSTED)])
def test_a_log_s_promise_counts_as_proof_in_the_first_version_alone(version, cause):
    document = WORLD.bundle(content="dsse")
    document["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version=0.{version}"
    material = document["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    if version == "1":
        material["tlogEntries"][0].pop("inclusionProof")
        assert claim(world.dump(document), believing(CI)).signed.places
    else:
        material["tlogEntries"] = []
        material["timestampVerificationData"] = {}
        found = claim(world.dump(document), believing(CI))
        assert isinstance(found, Rejected) and found.cause is cause


def test_the_bytes_of_a_file_are_what_a_message_is_about():
    data = world.dump(WORLD.bundle(content="message"))
    content = FileSubject(name="app", artifact=ArtifactDigests.of(world.ARTIFACT))
    assert isinstance(claim(data, believing(CI), content=content), VerifiedClaim)
    assert isinstance(claim(data, believing(CI)), VerifiedClaim)
    key = world.KEYS["ed25519"]  # which signs bytes and no digest
    by_key = world.dump(WORLD.bundle(content="message", key=key, entries=[]))
    anchors = anchors_of_keys([("team", [FileSigner(key).public_key])], ())
    assert isinstance(claim(by_key, anchors, content=content), VerifiedClaim)
    assert isinstance(claim(by_key, anchors), Rejected)


# --- files


def test_a_file_that_changed_while_it_was_read_is_a_mismatch_whatever_was_signed():
    changed = FileSubject(name="app.tar", artifact=ArtifactDigests.of(b"other"))
    found = claim(OWN, content=changed)
    assert found == Rejected(cause=Cause.MISMATCH, detail="app.tar changed while it was read")
    same = FileSubject(name="app.tar", artifact=ArtifactDigests.of(world.ARTIFACT))
    assert isinstance(claim(OWN, content=same), VerifiedClaim)


@pytest.mark.parametrize("form", [EvidenceForm.RAW, EvidenceForm.PROVENANCE])
def test_a_signature_of_a_file_s_bytes_is_none_where_there_is_no_file(form):
    found = claim(piece(b"signature", form), dataclasses.replace(ANCHORS, keyring=b"x"))
    assert isinstance(found, Rejected)
    assert (found.cause, found.detail) == (Cause.UNTRUSTED, f"a {form} is about a file, and there is none")


def provenance(keyring, content=True):
    target = Descriptor(media_type="", digest=Digest.of(ARCHIVE.read_bytes()), size=0)
    from pratique.artifact.chart import read_chart_stream
    from pratique.artifact.limits import Limits

    with ARCHIVE.open("rb") as stream:
        chart_yaml = read_chart_stream(stream, "x", Limits())
    subject = FileSubject(name=ARCHIVE.name, artifact=load_signed(ARCHIVE), chart_yaml=chart_yaml)
    found = piece(PROVENANCE.read_bytes(), EvidenceForm.PROVENANCE)
    return claim(found, dataclasses.replace(ANCHORS, keyring=keyring), target, subject)


def test_the_provenance_beside_a_chart_counts_by_the_keyring_and_without_one_for_nothing():
    assert isinstance(provenance(keyring_of().keyring), VerifiedClaim)
    found = provenance(b"")
    assert isinstance(found, Rejected)
    assert (found.cause, found.detail) == (Cause.UNTRUSTED, "signed with OpenPGP, and no keyring is trusted")


def test_a_file_that_is_too_large_for_a_bare_signature_is_said():
    whole = FileSubject(name="app", artifact=ArtifactDigests.of(world.ARTIFACT))
    digests = FileSubject(name="app", artifact=ArtifactDigests(digests=whole.artifact.digests))
    raw = piece(base64.b64encode(P256.sign(world.ARTIFACT)), EvidenceForm.RAW)
    assert isinstance(claim(raw, BY_P256, content=whole), VerifiedClaim)
    found = claim(raw, BY_P256, content=digests)
    assert isinstance(found, Rejected) and "too large for a bare signature" in found.detail


# --- cosign's older forms


def blob(signer, data=world.ARTIFACT, certificate=None):
    document = {"base64Signature": base64.b64encode(signer.sign(data)).decode()}
    if certificate is not None:
        document["cert"] = base64.b64encode(world.pem("CERTIFICATE", certificate.der)).decode()
    return piece(json.dumps(document).encode(), EvidenceForm.COSIGN_BLOB)


FILE = FileSubject(name="app", artifact=ArtifactDigests.of(world.ARTIFACT))


def test_a_key_s_signature_with_and_without_a_certificate_beside_it_is_the_key_s():
    for certificate in (None, WORLD.certificate(key=world.KEYS["p256"])):
        found = claim(blob(P256, certificate=certificate), BY_P256, content=FILE)
        assert isinstance(found, VerifiedClaim) and found.signed.signer.keyid == P256.public_key.keyid


def test_a_certificate_s_signature_is_nobody_s_where_no_key_and_no_root_is_believed():
    party = WORLD.certificate()
    by = FileSigner(party.key)
    for anchors in (anchors_of_keys([], ()), BY_P256):
        found = claim(blob(by, certificate=party), anchors, content=FILE)
        assert isinstance(found, Rejected) and found.cause in (Cause.UNTRUSTED, Cause.INVALID)
        assert "no key is trusted" not in found.detail


def test_a_bare_key_s_older_signature_names_no_key_and_is_tried_under_each():
    found = claim(blob(P256), anchors_of_keys([], ()), content=FILE)
    assert isinstance(found, Rejected) and found.cause is Cause.UNTRUSTED
    assert isinstance(
        claim(blob(P256), anchors_of_keys([("a", [KEY.public_key, P256.public_key])], ()), content=FILE), VerifiedClaim
    )


@pytest.mark.parametrize("root", [False, True])
def test_cosign_s_signatures_count_by_the_key_with_and_without_a_root(root):
    from test_evidence_quorum import KEYS

    release = KEYS["release"]
    anchors = anchors_of_keys([("a", [release.public_key])], ())
    anchors = dataclasses.replace(anchors, root=believing(CI).root if root else None)
    target = dataclasses.replace(INDEX, digest=Digest.of(b"image"))
    assert isinstance(claim(cosigned(signer=release), anchors, target), VerifiedClaim)


def test_the_claims_of_a_certificate_s_bundle_are_verified_with_the_root_of_the_trust():
    assert isinstance(claim(KEYLESS, believing(CI)), VerifiedClaim)
    assert isinstance(claim(KEYLESS, dataclasses.replace(believing(CI), root=None)), Rejected)


# --- what a claim says of itself


@pytest.mark.parametrize(
    ("digests", "about"),
    [
        ([{"sha256": "ab" * 32}], "app abababababab"),
        ([{"sha256": "ab" * 32, "gitCommit": "cd" * 20}], "app abababababab"),
        ([{"gitCommit": "cd" * 20}], "app gitCommit:cdcdcdcdcdcd"),
        ([{"sha256": "ab" * 32}] * 3, "app abababababab, app abababababab"),
    ],
)
def test_what_a_statement_is_about_is_told_by_name_and_digest(digests, about):
    from pratique.attest.statement import StatementSubject

    assert verify_module._names([StatementSubject(name="app", digest=one) for one in digests]) == about
    nameless = verify_module._names([StatementSubject(name="", digest={"sha256": "ab" * 32})])
    assert nameless == "something abababababab"
