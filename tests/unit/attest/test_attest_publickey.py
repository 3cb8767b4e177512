import base64
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pratique.attest import publickey
from pratique.attest.publickey import PublicKey
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid

ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


def spki(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("name", "algorithm", "details"),
    [
        ("ed25519", "ed25519", "PKIX_ED25519"),
        ("p256", "ecdsa-p256", "PKIX_ECDSA_P256_SHA_256"),
        ("p384", "ecdsa-p384", "PKIX_ECDSA_P384_SHA_384"),
    ],
)
def test_a_key_verifies_its_signature_and_no_other(parties, name, algorithm, details):
    party = getattr(parties, name)
    signature = party.sign(b"message")
    party.key.verify(signature, b"message")
    assert (party.key.algorithm, party.key.key_details) == (algorithm, details)
    for wrong_signature, message in (
        (signature, b"massage"),
        (signature[:-1], b"message"),
        (signature + b"\0", b"message"),
        (b"", b"message"),
        (b"\0" * 64, b"message"),
    ):
        with pytest.raises(SignatureInvalid):
            party.key.verify(wrong_signature, message)
    with pytest.raises(SignatureInvalid):
        parties.other.key.verify(signature, b"message")


def test_an_rsa_key_verifies_pkcs1_signatures():
    private = rsa.generate_private_key(65537, 2048)
    key = PublicKey.from_der(spki(private))
    assert key.key_details == "PKIX_RSA_PKCS1V15_2048_SHA256"
    key.verify(private.sign(b"m", padding.PKCS1v15(), hashes.SHA256()), b"m")
    with pytest.raises(SignatureInvalid):
        key.verify(private.sign(b"m", padding.PKCS1v15(), hashes.SHA512()), b"m")


def test_ids_are_digests_of_the_spki(parties):
    key = parties.p256.key
    digest = hashlib.sha256(key.spki).digest()
    assert key.keyid == digest.hex()
    assert key.hint == base64.b64encode(digest).decode()


def test_pem_is_what_openssl_writes_and_reads(parties, tmp_path):
    for party in (parties.ed25519, parties.p256, parties.p384):
        (tmp_path / "k.pub").write_bytes(party.key.pem)
        command = ["openssl", "pkey", "-pubin", "-in", str(tmp_path / "k.pub"), "-pubout"]
        written = subprocess.run(command, check=True, capture_output=True).stdout
        assert written == party.key.pem
        assert PublicKey.from_pem(written) == party.key


def test_equal_keys_are_one_dictionary_entry(parties):
    again = PublicKey.from_pem(parties.p256.key.pem.replace(b"\n", b"\r\n"))
    assert {parties.p256.key: 1}[again] == 1
    assert again != parties.p384.key


def test_a_compressed_point_is_refused_because_one_key_would_have_two_ids(parties):
    point = parties.p256.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    with pytest.raises(Malformed):
        PublicKey.from_der(header + point)


def test_a_point_off_the_curve_is_refused(parties):
    spki_bytes = bytearray(parties.p256.key.spki)
    spki_bytes[-1] ^= 1
    with pytest.raises(Malformed):
        PublicKey.from_der(bytes(spki_bytes))


def test_an_ed25519_key_off_the_curve_is_refused():
    refused = 0
    for y in range(2, 40):
        try:
            PublicKey.from_der(ED25519_PREFIX + y.to_bytes(32, "little"))
        except Malformed:
            refused += 1
    assert 8 < refused < 30  # about half of all y belong to no point


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [*sorted(publickey._SMALL_ORDER_Y), publickey._P, publickey._P + 1, 2**255 - 1])
def test_an_ed25519_key_of_small_order_is_refused_because_it_verifies_forgeries(y, sign):
    with pytest.raises(Malformed):
        PublicKey.from_der(ED25519_PREFIX + (y | sign << 255).to_bytes(32, "little"))


def test_the_listed_points_are_all_that_eight_times_come_to_the_neutral_element():
    p, d = publickey._P, publickey._D

    def double(x, y):
        factor = d * x * x * y * y % p
        return 2 * x * y * pow(1 + factor, -1, p) % p, (y * y + x * x) * pow(1 - factor, -1, p) % p

    root = pow(2, (p - 1) // 4, p)
    for y in publickey._SMALL_ORDER_Y:
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(square, (p + 3) // 8, p)
        x = x if x * x % p == square else x * root % p
        assert x * x % p == square
        assert double(*double(*double(x, y))) == (0, 1)


def test_a_private_key_is_refused_and_not_repeated(parties):
    for private in (parties.ed25519.private, parties.p256.private):
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(Malformed, match="private key where a public key belongs") as caught:
            PublicKey.from_pem(pem)
        assert pem.splitlines()[1].decode() not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem + b"junk",
        lambda pem: b"junk\n" + pem,
        lambda pem: pem + pem,
        lambda pem: pem.replace(b"PUBLIC KEY", b"EC PUBLIC KEY"),
        lambda pem: pem.replace(b"BEGIN PUBLIC", b"BEGIN CERTIFICATE PUBLIC"),
        lambda pem: pem[:-20],
        lambda pem: pem.replace(b"M", b"\xc3\xa9", 1),
        lambda pem: b"",
        lambda pem: pem.replace(b"-----\n", b"-----\nComment: x\n\n", 1),
    ],
)
def test_pem_with_anything_else_in_it_is_refused(parties, change):
    with pytest.raises(Malformed):
        PublicKey.from_pem(change(parties.p256.key.pem))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256K1()),
        x25519.X25519PrivateKey.generate,
        lambda: rsa.generate_private_key(65537, 1024),
    ],
)
def test_other_kinds_of_keys_are_refused(make):
    with pytest.raises(Malformed):
        PublicKey.from_der(spki(make()))


