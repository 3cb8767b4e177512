"""Each check of a notation signature at its bounds, with timestamps of a time of choice: what fails, and in which words."""

import base64
import json
from dataclasses import replace

import pytest
import world
from notary import AT, TARGET, causes, check, signed, team
from notation_lists import LIST, crl, lists_at, revoked
from pki import STAMP, make

from pratique.attest.notation import JWS, Scheme, TrustStores, countersign, parse_envelope, sign
from pratique.attest.notation.algorithms import BY_NAME, raw_signature
from pratique.attest.notation.envelope import PLUGIN
from pratique.attest.notation.policy import AUDIT, PERMISSIVE, SKIP, STRICT, Action, CheckKind, Level, Timestamps
from pratique.attest.notation.sign import render_envelope
from pratique.attest.notation.verify import parse_target
from pratique.attest.timestamp import token_in
from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.model.verdict import Cause

ACME = team(born=AT - 100, died=AT + 100)
ROOT = make("Stamp Root", ca=True)
STAMPER = ROOT.issue("Stamper", extensions=[STAMP])
BOTH = ("ca:acme", "tsa:stamp")


def stores(acme=ACME, root=ROOT, **more):
    return TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (root.der,), **more})


def stamped(data, at, *, by=STAMPER, accuracy=None, embed=True):
    signature = parse_envelope(data, JWS).signature
    return countersign(data, JWS, token_in(world.stamp(by, signature, at, accuracy=accuracy, embed=embed)))


def judged(data, acme=ACME, *, known=None, **options):
    return check(data, acme, stores=known or stores(acme), stores_named=BOTH, **options)


# --- what is checked at all


def test_who_skips_looks_at_nothing_and_says_so_of_each_check():
    found = check(b"anything", ACME, level=SKIP)
    assert [(one.kind, one.action, one.cause) for one in found.checks] == [(kind, Action.SKIP, Cause.NONE) for kind in CheckKind]
    assert (found.decisive, found.target, found.signed) == (None, None, None)


def test_a_level_that_skips_revocation_does_not_ask_and_one_that_logs_it_does():
    acme = team(extensions=[lists_at(LIST)])
    for action, kinds, wanted in ((Action.SKIP, 4, ()), (Action.LOG, 5, (LIST,))):
        level = Level(name="x", actions={**STRICT.actions, CheckKind.REVOCATION: action})
        found = check(signed(acme), acme, level=level)
        assert (len(found.checks), found.wanted, found.cause) == (kinds, wanted, Cause.NONE)


@pytest.mark.parametrize("changes", [{"size": TARGET.size + 1}, {"media_type": "application/x"}, {"digest": Digest.of(b"other")}])
@pytest.mark.parametrize("level", [STRICT, PERMISSIVE, AUDIT])
def test_an_artifact_is_the_one_that_was_signed_in_each_of_its_three(changes, level):
    found = check(signed(ACME), ACME, target=replace(TARGET, **changes), level=level)
    assert (found.cause, found.signed, found.target) == (Cause.MISMATCH, None, TARGET)
    assert "another artifact" in found.detail


@pytest.mark.parametrize(("level", "cause"), [(STRICT, Cause.UNTRUSTED), (PERMISSIVE, Cause.UNTRUSTED), (AUDIT, Cause.NONE)])
def test_a_stranger_is_proven_to_nobody_whatever_the_level(level, cause):
    found = check(signed(team()), ACME, level=level)
    assert (found.cause, found.signed) == (cause, None)


def test_the_detail_is_that_of_the_first_check_that_decides():
    late = signed(ACME, expiry=AT + 1)
    assert "let it expire" in check(late, ACME, at=AT + 1).detail
    assert check(late, ACME, at=AT + 1, level=PERMISSIVE).detail.startswith("signed by CN=builder")
    stranger = check(signed(team(), expiry=AT + 1), ACME, at=AT + 1)
    assert "leads to no certificate of a trusted ca store" in stranger.detail


def test_strangers_certificates_are_asked_about_nowhere():
    stranger = team(extensions=[lists_at(LIST)])
    found = check(signed(stranger), ACME)
    assert found.wanted == () and causes(found)["revocation"] == "unreachable"


