"""Signatures of files in older forms: each member as it may be left out, empty, or of another form."""

import base64
import json

import pytest
import world
from world import b64, pem

from pratique.attest.bundle import MessageSignature
from pratique.attest.cosign_blob import parse_bare_envelope, parse_blob_bundle
from pratique.attest.dsse import IN_TOTO, Envelope
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest

WORLD = world.World()
DER = WORLD.certificate().der
CERTIFICATE = pem("CERTIFICATE", DER)
PUBLIC = pem("PUBLIC KEY", world.spki(world.KEYS["p256"]))
SIGNED = b"signature"


def blob(**members):
    return json.dumps({"base64Signature": b64(SIGNED), **members}).encode()


def envelope(*signatures, **members):
    one = {"sig": b64(SIGNED)}
    return json.dumps(
        {"payloadType": IN_TOTO, "payload": b64(b"{}"), "signatures": list(signatures or (one,)), **members}
    ).encode()


def rekor():
    body = json.dumps({"kind": "hashedrekord", "apiVersion": "0.0.1"}).encode()
    payload = {"body": b64(body), "integratedTime": 7, "logIndex": 3, "logID": "a1" * 32}
    return {"SignedEntryTimestamp": b64(b"promise"), "Payload": payload}


def test_a_signature_alone_is_one_of_a_bare_key_without_a_log():
    data = blob()
    found = parse_blob_bundle(data)
    assert found.content == MessageSignature(sig=SIGNED)
    assert (found.received, found.digest) == (data, Digest.of(data))
    assert (found.certificates, found.log_entries, found.timestamps, found.hint) == ((), (), (), "")


@pytest.mark.parametrize("members", [{"cert": ""}, {"cert": None}, {"rekorBundle": None}, {"rekorBundle": {}}])
def test_a_member_that_is_empty_is_as_one_that_is_not_there(members):
    found = parse_blob_bundle(blob(**members))
    assert (found.certificates, found.log_entries) == ((), ())


@pytest.mark.parametrize("wrap", [bytes.decode, b64, lambda text: base64.encodebytes(text).decode()])
def test_a_certificate_is_pem_as_it_is_or_in_base64_and_a_public_key_in_its_place_is_none(wrap):
    assert parse_blob_bundle(blob(cert=wrap(CERTIFICATE))).certificates == (DER,)
    assert parse_blob_bundle(blob(cert=wrap(PUBLIC))).certificates == ()


@pytest.mark.parametrize("cert", ["nonsense", "AAA", b64("BEGIN CERTIFICATE é".encode())])
def test_a_certificate_of_any_other_form_is_refused(cert):
    with pytest.raises(Malformed, match="cert of a cosign bundle is not PEM in base64"):
        parse_blob_bundle(blob(cert=cert))


def test_an_entry_of_a_log_stands_beside_the_signature():
    (entry,) = parse_blob_bundle(blob(rekorBundle=rekor())).log_entries
    assert (entry.kind, entry.log_index, entry.integrated_time, entry.promise) == ("hashedrekord", 3, 7, b"promise")


@pytest.mark.parametrize("sig", ["", "\n", "\r\n"])
def test_a_signature_that_is_empty_is_none(sig):
    with pytest.raises(Malformed, match="cosign bundle with an empty signature"):
        parse_blob_bundle(blob(base64Signature=sig))


@pytest.mark.parametrize("data", [b"[]", b"{}", blob(base64Signature=5), blob(more=1), blob(cert=5), blob(rekorBundle="x")])
def test_what_is_no_older_bundle_is_refused(data):
    with pytest.raises(Malformed):
        parse_blob_bundle(data)


def test_an_envelope_in_the_place_of_the_signature_has_exactly_one_of_its_own():
    found = parse_blob_bundle(blob(base64Signature=b64(envelope()), cert=CERTIFICATE.decode()))
    assert isinstance(found.content, Envelope) and found.envelope.payload == b"{}"
    assert found.envelope_bytes == envelope() and found.certificates == (DER,)
    one = {"sig": b64(SIGNED)}
    with pytest.raises(Malformed, match="envelope has 2 signatures, not exactly one"):
        parse_blob_bundle(blob(base64Signature=b64(envelope(one, one))))


# --- a bare envelope


def test_a_bare_envelope_is_one_with_the_certificate_that_stands_in_its_signature():
    plain = parse_bare_envelope(envelope())
    assert (plain.envelope.payload_type, plain.signature, plain.certificates) == (IN_TOTO, SIGNED, ())
    for empty in ("", None):
        assert parse_bare_envelope(envelope({"sig": b64(SIGNED), "cert": empty})).certificates == ()
    certified = parse_bare_envelope(envelope({"sig": b64(SIGNED), "cert": CERTIFICATE.decode()}))
    assert certified.certificates == (DER,)


@pytest.mark.parametrize("signatures", [[], None, {}, ["x"], [{"sig": b64(SIGNED), "cert": 5}], [{"sig": b64(SIGNED)}] * 2])
def test_an_envelope_with_other_than_one_signature_is_refused(signatures):
    with pytest.raises(Malformed):
        parse_bare_envelope(envelope(signatures=signatures))


def test_an_envelope_has_no_more_signatures_than_are_read():
    with pytest.raises(LimitExceeded):
        parse_bare_envelope(envelope(signatures=[{"sig": b64(SIGNED)}] * 65))
