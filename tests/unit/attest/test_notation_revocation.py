import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from notary import AT, causes, check, signed, team
from notation_lists import (
    BAD,
    CHANGES,
    GOOD,
    HOLD,
    LIST,
    REMOVE,
    RESPONDER,
    UNKNOWN,
    crl,
    lists_at,
    points,
    responder_at,
    response,
    revoked,
)
from pki import Stamper, make

from pratique.attest.notation import JWS, Scheme, TrustStores, countersign, parse_certificates, parse_envelope
from pratique.attest.notation.crl import check_lists
from pratique.attest.notation.ocsp import responder_urls
from pratique.attest.notation.policy import PERMISSIVE, Action, CheckKind, Level
from pratique.attest.notation.revocation import check_revocation
from pratique.attest.timestamp import token_in
from pratique.attest.x509 import parse_certificate
from pratique.model.verdict import Cause

DATA = Path(__file__).resolve().parents[2] / "data" / "notation" / "lists"


@pytest.fixture(scope="module")
def listed():
    return team(extensions=[lists_at(LIST)])


@pytest.fixture(scope="module")
def asked():
    return team(extensions=[responder_at(), lists_at(LIST)])


def standing(acme, answers, *, at=AT, signed_at=None):
    chain = [parse_certificate(der) for der in acme.chain]
    return check_revocation(chain, answers, at=at, signed_at=signed_at)


def question(acme):
    (url,) = responder_urls(acme.leaf.certificate, acme.middle.certificate)
    return url


def test_certificates_that_name_no_way_to_revoke_them_are_not_asked_about():
    acme = team()
    assert standing(acme, {}).cause is Cause.NONE
    assert check(signed(acme), acme).wanted == ()


def test_what_was_not_asked_is_unreachable_and_says_what_to_ask(listed):
    verification = check(signed(listed), listed)
    assert (verification.cause, verification.wanted) == ("unreachable", (LIST,))
    assert verification.signed is not None
    verification = check(signed(listed), listed, answers={LIST: None})
    assert (verification.cause, verification.wanted) == ("unreachable", ())
    assert "could not be had" in verification.detail
    verification = check(signed(listed), listed, answers={LIST: crl(listed.middle)})
    assert (verification.cause, verification.wanted) == ("none", ())


def test_strangers_certificates_send_nobody_anywhere(listed):
    verification = check(signed(listed), listed, stores=TrustStores(certificates={}))
    assert (causes(verification)["revocation"], verification.wanted) == ("unreachable", ())


def test_a_listed_certificate_is_revoked(listed):
    serial = listed.leaf.certificate.serial_number
    verification = check(signed(listed), listed, answers={LIST: crl(listed.middle, revoked(serial))})
    assert (verification.cause, LIST in verification.detail) == ("revoked", True)
    assert check(signed(listed), listed, answers={LIST: crl(listed.middle, revoked(serial + 1))}).cause == "none"


def test_a_permissive_statement_logs_it_and_one_that_skips_does_not_ask(listed):
    data = signed(listed)
    lost = {LIST: crl(listed.middle, revoked(listed.leaf.certificate.serial_number))}
    verification = check(data, listed, answers=lost, level=PERMISSIVE)
    assert (verification.cause, causes(verification)) == ("none", {"revocation": "revoked"})
    skipping = Level(name="strict", actions={**dict.fromkeys(CheckKind, Action.ENFORCE), CheckKind.REVOCATION: Action.SKIP})
    verification = check(data, listed, level=skipping)
    assert (verification.cause, verification.wanted, len(verification.checks)) == ("none", (), 4)


def test_lists_that_say_nothing_about_the_certificate_are_no_clearance(listed):
    stranger = make("Middle", ca=True)
    silent = make("Middle", ca=True, usage=x509.KeyUsage(False, False, False, False, False, True, False, False, False))
    scope = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_contains_attribute_certs": False,
        "indirect_crl": False,
        "only_some_reasons": None,
        "full_name": points(LIST)[0].full_name,
        "relative_name": None,
    }
    reasons = frozenset([x509.ReasonFlags.key_compromise])
    unknown = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)
    serial = listed.leaf.certificate.serial_number
    for data in (
        b"",
        b"not a list",
        crl(listed.middle)[:-1],
        crl(listed.middle, until=AT - 1),
        crl(listed.root),
        crl(stranger),
        crl(silent),
        crl(listed.middle, key=stranger),
        crl(listed.middle, base=1, number=2),
        crl(listed.middle, extensions=[unknown]),
        crl(listed.middle, revoked(serial, critical=True)),
        crl(listed.middle, extensions=[(x509.IssuingDistributionPoint(**{**scope, "indirect_crl": True}), True)]),
        crl(listed.middle, extensions=[(x509.IssuingDistributionPoint(**{**scope, "only_some_reasons": reasons}), True)]),
        b"\x30" * (33 << 20),
    ):
        found = standing(listed, {LIST: data})
        assert (found.cause, found.wanted) == (Cause.UNREACHABLE, ()), found.detail
    whole = crl(listed.middle, extensions=[(x509.IssuingDistributionPoint(**scope), True)])
    assert standing(listed, {LIST: whole}).cause is Cause.NONE