@pytest.mark.parametrize(("at", "cause"), [(AT + 59, Cause.NONE), (AT + 60, Cause.EXPIRED), (AT + 61, Cause.EXPIRED)])
def test_a_signature_is_good_up_to_the_second_in_which_it_expires(at, cause):
    assert check(signed(ACME, expiry=AT + 60), ACME, at=at).cause is cause


# --- payloads

WHOLE = b'{"targetArtifact": {"mediaType": "m", "digest": "sha256:%s", "size": 1%s}%s}'


@pytest.mark.parametrize(
    ("inner", "outer", "match"),
    [
        (b', "annotations": []', b"", "annotations is not an object"),
        (b', "annotations": {"a": 5}', b"", "annotations is not a string"),
        (b"", b', "more": 1', "unknown member 'more'"),
    ],
)
def test_a_payload_describes_one_artifact_and_nothing_else(inner, outer, match):
    whole = parse_target(WHOLE % (b"ab" * 32, b', "annotations": {"a": "b"}, "other": 1', b""))
    assert (whole.media_type, whole.size, whole.annotations) == ("m", 1, {"a": "b"})
    assert parse_target(WHOLE % (b"ab" * 32, b"", b"")).annotations == {}
    with pytest.raises(Malformed, match=match):
        parse_target(WHOLE % (b"ab" * 32, inner, outer))


# --- by when it was signed


@pytest.mark.parametrize(
    ("at", "cause", "words"),
    [
        (AT - 100, Cause.NONE, ""),
        (AT + 100, Cause.NONE, ""),
        (AT - 101, Cause.EXPIRED, "is not valid yet: it is from"),
        (AT + 101, Cause.EXPIRED, "is no longer valid: it was until"),
    ],
)
def test_without_a_proven_time_all_certificates_are_valid_now_both_ends_included(at, cause, words):
    found = check(signed(ACME), ACME, at=at)
    assert found.cause is cause
    assert not words or ("no trusted time is known, and now" in found.detail and words in found.detail)


@pytest.mark.parametrize(
    ("at", "accuracy", "cause"),
    [
        (AT - 100, None, Cause.NONE),
        (AT + 100, None, Cause.NONE),
        (AT - 101, None, Cause.EXPIRED),
        (AT + 101, None, Cause.EXPIRED),
        (AT - 99, 1, Cause.NONE),
        (AT - 100, 1, Cause.EXPIRED),
        (AT + 99, 1, Cause.NONE),
        (AT + 100, 1, Cause.EXPIRED),
    ],
)
def test_a_countersignature_was_made_while_all_certificates_were_valid_to_its_accuracy(at, accuracy, cause):
    found = judged(stamped(signed(ACME), at, accuracy=accuracy), at=AT + 10_000)
    assert found.cause is cause
    if cause is Cause.NONE:
        (time,) = found.signed.times
        assert (time.at, time.source, time.operator) == (at + (accuracy or 0), "timestamp authority", "tsa:stamp")
    else:
        assert "when it was countersigned" in found.detail


def test_a_countersignature_is_demanded_where_a_store_of_such_authorities_is_named():
    found = judged(signed(ACME))
    assert found.cause is Cause.EXPIRED and "no timestamp authority countersigned it" in found.detail
    assert check(signed(ACME), ACME).cause is Cause.NONE


@pytest.mark.parametrize(("at", "cause"), [(AT + 100, Cause.NONE), (AT + 101, Cause.EXPIRED)])
def test_after_expiry_alone_a_countersignature_is_demanded_from_the_second_after_it(at, cause):
    found = judged(signed(ACME), at=at, timestamps=Timestamps.AFTER_EXPIRY)
    assert found.cause is cause
    data = stamped(signed(ACME), AT)
    assert len(judged(data, at=at, timestamps=Timestamps.AFTER_EXPIRY).signed.times) == (cause is not Cause.NONE)


