"""Whether enough signed is decided where evidence is appraised: what too few said cannot be had from the facts."""

import dataclasses

import pytest
import world

from pratique.attest.bundle import render_bundle
from pratique.attest.statement import StatementSubject, render_statement
from pratique.evidence.appraise import appraise, trusted_manifest
from pratique.evidence.collected import Collected, Collection
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest, FileManifest
from pratique.model.manifest import manifest_predicate, manifest_root
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, SLSA_VSA, SPDX
from pratique.model.tree import FileEntry, FileKind
from pratique.registry.types import Descriptor
from pratique.trust import Authorities, Authority, Grant, Key, Scope, Threshold, Trust

NAME = "registry.example.com/acme/prod/app:v1"
ALL = (IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE, SLSA_VSA)
TARGET = Descriptor(media_type="", digest=Digest.of(b"image"), size=5)
KEYS = {name: FileSigner(world.ed25519.Ed25519PrivateKey.generate()) for name in ("release", "release-2", "security", "vendor")}
EVERYWHERE = (Scope.parse("*"),)


def manifest(text: bytes):
    entries = (FileEntry("bin/app", FileKind.FILE, 0o755, len(text), Digest.of(text).hex),)
    return manifest_predicate(FileManifest(root=manifest_root(entries), entries=entries, owners=("",)))


def said(signer: str, kind: str, predicate=None) -> Collected:
    payload = render_statement(
        subjects=[StatementSubject.of("app", TARGET.digest)], predicate_type=kind, predicate=predicate or {}
    )
    key = KEYS[signer]
    data = render_bundle(sign_statement(key, payload), key.public_key)
    return Collected(digest=Digest.of(data), where="there", claimed_type=kind, data=data)


def believing(*thresholds: Threshold) -> TrustAnchors:
    grants = (Grant(predicates=frozenset({*ALL, SPDX}), scopes=EVERYWHERE),)
    keyids = {"release": ("release", "release-2"), "security": ("security",), "vendor": ("vendor",)}
    authorities = Authorities(
        tuple(
            Authority(name=name, signers=tuple(Key(keyid=KEYS[key].public_key.keyid) for key in keys), grants=grants)
            for name, keys in keyids.items()
        )
    )
    trust = Trust(name="acme", authorities=authorities, thresholds=thresholds)
    keys = {key.public_key.keyid: key.public_key for key in KEYS.values()}
    return TrustAnchors(keys=keys, authorities=authorities, trust=trust)


def two(kind: str, about: str = "registry.example.com/acme/prod", names=()) -> Threshold:
    return Threshold(predicates=frozenset({kind}), scopes=(Scope.parse(about),), count=2, names=frozenset(names))


def facts(*pieces, anchors, name=NAME):
    return appraise(TARGET, name, [Collection(pieces=pieces)], anchors, now=world.NOW)


def taken(*pieces, anchors, name=NAME):
    return trusted_manifest(TARGET, name, Collection(pieces=pieces), anchors, now=world.NOW)


ONE, OTHER = manifest(b"one"), manifest(b"other")
SAID = {
    IMAGE_SIGNATURE: ({}, {}),
    CYCLONEDX: ({"bomFormat": "CycloneDX", "specVersion": "1.6"}, {"bomFormat": "CycloneDX", "specVersion": "1.5"}),
    FILE_MANIFEST: (ONE, OTHER),
    SLSA_PROVENANCE: (
        {"runDetails": {"builder": {"id": "https://ci.example/a"}, "metadata": {"startedOn": "2026-01-01T00:00:00Z"}}},
        {"runDetails": {"builder": {"id": "https://ci.example/b"}}},
    ),
    SLSA_VSA: ({"verificationResult": "PASSED"}, {"verificationResult": "FAILED"}),
}


@pytest.mark.parametrize("kind", ALL)
def test_a_claim_below_its_threshold_cannot_be_had_from_the_facts(kind):
    found = facts(said("release", kind, SAID[kind][0]), anchors=believing(two(kind)))
    (piece,) = found.pieces
    assert piece.cause is Cause.UNTRUSTED and "1 of 2" in piece.detail and "release" in piece.detail
    assert piece.predicate == {} and piece.authority == "" and piece.signed is None
    assert found.sboms == found.manifests == ()
    assert [(item.predicate_type, item.cause) for item in found.agreements] == [(kind, Cause.UNTRUSTED)]


