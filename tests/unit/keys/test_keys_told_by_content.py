"""A private key is told by what it is, whatever its file is called: it is not overwritten; a public one is."""

import base64
import io
import json
import os
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from pratique.attest.keyfile import read_key
from pratique.cli.main import run
from pratique.errors import InputError
from pratique.files import check_output, is_handed, write_output
from pratique.private_keys import MAX_BYTES, file_holds_private_key, holds_private_key

_EC, _ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
_RSA = rsa.generate_private_key(65537, 2048)
_PLAIN, _LOCKED = NoEncryption(), BestAvailableEncryption(b"secret")
_PEM = _ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _PLAIN)
_PKCS8 = _ED.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _PLAIN)
PRIVATE = {
    "PEM": _PEM,
    "PEM, encrypted": _ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _LOCKED),
    "PEM behind text": b"Bag Attributes: <No Attributes>\n" * 5000 + _PEM,
    "PEM in a JSON document": json.dumps({"key": _PEM.decode()}).encode(),
    "PEM in YAML": b"data: |\n  " + _PEM.replace(b"\n", b"\n  "),
    "PEM in UTF-16": _PEM.decode().encode("utf-16"),
    "PKCS#8": _PKCS8,
    "PKCS#8 of RSA": _RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _PLAIN),
    "PKCS#8, encrypted": _RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _LOCKED),
    "PKCS#8 in base64": base64.encodebytes(_PKCS8),
    "PKCS#1": _RSA.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, _PLAIN),
    "SEC 1": _EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, _PLAIN),
    "PKCS#12": serialize_key_and_certificates(b"n", _EC, None, None, _LOCKED),
    "OpenSSH": _ED.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, _PLAIN),
    "JWK": b'{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}',
    "a set of JWKs": b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "A", "y": "A", "d": "A"}]}',
    "a JWK that is a secret": b'{"kty":"oct","k":"AAAA"}',
    "cosign": b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYi\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    "OpenPGP": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgE\n",
    "minisign": b"untrusted comment: minisign encrypted secret key\nRWRT\n",
}
_SPKI = _EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
OTHER = {
    "nothing": b"",
    "text": b"-----BEGIN of a story about a PRIVATE KEY\n",
    "public PEM": _EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "public DER": _SPKI,
    "public PKCS#1": _RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "public OpenSSH": _ED.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "public JWK": b'{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}',
    "a signature": _EC.sign(b"x", ec.ECDSA(SHA256())),
    "a document": b'{"bomFormat": "CycloneDX", "d": 1, "k": "kty"}',
    "deep": b'{"kty":' * 20000,
    "cut DER": _PKCS8[:-1],
}


@pytest.mark.parametrize("form", PRIVATE)
def test_a_private_key_in_any_form_is_not_overwritten(tmp_path, form):
    path = tmp_path / "report"
    path.write_bytes(PRIVATE[form])
    with pytest.raises(InputError, match="holds a private key, which is never overwritten"):
        write_output(path, b"{}")
    assert path.read_bytes() == PRIVATE[form]


@pytest.mark.parametrize("form", OTHER)
def test_what_is_no_private_key_is_overwritten(tmp_path, form):
    path = tmp_path / "report"
    path.write_bytes(OTHER[form])
    write_output(path, b"{}")
    assert path.read_bytes() == b"{}"


def test_every_private_key_that_key_reading_knows_is_known():
    for form, data in PRIVATE.items():
        if len(data) <= MAX_BYTES and (form == "PEM in YAML" or read_key(data).privates):
            assert holds_private_key(data), form


def test_a_key_across_the_seam_of_two_reads_is_found():
    for before in range((1 << 20) - 40, (1 << 20) + 2):
        assert file_holds_private_key(io.BytesIO(b"\n" * before + _PEM))


@pytest.mark.parametrize("prefix", ["/dev/fd", "/proc/self/fd"])
def test_a_path_through_the_folder_of_descriptors_is_a_file_s_like_any_other(tmp_path, monkeypatch, prefix, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k").write_bytes(_PEM)
    named = Path(f"{prefix}/../cwd/k")
    with pytest.raises(InputError, match="never overwritten"):
        check_output(named)
    assert [is_handed(Path(one)) for one in ("/dev/fd/7", "/proc/self/fd/7", "/dev/stdout", "/dev/stdx", "/dev/fd/7/k")] == [
        *[True] * 3,
        *[False] * 2,
    ]
    (tmp_path / "f").write_text("{}")
    assert run(["sbom", "generate", f"dir:{tmp_path}", "-o", f"json={named}"]) == 2
    assert (tmp_path / "k").read_bytes() == _PEM


def test_a_file_that_cannot_be_read_may_be_a_key_and_is_not_overwritten():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # whoever may write into the folder could put another file in its place
        path = Path(folder) / "k"
        path.write_bytes(_PEM)
        path.chmod(0)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(InputError, match="cannot be read"):
                write_output(path, b"{}")
        finally:
            os.seteuid(before)
        path.chmod(0o600)
        assert path.read_bytes() == _PEM