@pytest.mark.parametrize("died", [1, 0])
def test_a_certificate_that_ended_with_the_first_second_of_1970_has_ended_as_any_other(died):
    root, early = make("Early Root", ca=True, born=-1000), team(born=-1000, died=died)
    by = root.issue("Early Stamper", extensions=[STAMP], born=-1000)
    data = stamped(signed(early, at=died), died, by=by)
    found = judged(data, early, known=stores(early, root), timestamps=Timestamps.AFTER_EXPIRY)
    assert (found.cause, [time.at for time in found.signed.times]) == (Cause.NONE, [died])
    assert "no timestamp authority" in judged(signed(early, at=died), early, timestamps=Timestamps.AFTER_EXPIRY).detail


@pytest.mark.parametrize(("at", "cause"), [(AT, Cause.NONE), (AT + 101, Cause.EXPIRED)])
def test_where_none_is_demanded_a_stranger_s_countersignature_is_none(at, cause):
    data = stamped(signed(ACME), AT)
    known = stores(root=make("Other", ca=True))
    found = judged(data, known=known, at=at, timestamps=Timestamps.WHEN_PRESENT)
    assert found.cause is cause
    demanded = judged(data, known=known, at=at)
    assert demanded.cause is Cause.UNTRUSTED and demanded.detail.startswith("its timestamp: ")


def test_a_countersignature_of_another_signature_is_invalid_whether_it_is_demanded_or_not():
    other = parse_envelope(signed(ACME, expiry=AT + 50), JWS)
    token = parse_envelope(stamped(signed(ACME), AT), JWS).timestamp
    data = render_envelope(replace(other, timestamp=token))
    for timestamps in (Timestamps.ALWAYS, Timestamps.WHEN_PRESENT):
        found = judged(data, timestamps=timestamps)
        assert found.cause is Cause.INVALID and found.detail.startswith("its timestamp: ")


REVOCABLE = ROOT.issue("Stamper", extensions=[STAMP, lists_at(LIST)])
LOST = crl(ROOT, revoked(REVOCABLE.certificate.serial_number))


@pytest.mark.parametrize(
    ("answers", "demanded", "present"),
    [
        ({LIST: crl(ROOT)}, (Cause.NONE, 1), (Cause.NONE, 1)),
        ({LIST: LOST}, (Cause.REVOKED, 0), (Cause.NONE, 0)),
        ({LIST: None}, (Cause.UNREACHABLE, 0), (Cause.NONE, 0)),
        ({}, (Cause.UNREACHABLE, 0), (Cause.NONE, 0)),
    ],
)
def test_a_timestamp_authority_that_may_be_revoked_proves_no_time(answers, demanded, present):
    data = stamped(signed(ACME), AT, by=REVOCABLE)
    for timestamps, (cause, times) in ((Timestamps.ALWAYS, demanded), (Timestamps.WHEN_PRESENT, present)):
        found = judged(data, answers=answers, timestamps=timestamps)
        assert found.cause is cause
        assert len(found.signed.times) == times
        assert found.wanted == (() if answers else (LIST,))
    late = judged(data, answers=answers, timestamps=Timestamps.WHEN_PRESENT, at=AT + 101)
    assert late.cause is demanded[0]
    assert demanded[0] is Cause.NONE or late.detail.startswith("its timestamp authority: ")


def test_a_proven_time_saves_from_a_later_loss_of_the_key_and_no_earlier_one():
    acme = team(extensions=[lists_at(LIST)])
    for since, cause in ((AT + 1, Cause.NONE), (AT, Cause.REVOKED)):
        listed = {LIST: crl(acme.middle, revoked(acme.leaf.certificate.serial_number, since=since))}
        data = stamped(signed(acme), AT)
        assert judged(data, acme, answers=listed).cause is cause
        assert check(signed(acme), acme, answers=listed).cause is Cause.REVOKED


# --- services that sign for others


WIDE = ACME.middle.issue("leaf", subject=ACME.leaf.certificate.subject, key=ACME.leaf.key)


