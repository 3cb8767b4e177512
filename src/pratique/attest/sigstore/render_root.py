"""Writing a TrustedRoot v0.1 (sigstore/protobuf-specs, sigstore_trustroot.proto), the version that every client reads. Pure.

A log is found by its ID, the hash of its name and key (sigstore/rekor-tiles, CLIENTS.md), and clients take the name from the
address: so `https://` and the log's name is the address, whether or not anything answers there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pratique.attest.members import base64_text, instant_text
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.strictjson import dump_json
from pratique.errors import Malformed
from pratique.tlog.checkpoint import check_host_origin, log_id

_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_ALWAYS = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLog:
    """A log of tiles. `name`: its origin, a bare host name; `key`: Ed25519."""

    name: str
    key: PublicKey


def render_trusted_root(logs: Sequence[NamedLog], stampers: Sequence[Sequence[x509.Certificate]]) -> bytes:
    """`stampers`: the chain of each timestamp authority, in either order. Raises InputError for a log whose name is none for
    other clients, Malformed for a chain that is none.
    """
    data = dump_json(
        {
            "mediaType": _MEDIA_TYPE,
            "tlogs": [_log(log) for log in logs],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [_stamper(chain) for chain in stampers],
        }
    )
    parse_trusted_root(data)  # what is handed out can be read
    return data


def _log(log: NamedLog) -> dict[str, Any]:
    return {
        "baseUrl": f"https://{check_host_origin(log.name)}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64_text(log.key.spki),
            "keyDetails": log.key.key_details,
            "validFor": {"start": _ALWAYS},
        },
        "logId": {"keyId": base64_text(log_id(log.name, log.key.raw))},
    }


def _stamper(chain: Sequence[x509.Certificate]) -> dict[str, Any]:
    ordered = list(chain)
    if len(ordered) > 1 and ordered[0].subject == ordered[0].issuer:
        ordered.reverse()
    for below, above in pairwise(ordered):
        if below.issuer != above.subject:
            hint = "begin with the certificate that signs timestamps, and end with its root"
            raise Malformed("the certificates of a timestamp authority are not one chain", hint=hint)
    signer = ordered[0]
    return {
        "subject": {
            "organization": _name(signer, x509.NameOID.ORGANIZATION_NAME),
            "commonName": _name(signer, x509.NameOID.COMMON_NAME),
        },
        "certChain": {"certificates": [{"rawBytes": base64_text(one.public_bytes(Encoding.DER))} for one in ordered]},
        "validFor": {"start": instant_text(int(signer.not_valid_before_utc.timestamp()))},
    }


def _name(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""
