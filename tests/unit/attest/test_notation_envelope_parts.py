"""Envelopes part by part, unverified: which headers stand where, which are critical, and how large each is."""

import base64
import json

import pytest
from cbor2 import CBORTag

from pratique.attest.members import base64_text
from pratique.attest.notation import COSE, JWS, Scheme
from pratique.attest.notation.algorithms import BY_NAME
from pratique.attest.notation.cbor import dump_cbor, load_cbor
from pratique.attest.notation.cose import cose_message, parse_cose, render_cose
from pratique.attest.notation.envelope import (
    AGENT,
    AUTHENTIC_SIGNING_TIME,
    EXPIRY,
    MAX_CERTIFICATE_SIZE,
    MAX_CHAIN,
    MAX_ENVELOPE_SIZE,
    MAX_HEADERS,
    MAX_TIMESTAMP_SIZE,
    PLUGIN,
    PLUGIN_VERSION,
    SIGNING_SCHEME,
    SIGNING_TIME,
    TIMESTAMP,
    Attributes,
    UnverifiedEnvelope,
    agent_of,
    check_sizes,
    read_attributes,
)
from pratique.attest.notation.jws import jws_message, parse_jws, render_jws
from pratique.errors import LimitExceeded, Malformed

AT = 1_800_000_000
WHEN = "2027-01-15T08:00:00Z"
OWN = {SIGNING_SCHEME: "notary.x509", SIGNING_TIME: AT}
SERVICE = {SIGNING_SCHEME: "notary.x509.signingAuthority", AUTHENTIC_SIGNING_TIME: AT}


def seconds(value, where):
    if type(value) is not int:
        raise Malformed(f"{where} is no time")
    return value


def read(headers, critical):
    return read_attributes(headers, content_type="c", critical=critical, as_time=seconds)


def refused(headers, critical, why, error=Malformed):
    with pytest.raises(error) as caught:
        read(headers, critical)
    assert caught.value.message == why


# --- signed attributes


def test_attributes_are_read_by_their_scheme():
    assert read(OWN, [SIGNING_SCHEME]) == Attributes(content_type="c", scheme=Scheme.X509, signing_time=AT)
    found = read({**SERVICE, EXPIRY: AT + 1}, [SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY])
    assert found == Attributes(content_type="c", scheme=Scheme.AUTHORITY, signing_time=AT, expiry=AT + 1)
    # What need not be critical may be.
    assert read(OWN, [SIGNING_TIME, SIGNING_SCHEME]).unknown == ()


def test_each_scheme_has_its_own_time_and_not_the_other_s():
    both = [SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME]
    refused(
        {**OWN, AUTHENTIC_SIGNING_TIME: AT}, both, f"{AUTHENTIC_SIGNING_TIME} does not belong to the signing scheme notary.x509"
    )
    service = "notary.x509.signingAuthority"
    refused({**SERVICE, SIGNING_TIME: AT}, both, f"{SIGNING_TIME} does not belong to the signing scheme {service}")
    missing = "is missing, which the signing scheme"
    refused({SIGNING_SCHEME: "notary.x509"}, [SIGNING_SCHEME], f"{SIGNING_TIME} {missing} notary.x509 demands")
    refused({SIGNING_SCHEME: service}, [SIGNING_SCHEME], f"{AUTHENTIC_SIGNING_TIME} {missing} {service} demands")
    refused({**OWN, SIGNING_TIME: "x"}, [SIGNING_SCHEME], f"{SIGNING_TIME} is no time")


def test_a_scheme_is_one_of_two():
    refused({SIGNING_SCHEME: "x", SIGNING_TIME: AT}, [SIGNING_SCHEME], "unknown signing scheme 'x'")
    refused({SIGNING_SCHEME: 1, SIGNING_TIME: AT}, [SIGNING_SCHEME], f"{SIGNING_SCHEME} is not a string")
    refused({SIGNING_TIME: AT}, [SIGNING_TIME], f"{SIGNING_SCHEME} is not a string")


@pytest.mark.parametrize("base", [OWN, SERVICE])
def test_a_signature_expires_after_it_was_made(base):
    critical = [*(name for name in base if name != SIGNING_TIME), EXPIRY]
    assert read({**base, EXPIRY: AT + 1}, critical).expiry == AT + 1
    for expiry in (AT, AT - 1):
        refused({**base, EXPIRY: expiry}, critical, "the signature expires before it was made")


