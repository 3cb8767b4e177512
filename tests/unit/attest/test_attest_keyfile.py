"""Public keys as people have them: each form is read, or its one line says what to type instead."""

import base64
import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pratique.attest.jwk import private_of
from pratique.attest.keyfile import MAX_FILE_SIZE, PrivateKeyGiven, parse_public_key, read_key
from pratique.attest.publickey import PublicKey
from pratique.attest.rsapss import hash_of_private, join_private, join_public
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid

EC = ec.derive_private_key(5, ec.SECP256R1())
EC521 = ec.derive_private_key(6, ec.SECP521R1())
OTHER = ec.derive_private_key(7, ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
RSA = rsa.generate_private_key(65537, 2048)
KEYS = {"ecdsa-p256": EC, "ecdsa-p521": EC521, "ed25519": ED, "rsa-2048": RSA}


def spki(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(label, der):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def public_pem(private):
    return pem("PUBLIC KEY", spki(private))


def certificate(private, name="signer", *, ca=None, key=None):
    now = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key((key or private).public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))  # long over: a certificate that is named is a key that is named
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return pem("CERTIFICATE", builder.sign(EC, hashes.SHA256()).public_bytes(Encoding.DER))


def ssh(private, comment=b"me@ship"):
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" " + comment + b"\n"


def b64u(number, size):
    return base64.urlsafe_b64encode(number.to_bytes(size)).rstrip(b"=").decode()


def jwk(private):
    if isinstance(private, ed25519.Ed25519PrivateKey):
        raw = private.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}
    numbers = private.public_key().public_numbers()
    if isinstance(private, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": b64u(numbers.n, 256), "e": "AQAB"}
    size, curve = {256: (32, "P-256"), 521: (66, "P-521")}[private.curve.key_size]
    return {"kty": "EC", "crv": curve, "x": b64u(numbers.x, size), "y": b64u(numbers.y, size), "use": "sig"}


PARAMETERS = pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
FORMS = {
    "as it should be": public_pem,
    "text around it": lambda key: b"Key of the release team\n\n" + public_pem(key) + b"\nvalid since 2024\n",
    "line ends of Windows": lambda key: public_pem(key).replace(b"\n", b"\r\n"),
    "a byte order mark": lambda key: b"\xef\xbb\xbf" + public_pem(key),
    "UTF-16, as a shell of Windows redirects": lambda key: public_pem(key).decode().encode("utf-16"),
    "no line end at the end": lambda key: public_pem(key).rstrip(),
    "one long line": lambda key: b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(spki(key)) + b"\n-----END PUBLIC KEY-----",
    "indented": lambda key: b"\n".join(b"    " + line for line in public_pem(key).splitlines()),
    "EC parameters before it": lambda key: PARAMETERS + public_pem(key),
    "twice the same": lambda key: public_pem(key) * 2,
    "its certificate beside it": lambda key: public_pem(key) + certificate(key),
    "a certificate": certificate,
    "a certificate of its own making, an authority's": lambda key: certificate(key, ca=True),
    "a certificate with its chain": lambda key: certificate(key, ca=False) + certificate(OTHER, "root", ca=True),
    "a chain that begins with its root": lambda key: certificate(OTHER, "root", ca=True) + certificate(key, ca=False),
    "a trusted certificate of OpenSSL's": lambda key: pem(
        "TRUSTED CERTIFICATE", read_key(certificate(key)).certificates[0] + b"\x30\x03\x0c\x01x"
    ),
    "DER": spki,
    "a certificate in DER": lambda key: read_key(certificate(key)).certificates[0],
    "base64 without its frame": lambda key: base64.encodebytes(spki(key)),
    "OpenSSH": ssh,
    "OpenSSH with options, as in authorized_keys": lambda key: b"# team\nrestrict,command=\"x\" " + ssh(key),
    "OpenSSH as RFC 4716 has it": lambda key: (
        b"---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"a \\\nb\"\n" + ssh(key).split()[1] + b"\n---- END SSH2 PUBLIC KEY ----\n"
    ),
    "a JSON Web Key": lambda key: json.dumps(jwk(key)).encode(),
    "a set of one JSON Web Key": lambda key: json.dumps({"keys": [jwk(key)]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("form", FORMS)
def test_a_public_key_is_read_in_every_form_that_people_have(form, name):
    key = parse_public_key(FORMS[form](KEYS[name]))
    assert (key.spki, key.algorithm) == (spki(KEYS[name]), name)


def test_an_rsa_key_in_its_own_older_form_is_read():
    der = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    for data in (pem("RSA PUBLIC KEY", der), der):
        assert parse_public_key(data).spki == spki(RSA)


PRIVATE = {
    "PKCS#8": EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#8, encrypted": EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    "PKCS#8 in DER": EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#8 in DER, encrypted": EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    "SEC 1": EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "SEC 1 in DER": EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "PKCS#1": RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "PKCS#1 in DER": RSA.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "OpenSSH": ED.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
    "cosign": b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    "cosign, older": b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
    "JWK": json.dumps({**jwk(EC), "d": b64u(5, 32)}).encode(),
    "a secret as JWK": b'{"kty": "oct", "k": "AAAA"}',
    "JWK of RSA": json.dumps({**jwk(RSA), "d": "AQAB"}).encode(),
}


@pytest.mark.parametrize("form", PRIVATE)
def test_a_private_key_is_never_used_in_the_place_of_its_public_half(form):
    """Whoever verifies should not hold it; and it may be another's than the one that is meant."""
    with pytest.raises(PrivateKeyGiven, match="private key where a public key belongs") as caught:
        parse_public_key(PRIVATE[form])
    assert caught.value.hint
    with pytest.raises(PrivateKeyGiven):
        parse_public_key(public_pem(OTHER) + (PRIVATE[form] if form in PEM_FORMS else PRIVATE["SEC 1"]))


PEM_FORMS = [name for name, data in PRIVATE.items() if data.startswith(b"-----")]
RAW = base64.b64encode
OTHER_THINGS = {
    "PuTTY": (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "puttygen FILE -O private-openssh"),
    "age": (b"# created: 2024-01-01\n# public key: age1xyz\nAGE-SECRET-KEY-1QQQ\n", "pratique key generate"),
    "age, public": (b"age1xyzxyzxyz\n", "pratique key generate"),
    "minisign": (b"untrusted comment: minisign public key 1\nRWQf\n", "pratique key generate"),
    "OpenPGP": (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n", "--keyring"),
    "OpenPGP in binary": (b"\x99\x01\x0d\x04rest", "--keyring"),
    "PKCS#12": (b"\x30\x82\x04\x00\x02\x01\x03\x30\x82\x03\x00", "openssl pkcs12 -in FILE"),
    "PKCS#12 of Java's": (b"\x30\x80\x02\x01\x03\x30\x80", "openssl pkcs12 -in FILE"),
    "a Java key store": (b"\xfe\xed\xfe\xed\0\0\0\2", "keytool"),
    "a request": (pem("CERTIFICATE REQUEST", b"\x30\x00"), "openssl req -in FILE"),
    "a log's key": (b"log.example+0a1b2c3d+AQIDBAUGBwgJ\n", "--log-key"),
    "cut off": (public_pem(EC)[:90], "END line"),
    "JSON": (b'{"keyid": "x"}', "RFC 7517"),
    "a key to encrypt with": (json.dumps({**jwk(EC), "use": "enc"}).encode(), ""),
    "a kind of JWK": (b'{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}', "P-256"),
    "a point that is none": (json.dumps({**jwk(EC), "x": b64u(1, 32)}).encode(), ""),
    "a security key": (b"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t x\n", "pratique key generate"),
    "an SSH certificate": (b"ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t x\n", "FILE"),
    "a compressed point of SSH's": (
        b"ecdsa-sha2-nistp256 "
        + RAW(
            b"\0\0\0\x13ecdsa-sha2-nistp256\0\0\0\x08nistp256\0\0\0\x21"
            + EC.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        ),
        "",
    ),
    "an SSH key that lies": (b"ssh-rsa " + ssh(ED).split()[1] + b"\n", ""),
    "nothing": (b"", "expected PEM"),
    "nonsense": (b"hello\n", "expected PEM"),
    "zeroes": (b"\0" * 100, "expected PEM"),
    "a sequence": (b"\x30\x03\x02\x01\x05", "expected PEM"),
}


@pytest.mark.parametrize("name", OTHER_THINGS)
def test_what_is_no_key_for_signatures_is_called_by_its_name_and_says_what_to_type(name):
    data, advice = OTHER_THINGS[name]
    with pytest.raises(Malformed) as caught:
        parse_public_key(data)
    assert advice in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (public_pem(EC) + public_pem(OTHER), "2 public keys"),
        (ssh(EC) + ssh(ED), "2 public keys"),
        (json.dumps({"keys": [jwk(EC), jwk(ED)]}).encode(), "2 public keys"),
        (public_pem(EC) + certificate(OTHER), "another key"),
        (certificate(EC, ca=False) + certificate(OTHER, ca=False), "could be the signer's"),
        (certificate(EC, ca=True) + certificate(OTHER, ca=True), "could be the signer's"),
        (pem("PUBLIC KEY", spki(EC)[:-1]), "not a public key"),
        (pem("CERTIFICATE", b"\x30\x03\x02\x01\x01"), "cannot be read"),
    ],
)
def test_a_file_that_could_mean_two_keys_means_none(data, said):
    with pytest.raises(Malformed, match=said):
        parse_public_key(data)


def test_a_certificate_of_a_version_that_there_is_not_is_one_error():
    der = bytearray(read_key(certificate(EC)).certificates[0])
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = 62
    for data in (bytes(der), pem("CERTIFICATE", bytes(der)) + certificate(EC, ca=True)):
        with pytest.raises(Malformed, match="cannot be read"):
            parse_public_key(data)


def test_more_than_a_key_and_its_chain_is_refused():
    with pytest.raises(LimitExceeded):
        parse_public_key(b" " * (MAX_FILE_SIZE + 1))
    with pytest.raises(LimitExceeded):
        parse_public_key(pem("CERTIFICATE", b"") * 40)


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_a_key_for_rsa_pss_stays_one_with_its_hash(hash_name):
    """Libraries read it as any RSA key, and then it would verify, and sign, PKCS#1 v1.5."""
    data = pem("PUBLIC KEY", join_public(spki(RSA), hash_name))
    key = parse_public_key(data)
    assert key.algorithm == "rsa-pss-2048" + ("" if hash_name == "sha256" else f"-{hash_name}")
    assert key.spki == spki(RSA)
    hashed = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[hash_name]
    good = RSA.sign(b"m", padding.PSS(mgf=padding.MGF1(hashed), salt_length=padding.PSS.DIGEST_LENGTH), hashed)
    key.verify(good, b"m")
    with pytest.raises(SignatureInvalid):
        key.verify(RSA.sign(b"m", padding.PKCS1v15(), hashed), b"m")
    with pytest.raises(Malformed):
        parse_public_key(data, "rsa-2048")
    assert parse_public_key(key.pem) == key
    private = join_private(RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), hash_name)
    assert hash_of_private(private) == hash_name


def test_an_rsa_pss_key_for_sha1_or_of_two_hashes_is_refused():
    whole = join_public(spki(RSA), "sha256")
    for changed in (
        whole.replace(bytes.fromhex("0402010500"), bytes.fromhex("0402020500"), 1),
        whole.replace(b"\xa2\x03\x02\x01\x20", b"\xa2\x03\x02\x01\x21"),
    ):
        assert changed != whole
        with pytest.raises(Malformed):
            parse_public_key(pem("PUBLIC KEY", changed))


def test_a_jwk_whose_halves_are_of_two_keys_signs_nothing():
    good = json.dumps({**jwk(ED), "d": base64.urlsafe_b64encode(b"\x05" * 32).rstrip(b"=").decode()}).encode()
    assert private_of(good).public_key() == ED.public_key()
    for mixed in ({**jwk(ED), "d": b64u(1, 32)}, {**jwk(EC), "d": b64u(6, 32)}, {**jwk(RSA), "d": "AQAB"}):
        with pytest.raises(Malformed):
            private_of(json.dumps(mixed).encode())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(form=st.sampled_from(sorted(FORMS)), at=st.integers(0, 3000), value=st.integers(0, 255))
def test_a_changed_byte_is_the_same_key_or_one_error(form, at, value):
    data = bytearray(FORMS[form](EC))
    data[at % len(data)] = value
    try:
        key = parse_public_key(bytes(data))
    except Malformed:
        return
    assert isinstance(key, PublicKey)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.binary(max_size=300)
    | st.sampled_from([b"\x30", b"-----BEGIN ", b"{", b"ssh-"]).flatmap(
        lambda start: st.binary(max_size=60).map(lambda rest: start + rest)
    )
)
def test_any_bytes_are_a_key_or_one_error(data):
    try:
        parse_public_key(data)
    except Malformed:
        return
