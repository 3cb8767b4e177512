"""Certificates held against revocation lists (RFC 5280 §5, §6.3; trust-store-trust-policy.md, Certificate Revocation). Pure.

Base lists and delta lists that the issuing authority signed itself. Lists signed by others, or for some reasons or some kinds of
certificates only, tell nothing here: then the answer is that it could not be found out.
"""

from collections.abc import Sequence
from typing import TypeVar

from cryptography.x509 import (
    Certificate,
    CertificateRevocationList,
    CRLDistributionPoints,
    CRLNumber,
    CRLReason,
    DeltaCRLIndicator,
    DistributionPoint,
    ExtensionNotFound,
    ExtensionType,
    FreshestCRL,
    IssuingDistributionPoint,
    KeyUsage,
    ReasonFlags,
    RevokedCertificate,
    UniformResourceIdentifier,
    load_der_x509_crl,
)

from pratique.attest.der import check_der
from pratique.attest.notation.revocation_status import (
    FOREIGN,
    GOOD,
    Answers,
    RevocationStatus,
    invalid_since,
    is_http,
    line_of,
    signed_with,
    unknown,
)
from pratique.attest.x509 import extension
from pratique.errors import Malformed
from pratique.model.verdict import Cause

T = TypeVar("T", bound=ExtensionType)

MAX_CRL_SIZE = 32 << 20  # the largest of public authorities have some ten megabytes
MAX_URLS = 8


def names_lists(certificate: Certificate) -> bool:
    """Whether its authority publishes lists at all, in whatever way."""
    return bool(_points(certificate))


def distribution_urls(certificate: Certificate) -> tuple[str, ...]:
    """Where its authority publishes lists: the HTTP URLs of its CRL distribution points."""
    return _urls(_points(certificate))


def check_lists(
    certificate: Certificate, issuer: Certificate, answers: Answers, *, at: int, signed_at: int | None
) -> RevocationStatus:
    """Hold a certificate against all lists that it names.

    `at`: when this is asked, Unix seconds. `signed_at`: when the signature is proven to have existed; a key that became invalid
    later was good then.
    """
    standing = unknown("it names no revocation list that is published by HTTP")
    for url in distribution_urls(certificate):
        if url not in answers:
            return unknown(f"its revocation list was not asked for: {url}", url)
        data = answers[url]
        if data is None:
            return unknown(f"its revocation list could not be had: {url}")
        try:
            standing = _check_list(certificate, issuer, data, answers, at=at, signed_at=signed_at)
        except ValueError as error:
            standing = unknown(f"its revocation list tells nothing, {line_of(error)}")
        if standing.cause is not Cause.NONE:
            return RevocationStatus(cause=standing.cause, detail=f"{standing.detail}: {url}", wanted=standing.wanted)
    return standing


def _check_list(
    certificate: Certificate, issuer: Certificate, data: bytes, answers: Answers, *, at: int, signed_at: int | None
) -> RevocationStatus:
    """Raises ValueError for lists that say nothing about this certificate."""
    base = _load(data, issuer)
    if _find(base, DeltaCRLIndicator) is not None:
        raise ValueError("being a list of changes where a whole one belongs")
    freshest: FreshestCRL | None = _find(base, FreshestCRL)
    changes = _urls(list(freshest)) if freshest is not None else ()
    delta, missing = _find_delta(changes, base, issuer, answers)
    lists = [base] if delta is None else [base, delta]
    revoked, held = _entries(certificate, lists, signed_at)
    if revoked:  # for good, however old the list is
        return RevocationStatus(cause=Cause.REVOKED, detail="its authority revoked it")
    if changes and delta is None:
        return unknown("the changes to its revocation list could not be had", *missing)
    if any(one.next_update_utc is None or at > one.next_update_utc.timestamp() for one in lists):
        return unknown("its revocation list is out of date")
    if held:
        return RevocationStatus(cause=Cause.REVOKED, detail="its authority put it on hold")
    return GOOD


def _load(data: bytes, issuer: Certificate) -> CertificateRevocationList:
    """A list of this issuer's own, whose signature holds. Raises ValueError."""
    if len(data) > MAX_CRL_SIZE:
        raise ValueError(f"having {len(data)} bytes")
    try:
        check_der(data, "it")
        found = load_der_x509_crl(data)
        extensions, hashed = found.extensions, found.signature_hash_algorithm
        _ = found.next_update_utc, found.issuer
    except (*FOREIGN, Malformed) as error:
        raise ValueError(line_of(error)) from error
    usage = extension(issuer, KeyUsage)
    if usage is None or not usage.value.crl_sign:
        raise ValueError("its authority being one that may sign none")
    if found.issuer != issuer.subject or not signed_with(issuer.public_key(), found.signature, found.tbs_certlist_bytes, hashed):
        raise ValueError("not being signed by the certificate's authority")
    for item in extensions:
        scope = item.value
        if isinstance(scope, IssuingDistributionPoint):
            if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
                raise ValueError("being for some reasons or kinds of certificates only")
        elif item.critical and not isinstance(scope, DeltaCRLIndicator):
            raise ValueError(f"having the critical extension {item.oid.dotted_string}")
    return found


def _find_delta(
    urls: Sequence[str], base: CertificateRevocationList, issuer: Certificate, answers: Answers
) -> tuple[CertificateRevocationList | None, tuple[str, ...]]:
    """The first list of changes that can be had, and fits (RFC 5280 §5.2.4); else what to ask for. Raises ValueError."""
    for url in urls:
        if url not in answers:
            return None, (url,)
        data = answers[url]
        if data is None:
            continue
        delta = _load(data, issuer)
        old, new, since = _find(base, CRLNumber), _find(delta, CRLNumber), _find(delta, DeltaCRLIndicator)
        if old is None or new is None or since is None:
            raise ValueError("having changes without a number")
        if not since.crl_number <= old.crl_number < new.crl_number:
            raise ValueError("having changes to another list")
        return delta, ()
    return None, ()


def _entries(certificate: Certificate, lists: Sequence[CertificateRevocationList], signed_at: int | None) -> tuple[bool, bool]:
    """Whether it is revoked for good, and whether it is on hold, as the last list says. Raises ValueError."""
    held = False
    for one in lists:
        entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is None:
            continue
        since = invalid_since(entry.extensions)
        if since is not None and signed_at is not None and signed_at < since:
            continue
        reason = _reason(entry)
        if reason not in (ReasonFlags.certificate_hold, ReasonFlags.remove_from_crl):
            return True, held
        held = reason is ReasonFlags.certificate_hold
    return False, held


def _reason(entry: RevokedCertificate) -> ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(CRLReason).value.reason
    except ExtensionNotFound:
        return None


def _points(certificate: Certificate) -> list[DistributionPoint]:
    points = extension(certificate, CRLDistributionPoints)
    return list(points.value) if points is not None else []


def _urls(points: Sequence[DistributionPoint]) -> tuple[str, ...]:
    names = [name for point in points for name in point.full_name or ()]
    urls = [name.value for name in names if isinstance(name, UniformResourceIdentifier) and is_http(name.value)]
    return tuple(dict.fromkeys(urls))[:MAX_URLS]


def _find(one: CertificateRevocationList, kind: type[T]) -> T | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None