@pytest.mark.parametrize(
    ("headers", "critical", "missing"),
    [
        (OWN, [SIGNING_TIME], SIGNING_SCHEME),
        (SERVICE, [SIGNING_SCHEME], AUTHENTIC_SIGNING_TIME),
        (SERVICE, [AUTHENTIC_SIGNING_TIME], SIGNING_SCHEME),
        ({**OWN, EXPIRY: AT + 1}, [SIGNING_SCHEME], EXPIRY),
        ({**SERVICE, EXPIRY: AT + 1, "x": 1}, ["x"], AUTHENTIC_SIGNING_TIME),
    ],
)
def test_what_must_be_understood_is_marked_as_critical(headers, critical, missing):
    refused(headers, critical, f"{missing} is not marked as critical")


def test_the_list_of_critical_headers_names_each_once_and_each_is_there():
    wrong = "the list of critical headers is empty or names one twice"
    for critical in ([], [SIGNING_SCHEME, SIGNING_SCHEME], [SIGNING_SCHEME, 1], [None]):
        refused(OWN, critical, wrong)
    refused(OWN, [SIGNING_SCHEME, "z", "b"], "the header 'b' is marked as critical and is not there")


def test_critical_headers_that_nobody_understands_are_kept_in_order_and_uncritical_ones_are_not():
    headers = {**OWN, "z": 1, "b": 1, "quiet": 1}
    assert read(headers, ["z", SIGNING_SCHEME, "b"]).unknown == ("b", "z")


def test_a_plugin_is_named_critically_and_its_version_is_understood_with_it_alone():
    found = read({**OWN, PLUGIN: "p", PLUGIN_VERSION: "1"}, [SIGNING_SCHEME, PLUGIN, PLUGIN_VERSION])
    assert (found.plugin, found.unknown) == ("p", ())
    found = read({**OWN, PLUGIN_VERSION: "1"}, [SIGNING_SCHEME, PLUGIN_VERSION])
    assert (found.plugin, found.unknown) == ("", (PLUGIN_VERSION,))
    refused({**OWN, PLUGIN: "p"}, [SIGNING_SCHEME], f"{PLUGIN} is not marked as critical")
    for empty in ("", "  "):
        refused({**OWN, PLUGIN: empty}, [SIGNING_SCHEME, PLUGIN], f"{PLUGIN} is empty")
    refused({**OWN, PLUGIN: 1}, [SIGNING_SCHEME, PLUGIN], f"{PLUGIN} is not a string")


def test_there_are_as_many_headers_as_the_limit_says_and_no_more():
    more = {f"x{number}": 1 for number in range(MAX_HEADERS - len(OWN) + 1)}
    assert read(dict(list({**OWN, **more}.items())[:MAX_HEADERS]), [SIGNING_SCHEME])
    why = f"the envelope has {MAX_HEADERS + 1} protected headers, more than the limit of {MAX_HEADERS}"
    refused({**OWN, **more}, [SIGNING_SCHEME], why, LimitExceeded)


def test_certificates_and_timestamps_are_as_many_and_as_large_as_the_limits_say():
    check_sizes([b"x" * MAX_CERTIFICATE_SIZE] * MAX_CHAIN, b"x" * MAX_TIMESTAMP_SIZE)
    check_sizes([b""], b"")
    with pytest.raises(Malformed, match="^the envelope holds no certificates$"):
        check_sizes([], b"")
    with pytest.raises(LimitExceeded, match="^the envelope holds 11 certificates, more than the limit of 10$"):
        check_sizes([b""] * (MAX_CHAIN + 1), b"")
    for chain in ([b"x" * (MAX_CERTIFICATE_SIZE + 1), b""], [b"", b"x" * (MAX_CERTIFICATE_SIZE + 1)]):
        with pytest.raises(LimitExceeded, match="^the envelope holds a certificate of more than 65536 bytes$"):
            check_sizes(chain, b"")
    with pytest.raises(LimitExceeded, match="^the envelope holds a timestamp of more than 1048576 bytes$"):
        check_sizes([b""], b"x" * (MAX_TIMESTAMP_SIZE + 1))


@pytest.mark.parametrize(("headers", "agent"), [({}, ""), ({AGENT: "a"}, "a"), ({AGENT: 1}, ""), ({AGENT: None}, "")])
def test_an_agent_is_text_or_nobody(headers, agent):
    assert agent_of(headers) == agent


# --- the two encodings