@pytest.mark.parametrize("kind", ALL)
def test_two_authorities_who_say_the_same_are_enough(kind):
    both = [said(signer, kind, SAID[kind][0]) for signer in ("release", "security")]
    found = facts(*both, anchors=believing(two(kind)))
    assert {(piece.cause, piece.authority) for piece in found.pieces} == {(Cause.NONE, "release"), (Cause.NONE, "security")}
    assert [(item.cause, item.detail.rpartition(": ")[2]) for item in found.agreements] == [(Cause.NONE, "release, security")]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != IMAGE_SIGNATURE])
def test_two_authorities_who_say_different_things_are_not_two_for_either(kind):
    """Else one compromised signer would need only that another signs anything at all of the kind."""
    pieces = [said("release", kind, SAID[kind][0]), said("security", kind, SAID[kind][1])]
    found = facts(*pieces, anchors=believing(two(kind)))
    assert {piece.cause for piece in found.pieces} == {Cause.UNTRUSTED}
    assert found.sboms == found.manifests == ()


def test_two_keys_of_one_authority_are_one_voice_whatever_they_sign():
    pieces = [said(signer, FILE_MANIFEST, ONE) for signer in ("release", "release-2")]
    assert {piece.cause for piece in facts(*pieces, anchors=believing(two(FILE_MANIFEST))).pieces} == {Cause.UNTRUSTED}


def test_the_agent_takes_no_manifest_below_the_threshold_and_no_other_than_the_one_that_enough_signed():
    anchors = believing(two(FILE_MANIFEST))
    one = said("release", FILE_MANIFEST, ONE)
    got, cause, detail = taken(one, anchors=anchors)
    assert (got, cause) == (None, Cause.UNTRUSTED) and "1 of 2" in detail
    got, cause, _ = taken(one, said("security", FILE_MANIFEST, OTHER), anchors=anchors)
    assert (got, cause) == (None, Cause.UNTRUSTED)
    got, cause, _ = taken(one, said("security", FILE_MANIFEST, ONE), said("vendor", FILE_MANIFEST, OTHER), anchors=anchors)
    assert cause is Cause.NONE and got is not None and str(got.root) == ONE["root"]


def test_without_a_threshold_two_different_trusted_manifests_are_refused():
    got, cause, detail = taken(said("release", FILE_MANIFEST, ONE), said("security", FILE_MANIFEST, OTHER), anchors=believing())
    assert (got, cause) == (None, Cause.MISMATCH) and "2 different" in detail
    got, cause, _ = taken(said("release", FILE_MANIFEST, ONE), said("security", FILE_MANIFEST, ONE), anchors=believing())
    assert got is not None and cause is Cause.NONE


def test_a_trusted_manifest_that_is_none_is_refused_even_beside_a_good_one():
    got, cause, _ = taken(
        said("release", FILE_MANIFEST, ONE), said("security", FILE_MANIFEST, {**ONE, "root": OTHER["root"]}), anchors=believing()
    )
    assert (got, cause) == (None, Cause.INVALID)


def test_no_manifest_is_absent_a_lost_one_unreachable_and_a_stranger_s_untrusted():
    lost = Collected(digest=Digest.of(b"x"), where="there", claimed_type=FILE_MANIFEST, cause=Cause.UNREACHABLE, detail="gone")
    stranger = dataclasses.replace(believing(), authorities=Authorities(), trust=Trust(name="x", authorities=Authorities()))
    one = said("release", FILE_MANIFEST, ONE)
    assert taken(anchors=believing())[1] is Cause.ABSENT
    assert taken(said("release", CYCLONEDX), anchors=believing())[1] is Cause.ABSENT
    assert taken(one, anchors=stranger)[1] is Cause.UNTRUSTED
    assert taken(one, lost, anchors=stranger)[1] is Cause.UNREACHABLE
    down = Collection(cause=Cause.UNREACHABLE, detail="down")
    assert trusted_manifest(TARGET, NAME, down, believing(), now=world.NOW)[:2] == (None, Cause.UNREACHABLE)


