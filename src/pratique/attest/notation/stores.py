"""Trust stores: named sets of certificates that chains must lead to (trust-store-trust-policy.md, Trust Store). Pure.

A store's name carries its kind, as policies write it: `ca:acme` vouches for signers, `signingAuthority:acme` for services that
sign for others and whose times are believed, `tsa:acme` for timestamp authorities. One kind never stands in for another.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pratique.attest.der import is_der
from pratique.attest.members import as_lines
from pratique.attest.x509 import parse_certificate
from pratique.errors import LimitExceeded, Malformed

MAX_FILE_SIZE = 1 << 20
MAX_CERTIFICATES = 1000
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStores:
    """Store name → its certificates in DER. A name that is not there is an empty store, which trusts nobody."""

    certificates: Mapping[str, tuple[bytes, ...]]

    def of_kind(self, kind: str, names: Iterable[str]) -> Mapping[bytes, str]:
        """Certificate → the first of these stores of this kind (`ca`, `signingAuthority`, `tsa`) that holds it."""
        found: dict[bytes, str] = {}
        for name in names:
            if name.partition(":")[0] == kind:
                for der in self.certificates.get(name, ()):
                    found.setdefault(der, name)
        return found

    def thumbprints(self, names: Iterable[str]) -> frozenset[str]:
        """Hex SHA-256 of every certificate in these stores."""
        return frozenset(thumbprint(der) for name in names for der in self.certificates.get(name, ()))


def thumbprint(der: bytes) -> str:
    """Hex SHA-256 of a certificate in DER: how signatures in a registry name their chain."""
    return hashlib.sha256(der).hexdigest()


def parse_certificates(data: bytes, where: str) -> tuple[bytes, ...]:
    """The certificates of one file of a trust store, in DER: one in DER, or any number of PEM blocks and text between them.

    `where` names it in errors. Raises Malformed, also when there is none or one of several is damaged; LimitExceeded.
    """
    if len(data) > MAX_FILE_SIZE:
        raise LimitExceeded(f"a certificate file of {len(data)} bytes", where=where)
    ders = [data] if is_der(data) else [_from_pem(part, where) for part in data.split(_BEGIN)[1:]]
    if not ders:
        raise Malformed("no certificate in PEM or DER", where=where)
    if len(ders) > MAX_CERTIFICATES:
        raise LimitExceeded(f"{len(ders)} certificates in one file", where=where)
    for der in ders:
        parse_certificate(der, f"certificate in {where}")
    return tuple(ders)


def _from_pem(part: bytes, where: str) -> bytes:
    text, end, _ = part.partition(_END)
    if not end:
        raise Malformed("a certificate in PEM that is cut off", where=where)
    return as_lines(text, f"a certificate in {where}")
