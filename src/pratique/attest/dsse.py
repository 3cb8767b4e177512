"""DSSE envelopes v1 (secure-systems-lab/dsse, protocol.md and envelope.md). Pure.

The signature is over `pae(...)` of the received payload bytes, never over a re-encoding. Base64 is read in its standard,
canonical spelling only, as protobuf-JSON and all known signers write it. Members that the format does not name are skipped,
as envelope.md demands; they are covered by no signature and nothing here reads them.

A keyid is read and never written. It is signed by nobody and optional (protocol.md), and verifiers built on go-securesystemslib
(cosign, Kyverno) pass over a signature whose keyid is not their own name of the key: with one they find nothing to verify.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.members import as_bytes, as_list, as_object, as_text, base64_text
from pratique.errors import Malformed

IN_TOTO = "application/vnd.in-toto+json"
MAX_SIGNATURES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSignature:
    """`keyid`: a hint that nobody vouches for, "" when absent. `sig`: the raw signature bytes."""

    keyid: str = ""
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload and the signatures over it, none of them verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def pae(self) -> bytes:
        """The bytes that are signed."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, body: bytes) -> bytes:
    """Pre-authentication encoding (protocol.md): `DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`, lengths in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def parse_envelope(members: Mapping[str, Any]) -> Envelope:
    """Read the JSON form. At least one signature; none empty. Raises Malformed."""
    payload_type = as_text(members.get("payloadType"), "payloadType")
    if not payload_type:
        raise Malformed("payloadType is empty")
    signatures = []
    for number, item in enumerate(as_list(members.get("signatures"), "signatures", limit=MAX_SIGNATURES)):
        where = f"signatures[{number}]"
        entry = as_object(item, where)
        sig = as_bytes(entry.get("sig"), f"{where}.sig")
        if not sig:
            raise Malformed(f"{where}.sig is empty")
        signatures.append(EnvelopeSignature(keyid=as_text(entry.get("keyid", ""), f"{where}.keyid"), sig=sig))
    if not signatures:
        raise Malformed("envelope without a signature")
    payload = as_bytes(members.get("payload"), "payload")
    return Envelope(payload_type=payload_type, payload=payload, signatures=tuple(signatures))


def render_envelope(envelope: Envelope) -> dict[str, Any]:
    """The JSON form, ready to be written: without keyids, whatever the envelope says, so that older ones lose theirs."""
    return {
        "payload": base64_text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"sig": base64_text(item.sig)} for item in envelope.signatures],
    }
