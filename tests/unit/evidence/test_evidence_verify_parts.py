"""Forms of evidence that a root or a key may vouch for: with each of them, with neither, and with a part of a file gone."""

import world
from test_attest_cosign import Keyless, rekor_bundle

from pratique.attest import cosign
from pratique.attest.bundle import render_bundle
from pratique.attest.cosign import SimpleSigning, render_payload
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.yaml_annotation import annotate, draft_statement
from pratique.evidence.claims import Rejected, VerifiedClaim
from pratique.evidence.collected import Collected, EvidenceForm
from pratique.evidence.trust_anchors import TrustAnchors, anchors_of_keys
from pratique.evidence.verify import verify_piece
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.model.signer import KeySigner, WorkloadSigner
from pratique.registry.types import Descriptor
from pratique.trust import Authorities

KEY = FileSigner(world.KEYS["p256"])
BY_KEY = KeySigner(keyid=KEY.public_key.keyid)
BELIEVED = anchors_of_keys([("team", [KEY.public_key])], ())
WORLD = world.World()
ROOT = parse_trusted_root(world.dump(WORLD.trusted_root()))
CLAIM = "https://example.org/claim/v1"


def rooted(root):
    return TrustAnchors(keys={}, authorities=Authorities(), root=root)


def verify(form, data, anchors, about, annotations=None):
    found = Collected(digest=Digest.of(data), where="there", form=form, data=data, annotations=annotations or {})
    target = Descriptor(media_type="x", digest=about, size=0)
    return verify_piece(found, target, anchors, now=world.NOW, answers={})


def signer_of(claim):
    """Who signed, a workload by its issuer; or why nobody did."""
    if isinstance(claim, Rejected):
        return claim.cause
    by = claim.signed.signer
    return by.issuer if isinstance(by, WorkloadSigner) else by


# --- cosign's older layout


IMAGE = Digest.of(b"image")


def test_an_older_signature_by_a_workload_counts_under_the_root_that_vouches_for_it():
    party = WORLD.certificate()
    payload = render_payload(SimpleSigning(image=IMAGE, reference="app"))
    sig = world.sign(party.key, payload)
    pem = world.pem("CERTIFICATE", party.der)
    spec = {
        "data": {"hash": {"algorithm": "sha256", "value": Digest.of(payload).hex}},
        "signature": {"content": world.b64(sig), "publicKey": {"content": world.b64(pem)}},
    }
    annotations = {
        **cosign.signature_annotations(sig),
        cosign.CERTIFICATE: pem.decode(),
        cosign.CHAIN: world.pem("CERTIFICATE", WORLD.middle.der).decode(),
        cosign.REKOR_BUNDLE: rekor_bundle(WORLD.rekor1.entry("hashedrekord", "0.0.1", spec, world.NOW)),
    }
    claim = verify(EvidenceForm.COSIGN_SIGNATURE, payload, rooted(ROOT), IMAGE, annotations)
    assert isinstance(claim, VerifiedClaim), claim
    assert (signer_of(claim), claim.subjects, claim.predicate_type) == (world.ISSUER, {IMAGE}, IMAGE_SIGNATURE)
    for anchors in (rooted(None), BELIEVED):
        assert signer_of(verify(EvidenceForm.COSIGN_SIGNATURE, payload, anchors, IMAGE, annotations)) is Cause.UNTRUSTED


def test_an_older_attestation_counts_under_a_key_alone_and_under_the_root_that_vouches_for_a_workload():
    statement = render_statement(subjects=[StatementSubject.of("app", IMAGE)], predicate_type=CLAIM, predicate={"x": 1})
    data = cosign.render_attestation(sign_statement(KEY, statement))
    claim = verify(EvidenceForm.COSIGN_ATTESTATION, data, BELIEVED, IMAGE, cosign.attestation_annotations(CLAIM))
    assert isinstance(claim, VerifiedClaim), claim
    assert (signer_of(claim), claim.subjects, claim.predicate_type, claim.said()) == (BY_KEY, {IMAGE}, CLAIM, {"x": 1})
    assert signer_of(verify(EvidenceForm.COSIGN_ATTESTATION, data, BELIEVED, Digest.of(b"other"))) is Cause.MISMATCH

    keyless = Keyless()
    annotations = {
        cosign.CERTIFICATE: keyless.pem.decode(),
        cosign.CHAIN: world.pem("CERTIFICATE", keyless.world.middle.der).decode(),
        cosign.REKOR_BUNDLE: rekor_bundle(keyless.world.rekor1.entry("intoto", "0.0.1", keyless.spec(), world.NOW)),
    }
    claim = verify(EvidenceForm.COSIGN_ATTESTATION, keyless.data, rooted(keyless.root), IMAGE, annotations)
    assert (signer_of(claim), claim.subjects) == (world.ISSUER, {IMAGE})
    for anchors in (rooted(None), BELIEVED):
        assert signer_of(verify(EvidenceForm.COSIGN_ATTESTATION, keyless.data, anchors, IMAGE, annotations)) is Cause.UNTRUSTED


# --- manifests

POD = b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
OTHER = POD.replace(b"web", b"other")


def test_a_manifest_signed_by_a_workload_counts_under_the_root_that_vouches_for_it(monkeypatch):
    monkeypatch.setattr(world, "statement", lambda: draft_statement(POD))
    data = annotate(POD, world.dump(WORLD.bundle(content="dsse")))
    claim = verify(EvidenceForm.ANNOTATION, data, rooted(ROOT), Digest.of(data))
    assert isinstance(claim, VerifiedClaim), claim
    assert signer_of(claim) == world.ISSUER and Digest.of(data) in claim.subjects
    for anchors in (rooted(None), BELIEVED):
        assert signer_of(verify(EvidenceForm.ANNOTATION, data, anchors, Digest.of(data))) is Cause.UNTRUSTED


def test_a_file_of_manifests_from_which_one_was_taken_out_is_not_the_one_that_was_signed():
    whole = POD + b"---\n" + OTHER
    signed = annotate(whole, render_bundle(sign_statement(KEY, draft_statement(whole)), KEY.public_key))
    assert signer_of(verify(EvidenceForm.ANNOTATION, signed, BELIEVED, Digest.of(signed))) == BY_KEY
    part = signed[: signed.index(b"---\n")]
    found = verify(EvidenceForm.ANNOTATION, part, BELIEVED, Digest.of(part))
    assert isinstance(found, Rejected) and found.cause is Cause.MISMATCH
    assert "signed together with v1/Pod//other, which is not there any more" in found.detail
