"""Certificates held against OCSP responses (RFC 6960; trust-store-trust-policy.md, Revocation Checking with OCSP). Pure.

A question is a GET (RFC 6960 appendix A.1), so that a URL names it, answers can be kept, and the same answer serves everybody. It
has no nonce: how old an answer may be is what the responder says in it.
"""

import base64
import itertools
import urllib.parse

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    AuthorityInformationAccess,
    Certificate,
    ExtendedKeyUsage,
    GeneralName,
    OCSPNoCheck,
    UniformResourceIdentifier,
)
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    OCSPSingleResponse,
    load_der_ocsp_response,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from pratique.attest.der import check_der
from pratique.attest.notation.certificates import issued_by
from pratique.attest.notation.crl import check_lists, names_lists
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
from pratique.attest.x509 import extension, validity
from pratique.errors import Malformed
from pratique.model.verdict import Cause

MAX_OCSP_SIZE = 64 << 10
MAX_RESPONSES = 100
MAX_CERTIFICATES = 4
MAX_URLS = 4


def names_responder(certificate: Certificate) -> bool:
    """Whether its authority has responders at all, however they are reached."""
    return bool(_locations(certificate))


def responder_urls(certificate: Certificate, issuer: Certificate) -> tuple[str, ...]:
    """The questions to its authority's responders: URLs to GET, in the order to ask them."""
    locations = [item.value for item in _locations(certificate) if isinstance(item, UniformResourceIdentifier)]
    responders = [url.rstrip("/") for url in locations if is_http(url)]
    if not responders:
        return ()
    # SHA-1 only names the certificate here, and is the one hash that every responder takes.
    request = OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()  # noqa: S303
    question = urllib.parse.quote(base64.b64encode(request.public_bytes(Encoding.DER)), safe="")
    return tuple(f"{responder}/{question}" for responder in dict.fromkeys(responders))[:MAX_URLS]


def check_responders(
    certificate: Certificate, issuer: Certificate, answers: Answers, *, at: int, signed_at: int | None
) -> RevocationStatus:
    """What the first responder that answered says. Times as in `crl.check_lists`."""
    standing = unknown("it names no OCSP responder that is reached by HTTP")
    for url in responder_urls(certificate, issuer):
        if url not in answers:
            return unknown(f"its OCSP responder was not asked: {url}", url)
        data = answers[url]
        if data is None:
            standing = unknown(f"its OCSP responder gave no answer: {url}")
            continue
        try:
            standing = _judge(certificate, issuer, data, answers, at=at, signed_at=signed_at)
        except ValueError as error:
            standing = unknown(f"its OCSP responder's answer tells nothing, {line_of(error)}: {url}")
            continue
        return RevocationStatus(
            cause=standing.cause, detail=standing.detail and f"{standing.detail}: {url}", wanted=standing.wanted
        )
    return standing


def _judge(
    certificate: Certificate, issuer: Certificate, data: bytes, answers: Answers, *, at: int, signed_at: int | None
) -> RevocationStatus:
    """Raises ValueError for what is no answer to the question."""
    if len(data) > MAX_OCSP_SIZE:
        raise ValueError(f"having {len(data)} bytes")
    try:
        check_der(data, "it", wrapped_at=3)
        response = load_der_ocsp_response(data)
        if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
            raise ValueError(f"being {response.response_status.name.lower().replace('_', ' ')}")
        responder = _responder(response, issuer, at)
        single = _single(response, certificate, issuer)
        next_update, status, since = single.next_update_utc, single.certificate_status, _invalid_since(response)
    except (*FOREIGN, Malformed) as error:
        raise ValueError(line_of(error)) from error
    # One whose certificate does not say `nocheck` is itself held against its authority's lists, if it names any.
    if responder != issuer and extension(responder, OCSPNoCheck) is None and names_lists(responder):
        standing = check_lists(responder, issuer, answers, at=at, signed_at=None)
        if standing.cause is not Cause.NONE:
            return unknown(f"its OCSP responder is not to be believed: {standing.detail}", *standing.wanted)
    if status is OCSPCertStatus.REVOKED and not (since is not None and signed_at is not None and signed_at < since):
        return RevocationStatus(cause=Cause.REVOKED, detail="its authority revoked it")
    if next_update is None or at > next_update.timestamp():
        return unknown("its OCSP responder's answer is out of date")
    if status is OCSPCertStatus.UNKNOWN:
        return unknown("its OCSP responder does not know it")
    return GOOD


def _responder(response: OCSPResponse, issuer: Certificate, at: int) -> Certificate:
    """Whose signature the response carries: the authority itself or one it delegated to (RFC 6960 §4.2.2.2)."""
    for candidate in (issuer, *response.certificates[:MAX_CERTIFICATES]):
        if not signed_with(
            candidate.public_key(), response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
        ):
            continue
        if candidate == issuer:
            return issuer
        purposes = extension(candidate, ExtendedKeyUsage)
        delegated = purposes is not None and ExtendedKeyUsageOID.OCSP_SIGNING in purposes.value
        if delegated and issued_by(candidate, issuer) and at in validity(candidate):
            return candidate
    raise ValueError("not being signed by the certificate's authority")


def _single(response: OCSPResponse, certificate: Certificate, issuer: Certificate) -> OCSPSingleResponse:
    for single in itertools.islice(response.responses, MAX_RESPONSES):
        asked = OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm).build()
        if (single.serial_number, single.issuer_name_hash, single.issuer_key_hash) == (
            asked.serial_number,
            asked.issuer_name_hash,
            asked.issuer_key_hash,
        ):
            return single
    raise ValueError("being about other certificates")


def _locations(certificate: Certificate) -> list[GeneralName]:
    access = extension(certificate, AuthorityInformationAccess)
    entries = access.value if access is not None else ()
    return [entry.access_location for entry in entries if entry.access_method == AuthorityInformationAccessOID.OCSP]


def _invalid_since(response: OCSPResponse) -> int | None:
    """The invalidity date; None where several certificates are answered for, whose extensions the library does not show."""
    several = len(list(itertools.islice(response.responses, 2))) > 1
    return None if several else invalid_since(response.single_extensions)
