"""Certificates of signers: reading them, and building a chain to a trusted authority at a given time (RFC 5280 §6.1). Pure.

Path building, path length, name constraints, critical extensions and signatures are cryptography's verifier. What it does not
do for signing certificates is done here: the times of every certificate with both ends included, key usage of authorities, and
the extended key usage of the signer, which for a browser would have to be TLS.

An authority is only who is given as `anchors`. Certificates that come with a signature are intermediates at best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate
from cryptography.x509 import verification as paths
from cryptography.x509.oid import ExtendedKeyUsageOID

from pratique.attest.der import check_der
from pratique.errors import Expired, LimitExceeded, Malformed, Untrusted

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
MAX_CERTIFICATE_SIZE = 64 * 1024
MAX_INTERMEDIATES = 16
MAX_DEPTH = 8  # intermediates between signer and anchor
_MAX_BLAMED = 4  # times that are tried in order to say why a chain fails
_MAX_TIME = 253_402_300_799  # the last second of the year 9999, the last that a certificate can name (RFC 5280 §4.1.2.5)

FOREIGN = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    x509.DuplicateExtension,
    UnsupportedAlgorithm,
)
"""What the library may raise on hostile certificates, apart from its VerificationError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWindow:
    """A span of time, both ends included. Unix seconds; `end` is None when it is open."""

    start: int
    end: int | None = None

    def __contains__(self, at: float) -> bool:
        return self.start <= at and (self.end is None or at <= self.end)


def parse_certificate(der: bytes, what: str = "certificate") -> Certificate:
    """Read a certificate of version 3 in DER, with its extensions. Raises Malformed, LimitExceeded."""
    if len(der) > MAX_CERTIFICATE_SIZE:
        raise LimitExceeded(f"{what} has {len(der)} bytes, more than the limit of {MAX_CERTIFICATE_SIZE}")
    check_der(der, what)
    try:
        certificate = x509.load_der_x509_certificate(der)
        # The library reads lazily: what is wrong further in shall come to light here, not in the middle of a verification.
        certificate.extensions, certificate.subject, certificate.issuer, validity(certificate)
        certificate.public_key()
    except (*FOREIGN, OverflowError) as error:
        raise Malformed(f"{what} cannot be read: {_reason(error)}") from error
    if certificate.version is not x509.Version.v3:
        raise Malformed(f"{what} is not of version 3")
    return certificate


def validity(certificate: Certificate) -> CertificateWindow:
    """When the certificate is valid."""
    return CertificateWindow(start=int(certificate.not_valid_before_utc.timestamp()), end=last_second(certificate))


def last_second(certificate: Certificate) -> int:
    """The last in which the certificate is valid, Unix seconds: none is without an end, and an end may be 0 or before."""
    return int(certificate.not_valid_after_utc.timestamp())


def build_chain(
    leaf: Certificate, *, at: float, anchors: Sequence[Certificate], intermediates: Sequence[Certificate] = ()
) -> tuple[Certificate, ...]:
    """A chain from `leaf` to one of `anchors`, every certificate of which is valid at `at` (Unix seconds).

    Returns the chain with both its ends; an anchor alone is no chain. Raises Expired when the only fault is the time,
    Untrusted for every other, LimitExceeded.
    """
    if len(intermediates) > MAX_INTERMEDIATES:
        raise LimitExceeded(f"{len(intermediates)} intermediate certificates, more than the limit of {MAX_INTERMEDIATES}")
    if leaf in anchors:
        raise Untrusted(f"certificate {_name(leaf)} is itself an authority's")
    if not anchors:
        raise Untrusted("no certificate authority is trusted for this")
    if at not in validity(leaf):
        raise Expired(f"certificate {_name(leaf)} was not valid at {_instant(at)}: it is {_span(leaf)}")
    try:
        chain = _verify(leaf, at, tuple(anchors), tuple(intermediates))
    except paths.VerificationError as error:
        _blame_time(leaf, at, anchors, intermediates)
        raise Untrusted(f"certificate {_name(leaf)} chains to no trusted authority: {_reason(error)}") from error
    except FOREIGN as error:
        raise Untrusted(f"the chain of certificate {_name(leaf)} cannot be verified: {_reason(error)}") from error
    _check_authorities(chain, at)  # the library counts whole seconds; a timestamp may have fractions
    return chain