def service(at, *, named=("signingAuthority:acme",), **held):
    """Signed at this time with the key of a certificate that was valid then, and shown with one that may not have been."""
    known = TrustStores(certificates={"signingAuthority:acme": (ACME.root.der,), **held})
    wide = (WIDE.der, *ACME.chain[1:])
    data = sign(TARGET, sign=ACME.sign, chain=wide, at=at, scheme=Scheme.AUTHORITY)
    data = render_envelope(replace(parse_envelope(data, JWS), chain=ACME.chain))
    return check(data, ACME, at=AT + 10_000, stores=known, stores_named=named)


@pytest.mark.parametrize(
    ("at", "cause"), [(AT - 100, Cause.NONE), (AT + 100, Cause.NONE), (AT - 101, Cause.EXPIRED), (AT + 101, Cause.EXPIRED)]
)
def test_the_time_of_a_signing_service_lies_within_its_certificates_both_ends_included(at, cause):
    found = service(at)
    assert found.cause is cause
    if cause is Cause.NONE:
        (time,) = found.signed.times
        assert (time.at, time.source, time.operator) == (at, "signing authority", "signingAuthority:acme")
    else:
        assert "at its authentic signing time" in found.detail


def test_the_time_of_a_signing_service_that_nobody_trusts_is_its_own_word():
    found = service(AT, named=("ca:acme",), **{"ca:acme": (ACME.root.der,)})
    assert causes(found)["authenticTimestamp"] == "untrusted"
    assert (found.cause, found.signed) == (Cause.UNTRUSTED, None)


# --- what an envelope is


def test_an_envelope_claims_the_algorithm_of_its_certificate_s_key():
    other = team(algorithm="ES384", born=AT - 100, died=AT + 100)
    data = render_envelope(replace(parse_envelope(signed(ACME), JWS), chain=other.chain))
    found = check(data, other)
    assert found.cause is Cause.INVALID and "it claims " in found.detail


@pytest.mark.parametrize(
    ("identity", "cause"),
    [({"CN": "builder"}, Cause.NONE), ({"CN": "other"}, Cause.UNTRUSTED)],
)
def test_an_identity_is_one_of_those_that_the_statement_names(identity, cause):
    found = check(signed(ACME), ACME, identities=({"CN": "nobody"}, identity))
    assert found.cause is cause
    assert cause is Cause.NONE or "which is none of the trusted identities" in found.detail


def test_who_signed_is_told_only_where_that_is_proven():
    assert check(signed(team()), ACME, level=AUDIT).detail == "accepted without a proven signer"


def resigned(**headers):
    """An envelope whose protected headers say this too, each of a new name critically, and whose signature holds."""
    envelope = json.loads(signed(ACME))
    protected = json.loads(base64.urlsafe_b64decode(envelope["protected"] + "=="))
    protected["crit"] += [name for name in headers if name not in protected]
    text = json.dumps({**protected, **headers}).encode()
    envelope["protected"] = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    message = f"{envelope['protected']}.{envelope['payload']}".encode()
    signature = raw_signature(ACME.sign(message), BY_NAME["ES256"])
    envelope["signature"] = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    ("headers", "cause", "why"),
    [
        ({}, Cause.NONE, "signed by "),
        ({"cty": "application/x"}, Cause.INVALID, "its payload is 'application/x', which is not read"),
        ({"new": 1}, Cause.INVALID, "it demands 'new', which nobody here understands"),
        ({PLUGIN: "p"}, Cause.UNREADABLE, "it demands the verification plugin 'p'; plugins are not run"),
    ],
)
def test_what_a_signature_demands_beside_is_refused_though_the_signature_holds(headers, cause, why):
    found = check(resigned(**headers), ACME)
    assert found.cause is cause and found.detail.startswith(why)
    assert (found.signed is None) is bool(headers)


def test_an_envelope_beyond_the_limits_is_not_called_false_but_unread():
    envelope = parse_envelope(signed(ACME), JWS)
    for chain, cause in ((ACME.chain * 4, Cause.UNREADABLE), ((), Cause.INVALID)):
        (found,) = check(render_envelope(replace(envelope, chain=chain)), ACME).checks
        assert (found.kind, found.cause, found.action) == (CheckKind.INTEGRITY, cause, Action.ENFORCE)
