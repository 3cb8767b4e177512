"""cosign's older layout (sigstore/cosign, specs/SIGNATURE_SPEC.md; where prose and code differ, pkg/oci/static). Pure.

Beside an image stand the tags `sha256-<hex>.sig` and `.att`. Each is an image manifest whose layers are signatures: the layer's
bytes are what was signed, its annotations hold the signature and what proves when and by whom it was made. A layer is read into
the same value as a bundle, so that both are verified by the same steps; three things differ. Nothing names the key, so every
trusted one is tried, even where a certificate stands beside: a signature of a believed key is that key's, whatever else is
said. A log's signed promise stands in the place of an inclusion proof. A timestamp of an attestation is about the whole
envelope.

Strict where cosign's own reader is lenient: `critical` and its members are spelled in lower case, `type` is cosign's, and the
image's digest is compared. Annotations that are not known are left alone: they are signed by nobody.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pratique.attest.bundle import LogEntry, MessageSignature, UnverifiedBundle
from pratique.attest.dsse import IN_TOTO, Envelope, parse_envelope, render_envelope
from pratique.attest.members import as_bytes, as_count, as_lines, as_object, as_text, base64_text, refuse_unknown, without_breaks
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import DigestMismatch, LimitExceeded, Malformed, SignatureInvalid, Untrusted
from pratique.model.digest import Digest

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.attest.sigstore.verify import Requirements, SignedStatement
    from pratique.model.signer import Signed

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE_LAYER = "application/vnd.dsse.envelope.v1+json"
PAYLOAD_TYPE = "cosign container image signature"

SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"
CHAIN = "dev.sigstore.cosign/chain"
REKOR_BUNDLE = "dev.sigstore.cosign/bundle"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
PREDICATE_TYPE = "predicateType"

MAX_PAYLOAD_SIZE = 64 * 1024
MAX_ANNOTATION_SIZE = 1024 * 1024
MAX_CHAIN = 10

_CERTIFICATE_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSigning:
    """What a signature's payload says. `reference`: a name that the signer gave, which cosign ignores and so does everybody.

    `optional`: claims of the signer's own; empty when there are none.
    """

    image: Digest
    reference: str = ""
    optional: Mapping[str, Any] = field(default_factory=dict)


def render_payload(claim: SimpleSigning) -> bytes:
    """The payload to sign, spelled as cosign spells it. Raises Malformed."""
    critical = {
        "identity": {"docker-reference": claim.reference},
        "image": {"docker-manifest-digest": str(claim.image)},
        "type": PAYLOAD_TYPE,
    }
    return dump_json({"critical": critical, "optional": dict(claim.optional) or None})


def parse_payload(payload: bytes) -> SimpleSigning:
    """Read a payload whose signature was verified. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(payload, what="payload", max_size=MAX_PAYLOAD_SIZE, max_depth=16), "payload")
    refuse_unknown(members, ("critical", "optional"), "payload")
    critical = as_object(members.get("critical"), "critical")
    refuse_unknown(critical, ("identity", "image", "type"), "critical")
    if critical.get("type") != PAYLOAD_TYPE:
        raise Malformed(f"payload is no cosign signature: its type is {str(critical.get('type'))[:80]!r}")
    identity = as_object(critical.get("identity"), "critical.identity")
    refuse_unknown(identity, ("docker-reference",), "critical.identity")
    image = as_object(critical.get("image"), "critical.image")
    refuse_unknown(image, ("docker-manifest-digest",), "critical.image")
    optional = members.get("optional")
    return SimpleSigning(
        image=Digest.parse(as_text(image.get("docker-manifest-digest"), "docker-manifest-digest")),
        reference=as_text(identity.get("docker-reference"), "docker-reference"),
        optional={} if optional is None else as_object(optional, "optional"),
    )


def signature_annotations(sig: bytes, timestamps: Sequence[bytes] = ()) -> dict[str, str]:
    """What a signature's layer is annotated with when a bare key made it: DER for ECDSA, as it is for the others.

    `timestamps`: RFC 3161 responses about `sig`, of which the layout has room for one.
    """
    annotations = {SIGNATURE: base64_text(sig)}
    if timestamps:
        annotations[TIMESTAMP] = dump_json({"SignedRFC3161Timestamp": base64_text(timestamps[0])}).decode()
    return annotations


def render_attestation(envelope: Envelope) -> bytes:
    """An attestation's layer: the envelope's JSON."""
    return dump_json(render_envelope(envelope))


