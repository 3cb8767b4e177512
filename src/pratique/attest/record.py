"""What the log holds about a bundle: the `hashedrekord` 0.0.2 entry of Rekor v2 (sigstore/rekor-tiles, CLIENTS.md). Pure.

Its digest is that of the envelope's PAE, or of the bytes that were signed without an envelope, so the log holds digests,
signatures and keys, never content. The bytes are the canonical JSON (RFC 8785) that a Rekor v2 log writes. Rekor's public logs
take no plain Ed25519; a log of one's own does.
"""

import hashlib
from typing import Any

from pratique.attest.bundle import MessageSignature, UnverifiedBundle
from pratique.attest.dsse import Envelope
from pratique.attest.members import as_bytes, as_object, as_text, base64_text
from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import canonical_json, load_json
from pratique.errors import Malformed, ProofInvalid

MAX_RECORD_SIZE = 64 * 1024 - 1  # an entry bundle of C2SP tlog-tiles gives an entry's length in 16 bits

_HASH_NAMES = {"sha256": "SHA2_256", "sha384": "SHA2_384", "sha512": "SHA2_512"}


def log_record(content: Envelope | MessageSignature, key: PublicKey) -> bytes:
    """The entry's bytes for what `key` signed: an envelope with exactly one signature, or a bare signature with its message's
    digest by the key's hash. Raises Malformed.
    """
    if not key.key_details:
        hint = "such signatures are for --form notation; sign this as rsa-pss or rsa"
        raise Malformed(f"a signature for {key.algorithm} has no entry in a transparency log", hint=hint)
    if isinstance(content, Envelope):
        if len(content.signatures) != 1:
            raise Malformed(f"envelope has {len(content.signatures)} signatures, not exactly one")
        sig, digest = content.signatures[0].sig, hashlib.new(key.hash_name, content.pae).digest()
    else:
        sig = content.sig
        if content.digest is None or content.digest[0] != key.hash_name:
            raise Malformed(f"signature without its message's {key.hash_name}")
        digest = content.digest[1]
    return canonical_json(
        {
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {
                "hashedRekordV002": {
                    "data": {
                        "algorithm": _HASH_NAMES[key.hash_name],
                        "digest": base64_text(digest),
                    },
                    "signature": {
                        "content": base64_text(sig),
                        "verifier": {
                            "keyDetails": key.key_details,
                            "publicKey": {"rawBytes": base64_text(key.spki)},
                        },
                    },
                }
            },
        }
    )


def check_record(record: bytes, bundle: UnverifiedBundle) -> None:
    """Return if `record` is the log's entry about this very bundle: digest, signature and key are all its own.

    Without this, a true inclusion proof of any other entry would do. Raises ProofInvalid.
    """
    try:
        key = _record_key(record)
    except Malformed as error:
        raise ProofInvalid(f"log entry is not a record of a signed statement: {error.message}") from error
    if key.hint != bundle.hint:
        raise ProofInvalid("log entry is about a signature by another key than the bundle's")
    # One comparison of all bytes: whatever differs, in content or in spelling, is not what was logged for this bundle.
    if record != log_record(bundle.content, key):
        raise ProofInvalid("log entry is about another statement or signature than the bundle's")


def _record_key(record: bytes) -> PublicKey:
    value: Any = load_json(record, what="log entry", max_size=MAX_RECORD_SIZE, max_depth=16)
    for name in ("spec", "hashedRekordV002", "signature", "verifier"):
        value = as_object(value, name).get(name)
    verifier = as_object(value, "verifier")
    spki = as_bytes(as_object(verifier.get("publicKey"), "publicKey").get("rawBytes"), "publicKey.rawBytes")
    return PublicKey.from_der(spki, as_text(verifier.get("keyDetails"), "keyDetails"))
