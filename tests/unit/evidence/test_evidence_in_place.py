"""Keys that a policy names in place, beside a trust: what the trust takes back or ends is out for them too."""

import base64

import pytest
import world
from test_evidence_appraise import KEY, NAME, OWN, TARGET, facts, may, own_bundle

from pratique.evidence.trust_anchors import TrustAnchors, anchors_in_place, anchors_of_keys
from pratique.keys.file import FileSigner
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.trust import (
    Authorities,
    Authority,
    Key,
    Lifetime,
    Revocation,
    Scope,
    Threshold,
    Trust,
    Window,
)

OTHER = FileSigner(world.ed25519.Ed25519PrivateKey.generate())
AT = world.NOW


def trusting(lifetime=None, *, name="release", about="registry.example.com/elsewhere", revocations=(), thresholds=()):
    """A trust whose `name` has KEY, and may say nothing about this artifact; `other` has OTHER."""
    authorities = Authorities(
        (
            Authority(
                name=name,
                signers=(Key(keyid=KEY.public_key.keyid, lifetime=lifetime or Lifetime()),),
                grants=may(CYCLONEDX, about=about),
            ),
            Authority(name="other", signers=(Key(keyid=OTHER.public_key.keyid),), grants=may(CYCLONEDX, IMAGE_SIGNATURE)),
        )
    )
    trust = Trust(name="acme", authorities=authorities, revocations=revocations, thresholds=thresholds)
    keys = {key.public_key.keyid: key.public_key for key in (KEY, OTHER)}
    return TrustAnchors(keys=keys, authorities=authorities, trust=trust)


def piece(base, data=OWN, signer=KEY, name="mine"):
    anchors = anchors_in_place([(name, [signer.public_key])], (), base)
    (found,) = facts(data, trust_anchors=anchors, now=AT).pieces
    return found


def test_a_key_in_place_may_say_what_the_trust_does_not_let_it_for_the_policy_named_it():
    found = piece(trusting())
    assert (found.cause, found.authority, found.in_place) == (Cause.NONE, "mine", True)
    assert piece(None).cause is Cause.NONE


@pytest.mark.parametrize(
    ("lifetime", "cause"),
    [
        (Lifetime(retired_at=AT - 1), Cause.EXPIRED),
        (Lifetime(retired_at=AT), Cause.NONE),
        (Lifetime(compromised_at=AT), Cause.REVOKED),
        (Lifetime(compromised_at=AT + 1), Cause.NONE),
        (Lifetime(window=Window(until=AT - 1)), Cause.EXPIRED),
        (Lifetime(window=Window(since=AT + 1)), Cause.EXPIRED),
    ],
)
def test_what_the_trust_ends_is_out_for_keys_in_place_too(lifetime, cause):
    found = piece(trusting(lifetime))
    assert found.cause is cause
    if cause is not Cause.NONE:
        assert found.authority == "" and found.predicate == {} and found.signed is None


@pytest.mark.parametrize("name", ["release", "mine"])
def test_another_name_for_the_key_or_the_same_one_is_no_way_around(name):
    assert piece(trusting(Lifetime(compromised_at=AT)), name=name).cause is Cause.REVOKED


def test_a_statement_that_the_trust_takes_back_is_out_whoever_signed_it():
    payload = Digest.of(base64.b64decode(world.json.loads(OWN)["dsseEnvelope"]["payload"]))
    for taken in (Revocation(statement=payload), Revocation(predicate_type=CYCLONEDX, subject=TARGET.digest)):
        assert piece(trusting(revocations=(taken,))).cause is Cause.REVOKED
    unknown = own_bundle(signer=FileSigner(world.KEYS["p256"])) if "p256" in world.KEYS else None
    if unknown is not None:
        signer = FileSigner(world.KEYS["p256"])
        assert (
            piece(trusting(revocations=(Revocation(predicate_type=CYCLONEDX, subject=TARGET.digest),)), unknown, signer).cause
            is Cause.REVOKED
        )


def test_a_name_in_place_means_nobody_of_the_trust_who_is_called_the_same():
    """Else the policy's `release` would be widened unseen by every key that the trust calls so."""
    base = trusting(about="registry.example.com/acme")
    anchors = anchors_in_place([("release", [OTHER.public_key])], (), base)
    (found,) = facts(OWN, trust_anchors=anchors, now=AT).pieces
    assert found.cause is Cause.UNTRUSTED and "somebody else" in found.detail


def test_whom_nobody_named_stays_untrusted_beside_keys_in_place():
    anchors = anchors_in_place([("mine", [OTHER.public_key])], (), None)
    (found,) = facts(OWN, trust_anchors=anchors, now=AT).pieces
    assert found.cause is Cause.UNTRUSTED


def test_authorities_of_the_trust_count_beside_those_in_place():
    bundle = own_bundle(CYCLONEDX, signer=OTHER)
    anchors = anchors_in_place([("mine", [KEY.public_key])], (), trusting())
    found = {item.authority: item.in_place for item in facts(OWN, bundle, trust_anchors=anchors, now=AT).pieces}
    assert found == {"mine": True, "other": False} and anchors.names == {"mine", "release", "other"}


def test_a_voice_in_place_does_not_help_an_authority_of_the_trust_over_its_threshold():
    rule = Threshold(predicates=frozenset({CYCLONEDX}), scopes=(Scope.parse("*"),), count=2)
    anchors = anchors_in_place([("mine", [KEY.public_key])], (), trusting(thresholds=(rule,)))
    found = facts(OWN, own_bundle(CYCLONEDX, signer=OTHER), trust_anchors=anchors, now=AT, name=NAME)
    assert {(item.authority, item.cause) for item in found.pieces} == {("mine", Cause.NONE), ("", Cause.UNTRUSTED)}


def test_without_a_trust_keys_in_place_are_what_keys_on_a_command_line_are():
    named = [("mine", [KEY.public_key])]
    assert anchors_in_place(named, (), None) == anchors_of_keys(named, ())
