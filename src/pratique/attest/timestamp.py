"""Timestamps of RFC 3161 (and 5816), verified against the authorities that are given and nothing else. Pure.

Guarded, because others fell for it:

- The certificate that is checked is the one that signed: it is found by the signed attribute that binds it, and everything
  (signature, chain, purpose) is checked of it. Certificates put beside it change nothing (GHSA-xm5m-wgh2-rrg3).
- Several tokens of one authority are one: `verify_timestamps` counts operators.
- An authority's window includes both its ends; a certificate's does, too, to the fraction of a second.
- The token must be about this very signature.
"""

import contextlib
import hashlib
import hmac
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, ObjectIdentifier

from pratique.attest.cms import (
    SIGNED_DATA,
    AlgorithmIdentifier,
    ContentInfo,
    SignedData,
    SignerInfo,
    attribute,
    hash_of,
    verify_signer,
)
from pratique.attest.x509 import TIME_STAMPING, CertificateWindow, build_chain, parse_certificate, require_purpose
from pratique.errors import DigestMismatch, Expired, LimitExceeded, Malformed, Untrusted, Violation

T = TypeVar("T")

MAX_TOKEN_SIZE = 64 * 1024
MAX_TIMESTAMPS = 32
MAX_CERTIFICATES = 16

_TST_INFO = ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_SIGNING_CERTIFICATE = ObjectIdentifier("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
_BASELINE_POLICY = ObjectIdentifier("0.4.0.2023.1.1")  # RFC 3628 §5.2: accurate to a second, without request so


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """Somebody whose times are believed. `operator`: who it is, for counting; `anchors`: its root certificates.

    `signer`: its signing certificate, when it is known beforehand; else the token brings it. `intermediates`: between the two.
    `window`: when the authority is trusted, both ends included.
    """

    operator: str
    anchors: tuple[Certificate, ...]
    signer: Certificate | None = None
    intermediates: tuple[Certificate, ...] = ()
    window: CertificateWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTimestamp:
    """A token of the right form, about which nothing was verified. `time`: Unix seconds, with fractions; `accuracy`: seconds."""

    received: bytes
    time: float
    accuracy: float
    nonce: int | None
    imprint_hash: str
    imprint: bytes
    data: SignedData


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A time that an authority vouches for. `time`: Unix seconds, with fractions; `accuracy`: seconds either way, 0 unstated.

    `chain`: the certificates from the authority's signer to its anchor, whose revocation may be asked for.
    """

    time: float
    accuracy: float
    operator: str
    chain: tuple[Certificate, ...]

    @property
    def at(self) -> int:
        """The first whole second by which the signature certainly existed, Unix seconds."""
        return math.ceil(self.time + self.accuracy)


@asn1.sequence
class _Status:
    status: int
    text: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class _Response:
    """TimeStampResp (RFC 3161 §2.4.2)."""

    status: _Status
    token: ContentInfo


@asn1.sequence
class _Imprint:
    algorithm: AlgorithmIdentifier
    digest: bytes


@asn1.sequence
class _Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class _Extension:
    kind: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _Info:
    """TSTInfo (RFC 3161 §2.4.2)."""

    version: int
    policy: ObjectIdentifier
    imprint: _Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: _Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]
    nonce: int | None
    authority: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    extensions: Annotated[list[_Extension] | None, asn1.Implicit(1)]


@asn1.sequence
class _CertId:
    """ESSCertID (RFC 2634 §5.4.1): the SHA-1 of a certificate."""

    digest: bytes
    issuer_serial: list[asn1.TLV] | None


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertId]
    policies: list[asn1.TLV] | None


@asn1.sequence
class _CertIdV2:
    """ESSCertIDv2 (RFC 5035 §4). The hash is SHA-256 unless it is named."""

    algorithm: AlgorithmIdentifier | None
    digest: bytes
    issuer_serial: list[asn1.TLV] | None


@asn1.sequence
class _SigningCertificateV2:
    certificates: list[_CertIdV2]
    policies: list[asn1.TLV] | None


def parse_response(data: bytes) -> UnverifiedTimestamp:
    """Read an authority's answer (TimeStampResp), as Sigstore bundles keep it. Raises Malformed, LimitExceeded."""
    response = _decode(_Response, data)
    if response.status.status not in (0, 1):
        raise Malformed(f"timestamp was not granted: status {response.status.status}")
    return _unverified(data, response.token)


def parse_token(data: bytes) -> UnverifiedTimestamp:
    """Read a bare token (TimeStampToken), as notation keeps it. Raises Malformed, LimitExceeded."""
    return _unverified(data, _decode(ContentInfo, data))


def token_in(data: bytes) -> bytes:
    """The bare token in an authority's answer, byte for byte: what notation keeps of it. Raises Malformed, LimitExceeded."""
    token = bytes(asn1.encode_der(_decode(_Response, data).token))
    if not data.endswith(token):
        raise Malformed("not a timestamp in DER: its token is spelled otherwise than it is written")
    return token


def verify_timestamp(timestamp: UnverifiedTimestamp, signature: bytes, authorities: Iterable[TimestampAuthority]) -> Timestamp:
    """The time at which one of `authorities` saw `signature` (the raw bytes that were stamped).

    Raises DigestMismatch when it is about other bytes, SignatureInvalid, Untrusted for an authority that is not known, Expired
    for one outside its window or with certificates that were not valid, Malformed.
    """
    if not hmac.compare_digest(hashlib.new(timestamp.imprint_hash, signature).digest(), timestamp.imprint):
        raise DigestMismatch("the timestamp is about other bytes than this signature")
    refusal: Violation = Untrusted("the timestamp is by no authority that is trusted")
    offered = _offered(timestamp.data)
    for authority in authorities:
        signer = _signer(timestamp.data, offered if authority.signer is None else [authority.signer])
        if signer is None:
            continue
        verify_signer(timestamp.data, signer)
        try:
            return _accept(timestamp, authority, signer, offered)
        except Expired as error:
            refusal = error
        except Untrusted as error:
            refusal = refusal if isinstance(refusal, Expired) else error
    raise refusal


def verify_timestamps(
    timestamps: Sequence[UnverifiedTimestamp], signature: bytes, authorities: Sequence[TimestampAuthority]
) -> tuple[Timestamp, ...]:
    """The times of all tokens: one an operator, its earliest, however many tokens it gave.

    A token of an authority that is not known, or not for that time, adds nothing and takes nothing away; when there are no
    others, its error is raised. One that is broken, or about another signature, refuses all. Raises LimitExceeded, and what
    `verify_timestamp` does.
    """
    if len(timestamps) > MAX_TIMESTAMPS:
        raise LimitExceeded(f"{len(timestamps)} timestamps, more than the limit of {MAX_TIMESTAMPS}")
    found: dict[str, Timestamp] = {}
    refusal: Violation | None = None
    for item in timestamps:
        try:
            verified = verify_timestamp(item, signature, authorities)
        except (Untrusted, Expired) as error:
            refusal = error
            continue
        known = found.get(verified.operator)
        if known is None or verified.at < known.at:
            found[verified.operator] = verified
    if refusal is not None and not found:
        raise refusal
    return tuple(found.values())


def _accept(
    timestamp: UnverifiedTimestamp, authority: TimestampAuthority, signer: Certificate, offered: list[Certificate]
) -> Timestamp:
    """The token's signature holds under `signer`: whether that is this authority's, for time stamping, at that time."""
    require_purpose(signer, TIME_STAMPING, alone=True)
    between = [*authority.intermediates, *(item for item in offered if item != signer)]
    chain = build_chain(signer, at=timestamp.time, anchors=authority.anchors, intermediates=between)
    if timestamp.time not in authority.window:
        raise Expired(f"timestamp authority {authority.operator} was not trusted at the time that it states")
    return Timestamp(time=timestamp.time, accuracy=timestamp.accuracy, operator=authority.operator, chain=chain)


def _signer(data: SignedData, candidates: list[Certificate]) -> Certificate | None:
    """The candidate that the signed attributes name by its hash (RFC 3161 §2.4.1, RFC 5816 §2.2.1), and the signer's name too."""
    info = data.signers.as_list()[0]
    newer, older = attribute(info, _SIGNING_CERTIFICATE_V2), attribute(info, _SIGNING_CERTIFICATE)
    if newer is not None:
        named = _parse(newer, _SigningCertificateV2).certificates[:1]
        hash_name = hash_of(named[0].algorithm).name if named and named[0].algorithm else "sha256"
        digest = named[0].digest if named else b""
    elif older is not None:
        ids = _parse(older, _SigningCertificate).certificates[:1]
        # The format allows nothing else here. The certificate is verified besides; the hash only says which one it is.
        hash_name, digest = "sha1", ids[0].digest if ids else b""
    else:
        raise Malformed("timestamp whose signed attributes do not name the signer's certificate")
    for candidate in candidates:
        der = candidate.public_bytes(Encoding.DER)
        if hmac.compare_digest(hashlib.new(hash_name, der, usedforsecurity=False).digest(), digest) and _named(info, candidate):
            return candidate
    return None


def _named(info: SignerInfo, candidate: Certificate) -> bool:
    issuer = bytes(asn1.encode_der(info.signer.issuer))
    return candidate.serial_number == info.signer.serial and candidate.issuer.public_bytes() == issuer


def _offered(data: SignedData) -> list[Certificate]:
    """The certificates in the token. One that cannot be read is passed over: nobody vouches for any of them."""
    found: list[Certificate] = []
    for item in (data.certificates or [])[:MAX_CERTIFICATES]:
        with contextlib.suppress(Malformed):
            found.append(parse_certificate(bytes(asn1.encode_der(item))))
    return found


def _unverified(received: bytes, token: ContentInfo) -> UnverifiedTimestamp:
    if token.kind != SIGNED_DATA or token.data.content.kind != _TST_INFO:
        raise Malformed("not a timestamp: the token holds something else")
    info = _decode(_Info, token.data.content.content)
    if info.version != 1:
        raise Malformed(f"timestamp of version {info.version}, not 1")
    if any(item.critical for item in info.extensions or []):
        raise Malformed("timestamp with a critical extension that is not known")
    hash_name, accuracy = hash_of(info.imprint.algorithm).name, info.accuracy
    unstated = (1, 0, 0) if info.policy == _BASELINE_POLICY else (0, 0, 0)
    parts = (accuracy.seconds or 0, accuracy.millis or 0, accuracy.micros or 0) if accuracy else unstated
    if not all(0 <= part <= 86400 for part in parts):
        raise Malformed("timestamp of absurd accuracy")
    return UnverifiedTimestamp(
        received=received,
        time=info.time.as_datetime().timestamp(),
        accuracy=parts[0] + parts[1] / 1e3 + parts[2] / 1e6,
        nonce=info.nonce,
        imprint_hash=hash_name,
        imprint=info.imprint.digest,
        data=token.data,
    )


def _decode(kind: type[T], data: bytes) -> T:
    if len(data) > MAX_TOKEN_SIZE:
        raise LimitExceeded(f"timestamp has {len(data)} bytes, more than the limit of {MAX_TOKEN_SIZE}")
    try:
        return asn1.decode_der(kind, data)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"not a timestamp in DER: {(str(error) or 'unreadable').splitlines()[0][:120]}") from error


def _parse(value: asn1.TLV, kind: type[T]) -> T:
    try:
        return cast(T, value.parse(kind))
    except (ValueError, OverflowError) as error:
        raise Malformed("timestamp whose signed attributes cannot be read") from error
