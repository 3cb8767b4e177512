"""A record in a log is about one bundle: each part of it, and what has no record."""

import hashlib
import json
from dataclasses import replace

import pytest

from pratique.attest.bundle import MessageSignature, parse_bundle, render_bundle
from pratique.attest.record import check_record, log_record
from pratique.attest.strictjson import canonical_json
from pratique.errors import Malformed, ProofInvalid


@pytest.fixture
def signed(parties, payload):
    envelope = parties.p256.envelope(payload)
    return envelope, parse_bundle(render_bundle(envelope, parties.p256.key))


def test_a_record_is_about_this_very_bundle(parties, payload, signed):
    envelope, bundle = signed
    record = log_record(envelope, parties.p256.key)
    check_record(record, bundle)
    other = parties.p256.envelope(payload + b" ")
    with pytest.raises(ProofInvalid, match="another statement or signature"):
        check_record(log_record(other, parties.p256.key), bundle)
    with pytest.raises(ProofInvalid, match="another key"):
        check_record(log_record(envelope, parties.ed25519.key), bundle)
    again = json.dumps(json.loads(record)).encode()
    with pytest.raises(ProofInvalid, match="another statement or signature"):
        check_record(again, bundle)


@pytest.mark.parametrize("path", [["spec"], ["spec", "hashedRekordV002"], ["spec", "hashedRekordV002", "signature", "verifier"]])
def test_what_is_no_record_proves_nothing(parties, signed, path):
    envelope, bundle = signed
    document = json.loads(log_record(envelope, parties.p256.key))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "x"
    with pytest.raises(ProofInvalid, match="is not a record of a signed statement"):
        check_record(canonical_json(document), bundle)
    with pytest.raises(ProofInvalid, match="is not a record of a signed statement"):
        check_record(b"nonsense", bundle)


def test_an_envelope_has_one_signature_to_be_recorded(parties, signed):
    envelope, _ = signed
    for count in (0, 2):
        with pytest.raises(Malformed, match=f"envelope has {count} signatures, not exactly one"):
            log_record(replace(envelope, signatures=envelope.signatures * count), parties.p256.key)


@pytest.mark.parametrize(
    ("digest", "good"),
    [(("sha256", hashlib.sha256(b"x").digest()), True), (None, False), (("sha384", hashlib.sha384(b"x").digest()), False)],
)
def test_a_message_is_recorded_by_the_digest_that_its_key_signs(parties, digest, good):
    content = MessageSignature(sig=b"signature", digest=digest)
    if good:
        data = json.loads(log_record(content, parties.p256.key))["spec"]["hashedRekordV002"]["data"]
        assert data["algorithm"] == "SHA2_256"
        check_record(log_record(content, parties.p256.key), parse_bundle(render_bundle(content, parties.p256.key)))
    else:
        with pytest.raises(Malformed, match="signature without its message's sha256"):
            log_record(content, parties.p256.key)


def test_a_key_without_a_name_in_logs_has_no_record(parties, signed):
    envelope, _ = signed
    assert parties.p256.key.key_details

    class Nameless:
        key_details, algorithm = "", "rsa-pss-of-notation"

    with pytest.raises(Malformed, match="a signature for rsa-pss-of-notation has no entry"):
        log_record(envelope, Nameless())