WRITERS = {JWS: (jws_message, render_jws, parse_jws), COSE: (cose_message, render_cose, parse_cose)}


def made(media_type, *, algorithm="ES256", scheme=Scheme.X509, expiry=None, timestamp=b"", agent="", chain=(b"one", b"two")):
    message, _, _ = WRITERS[media_type]
    attributes = Attributes(content_type="c", scheme=scheme, signing_time=AT, expiry=expiry)
    return UnverifiedEnvelope(
        media_type=media_type,
        algorithm=BY_NAME[algorithm],
        attributes=attributes,
        payload=b"payload",
        message=message(BY_NAME[algorithm], attributes, b"payload"),
        signature=b"signature\xff\xfe",
        chain=chain,
        timestamp=timestamp,
        agent=agent,
    )


@pytest.mark.parametrize("media_type", WRITERS)
@pytest.mark.parametrize("algorithm", BY_NAME)
@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("expiry", [None, AT + 1])
@pytest.mark.parametrize(("timestamp", "agent"), [(b"", ""), (b"stamp", ""), (b"", "agent")])
def test_what_is_written_is_read_again(media_type, algorithm, scheme, expiry, timestamp, agent):
    _, render, parse = WRITERS[media_type]
    envelope = made(media_type, algorithm=algorithm, scheme=scheme, expiry=expiry, timestamp=timestamp, agent=agent)
    data = render(envelope)
    assert parse(data) == envelope
    assert (TIMESTAMP.encode() in data, AGENT.encode() in data) == (bool(timestamp), bool(agent))


def protected_of(media_type, **options):
    """Protected headers as they are written."""
    if media_type == JWS:
        text = json.loads(render_jws(made(JWS, **options)))["protected"]
        return json.loads(base64.urlsafe_b64decode(text + "=="))
    message = load_cbor(made(COSE, **options).message, what="m", max_size=10_000)
    return load_cbor(message[1], what="p", max_size=10_000, tags=(1,))


def test_the_protected_headers_are_those_of_the_specification():
    assert protected_of(JWS) == {
        "alg": "ES256",
        "cty": "c",
        "crit": [SIGNING_SCHEME],
        SIGNING_SCHEME: "notary.x509",
        SIGNING_TIME: WHEN,
    }
    service = protected_of(JWS, scheme=Scheme.AUTHORITY, expiry=AT + 60, algorithm="PS384")
    assert service == {
        "alg": "PS384",
        "cty": "c",
        "crit": [SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY],
        SIGNING_SCHEME: "notary.x509.signingAuthority",
        AUTHENTIC_SIGNING_TIME: WHEN,
        EXPIRY: "2027-01-15T08:01:00Z",
    }
    assert protected_of(COSE) == {1: -7, 2: [SIGNING_SCHEME], 3: "c", SIGNING_SCHEME: "notary.x509", SIGNING_TIME: CBORTag(1, AT)}
    assert protected_of(COSE, scheme=Scheme.AUTHORITY, expiry=AT + 60, algorithm="PS384") == {
        1: -38,
        2: [SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME, EXPIRY],
        3: "c",
        SIGNING_SCHEME: "notary.x509.signingAuthority",
        AUTHENTIC_SIGNING_TIME: CBORTag(1, AT),
        EXPIRY: CBORTag(1, AT + 60),
    }


def url(data):
    return base64_text(data).rstrip("=").replace("+", "-").replace("/", "_")


def jws(*, signed=(), header=(), drop=(), **members):
    good = json.loads(render_jws(made(JWS)))
    headers = {**protected_of(JWS), **dict(signed)}
    good["protected"] = url(json.dumps({name: value for name, value in headers.items() if name not in drop}).encode())
    good["header"] = {name: value for name, value in {**good["header"], **dict(header)}.items() if name not in drop}
    return json.dumps({**good, **members}).encode()


