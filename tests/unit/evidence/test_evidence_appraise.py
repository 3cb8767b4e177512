"""Pieces of every form become facts: who said what by when, and each way in which they must not count."""

import base64
import dataclasses
import datetime as dt

import notary
import pytest
import world
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.bundle import render_bundle
from pratique.attest.notation import JWS
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.statement import StatementSubject, render_statement
from pratique.evidence.appraise import appraise
from pratique.evidence.collected import Collected, Collection, EvidenceForm
from pratique.evidence.trust_anchors import OwnLog, TrustAnchors, anchors_of_keys
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.registry.types import Descriptor
from pratique.trust import Authorities, Authority, Certified, Grant, Key, Lifetime, Revocation, Scope, Trust, WorkloadIdentity

NAME = "registry.example.com/acme/app:v1"
CLAIM = "https://example.org/claim/v1"
KEY = FileSigner(world.KEYS["ed25519"])
TARGET = Descriptor(media_type=notary.IMAGE, digest=Digest.of(world.ARTIFACT), size=len(world.ARTIFACT))
WORLD = world.World()
KEYLESS = world.dump(WORLD.bundle(content="dsse"))
TEAM = notary.team()
NOTED = notary.signed(
    TEAM, target=notary.TargetArtifact(media_type=notary.IMAGE, digest=TARGET.digest, size=TARGET.size, annotations={})
)


def own_bundle(predicate_type=CYCLONEDX, digest=TARGET.digest, signer=KEY):
    payload = render_statement(subjects=[StatementSubject.of("app", digest)], predicate_type=predicate_type, predicate={})
    return render_bundle(sign_statement(signer, payload), signer.public_key)


OWN = own_bundle()


def piece(data, form=EvidenceForm.BUNDLE, media_type="", claimed=""):
    return Collected(
        digest=Digest.of(data), where="registry.example.com", form=form, media_type=media_type, claimed_type=claimed, data=data
    )


NOTATION = piece(NOTED, EvidenceForm.NOTATION, JWS, IMAGE_SIGNATURE)


def facts(*pieces, trust_anchors, now=world.NOW, name=NAME, target=TARGET, answers=None):
    collected = tuple(item if isinstance(item, Collected) else piece(item) for item in pieces)
    return appraise(target, name, [Collection(pieces=collected)], trust_anchors, now=now, answers=answers or {})


def one(item, **options):
    (found,) = facts(item, **options).pieces
    return found


def believing(*authorities, revocations=(), **more):
    """A trust of these, with a Sigstore and a notation store of their own."""
    trust = Trust(name="acme", authorities=Authorities(authorities), revocations=revocations)
    defaults = {
        "keys": {KEY.public_key.keyid: KEY.public_key},
        "root": parse_trusted_root(world.dump(WORLD.trusted_root())),
        "stores": TEAM.stores,
    }
    return TrustAnchors(authorities=trust.authorities, trust=trust, **{**defaults, **more})


def may(*predicates, about="registry.example.com/acme"):
    return (Grant(predicates=frozenset(predicates), scopes=(Scope.parse(about),)),)


def key_authority(lifetime=None, grants=None):
    key = Key(keyid=KEY.public_key.keyid, lifetime=lifetime or Lifetime())
    return Authority(name="release", signers=(key,), grants=grants or may(CYCLONEDX))


CI = Authority(name="ci", signers=(WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT),), grants=may(CLAIM))


def certified(**options):
    subject = TEAM.leaf.certificate.subject.rfc4514_string()
    signer = Certified(store="ca:acme", name=subject, **options)
    return Authority(name="builders", signers=(signer,), grants=may(IMAGE_SIGNATURE))


def test_a_key_that_is_believed_signs_whatever_it_says():
    trust_anchors = anchors_of_keys([("release", [KEY.public_key])], ())
    found = one(OWN, trust_anchors=trust_anchors)
    assert (found.cause, found.authority, found.predicate_type) == (Cause.NONE, "release", CYCLONEDX)
    assert found.form == "Sigstore bundle" and found.signed.times == ()


def test_an_identity_signs_by_the_log_s_time_long_after_its_certificate_ended():
    found = one(KEYLESS, trust_anchors=believing(CI), now=world.NOW + 10**8)
    assert (found.cause, found.authority) == (Cause.NONE, "ci")
    assert found.signed.signer.subject == world.SUBJECT
    assert found.signed.times[0].at == world.NOW and found.signed.places[0].index == 1001


def test_a_notation_signature_counts_for_the_name_in_its_certificate():
    found = one(NOTATION, trust_anchors=believing(certified()), now=notary.AT)
    assert (found.cause, found.authority, found.predicate_type) == (Cause.NONE, "builders", IMAGE_SIGNATURE)
    assert found.form == "notation signature"


@pytest.mark.parametrize("item", [OWN, KEYLESS, NOTATION], ids=["key", "identity", "notation"])
def test_whom_nobody_named_is_untrusted_in_every_form(item):
    stranger = Authority(name="x", signers=(Key(keyid="0" * 64),), grants=may(CYCLONEDX, CLAIM, IMAGE_SIGNATURE))
    found = one(item, trust_anchors=believing(stranger), now=notary.AT if item is NOTATION else world.NOW)
    assert found.cause is Cause.UNTRUSTED
    assert found.predicate == {} and found.signed is None and found.authority == ""


