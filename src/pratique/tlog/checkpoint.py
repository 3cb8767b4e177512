"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root, signed as a note with Ed25519. Pure.

The key's name is the log's origin, so a checkpoint of one log can never be taken for one of another.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from pratique.errors import InputError, Malformed, ProofInvalid, SignatureInvalid
from pratique.model.merkle import EMPTY_ROOT
from pratique.tlog.notes import (
    ED25519,
    NoteSignature,
    SignedNote,
    VerifierKey,
    check_key_name,
    decode_base64,
    key_id,
    parse_note,
    render_note,
)

MAX_SIZE = 2**63 - 1  # sizes travel as signed 64-bit integers in Sigstore bundles
MAX_HOST = 253
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 §4: SubjectPublicKeyInfo of an Ed25519 key


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`origin`: the log's name; `size`: entries; `root`: 32 bytes (RFC 9162 §2.1.1); `extensions`: further lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def render_checkpoint(checkpoint: Checkpoint) -> str:
    """The text that is signed. Raises Malformed if it could not be read back."""
    root = base64.b64encode(checkpoint.root).decode()
    text = "\n".join([checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions]) + "\n"
    if parse_checkpoint(text) != checkpoint:
        raise Malformed("not a checkpoint: a field holds a line break")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a note's text. Says nothing about who signed it. Raises Malformed."""
    if not text.endswith("\n"):
        raise Malformed("checkpoint does not end with a line break")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise Malformed("checkpoint without origin, size and root, or with an empty line")
    origin, size_text, root_text, *extensions = lines
    if not _DECIMAL.fullmatch(size_text) or int(size_text) > MAX_SIZE:
        raise Malformed(f"checkpoint size is not a canonical decimal number: {size_text[:40]!r}")
    root, size = decode_base64(root_text, "checkpoint root"), int(size_text)
    if len(root) != 32:
        raise Malformed(f"checkpoint root has {len(root)} bytes, not 32")
    if size == 0 and root != EMPTY_ROOT:
        raise Malformed("checkpoint of an empty log has another root than the hash of nothing")
    return Checkpoint(origin=origin, size=size, root=root, extensions=tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, *, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """The signed note. `sign`: Ed25519 over the bytes it is given, 64 bytes out.

    What came back is verified before it is used: a log must never publish a checkpoint that does not verify.
    Raises SignatureInvalid.
    """
    text = render_checkpoint(checkpoint)
    identifier = key_id(check_key_name(checkpoint.origin), ED25519, _raw(public_key))
    signature = NoteSignature(checkpoint.origin, identifier, sign(text.encode()))
    note = render_note(SignedNote(text=text, signatures=(signature,)))
    verify_checkpoint(note, public_key=public_key, origin=checkpoint.origin)
    return note


def verify_checkpoint(note: str | bytes, *, public_key: bytes, origin: str | None = None) -> Checkpoint:
    """The checkpoint, if this key signed it under the log's own name.

    `public_key`: 32 bytes, raw Ed25519. `origin`: the log that is expected; None accepts the name the key signed for.
    Signatures by others (witnesses) are passed over. Raises Malformed, ProofInvalid for another log, SignatureInvalid.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    parsed = parse_note(note)
    checkpoint = parse_checkpoint(parsed.text)
    if origin is not None and checkpoint.origin != origin:
        raise ProofInvalid(f"checkpoint of log {checkpoint.origin!r}, not of {origin!r}")
    key = VerifierKey(name=checkpoint.origin, algorithm=ED25519, public_key=_raw(public_key))
    ours = [line for line in parsed.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    if len(ours) != 1:
        found = "no signature" if not ours else f"{len(ours)} signatures"
        raise SignatureInvalid(f"checkpoint of {key.name!r} has {found} by key {key.key_id.hex()}")
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(ours[0].signature, parsed.text.encode())
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid(f"checkpoint of {key.name!r} does not verify under key {key.key_id.hex()}") from error
    return checkpoint


def log_id(origin: str, public_key: bytes) -> bytes:
    """How Sigstore names a log of tiles (sigstore/rekor-tiles, CLIENTS.md): the key ID of C2SP signed-note, not cut. 32 bytes."""
    return hashlib.sha256(origin.encode() + b"\n" + bytes([ED25519]) + _raw(public_key)).digest()


def older_log_id(public_key: bytes) -> bytes:
    """How Sigstore names a log of version 1, and as we named ours: SHA-256 of the key's DER SubjectPublicKeyInfo. 32 bytes."""
    return hashlib.sha256(spki_of(public_key)).digest()


def spki_of(public_key: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo of a log's key (RFC 8410 §4)."""
    return _SPKI_PREFIX + _raw(public_key)


def check_host_origin(origin: str) -> str:
    """The name of a log that others can find: a bare host name (RFC 1123 §2.1), lower case, neither path nor port.

    Sigstore's clients look a log up by the host of its address (sigstore/rekor-tiles, CLIENTS.md): entries of a log whose name is
    more than that can never be verified by them. Raises InputError.
    """
    if len(origin) > MAX_HOST or not _HOST.fullmatch(origin):
        hint = "a bare host name in lower case, as log.example.com: no scheme, path, port or address in brackets"
        raise InputError(f"not a name for a log: {origin[:80]!r}", hint=hint)
    return origin


def _raw(public_key: bytes) -> bytes:
    if len(public_key) != 32:
        raise InputError(f"log key has {len(public_key)} bytes, not 32", hint="a log is signed with Ed25519")
    return public_key
