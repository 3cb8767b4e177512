"""Cosignatures of witnesses on checkpoints (C2SP tlog-cosignature, `cosignature/v1`, timestamped Ed25519). Pure.

A witness signs that the log of this checkpoint continued, by the time it states, everything that it had seen of it before. So a
log cannot show one state to one reader and another to the next without its witnesses' help. A line that does not verify is
nobody's: whoever hands out a checkpoint can add lines, and must not spoil it by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pratique.tlog.notes import key_id, parse_note

COSIGNATURE_V1 = 0x04
MAX_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """A witness. `name`: of its key, as in its lines; `public_key`: raw Ed25519, 32 bytes."""

    name: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """One cosignature that holds. `at`: Unix seconds, as the witness states."""

    witness: WitnessKey
    at: int


def verify_cosignatures(note: str | bytes, witnesses: Sequence[WitnessKey]) -> tuple[Cosigned, ...]:
    """Those lines of a checkpoint that these witnesses made. The log's own signature is `verify_checkpoint`'s to check.

    Raises Malformed, LimitExceeded for what is no note.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    parsed = parse_note(note)
    found = []
    for witness in witnesses:
        identifier = key_id(witness.name, COSIGNATURE_V1, witness.public_key)
        for line in parsed.signatures:
            if (line.name, line.key_id) != (witness.name, identifier) or len(line.signature) != 72:
                continue
            at = int.from_bytes(line.signature[:8])
            if at > MAX_TIME:
                continue
            message = f"cosignature/v1\ntime {at}\n{parsed.text}".encode()
            try:
                Ed25519PublicKey.from_public_bytes(witness.public_key).verify(line.signature[8:], message)
            except (InvalidSignature, ValueError):
                continue
            found.append(Cosigned(witness=witness, at=at))
    return tuple(found)
