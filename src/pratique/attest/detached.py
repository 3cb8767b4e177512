"""Signatures of files that stand beside them: `FILE.sigstore.json`, a bundle, and `FILE.sig`, a bare signature. Pure.

A bundle holds a statement one of whose subjects is the file, or a signature over the file's bytes, as
`cosign sign-blob --bundle` writes it. A bare signature is one line of base64, as `cosign sign-blob` prints it; it names no key,
so every trusted one is tried, and it proves no time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pratique.attest.bundle import MessageSignature, UnverifiedBundle
from pratique.attest.members import as_bytes, base64_text, without_breaks
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, require_subject, verify_attestation, verify_message
from pratique.attest.statement import Statement
from pratique.attest.verify import find_key
from pratique.errors import LimitExceeded, Malformed
from pratique.model.signer import KeySigner, Signed

BUNDLE_SUFFIX = ".sigstore.json"
RAW_SUFFIX = ".sig"
MAX_RAW_SIZE = 16 * 1024  # a signature of ML-DSA-65 has 3309 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A file whose signature verified. `statement`: what was said about it; None when only its bytes were signed."""

    signed: Signed
    statement: Statement | None = None


def sign_digest(key: PublicKey, message: bytes) -> tuple[str, bytes]:
    """The digest that a bundle states beside a signature of `key` over `message`."""
    return key.hash_name, hashlib.new(key.hash_name, message).digest()


def verify_file(
    bundle: UnverifiedBundle,
    file: ArtifactDigests,
    root: TrustedRoot,
    *,
    keys: Mapping[str, PublicKey],
    needs: Requirements,
) -> SignedFile:
    """Verify a bundle that stands beside a file, of either content. Raises as `sigstore.verify` does."""
    if isinstance(bundle.content, MessageSignature):
        return SignedFile(signed=verify_message(bundle, file, root, keys=keys, needs=needs))
    found = verify_attestation(bundle, root, keys=keys, needs=needs)
    require_subject(found.head, file)
    return SignedFile(signed=found.signed, statement=found.statement())


def render_raw(sig: bytes) -> bytes:
    """A bare signature as a file: one line of base64."""
    return base64_text(sig).encode() + b"\n"


def parse_raw(data: bytes) -> bytes:
    """The signature in a `.sig` file: base64, in lines of any length, or the bytes themselves, as `cosign sign-blob
    --b64=false` and openssl write them. Raises Malformed, LimitExceeded.
    """
    if len(data) > MAX_RAW_SIZE:
        raise LimitExceeded(f"signature file of {len(data)} bytes")
    if data.startswith(b"-----BEGIN "):
        what = "an OpenPGP signature" if b"PGP" in data[:40] else "an SSH signature" if b"SSH" in data[:40] else "PEM"
        raise Malformed(f"signature file is {what}", hint="expected what cosign sign-blob prints")
    if not data.strip():
        raise Malformed("signature file is empty")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return data
    return as_bytes(without_breaks(text), "signature file")


def verify_raw(sig: bytes, message: bytes, keys: Mapping[str, PublicKey]) -> SignedFile:
    """Verify a bare signature over the file's bytes. Raises Untrusted when there are no keys, LimitExceeded, SignatureInvalid."""
    return SignedFile(signed=Signed(signer=KeySigner(keyid=find_key(sig, message, keys).keyid)))