@pytest.mark.parametrize("item", [OWN, KEYLESS, NOTATION], ids=["key", "identity", "notation"])
def test_what_is_about_another_artifact_counts_for_none(item):
    other = dataclasses.replace(TARGET, digest=Digest.of(b"another"))
    trust_anchors = believing(key_authority(), CI, certified())
    found = one(item, trust_anchors=trust_anchors, target=other, now=notary.AT if item is NOTATION else world.NOW)
    assert found.cause is Cause.MISMATCH


def test_a_message_signature_about_another_artifact_never_verifies():
    bundle = world.dump(WORLD.bundle())
    signature = Authority(name="ci", signers=CI.signers, grants=may(IMAGE_SIGNATURE))
    assert one(bundle, trust_anchors=believing(signature)).cause is Cause.NONE
    other = dataclasses.replace(TARGET, digest=Digest.of(b"another"))
    assert one(bundle, trust_anchors=believing(signature), target=other).cause is Cause.MISMATCH


def test_an_authority_that_may_not_say_this_is_untrusted_however_well_it_signed():
    assert one(OWN, trust_anchors=believing(key_authority(grants=may(CLAIM)))).cause is Cause.UNTRUSTED
    elsewhere = key_authority(grants=may(CYCLONEDX, about="registry.example.com/other"))
    assert one(OWN, trust_anchors=believing(elsewhere)).cause is Cause.UNTRUSTED


def test_permissions_are_about_the_name_that_was_asked_for():
    trust_anchors = believing(key_authority())
    assert one(OWN, trust_anchors=trust_anchors, name="registry.example.com/acme/app").cause is Cause.NONE
    assert one(OWN, trust_anchors=trust_anchors, name="registry.example.com/acme-evil/app").cause is Cause.UNTRUSTED
    assert one(OWN, trust_anchors=trust_anchors, name="").cause is Cause.UNTRUSTED


def test_a_retired_key_counts_for_what_is_proven_to_be_older_and_for_nothing_else():
    # The bundle of a bare key has no time that anybody else vouches for.
    assert one(OWN, trust_anchors=believing(key_authority(Lifetime(retired_at=world.NOW - 1)))).cause is Cause.EXPIRED
    assert one(OWN, trust_anchors=believing(key_authority(Lifetime(retired_at=world.NOW + 1)))).cause is Cause.NONE
    retired = WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT, lifetime=Lifetime(retired_at=world.NOW + 1))
    later = world.NOW + 10**8
    proven = Authority(name="ci", signers=(retired,), grants=may(CLAIM))
    assert one(KEYLESS, trust_anchors=believing(proven), now=later).cause is Cause.NONE


def test_a_compromised_signer_counts_only_for_what_is_proven_to_be_before():
    def compromised(at):
        signer = WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT, lifetime=Lifetime(compromised_at=at))
        return Authority(name="ci", signers=(signer,), grants=may(CLAIM))

    later = world.NOW + 1000
    assert one(KEYLESS, trust_anchors=believing(compromised(world.NOW + 1)), now=later).cause is Cause.NONE
    assert one(KEYLESS, trust_anchors=believing(compromised(world.NOW)), now=later).cause is Cause.REVOKED
    assert (
        one(OWN, trust_anchors=believing(key_authority(Lifetime(compromised_at=world.NOW + 1))), now=later).cause is Cause.REVOKED
    )


def test_a_single_statement_is_taken_back_by_its_digest_or_by_what_it_is_about():
    payload = base64.b64decode(world.json.loads(OWN)["dsseEnvelope"]["payload"])
    by_digest = Revocation(statement=Digest.of(payload), reason="built from the wrong branch")
    found = one(OWN, trust_anchors=believing(key_authority(), revocations=(by_digest,)))
    assert found.cause is Cause.REVOKED and "wrong branch" in found.detail
    by_subject = Revocation(predicate_type=CYCLONEDX, subject=TARGET.digest)
    assert one(OWN, trust_anchors=believing(key_authority(), revocations=(by_subject,))).cause is Cause.REVOKED
    other = Revocation(predicate_type=IMAGE_SIGNATURE, subject=TARGET.digest)
    assert one(OWN, trust_anchors=believing(key_authority(), revocations=(other,))).cause is Cause.NONE


def test_without_a_trusted_root_or_store_nobody_can_be_verified():
    trust_anchors = believing(CI, certified(), root=None, stores=None)
    assert one(KEYLESS, trust_anchors=trust_anchors).cause is Cause.UNTRUSTED
    assert one(NOTATION, trust_anchors=trust_anchors, now=notary.AT).cause is Cause.UNTRUSTED


def test_an_identity_without_a_log_entry_does_not_count():
    bare = world.dump(WORLD.bundle(content="dsse", entries=[], stamps=[world.NOW]))
    assert one(bare, trust_anchors=believing(CI)).cause in (Cause.UNTRUSTED, Cause.INVALID)


