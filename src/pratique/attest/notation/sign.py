"""Making signature envelopes that notation accepts (signature-specification.md; signing-and-verification-workflow.md). Pure.

What is made is verified before it is returned: a key that is not the certificate's, or a chain that no verifier would take,
is an error here and never a published signature.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pratique.attest.notation.algorithms import algorithm_of, raw_signature, verify_signature
from pratique.attest.notation.certificates import check_signing_chain, named
from pratique.attest.notation.cose import cose_message, render_cose
from pratique.attest.notation.envelope import COSE, JWS, PAYLOAD_TYPE, Attributes, Scheme, UnverifiedEnvelope, check_sizes
from pratique.attest.notation.jws import jws_message, render_jws
from pratique.attest.notation.verify import TargetArtifact, parse_envelope
from pratique.attest.strictjson import dump_json
from pratique.attest.timestamp import parse_token
from pratique.attest.x509 import parse_certificate, validity
from pratique.errors import DigestMismatch, Expired, Malformed, SignatureInvalid, Untrusted

_RESERVED = "io.cncf.notary"


def sign(
    target: TargetArtifact,
    *,
    sign: Callable[[bytes], bytes],
    chain: Sequence[bytes],
    at: int,
    expiry: int | None = None,
    media_type: str = JWS,
    scheme: Scheme = Scheme.X509,
    agent: str = "",
) -> bytes:
    """An envelope about `target`, in JWS or COSE.

    `sign`: signs a message with the key of the first certificate in `chain`: DER of ECDSA over the curve's own hash, or
    RSASSA-PSS with a salt as long as the hash. `chain`: DER, complete, the signing certificate first. `at`, `expiry`: Unix
    seconds. Raises Untrusted and SignatureInvalid when the chain is not fit to sign or the key is not its own, Expired when it
    is not valid at `at`, Malformed; and what `sign` raises.
    """
    check_sizes(chain, b"")
    certificates = [parse_certificate(der, f"certificate {number}") for number, der in enumerate(chain)]
    check_signing_chain(certificates)
    for certificate in certificates:
        if at not in validity(certificate):
            raise Expired(f"{named(certificate)} is not valid now", hint="sign with a certificate that is")
    if expiry is not None and expiry <= at:
        raise Malformed("a signature that expires before it is made")
    key = certificates[0].public_key()
    algorithm = algorithm_of(key)
    attributes = Attributes(content_type=PAYLOAD_TYPE, scheme=scheme, signing_time=at, expiry=expiry)
    payload = render_target(target)
    message = (jws_message if _known(media_type) == JWS else cose_message)(algorithm, attributes, payload)
    signature = raw_signature(sign(message), algorithm)
    try:
        verify_signature(key, signature, message)
    except SignatureInvalid as error:
        raise SignatureInvalid(
            "the key is not the signing certificate's, or signs otherwise than notation wants",
            hint=f"{algorithm.name} is wanted for this certificate",
        ) from error
    return render_envelope(
        UnverifiedEnvelope(
            media_type=media_type,
            algorithm=algorithm,
            attributes=attributes,
            payload=payload,
            message=message,
            signature=signature,
            chain=tuple(chain),
            agent=agent,
        )
    )


def countersign(data: bytes, media_type: str, token: bytes) -> bytes:
    """The same envelope with an RFC 3161 token (`timestamp.token_in`) over its `signature`.

    Whether anybody trusts the token's authority is for `verify` to say. Raises DigestMismatch when it is about other bytes,
    Malformed when the envelope has one already, Untrusted when a signing authority's own time makes it count for nothing.
    """
    envelope = parse_envelope(data, media_type)
    if envelope.timestamp:
        raise Malformed("the envelope has a timestamp already")
    if envelope.attributes.scheme is not Scheme.X509:
        raise Untrusted("a timestamp counts for nothing beside a signing authority's own time")
    found = parse_token(token)
    if hashlib.new(found.imprint_hash, envelope.signature).digest() != found.imprint:
        raise DigestMismatch("the timestamp is about other bytes than this signature")
    return render_envelope(replace(envelope, timestamp=token))


def render_envelope(envelope: UnverifiedEnvelope) -> bytes:
    """The envelope's bytes in its encoding."""
    return (render_jws if _known(envelope.media_type) == JWS else render_cose)(envelope)


def render_target(target: TargetArtifact) -> bytes:
    """The payload: the descriptor as the target artifact. Raises Malformed for annotations under a reserved name."""
    descriptor: dict[str, Any] = {"mediaType": target.media_type, "digest": str(target.digest), "size": target.size}
    annotations: Mapping[str, str] = target.annotations
    if any(name.startswith(_RESERVED) for name in annotations):
        raise Malformed(f"annotations under {_RESERVED} are the specification's own")
    if annotations:
        descriptor["annotations"] = dict(annotations)
    return dump_json({"targetArtifact": descriptor})


def _known(media_type: str) -> str:
    if media_type not in (JWS, COSE):
        raise Malformed(f"{media_type[:80]!r} is no signature envelope", hint=f"expected {JWS} or {COSE}")
    return media_type
