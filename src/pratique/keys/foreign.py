"""Private keys as people have them: PKCS#8, traditional PEM, OpenSSH's, cosign's own encryption, DER, JSON Web Keys.

`attest.keyfile` says what a file holds; here it is opened. cosign's form (secure-systems-lab/go-securesystemslib, encrypted/)
is a PEM block around JSON: scrypt's parameters, and PKCS#8 in a NaCl secretbox (XSalsa20-Poly1305). All but our own PKCS#8 is
only read. Refused: parameters that would cost more than 512 MiB or some seconds, and more than one private key in a file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key, load_ssh_private_key

from pratique.attest.jwk import ALONE, private_of, pss_hash_of
from pratique.attest.keyfile import KeyFile, PrivateBlock, not_a_key, read_key
from pratique.attest.members import as_bytes, as_count, as_lines, as_object
from pratique.attest.rsapss import hash_of_private
from pratique.attest.strictjson import load_json
from pratique.errors import InputError, LimitExceeded, Malformed, PassphraseWrong
from pratique.keys.file import PrivateKey, explained, read_key_file, supported_private_key
from pratique.keys.pkcs8 import decrypt_private_key

Passphrase = Callable[[], bytes | None]

_OPENSSH = "OPENSSH PRIVATE KEY"
_COSIGN = ("ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY")
MAX_PRIVATE_SIZE = 12 * 1024  # bytes; to look whether larger numbers are an RSA key takes minutes
_MAX_SCRYPT = 512 << 20  # bytes of memory: 128 · N · r; go-securesystemslib writes 64 MiB, with p = 1
_WRONG = "give the one that the key was made with; nothing was changed"
_FOR_IMPORT = "use --source-passphrase-file or COSIGN_PASSWORD, or run on a terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedKey:
    """A private key. `algorithm`: what a key for RSA-PSS says it is for; None for keys that say nothing."""

    private: PrivateKey
    algorithm: str | None = None


def load_foreign_key(path: Path, passphrase: Passphrase) -> LoadedKey:
    """Read a private key of any of these forms. `passphrase` is called once, only for an encrypted one.

    Raises NotFound, InputError, Malformed, PassphraseWrong.
    """
    data, _ = read_key_file(path)
    try:
        return open_private_key(read_key(data), passphrase, path, hint=_FOR_IMPORT)
    except Malformed as error:
        raise explained(error, path) from error


def open_private_key(found: KeyFile, passphrase: Passphrase, path: Path, *, hint: str) -> LoadedKey:
    """Open the one private key that was found. `hint`: where a passphrase may come from. Raises as `load_foreign_key`."""
    if not found.privates:
        raise not_a_key(found, "private")
    if len(found.privates) > 1:
        raise Malformed(f"{len(found.privates)} private keys in one file", hint=ALONE)
    block = found.privates[0]
    if len(block.data) > MAX_PRIVATE_SIZE:
        raise LimitExceeded(f"a private key of {len(block.data)} bytes, more than the limit of {MAX_PRIVATE_SIZE}")

    def ask() -> bytes:
        secret = passphrase()
        if secret is None:
            raise InputError("the key is encrypted and no passphrase was given", where=str(path), hint=hint)
        if not secret and block.label not in _COSIGN:  # which may have an empty one
            raise PassphraseWrong("the passphrase is empty", where=str(path))
        return secret

    try:
        if block.label in _COSIGN:
            return LoadedKey(private=supported_private_key(_from_cosign(block, ask, path)))
        if block.label == "JWK":
            private = private_of(block.data)
            return LoadedKey(private=private, algorithm=_for_pss(private, pss_hash_of(block.data)))
        return _opened(block, ask, path)
    except UnsupportedAlgorithm as error:
        if block.label == _OPENSSH and "bcrypt" in str(error):
            advice = "install pratique[ssh], or put it into an agent and sign with that: ssh-add FILE, --key ssh-agent:COMMENT"
            raise Malformed("an encrypted key of OpenSSH's, which needs a library that is not installed", hint=advice) from error
        raise Malformed("a private key of an unsupported kind or encryption") from error


def _opened(block: PrivateBlock, ask: Callable[[], bytes], path: Path) -> LoadedKey:
    load: Any = load_ssh_private_key if block.label == _OPENSSH else load_pem_private_key
    load = load_der_private_key if block.label == "DER" else load
    secret = None
    try:
        if block.label.startswith("ENCRYPTED") or b"Proc-Type: 4,ENCRYPTED" in block.data:
            secret = ask()
            private = load(block.data, secret)
        else:
            try:
                private = load(block.data, None)
            except TypeError:  # encrypted, which OpenSSH's form and DER tell only inside
                secret = ask()
                private = load(block.data, secret)
    except (ValueError, TypeError, NotImplementedError) as error:
        if secret is not None:
            # A wrong passphrase and a damaged file look the same: both come out of the cipher as noise.
            raise PassphraseWrong("the passphrase does not open this key", where=str(path), hint=_WRONG) from error
        raise Malformed(
            "a private key that is not in its form", hint="copy it again: a part of it is missing or changed"
        ) from error
    key = supported_private_key(private)
    return LoadedKey(private=key, algorithm=_bound_algorithm(key, block, secret))


def _bound_algorithm(key: PrivateKey, block: PrivateBlock, secret: bytes | None) -> str | None:
    """What an RSA key in PKCS#8 says it is for: the library reads one for PSS as one for anything."""
    if not isinstance(key, rsa.RSAPrivateKey) or block.label not in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "DER"):
        return None
    der: bytes | None = block.data if block.label == "DER" else _body_of(block)
    if der is not None and secret is not None:
        der = decrypt_private_key(der, secret)
    return _for_pss(key, hash_of_private(der) if der is not None else None)


