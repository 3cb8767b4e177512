"""cosign's older layout, part by part: each member left out, empty or of another form, and each limit at its bound."""

import json
from dataclasses import replace

import pytest
from test_attest_cosign import IMAGE, NOBODY, attestation, keys, signed_by
from world import NOW, World, b64, pem, sign, stamp

from pratique.attest import cosign
from pratique.attest.cosign import (
    MAX_ANNOTATION_SIZE,
    MAX_CHAIN,
    MAX_PAYLOAD_SIZE,
    SIGNATURE,
    SimpleSigning,
    parse_attestation,
    parse_payload,
    parse_signature,
    render_payload,
    without_certificate,
)
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import Requirements
from pratique.errors import DigestMismatch, LimitExceeded, Malformed, SignatureInvalid, Untrusted
from pratique.model.signer import KeySigner

WORLD = World()
LEAF = WORLD.certificate()
PEM = pem("CERTIFICATE", LEAF.der).decode()
MIDDLE, ROOT = (pem("CERTIFICATE", party.der).decode() for party in (WORLD.middle, WORLD.ca))


def parsed(**annotations):
    """A layer with a signature and these annotations, by the names that the module has for them."""
    return parse_signature(b"{}", {SIGNATURE: "AAAA", **{getattr(cosign, name): text for name, text in annotations.items()}})


# --- the payload


def payload(critical=None, **members):
    whole = {
        "identity": {"docker-reference": "app"},
        "image": {"docker-manifest-digest": str(IMAGE)},
        "type": cosign.PAYLOAD_TYPE,
    }
    said = {name: value for name, value in {**whole, **(critical or {})}.items() if value is not ...}
    return json.dumps({"critical": said, "optional": None, **members}).encode()


@pytest.mark.parametrize("optional", [{}, {"a": "b"}])
def test_a_payload_is_read_as_it_is_written(optional):
    claim = SimpleSigning(image=IMAGE, reference="app", optional=optional)
    assert parse_payload(render_payload(claim)) == claim
    assert (b'"optional":null' in render_payload(claim)) is (not optional)
    assert parse_payload(payload(optional={"a": 1})).optional == {"a": 1}
    without = json.loads(payload())
    without.pop("optional")
    assert parse_payload(json.dumps(without).encode()).optional == {}


@pytest.mark.parametrize(
    ("critical", "reason"),
    [
        ({"type": ...}, "its type is 'None'"),
        ({"type": "other"}, "its type is 'other'"),
        ({"more": 1}, "critical has the unknown member 'more'"),
        ({"identity": ...}, "critical.identity is not an object"),
        ({"identity": {}}, "docker-reference is not a string"),
        ({"identity": {"docker-reference": "app", "more": 1}}, "critical.identity has the unknown member"),
        ({"image": ...}, "critical.image is not an object"),
        ({"image": {}}, "docker-manifest-digest is not a string"),
        ({"image": {"docker-manifest-digest": str(IMAGE), "more": 1}}, "critical.image has the unknown member"),
        ({"image": {"docker-manifest-digest": "sha256:12"}}, "not a digest"),
    ],
)
def test_a_payload_with_another_member_or_without_one_is_refused(critical, reason):
    with pytest.raises(Malformed, match=reason):
        parse_payload(payload(critical))


@pytest.mark.parametrize("members", [{"more": 1}, {"optional": []}, {"optional": ""}, {"optional": False}])
def test_a_payload_holds_what_is_critical_and_an_object_of_what_is_not(members):
    with pytest.raises(Malformed):
        parse_payload(payload(**members))
    with pytest.raises(Malformed, match="critical is not an object"):
        parse_payload(b"{}")


def test_a_payload_is_as_large_as_the_limit_says_and_no_larger():
    assert parse_payload(payload().ljust(MAX_PAYLOAD_SIZE)).image == IMAGE
    assert parse_signature(payload().ljust(MAX_PAYLOAD_SIZE), {SIGNATURE: "AAAA"}).signature == bytes(3)
    for read in (parse_payload, lambda data: parse_signature(data, {SIGNATURE: "AAAA"})):
        with pytest.raises(LimitExceeded):
            read(payload().ljust(MAX_PAYLOAD_SIZE + 1))


# --- what stands beside it


def test_a_layer_with_a_signature_alone_has_nothing_else():
    found = parsed()
    assert (found.certificates, found.log_entries, found.timestamps) == ((), (), ())
    assert (found.signature, found.hint, found.version, found.envelope_bytes) == (bytes(3), "", "", b"")


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_layer_without_a_signature_is_told_by_the_annotation_that_it_lacks(text):
    for annotations in ({}, {SIGNATURE: text}):
        with pytest.raises(Malformed, match=f"layer without the annotation {SIGNATURE}"):
            parse_signature(b"{}", annotations)


