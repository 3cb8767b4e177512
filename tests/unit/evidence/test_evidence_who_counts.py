"""Who counts, case by case: evidence about an index, annotations that are asked for, keys of nobody, and what is the same."""

import dataclasses

import pytest
import world
from shelf import Shelf
from test_evidence_charts import believing as believing_the_keyring
from test_evidence_charts import chart, parts
from test_evidence_quorum import KEYS, NAME, ONE, TARGET, believing, facts, said, two

from pratique.attest.bundle import render_bundle
from pratique.attest.cosign import SimpleSigning, render_payload, signature_annotations
from pratique.attest.statement import StatementSubject, render_statement
from pratique.evidence.appraise import appraise
from pratique.evidence.charts import collect_chart_provenance
from pratique.evidence.collected import Collected, Collection, EvidenceForm, attached_to
from pratique.evidence.trust_anchors import TrustAnchors, anchors_in_place, anchors_of_keys
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest, parse_manifest
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, SPDX
from pratique.registry.types import OCI_INDEX, Descriptor
from pratique.trust import Authorities

INDEX = Descriptor(media_type=OCI_INDEX, digest=Digest.of(b"index"), size=5)
RELEASE = KEYS["release"]


def bundle(digest, kind=CYCLONEDX, predicate=None, signer=RELEASE, annotations=None):
    subject = StatementSubject.of("app", digest, annotations)
    payload = render_statement(subjects=[subject], predicate_type=kind, predicate=predicate or {})
    data = render_bundle(sign_statement(signer, payload), signer.public_key)
    return Collected(digest=Digest.of(data), where="there", claimed_type=kind, data=data)


def cosigned(optional=None, digest=TARGET.digest, signer=RELEASE):
    payload = render_payload(SimpleSigning(image=digest, optional=optional or {}))
    return Collected(
        digest=Digest.of(payload),
        where="there",
        form=EvidenceForm.COSIGN_SIGNATURE,
        claimed_type=IMAGE_SIGNATURE,
        annotations=signature_annotations(signer.sign(payload)),
        data=payload,
    )


def about(index, *pieces):
    return attached_to(index, Collection(pieces=pieces)).pieces


def asked(piece, anchors=None, **more):
    places = [Collection(pieces=(piece,))]
    (found,) = appraise(TARGET, NAME, places, anchors or believing(), now=world.NOW, **more).pieces
    return found


# --- what is said about an index that leads to the artifact


@pytest.mark.parametrize("make", [bundle, lambda digest: cosigned(digest=digest)])
def test_evidence_beside_an_index_is_about_the_index_and_beside_the_image_about_the_image(make):
    for piece, cause in [
        (make(TARGET.digest), Cause.NONE),
        (make(INDEX.digest), Cause.MISMATCH),
        (about(INDEX, make(INDEX.digest))[0], Cause.NONE),
        (about(INDEX, make(TARGET.digest))[0], Cause.MISMATCH),
    ]:
        found = asked(piece)
        assert found.cause is cause
        assert found.about == (INDEX.digest if piece.about else None)


def test_the_same_bytes_beside_the_image_and_beside_its_index_are_two_pieces():
    piece = bundle(TARGET.digest)
    found = facts(piece, *about(INDEX, piece), piece, anchors=believing()).pieces
    assert sorted((one.cause, one.about is None) for one in found) == [(Cause.MISMATCH, False), (Cause.NONE, True)]


# --- annotations that a signature must have


@pytest.mark.parametrize(
    ("signed", "wanted", "cause"),
    [
        ({}, {}, Cause.NONE),
        ({"env": "prod"}, {}, Cause.NONE),
        ({"env": "prod"}, {"env": "prod"}, Cause.NONE),
        ({"env": "prod", "a": "b"}, {"env": "prod"}, Cause.NONE),
        ({"env": "dev"}, {"env": "prod"}, Cause.MISMATCH),
        ({}, {"env": "prod"}, Cause.MISMATCH),
        ({"env": "prod"}, {"env": "prod", "a": "b"}, Cause.MISMATCH),
        ({"env": 5}, {"env": "5"}, Cause.MISMATCH),
    ],
)
@pytest.mark.parametrize("index", [False, True])
def test_a_signature_counts_with_the_annotations_that_are_asked_for_and_no_other(signed, wanted, cause, index):
    piece = about(INDEX, cosigned(signed, INDEX.digest))[0] if index else cosigned(signed)
    found = asked(piece, annotations=wanted)
    assert found.cause is cause
    if cause is Cause.MISMATCH:
        lacking = [f"{name}={text}" for name, text in sorted(wanted.items()) if signed.get(name) != text]
        assert found.detail == f"signed without the annotation {', '.join(lacking)}"


def test_annotations_of_a_statement_s_subject_are_those_of_the_signature():
    for notes, cause in (({"env": "prod"}, Cause.NONE), ({"env": "dev"}, Cause.MISMATCH)):
        piece = bundle(TARGET.digest, IMAGE_SIGNATURE, annotations=notes)
        assert asked(piece, annotations={"env": "prod"}).cause is cause


def test_annotations_are_asked_of_signatures_and_of_nothing_else():
    assert asked(bundle(TARGET.digest, CYCLONEDX), annotations={"env": "prod"}).cause is Cause.NONE


# --- whose voice it is


