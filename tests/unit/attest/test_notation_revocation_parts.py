"""Each reason for which a list or a responder says nothing, by its words, and each bound of what it says."""

from types import SimpleNamespace
from typing import Annotated

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from notary import AT, team
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
    day,
    lists_at,
    points,
    responder_at,
    response,
    revoked,
)
from pki import make

from pratique.attest.notation import crl as crl_module
from pratique.attest.notation import ocsp as ocsp_module
from pratique.attest.notation.crl import MAX_URLS, check_lists, distribution_urls, names_lists
from pratique.attest.notation.ocsp import MAX_CERTIFICATES, check_responders, names_responder, responder_urls
from pratique.attest.notation.ocsp import MAX_URLS as MAX_RESPONDERS
from pratique.attest.notation.revocation import check_revocation
from pratique.attest.notation.revocation_status import invalid_since, is_http, line_of, signed_with
from pratique.attest.x509 import parse_certificate
from pratique.model.verdict import Cause

LISTED = team(extensions=[lists_at(LIST)])
ASKED = team(extensions=[responder_at()])
SERIAL = LISTED.leaf.certificate.serial_number
(QUESTION,) = responder_urls(ASKED.leaf.certificate, ASKED.middle.certificate)


def listed(data, *, at=AT, signed_at=None, changes=...):
    answers = {LIST: data} if changes is ... else {LIST: data, CHANGES: changes}
    return check_lists(LISTED.leaf.certificate, LISTED.middle.certificate, answers, at=at, signed_at=signed_at)


def asked(data, *, at=AT, signed_at=None):
    answers = {QUESTION: data}
    return check_responders(ASKED.leaf.certificate, ASKED.middle.certificate, answers, at=at, signed_at=signed_at)


def scope(**changes):
    members = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_contains_attribute_certs": False,
        "indirect_crl": False,
        "only_some_reasons": None,
        "full_name": points(LIST)[0].full_name,
        "relative_name": None,
    }
    return (x509.IssuingDistributionPoint(**{**members, **changes}), True)


# --- lists


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "could not be had"),
        (crl(LISTED.middle, base=1, number=2), "being a list of changes where a whole one belongs"),
        (crl(make("Middle", ca=True)), "not being signed by the certificate's authority"),
        (crl(LISTED.root), "not being signed by the certificate's authority"),
        (crl(LISTED.middle, extensions=[scope(indirect_crl=True)]), "being for some reasons or kinds"),
        (crl(LISTED.middle, extensions=[scope(only_contains_attribute_certs=True)]), "being for some reasons or kinds"),
        (
            crl(LISTED.middle, extensions=[scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]))]),
            "being for some reasons or kinds",
        ),
        (
            crl(LISTED.middle, extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True)]),
            "having the critical extension 1.2.3",
        ),
        (crl(LISTED.middle, revoked(SERIAL, critical=True)), "having the critical extension 1.2.3"),
        (crl(LISTED.middle, until=AT - 1), "its revocation list is out of date"),
    ],
)
def test_a_list_that_says_nothing_says_why(data, words):
    found = listed(data)
    assert found.cause is Cause.UNREACHABLE and words in found.detail and LIST in found.detail


def test_an_uncritical_extension_that_nobody_knows_takes_nothing_from_a_list():
    odd = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), False)
    assert listed(crl(LISTED.middle, extensions=[odd])).cause is Cause.NONE
    assert listed(crl(LISTED.middle, extensions=[scope()])).cause is Cause.NONE
    assert listed(crl(LISTED.middle, extensions=[scope(only_contains_user_certs=True)])).cause is Cause.NONE


def test_an_authority_signs_lists_only_where_it_says_so():
    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    silent = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    for usage, cause in ((signs, Cause.NONE), (silent, Cause.UNREACHABLE), (False, Cause.UNREACHABLE)):
        issuer = make("Middle", ca=True, usage=usage)
        leaf = issuer.issue("leaf", extensions=[lists_at(LIST)])
        found = check_lists(leaf.certificate, issuer.certificate, {LIST: crl(issuer)}, at=AT, signed_at=None)
        assert found.cause is cause
        assert cause is Cause.NONE or "its authority being one that may sign none" in found.detail


