import base64
import json

import cbor2
import pytest
from cbor2 import CBORTag
from hypothesis import given, settings
from hypothesis import strategies as st
from notary import AT, KEYS, TARGET, check, signed, team
from pki import Stamper

from pratique.attest.notation import COSE, JWS, MEDIA_TYPES, Scheme, countersign, parse_envelope
from pratique.attest.notation.cbor import dump_cbor, load_cbor
from pratique.attest.notation.sign import render_envelope
from pratique.attest.timestamp import token_in
from pratique.errors import DigestMismatch, Expired, LimitExceeded, Malformed, PratiqueError, SignatureInvalid, Untrusted

SCHEME, TIME, AUTHENTIC, EXPIRY = (
    f"io.cncf.notary.{name}" for name in ("signingScheme", "signingTime", "authenticSigningTime", "expiry")
)


@pytest.fixture(scope="module")
def acme():
    return team()


def resign_jws(acme, change=lambda headers: None, payload=None, extra=()):
    """An envelope whose protected header was changed before signing."""
    envelope = json.loads(signed(acme))
    headers = json.loads(base64.urlsafe_b64decode(envelope["protected"] + "=="))
    change(headers)
    envelope["protected"] = plain(json.dumps(headers).encode())
    if payload is not None:
        envelope["payload"] = plain(payload)
    message = f"{envelope['protected']}.{envelope['payload']}".encode()
    envelope["signature"] = plain(raw(acme.sign(message)))
    envelope["header"].update(extra)
    return json.dumps(envelope).encode()


def resign_cose(acme, change=lambda headers: None, unprotected=()):
    protected, header, payload, _ = cbor2.loads(signed(acme, media_type=COSE)).value
    headers = cbor2.loads(protected, semantic_decoders={1: lambda value, _: CBORTag(1, value)})
    change(headers)
    protected = dump_cbor(headers)
    signature = raw(acme.sign(dump_cbor(["Signature1", protected, b"", payload])))
    return dump_cbor(CBORTag(18, [protected, {**header, **dict(unprotected)}, payload, signature]))


