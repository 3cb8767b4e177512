"""Keys in PKCS#11 tokens (OASIS PKCS #11 v3.1).

The module is what the reference's `module-path` or PRATIQUE_PKCS11_MODULE names; it runs inside this process, so whoever chooses
it is trusted, and how long a call to it takes is its own affair. Hashes are made here, so that a message of any size costs the
token one operation; an Ed25519 message goes to it whole. A key that wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)
gets the one that was given at first, until it is refused.
"""

from typing import Any

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass

from pratique.attest.publickey import ALGORITHMS, HASHES, PublicKey
from pratique.errors import InputError, NotFound, PassphraseWrong, Unavailable
from pratique.keys.access import Access, KeyReference
from pratique.keys.encodings import DIGEST_INFO_SHA256, der_of_raw
from pratique.keys.file import PrivateKey, public_half
from pratique.keys.pkcs11_objects import find_key, generate_pair, read_public_key, template, write_pair
from pratique.keys.pkcs11_session import GONE, Login, parse_name, reason_of, release, session
from pratique.keys.signer import closed, verified_signature


class TokenSigner:
    """A `Signer` whose private key never leaves its token."""

    def __init__(self, login: Login, key: Any, public: PublicKey, where: str) -> None:
        self._login: Login | None = login
        self._key = key
        self._public = public
        self._where = where
        self._slow = public.algorithm.startswith("rsa")  # signing costs tens of times what verifying costs
        self._raw = public.algorithm.startswith("ecdsa")
        self._checked = False
        self._each_time = _wants_pin_each_time(key)
        if public.algorithm == "ed25519":
            self._mechanism: dict[str, Any] = {"mechanism": Mechanism.EDDSA}
        elif public.algorithm.startswith("rsa-pss-"):
            name = public.hash_name.upper()
            parameters = (Mechanism[name], pkcs11.MGF[name], HASHES[public.hash_name].digest_size)
            self._mechanism = {"mechanism": Mechanism.RSA_PKCS_PSS, "mechanism_param": parameters}
        else:
            self._mechanism = {"mechanism": Mechanism.RSA_PKCS if self._slow else Mechanism.ECDSA}

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Raises Unavailable when the token was removed or fails."""
        login = self._login
        if login is None:
            raise closed(self._where)
        try:
            if self._each_time:
                answer = self._sign_with_pin(login, message)
            else:
                answer = self._key.sign(self._prepared(message), **self._mechanism)
        except pkcs11.PKCS11Error as error:
            login.broken = login.broken or isinstance(error, GONE)
            hint = "was it removed? nothing was signed; run the same command again when it is back"
            raise Unavailable(f"the token fails to sign: {reason_of(error)}", where=self._where, hint=hint) from error
        signature = der_of_raw(answer, self._where) if self._raw else answer
        if self._slow or not self._checked:
            verified_signature(signature, message, self._public, self._where)
            self._checked = True
        return signature

    def close(self) -> None:
        """Give the session back; the last signer of a token logs out."""
        login, self._login = self._login, None
        if login is not None:
            release(login)

    def __repr__(self) -> str:
        return f"TokenSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"

    def _sign_with_pin(self, login: Login, message: bytes) -> bytes:
        """One thread at a time: a PIN that was refused is not tried by the others."""
        with login.pin_lock:
            if login.pin is None:
                raise Unavailable("the PIN was refused and is not tried again", where=self._where)
            try:
                answer: bytes = self._key.sign(self._prepared(message), pin=login.pin, **self._mechanism)
            except (pkcs11.PinIncorrect, pkcs11.PinLocked) as error:
                login.pin = None
                raise PassphraseWrong("the PIN is refused; it was tried once", where=self._where) from error
            return answer

    def _prepared(self, message: bytes) -> bytes:
        if self._public.algorithm == "ed25519":
            return message
        digest = self._public.digest(message)
        return DIGEST_INFO_SHA256 + digest if self._mechanism["mechanism"] is Mechanism.RSA_PKCS else digest


def _wants_pin_each_time(key: Any) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except pkcs11.PKCS11Error:
        return False  # a token older than the attribute


def open_key(reference: KeyReference, access: Access) -> TokenSigner:
    """Find the one private key that the attributes name, and its public half. Raises as `open_signer`."""
    name = parse_name(reference)
    with session(name, access, rw=False) as login:
        key = find_key(login, ObjectClass.PRIVATE_KEY, name)
        try:
            public = read_public_key(find_key(login, ObjectClass.PUBLIC_KEY, name), name.algorithm)
        except NotFound as error:
            hint = "make the pair with pratique key generate, or store the public key under the same label and id"
            raise NotFound("the token has a private key of this name and no public one", where=name.where, hint=hint) from error
        return TokenSigner(login, key, public, name.where)


def create_key(reference: KeyReference, algorithm: str, access: Access) -> TokenSigner:
    """Make a key pair in the token; it cannot be read out. Raises as `create_signer`."""
    return _store(reference, algorithm, access, None)


def import_key(reference: KeyReference, private: PrivateKey, algorithm: str, access: Access) -> TokenSigner:
    """Store a private key in the token; it cannot be read out again. Raises as `create_signer`."""
    return _store(reference, algorithm, access, private)


def _store(reference: KeyReference, algorithm: str, access: Access, private: PrivateKey | None) -> TokenSigner:
    name = parse_name(reference)
    if algorithm not in ALGORITHMS or algorithm.startswith("ml-dsa"):
        raise InputError(f"keys for {algorithm} are not made in tokens", where=name.where)
    with session(name, access, rw=True) as login:
        if list(login.session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **template(name)})):
            raise InputError(
                "the token has a key of this name", where=name.where, hint="choose another; keys are never overwritten"
            )
        if private is not None:
            public = public_half(private, algorithm)
            key = write_pair(login, private, name)
        else:
            made, key = generate_pair(login, algorithm, name)
            public = read_public_key(made, algorithm)
        return TokenSigner(login, key, public, name.where)