def test_a_timestamp_is_written_where_there_is_one():
    assert cosign.signature_annotations(b"x") == {SIGNATURE: b64(b"x")}
    made = cosign.signature_annotations(b"x", [b"one", b"two"])
    assert parse_signature(b"{}", made).timestamps == (b"one",)


@pytest.mark.parametrize("name", ["REKOR_BUNDLE", "TIMESTAMP"])
@pytest.mark.parametrize("text", ["", "null"])
def test_an_annotation_that_says_nothing_is_as_one_that_is_not_there(name, text):
    found = parsed(**{name: text})
    assert (found.log_entries, found.timestamps) == ((), ())


@pytest.mark.parametrize(
    "text", ["{}", "[]", "5", '{"SignedRFC3161Timestamp": "A"}', '{"SignedRFC3161Timestamp": "AAAA", "more": 1}']
)
def test_a_timestamp_of_any_other_form_is_refused(text):
    assert parsed(TIMESTAMP='{"SignedRFC3161Timestamp": "AAAA"}').timestamps == (bytes(3),)
    with pytest.raises(Malformed, match="rfc3161timestamp"):
        parsed(TIMESTAMP=text)


# --- certificates


def test_of_a_chain_what_stands_between_the_certificate_and_its_root_is_kept():
    assert parsed(CERTIFICATE=PEM).certificates == (LEAF.der,)
    assert parsed(CERTIFICATE=f"\n{PEM}  ", CHAIN=MIDDLE + ROOT).certificates == (LEAF.der, WORLD.middle.der)
    assert parsed(CERTIFICATE=PEM, CHAIN=ROOT).certificates == (LEAF.der,)


def test_a_certificate_s_annotation_holds_one():
    with pytest.raises(Malformed, match="holds 2 certificates, not one"):
        parsed(CERTIFICATE=PEM + PEM)
    with pytest.raises(Malformed, match="certificate chain, but without the certificate"):
        parsed(CHAIN=MIDDLE)


def test_a_chain_is_as_long_as_the_limit_says_and_no_longer():
    assert len(parsed(CERTIFICATE=PEM, CHAIN=MIDDLE * MAX_CHAIN).certificates) == MAX_CHAIN + 1
    with pytest.raises(LimitExceeded, match=f"more than {MAX_CHAIN} certificates"):
        parsed(CERTIFICATE=PEM, CHAIN=MIDDLE * (MAX_CHAIN + 1))


@pytest.mark.parametrize("text", ["x", f"{PEM}x", f"x{PEM}", pem("PUBLIC KEY", b"x").decode()])
def test_something_else_than_certificates_is_refused(text):
    for name in ("CERTIFICATE", "CHAIN"):
        with pytest.raises(Malformed, match="is not certificates in PEM"):
            parsed(**{"CERTIFICATE": PEM, name: text})


def test_a_certificate_that_is_not_base64_is_refused():
    with pytest.raises(Malformed, match="is not base64"):
        parsed(CERTIFICATE="-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("name", ["CERTIFICATE", "CHAIN", "REKOR_BUNDLE", "TIMESTAMP"])
def test_an_annotation_is_as_large_as_the_limit_says_and_no_larger(name):
    blank = {"CERTIFICATE": " ", "CHAIN": " ", "REKOR_BUNDLE": rekor(), "TIMESTAMP": '{"SignedRFC3161Timestamp": "AAAA"}'}[name]
    parsed(**{name: blank.ljust(MAX_ANNOTATION_SIZE)})
    with pytest.raises(LimitExceeded, match="characters, more than"):
        parsed(**{name: blank.ljust(MAX_ANNOTATION_SIZE + 1)})


# --- the entry of a log


def rekor(body=b'{"kind": "hashedrekord", "apiVersion": "0.0.1"}', outer=None, **members):
    said = {"body": b64(body), "integratedTime": 7, "logIndex": 3, "logID": "a1" * 32, **members}
    return json.dumps({"SignedEntryTimestamp": b64(b"promise"), "Payload": said, **(outer or {})})


def test_an_entry_has_a_promise_and_no_proof():
    (entry,) = parsed(REKOR_BUNDLE=rekor()).log_entries
    assert (entry.log_index, entry.log_id, entry.integrated_time) == (3, b"\xa1" * 32, 7)
    assert (entry.kind, entry.version, entry.promise, entry.proof) == ("hashedrekord", "0.0.1", b"promise", None)


@pytest.mark.parametrize("text", [rekor(body=b""), rekor(outer={"SignedEntryTimestamp": ""})])
def test_an_entry_that_lacks_its_body_or_its_promise_says_so(text):
    with pytest.raises(Malformed, match="an entry without body or signed timestamp"):
        parsed(REKOR_BUNDLE=text)


@pytest.mark.parametrize("log_id", ["a1" * 31, "A1" * 32, "a1" * 32 + "\n", 5, None])
def test_a_log_is_named_by_64_digits(log_id):
    with pytest.raises(Malformed, match="logID"):
        parsed(REKOR_BUNDLE=rekor(logID=log_id))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        rekor(more=1),
        rekor(outer={"more": 1}),
        rekor(outer={"Payload": None}),
        rekor(integratedTime=-1),
        rekor(logIndex="3"),
        rekor(body=b"[]"),
        rekor(body=b'{"kind": "x"}'),
        rekor(body=b'{"apiVersion": "x"}'),
    ],
)
def test_an_entry_of_any_other_form_is_refused(text):
    with pytest.raises(Malformed):
        parsed(REKOR_BUNDLE=text)