def attestation_annotations(predicate_type: str) -> dict[str, str]:
    """What an attestation's layer is annotated with; the signature is inside of it, so cosign leaves the member empty."""
    return {SIGNATURE: "", PREDICATE_TYPE: predicate_type}


def parse_signature(payload: bytes, annotations: Mapping[str, str]) -> UnverifiedBundle:
    """Read a layer of a `.sig` tag; verifies nothing. Raises Malformed, LimitExceeded."""
    if len(payload) > MAX_PAYLOAD_SIZE:
        raise LimitExceeded(f"payload has {len(payload)} bytes, more than the limit of {MAX_PAYLOAD_SIZE}")
    # `cosign attach signature` keeps the line breaks of the file that it was given.
    sig = as_bytes(without_breaks(_annotation(annotations, SIGNATURE)), SIGNATURE)
    if not sig:
        raise Malformed(f"layer without the annotation {SIGNATURE}")
    return bundle_of(payload, MessageSignature(sig=sig), annotations)


def parse_attestation(data: bytes, annotations: Mapping[str, str]) -> UnverifiedBundle:
    """Read a layer of an `.att` tag; verifies nothing. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(data, what="envelope"), "envelope")
    refuse_unknown(members, ("payload", "payloadType", "signatures"), "envelope")
    envelope = parse_envelope(members)
    if len(envelope.signatures) != 1:
        raise Malformed(f"attestation has {len(envelope.signatures)} signatures, not exactly one")
    return bundle_of(data, envelope, annotations)


def verify_signature(
    signature: UnverifiedBundle,
    image: Digest,
    root: "TrustedRoot",
    *,
    keys: Mapping[str, "PublicKey"],
    needs: "Requirements | None" = None,
) -> "tuple[SimpleSigning, Signed]":
    """Verify a `.sig` layer and that it is about `image`. `keys`: keyid → key, for signatures of bare keys.

    `needs`: by default one log with a proof or a promise for a certificate, nothing but the key for a bare key. Raises
    Malformed, SignatureInvalid, ProofInvalid, Untrusted, Expired, DigestMismatch, LimitExceeded.
    """
    from pratique.attest.sigstore.verify import ArtifactDigests, verify_message

    payload = signature.received
    named = _with_hint(signature, payload, keys)
    signed = verify_message(named, ArtifactDigests.of(payload), root, keys=keys, needs=needs or _needs(named))
    claim = parse_payload(payload)
    if claim.image != image:
        raise DigestMismatch(f"the signature is about {claim.image}, not about {image}")
    return claim, signed


def verify_attestation(
    attestation: UnverifiedBundle,
    image: Digest,
    root: "TrustedRoot",
    *,
    keys: Mapping[str, "PublicKey"],
    needs: "Requirements | None" = None,
) -> "SignedStatement":
    """Verify an `.att` layer and that one of its subjects is `image`. Otherwise as `verify_signature`."""
    from pratique.attest.sigstore.verify import verify_attestation as verify_statement

    envelope = attestation.envelope
    if envelope.payload_type != IN_TOTO:
        raise Malformed(f"payload is {envelope.payload_type[:80]!r}, not an in-toto statement")
    named = _with_hint(attestation, envelope.pae, keys)
    found = verify_statement(named, root, keys=keys, needs=needs or _needs(named))
    if image not in found.head.digests:
        raise DigestMismatch(f"the statement is not about {image}")
    return found


def _needs(bundle: UnverifiedBundle) -> "Requirements":
    from pratique.attest.sigstore.verify import Requirements

    return Requirements(logs=1 if bundle.certificates else 0, promises=True)


def _with_hint(bundle: UnverifiedBundle, message: bytes, keys: Mapping[str, "PublicKey"]) -> UnverifiedBundle:
    """The bundle with the name of the key under which its signature verifies: the layout itself names none.

    With a certificate, as `cosign sign --key K --certificate C` leaves it, the keys come first: they are what is believed. Only
    when none of them signed, the certificate says who did.
    """
    from pratique.attest.verify import find_key

    if not bundle.certificates:
        return replace(bundle, hint=find_key(bundle.signature, message, keys).hint)
    try:
        key = find_key(bundle.signature, message, keys)
    except (SignatureInvalid, Untrusted, LimitExceeded):
        return bundle
    return replace(without_certificate(bundle), hint=key.hint)


def without_certificate(bundle: UnverifiedBundle) -> UnverifiedBundle:
    """The bundle as one of a bare key, beside which a certificate stands."""
    return replace(bundle, certificates=(), beside=bundle.certificates[0]) if bundle.certificates else bundle


def bundle_of(data: bytes, content: MessageSignature | Envelope, annotations: Mapping[str, str]) -> UnverifiedBundle:
    """A signature or envelope, and what annotations prove about it, as one value. `data`: the envelope's bytes, if it is one."""
    certificates = _certificates(annotations)
    return UnverifiedBundle(
        received=data,
        digest=Digest.of(data),
        content=content,
        hint="",
        log_entries=_log_entries(annotations),
        certificates=certificates,
        timestamps=_timestamps(annotations),
        version="",
        envelope_bytes=data if isinstance(content, Envelope) else b"",
    )