def cose(*, signed=(), header=(), drop=(), tag=18, parts=None):
    headers = {name: value for name, value in {**protected_of(COSE), **dict(signed)}.items() if name not in drop}
    unsigned = {name: value for name, value in {33: [b"one", b"two"], **dict(header)}.items() if name not in drop}
    return dump_cbor(CBORTag(tag, parts or [dump_cbor(headers), unsigned, b"payload", b"signature"]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"header": {"alg": "ES256"}}, "the header 'alg' belongs among the protected ones alone"),
        ({"header": {"cty": "c"}}, "the header 'cty' belongs among the protected ones alone"),
        ({"header": {"crit": []}}, "the header 'crit' belongs among the protected ones alone"),
        ({"header": {"x": 1}, "signed": {"x": 1}}, "the header 'x' belongs among the protected ones alone"),
        ({"signed": {"alg": "RS256"}}, "signature algorithm 'RS256' is none of notation's"),
        ({"signed": {"alg": 1}}, "alg is not a string"),
        ({"signed": {"cty": 1}}, "cty is not a string"),
        ({"signed": {"crit": {}}}, "crit is not a list"),
        ({"signed": {"crit": ["x"] * (MAX_HEADERS + 1)}}, "crit has 65 items, more than the limit of 64"),
        ({"header": {"x5c": "AAAA"}}, "x5c is not a list"),
        ({"header": {"x5c": ["AAAA", "A"]}}, "x5c[1] is not base64"),
        ({"header": {"x5c": ["AAAA"] * (MAX_CHAIN + 1)}}, "x5c has 11 items, more than the limit of 10"),
        ({"header": {"x5c": []}}, "the envelope holds no certificates"),
        ({"header": {TIMESTAMP: "A"}}, f"{TIMESTAMP} is not base64"),
        ({"payload": "AB"}, "payload is not base64url without padding in its one spelling"),
        ({"payload": "AA=="}, "payload is not base64url without padding in its one spelling"),
        ({"payload": "A"}, "payload is not base64url"),
        ({"payload": "é"}, "payload is not base64url"),
        ({"payload": "+A"}, "payload is not base64url without padding in its one spelling"),
        ({"signature": "/w"}, "signature is not base64url without padding in its one spelling"),
        ({"more": 1}, "envelope has the unknown member 'more'"),
    ],
)
def test_a_jws_that_says_something_else_or_elsewhere_is_refused(change, why):
    with pytest.raises(Malformed) as caught:
        parse_jws(jws(**change))
    assert caught.value.message == why


def test_what_a_jws_says_beside_is_let_be():
    assert parse_jws(jws(header={"x": 1})).chain == (b"one", b"two")
    assert parse_jws(jws(signed={"x": 1})).attributes.unknown == ()
    assert parse_jws(jws(header={TIMESTAMP: "AAAA"})).timestamp == b"\0\0\0"
    many = {f"x{number}": 1 for number in range(MAX_HEADERS - 2)}
    assert len(parse_jws(jws(signed={**many, "crit": [SIGNING_SCHEME, *many]})).attributes.unknown) == MAX_HEADERS - 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"header": {1: -7}}, "the header '1' belongs among the protected ones alone"),
        ({"header": {2: []}}, "the header '2' belongs among the protected ones alone"),
        ({"header": {3: "c"}}, "the header '3' belongs among the protected ones alone"),
        ({"header": {"x": 1}, "signed": {"x": 1}}, "the header 'x' belongs among the protected ones alone"),
        ({"signed": {33: [b"one"]}}, "the header '33' belongs among the protected ones alone"),
        ({"signed": {1: -257}}, "signature algorithm -257 is none of notation's"),
        ({"signed": {1: "ES256"}}, "signature algorithm ES256 is none of notation's"),
        ({"signed": {1: [1]}}, "signature algorithm [1] is none of notation's"),
        ({"drop": (1,)}, "signature algorithm None is none of notation's"),
        ({"signed": {3: 0}}, "content type is not a string"),
        ({"signed": {2: "x"}}, "crit is not a list"),
        ({"signed": {2: [SIGNING_SCHEME, 7]}}, "the header 'label 7' is marked as critical and is not there"),
        ({"signed": {2: [b"x"]}}, "a header whose label is a bytes"),
        ({"signed": {2: [True]}}, "a header whose label is a bool"),
        ({"header": {33: b"one"}}, "x5chain is not a list"),
        ({"header": {33: [b"one", "two"]}}, "x5chain[1] is not a string of bytes"),
        ({"drop": (33,)}, "x5chain is not a list"),
        ({"header": {TIMESTAMP: "x"}}, f"{TIMESTAMP} is not a string of bytes"),
        ({"signed": {SIGNING_TIME: AT}}, f"{SIGNING_TIME} is not an epoch-based time in whole seconds"),
        ({"signed": {SIGNING_TIME: CBORTag(1, True)}}, f"{SIGNING_TIME} is not an epoch-based time in whole seconds"),
        ({"signed": {SIGNING_TIME: CBORTag(1, "x")}}, f"{SIGNING_TIME} is not an epoch-based time in whole seconds"),
        ({"signed": {SIGNING_TIME: CBORTag(1, 253_402_300_800)}}, f"{SIGNING_TIME} is in no year that has four digits"),
        ({"signed": {SIGNING_TIME: CBORTag(1, -253_402_300_800)}}, f"{SIGNING_TIME} is in no year that has four digits"),
        ({"parts": [b"\xa0", {}, b"p"]}, "the envelope is not a tagged COSE_Sign1 message"),
        ({"parts": [b"\xa0", {}, b"p", b"s", b"x"]}, "the envelope is not a tagged COSE_Sign1 message"),
        ({"parts": {1: 2, 2: 2, 3: 2, 4: 2}}, "the envelope is not a tagged COSE_Sign1 message"),
        ({"parts": ["x", {}, b"p", b"s"]}, "protected is not a string of bytes"),
        ({"parts": [b"\x80", {}, b"p", b"s"]}, "protected is not a map"),
        ({"parts": [b"\xa0", [], b"p", b"s"]}, "unprotected is not a map"),
        ({"parts": [b"\xa0", {}, "p", b"s"]}, "payload is not a string of bytes"),
        ({"parts": [b"\xa0", {}, b"p", None]}, "signature is not a string of bytes"),
    ],
)
def test_a_cose_message_that_says_something_else_or_elsewhere_is_refused(change, why):
    with pytest.raises(Malformed) as caught:
        parse_cose(cose(**change))
    assert caught.value.message == why