# --- who signed


def test_a_certificate_beside_a_key_s_signature_is_kept_beside_it():
    beside = parsed(CERTIFICATE=PEM, CHAIN=MIDDLE)
    without = without_certificate(beside)
    assert (without.certificates, without.beside) == ((), LEAF.der)
    assert without_certificate(parsed()) == parsed()


def test_with_a_certificate_keys_that_did_not_sign_are_no_refusal_and_neither_are_too_many(parties):
    data, annotations = signed_by(parties.p256)
    layer = replace(parse_signature(data, annotations), certificates=(LEAF.der,))
    _, signed = cosign.verify_signature(layer, IMAGE, NOBODY, keys=keys(parties.ed25519, parties.p256))
    assert signed.signer == KeySigner(keyid=parties.p256.key.keyid)
    many = {str(number): parties.ed25519.key for number in range(65)}
    for believed in ({}, keys(parties.ed25519), many):
        with pytest.raises(Untrusted):  # of the certificate, which nobody here issued
            cosign.verify_signature(layer, IMAGE, NOBODY, keys=believed)


def test_a_bare_key_needs_no_log_unless_somebody_asks_for_one(parties):
    one_log = Requirements(logs=1)
    layer = parse_signature(*signed_by(parties.p256))
    said = parse_attestation(*attestation(parties.p256))
    for verify, what in ((cosign.verify_signature, layer), (cosign.verify_attestation, said)):
        verify(what, IMAGE, NOBODY, keys=keys(parties.p256))
        with pytest.raises(Untrusted):
            verify(what, IMAGE, NOBODY, keys=keys(parties.p256), needs=one_log)
        with pytest.raises(SignatureInvalid):
            verify(what, IMAGE, NOBODY, keys=keys(parties.ed25519))


def test_a_certificate_s_signature_needs_a_log_even_where_somebody_vouches_for_its_time():
    root = parse_trusted_root(json.dumps(WORLD.trusted_root()).encode())
    data = render_payload(SimpleSigning(image=IMAGE, reference="app"))
    sig = sign(LEAF.key, data)
    annotations = {
        **cosign.signature_annotations(sig, [stamp(WORLD.stamper, sig, NOW)]),
        cosign.CERTIFICATE: PEM,
        cosign.CHAIN: MIDDLE,
    }
    layer = parse_signature(data, annotations)
    with pytest.raises(Untrusted, match="proven by 0 of the 1 transparency logs"):
        cosign.verify_signature(layer, IMAGE, root, keys={})
    _, signed = cosign.verify_signature(layer, IMAGE, root, keys={}, needs=Requirements(logs=0))
    assert [time.at for time in signed.times] == [NOW]


# --- attestations


def test_an_attestation_that_is_no_statement_is_told_by_its_type(parties):
    data = cosign.render_attestation(parties.p256.envelope(b"{}", "text/plain"))
    for believed in (keys(parties.p256), keys(parties.ed25519), {}):  # it is no attestation, whoever signed it
        with pytest.raises(Malformed, match="^payload is 'text/plain', not an in-toto statement"):
            cosign.verify_attestation(parse_attestation(data, {}), IMAGE, NOBODY, keys=believed)


def test_an_attestation_has_one_signature_and_no_other_member(parties):
    data, annotations = attestation(parties.p256)
    document = json.loads(data)
    assert parse_attestation(data, annotations).envelope_bytes == data
    for change, reason in (
        ({"signatures": document["signatures"] * 2}, "attestation has 2 signatures, not exactly one"),
        ({"more": 1}, "envelope has the unknown member 'more'"),
    ):
        with pytest.raises(Malformed, match=reason):
            parse_attestation(json.dumps(document | change).encode(), annotations)


def test_a_statement_about_another_image_is_a_mismatch(parties):
    other = parse_payload(payload({"image": {"docker-manifest-digest": "sha256:" + "0" * 64}})).image
    with pytest.raises(DigestMismatch, match="the statement is not about"):
        cosign.verify_attestation(parse_attestation(*attestation(parties.p256)), other, NOBODY, keys=keys(parties.p256))