def _annotation(annotations: Mapping[str, str], name: str) -> str:
    text = annotations.get(name, "")
    if len(text) > MAX_ANNOTATION_SIZE:
        raise LimitExceeded(f"annotation {name} has {len(text)} characters, more than {MAX_ANNOTATION_SIZE}")
    return text


def _certificates(annotations: Mapping[str, str]) -> tuple[bytes, ...]:
    """The signer's certificate and the intermediate ones. The anchor that cosign writes at the end is not needed: ours counts."""
    leaf = _pem_certificates(_annotation(annotations, CERTIFICATE), CERTIFICATE)
    chain = _pem_certificates(_annotation(annotations, CHAIN), CHAIN)
    if len(leaf) > 1:
        raise Malformed(f"annotation {CERTIFICATE} holds {len(leaf)} certificates, not one")
    if chain and not leaf:
        raise Malformed("layer with a certificate chain, but without the certificate")
    if not leaf:
        return ()
    from pratique.attest.x509 import parse_certificate

    between = []
    for number, der in enumerate(chain):
        certificate = parse_certificate(der, f"{CHAIN}[{number}]")
        if certificate.issuer != certificate.subject:
            between.append(der)
    return (leaf[0], *between)


def _pem_certificates(text: str, where: str) -> list[bytes]:
    found = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _CERTIFICATE_PEM.match(text, at)
        if match is None:
            raise Malformed(f"annotation {where} is not certificates in PEM")
        found.append(as_lines(match[1].encode(), f"annotation {where}"))
        if len(found) > MAX_CHAIN:
            raise LimitExceeded(f"annotation {where} holds more than {MAX_CHAIN} certificates")
        at = match.end()
    return found


def _log_entries(annotations: Mapping[str, str]) -> tuple[LogEntry, ...]:
    """The entry of Rekor v1 with its promise (pkg/cosign/bundle, RekorBundle)."""
    text = _annotation(annotations, REKOR_BUNDLE)
    if not text or text == "null":
        return ()
    where = REKOR_BUNDLE
    members = as_object(load_json(text.encode("utf-8", "surrogatepass"), what=where, max_depth=16), where)
    refuse_unknown(members, ("SignedEntryTimestamp", "Payload"), where)
    payload = as_object(members.get("Payload"), f"{where}: Payload")
    refuse_unknown(payload, ("body", "integratedTime", "logIndex", "logID"), f"{where}: Payload")
    body = as_bytes(payload.get("body"), f"{where}: body")
    promise = as_bytes(members.get("SignedEntryTimestamp"), f"{where}: SignedEntryTimestamp")
    if not promise or not body:
        raise Malformed(f"{where}: an entry without body or signed timestamp")
    entry = as_object(load_json(body, what=f"{where}: body", max_depth=32), f"{where}: body")
    return (
        LogEntry(
            log_index=as_count(payload.get("logIndex"), f"{where}: logIndex"),
            log_id=_log_id(payload.get("logID"), f"{where}: logID"),
            kind=as_text(entry.get("kind"), f"{where}: kind"),
            version=as_text(entry.get("apiVersion"), f"{where}: apiVersion"),
            body=body,
            proof=None,
            integrated_time=as_count(payload.get("integratedTime"), f"{where}: integratedTime"),
            promise=promise,
        ),
    )


def _log_id(value: Any, where: str) -> bytes:
    text = as_text(value, where)
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise Malformed(f"{where} is not 64 hexadecimal digits")
    return bytes.fromhex(text)


def _timestamps(annotations: Mapping[str, str]) -> tuple[bytes, ...]:
    text = _annotation(annotations, TIMESTAMP)
    if not text or text == "null":
        return ()
    members = as_object(load_json(text.encode("utf-8", "surrogatepass"), what=TIMESTAMP, max_depth=8), TIMESTAMP)
    refuse_unknown(members, ("SignedRFC3161Timestamp",), TIMESTAMP)
    return (as_bytes(members.get("SignedRFC3161Timestamp"), TIMESTAMP),)
