"""Signing keys in files: `K`, an encrypted PKCS#8 PEM that only its owner can read, and beside it `K.pub`, the public half.

A key for RSA-PSS says so in both files (RFC 4055). Of other RSA keys whoever names them says whether they are for PKCS#1 v1.5,
as is meant otherwise, or for PSS (`attest.publickey`). Keys of other programs are read as they are (`keys.foreign`).
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pratique.attest.keyfile import MAX_FILE_SIZE
from pratique.attest.publickey import ALGORITHMS, HASHES, KINDS, PublicKey, rsa_bits
from pratique.attest.rsapss import join_private
from pratique.errors import InputError, LimitExceeded, Locked, Malformed, NotFound
from pratique.files import open_regular, storage_error, unreadable, write_atomic
from pratique.keys.pkcs8 import IV_SIZE, SALT_SIZE, encrypt_private_key, plain_private_key
from pratique.keys.signer import closed

PrivateKey = (
    ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey
)

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
            return private.sign(message, ec.ECDSA(HASHES[self._public.hash_name]()))
        if not isinstance(private, rsa.RSAPrivateKey):
            return private.sign(message)
        if self._public.algorithm.startswith("rsa-pss-"):
            hashed = HASHES[self._public.hash_name]()
            pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=padding.PSS.DIGEST_LENGTH)
            return private.sign(message, pss, hashed)
        return private.sign(message, padding.PKCS1v15(), HASHES[self._public.hash_name]())

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
    if public.algorithm.startswith("rsa-pss-"):
        der = join_private(der, public.hash_name)  # so that it is read again as what it is
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


def load_signer(
    path: Path,
    passphrase: Callable[[], bytes | None],
    algorithm: str | None = None,
    *,
    cosign_passphrase: Callable[[], bytes | None] | None = None,
) -> FileSigner:
    """Read a private key, in any form that `keys.foreign` opens. `passphrase` is called once, only for an encrypted key; None
    means that nobody could give one. `cosign_passphrase`: in its place, for cosign's own encryption.

    `algorithm`: what the key is registered for; needed for RSA alone, where the key does not say it itself. Refused: files that
    group or others may read or write. Raises NotFound, InputError, Malformed, PassphraseWrong.
    """
    from pratique.attest.keyfile import not_a_key, read_key
    from pratique.keys.foreign import is_cosigns, open_private_key

    data, mode = read_key_file(path)
    try:
        found = read_key(data)
        if not found.privates:
            raise not_a_key(found, "private")
        if mode & 0o077:
            hint = f"run: chmod 600 {quote(str(path))}"
            raise InputError("the private key can be read by others than its owner", where=str(path), hint=hint)
        ask = cosign_passphrase if cosign_passphrase is not None and is_cosigns(found) else passphrase
        loaded = open_private_key(found, ask, path, hint="use --passphrase-file or PRATIQUE_KEY_PASSPHRASE, or run on a terminal")
        return FileSigner(loaded.private, registered(loaded.algorithm, algorithm))
    except Malformed as error:
        raise explained(error, path) from error


def registered(bound: str | None, stated: str | None) -> str | None:
    """What a key is registered for. `bound`: what the key itself says. Raises Malformed when the two differ."""
    if bound is not None and stated not in (None, bound):
        raise Malformed(f"this is a key for {bound}, not for {str(stated)[:40]!r}")
    return bound or stated


def explained(error: Malformed, path: Path) -> Malformed:
    """The error with the file's name, in its advice too, and with the other half where that lies beside it."""
    from pratique.attest.keyfile import PrivateKeyGiven, PublicKeyGiven

    hint = error.hint.replace("FILE", quote(str(path))) if error.hint else error.hint
    beside = []
    if isinstance(error, PrivateKeyGiven):
        beside = [public_half_of(path), path.with_suffix(".pub")]
    elif isinstance(error, PublicKeyGiven) and path.suffix in (".pub", ".crt", ".pem", ".cer"):
        beside = [path.with_suffix(""), path.with_suffix(".key")]
    for other in beside:
        if other != path and other.is_file():
            hint = f"use {quote(str(other))}"
            break
    return type(error)(error.message, where=error.where or str(path), hint=hint)


def supported_private_key(private: object) -> PrivateKey:
    """`private` if it is of a kind that signs here. Raises Malformed."""
    if isinstance(private, PrivateKey):
        return private
    raise Malformed("a private key of an unsupported kind", hint=KINDS)


def load_public_key(path: Path, algorithm: str | None = None) -> PublicKey:
    """Read a public key, in any form that `attest.keyfile` knows, registered for `algorithm`.

    Raises NotFound, InputError, and Malformed, for a private key too: it is never used in the place of its public half.
    """
    from pratique.attest.keyfile import parse_public_key

    data, _ = read_key_file(path)
    try:
        return parse_public_key(data, algorithm)
    except Malformed as error:
        raise explained(error, path) from error


def new_private_key(algorithm: str) -> PrivateKey:
    """A fresh private key for one of `ALGORITHMS`. Raises InputError."""
    if algorithm not in ALGORITHMS:
        raise InputError(f"unknown key algorithm {algorithm!r}", hint=f"use one of {', '.join(ALGORITHMS)}")
    if algorithm.startswith("rsa-"):
        return rsa.generate_private_key(65537, rsa_bits(algorithm))
    return _MAKERS[algorithm]()


def public_half(private: PrivateKey, algorithm: str | None = None) -> PublicKey:
    """The public key, registered for `algorithm`. Raises Malformed when the key is for another, or weak."""
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey.from_der(spki, algorithm)


_MAKERS: dict[str, Callable[[], PrivateKey]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ml-dsa-44": mldsa.MLDSA44PrivateKey.generate,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey.generate,
}


def read_key_file(path: Path) -> tuple[bytes, int]:
    """The bytes of a file that may hold a key, and its mode. Raises NotFound, InputError, LimitExceeded."""
    # Mode and content come from one open file, so that it cannot be exchanged in between.
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            data = file.read(MAX_FILE_SIZE + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("no such key", where=str(path)) from error
    except OSError as error:
        raise unreadable(error, path) from error
    if len(data) > MAX_FILE_SIZE:
        raise LimitExceeded(f"larger than {MAX_FILE_SIZE} bytes, not a key", where=str(path))
    return data, status.st_mode


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