def test_trailing_bytes_after_the_der_are_refused(parties):
    with pytest.raises(Malformed):
        PublicKey.from_der(parties.ed25519.key.spki + b"\0")
    with pytest.raises(LimitExceeded):
        PublicKey.from_der(b"\0" * 100_000)
    with pytest.raises(LimitExceeded):
        PublicKey.from_pem(b"\n" * 100_000)


def test_openssl_verifies_what_was_signed_and_we_verify_what_openssl_signed(parties, tmp_path):
    (tmp_path / "message").write_bytes(b"pratique \xc3\xa9")
    for party in (parties.p256, parties.ed25519):
        signature = party.sign(b"pratique \xc3\xa9")
        (tmp_path / "k.pub").write_bytes(party.key.pem)
        (tmp_path / "sig").write_bytes(signature)
        private = party.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "k").write_bytes(private)
        options = ["-rawin"] if isinstance(party.private, ed25519.Ed25519PrivateKey) else ["-rawin", "-digest", "sha256"]
        base = ["openssl", "pkeyutl", *options, "-in", str(tmp_path / "message")]
        subprocess.run(
            [*base, "-verify", "-pubin", "-inkey", str(tmp_path / "k.pub"), "-sigfile", str(tmp_path / "sig")],
            check=True,
            capture_output=True,
        )
        theirs = subprocess.run([*base, "-sign", "-inkey", str(tmp_path / "k")], check=True, capture_output=True).stdout
        party.key.verify(theirs, b"pratique \xc3\xa9")


def test_an_rsa_key_is_for_pkcs1_unless_it_is_registered_for_pss():
    private = rsa.generate_private_key(65537, 2048)
    salted = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    longest = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH)
    plain, pss = PublicKey.from_der(spki(private)), PublicKey.from_der(spki(private), "rsa-pss-2048")
    assert PublicKey.from_der(spki(private), "PKIX_RSA_PSS_2048_SHA256") == pss
    assert (pss.algorithm, pss.key_details, pss.keyid) == ("rsa-pss-2048", "PKIX_RSA_PSS_2048_SHA256", plain.keyid)
    assert plain != pss
    for how in (salted, longest):
        signature = private.sign(b"m", how, hashes.SHA256())
        pss.verify(signature, b"m")
        with pytest.raises(SignatureInvalid):
            plain.verify(signature, b"m")
    with pytest.raises(SignatureInvalid):
        pss.verify(private.sign(b"m", padding.PKCS1v15(), hashes.SHA256()), b"m")
    other_mask = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=32)
    with pytest.raises(SignatureInvalid):
        pss.verify(private.sign(b"m", other_mask, hashes.SHA256()), b"m")


@pytest.mark.parametrize("name", ["rsa-pss-4096", "rsa-2048", "ecdsa-p384", "PKIX_ED25519_PH", "ml-dsa-44", "", "x" * 100_000])
def test_a_key_is_not_registered_for_an_algorithm_it_does_not_have(parties, name):
    with pytest.raises(Malformed, match="this is a key for ecdsa-p256") as caught:
        PublicKey.from_pem(parties.p256.key.pem, name)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("kind", "details"), [("MLDSA44", "ML_DSA_44"), ("MLDSA65", "ML_DSA_65")])
def test_an_ml_dsa_key_verifies_its_signature_without_context_and_no_other(kind, details):
    private = getattr(mldsa, f"{kind}PrivateKey").generate()
    key = PublicKey.from_der(spki(private))
    assert key.key_details == details
    assert PublicKey.from_pem(key.pem) == key
    signature = private.sign(b"m")
    key.verify(signature, b"m")
    for wrong, message in ((signature, b"n"), (private.sign(b"m", b"context"), b"m"), (signature[:-1], b"m"), (b"", b"m")):
        with pytest.raises(SignatureInvalid):
            key.verify(wrong, message)


def test_ml_dsa_87_is_not_among_the_supported():
    with pytest.raises(Malformed):
        PublicKey.from_der(spki(mldsa.MLDSA87PrivateKey.generate()))