def test_an_old_list_still_revokes_and_clears_nobody(listed):
    serial = listed.leaf.certificate.serial_number
    assert standing(listed, {LIST: crl(listed.middle, revoked(serial), until=AT - 1)}).cause is Cause.REVOKED
    assert standing(listed, {LIST: crl(listed.middle, revoked(serial, reason=HOLD), until=AT - 1)}).cause is Cause.UNREACHABLE


def test_all_lists_of_a_certificate_are_asked():
    acme = team(extensions=[lists_at(LIST, CHANGES)])
    serial = acme.leaf.certificate.serial_number
    assert standing(acme, {LIST: crl(acme.middle)}).wanted == (CHANGES,)
    assert standing(acme, {LIST: crl(acme.middle), CHANGES: crl(acme.middle, revoked(serial))}).cause is Cause.REVOKED


def test_a_certificate_whose_lists_cannot_be_asked_by_http_is_not_cleared():
    acme = team(extensions=[lists_at("ldap://ca.example/all")])
    found = standing(acme, {})
    assert (found.cause, found.wanted) == (Cause.UNREACHABLE, ())


def test_a_key_that_became_invalid_after_the_proven_signing_time_was_good_then(listed):
    serial = listed.leaf.certificate.serial_number
    answers = {LIST: crl(listed.middle, revoked(serial, since=AT - 50))}
    for signed_at, wanted in [(None, Cause.REVOKED), (AT - 51, Cause.NONE), (AT - 50, Cause.REVOKED), (AT, Cause.REVOKED)]:
        assert standing(listed, answers, signed_at=signed_at).cause is wanted
    # Without an invalidity date nothing is known of when it became invalid.
    assert standing(listed, {LIST: crl(listed.middle, revoked(serial))}, signed_at=1).cause is Cause.REVOKED


def test_a_signing_authoritys_own_time_saves_nothing_from_a_revocation(listed):
    stores = TrustStores(certificates={"signingAuthority:acme": (listed.root.der,)})
    data = signed(listed, scheme=Scheme.AUTHORITY)
    options = {"stores": stores, "stores_named": ("signingAuthority:acme",)}
    lost = revoked(listed.leaf.certificate.serial_number, since=AT + 10)
    for answer, wanted in [(crl(listed.middle), "none"), (crl(listed.middle, lost), "revoked")]:
        assert check(data, listed, at=AT + 100, answers={LIST: answer}, **options).cause == wanted


def test_a_countersigned_signature_survives_that_its_key_was_lost_later(tmp_path):
    now = int(time.time())
    stamper = Stamper.start(tmp_path)
    acme = team(extensions=[lists_at(LIST)])
    plain = signed(acme, at=now)
    data = countersign(plain, JWS, token_in(stamper.stamp(parse_envelope(plain, JWS).signature)))
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    options = {"stores": stores, "stores_named": ("ca:acme", "tsa:stamp")}
    serial = acme.leaf.certificate.serial_number
    for since, wanted in [(now + 600, "none"), (now - 600, "revoked"), (None, "revoked")]:
        answers = {LIST: crl(acme.middle, revoked(serial, since=since, at=now + 700), begin=now + 700)}
        assert check(data, acme, at=AT, answers=answers, **options).cause == wanted


def test_changes_to_a_list_are_asked_and_count(listed):
    serial = listed.leaf.certificate.serial_number
    middle = listed.middle

    def judge(changes, *entries):
        answers = {LIST: crl(middle, *entries, number=5, freshest=CHANGES)}
        return standing(listed, answers if changes is ... else {**answers, CHANGES: changes})

    assert judge(...).wanted == (CHANGES,)
    assert judge(None).cause is Cause.UNREACHABLE
    assert judge(None, revoked(serial)).cause is Cause.REVOKED
    assert judge(crl(middle, number=6, base=5)).cause is Cause.NONE
    assert judge(crl(middle, revoked(serial), number=6, base=5)).cause is Cause.REVOKED
    assert judge(crl(middle, revoked(serial, reason=HOLD), number=6, base=5)).cause is Cause.REVOKED
    assert judge(crl(middle, revoked(serial, reason=REMOVE), number=6, base=5), revoked(serial, reason=HOLD)).cause is Cause.NONE
    assert judge(crl(middle, revoked(serial, reason=REMOVE), number=6, base=5), revoked(serial)).cause is Cause.REVOKED
    for other in (
        crl(middle, number=6),
        crl(middle, number=5, base=5),
        crl(middle, number=7, base=6),
        crl(middle, number=6, base=5, until=AT - 1),
        crl(make("Middle", ca=True), number=6, base=5),
    ):
        assert judge(other).cause is Cause.UNREACHABLE


def test_ocsp_is_asked_first_and_lists_where_it_does_not_answer(asked):
    url = question(asked)
    assert url.startswith(f"{RESPONDER}/")
    assert standing(asked, {}).wanted == (url,)
    assert standing(asked, {url: response(asked, GOOD)}).cause is Cause.NONE
    assert standing(asked, {url: response(asked, BAD)}).cause is Cause.REVOKED
    for useless in (None, b"", b"not a response", response(asked, UNKNOWN), response(asked, GOOD, until=AT - 1)):
        assert standing(asked, {url: useless}).wanted == (LIST,)
        assert standing(asked, {url: useless, LIST: crl(asked.middle)}).cause is Cause.NONE


