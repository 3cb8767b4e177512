"""In notation the certificate's key decides how it signs: larger RSA keys with their own hash, without anybody saying so."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pratique.attest.notation import COSE, JWS, TargetArtifact, parse_envelope, sign
from pratique.errors import Malformed, Untrusted
from pratique.keys.access import Access
from pratique.keys.open import open_signer
from pratique.model import Digest
from pratique.ship.sign_notation import signing_algorithm

AT = 1_750_000_000
KEYS = {
    "PS256": rsa.generate_private_key(65537, 2048),
    "PS384": rsa.generate_private_key(65537, 3072),
    "PS512": rsa.generate_private_key(65537, 4096),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}
TARGET = TargetArtifact(media_type="application/vnd.oci.image.manifest.v1+json", digest=Digest.of(b"x"), size=1, annotations={})
ACCESS = Access(passphrase=lambda: None, pin=lambda: None, environ={})


def certificate(private):
    attributes = ((NameOID.COUNTRY_NAME, "DE"), (NameOID.STATE_OR_PROVINCE_NAME, "HH"), (NameOID.ORGANIZATION_NAME, "harbour"))
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    start = dt.datetime.fromtimestamp(AT - 3600, dt.UTC)
    bits = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    usage = x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **bits)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 7, start, start + dt.timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    hashed = {2048: hashes.SHA256(), 256: hashes.SHA256(), 3072: hashes.SHA384(), 384: hashes.SHA384()}
    return builder.sign(private, hashed.get(private.key_size, hashes.SHA512())).public_bytes(Encoding.DER)


def stored(folder, private):
    path = folder / "k"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("media_type", [JWS, COSE])
def test_every_key_that_notation_allows_signs_as_its_certificate_wants(tmp_path, name, media_type):
    chain = [certificate(KEYS[name])]
    signer = open_signer(stored(tmp_path, KEYS[name]), ACCESS, algorithm=signing_algorithm(chain[0]))
    data = sign(TARGET, sign=signer.sign, chain=chain, at=AT, media_type=media_type)  # which verifies what it made
    assert parse_envelope(data, media_type).algorithm.name == name


def test_a_key_that_is_named_for_another_hash_is_not_quietly_used_for_notations(tmp_path):
    path = stored(tmp_path, KEYS["PS384"])
    named = open_signer(f"file:{path}?algorithm=rsa-pss-3072", ACCESS, algorithm=signing_algorithm(certificate(KEYS["PS384"])))
    assert named.public_key.algorithm == "rsa-pss-3072"
    other = rsa.generate_private_key(65537, 2048)
    with pytest.raises(Malformed):
        open_signer(stored(tmp_path, other), ACCESS, algorithm="rsa-pss-3072-sha384")


def test_a_certificate_whose_key_notation_does_not_allow_is_refused_before_a_key_is_opened():
    with pytest.raises(Untrusted, match="does not allow"):
        signing_algorithm(certificate(ec.generate_private_key(ec.SECP256K1())))
