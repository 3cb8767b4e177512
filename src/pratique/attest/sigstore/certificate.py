"""Fulcio's certificates (sigstore/fulcio, docs/certificate-specification.md, docs/oid-info.md): whose identity signed. Pure.

A certificate lives for minutes, so it is judged at the times at which the signature is proven to have existed, at every one
of them, and never at the present. That it was logged is proven by the certificate timestamps in it (RFC 6962 §3.2, §3.3).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import CertificateAuthority, TrustedLog, TrustedRoot
from pratique.attest.x509 import CODE_SIGNING, build_chain, extension, parse_certificate, require_purpose
from pratique.errors import Expired, LimitExceeded, Malformed, PratiqueError, SignatureInvalid, Untrusted
from pratique.model.signer import WorkloadSigner

MAX_CERTIFICATE_TIMESTAMPS = 16

_FULCIO = "1.3.6.1.4.1.57264.1"
_ISSUER, _OTHER_NAME, _ISSUER_V2 = f"{_FULCIO}.1", f"{_FULCIO}.7", f"{_FULCIO}.8"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RAW_CLAIMS = {
    f"{_FULCIO}.2": "github_workflow_trigger",
    f"{_FULCIO}.3": "github_workflow_sha",
    f"{_FULCIO}.4": "github_workflow_name",
    f"{_FULCIO}.5": "github_workflow_repository",
    f"{_FULCIO}.6": "github_workflow_ref",
}
_DER_CLAIMS = {
    f"{_FULCIO}.9": "build_signer_uri",
    f"{_FULCIO}.10": "build_signer_digest",
    f"{_FULCIO}.11": "runner_environment",
    f"{_FULCIO}.12": "source_repository_uri",
    f"{_FULCIO}.13": "source_repository_digest",
    f"{_FULCIO}.14": "source_repository_ref",
    f"{_FULCIO}.15": "source_repository_identifier",
    f"{_FULCIO}.16": "source_repository_owner_uri",
    f"{_FULCIO}.17": "source_repository_owner_identifier",
    f"{_FULCIO}.18": "build_config_uri",
    f"{_FULCIO}.19": "build_config_digest",
    f"{_FULCIO}.20": "build_trigger",
    f"{_FULCIO}.21": "run_invocation_uri",
    f"{_FULCIO}.22": "source_repository_visibility",
    f"{_FULCIO}.23": "deployment_environment",
    f"{_FULCIO}.24": "token_subject",
}


def verify_certificate(
    certificates: Sequence[bytes], times: Sequence[float], root: TrustedRoot, *, log_threshold: int = 1
) -> tuple[WorkloadSigner, PublicKey, bool]:
    """Who holds the first of `certificates` (DER), with which key, and whether it was logged, if a trusted authority said so at
    all `times`.

    `times`: Unix seconds, at least one, each proven. `log_threshold`: how many operators of certificate logs must have seen the
    certificate, of an authority whose root names any. Raises Untrusted, Expired, SignatureInvalid for a forged certificate
    timestamp, Malformed.
    """
    leaf, *others = [parse_certificate(der) for der in certificates]
    if any(item.issuer == item.subject for item in others):
        raise Malformed("bundle brings a root certificate along")
    if not times:
        raise Untrusted(
            "nobody who is trusted vouches for the time of signing, without which a short-lived certificate proves nothing"
        )
    require_purpose(leaf, CODE_SIGNING)
    found = [_chain_at(leaf, others, at, root) for at in times]
    issuers = {chain[1] for chain, _ in found}
    if len(issuers) != 1:
        raise Untrusted("the signing certificate chains to different authorities at different times")
    logged = any(authority.logged for _, authority in found)
    if logged:
        _check_logged(leaf, issuers.pop(), root.certificate_logs, log_threshold)
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return read_identity(leaf), PublicKey.from_der(spki), logged


def read_identity(certificate: Certificate) -> WorkloadSigner:
    """What the certificate says about its holder. Verifies nothing. Raises Malformed."""
    values = {
        item.oid.dotted_string: item.value.value
        for item in certificate.extensions
        if isinstance(item.value, x509.UnrecognizedExtension)
    }
    claims = {name: _raw(values[oid], name) for oid, name in _RAW_CLAIMS.items() if oid in values}
    claims |= {name: _utf8(values[oid], name) for oid, name in _DER_CLAIMS.items() if oid in values}
    issuers = {_raw(values[_ISSUER], "issuer")} if _ISSUER in values else set()
    issuers |= {_utf8(values[_ISSUER_V2], "issuer")} if _ISSUER_V2 in values else set()
    if len(issuers) != 1 or "" in issuers:
        raise Malformed("signing certificate names no issuer of the identity, or two different ones")
    return WorkloadSigner(issuer=issuers.pop(), subject=_subject(certificate), claims=claims)


def _subject(certificate: Certificate) -> str:
    """The one subject alternative name: two would let a reader pick the one that pleases."""
    names = extension(certificate, x509.SubjectAlternativeName)
    found = list(names.value) if names is not None else []
    if len(found) != 1:
        raise Malformed(f"signing certificate has {len(found)} alternative names, not exactly one")
    name = found[0]
    if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier) and name.value:
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _OTHER_NAME:
        return _utf8(name.value, "alternative name")
    raise Malformed("signing certificate's alternative name is neither an e-mail address nor a URI nor a Fulcio user name")


def _raw(value: bytes, name: str) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"signing certificate's {name} is not UTF-8") from error


def _utf8(value: bytes, name: str) -> str:
    try:
        return asn1.decode_der(str, value)
    except ValueError as error:
        raise Malformed(f"signing certificate's {name} is not a string in DER") from error


def _chain_at(
    leaf: Certificate, others: list[Certificate], at: float, root: TrustedRoot
) -> tuple[tuple[Certificate, ...], CertificateAuthority]:
    """The chain to one of the authorities that were trusted at that time, and which."""
    refusal: PratiqueError = Untrusted("no certificate authority is trusted")
    for authority in root.authorities:
        try:
            chain = build_chain(leaf, at=at, anchors=authority.chain[-1:], intermediates=[*authority.chain[:-1], *others])
        except Expired as error:
            refusal = error
            continue
        except Untrusted as error:
            refusal = refusal if isinstance(refusal, Expired) else error
            continue
        if at in authority.window:
            return chain, authority
        refusal = Expired(f"certificate authority {authority.operator} was not trusted when this was signed")
    raise refusal


def _check_logged(leaf: Certificate, issuer: Certificate, logs: Iterable[TrustedLog], threshold: int) -> None:
    """Count the operators of certificate logs whose timestamps in `leaf` hold. Those of unknown logs are passed over."""
    held = extension(leaf, x509.PrecertificateSignedCertificateTimestamps)
    timestamps = list(held.value) if held is not None else []
    if len(timestamps) > MAX_CERTIFICATE_TIMESTAMPS:
        raise LimitExceeded(f"certificate with {len(timestamps)} certificate timestamps")
    operators: set[str] = set()
    late: Expired | None = None
    for item in timestamps:
        for log in (log for log in logs if log.is_named(item.log_id)):
            milliseconds = (item.timestamp.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
            _verify_certificate_timestamp(item, milliseconds, leaf, issuer, log)
            if milliseconds / 1000 in log.window:
                operators.add(log.operator)
            else:
                late = Expired(f"certificate log {log.url} was not trusted when it logged the signing certificate")
    if len(operators) < threshold:
        raise late or Untrusted(
            f"signing certificate was logged by {len(operators)} of the {threshold} certificate logs it takes"
        )


def _verify_certificate_timestamp(
    item: SignedCertificateTimestamp, milliseconds: int, leaf: Certificate, issuer: Certificate, log: TrustedLog
) -> None:
    """RFC 6962 §3.2: what the log signed, made anew from the certificate without its timestamps, and its issuer's key."""
    if not isinstance(item.signature_hash_algorithm, hashes.SHA256):
        raise Malformed("certificate timestamp of a kind that is not supported")
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issuer_hash = hashes.Hash(hashes.SHA256())
    issuer_hash.update(spki)
    certificate, extensions = leaf.tbs_precertificate_bytes, item.extension_bytes
    signed = b"".join(
        (
            b"\x00\x00",  # version 1, certificate_timestamp
            milliseconds.to_bytes(8, "big"),
            b"\x00\x01",  # precert_entry
            issuer_hash.finalize(),
            len(certificate).to_bytes(3, "big"),
            certificate,
            len(extensions).to_bytes(2, "big"),
            extensions,
        )
    )
    try:
        log.key.verify(item.signature, signed)
    except SignatureInvalid as error:
        raise SignatureInvalid(f"certificate timestamp does not verify under the key of log {log.url}") from error