def test_responses_that_answer_another_question_are_none(asked):
    url = question(asked)
    other = asked.middle.issue("other")
    stranger = make("Middle", ca=True)
    refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    for data in (
        response(asked, GOOD, certificate=other),
        response(asked, GOOD, issuer=stranger),
        response(asked, GOOD, signer=stranger),
        response(asked, GOOD, signer=asked.leaf),
        response(asked, GOOD)[:-1],
        response(asked, GOOD) + b"\0",
        b"\x30" * 100_000,
        refused,
    ):
        found = standing(asked, {url: data, LIST: None})
        assert found.cause is Cause.UNREACHABLE, found.detail


def test_an_authority_delegates_to_a_responder_that_it_certified(asked):
    url = question(asked)
    purpose = (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    nocheck = (x509.OCSPNoCheck(), False)
    for signer, wanted in [
        (asked.middle.issue("responder", extensions=[purpose, nocheck]), Cause.NONE),
        (asked.middle.issue("responder", extensions=[purpose]), Cause.NONE),
        (asked.middle.issue("responder", extensions=[nocheck]), Cause.UNREACHABLE),
        (asked.middle.issue("responder", extensions=[purpose, nocheck], died=AT - 1), Cause.UNREACHABLE),
        (asked.root.issue("responder", extensions=[purpose, nocheck]), Cause.UNREACHABLE),
        (make("responder", extensions=[purpose, nocheck]), Cause.UNREACHABLE),
    ]:
        assert standing(asked, {url: response(asked, GOOD, signer=signer), LIST: None}).cause is wanted
    watched = asked.middle.issue("responder", extensions=[purpose, lists_at(CHANGES)])
    answers = {url: response(asked, GOOD, signer=watched), LIST: None}
    assert standing(asked, answers).wanted == (CHANGES,)
    assert standing(asked, {**answers, CHANGES: crl(asked.middle)}).cause is Cause.NONE
    lost = crl(asked.middle, revoked(watched.certificate.serial_number))
    assert standing(asked, {**answers, CHANGES: lost}).cause is Cause.UNREACHABLE


def test_a_revoked_authority_revokes_and_outweighs_what_could_not_be_asked():
    acme = team(extensions=[lists_at(LIST)], middle_extensions=[lists_at(CHANGES)])
    lost = crl(acme.root, revoked(acme.middle.certificate.serial_number))
    assert standing(acme, {LIST: None, CHANGES: lost}).cause is Cause.REVOKED
    assert standing(acme, {LIST: crl(acme.middle), CHANGES: lost}).cause is Cause.REVOKED
    assert standing(acme, {LIST: None, CHANGES: crl(acme.root)}).cause is Cause.UNREACHABLE
    assert standing(acme, {}).wanted == (LIST, CHANGES)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("lists", [True, False])
def test_no_flipped_bit_of_an_answer_clears_anybody(kind, lists):
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    root = make("Root", ca=True)
    middle = root.issue("Middle", ca=True, path_length=0, key=key)
    leaf = middle.issue("leaf", extensions=[responder_at(), lists_at(LIST)])
    acme = SimpleNamespace(root=root, middle=middle, leaf=leaf, chain=(leaf.der, middle.der, root.der))
    url, good = question(acme), crl(middle) if lists else response(acme, GOOD)
    for bit in range(len(good) * 8):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        answers = {url: None, LIST: bytes(data)} if lists else {url: bytes(data), LIST: None}
        assert standing(acme, answers).cause is Cause.UNREACHABLE, f"bit {bit} of {good.hex()}"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_as_an_answer_never_clear_and_never_crash(asked, junk, lists):
    url = question(asked)
    answers = {url: None, LIST: junk} if lists else {url: junk, LIST: None}
    assert standing(asked, answers).cause is Cause.UNREACHABLE


def test_lists_of_notations_own_tests_come_to_what_they_are_named():
    chain = [parse_certificate(der) for der in parse_certificates((DATA / "certchain_with_crl.pem").read_bytes(), "chain")]
    for leaf, intermediate, wanted in [
        ("leaf.crl", "intermediate.crl", Cause.NONE),
        ("leaf_revoked.crl", "intermediate.crl", Cause.REVOKED),
        ("leaf.crl", "intermediate_revoked.crl", Cause.REVOKED),
        ("leaf_expired.crl", "intermediate.crl", Cause.UNREACHABLE),
    ]:
        certificates = [(chain[0], chain[1], leaf), (chain[1], chain[2], intermediate)]
        found = []
        for certificate, issuer, file in certificates:
            place = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name[0].value
            answers = {place: (DATA / file).read_bytes()}
            found.append(check_lists(certificate, issuer, answers, at=AT, signed_at=None).cause)
        worst = next((cause for cause in found if cause is not Cause.NONE), Cause.NONE)
        assert worst is wanted
