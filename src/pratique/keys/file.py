"""Signing keys in files: `K`, an encrypted PKCS#8 PEM that only its owner can read, and beside it `K.pub`, the public half."""

import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from pratique.attest.publickey import MAX_KEY_SIZE, PublicKey
from pratique.errors import InputError, LimitExceeded, Locked, Malformed, NotFound, PassphraseWrong
from pratique.files import storage_error, write_atomic
from pratique.keys.pkcs8 import IV_SIZE, SALT_SIZE, encrypt_private_key, plain_private_key

Algorithm = Literal["ed25519", "ecdsa-p256"]
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

_PEM = re.compile(rb"\s*-----BEGIN ((?:ENCRYPTED )?PRIVATE KEY)-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END \1-----\s*")

_LOCK_WAIT_S = 5.0


class FileSigner:
    """A `Signer` whose private key is in this process's memory."""

    __slots__ = ("_private", "_public")

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self._public = _public_half(private)

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 raw bytes for Ed25519, DER of ECDSA over SHA-256 for P-256."""
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(message)
        return self._private.sign(message, ec.ECDSA(hashes.SHA256()))

    def __repr__(self) -> str:
        return f"FileSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"


def generate_key(path: Path, algorithm: Algorithm, passphrase: bytes | None, *, replace_half: bool = False) -> PublicKey:
    """Make a key pair: `path` with mode 0600, and `path`.pub. `passphrase` None leaves the private key unencrypted.

    Nothing is overwritten. The public half is written first, so that no private key is ever without its public one; each file
    appears whole or not at all. A public half left by a run that was stopped in between is reported, not removed: it may belong
    to a key kept elsewhere; with `replace_half`, where it cannot, it is replaced. Raises InputError, Locked, StorageError.
    """
    if passphrase is not None and not passphrase:
        raise InputError("the passphrase is empty", hint="give one, or ask for an unencrypted key")
    public_path = public_half_of(path)
    private = _generate(algorithm)
    public = _public_half(private)
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


def load_signer(path: Path, passphrase: Callable[[], bytes | None]) -> FileSigner:
    """Read a private key. `passphrase` is called once, only for an encrypted key; None means that nobody could give one.

    Refused: files that group or others may read or write, whatever is in them, and every form but one PKCS#8 PEM block.
    Raises NotFound, InputError, Malformed, PassphraseWrong.
    """
    pem, mode = _read(path)
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
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return FileSigner(private)
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
        return FileSigner(private)
    raise Malformed("a private key of an unsupported kind", where=str(path), hint="use Ed25519 or ECDSA P-256")


def load_public_key(path: Path) -> PublicKey:
    """Read a public key in PEM. Raises NotFound, InputError, Malformed."""
    pem, _ = _read(path)
    try:
        return PublicKey.from_pem(pem)
    except Malformed as error:
        raise type(error)(error.message, where=str(path), hint=error.hint) from error


def _generate(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ecdsa-p256":
        return ec.generate_private_key(ec.SECP256R1())
    raise InputError(f"unknown key algorithm {algorithm!r}", hint="use ed25519 or ecdsa-p256")


def _public_half(private: PrivateKey) -> PublicKey:
    return PublicKey.from_der(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _read(path: Path) -> tuple[bytes, int]:
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
        return Malformed("a private key in cosign's own encryption", where=str(path), hint="make one with pratique key generate")
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
