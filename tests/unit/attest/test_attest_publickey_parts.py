"""Public keys: which hash and padding a signature may have, by the message or by digests alone, and each limit at its bound."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.der import children, tagged
from pratique.attest.publickey import MAX_KEY_SIZE, PublicKey, hash_of, rsa_bits
from pratique.attest.rsapss import join_public
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid

DATA = b"a message"
DIGESTS = {name: hashlib.new(name, DATA).digest() for name in ("sha256", "sha384", "sha512")}
OTHER = {name: hashlib.new(name, b"other").digest() for name in DIGESTS}
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
HASHED = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("curve", "accepted"), [("p256", ("sha256",)), ("p384", ("sha384", "sha256")), ("p521", ("sha512", "sha256"))]
)
def test_a_curve_signs_with_its_own_hash_and_a_larger_one_with_that_of_older_clients_too(curve, accepted):
    private = ec.derive_private_key(7, EC[curve])
    key = PublicKey.from_der(spki(private))
    assert key.hash_names == accepted
    for name, hashed in HASHED.items():
        signature = private.sign(DATA, ec.ECDSA(hashed))
        if name in accepted:
            key.verify(signature, DATA)
            key.verify_digests(signature, DIGESTS)
            key.verify_digests(signature, {name: DIGESTS[name]})
            for wrong in (lambda s: key.verify(s, b"other"), lambda s: key.verify_digests(s, OTHER)):
                with pytest.raises(SignatureInvalid, match="does not verify under"):
                    wrong(signature)
        else:
            with pytest.raises(SignatureInvalid):
                key.verify(signature, DATA)
            with pytest.raises(SignatureInvalid):
                key.verify_digests(signature, DIGESTS)


def test_without_a_digest_that_a_key_may_have_signed_nothing_can_be_told():
    private = ec.derive_private_key(7, EC["p384"])
    key, signature = PublicKey.from_der(spki(private)), private.sign(DATA, ec.ECDSA(hashes.SHA384()))
    for digests in ({}, {"sha512": DIGESTS["sha512"]}):
        with pytest.raises(Malformed, match="of an ecdsa-p384 key cannot be verified without its sha384"):
            key.verify_digests(signature, digests)
    with pytest.raises(SignatureInvalid):
        key.verify_digests(signature, {"sha256": DIGESTS["sha256"]})


def test_a_key_that_signs_the_message_itself_wants_the_message():
    private = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    key = PublicKey.from_der(spki(private))
    key.verify(private.sign(DATA), DATA)
    with pytest.raises(SignatureInvalid):
        key.verify(private.sign(DATA), b"other")
    with pytest.raises(Malformed, match="of an ed25519 key cannot be verified without the artifact"):
        key.verify_digests(private.sign(DATA), DIGESTS)
    assert key.raw == private.public_key().public_bytes_raw()
    with pytest.raises(Malformed, match="a log's key is Ed25519, this is ecdsa-p256"):
        _ = PublicKey.from_der(spki(ec.derive_private_key(7, EC["p256"]))).raw


def test_an_rsa_key_signs_in_the_padding_that_it_is_registered_for_and_no_other():
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    plain_key = PublicKey.from_der(spki(RSA))
    pss_key = PublicKey.from_der(spki(RSA), "rsa-pss-2048")
    by_plain, by_pss = RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA256()), RSA.sign(DATA, pss, hashes.SHA256())
    for key, own, other in ((plain_key, by_plain, by_pss), (pss_key, by_pss, by_plain)):
        key.verify(own, DATA)
        key.verify_digests(own, DIGESTS)
        with pytest.raises(SignatureInvalid):
            key.verify(other, DATA)
        with pytest.raises(SignatureInvalid):
            key.verify_digests(other, DIGESTS)
    assert PublicKey.from_pem(pss_key.pem).algorithm == pss_key.algorithm
    assert PublicKey.from_pem(plain_key.pem).algorithm == plain_key.algorithm
    assert (pss_key.spki, pss_key.keyid) == (plain_key.spki, plain_key.keyid)


def test_a_key_is_as_large_as_the_limit_says_and_no_larger():
    for read in (PublicKey.from_der, PublicKey.from_pem):
        with pytest.raises(Malformed) as caught:
            read(b"\x30" * MAX_KEY_SIZE)
        assert not isinstance(caught.value, LimitExceeded)
        with pytest.raises(LimitExceeded):
            read(b"\x30" * (MAX_KEY_SIZE + 1))


def test_a_pem_block_with_other_than_base64_in_it_is_no_key():
    with pytest.raises(Malformed, match="public key PEM is not base64"):
        PublicKey.from_pem(b"-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n")


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("ecdsa-p256", "sha256"),
        ("ecdsa-p384", "sha384"),
        ("ecdsa-p521", "sha512"),
        ("rsa-pss-2048", "sha256"),
        ("rsa-pss-3072-sha384", "sha384"),
        ("rsa-pss-4096-sha512", "sha512"),
        ("ed25519", "sha256"),
    ],
)
def test_the_hash_of_an_algorithm_is_in_its_name(algorithm, name):
    assert hash_of(algorithm) == name
    if algorithm.startswith("rsa"):
        assert str(rsa_bits(algorithm)) in algorithm


PSS_ALONE = tagged(0x30, tagged(0x30, bytes.fromhex("06092a864886f70d01010a")), children(spki(RSA))[1])


def test_a_key_for_pss_that_is_bound_to_no_hash_is_registered_for_any_and_never_for_the_other_padding():
    assert PublicKey.from_der(PSS_ALONE).algorithm == "rsa-pss-2048"
    for name in ("rsa-pss-2048", "rsa-pss-2048-sha384", "rsa-pss-2048-sha512"):
        assert PublicKey.from_der(PSS_ALONE, name).algorithm == name
    told = {"rsa-2048": "rsa-2048", "PKIX_RSA_PKCS1V15_2048_SHA256": "rsa-2048", "rsa-pss-3072": "rsa-pss-3072"}
    for name, called in told.items():
        with pytest.raises(Malformed, match=f"^this is a key for rsa-pss-2048, not for '{called}'"):
            PublicKey.from_der(PSS_ALONE, name)


@pytest.mark.parametrize(
    ("hashed", "name"), [("sha256", "rsa-pss-2048"), ("sha384", "rsa-pss-2048-sha384"), ("sha512", "rsa-pss-2048-sha512")]
)
def test_a_key_for_pss_that_is_bound_to_a_hash_is_registered_for_that_one(hashed, name):
    der = join_public(spki(RSA), hashed)
    assert PublicKey.from_der(der).algorithm == PublicKey.from_der(der, name).algorithm == name
    for other in {"rsa-2048", "rsa-pss-2048", "rsa-pss-2048-sha384", "rsa-pss-2048-sha512"} - {name}:
        with pytest.raises(Malformed, match=f"^this is a key for {name}, not for '{other}'"):
            PublicKey.from_der(der, other)


@pytest.mark.parametrize("name", ["ecdsa-p256-sha384", "ecdsa-p256-sha512", "ecdsa-p384", "rsa-pss-2048"])
def test_a_choice_of_hash_or_padding_is_rsa_s_alone(name):
    key = spki(ec.derive_private_key(7, EC["p256"]))
    assert PublicKey.from_der(key, "ecdsa-p256").algorithm == "ecdsa-p256"
    with pytest.raises(Malformed, match=f"^this is a key for ecdsa-p256, not for '{name}'"):
        PublicKey.from_der(key, name)
    with pytest.raises(Malformed, match="^this is a key for rsa-2048, not for 'rsa-2048-sha384'"):
        PublicKey.from_der(spki(RSA), "rsa-2048-sha384")