def test_what_is_not_believed_says_nothing_of_itself_but_why():
    anchors = TrustAnchors(keys={RELEASE.public_key.keyid: RELEASE.public_key}, authorities=Authorities())
    stranger = asked(bundle(TARGET.digest, predicate={"x": 1}), anchors)
    assert (stranger.cause, stranger.signed, stranger.unproven, dict(stranger.predicate)) == (Cause.UNTRUSTED, None, (), {})


def test_a_key_that_verifies_and_speaks_for_nobody_is_untrusted():
    anchors = TrustAnchors(keys={RELEASE.public_key.keyid: RELEASE.public_key}, authorities=Authorities())
    found = asked(bundle(TARGET.digest), anchors)
    assert (found.cause, found.authority) == (Cause.UNTRUSTED, "") and "not among those that are believed" in found.detail


def test_a_key_named_beside_others_without_a_trust_is_in_place_and_they_are_not():
    base = anchors_of_keys([("base", [KEYS["vendor"].public_key])], ())
    both = anchors_in_place([("mine", [RELEASE.public_key])], (), base)
    mine, theirs = asked(bundle(TARGET.digest), both), asked(bundle(TARGET.digest, signer=KEYS["vendor"]), both)
    assert (mine.cause, mine.authority, mine.in_place) == (Cause.NONE, "mine", True)
    assert (theirs.cause, theirs.authority, theirs.in_place) == (Cause.NONE, "base", False)


def test_an_openpgp_key_is_believed_by_its_keyring_and_never_by_a_trust():
    shelf = Shelf()
    manifest = chart(shelf, *parts(shelf))
    places = [collect_chart_provenance(shelf, manifest)]
    keyring = believing_the_keyring()
    (found,) = appraise(manifest.descriptor, NAME, places, keyring, now=world.NOW).pieces
    assert (found.cause, found.in_place) == (Cause.NONE, False) and found.authority
    trusting = dataclasses.replace(believing(), keyring=keyring.keyring)
    (found,) = appraise(manifest.descriptor, NAME, places, trusting, now=world.NOW).pieces
    assert found.cause is Cause.UNTRUSTED and "a trust does not speak of OpenPGP keys" in found.detail


# --- what is the same, so that two who say it are two


def agreeing(kind, *pieces):
    (agreement,) = facts(*pieces, anchors=believing(two(kind))).agreements
    return agreement


def test_what_is_said_of_another_kind_is_no_second_voice_although_it_reads_the_same():
    pieces = (said("release", CYCLONEDX, {"a": 1}), said("security", SPDX, {"a": 1}))
    assert agreeing(CYCLONEDX, *pieces).cause is Cause.UNTRUSTED


def test_nobody_who_says_a_thing_is_told_as_that_and_too_few_as_how_many():
    nobody = agreeing(CYCLONEDX)
    assert (nobody.cause, nobody.detail) == (Cause.UNTRUSTED, f"nobody who may has said SBOM about {NAME}")
    assert "1 of 2 needed authorities" in agreeing(CYCLONEDX, said("release", CYCLONEDX)).detail


def test_two_signatures_agree_whatever_else_they_say():
    pieces = (said("release", IMAGE_SIGNATURE, {"a": 1}), said("security", IMAGE_SIGNATURE, {"a": 2}))
    assert agreeing(IMAGE_SIGNATURE, *pieces).cause is Cause.NONE


def test_two_file_manifests_agree_by_their_root():
    other = {**ONE, "components": ["pkg:npm/x@1"]}
    assert parse_manifest(other).root == parse_manifest(ONE).root
    assert (
        agreeing(FILE_MANIFEST, said("release", FILE_MANIFEST, ONE), said("security", FILE_MANIFEST, other)).cause is Cause.NONE
    )


def test_a_voice_about_the_index_and_one_about_the_image_say_two_things():
    for kind, predicate in ((CYCLONEDX, {"a": 1}), (FILE_MANIFEST, ONE)):
        image = bundle(TARGET.digest, kind, predicate)
        index = about(INDEX, bundle(INDEX.digest, kind, predicate, KEYS["security"]))
        assert agreeing(kind, image, *index).cause is Cause.UNTRUSTED
        both = about(INDEX, bundle(INDEX.digest, kind, predicate), bundle(INDEX.digest, kind, predicate, KEYS["security"]))
        assert agreeing(kind, *both).cause is Cause.NONE
    image = bundle(TARGET.digest, IMAGE_SIGNATURE)
    index = about(INDEX, bundle(INDEX.digest, IMAGE_SIGNATURE, signer=KEYS["security"]))
    assert agreeing(IMAGE_SIGNATURE, image, *index).cause is Cause.NONE


def test_only_of_provenance_the_details_of_the_run_are_left_out():
    def run(number):
        return {"runDetails": {"builder": {"id": "x"}, "metadata": {"invocationId": str(number)}}}

    for kind, cause in ((SLSA_PROVENANCE, Cause.NONE), (CYCLONEDX, Cause.UNTRUSTED)):
        assert agreeing(kind, said("release", kind, run(1)), said("security", kind, run(2))).cause is cause


@pytest.mark.parametrize("details", ["x", [], 5, {"builder": None}])
def test_provenance_with_odd_details_is_held_to_what_it_says(details):
    pieces = [said(name, SLSA_PROVENANCE, {"runDetails": details, "a": 1}) for name in ("release", "security")]
    assert agreeing(SLSA_PROVENANCE, *pieces).cause is Cause.NONE
    other = said("security", SLSA_PROVENANCE, {"runDetails": details, "a": 2})
    assert agreeing(SLSA_PROVENANCE, pieces[0], other).cause is Cause.UNTRUSTED
