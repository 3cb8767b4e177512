"""CRLs and OCSP responses of our own authorities, made as they are needed, for tests."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from notary import AT

LIST, CHANGES, RESPONDER = "http://ca.example/all.crl", "http://ca.example/new.crl", "http://ca.example/ocsp"
HOLD, REMOVE = x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl


def day(seconds):
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def points(*urls):
    names = [[x509.UniformResourceIdentifier(url)] for url in urls]
    return [x509.DistributionPoint(full_name, None, None, None) for full_name in names]


def lists_at(*urls):
    return (x509.CRLDistributionPoints(points(*urls)), False)


def responder_at(url=RESPONDER):
    access = x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    return (x509.AuthorityInformationAccess([access]), False)


def revoked(serial, *, reason=None, since=None, critical=None, at=AT - 100):
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(day(at))
    if reason:
        entry = entry.add_extension(x509.CRLReason(reason), False)
    if since:
        entry = entry.add_extension(x509.InvalidityDate(day(since)), False)
    if critical:
        entry = entry.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)
    return entry.build()


def crl(
    issuer, *entries, number=1, begin=AT - 1000, until=AT + 1000, freshest=None, base=None, extensions=(), key=None, hashed=None
):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(day(begin))
        .next_update(day(until))
        .add_extension(x509.CRLNumber(number), False)
    )
    if freshest:
        builder = builder.add_extension(x509.FreshestCRL(points(freshest)), False)
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign((key or issuer).key, hashes.SHA256()).public_bytes(Encoding.DER)


def response(acme, status, *, signer=None, until=AT + 1000, certificate=None, issuer=None, with_chain=True, since=None):
    signer = signer or acme.middle
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=(certificate or acme.leaf).certificate,
        issuer=(issuer or acme.middle).certificate,
        algorithm=hashes.SHA1(),  # noqa: S303
        cert_status=status,
        this_update=day(AT - 1000),
        next_update=day(until),
        revocation_time=day(AT - 100) if status is ocsp.OCSPCertStatus.REVOKED else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if signer is not acme.middle and with_chain:
        builder = builder.certificates([signer.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


GOOD, BAD, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