def test_a_list_counts_to_the_last_second_that_it_names_and_one_without_never():
    assert listed(crl(LISTED.middle, until=AT)).cause is Cause.NONE
    assert listed(crl(LISTED.middle, until=AT - 1)).cause is Cause.UNREACHABLE


def test_a_list_is_as_large_as_the_limit_says_and_no_larger(monkeypatch):
    data = crl(LISTED.middle)
    monkeypatch.setattr(crl_module, "MAX_CRL_SIZE", len(data))
    assert listed(data).cause is Cause.NONE
    monkeypatch.setattr(crl_module, "MAX_CRL_SIZE", len(data) - 1)
    assert f"having {len(data)} bytes" in listed(data).detail


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        (revoked(SERIAL), "its authority revoked it"),
        (revoked(SERIAL, reason=x509.ReasonFlags.key_compromise), "its authority revoked it"),
        (revoked(SERIAL, reason=HOLD), "its authority put it on hold"),
        (revoked(SERIAL, reason=REMOVE), ""),
        (revoked(SERIAL + 1), ""),
    ],
)
def test_an_entry_means_what_its_reason_says(entry, detail):
    found = listed(crl(LISTED.middle, entry))
    assert found.cause is (Cause.REVOKED if detail else Cause.NONE)
    assert found.detail == (f"{detail}: {LIST}" if detail else "")


def test_a_hold_is_known_only_as_long_as_its_list():
    assert listed(crl(LISTED.middle, revoked(SERIAL, reason=HOLD), until=AT - 1)).cause is Cause.UNREACHABLE
    assert listed(crl(LISTED.middle, revoked(SERIAL), until=AT - 1)).cause is Cause.REVOKED


@pytest.mark.parametrize(
    ("since", "signed_at", "cause"),
    [
        (AT - 100, AT - 101, Cause.NONE),
        (AT - 100, AT - 100, Cause.REVOKED),
        (AT - 100, AT - 99, Cause.REVOKED),
        (AT - 100, None, Cause.REVOKED),
        (None, AT - 101, Cause.REVOKED),
    ],
)
def test_a_key_that_became_invalid_after_the_signature_was_good_when_it_was_made(since, signed_at, cause):
    assert listed(crl(LISTED.middle, revoked(SERIAL, since=since)), signed_at=signed_at).cause is cause


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (crl(LISTED.middle, number=6), "having changes without a number"),
        (crl(LISTED.middle, number=5, base=5), "having changes to another list"),
        (crl(LISTED.middle, number=4, base=3), "having changes to another list"),
        (crl(LISTED.middle, number=7, base=6), "having changes to another list"),
        (crl(LISTED.middle, number=6, base=5, until=AT - 1), "its revocation list is out of date"),
        (None, "the changes to its revocation list could not be had"),
    ],
)
def test_changes_that_do_not_fit_a_list_leave_it_without_an_answer(changes, words):
    found = listed(crl(LISTED.middle, number=5, freshest=CHANGES), changes=changes)
    assert found.cause is Cause.UNREACHABLE and words in found.detail


@pytest.mark.parametrize(("number", "base"), [(6, 5), (6, 1), (9, 5)])
def test_changes_fit_a_list_that_is_no_older_than_what_they_change_and_older_than_they(number, base):
    changes = crl(LISTED.middle, number=number, base=base)
    assert listed(crl(LISTED.middle, number=5, freshest=CHANGES), changes=changes).cause is Cause.NONE


