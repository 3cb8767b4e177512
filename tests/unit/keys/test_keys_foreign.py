"""Keys of other programs. cosign's form is written here with libsodium, from the format's own description."""

import base64
import json
import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from nacl.secret import SecretBox

from pratique.errors import InputError, LimitExceeded, Malformed, PassphraseWrong
from pratique.keys.file import new_private_key, public_half
from pratique.keys.foreign import load_foreign_key

PASSPHRASE = b"correct horse"
N, R, P = 1024, 8, 1


def never():
    raise AssertionError("nobody should be asked for a passphrase")


def cosign(private, *, label="ENCRYPTED SIGSTORE PRIVATE KEY", change=lambda members: members, der=None):
    salt, nonce = os.urandom(32), os.urandom(24)
    der = der or private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    secret = Scrypt(salt=salt, length=32, n=N, r=R, p=P).derive(PASSPHRASE)
    sealed = SecretBox(secret).encrypt(der, nonce).ciphertext
    members = {
        "kdf": {"name": "scrypt", "params": {"N": N, "r": R, "p": P}, "salt": base64.b64encode(salt).decode()},
        "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(nonce).decode()},
        "ciphertext": base64.b64encode(sealed).decode(),
    }
    body = base64.encodebytes(json.dumps(change(members)).encode()).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def put(tmp_path, data):
    (tmp_path / "key").write_bytes(data)
    return tmp_path / "key"


@pytest.mark.parametrize("label", ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"])
@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"])
def test_a_key_of_cosigns_is_opened_with_its_passphrase(tmp_path, label, algorithm):
    private = new_private_key(algorithm)
    path = put(tmp_path, cosign(private, label=label))
    assert public_half(load_foreign_key(path, lambda: PASSPHRASE).private) == public_half(private)


def test_a_wrong_passphrase_is_said_once_and_not_repeated(tmp_path):
    path = put(tmp_path, cosign(new_private_key("ecdsa-p256")))
    asked = []
    with pytest.raises(PassphraseWrong) as caught:
        load_foreign_key(path, lambda: asked.append(1) or b"wrong-guess")
    assert asked == [1]
    assert "wrong-guess" not in str(caught.value)
    with pytest.raises(InputError, match="COSIGN_PASSWORD"):
        load_foreign_key(path, lambda: None)


def params(**values):
    def change(members):
        members["kdf"]["params"] |= values
        return members

    return change


def member(name, value):
    return lambda members: members | {name: value}


@pytest.mark.parametrize(
    "change",
    [
        params(N=2**30),
        params(N=2**16, r=2**20),
        params(p=10_000),
        params(N=1000),
        params(N=0),
        params(r=0),
        params(p=0),
        params(N=1),
    ],
)
def test_parameters_that_would_cost_too_much_are_refused_before_anybody_is_asked(tmp_path, change):
    with pytest.raises(LimitExceeded, match="scrypt"):
        load_foreign_key(put(tmp_path, cosign(new_private_key("ed25519"), change=change)), never)


@pytest.mark.parametrize(
    "change",
    [
        member("kdf", {"name": "argon2"}),
        member("kdf", []),
        member("cipher", {"name": "aes"}),
        member("ciphertext", "!"),
        member("ciphertext", ""),
        member("cipher", {"name": "nacl/secretbox", "nonce": "AAAA"}),
        params(N="1024"),
        params(N=True),
        params(r=-8),
        lambda members: [],
    ],
)
def test_what_is_not_cosigns_form_is_refused_before_anybody_is_asked(tmp_path, change):
    with pytest.raises(Malformed):
        load_foreign_key(put(tmp_path, cosign(new_private_key("ed25519"), change=change)), never)


def test_an_encrypted_thing_that_is_no_key_is_refused(tmp_path):
    with pytest.raises(Malformed, match="not a private key in PKCS#8"):
        load_foreign_key(put(tmp_path, cosign(None, der=b"not a key")), lambda: PASSPHRASE)


def test_traditional_and_pkcs8_keys_are_opened(tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
        plain = private.private_bytes(Encoding.PEM, form, NoEncryption())
        assert public_half(load_foreign_key(put(tmp_path, plain), never).private) == public_half(private)
        locked = private.private_bytes(Encoding.PEM, form, BestAvailableEncryption(PASSPHRASE))
        assert public_half(load_foreign_key(put(tmp_path, locked), lambda: PASSPHRASE).private) == public_half(private)
        with pytest.raises(PassphraseWrong):
            load_foreign_key(put(tmp_path, locked), lambda: b"other")


def test_openssls_and_openssh_s_keys_are_opened(tmp_path):
    subprocess.run(["openssl", "genrsa", "-out", str(tmp_path / "rsa"), "2048"], check=True, capture_output=True)
    assert public_half(load_foreign_key(tmp_path / "rsa", never).private).algorithm == "rsa-2048"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "ssh")]
    subprocess.run(make, check=True, capture_output=True)
    assert public_half(load_foreign_key(tmp_path / "ssh", never).private).algorithm == "ed25519"


@pytest.mark.parametrize("make", [lambda: rsa.generate_private_key(65537, 1024), lambda: ec.generate_private_key(ec.SECP256K1())])
def test_kinds_that_do_not_sign_here_are_refused(tmp_path, make):
    pem = make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(Malformed):
        public_half(load_foreign_key(put(tmp_path, pem), never).private)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 50_000,
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN PGP PRIVATE KEY-----\nAAAA\n-----END PGP PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n!!!!\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_private_key_is_one_error_that_shows_nothing_of_it(tmp_path, data):
    with pytest.raises(Malformed) as caught:
        load_foreign_key(put(tmp_path, data), never)
    assert "AAAA" not in str(caught.value)
    assert caught.value.where == str(tmp_path / "key")
