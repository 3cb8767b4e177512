"""Collecting evidence from each kind of place, in every form, and from places that lie or fall silent."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from test_repository_contract import push_image, sign

from pratique.attest.cosign import (
    DSSE_LAYER,
    SIGNATURE,
    SIMPLE_SIGNING,
    SimpleSigning,
    attestation_annotations,
    render_attestation,
    render_payload,
    signature_annotations,
)
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.strictjson import dump_json
from pratique.evidence.appraise import appraise
from pratique.evidence.collect import MAX_PIECES, collect_from_repository
from pratique.evidence.collected import EvidenceForm
from pratique.evidence.trust_anchors import anchors_of_keys
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.registry.cosign import ATTESTATIONS, SIGNATURES, Layer, push_layers, tag_of
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_MANIFEST, SIGSTORE_BUNDLE, descriptor_to_json

KEY, OTHER = (FileSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(2))


def sign_as_cosign(repository, image, *signers):
    payload = render_payload(SimpleSigning(image=image.digest))
    layers = [Layer(data=payload, annotations=signature_annotations(signer.sign(payload))) for signer in signers]
    push_layers(repository, image.digest, SIGNATURES, layers)
    statement = render_statement(subjects=[StatementSubject.of("", image.digest)], predicate_type=CYCLONEDX, predicate={})
    attested = render_attestation(sign_statement(signers[0], statement))
    push_layers(repository, image.digest, ATTESTATIONS, [Layer(data=attested, annotations=attestation_annotations(CYCLONEDX))])


def appraised(repository, image, *signers):
    trust_anchors = anchors_of_keys([(f"party {number}", [signer.public_key]) for number, signer in enumerate(signers)], ())
    facts = appraise(image, "app", [collect_from_repository(repository, image.digest)], trust_anchors, now=1_800_000_000)
    return sorted(facts.pieces, key=lambda piece: (piece.form, piece.authority))


def test_cosign_s_tags_are_read_beside_bundles_and_each_signature_counts_by_itself(repository):
    image = push_image(repository)
    sign_as_cosign(repository, image, KEY, OTHER)
    pieces = appraised(repository, image, KEY, OTHER)
    assert [(piece.form, piece.predicate_type, piece.authority, piece.cause) for piece in pieces] == [
        ("cosign attestation", CYCLONEDX, "party 0", Cause.NONE),
        ("cosign signature", IMAGE_SIGNATURE, "party 0", Cause.NONE),
        ("cosign signature", IMAGE_SIGNATURE, "party 1", Cause.NONE),
    ]


def attach_as_older(repository, image, artifact_type, layers):
    """One manifest with these layers, a referrer, as Tekton Chains and `--registry-referrers-mode=oci-1-1` write it."""
    described = []
    for kind, data, notes in layers:
        repository.push_blob(Digest.of(data), len(data), [data])
        described.append({"mediaType": kind, "digest": str(Digest.of(data)), "size": len(data), "annotations": notes})
    repository.push_blob(Digest.of(b"{}"), 2, [b"{}"])
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": {"mediaType": artifact_type, "digest": str(Digest.of(b"{}")), "size": 2},
        "layers": described,
        "subject": descriptor_to_json(image),
    }
    repository.push_referrers([dump_json(document)], OCI_MANIFEST)


def test_cosign_s_older_signatures_are_read_as_referrers_too_each_by_itself(repository):
    image, other = push_image(repository), push_image(repository, "other", b"other")
    payload = render_payload(SimpleSigning(image=image.digest))
    statement = render_statement(subjects=[StatementSubject.of("", image.digest)], predicate_type=CYCLONEDX, predicate={})
    broken = signature_annotations(OTHER.sign(payload))
    broken[SIGNATURE] += "\n"  # as `cosign attach signature` leaves it
    signatures = [(SIMPLE_SIGNING, payload, signature_annotations(KEY.sign(payload))), (SIMPLE_SIGNING, payload, broken)]
    attested = [(DSSE_LAYER, render_attestation(sign_statement(KEY, statement)), attestation_annotations(CYCLONEDX))]
    attach_as_older(repository, image, "application/vnd.dev.cosign.artifact.sig.v1+json", signatures)
    attach_as_older(repository, image, "application/vnd.dev.cosign.artifact.att.v1+json", attested)
    attach_as_older(repository, other, "application/vnd.dev.cosign.artifact.sig.v1+json", signatures)
    assert [(piece.form, piece.authority, piece.cause) for piece in appraised(repository, image, KEY, OTHER)] == [
        ("cosign attestation", "party 0", Cause.NONE),
        ("cosign signature", "party 0", Cause.NONE),
        ("cosign signature", "party 1", Cause.NONE),
    ]
    assert {piece.cause for piece in appraised(repository, other, KEY, OTHER)} == {Cause.MISMATCH}
    assert Cause.NONE not in {
        piece.cause for piece in appraised(repository, image, FileSigner(ec.generate_private_key(ec.SECP256R1())))
    }


def test_a_stranger_s_cosign_signature_is_no_yes(repository):
    image = push_image(repository)
    sign_as_cosign(repository, image, OTHER)
    assert {piece.cause for piece in appraised(repository, image, KEY)} <= {Cause.UNTRUSTED, Cause.INVALID}
    assert len(appraised(repository, image, KEY)) == 2


def test_signatures_of_one_image_under_the_tag_of_another_are_about_another(repository):
    one, two = push_image(repository, "one", b"1"), push_image(repository, "two", b"2")
    sign_as_cosign(repository, one, KEY)
    manifest = repository.fetch_manifest(tag_of(one.digest, SIGNATURES))
    repository.push_manifest(manifest.data, manifest.media_type, tag_of(two.digest, SIGNATURES))
    (piece,) = appraised(repository, two, KEY)
    assert piece.cause is Cause.MISMATCH


@pytest.mark.parametrize("tag", [".sig", ".att"])
def test_a_tag_that_could_not_be_asked_for_is_unreachable_whatever_else_is_there(oci_server, tag):
    repository = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(repository)
    sign(repository, image, b"{}")

    def forbid(handler) -> bool:
        if handler.path.endswith(tag):
            handler.send_error(403)
            return True
        return False

    oci_server.faults.append(forbid)
    found = collect_from_repository(repository, image.digest)
    silent = [piece for piece in found.pieces if piece.cause is Cause.UNREACHABLE]
    assert len(silent) == 1 and silent[0].where.endswith(tag)


def test_referrers_that_could_not_be_asked_for_are_not_made_up_for_by_tags(oci_server):
    repository = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(repository)
    sign_as_cosign(repository, image, KEY)

    def forbid(handler) -> bool:
        if "/referrers/" in handler.path:
            handler.send_error(403)
            return True
        return False

    oci_server.faults.append(forbid)
    found = collect_from_repository(repository, image.digest)
    assert found.cause is Cause.UNREACHABLE and found.pieces == ()


def test_of_more_signatures_than_are_read_the_first_count_and_the_rest_is_told(repository, monkeypatch):
    image = push_image(repository)
    listed = [sign(repository, image, b"a")] * (MAX_PIECES + 1)
    monkeypatch.setattr(type(repository), "list_referrers", lambda *_: listed)
    found = collect_from_repository(repository, image.digest)
    assert found.cause is Cause.NONE
    assert [piece.cause for piece in found.pieces] == [*[Cause.NONE] * MAX_PIECES, Cause.UNREADABLE]
    assert found.pieces[-1].detail == f"{MAX_PIECES + 1} signatures are attached, and {MAX_PIECES} of them were read"


def test_what_is_no_signature_is_passed_over(repository):
    image = push_image(repository)
    sign(repository, image, b"{}", "application/vnd.example.sbom+json")
    sign(repository, image, b"{}", SIGSTORE_BUNDLE)
    (piece,) = collect_from_repository(repository, image.digest).pieces
    assert piece.form is EvidenceForm.BUNDLE and piece.digest == Digest.of(b"{}")