def test_a_bundle_in_a_log_that_we_know_is_held_to_its_proof():
    entry_less = one(OWN, trust_anchors=anchors_of_keys([("release", [KEY.public_key])], (OwnLog(key=KEY.public_key),)))
    assert entry_less.log_index is None


@pytest.mark.parametrize(("name", "cause"), [("log.example/a", Cause.NONE), ("", Cause.NONE), ("log.example/b", Cause.INVALID)])
def test_a_log_that_is_known_by_its_name_is_no_other_log_of_the_same_key(tmp_path, name, cause):
    from pratique.keys.logged_signer import LoggedSigner, seal
    from pratique.tlog.log import create_log

    log_key = FileSigner(world.ed25519.Ed25519PrivateKey.generate())
    log = create_log(tmp_path / "log", origin="log.example/a", public_key=log_key.public_key.raw, sign=log_key.sign)
    payload = render_statement(subjects=[StatementSubject.of("app", TARGET.digest)], predicate_type=CYCLONEDX, predicate={})
    (sealed,) = seal(LoggedSigner(signer=KEY, log=log), [payload])
    found = one(
        sealed.data, trust_anchors=anchors_of_keys([("release", [KEY.public_key])], (OwnLog(key=log_key.public_key, name=name),))
    )
    assert found.cause is cause


def test_a_signature_whose_revocation_could_not_be_asked_is_unreachable_and_says_whom_to_ask():
    from cryptography import x509

    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example/list")], None, None, None)
    team = notary.team(extensions=[(x509.CRLDistributionPoints([point]), False)])
    target = notary.TargetArtifact(media_type=notary.IMAGE, digest=TARGET.digest, size=TARGET.size, annotations={})
    item = piece(notary.signed(team, target=target), EvidenceForm.NOTATION, JWS, IMAGE_SIGNATURE)
    trust_anchors = believing(certified(), stores=team.stores)
    found = one(item, trust_anchors=trust_anchors, now=notary.AT)
    assert found.cause is Cause.UNREACHABLE and found.wanted == ("http://crl.example/list",)
    answered = facts(item, trust_anchors=trust_anchors, now=notary.AT, answers={"http://crl.example/list": None})
    assert answered.pieces[0].cause is Cause.UNREACHABLE and answered.wanted == ()


def test_the_same_bytes_attached_again_as_something_else_take_nothing_away():
    again = piece(OWN, EvidenceForm.NOTATION, JWS, IMAGE_SIGNATURE)
    for order in ((piece(OWN), again), (again, piece(OWN))):
        found = facts(*order, trust_anchors=believing(key_authority())).pieces
        assert {(item.form, item.cause) for item in found} >= {("Sigstore bundle", Cause.NONE)} and len(found) == 2


def test_a_file_that_changes_while_it_is_read_is_not_the_one_that_was_signed():
    from pratique.attest.sigstore.verify import ArtifactDigests
    from pratique.evidence.claims import FileSubject

    other = FileSubject(name="app", artifact=ArtifactDigests.of(b"something else"))
    (found,) = appraise(
        TARGET, NAME, [Collection(pieces=(piece(OWN),))], believing(key_authority()), now=world.NOW, content=other
    ).pieces
    assert found.cause is Cause.MISMATCH


def test_what_could_not_be_fetched_keeps_its_cause_beside_what_could():
    lost = Collected(digest=Digest.of(b"lost"), where="there", cause=Cause.UNREACHABLE, detail="it went away")
    found = facts(OWN, lost, trust_anchors=believing(key_authority())).pieces
    assert sorted(item.cause for item in found) == [Cause.NONE, Cause.UNREACHABLE]


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_flipped_bit_of_any_form_is_never_a_yes(data):
    item = data.draw(st.sampled_from([piece(OWN), piece(KEYLESS), NOTATION]))
    at = data.draw(st.integers(0, 8 * len(item.data) - 1))
    flipped = bytearray(item.data)
    flipped[at // 8] ^= 1 << at % 8
    broken = dataclasses.replace(item, data=bytes(flipped), digest=Digest.of(bytes(flipped)))
    trust_anchors = believing(key_authority(), CI, certified())
    found = one(broken, trust_anchors=trust_anchors, now=notary.AT if item is NOTATION else world.NOW)
    whole = one(item, trust_anchors=trust_anchors, now=notary.AT if item is NOTATION else world.NOW)
    assert whole.cause is Cause.NONE
    if found.cause is Cause.NONE:  # a byte that means nothing, such as the name of an unprotected member: nothing else changed
        assert (found.authority, found.predicate_type, found.predicate) == (
            whole.authority,
            whole.predicate_type,
            whole.predicate,
        )


def test_times_of_certificates_are_not_taken_for_proof():
    assert TEAM.leaf.certificate.not_valid_before_utc < dt.datetime.now(dt.UTC)
    found = one(NOTATION, trust_anchors=believing(certified()), now=notary.AT)
    assert found.signed.times == ()