def _check_authorities(chain: Sequence[Certificate], at: float) -> None:
    """Raise Expired naming the first authority of a chain that was not valid."""
    for certificate in chain[1:]:
        if at not in validity(certificate):
            raise Expired(f"certificate {_name(certificate)} was not valid at {_instant(at)}: it is {_span(certificate)}")


def require_purpose(certificate: Certificate, purpose: x509.ObjectIdentifier, *, alone: bool = False) -> None:
    """Check that this is an end entity's certificate for digital signatures of this purpose (RFC 5280 §4.2.1.3, §4.2.1.12).

    `alone`: the purpose must be the only one, in a critical extension (RFC 3161 §2.3). "Any purpose" is none. Raises Untrusted.
    """
    basic = extension(certificate, x509.BasicConstraints)
    if basic is not None and basic.value.ca:
        raise Untrusted(f"certificate {_name(certificate)} is an authority's, not a signer's")
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.value.digital_signature or (alone and usage.value.content_commitment)):
        raise Untrusted(f"certificate {_name(certificate)} is not for digital signatures")
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    if purposes is None or purpose not in purposes.value:
        raise Untrusted(f"certificate {_name(certificate)} is not for {_PURPOSES[purpose]}")
    if alone and (len(purposes.value) != 1 or not purposes.critical):
        raise Untrusted(f"certificate {_name(certificate)} is not for {_PURPOSES[purpose]} alone")


def extension(certificate: Certificate, kind: type[Any]) -> x509.Extension[Any] | None:
    """The certificate's extension of this kind, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


_PURPOSES = {CODE_SIGNING: "code signing", TIME_STAMPING: "time stamping"}


def _verify(
    leaf: Certificate, at: float, anchors: tuple[Certificate, ...], intermediates: tuple[Certificate, ...]
) -> tuple[Certificate, ...]:
    if not 0 <= at <= _MAX_TIME:
        raise ValueError("a time that no certificate can name")
    authority, signer = _policies()
    verifier = (
        paths.PolicyBuilder()
        .store(_store(anchors))
        .time(datetime.fromtimestamp(int(at), UTC))
        .max_chain_depth(MAX_DEPTH)
        .extension_policies(ca_policy=authority, ee_policy=signer)
        .build_client_verifier()
    )
    return tuple(verifier.verify(leaf, list(intermediates)).chain)


@lru_cache(maxsize=32)
def _store(anchors: tuple[Certificate, ...]) -> paths.Store:
    return paths.Store(list(anchors))


@lru_cache(maxsize=1)
def _policies() -> tuple[paths.ExtensionPolicy, paths.ExtensionPolicy]:
    """For authorities and for signers: unknown critical extensions are refused by the library under either."""
    anything = paths.ExtensionPolicy.permit_all()
    authority = anything.require_present(x509.BasicConstraints, paths.Criticality.AGNOSTIC, _must_be_authority)
    return authority.may_be_present(x509.KeyUsage, paths.Criticality.AGNOSTIC, _must_sign_certificates), anything


def _must_be_authority(_policy: paths.Policy, _certificate: Certificate, constraints: x509.BasicConstraints | None) -> None:
    if constraints is None or not constraints.ca:
        raise ValueError("not an authority's certificate")


def _must_sign_certificates(_policy: paths.Policy, _certificate: Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a certificate that may not sign certificates")


def _blame_time(leaf: Certificate, at: float, anchors: Sequence[Certificate], intermediates: Sequence[Certificate]) -> None:
    """Raise Expired if the chain would hold at some time of the leaf's, so that only an authority's validity is at fault."""
    # All of a chain is valid when the last of its lives begins: the signer's, or that of an authority that was renewed since.
    starts = {validity(item).start for item in (leaf, *anchors, *intermediates)}
    for other in sorted((start for start in starts if start in validity(leaf)), reverse=True)[:_MAX_BLAMED]:
        try:
            chain = _verify(leaf, other, tuple(anchors), tuple(intermediates))
        except (paths.VerificationError, *FOREIGN):
            continue
        _check_authorities(chain, at)


def _name(certificate: Certificate) -> str:
    # Fulcio's certificates have no subject.
    return repr(certificate.subject.rfc4514_string()[:120] or f"serial number {certificate.serial_number:x}"[:56])


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if 0 <= at <= _MAX_TIME else f"second {at:.0f}"


def _span(certificate: Certificate) -> str:
    ends = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    return "valid from {} to {}".format(*(_instant(end.timestamp()) for end in ends))


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:160]
