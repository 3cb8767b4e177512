"""Signatures of files that stand beside them: what a bundle, `FILE.sigstore.json`, states, and `FILE.sig`, bare. Pure.

What another key says, or the same key in a statement of another type, stands beside that in a bundle of its own, which others'
clients take as they take the first: `FILE.<12 hex digits>.sigstore.json`. The digits tell key and type, and prove nothing.

A bare signature is one line of base64, as `cosign sign-blob` prints it; it names no key, so every trusted one is tried, and it
proves no time. Bundles are verified as everywhere (`attest/sigstore`).
"""

import hashlib
from collections.abc import Mapping

from pratique.attest.members import as_bytes, base64_text, without_breaks
from pratique.attest.publickey import PublicKey
from pratique.attest.verify import find_key
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest
from pratique.model.signer import KeySigner, Signed

BUNDLE_SUFFIX = ".sigstore.json"
RAW_SUFFIX = ".sig"
_SIBLING_DIGITS = 12
MAX_RAW_SIZE = 16 * 1024  # a signature of ML-DSA-65 has 3309 bytes


def sibling_suffix(keyid: str, predicate_type: str) -> str:
    """The suffix of what a key states in this type where `FILE.sigstore.json` is another's; `predicate_type`: "" for a bundle
    over the bytes alone."""
    return f".{hashlib.sha256(f'{keyid} {predicate_type}'.encode()).hexdigest()[:_SIBLING_DIGITS]}{BUNDLE_SUFFIX}"


def is_sibling(name: str, file_name: str) -> bool:
    """Whether a file of this name is a further bundle of the file that is called `file_name`."""
    digits = name.removeprefix(f"{file_name}.").removesuffix(BUNDLE_SUFFIX)
    return (
        len(digits) == _SIBLING_DIGITS and not digits.strip("0123456789abcdef") and name == f"{file_name}.{digits}{BUNDLE_SUFFIX}"
    )


def sign_digest(key: PublicKey, message: bytes) -> tuple[str, bytes]:
    """The digest that a bundle states beside a signature of `key` over `message`."""
    return key.hash_name, hashlib.new(key.hash_name, message).digest()


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


def names_of_raw(sig: bytes) -> frozenset[Digest]:
    """The digests of a `.sig` file in the ways it is usually written: one line with and without its end, and the bytes alone."""
    line = render_raw(sig)
    return frozenset(map(Digest.of, (line, line.rstrip(b"\n"), sig)))


def verify_raw(sig: bytes, message: bytes, keys: Mapping[str, PublicKey]) -> Signed:
    """Verify a bare signature over the file's bytes. Raises Untrusted when there are no keys, LimitExceeded, SignatureInvalid."""
    return Signed(signer=KeySigner(keyid=find_key(sig, message, keys).keyid))
