"""The six algorithms, key by key: which keys sign with one, and that a signature has one spelling."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from notary import AT, KEYS, TARGET, signing_function, team

from pratique.attest.notation import sign
from pratique.attest.notation.algorithms import BY_LABEL, BY_NAME, algorithm_of, raw_signature, verify_signature
from pratique.errors import Malformed, SignatureInvalid, Untrusted

P256 = ec.generate_private_key(ec.SECP256R1())
# r and s of as many bytes as the curve's field has (RFC 7518 §3.4).
WIDTHS = {"ES256": 32, "ES384": 48, "ES512": 66}


@pytest.mark.parametrize("name", KEYS)
def test_each_key_that_is_allowed_signs_with_one_algorithm_which_the_encodings_name_alike(name):
    found = algorithm_of(KEYS[name]().public_key())
    assert found is BY_NAME[name] is BY_LABEL[found.label]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits"),
        (rsa.generate_private_key(65537, 2056), "RSA of 2056 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "ECDSA on secp256k1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "ECDSA on brainpoolP256r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
)
def test_a_key_that_is_not_allowed_is_named_with_what_is_wrong_with_it(key, said):
    for ask in (algorithm_of, lambda public: verify_signature(public, b"signature", b"message")):
        with pytest.raises(Untrusted) as caught:
            ask(key.public_key())
        assert caught.value.message == f"a signing key that notation does not allow: {said}"


@pytest.mark.parametrize("name", KEYS)
def test_a_signature_holds_over_its_message_and_under_its_key_alone(name):
    key, other = KEYS[name](), KEYS[name]()
    signature = raw_signature(signing_function(key, name)(b"message"), BY_NAME[name])
    verify_signature(key.public_key(), signature, b"message")
    for public, data, message in (
        (other.public_key(), signature, b"message"),
        (key.public_key(), signature, b"another"),
        (key.public_key(), b"\0" * len(signature), b"message"),
        (key.public_key(), b"", b"message"),
    ):
        with pytest.raises(SignatureInvalid):
            verify_signature(public, data, message)


@pytest.mark.parametrize("name", WIDTHS)
def test_the_numbers_of_a_signature_by_ecdsa_have_the_width_of_the_curve_and_no_other(name):
    key, width = KEYS[name](), WIDTHS[name]
    der = signing_function(key, name)(b"message")
    r, s = decode_dss_signature(der)
    while s >= 1 << 8 * (width - 1):  # one whose s has a leading zero
        der = signing_function(key, name)(b"message")
        r, s = decode_dss_signature(der)
    right = r.to_bytes(width, "big") + s.to_bytes(width, "big")
    assert raw_signature(der, BY_NAME[name]) == right
    verify_signature(key.public_key(), right, b"message")
    # Those have the same two numbers where only the first is of the right width.
    for wrong in (right[:width] + b"\0" + right[width:], right[:width] + right[width + 1 :], der):
        with pytest.raises(SignatureInvalid):
            verify_signature(key.public_key(), wrong, b"message")


@pytest.mark.parametrize(
    "returned", [b"", b"no DER", b"x" * 64, encode_dss_signature(1 << 256, 1), encode_dss_signature(1, 1 << 256)]
)
def test_what_a_signer_returned_instead_of_a_signature_is_an_error_and_not_published(returned):
    acme = team()
    with pytest.raises(Malformed, match="^the signer returned no ES256 signature$"):
        sign(TARGET, sign=lambda message: returned, chain=acme.chain, at=AT)