def test_of_several_places_for_changes_the_first_that_answers_counts_and_one_that_was_not_asked_is_wanted():
    second = "http://ca.example/second.crl"
    base = crl(LISTED.middle, number=5, extensions=[(x509.FreshestCRL(points(CHANGES, second)), False)])
    good = crl(LISTED.middle, revoked(SERIAL), number=6, base=5)

    def judged(**answers):
        told = {LIST: base, **{{"first": CHANGES, "second": second}[name]: data for name, data in answers.items()}}
        return check_lists(LISTED.leaf.certificate, LISTED.middle.certificate, told, at=AT, signed_at=None)

    assert judged(first=None, second=good).cause is Cause.REVOKED
    assert judged(first=good).cause is Cause.REVOKED
    assert judged(first=None).wanted == (second,)
    assert judged().wanted == (CHANGES,)


def test_lists_are_asked_by_http_alone_each_once_and_no_more_than_the_limit():
    urls = ["ldap://ca.example/x", "HTTP://ca.example/a", "https://ca.example/b", "HTTP://ca.example/a"]
    leaf = LISTED.middle.issue("leaf", extensions=[lists_at(*urls)]).certificate
    assert distribution_urls(leaf) == ("HTTP://ca.example/a", "https://ca.example/b")
    many = LISTED.middle.issue("leaf", extensions=[lists_at(*(f"http://ca.example/{n}" for n in range(MAX_URLS + 1)))])
    assert len(distribution_urls(many.certificate)) == MAX_URLS
    only = LISTED.middle.issue("leaf", extensions=[lists_at("ldap://ca.example/x")]).certificate
    assert names_lists(only) and distribution_urls(only) == ()
    found = check_lists(only, LISTED.middle.certificate, {}, at=AT, signed_at=None)
    assert (found.cause, found.detail) == (Cause.UNREACHABLE, "it names no revocation list that is published by HTTP")
    assert not names_lists(make("x").certificate)


# --- responders


def test_a_responder_is_asked_by_http_alone_each_once_and_no_more_than_the_limit():
    def urls(*locations, method=x509.oid.AuthorityInformationAccessOID.OCSP):
        access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(one)) for one in locations]
        leaf = ASKED.middle.issue("leaf", extensions=[(x509.AuthorityInformationAccess(access), False)]).certificate
        return names_responder(leaf), [url.rpartition("/")[0] for url in responder_urls(leaf, ASKED.middle.certificate)]

    assert urls("http://a.example/", "http://a.example", "https://b.example/x/", "ldap://c.example") == (
        True,
        ["http://a.example", "https://b.example/x"],
    )
    assert len(urls(*(f"http://{n}.example" for n in range(MAX_RESPONDERS + 1)))[1]) == MAX_RESPONDERS
    assert urls("ldap://c.example") == (True, [])
    assert urls("http://a.example", method=x509.oid.AuthorityInformationAccessOID.CA_ISSUERS) == (False, [])
    assert not names_responder(make("x").certificate)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "gave no answer"),
        (ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER), "try later"),
        (response(ASKED, GOOD, certificate=ASKED.middle.issue("other")), "being about other certificates"),
        (response(ASKED, GOOD, issuer=make("Middle", ca=True)), "being about other certificates"),
        (response(ASKED, GOOD, signer=make("Middle", ca=True)), "not being signed by the certificate's authority"),
        (response(ASKED, GOOD, until=AT - 1), "answer is out of date"),
        (response(ASKED, UNKNOWN), "does not know it"),
    ],
)
def test_a_responder_that_says_nothing_says_why(data, words):
    found = asked(data)
    assert found.cause is Cause.UNREACHABLE and words in found.detail and QUESTION in found.detail


def test_an_answer_is_told_with_the_url_only_where_there_is_something_to_tell():
    assert asked(response(ASKED, GOOD)).detail == ""
    assert asked(response(ASKED, BAD)).detail == f"its authority revoked it: {QUESTION}"


def test_an_answer_counts_to_the_last_second_that_it_names_and_a_revocation_for_ever():
    assert asked(response(ASKED, GOOD, until=AT)).cause is Cause.NONE
    assert asked(response(ASKED, GOOD, until=AT - 1)).cause is Cause.UNREACHABLE
    assert asked(response(ASKED, BAD, until=AT - 1)).cause is Cause.REVOKED


