import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.bundle import parse_bundle, render_bundle
from pratique.attest.dsse import EnvelopeSignature, pae
from pratique.attest.verify import MAX_KEYS_TRIED, verify_bundle
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid, Untrusted, Violation


def trust(*parties):
    return {party.key.keyid: party.key for party in parties}


@pytest.mark.parametrize("name", ["ed25519", "p256", "p384"])
def test_a_signed_statement_is_verified_and_names_its_key(parties, payload, name):
    party = getattr(parties, name)
    bundle = parse_bundle(party.bundle(payload))
    verified = verify_bundle(bundle, trust(party, parties.other))
    assert verified.keyid == party.key.keyid
    assert verified.statement().predicate == {"x": "é"}
    assert verified.bundle is bundle


def flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


@settings(max_examples=50)
@given(name=st.sampled_from(["ed25519", "p256", "p384"]), bit=st.integers(0, 10_000))
def test_any_flipped_bit_of_payload_or_signature_is_found(parties, payload, name, bit):
    party = getattr(parties, name)
    bundle = parse_bundle(party.bundle(payload))
    envelope = bundle.envelope
    sig = envelope.signatures[0]
    for changed in (
        replace(envelope, payload=flip(envelope.payload, bit)),
        replace(envelope, signatures=(replace(sig, sig=flip(sig.sig, bit)),)),
    ):
        with pytest.raises(SignatureInvalid):
            verify_bundle(replace(bundle, content=changed), trust(party))


@settings(max_examples=50)
@given(bit=st.integers(0, 20_000))
def test_any_flipped_bit_of_the_bundles_bytes_is_found_or_changes_nothing_that_is_read(parties, payload, bit):
    data = parties.ed25519.bundle(payload)
    try:
        verified = verify_bundle(parse_bundle(flip(data, bit)), trust(parties.ed25519))
    except (Malformed, Violation):
        return
    # Only the name of the optional keyid member can differ: DSSE has readers skip members they do not know.
    assert verified.statement() == verify_bundle(parse_bundle(data), trust(parties.ed25519)).statement()
    assert b'"keyid"' not in flip(data, bit)


def test_the_payload_type_is_under_the_signature(parties, payload):
    bundle = parse_bundle(parties.ed25519.bundle(payload))
    changed = replace(bundle, content=replace(bundle.envelope, payload_type="text/plain"))
    with pytest.raises(SignatureInvalid):
        verify_bundle(changed, trust(parties.ed25519))


def test_a_signed_payload_of_another_type_is_no_statement(parties, payload):
    bundle = parse_bundle(parties.ed25519.bundle(payload, "application/json"))
    with pytest.raises(Malformed, match="not an in-toto statement"):
        verify_bundle(bundle, trust(parties.ed25519))


def test_a_signature_made_with_lengths_in_characters_is_refused(parties):
    payload = '{"é":1}'.encode()
    wrong = pae("t", payload).replace(b" 8 ", b" 7 ")
    assert wrong != pae("t", payload)
    bundle = parse_bundle(parties.ed25519.bundle(payload, "t"))
    forged = replace(bundle.envelope, signatures=(EnvelopeSignature(sig=parties.ed25519.sign(wrong)),))
    with pytest.raises(SignatureInvalid):
        verify_bundle(replace(bundle, content=forged), trust(parties.ed25519))


def test_a_key_nobody_named_is_not_trusted_and_not_called_invalid(parties, payload):
    with pytest.raises(Untrusted):
        verify_bundle(parse_bundle(parties.ed25519.bundle(payload)), trust(parties.other))
    with pytest.raises(Untrusted):
        verify_bundle(parse_bundle(parties.ed25519.bundle(payload)), {})


def test_a_bundle_that_only_claims_a_trusted_key_is_invalid(parties, payload):
    bundle = parse_bundle(render_bundle(parties.other.envelope(payload), parties.ed25519.key))
    with pytest.raises(SignatureInvalid):
        verify_bundle(bundle, trust(parties.ed25519, parties.p256))


def test_a_key_is_tried_and_not_looked_up_and_the_answer_names_the_one_that_signed(parties, payload):
    """A hint that names another believed key is as wrong as none: who signed is who the signature says."""
    bundle = parse_bundle(render_bundle(parties.other.envelope(payload), parties.ed25519.key))
    assert verify_bundle(bundle, trust(parties.ed25519, parties.p256, parties.other)).keyid == parties.other.key.keyid


def test_more_keys_than_are_tried_are_said_and_a_hint_still_finds_its_own(parties, payload):
    many = {f"{number:064x}": replace(parties.other.key) for number in range(MAX_KEYS_TRIED)}
    data = parties.ed25519.bundle(payload)
    named = parse_bundle(data)
    assert verify_bundle(named, many | trust(parties.ed25519)).keyid == parties.ed25519.key.keyid
    with pytest.raises(LimitExceeded, match="more than the 64"):
        verify_bundle(replace(named, hint="release"), many | trust(parties.ed25519))
    forged = replace(named, content=parties.p256.envelope(payload))
    with pytest.raises(SignatureInvalid):
        verify_bundle(forged, many | trust(parties.ed25519))


def test_a_key_filed_under_another_keys_id_is_not_trusted(parties, payload):
    bundle = parse_bundle(parties.ed25519.bundle(payload))
    with pytest.raises(Untrusted):
        verify_bundle(bundle, {parties.ed25519.key.keyid: parties.other.key})


def test_a_signature_under_one_algorithm_does_not_verify_under_another(parties, payload):
    bundle = parse_bundle(parties.ed25519.bundle(payload))
    with pytest.raises(SignatureInvalid):
        verify_bundle(replace(bundle, hint=parties.p256.key.hint), trust(parties.p256))


@pytest.mark.parametrize("hint", ["", "release-key", "é", base64.b64encode(b"x" * 31).decode(), "00" * 32])
def test_whatever_a_hint_says_the_believed_keys_are_tried_and_a_strangers_is_untrusted(parties, payload, hint):
    bundle = replace(parse_bundle(parties.ed25519.bundle(payload)), hint=hint)
    verified = verify_bundle(bundle, trust(parties.p256, parties.ed25519))
    assert verified.keyid == parties.ed25519.key.keyid
    with pytest.raises(Untrusted):
        verify_bundle(bundle, trust(parties.p256, parties.other))
    changed = replace(bundle, content=replace(bundle.envelope, payload=b"{}"))
    with pytest.raises(Untrusted):
        verify_bundle(changed, trust(parties.ed25519))


def test_the_payload_is_not_parsed_before_its_signature_verifies(parties):
    # A payload that a parser refuses: if it were looked at first, the answer would be Malformed.
    bundle = parse_bundle(parties.ed25519.bundle(b"{not json"))
    with pytest.raises(Malformed, match="not JSON"):
        verify_bundle(bundle, trust(parties.ed25519))
    changed = replace(bundle.envelope, payload=b"{not json either")
    with pytest.raises(SignatureInvalid):
        verify_bundle(replace(bundle, content=changed), trust(parties.ed25519))


def test_a_signed_statement_with_two_subjects_lists_is_refused(parties, payload):
    document = payload[:-1] + b',"subject":' + json.dumps(json.loads(payload)["subject"]).encode() + b"}"
    with pytest.raises(Malformed, match="twice"):
        verify_bundle(parse_bundle(parties.ed25519.bundle(document)), trust(parties.ed25519))
