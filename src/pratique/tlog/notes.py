"""Signed notes (C2SP signed-note v1.0.0): text, an empty line, and signature lines. Pure.

Accepts only the canonical spelling: one note has one form. Verifies nothing itself; `checkpoint` does.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from pratique.errors import LimitExceeded, Malformed

ED25519 = 0x01
MAX_NOTE_BYTES = 1_000_000  # the limit of the reference implementation (golang.org/x/mod/sumdb/note)
MAX_SIGNATURES = 100
_DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. `key_id`: 4 bytes, a hint only. `signature`: what follows them, at least one byte."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNote:
    """`text`: what is signed, with its last newline. `signatures`: as written, at least one."""

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key under a name. `algorithm`: the type byte; `public_key`: raw, 32 bytes for Ed25519."""

    name: str
    algorithm: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes."""
        return key_id(self.name, self.algorithm, self.public_key)


def key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    """First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:4]


def check_key_name(name: str) -> str:
    """A key name: not empty, without white space, control characters or plus. Raises Malformed."""
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise Malformed(f"not a key name: {name[:80]!r}", hint="use neither spaces nor plus signs")
    return name


def render_vkey(key: VerifierKey) -> str:
    """`name+hex(key id)+base64(type ‖ public key)`."""
    encoded = base64.b64encode(bytes([key.algorithm]) + key.public_key).decode()
    return f"{check_key_name(key.name)}+{key.key_id.hex()}+{encoded}"


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key; its ID must be the one of its bytes. Raises Malformed."""
    name, _, rest = text.partition("+")
    identifier, _, encoded = rest.partition("+")
    material = decode_base64(encoded, "verifier key")
    if len(material) < 2:
        raise Malformed("verifier key is too short")
    key = VerifierKey(name=check_key_name(name), algorithm=material[0], public_key=material[1:])
    if key.algorithm == ED25519 and len(key.public_key) != 32:
        raise Malformed(f"Ed25519 verifier key has {len(key.public_key)} bytes, not 32")
    if identifier != key.key_id.hex():
        raise Malformed(f"verifier key states ID {identifier[:16]!r} but its bytes come to {key.key_id.hex()}")
    return key


def render_note(note: SignedNote) -> str:
    """The note as text. Raises Malformed if it could not be read back."""
    lines = [
        f"{_DASH}{signature.name} {base64.b64encode(signature.key_id + signature.signature).decode()}\n"
        for signature in note.signatures
    ]
    rendered = note.text + "\n" + "".join(lines)
    if parse_note(rendered) != note:
        raise Malformed("not a note: the text has lines that read as signatures")
    return rendered


def parse_note(data: str | bytes) -> SignedNote:
    """Read a note. Raises Malformed, LimitExceeded for one over 1,000,000 bytes or 100 signatures."""
    try:
        text = data if isinstance(data, str) else data.decode()
        size = len(data.encode()) if isinstance(data, str) else len(data)
    except UnicodeError as error:
        raise Malformed("note is not UTF-8") from error
    if size > MAX_NOTE_BYTES:
        raise LimitExceeded(f"note of {size} bytes", hint=f"at most {MAX_NOTE_BYTES}")
    if any((char < " " and char != "\n") or char == "\x7f" for char in text):
        raise Malformed("note holds control characters")
    body, separator, block = text.rpartition("\n\n")
    if not separator or not body or not block.endswith("\n"):
        raise Malformed("note without text, an empty line and signatures")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise LimitExceeded(f"note with {len(lines)} signatures", hint=f"at most {MAX_SIGNATURES}")
    return SignedNote(text=body + "\n", signatures=tuple(_parse_line(line) for line in lines))


def _parse_line(line: str) -> NoteSignature:
    if not line.startswith(_DASH):
        raise Malformed(f"not a signature line: {line[:80]!r}")
    name, separator, encoded = line[len(_DASH) :].partition(" ")
    if not separator:
        raise Malformed(f"not a signature line: {line[:80]!r}")
    decoded = decode_base64(encoded, "signature")
    if len(decoded) < 5:
        raise Malformed("signature is too short")
    return NoteSignature(check_key_name(name), decoded[:4], decoded[4:])


def decode_base64(text: str, what: str) -> bytes:
    """Standard base64 with padding, only as an encoder would write it (RFC 4648 §3.5). Raises Malformed."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{what} is not base64: {text[:80]!r}") from error
    if base64.b64encode(decoded).decode() != text:
        raise Malformed(f"{what} is not canonical base64: {text[:80]!r}")
    return decoded