def test_an_answer_is_as_large_as_the_limit_says_and_no_larger(monkeypatch):
    data = response(ASKED, GOOD)
    monkeypatch.setattr(ocsp_module, "MAX_OCSP_SIZE", len(data))
    assert asked(data).cause is Cause.NONE
    monkeypatch.setattr(ocsp_module, "MAX_OCSP_SIZE", len(data) - 1)
    assert f"having {len(data)} bytes" in asked(data).detail


PURPOSE = (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING]), False)
OTHER_PURPOSE = (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False)
NOCHECK = (x509.OCSPNoCheck(), False)


@pytest.mark.parametrize(
    ("signer", "cause"),
    [
        (ASKED.middle, Cause.NONE),
        (ASKED.middle.issue("r", extensions=[PURPOSE]), Cause.NONE),
        (ASKED.middle.issue("r", extensions=[PURPOSE], born=AT, died=AT), Cause.NONE),
        (ASKED.middle.issue("r", extensions=[PURPOSE], died=AT - 1), Cause.UNREACHABLE),
        (ASKED.middle.issue("r", extensions=[PURPOSE], born=AT + 1), Cause.UNREACHABLE),
        (ASKED.middle.issue("r", extensions=[OTHER_PURPOSE]), Cause.UNREACHABLE),
        (ASKED.middle.issue("r"), Cause.UNREACHABLE),
        (ASKED.root.issue("r", extensions=[PURPOSE]), Cause.UNREACHABLE),
    ],
)
def test_a_responder_is_the_authority_or_one_that_it_delegated_to_within_its_time(signer, cause):
    assert asked(response(ASKED, GOOD, signer=signer)).cause is cause


@pytest.mark.parametrize(
    ("extensions", "lost", "cause"),
    [
        ([PURPOSE, NOCHECK, lists_at(CHANGES)], True, Cause.NONE),
        ([PURPOSE, lists_at(CHANGES)], True, Cause.UNREACHABLE),
        ([PURPOSE, lists_at(CHANGES)], False, Cause.NONE),
        ([PURPOSE], True, Cause.NONE),
    ],
)
def test_a_responder_is_itself_held_against_its_authority_s_lists_unless_it_need_not_be(extensions, lost, cause):
    signer = ASKED.middle.issue("r", extensions=extensions)
    entries = [revoked(signer.certificate.serial_number)] if lost else []
    answers = {QUESTION: response(ASKED, GOOD, signer=signer), CHANGES: crl(ASKED.middle, *entries)}
    found = check_responders(ASKED.leaf.certificate, ASKED.middle.certificate, answers, at=AT, signed_at=None)
    assert found.cause is cause
    assert cause is Cause.NONE or "its OCSP responder is not to be believed: its authority revoked it" in found.detail


def test_the_first_responder_that_answers_counts_and_one_that_was_not_asked_is_wanted():
    access = [
        x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
        for url in (RESPONDER, "http://second.example")
    ]
    leaf = ASKED.middle.issue("leaf", extensions=[(x509.AuthorityInformationAccess(access), False)])
    first, second = responder_urls(leaf.certificate, ASKED.middle.certificate)

    def judged(**answers):
        told = {{"first": first, "second": second}[name]: data for name, data in answers.items()}
        return check_responders(leaf.certificate, ASKED.middle.certificate, told, at=AT, signed_at=None)

    good, bad = response(ASKED, GOOD, certificate=leaf), response(ASKED, BAD, certificate=leaf)
    for useless in (None, b"nonsense"):
        assert judged(first=useless, second=bad).cause is Cause.REVOKED
        assert judged(first=useless).wanted == (second,)
        assert judged(first=useless, second=useless).cause is Cause.UNREACHABLE
    assert judged(first=good, second=bad).cause is Cause.NONE
    assert judged().wanted == (first,)


# --- chains


def whole(acme, answers):
    return check_revocation([parse_certificate(der) for der in acme.chain], answers, at=AT, signed_at=None)