def test_what_is_no_tagged_value_is_no_cose_message():
    for value in ([b"\xa0", {}, b"p", b"s"], {}, b"x", None):
        with pytest.raises(Malformed, match="^the envelope is not a tagged COSE_Sign1 message$"):
            parse_cose(dump_cbor(value))


def test_what_a_cose_message_says_beside_is_let_be():
    assert parse_cose(cose(header={"x": 1, 44: 1})).chain == (b"one", b"two")
    assert parse_cose(cose(signed={"x": 1, 44: 1})).attributes.unknown == ()
    assert parse_cose(cose(signed={44: 1, 2: [SIGNING_SCHEME, 44]})).attributes.unknown == ("label 44",)
    assert parse_cose(cose(header={TIMESTAMP: b"x"})).timestamp == b"x"
    inside = parse_cose(cose_with_chain_inside())
    assert inside.chain == (b"three",)
    assert inside.attributes.unknown == ()


def cose_with_chain_inside():
    headers = {**protected_of(COSE), 33: [b"three"]}
    return dump_cbor(CBORTag(18, [dump_cbor(headers), {}, b"payload", b"signature"]))


@pytest.mark.parametrize("name", ["alg", "cty", "crit"])
def test_a_header_of_jws_that_must_be_protected_does_not_stand_elsewhere_in_its_stead(name):
    data = json.loads(jws(drop=(name,)))
    data["header"][name] = protected_of(JWS)[name]
    with pytest.raises(Malformed, match=f"^the header '{name}' belongs among the protected ones alone$"):
        parse_jws(json.dumps(data).encode())


@pytest.mark.parametrize("label", [1, 2, 3])
def test_a_header_of_cose_that_must_be_protected_does_not_stand_elsewhere_in_its_stead(label):
    headers = protected_of(COSE)
    elsewhere = {33: [b"one"], label: headers.pop(label)}
    with pytest.raises(Malformed, match=f"^the header '{label}' belongs among the protected ones alone$"):
        parse_cose(cose(parts=[dump_cbor(headers), elsewhere, b"payload", b"signature"]))


@pytest.mark.parametrize("at", [253_402_300_799, 0, -253_402_300_799])
def test_times_are_within_the_years_that_have_four_digits(at):
    assert parse_cose(cose(signed={SIGNING_TIME: CBORTag(1, at)})).attributes.signing_time == at


@pytest.mark.parametrize("media_type", WRITERS)
def test_an_envelope_is_as_large_as_the_limit_says_and_no_larger(media_type):
    _, _, parse = WRITERS[media_type]
    for size, error in ((MAX_ENVELOPE_SIZE, Malformed), (MAX_ENVELOPE_SIZE + 1, LimitExceeded)):
        with pytest.raises(Malformed) as caught:
            parse(b"\x20" * size)
        assert type(caught.value) is error
