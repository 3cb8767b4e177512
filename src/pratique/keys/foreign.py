"""Private keys as other programs write them, to be imported once: cosign's own encryption, traditional PEM, OpenSSH's.

cosign's form (secure-systems-lab/go-securesystemslib, encrypted/) is a PEM block around JSON: scrypt's parameters, and PKCS#8 in
a NaCl secretbox (XSalsa20-Poly1305). It is only read. Refused: parameters that would cost more than 512 MiB or some seconds.
"""

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key, load_ssh_private_key

from pratique.attest.members import as_bytes, as_count, as_object
from pratique.attest.strictjson import load_json
from pratique.errors import InputError, LimitExceeded, Malformed, PassphraseWrong
from pratique.keys.file import PrivateKey, read_key_file, supported_private_key

_PEM = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n(.+?)-----END \1-----\s*", re.DOTALL)
_COSIGN = (b"ENCRYPTED SIGSTORE PRIVATE KEY", b"ENCRYPTED COSIGN PRIVATE KEY")
_MAX_SCRYPT = 512 << 20  # bytes of memory: 128 · N · r; go-securesystemslib writes 64 MiB, with p = 1


def load_foreign_key(path: Path, passphrase: Callable[[], bytes | None]) -> PrivateKey:
    """Read a private key of any of these forms, and PKCS#8. `passphrase` is called once, only for an encrypted one.

    Raises NotFound, InputError, Malformed, PassphraseWrong.
    """
    pem, _ = read_key_file(path)
    match = _PEM.fullmatch(pem)
    if match is None or not match[1].endswith(b"PRIVATE KEY"):
        raise Malformed("not one private key in PEM", where=str(path))
    try:
        if match[1] in _COSIGN:
            return supported_private_key(_from_cosign(match[2], lambda: _asked(passphrase, path), path))
        return supported_private_key(_from_pem(pem, match[1], lambda: _asked(passphrase, path), path))
    except Malformed as error:
        raise type(error)(error.message, where=str(path), hint=error.hint) from error
    except UnsupportedAlgorithm as error:
        raise Malformed("a private key of an unsupported kind or encryption", where=str(path)) from error


def _from_pem(pem: bytes, label: bytes, ask: Callable[[], bytes], path: Path) -> object:
    load: Any = load_ssh_private_key if label == b"OPENSSH PRIVATE KEY" else load_pem_private_key
    secret = None
    try:
        if label.startswith(b"ENCRYPTED") or b"Proc-Type: 4,ENCRYPTED" in pem:
            secret = ask()
            return load(pem, secret)
        try:
            return load(pem, None)
        except TypeError:  # encrypted, which OpenSSH's form tells only inside
            secret = ask()
            return load(pem, secret)
    except (ValueError, TypeError) as error:
        if secret is not None:
            raise PassphraseWrong("the passphrase does not open this key", where=str(path)) from error
        raise Malformed("not a private key in its form") from error


def _from_cosign(body: bytes, ask: Callable[[], bytes], path: Path) -> object:
    try:
        data = base64.b64decode(re.sub(rb"\s", b"", body), validate=True)
    except binascii.Error as error:
        raise Malformed("the key's PEM is not base64") from error
    members = as_object(load_json(data, what="the key", max_size=16384, max_depth=8), "the key")
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
        raise PassphraseWrong("the passphrase does not open this key", where=str(path)) from error
    try:
        return load_der_private_key(der, None)
    except (ValueError, TypeError) as error:
        raise Malformed("what is encrypted is not a private key in PKCS#8") from error


def _asked(passphrase: Callable[[], bytes | None], path: Path) -> bytes:
    secret = passphrase()
    if secret is None:
        hint = "use --source-passphrase-file or COSIGN_PASSWORD, or run on a terminal"
        raise InputError("the key is encrypted and no passphrase was given", where=str(path), hint=hint)
    return secret
