"""The port every signing key stands behind, and signing statements with it."""

from typing import Protocol

from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae, render_envelope
from pratique.attest.predicates.succession import Succession, succession_payload
from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import dump_json
from pratique.errors import SignatureInvalid, Unavailable


class Signer(Protocol):
    """Something that signs: a key in a file, a token, a vault, a cloud's key service or an agent.

    Guarantees of every implementation:

    - `public_key` is the key that verifies what `sign` returns. It is fetched once, when the signer is opened, and stays the same
      during its life even when the key behind it is rotated: the version that was opened goes on signing.
    - `sign` returns only signatures that verify, or raises: what another system answers is verified before it is returned. Of a
      PKCS#11 token only the first signature of a session is, where the check would halve the rate.
    - A signer that cannot be reached, is refused, or answers anything else than a signature raises `Unavailable`, within a
      minute. Nothing is half-signed: what was not returned does not exist.
    - `sign` may be called from several threads, and any number of times.
    - Signing the same message twice may give two different, equally valid signatures (ECDSA, RSA-PSS and ML-DSA do).
    - A wrong passphrase or PIN raises `PassphraseWrong` and is never tried again: tokens lock themselves after a few.
    - No private key, passphrase, PIN or access token appears in `repr`, in an error or in a log.
    """

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign `message`, in the encoding of `PublicKey.verify`.

        Of any length, unless a back end caps what it signs with algorithms that take no digest (Ed25519 in AWS and GCP); then
        `InputError` says so before anything is sent.
        """
        ...

    def close(self) -> None:
        """End the session or the connections. Closing again does nothing; signing afterwards raises `Unavailable`."""
        ...


def sign_statement(signer: Signer, payload: bytes, payload_type: str = IN_TOTO) -> Envelope:
    """An envelope with one signature over `payload`, and no keyid (`attest.dsse`)."""
    signature = EnvelopeSignature(sig=signer.sign(pae(payload_type, payload)))
    return Envelope(payload_type=payload_type, payload=payload, signatures=(signature,))


def sign_succession(old: Signer, new: Signer, at: int) -> bytes:
    """The document in which `old` names `new` as its successor from `at` (Unix seconds) on, signed by both."""
    payload = succession_payload(Succession(old=old.public_key, new=new.public_key, at=at))
    message = pae(IN_TOTO, payload)
    signatures = tuple(EnvelopeSignature(sig=signer.sign(message)) for signer in (old, new))
    return dump_json(render_envelope(Envelope(payload_type=IN_TOTO, payload=payload, signatures=signatures)))


def verified_signature(signature: bytes, message: bytes, key: PublicKey, where: str) -> bytes:
    """`signature`, which another system claims to be by `key`, once it has verified. Raises Unavailable."""
    try:
        key.verify(signature, message)
    except SignatureInvalid as error:
        hint = "nothing was signed; do not trust that system before you know why"
        raise Unavailable("the answer is not a signature by this key", where=where, hint=hint) from error
    return signature


def closed(where: str) -> Unavailable:
    """The error of signing with what was closed."""
    return Unavailable("the signer is closed", where=where)
