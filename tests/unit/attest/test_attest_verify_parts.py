"""Which key signed: the one that is named first, then each that is believed; and what is said when none did."""

import base64
from dataclasses import replace

import pytest

from pratique.attest.bundle import parse_bundle
from pratique.attest.verify import MAX_KEYS_TRIED, find_hinted_key, find_key, hint_keyid, verify_bundle
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid, Untrusted


@pytest.fixture
def bundle(parties, payload):
    return parse_bundle(parties.ed25519.bundle(payload))


def keys(*parties):
    return {party.key.keyid: party.key for party in parties}


def found(bundle, believed, *, good=(), malformed=()):
    """The key that is found where these verify, those cannot, and the rest do not; and which were tried, in order."""
    tried = []

    def check(key):
        tried.append(key.keyid)
        if key.keyid in malformed:
            raise Malformed(f"of a digest alone: {key.keyid[:4]}")
        if key.keyid not in good:
            raise SignatureInvalid(f"no: {key.keyid[:4]}")

    try:
        return find_hinted_key(bundle, believed, check).keyid, tried
    except (Untrusted, SignatureInvalid, LimitExceeded, Malformed) as error:
        return error, tried


def test_the_key_that_is_named_is_tried_first_and_alone_where_it_signed(parties, bundle):
    own, other = parties.ed25519.key.keyid, parties.p256.key.keyid
    assert found(bundle, keys(parties.p256, parties.ed25519), good={own, other}) == (own, [own])
    assert found(bundle, keys(parties.p256, parties.ed25519), good={other}) == (other, [own, other])


def test_each_key_is_tried_once_and_the_refusal_is_that_of_the_one_that_was_named(parties, bundle):
    believed = keys(parties.p256, parties.ed25519, parties.other)
    own = parties.ed25519.key.keyid
    error, tried = found(bundle, believed)
    assert isinstance(error, SignatureInvalid) and str(error) == f"no: {own[:4]}"
    assert sorted(tried) == sorted(believed) and tried[0] == own
    error, _ = found(bundle, believed, malformed={own})
    assert isinstance(error, Malformed) and str(error) == f"of a digest alone: {own[:4]}"
    error, _ = found(bundle, believed, malformed={parties.p256.key.keyid})
    assert isinstance(error, SignatureInvalid) and str(error) == f"no: {own[:4]}"


def test_what_cannot_be_verified_under_a_key_hides_none_that_signed(parties, bundle):
    unnamed = replace(bundle, hint="")
    p256, other = parties.p256.key.keyid, parties.other.key.keyid
    assert found(unnamed, keys(parties.p256, parties.other), malformed={p256}, good={other}) == (other, [p256, other])
    error, _ = found(unnamed, keys(parties.p256, parties.other), malformed={p256})
    assert isinstance(error, Malformed)
    error, _ = found(unnamed, keys(parties.p256, parties.other), malformed={p256, other})
    assert str(error) == f"of a digest alone: {p256[:4]}"


@pytest.mark.parametrize(
    ("hint", "called"),
    [
        ("", "a key without a name"),
        ("release", "a key called 'release'"),
        (base64.b64encode(b"\xab" * 32).decode(), "key abababababab…"),
    ],
)
def test_a_stranger_is_called_by_what_the_bundle_says_of_it(parties, bundle, hint, called):
    error, _ = found(replace(bundle, hint=hint), keys(parties.p256))
    assert isinstance(error, Untrusted)
    assert error.message == f"signed by {called}, which is not among the trusted keys"


def many(key, count):
    return {f"{number:064x}": key for number in range(count)}


def test_as_many_keys_are_tried_as_the_limit_says_and_no_more(parties, bundle):
    unnamed, other = replace(bundle, hint=""), parties.other.key
    error, tried = found(unnamed, many(other, MAX_KEYS_TRIED))
    assert isinstance(error, Untrusted) and len(tried) == MAX_KEYS_TRIED
    error, tried = found(unnamed, many(other, MAX_KEYS_TRIED + 1))
    assert isinstance(error, LimitExceeded) and tried == []
    own = keys(parties.ed25519)
    error, tried = found(bundle, many(other, MAX_KEYS_TRIED) | own)
    assert isinstance(error, SignatureInvalid) and tried == list(own)


def test_a_key_under_another_s_id_is_nobody_s(parties, bundle):
    own, other = parties.ed25519.key.keyid, parties.p256.key.keyid
    error, tried = found(bundle, {own: parties.p256.key}, good={other})
    assert isinstance(error, Untrusted) and tried == []


@pytest.mark.parametrize(
    ("hint", "keyid"),
    [
        (base64.b64encode(b"\xab" * 32).decode(), "ab" * 32),
        (base64.b64encode(b"\xab" * 31).decode(), ""),
        (base64.b64encode(b"\xab" * 33).decode(), ""),
        ("", ""),
        ("é", ""),
        ("release-key", ""),
        (base64.b64encode(b"\xab" * 32).decode() + "\n", ""),
    ],
)
def test_a_hint_names_a_key_by_thirty_two_bytes_in_base64_and_nothing_else(hint, keyid):
    assert hint_keyid(hint) == keyid


def test_a_signature_that_names_no_key_is_tried_under_each(parties):
    signature = parties.p256.sign(b"data")
    assert find_key(signature, b"data", keys(parties.ed25519, parties.p256)) == parties.p256.key
    with pytest.raises(Untrusted, match="no key is trusted"):
        find_key(signature, b"data", {})
    with pytest.raises(SignatureInvalid, match="verifies under none of 1 trusted keys"):
        find_key(signature, b"data", keys(parties.ed25519))
    assert find_key(signature, b"data", many(parties.other.key, MAX_KEYS_TRIED - 1) | keys(parties.p256)) == parties.p256.key
    with pytest.raises(LimitExceeded, match="65 are more than the 64 that are tried"):
        find_key(signature, b"data", many(parties.other.key, MAX_KEYS_TRIED) | keys(parties.p256))


def test_signed_bytes_of_another_type_are_no_statement_although_they_read_like_one(parties, payload):
    bundle = parse_bundle(parties.ed25519.bundle(payload, payload_type="application/vnd.example+json"))
    with pytest.raises(Malformed, match="signed payload is 'application/vnd.example"):
        verify_bundle(bundle, keys(parties.ed25519))
    own = verify_bundle(parse_bundle(parties.ed25519.bundle(payload)), keys(parties.ed25519))
    assert own.keyid == parties.ed25519.key.keyid