def test_a_responder_that_cannot_be_asked_leaves_it_to_the_lists_and_without_any_to_nobody():
    odd = responder_at("ldap://ca.example")
    both, alone = team(extensions=[odd, lists_at(LIST)]), team(extensions=[odd])
    assert whole(both, {LIST: crl(both.middle)}).cause is Cause.NONE
    found = whole(alone, {})
    assert (found.cause, found.wanted) == (Cause.UNREACHABLE, ())
    assert found.detail.endswith("it names no OCSP responder that is reached by HTTP")


def test_what_could_not_be_asked_of_one_certificate_is_told_although_the_next_is_good():
    acme = team(extensions=[lists_at(LIST)], middle_extensions=[lists_at(CHANGES)])
    found = whole(acme, {LIST: None, CHANGES: crl(acme.root)})
    assert found.cause is Cause.UNREACHABLE and "could not be had" in found.detail
    found = whole(acme, {LIST: None, CHANGES: None})
    assert LIST in found.detail
    assert whole(acme, {LIST: crl(acme.middle), CHANGES: crl(acme.root)}).cause is Cause.NONE


def test_after_a_revocation_nobody_is_asked_any_more():
    acme = team(extensions=[lists_at(LIST)], middle_extensions=[lists_at(CHANGES)])
    found = whole(acme, {LIST: crl(acme.middle, revoked(acme.leaf.certificate.serial_number))})
    assert (found.cause, found.wanted) == (Cause.REVOKED, ())


# --- what both have in common


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_a_list_is_signed_by_each_kind_of_key_over_a_hash_that_means_something(kind):
    key = {
        "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    for hashed, good in (
        (hashes.SHA256(), True),
        (hashes.SHA384(), True),
        (hashes.SHA512(), True),
        (hashes.SHA224(), False),
        (hashes.SHA1(), False),  # noqa: S303
    ):
        if kind == "rsa":
            signature = key.sign(b"data", padding.PKCS1v15(), hashed)
        elif kind == "ec":
            signature = key.sign(b"data", ec.ECDSA(hashed))
        else:
            signature = key.sign(b"data")
        assert signed_with(key.public_key(), signature, b"data", hashed) is (good or kind == "ed25519")
        assert not signed_with(key.public_key(), signature, b"other", hashed)
    assert signed_with(key.public_key(), signature, b"data", None) is (kind == "ed25519")


def test_a_key_of_another_kind_signs_nothing():
    key = ed448.Ed448PrivateKey.generate()
    assert not signed_with(key.public_key(), key.sign(b"data"), b"data", hashes.SHA256())


def test_the_date_of_invalidity_is_read_beside_a_reason_and_nothing_else_that_is_critical():
    entry = revoked(5, since=AT, reason=HOLD).extensions
    assert invalid_since(entry) == AT
    assert invalid_since(revoked(5).extensions) is None
    critical = x509.RevokedCertificateBuilder().serial_number(5).revocation_date(day(AT))
    reasoned = critical.add_extension(x509.CRLReason(HOLD), True).build()
    assert invalid_since(reasoned.extensions) is None
    with pytest.raises(ValueError, match="critical extension"):
        invalid_since(revoked(5, critical=True).extensions)