def _for_pss(key: PrivateKey, hash_name: str | None) -> str | None:
    """The algorithm of a key for RSA-PSS. `hash_name`: the one hash that it is for, "" for any, None where it is not for PSS."""
    if hash_name is None or not isinstance(key, rsa.RSAPrivateKey):
        return None
    return f"rsa-pss-{key.key_size}" + ("" if hash_name in ("", "sha256") else f"-{hash_name}")


def _body_of(block: PrivateBlock) -> bytes:
    return as_lines(re.sub(rb"-----[^-]+-----", b"", block.data), "the key's PEM")


def _from_cosign(block: PrivateBlock, ask: Callable[[], bytes], path: Path) -> object:
    members = as_object(load_json(_body_of(block), what="the key", max_size=16384, max_depth=8), "the key")
    kdf, cipher = as_object(members.get("kdf"), "kdf"), as_object(members.get("cipher"), "cipher")
    if kdf.get("name") != "scrypt" or cipher.get("name") != "nacl/secretbox":
        raise Malformed("a key in an unknown encryption")
    parameters = as_object(kdf.get("params"), "kdf.params")
    n, r, p = (as_count(parameters.get(name), f"kdf.params.{name}") for name in ("N", "r", "p"))
    if n < 2 or n & (n - 1) or not r or not p or 128 * n * r > _MAX_SCRYPT or p > 16:
        raise LimitExceeded("scrypt's parameters are not sound, or too costly")
    salt, nonce = as_bytes(kdf.get("salt"), "kdf.salt"), as_bytes(cipher.get("nonce"), "cipher.nonce")
    sealed = as_bytes(members.get("ciphertext"), "ciphertext")
    try:
        from nacl.exceptions import CryptoError
        from nacl.secret import SecretBox
    except ModuleNotFoundError as error:
        hint = "install pratique[cosign]"
        raise InputError("cosign's keys need a library that is not installed", where=str(path), hint=hint) from error
    if len(nonce) != SecretBox.NONCE_SIZE or len(sealed) < SecretBox.MACBYTES:
        raise Malformed("the key's nonce or content has a wrong length")
    secret = Scrypt(salt=salt, length=SecretBox.KEY_SIZE, n=n, r=r, p=p).derive(ask())
    try:
        der = SecretBox(secret).decrypt(sealed, nonce)
    except CryptoError as error:
        raise PassphraseWrong("the passphrase does not open this key", where=str(path), hint=_WRONG) from error
    try:
        return load_der_private_key(der, None)
    except (ValueError, TypeError) as error:
        raise Malformed("what is encrypted is not a private key in PKCS#8") from error


def is_cosigns(found: KeyFile) -> bool:
    """Whether the private key is in cosign's own encryption, whose passphrase cosign's users keep in COSIGN_PASSWORD."""
    return any(block.label in _COSIGN for block in found.privates)