def test_a_threshold_that_one_who_could_not_be_had_may_meet_could_not_be_checked():
    lost = Collected(digest=Digest.of(b"x"), where="there", claimed_type=FILE_MANIFEST, cause=Cause.UNREACHABLE, detail="gone")
    found = facts(said("release", FILE_MANIFEST, ONE), lost, anchors=believing(two(FILE_MANIFEST)))
    assert {piece.cause for piece in found.pieces} == {Cause.UNREACHABLE}
    assert found.agreements[0].cause is Cause.UNREACHABLE
    of_another_kind = dataclasses.replace(lost, claimed_type=CYCLONEDX)
    found = facts(said("release", FILE_MANIFEST, ONE), of_another_kind, anchors=believing(two(FILE_MANIFEST)))
    assert found.agreements[0].cause is Cause.UNTRUSTED


def test_a_threshold_counts_only_those_it_names_and_only_where_it_covers():
    among = believing(two(IMAGE_SIGNATURE, names=("release", "vendor")))
    pieces = [said(signer, IMAGE_SIGNATURE) for signer in ("release", "security")]
    assert {piece.cause for piece in facts(*pieces, anchors=among).pieces} == {Cause.UNTRUSTED}
    third = said("vendor", IMAGE_SIGNATURE)
    assert {piece.cause for piece in facts(*pieces, third, anchors=among).pieces} == {Cause.NONE}
    elsewhere = facts(pieces[0], anchors=among, name="registry.example.com/acme/test/app:v1")
    assert elsewhere.pieces[0].cause is Cause.NONE and elsewhere.agreements == ()


def test_every_threshold_that_covers_a_claim_must_be_met():
    wide = dataclasses.replace(two(IMAGE_SIGNATURE, "registry.example.com/acme"), count=3)
    pieces = [said(signer, IMAGE_SIGNATURE) for signer in ("release", "security")]
    found = facts(*pieces, anchors=believing(two(IMAGE_SIGNATURE), wide))
    assert {piece.cause for piece in found.pieces} == {Cause.UNTRUSTED} and "2 of 3" in found.pieces[0].detail


def test_builds_of_one_provenance_at_other_times_are_the_same_and_by_another_builder_are_not():
    details = SAID[SLSA_PROVENANCE][0]["runDetails"]
    later = {"runDetails": {**details, "metadata": {"startedOn": "2026-02-02T00:00:00Z", "invocationId": "7"}}}
    pieces = [said("release", SLSA_PROVENANCE, SAID[SLSA_PROVENANCE][0]), said("security", SLSA_PROVENANCE, later)]
    assert {piece.cause for piece in facts(*pieces, anchors=believing(two(SLSA_PROVENANCE))).pieces} == {Cause.NONE}
    other = {"buildDefinition": {"buildType": "https://evil.example"}, **later}
    pieces[1] = said("security", SLSA_PROVENANCE, other)
    assert {piece.cause for piece in facts(*pieces, anchors=believing(two(SLSA_PROVENANCE))).pieces} == {Cause.UNTRUSTED}


def test_a_decision_said_again_later_is_the_same_decision_and_an_sbom_with_that_member_is_not():
    pieces = [
        said("release", SLSA_VSA, {"verificationResult": "PASSED", "timeVerified": "2026-01-01T00:00:00Z"}),
        said("security", SLSA_VSA, {"verificationResult": "PASSED", "timeVerified": "2026-01-02T00:00:00Z"}),
    ]
    assert {piece.cause for piece in facts(*pieces, anchors=believing(two(SLSA_VSA))).pieces} == {Cause.NONE}
    pieces = [said("release", CYCLONEDX, {"timeVerified": 1}), said("security", CYCLONEDX, {"timeVerified": 2})]
    assert {piece.cause for piece in facts(*pieces, anchors=believing(two(CYCLONEDX))).pieces} == {Cause.UNTRUSTED}