def test_urls_and_errors_are_what_they_are():
    assert [is_http(url) for url in ("http://a", "HTTPS://a", "ldap://a", "xhttp://a", "http:a")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert line_of(ValueError("one\ntwo")) == "one"
    assert line_of(ValueError("")) == "ValueError"
    assert len(line_of(ValueError("x" * 200))) == 120


def test_no_more_certificates_of_a_responder_are_tried_than_the_limit_says():
    signer = ASKED.middle.issue("r", extensions=[PURPOSE])

    def with_certificates(count):
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=ASKED.leaf.certificate,
            issuer=ASKED.middle.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303
            cert_status=GOOD,
            this_update=day(AT - 1000),
            next_update=day(AT + 1000),
            revocation_time=None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        strangers = [make("x").certificate for _ in range(count)]
        return builder.certificates([*strangers, signer.certificate]).sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    assert asked(with_certificates(MAX_CERTIFICATES - 1)).cause is Cause.NONE
    assert asked(with_certificates(MAX_CERTIFICATES)).cause is Cause.UNREACHABLE


def test_a_list_that_was_not_asked_for_is_wanted():
    found = check_lists(LISTED.leaf.certificate, LISTED.middle.certificate, {}, at=AT, signed_at=None)
    assert (found.cause, found.wanted) == (Cause.UNREACHABLE, (LIST,)) and "was not asked for" in found.detail


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x30\x00", crl(LISTED.middle)[:-1], crl(LISTED.middle) + b"\0"])
def test_what_is_no_list_tells_nothing_and_says_why(data):
    found = listed(data)
    assert found.cause is Cause.UNREACHABLE and found.detail.startswith("its revocation list tells nothing, ")
    response_ = asked(data)
    assert response_.cause is Cause.UNREACHABLE and "answer tells nothing, " in response_.detail


@asn1.sequence
class _Listed:
    version: int
    algorithm: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.TLV
    next_update: asn1.TLV
    extensions: Annotated[asn1.TLV, asn1.Explicit(0)]


@asn1.sequence
class _Endless:
    version: int
    algorithm: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.TLV
    extensions: Annotated[asn1.TLV, asn1.Explicit(0)]


def sequence(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes(2, "big").lstrip(b"\0")
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 + len(size)]) + size) + body


def test_a_list_that_does_not_say_when_the_next_one_comes_is_out_of_date():
    own = asn1.decode_der(_Listed, x509.load_der_x509_crl(crl(LISTED.middle)).tbs_certlist_bytes)
    endless = asn1.encode_der(
        _Endless(
            version=own.version,
            algorithm=own.algorithm,
            issuer=own.issuer,
            this_update=own.this_update,
            extensions=own.extensions,
        )
    )
    signature = LISTED.middle.key.sign(endless, ec.ECDSA(hashes.SHA256()))
    data = sequence(0x30, endless, asn1.encode_der(own.algorithm), sequence(0x03, b"\0", signature))
    assert x509.load_der_x509_crl(data).next_update_utc is None
    found = listed(data)
    assert found.cause is Cause.UNREACHABLE and "its revocation list is out of date" in found.detail


def test_a_list_that_names_another_authority_is_not_this_one_s_although_its_key_signed_it():
    found = listed(crl(make("Other", ca=True), key=LISTED.middle))
    assert found.cause is Cause.UNREACHABLE and "not being signed by the certificate's authority" in found.detail


def numberless(*, base=None, freshest=None):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(LISTED.middle.certificate.subject)
        .last_update(day(AT - 1000))
        .next_update(day(AT + 1000))
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), True)
    if freshest:
        builder = builder.add_extension(x509.FreshestCRL(points(freshest)), False)
    return builder.sign(LISTED.middle.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_lists_without_numbers_cannot_be_changed_by_others():
    whole, changes = crl(LISTED.middle, number=5, freshest=CHANGES), crl(LISTED.middle, number=6, base=5)
    assert listed(whole, changes=changes).cause is Cause.NONE
    for first, second in ((numberless(freshest=CHANGES), changes), (whole, numberless(base=5))):
        found = listed(first, changes=second)
        assert found.cause is Cause.UNREACHABLE and "having changes without a number" in found.detail
    assert listed(numberless()).cause is Cause.NONE


def test_a_list_that_is_published_in_another_way_than_by_a_url_is_passed_over():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "list")])
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "list")])
    odd = [
        x509.DistributionPoint([x509.DirectoryName(name), x509.UniformResourceIdentifier(LIST)], None, None, None),
        x509.DistributionPoint(None, relative, None, None),
        *points(CHANGES),
    ]
    leaf = LISTED.middle.issue("leaf", extensions=[(x509.CRLDistributionPoints(odd), False)]).certificate
    assert distribution_urls(leaf) == (LIST, CHANGES)