def plain(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(der):
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("algorithm", KEYS)
def test_what_is_signed_with_any_algorithm_verifies(algorithm, media_type):
    acme = team(algorithm=algorithm)
    envelope = parse_envelope(signed(acme, media_type=media_type), media_type)
    assert envelope.algorithm.name == algorithm
    assert check(signed(acme, media_type=media_type), acme, media_type=media_type).cause == "none"


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_an_envelope_survives_reading_and_rendering(acme, media_type):
    for options in ({}, {"expiry": AT + 60}, {"scheme": Scheme.AUTHORITY, "agent": "pratique/1 é"}):
        data = signed(acme, media_type=media_type, **options)
        envelope = parse_envelope(data, media_type)
        assert render_envelope(envelope) == data
        assert envelope.attributes.signing_time == AT
        assert envelope.attributes.expiry == options.get("expiry")
        assert envelope.attributes.scheme is options.get("scheme", Scheme.X509)
        assert envelope.agent == options.get("agent", "")
        assert envelope.chain == acme.chain


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_timestamp_of_this_signature_is_put_into_an_envelope_once(acme, tmp_path, media_type):
    data = signed(acme, media_type=media_type)
    token = token_in(Stamper.start(tmp_path).stamp(parse_envelope(data, media_type).signature))
    stamped = countersign(data, media_type, token)
    assert parse_envelope(stamped, media_type).timestamp == token
    with pytest.raises(Malformed, match="already"):
        countersign(stamped, media_type, token)
    with pytest.raises(Malformed, match="not a timestamp"):
        countersign(data, media_type, b"token")
    with pytest.raises(DigestMismatch):
        countersign(signed(acme, media_type=media_type, expiry=AT + 1), media_type, token)
    with pytest.raises(Untrusted, match="signing authority's own"):
        countersign(signed(acme, media_type=media_type, scheme=Scheme.AUTHORITY), media_type, token)


def test_a_key_that_is_not_the_certificates_publishes_nothing(acme):
    other = team()
    other.chain = acme.chain
    with pytest.raises(SignatureInvalid, match="not the signing certificate's"):
        signed(other)
    with pytest.raises(Expired):
        signed(acme, at=1)
    with pytest.raises(Malformed, match="expires before"):
        signed(acme, expiry=AT)


def test_headers_that_the_specification_requires_must_be_there_and_critical(acme):
    def without(name):
        return lambda headers: headers.pop(name)

    def critical(*names):
        return lambda headers: headers.update(crit=list(names))

    for change, words in [
        (without("alg"), "alg"),
        (without("cty"), "cty"),
        (without("crit"), "crit"),
        (without(SCHEME), "not there"),
        (without(TIME), "missing"),
        (critical(), "empty"),
        (critical(SCHEME, SCHEME), "twice"),
        (critical(SCHEME, "alg"), "not there"),
        (critical(SCHEME, "exp"), "not there"),
        (critical(TIME), "not marked"),
        (lambda headers: headers.update({SCHEME: "notary.x509.other"}), "unknown signing scheme"),
        (lambda headers: headers.update({AUTHENTIC: "2027-01-01T00:00:00Z"}), "does not belong"),
        (lambda headers: headers.update({EXPIRY: "2099-01-01T00:00:00Z"}), "not marked"),
        (lambda headers: headers.update({EXPIRY: "1999-01-01T00:00:00Z", "crit": [SCHEME, EXPIRY]}), "expires before"),
        (lambda headers: headers.update({TIME: "yesterday"}), "RFC 3339"),
        (lambda headers: headers.update({TIME: "0000-00-00T00:00:00Z"}), "RFC 3339"),
        (lambda headers: headers.update({TIME: "99999-01-01T00:00:00Z"}), "RFC 3339"),
        (lambda headers: headers.update({"alg": "none"}), "none of notation's"),
        (lambda headers: headers.update({"alg": "HS256"}), "none of notation's"),
        (lambda headers: headers.update({"alg": "EdDSA"}), "none of notation's"),
    ]:
        verification = check(resign_jws(acme, change), acme)
        assert (verification.cause, words in verification.detail) == ("invalid", True), verification.detail
    assert check(resign_jws(acme), acme).cause == "none"


def test_an_unknown_critical_header_fails_and_an_uncritical_one_does_not(acme):
    for change, wanted in [
        (lambda headers: headers.update({"new": 1}), "none"),
        (lambda headers: headers.update({"new": 1, "crit": [SCHEME, "new"]}), "invalid"),
        (lambda headers: headers.update({"b64": False, "crit": [SCHEME, "b64"]}), "invalid"),
    ]:
        assert check(resign_jws(acme, change), acme).cause == wanted
    for change, wanted in [
        (lambda headers: headers.update({"new": 1}), "none"),
        (lambda headers: headers.update({"new": 1, 2: [SCHEME, "new"]}), "invalid"),
        (lambda headers: headers.update({7: 1, 2: [SCHEME, 7]}), "invalid"),
    ]:
        assert check(resign_cose(acme, change), acme, media_type=COSE).cause == wanted


def test_a_signature_that_demands_a_plugin_cannot_be_judged(acme):
    plugin = {"io.cncf.notary.verificationPlugin": "com.example.check"}
    both = {**plugin, "io.cncf.notary.verificationPluginMinVersion": "1.0.0"}
    for headers in (plugin, both):
        verification = check(resign_jws(acme, lambda old, new=headers: old.update({**new, "crit": [SCHEME, *new]})), acme)
        assert (verification.cause, verification.signed) == ("unreadable", None)
        assert "com.example.check" in verification.detail
    assert "not marked" in check(resign_jws(acme, lambda old: old.update(plugin)), acme).detail
    only = {"io.cncf.notary.verificationPluginMinVersion": "1.0.0"}
    assert check(resign_jws(acme, lambda old: old.update({**only, "crit": [SCHEME, *only]})), acme).cause == "invalid"


def test_jws_is_read_in_one_spelling_only(acme):
    good = json.loads(signed(acme))
    compact = signed(acme)
    for change, words in [
        ({"extra": 1}, "unknown member"),
        ({"signatures": []}, "unknown member"),
        ({"signature": good["signature"] + "="}, "base64url"),
        ({"signature": good["signature"] + "\n"}, "base64url"),
        ({"payload": good["payload"][:-1] + "+"}, "base64url"),
        ({"signature": 1}, "not a string"),
        ({"header": {**good["header"], "alg": "ES256"}}, "protected ones alone"),
        ({"header": {**good["header"], SCHEME: "notary.x509"}}, "protected ones alone"),
        ({"header": {**good["header"], "crit": []}}, "protected ones alone"),
        ({"header": {**good["header"], "x5c": []}}, "no certificates"),
        ({"header": {"x5c": good["header"]["x5c"] * 4}}, "more than the limit"),
        ({"header": {"x5c": [good["header"]["x5c"][0] + "\n"]}}, "base64"),
        ({"header": {}}, "not a list"),
        ({"protected": plain(b"[]")}, "not an object"),
        ({"protected": plain(b'{"alg":"ES256","alg":"ES256"}')}, "twice"),
    ]:
        with pytest.raises(Malformed, match=words):
            parse_envelope(json.dumps({**good, **change}).encode(), JWS)
    with pytest.raises(Malformed, match="twice"):
        parse_envelope(compact[:-1] + b',"payload":""}', JWS)
    with pytest.raises(Malformed, match="unknown member|not an object|JSON"):
        parse_envelope(f"{good['protected']}.{good['payload']}.{good['signature']}".encode(), JWS)


def test_cose_is_read_in_one_spelling_only(acme):
    data = signed(acme, media_type=COSE)
    protected, header, payload, signature = cbor2.loads(data).value
    header = dict(header)

    def sign1(*parts, tag=18):
        return cbor2.dumps(CBORTag(tag, list(parts)))

    for bad, words in [
        (data[1:], "not a tagged"),
        (sign1(protected, header, payload, signature, tag=98), "tag 98"),
        (cbor2.dumps(CBORTag(55799, cbor2.loads(data))), "tag 55799"),
        (sign1(protected, header, payload), "not a tagged"),
        (sign1(protected, header, None, signature), "payload"),
        (sign1(protected, header, payload, "text"), "signature"),
        (sign1(cbor2.loads(protected), header, payload, signature), "tag 0"),
        (sign1(protected, {**header, 1: -7}, payload, signature), "protected ones alone"),
        (sign1(protected, {**header, True: -7}, payload, signature), "neither text"),
        (sign1(protected, {**header, SCHEME: "notary.x509"}, payload, signature), "protected ones alone"),
        (sign1(protected, {33: header[33][0]}, payload, signature), "x5chain"),
        (sign1(protected, {33: []}, payload, signature), "no certificates"),
        (sign1(protected, {}, payload, signature), "x5chain"),
        (sign1(protected, {**header, 44: 1.5}, payload, signature), "float"),
        (sign1(protected, {**header, 44: {1, 2}}, payload, signature), "tag 258"),
        (data + b"\0", "after its end"),
        (b"\xd8\x12" + data[1:], "shortest form"),
        (data[:1] + b"\x98\x04" + data[2:], "shortest form"),
        (data[:1] + b"\x9f" + data[2:] + b"\xff", "indefinite"),
        (sign1(b"\xa2\x01\x26\x01\x26", header, payload, signature), "[Dd]uplicate"),
        (sign1(b"", header, payload, signature), "not CBOR"),
    ]:
        with pytest.raises(Malformed, match=words):
            parse_envelope(bad, COSE)
    for time in (1.5, "2027-01-01T00:00:00Z", 10**15):
        bad = resign_cose(acme, lambda headers, time=time: headers.update({TIME: CBORTag(1, time)}))
        assert check(bad, acme, media_type=COSE).cause == "invalid"
    bad = resign_cose(acme, lambda headers: headers.update({TIME: AT}))
    assert "epoch-based" in check(bad, acme, media_type=COSE).detail


def test_a_chain_may_stand_in_the_protected_header_of_cose(acme):
    protected, header, payload, _ = cbor2.loads(signed(acme, media_type=COSE)).value
    headers = cbor2.loads(protected, semantic_decoders={1: lambda value, _: CBORTag(1, value)})
    protected = dump_cbor({**headers, 33: list(header[33])})
    signature = raw(acme.sign(dump_cbor(["Signature1", protected, b"", payload])))
    assert check(dump_cbor(CBORTag(18, [protected, {}, payload, signature])), acme, media_type=COSE).cause == "none"


@pytest.mark.parametrize("tag", [4, 5, 28, 30, 35, 36, 37, 100, 258, 260, 1004, 9999])
def test_tags_that_would_become_other_things_are_refused_unopened(tag):
    for value in ([1, 2], "a" * 100, b"a" * 100, [2**60, 2**60]):
        with pytest.raises(Malformed, match=f"tag {tag}"):
            load_cbor(cbor2.dumps(CBORTag(tag, value)) if tag != 28 else b"\xd8\x1c\x80", what="it", max_size=1000)


def test_shared_references_are_refused():
    for data, tag in (("d81c81d81d00", 28), ("81d81d00", 29), ("82d81c80d81d00", 29)):
        with pytest.raises(Malformed, match=f"tag {tag}"):
            load_cbor(bytes.fromhex(data), what="it", max_size=1000)


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5) | st.binary(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@settings(max_examples=100)
@given(VALUES)
def test_cbor_survives_writing_and_reading(value):
    assert load_cbor(dump_cbor(value), what="it", max_size=10_000) == value


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_as_cbor_are_read_or_refused_and_never_read_in_two_spellings(data):
    try:
        value = load_cbor(data, what="it", max_size=1000, tags=(1, 18))
    except PratiqueError:
        return
    assert cbor2.dumps(value) == data


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_hostile_envelopes_are_refused_within_bounds(acme, media_type):
    hundred = b"{" + b" " * (100 << 20)
    with pytest.raises(LimitExceeded):
        parse_envelope(hundred, media_type)
    for bad in (
        b"\x81" * 100_000,
        b"\xd8\x12" * 100_000,
        b"\xa1\x00" * 100_000,
        b"[" * 100_000,
        b'{"header":' * 100_000,
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\x00\x00\x00\x00\xff\xff\xff\xff",
        b"",
        b"\xff" * 1000,
    ):
        with pytest.raises(Malformed):
            parse_envelope(bad, media_type)


def test_other_media_types_are_no_envelopes(acme):
    with pytest.raises(Malformed, match="no signature envelope"):
        parse_envelope(signed(acme), "application/json")
    with pytest.raises(Malformed, match="no signature envelope"):
        signed(acme, media_type="application/json")
    assert check(signed(acme), acme, media_type=COSE).cause == "invalid"
    assert check(signed(acme, media_type=COSE), acme, media_type=JWS).cause == "invalid"


def test_annotations_are_signed_with_the_artifact_and_reserved_names_are_not(acme):
    from dataclasses import replace

    noted = replace(TARGET, annotations={"build": "7 é"})
    verification = check(signed(acme, target=noted), acme)
    assert (verification.cause, verification.target) == ("none", noted)
    with pytest.raises(Malformed, match="own"):
        signed(acme, target=replace(TARGET, annotations={"io.cncf.notary.x": "1"}))


def test_no_verification_fails_on_what_the_signing_agent_is(acme):
    for agent in ("", "x" * 100_000, 7, None, ["a"]):
        assert check(resign_jws(acme, extra={"io.cncf.notary.signingAgent": agent}), acme).cause == "none"
        bad = resign_cose(acme, unprotected={"io.cncf.notary.signingAgent": agent})
        assert check(bad, acme, media_type=COSE).cause == "none"
