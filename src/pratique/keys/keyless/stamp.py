"""Asking an RFC 3161 timestamp authority for the time of a signature (§2.4.1, §3.4)."""

import hashlib
import hmac
import secrets
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from pratique.attest.cms import AlgorithmIdentifier
from pratique.attest.timestamp import parse_response
from pratique.errors import Malformed, Unavailable
from pratique.keys.keyless.web import Web

_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")


@asn1.sequence
class _Imprint:
    algorithm: AlgorithmIdentifier
    digest: bytes


@asn1.sequence
class _Request:
    """TimeStampReq (§2.4.1)."""

    version: int
    imprint: _Imprint
    policy: ObjectIdentifier | None
    nonce: int | None
    certificates: Annotated[bool, asn1.Default(False)]


def request_timestamp(url: str, signature: bytes, web: Web) -> bytes:
    """The authority's answer, DER, which is about `signature` and new. Whose it is, only a trusted root can tell.

    Raises Unavailable, RateLimited, AuthenticationRequired.
    """
    digest, nonce = hashlib.sha256(signature).digest(), secrets.randbits(63)
    request = _Request(
        version=1,
        imprint=_Imprint(algorithm=AlgorithmIdentifier(oid=_SHA256, parameters=asn1.Null()), digest=digest),
        policy=None,
        nonce=nonce,
        certificates=True,
    )
    body = web.ask(
        "POST",
        url,
        what="asking for a timestamp",
        headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
        content=asn1.encode_der(request),
        in_clear=True,
    )
    try:
        answer = parse_response(body)
    except Malformed as error:
        raise Unavailable(f"{url} answers no timestamp: {error.message}") from error
    if not hmac.compare_digest(answer.imprint, digest) or answer.imprint_hash != "sha256" or answer.nonce != nonce:
        raise Unavailable(f"{url} answers with a timestamp of something else")
    return body
