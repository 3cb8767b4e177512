"""What is known about a certificate's revocation, of CRLs and OCSP alike. Pure.

Answers of revocation servers are values, named by the URL that was asked: whoever has them from another day, or from a file,
hands in the same. What is needed and not there is named, so that a caller who may ask can ask and come again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import (
    CRLReason,
    DuplicateExtension,
    Extensions,
    InvalidityDate,
    InvalidVersion,
    UnsupportedGeneralNameType,
)

from pratique.model.verdict import Cause

Answers = Mapping[str, bytes | None]
"""URL → what it answered; None where it was asked and gave nothing usable."""

# What the library raises on hostile lists and responses, besides ValueError.
FOREIGN = (
    TypeError,
    OverflowError,
    InvalidVersion,
    UnsupportedAlgorithm,
    DuplicateExtension,
    UnsupportedGeneralNameType,
)

_HASHES = frozenset(("sha256", "sha384", "sha512"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationStatus:
    """`cause`: NONE when not revoked, REVOKED, or UNREACHABLE when that could not be found out. `wanted`: URLs to ask first."""

    cause: Cause
    detail: str = ""
    wanted: tuple[str, ...] = ()


GOOD = RevocationStatus(cause=Cause.NONE)


def unknown(detail: str, *wanted: str) -> RevocationStatus:
    """It could not be found out."""
    return RevocationStatus(cause=Cause.UNREACHABLE, detail=detail, wanted=wanted)


def signed_with(key: PublicKeyTypes, signature: bytes, data: bytes, hashed: HashAlgorithm | None) -> bool:
    """Whether a revocation list or response carries this key's signature, over a hash that still means something."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif hashed is None or hashed.name not in _HASHES:
            return False
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashed))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def invalid_since(extensions: Extensions) -> int | None:
    """The invalidity date (RFC 5280 §5.3.2) in Unix seconds. Raises ValueError for critical extensions nobody here knows."""
    since = None
    for extension in extensions:
        if isinstance(extension.value, InvalidityDate):
            since = int(extension.value.invalidity_date_utc.timestamp())
        elif extension.critical and not isinstance(extension.value, CRLReason):
            raise ValueError(f"having the critical extension {extension.oid.dotted_string}")
    return since


def is_http(url: str) -> bool:
    """Whether this is asked by HTTP, the one way that is gone here."""
    return url.lower().startswith(("http://", "https://"))


def line_of(error: Exception) -> str:
    """An error of a library in one short line."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]
