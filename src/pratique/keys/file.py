"""Signing keys in files: `K`, an encrypted PKCS#8 PEM that only its owner can read, and beside it `K.pub`, the public half.

The algorithm of an RSA key, PKCS#1 v1.5 or PSS, stands in neither file: whoever names the key says it (`attest.publickey`).
"""

import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pratique.attest.publickey import ALGORITHMS, MAX_KEY_SIZE, PublicKey
from pratique.errors import InputError, LimitExceeded, Locked, Malformed, NotFound, PassphraseWrong
from pratique.files import storage_error, write_atomic
from pratique.keys.pkcs8 import IV_SIZE, SALT_SIZE, encrypt_private_key, plain_private_key
from pratique.keys.signer import closed

PrivateKey = (
    ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey
)

_PEM = re.compile(rb"\s*-----BEGIN ((?:ENCRYPTED )?PRIVATE KEY)-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END \1-----\s*")

_LOCK_WAIT_S = 5.0


class FileSigner:
    """A `Signer` whose private key is in this process's memory."""

    __slots__ = ("_private", "_public")

    def __init__(self, private: PrivateKey, algorithm: str | None = None) -> None:
        self._private: PrivateKey | None = private
        self._public = public_half(private, algorithm)

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says; the salt of PSS is as long as the hash."""
        private = self._private
        if private is None:
            raise closed(f"key {self._public.keyid[:12]}…")
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return private.sign(message, ec.ECDSA(hashes.SHA384() if self._public.hash_name == "sha384" else hashes.SHA256()))
        if not isinstance(private, rsa.RSAPrivateKey):
            return private.sign(message)
        if self._public.algorithm.startswith("rsa-pss-"):
            return private.sign(message, _PSS, hashes.SHA256())
        return private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def close(self) -> None:
        """Let go of the private key."""
        self._private = None

    def __repr__(self) -> str:
        return f"FileSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"


def generate_key(path: Path, algorithm: str, passphrase: bytes | None, *, replace_half: bool = False) -> PublicKey:
    """Make a key pair of one of `ALGORITHMS` and store it. Raises InputError, Locked, StorageError."""
    return store_key(path, new_private_key(algorithm), passphrase, algorithm=algorithm, replace_half=replace_half)


def store_key(
    path: Path, private: PrivateKey, passphrase: bytes | None, *, algorithm: str | None = None, replace_half: bool = False
) -> PublicKey:
    """Write a key pair: `path` with mode 0600, and `path`.pub. `passphrase` None leaves the private key unencrypted.

    Nothing is overwritten. The public half is written first, so that no private key is ever without its public one; each file
    appears whole or not at all. A public half left by a run that was stopped in between is reported, not removed: it may belong
    to a key kept elsewhere; with `replace_half`, where it cannot, it is replaced. Raises InputError, Locked, StorageError.
    """
    if passphrase is not None and not passphrase:
        raise InputError("the passphrase is empty", hint="give one, or ask for an unencrypted key")
    public_path = public_half_of(path)
    public = public_half(private, algorithm)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if passphrase is None:
        pem = plain_private_key(der)
    else:
        pem = encrypt_private_key(der, passphrase, salt=os.urandom(SALT_SIZE), iv=os.urandom(IV_SIZE))
    with _directory_lock(path):
        if os.path.lexists(path):
            raise InputError("there is a file of this name", where=str(path), hint="choose another; keys are never overwritten")
        if os.path.lexists(public_path) and not replace_half:
            raise InputError(
                "there is a public key of this name, but no private key beside it",
                where=str(public_path),
                hint="if it was left by a run that was stopped, remove it and run the same command again",
            )
        write_atomic(public_path, public.pem)
        write_atomic(path, pem, mode=0o600)
    return public


def public_half_of(path: Path) -> Path:
    """`K.pub` for `K`."""
    return path.with_name(path.name + ".pub")


def load_signer(path: Path, passphrase: Callable[[], bytes | None], algorithm: str | None = None) -> FileSigner:
    """Read a private key. `passphrase` is called once, only for an encrypted key; None means that nobody could give one.

    `algorithm`: what the key is registered for; needed for RSA-PSS alone. Refused: files that group or others may read or write,
    whatever is in them, and every form but one PKCS#8 PEM block. Raises NotFound, InputError, Malformed, PassphraseWrong.
    """
    pem, mode = read_key_file(path)
    if mode & 0o077:
        raise InputError("the private key can be read by others than its owner", where=str(path), hint=f"run: chmod 600 {path}")
    match = _PEM.fullmatch(pem)
    if match is None:
        raise _not_a_private_key(path, pem)
    secret = None
    if match[1].startswith(b"ENCRYPTED"):
        secret = passphrase()
        if secret is None:
            raise InputError(
                "the key is encrypted and no passphrase was given",
                where=str(path),
                hint="use --passphrase-file or PRATIQUE_KEY_PASSPHRASE, or run on a terminal",
            )
        if not secret:
            raise PassphraseWrong("the passphrase is empty", where=str(path))
    try:
        private = load_pem_private_key(pem, secret)
    except UnsupportedAlgorithm as error:
        raise Malformed("a private key of an unsupported kind or encryption", where=str(path)) from error
    except (ValueError, TypeError) as error:
        if secret is not None:
            # A wrong passphrase and a damaged file look the same: both come out of the cipher as noise.
            raise PassphraseWrong("the passphrase does not open this key", where=str(path)) from error
        raise Malformed("not a private key in PKCS#8", where=str(path)) from error
    try:
        return FileSigner(supported_private_key(private), algorithm)
    except Malformed as error:
        raise type(error)(error.message, where=str(path), hint=error.hint) from error


def supported_private_key(private: object) -> PrivateKey:
    """`private` if it is of a kind that signs here. Raises Malformed."""
    if isinstance(private, PrivateKey):
        return private
    raise Malformed("a private key of an unsupported kind", hint=_KINDS)


def load_public_key(path: Path, algorithm: str | None = None) -> PublicKey:
    """Read a public key in PEM, registered for `algorithm`. Raises NotFound, InputError, Malformed."""
    pem, _ = read_key_file(path)
    try:
        return PublicKey.from_pem(pem, algorithm)
    except Malformed as error:
        raise type(error)(error.message, where=str(path), hint=error.hint) from error


def new_private_key(algorithm: str) -> PrivateKey:
    """A fresh private key for one of `ALGORITHMS`. Raises InputError."""
    if algorithm not in ALGORITHMS:
        raise InputError(f"unknown key algorithm {algorithm!r}", hint=f"use one of {', '.join(ALGORITHMS)}")
    if algorithm.startswith("rsa-"):
        return rsa.generate_private_key(65537, int(algorithm.rpartition("-")[2]))
    return _MAKERS[algorithm]()


def public_half(private: PrivateKey, algorithm: str | None = None) -> PublicKey:
    """The public key, registered for `algorithm`. Raises Malformed when the key is for another, or weak."""
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey.from_der(spki, algorithm)


_KINDS = "use Ed25519, ECDSA P-256 or P-384, RSA 2048, 3072 or 4096, or ML-DSA-44 or -65"
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_MAKERS: dict[str, Callable[[], PrivateKey]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ml-dsa-44": mldsa.MLDSA44PrivateKey.generate,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey.generate,
}


def read_key_file(path: Path) -> tuple[bytes, int]:
    """The bytes of a file that may hold a key, and its mode. Raises NotFound, InputError, LimitExceeded."""
    # Mode and content come from one open file, so that it cannot be exchanged in between.
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("not a regular file", where=str(path))
            data = file.read(MAX_KEY_SIZE + 1)
    except FileNotFoundError as error:
        raise NotFound("no such key", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot read the key: {(error.strerror or 'error').lower()}", where=str(path)) from error
    if len(data) > MAX_KEY_SIZE:
        raise LimitExceeded(f"larger than {MAX_KEY_SIZE} bytes, not a key", where=str(path))
    return data, status.st_mode


def _not_a_private_key(path: Path, pem: bytes) -> Malformed:
    if b"BEGIN PUBLIC KEY" in pem:
        return Malformed("this is a public key where a private key belongs", where=str(path), hint="use the file without .pub")
    if b"SIGSTORE PRIVATE KEY" in pem or b"COSIGN PRIVATE KEY" in pem:
        return Malformed("a private key in cosign's own encryption", where=str(path), hint="run: pratique key import")
    if b"PRIVATE KEY-----" in pem:
        return Malformed("not one private key in PKCS#8", where=str(path), hint=f"run: openssl pkcs8 -topk8 -scrypt -in {path}")
    return Malformed("not a private key in PEM", where=str(path))


@contextmanager
def _directory_lock(path: Path) -> Iterator[None]:
    # Two runs that make the same key at once must not leave one's private half beside the other's public one.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        _wait_for_lock(descriptor, path.parent)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, directory: Path) -> None:
    """Making a key takes milliseconds, so another run that is at it is waited for: at most _LOCK_WAIT_S seconds."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Locked("another run is making a key in this directory", where=str(directory), hint="try again") from error
            time.sleep(0.02)
        else:
            return
