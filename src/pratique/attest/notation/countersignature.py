"""A timestamp authority's countersignature of an envelope (trust-store-trust-policy.md, Validate Authentic Timestamp). Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.x509 import Certificate

from pratique.attest.notation.certificates import check_timestamping_chain
from pratique.attest.notation.envelope import UnverifiedEnvelope
from pratique.attest.timestamp import TimestampAuthority, parse_token, verify_timestamp
from pratique.attest.x509 import CertificateWindow, parse_certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersigned:
    """The signature existed at some time from `lower` to `upper`, Unix seconds, says the authority that `store` vouches for.

    `chain`: the authority's certificates to its root, whose revocation is not asked here.
    """

    lower: int
    upper: int
    store: str
    chain: tuple[Certificate, ...]


def check_countersignature(envelope: UnverifiedEnvelope, roots: Mapping[bytes, str]) -> Countersigned:
    """Verify the envelope's timestamp over its signature.

    `roots`: certificates of trusted authorities in DER → the store that has them. Raises DigestMismatch when the timestamp is
    about another signature, SignatureInvalid, Untrusted, Expired, Malformed.
    """
    stores: dict[str, list[Certificate]] = {}
    for der, store in roots.items():
        stores.setdefault(store, []).append(parse_certificate(der, f"a certificate of {store}"))
    authorities = [
        TimestampAuthority(operator=store, anchors=tuple(anchors), window=CertificateWindow(start=0))
        for store, anchors in stores.items()
    ]
    found = verify_timestamp(parse_token(envelope.timestamp), envelope.signature, authorities)
    check_timestamping_chain(found.chain)
    return Countersigned(lower=math.floor(found.time - found.accuracy), upper=found.at, store=found.operator, chain=found.chain)
