import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.attest.bundle import MessageSignature, parse_bundle, render_bundle
from pratique.attest.detached import MAX_RAW_SIZE, parse_raw, render_raw, sign_digest, verify_raw
from pratique.attest.record import check_record, log_record
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, verify_message
from pratique.errors import DigestMismatch, LimitExceeded, Malformed, ProofInvalid, SignatureInvalid, Untrusted
from pratique.model.signer import KeySigner

FILE = b"settings: true\n"
KEY_ONLY = Requirements(logs=0)


def keys(*parties):
    return {party.key.keyid: party.key for party in parties}


def message_bundle(party, data=FILE):
    return render_bundle(MessageSignature(sig=party.sign(data), digest=sign_digest(party.key, data)), party.key)


@pytest.mark.parametrize("name", ["ed25519", "p256", "p384"])
def test_a_bundle_over_the_bytes_of_a_file_verifies_and_not_over_others(parties, name):
    party = getattr(parties, name)
    bundle = parse_bundle(message_bundle(party))
    found = verify_message(bundle, ArtifactDigests.of(FILE), TrustedRoot(), keys=keys(party), needs=KEY_ONLY)
    assert found.signer == KeySigner(keyid=party.key.keyid)
    with pytest.raises(DigestMismatch):
        verify_message(bundle, ArtifactDigests.of(FILE + b"#"), TrustedRoot(), keys=keys(party), needs=KEY_ONLY)


def test_a_stated_digest_proves_nothing(parties):
    lie = MessageSignature(sig=parties.p256.sign(b"another"), digest=sign_digest(parties.p256.key, FILE))
    bundle = parse_bundle(render_bundle(lie, parties.p256.key))
    with pytest.raises(SignatureInvalid):
        verify_message(bundle, ArtifactDigests.of(FILE), TrustedRoot(), keys=keys(parties.p256), needs=KEY_ONLY)


@pytest.mark.parametrize("name", ["ed25519", "p256", "p384"])
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), where=st.booleans())
def test_any_flipped_bit_of_a_file_or_its_bare_signature_fails(parties, name, at, bit, where):
    party = getattr(parties, name)
    sig = party.sign(FILE)
    assert verify_raw(parse_raw(render_raw(sig)), FILE, keys(parties.other, party)).signer == KeySigner(keyid=party.key.keyid)
    changed = bytearray(sig if where else FILE)
    changed[at % len(changed)] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        verify_raw(bytes(changed) if where else sig, FILE if where else bytes(changed), keys(parties.other, party))


def test_a_bare_signature_is_read_however_its_base64_is_broken_into_lines():
    """`base64` and openssl break lines, and `cosign attach signature` keeps them."""
    for text in (b"AAAA", b"AAAA\n", b"AAAA\r\n", b"AA\nAA\n", b"AAAA\n\n"):
        assert parse_raw(text) == b"\0\0\0"


def test_a_bare_signature_may_be_its_bytes_as_openssl_writes_them():
    der = bytes.fromhex("3006020101020180")
    assert parse_raw(der) == der


@pytest.mark.parametrize("label", ["PGP SIGNATURE", "SSH SIGNATURE", "PKCS7"])
def test_a_signature_file_of_another_program_is_called_by_its_name(label):
    with pytest.raises(Malformed, match=label.split()[0].replace("PGP", "OpenPGP").replace("PKCS7", "PEM")):
        parse_raw(f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n".encode())


@pytest.mark.parametrize("data", [b"", b"\n", b" AAAA", b"AAA", b"AB==", b"AA AA", b"AAAA=AAA"])
def test_a_signature_file_of_any_other_form_is_malformed(data):
    with pytest.raises(Malformed):
        parse_raw(data)


def test_a_huge_signature_file_is_refused():
    with pytest.raises(LimitExceeded):
        parse_raw(b"A" * (MAX_RAW_SIZE + 4))


def test_bare_signatures_want_keys_and_not_too_many(parties):
    with pytest.raises(Untrusted):
        verify_raw(b"x", FILE, {})
    with pytest.raises(LimitExceeded):
        verify_raw(b"x", FILE, {str(number): parties.p256.key for number in range(65)})


@pytest.mark.parametrize("name", ["ed25519", "p256", "p384"])
def test_a_logged_bare_signature_is_bound_to_its_record(parties, name):
    party = getattr(parties, name)
    content = MessageSignature(sig=party.sign(FILE), digest=sign_digest(party.key, FILE))
    bundle = parse_bundle(render_bundle(content, party.key))
    check_record(log_record(content, party.key), bundle)
    other = MessageSignature(sig=party.sign(b"x"), digest=sign_digest(party.key, b"x"))
    with pytest.raises(ProofInvalid):
        check_record(log_record(other, party.key), bundle)


def test_a_signature_without_its_digest_is_not_logged(parties):
    with pytest.raises(Malformed):
        log_record(MessageSignature(sig=b"x"), parties.p256.key)
    with pytest.raises(Malformed):
        log_record(MessageSignature(sig=b"x", digest=("sha256", bytes(32))), parties.p384.key)


def test_the_line_of_base64_is_what_other_tools_read(parties):
    sig = parties.p256.sign(FILE)
    assert base64.b64decode(render_raw(sig)) == sig


def test_a_signature_file_is_as_large_as_the_limit_says_and_no_larger():
    assert len(parse_raw(b"A" * MAX_RAW_SIZE)) == MAX_RAW_SIZE // 4 * 3
    with pytest.raises(LimitExceeded, match="signature file of"):
        parse_raw(b"A" * MAX_RAW_SIZE + b"\n")


@pytest.mark.parametrize("data", [b"", b"\n", b" \t\r\n"])
def test_a_signature_file_of_white_space_is_called_empty(data):
    with pytest.raises(Malformed, match="signature file is empty"):
        parse_raw(data)


def test_what_a_pem_file_is_stands_in_its_first_line():
    for label, told in (("PGP SIGNATURE", "an OpenPGP signature"), ("SSH SIGNATURE", "an SSH signature"), ("PKCS7", "PEM")):
        with pytest.raises(Malformed, match=f"signature file is {told}$|signature file is {told} "):
            parse_raw(f"-----BEGIN {label}-----\n{base64.b64encode(bytes(30)).decode()}\nPGP SSH\n".encode())
