import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785

from pratique.attest.bundle import parse_bundle, render_bundle
from pratique.attest.dsse import EnvelopeSignature
from pratique.attest.record import check_record, log_record
from pratique.errors import Malformed, ProofInvalid

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "sigstore" / "test" / "assets" / "bundle-verify"


@pytest.mark.parametrize(
    ("name", "algorithm", "hash_name"),
    [("ed25519", "SHA2_256", "sha256"), ("p256", "SHA2_256", "sha256"), ("p384", "SHA2_384", "sha384")],
)
def test_a_record_holds_digest_signature_and_key_and_nothing_of_the_content(parties, payload, name, algorithm, hash_name):
    party = getattr(parties, name)
    envelope = party.envelope(payload)
    record = log_record(envelope, party.key)
    spec = json.loads(record)["spec"]["hashedRekordV002"]
    assert spec["data"]["algorithm"] == algorithm
    assert base64.b64decode(spec["data"]["digest"]) == hashlib.new(hash_name, envelope.pae).digest()
    assert base64.b64decode(spec["signature"]["content"]) == envelope.signatures[0].sig
    assert base64.b64decode(spec["signature"]["verifier"]["publicKey"]["rawBytes"]) == party.key.spki
    assert spec["signature"]["verifier"]["keyDetails"] == party.key.key_details
    assert record == rfc8785.dumps(json.loads(record))
    assert payload not in record
    check_record(record, parse_bundle(render_bundle(envelope, party.key)))


def test_the_public_logs_own_record_has_the_same_shape_and_digest():
    path = VECTORS / "rekor2-dsse-happy-path" / "bundle.sigstore.json"
    if not path.exists():
        pytest.skip(f"public vectors are not here: {path}")
    bundle = parse_bundle(path.read_bytes())
    body = json.loads(bundle.log_entries[0].body)
    spec = body["spec"]["hashedRekordV002"]
    assert base64.b64decode(spec["data"]["digest"]) == hashlib.sha256(bundle.envelope.pae).digest()
    assert base64.b64decode(spec["signature"]["content"]) == bundle.envelope.signatures[0].sig
    assert bundle.log_entries[0].body == rfc8785.dumps(body)


def test_a_record_of_another_statement_by_the_same_key_is_refused(parties, payload):
    party = parties.p256
    other = log_record(party.envelope(payload + b" "), party.key)
    with pytest.raises(ProofInvalid, match="another statement"):
        check_record(other, parse_bundle(party.bundle(payload)))


def test_a_record_of_another_signature_over_the_same_statement_is_refused(parties, payload):
    party = parties.p256  # ECDSA with fresh randomness: a second signature differs
    record = log_record(party.envelope(payload), party.key)
    with pytest.raises(ProofInvalid, match="another statement or signature"):
        check_record(record, parse_bundle(party.bundle(payload)))


def test_a_record_of_the_same_statement_by_another_key_is_refused(parties, payload):
    record = log_record(parties.other.envelope(payload), parties.other.key)
    with pytest.raises(ProofInvalid, match="another key"):
        check_record(record, parse_bundle(parties.ed25519.bundle(payload)))


def test_a_record_in_another_spelling_or_with_more_in_it_is_refused(parties, payload):
    party = parties.ed25519
    bundle = parse_bundle(party.bundle(payload))
    value = json.loads(log_record(party.envelope(payload), party.key))
    check_record(rfc8785.dumps(value), bundle)
    with pytest.raises(ProofInvalid):
        check_record(json.dumps(value).encode(), bundle)
    for path, new in (
        (("kind",), "dsse"),
        (("apiVersion",), "0.0.1"),
        (("extra",), 1),
        (("spec", "hashedRekordV002", "data", "algorithm"), "SHA2_512"),
        (("spec", "hashedRekordV002", "signature", "verifier", "keyDetails"), "PKIX_ED25519_PH"),
    ):
        changed = json.loads(json.dumps(value))
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = new
        with pytest.raises(ProofInvalid):
            check_record(rfc8785.dumps(changed), bundle)


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"\xff", b'{"spec":{"hashedRekordV002":[]}}', b"[" * 1000, b" " * 70_000])
def test_what_is_no_record_is_refused(parties, payload, record):
    with pytest.raises(ProofInvalid):
        check_record(record, parse_bundle(parties.ed25519.bundle(payload)))


def test_a_record_wants_exactly_one_signature(parties, payload):
    envelope = parties.ed25519.envelope(payload)
    with pytest.raises(Malformed):
        log_record(replace(envelope, signatures=(*envelope.signatures, EnvelopeSignature(sig=b"x"))), parties.ed25519.key)
