"""The port every signing key stands behind, and signing a statement with it."""

from typing import Protocol

from pratique.attest.dsse import IN_TOTO, Envelope, Signature, pae
from pratique.attest.publickey import PublicKey


class Signer(Protocol):
    """Something that signs: a key in a file today, in a token or a vault as well.

    Guarantees of every implementation:

    - `public_key` is the key that verifies what `sign` returns; it never changes during the signer's life.
    - `sign` returns only signatures that verify, or raises. A signer that cannot be reached raises `Unavailable`.
    - `sign` may be called from several threads, and any number of times.
    - Signing the same message twice may give two different, equally valid signatures (ECDSA does).
    - Neither the private key nor a passphrase appears in `repr`, in an error or in a log.
    """

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign `message` (any length): 64 raw bytes for Ed25519, DER of ECDSA over SHA-256 for P-256."""
        ...


def sign_statement(signer: Signer, payload: bytes, payload_type: str = IN_TOTO) -> Envelope:
    """An envelope with one signature over `payload`; its keyid is the key's hint, as Sigstore bundles want it."""
    signature = Signature(keyid=signer.public_key.hint, sig=signer.sign(pae(payload_type, payload)))
    return Envelope(payload_type=payload_type, payload=payload, signatures=(signature,))