def test_an_authority_that_answers_itself_is_not_held_against_its_own_lists():
    acme = team(extensions=[responder_at()], middle_extensions=[lists_at(CHANGES)])
    (url,) = responder_urls(acme.leaf.certificate, acme.middle.certificate)
    found = check_responders(acme.leaf.certificate, acme.middle.certificate, {url: response(acme, GOOD)}, at=AT, signed_at=None)
    assert found.cause is Cause.NONE


@pytest.mark.parametrize(
    ("since", "signed_at", "cause"),
    [
        (AT - 100, AT - 101, Cause.NONE),
        (AT - 100, AT - 100, Cause.REVOKED),
        (AT - 100, AT - 99, Cause.REVOKED),
        (AT - 100, None, Cause.REVOKED),
        (None, AT - 101, Cause.REVOKED),
        (None, None, Cause.REVOKED),
    ],
)
def test_a_responder_s_date_of_invalidity_saves_what_was_signed_before(monkeypatch, since, signed_at, cause):
    monkeypatch.setattr(ocsp_module, "_invalid_since", lambda _: since)
    assert asked(response(ASKED, BAD), signed_at=signed_at).cause is cause
    assert asked(response(ASKED, GOOD), signed_at=signed_at).cause is Cause.NONE


@pytest.mark.parametrize(("count", "since"), [(1, AT), (2, None), (3, None)])
def test_a_date_of_invalidity_is_one_certificate_s_alone(count, since):
    """Of several that are answered for, nobody can tell whose date it is."""
    answer = SimpleNamespace(responses=iter([None] * count), single_extensions=revoked(5, since=AT).extensions)
    assert ocsp_module._invalid_since(answer) == since


def test_an_answer_that_does_not_say_how_long_it_counts_clears_nobody():
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=ASKED.leaf.certificate,
        issuer=ASKED.middle.certificate,
        algorithm=hashes.SHA1(),  # noqa: S303
        cert_status=GOOD,
        this_update=day(AT - 1000),
        next_update=None,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ASKED.middle.certificate)
    found = asked(builder.sign(ASKED.middle.key, hashes.SHA256()).public_bytes(Encoding.DER))
    assert found.cause is Cause.UNREACHABLE and "answer is out of date" in found.detail


def test_of_a_chain_each_certificate_is_asked_about_and_a_revocation_outweighs_the_rest():
    acme = team(extensions=[lists_at(LIST)], middle_extensions=[lists_at(CHANGES)])
    lost = crl(acme.root, revoked(acme.middle.certificate.serial_number))
    for first in (crl(acme.middle), None):
        found = whole(acme, {LIST: first, CHANGES: lost})
        assert found.cause is Cause.REVOKED
        assert found.detail == f"the certificate 'CN=Middle': its authority revoked it: {CHANGES}"
    assert whole(acme, {LIST: crl(acme.middle), CHANGES: crl(acme.root)}).detail == ""


def test_a_responder_that_answers_leaves_nothing_to_the_lists():
    acme = team(extensions=[responder_at(), lists_at(LIST)])
    (url,) = responder_urls(acme.leaf.certificate, acme.middle.certificate)
    assert whole(acme, {url: response(acme, GOOD)}).cause is Cause.NONE
    assert whole(acme, {url: response(acme, BAD), LIST: crl(acme.middle)}).cause is Cause.REVOKED
    assert whole(acme, {LIST: crl(acme.middle)}).wanted == (url,)
    assert whole(acme, {url: None, LIST: crl(acme.middle)}).cause is Cause.NONE
    assert whole(acme, {url: None}).wanted == (LIST,)


def test_an_uncritical_extension_of_an_entry_that_nobody_knows_takes_nothing_from_it():
    entry = x509.RevokedCertificateBuilder().serial_number(5).revocation_date(day(AT))
    odd = entry.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), False)
    assert invalid_since(odd.add_extension(x509.InvalidityDate(day(AT)), False).build().extensions) == AT
