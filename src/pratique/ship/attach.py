"""Attach what was signed elsewhere: it must be about the artifact that it is attached to, and is verified by whoever believes it.

What is read: Sigstore bundles, DSSE envelopes, notation's envelopes, and bare signatures over cosign's payload. What is about
another artifact is refused: attached, it would count for nothing and look as if it did.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.attest import cosign
from pratique.attest.bundle import MessageSignature, parse_bundle
from pratique.attest.dsse import Envelope, parse_envelope
from pratique.attest.notation import COSE, JWS
from pratique.attest.statement import parse_head
from pratique.attest.strictjson import load_json
from pratique.errors import DigestMismatch, InputError, Malformed
from pratique.model.predicates import IMAGE_SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pratique.model import Digest
    from pratique.registry.types import Descriptor, Repository

MAX_FILE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Something that was signed elsewhere. `form`: bundle, envelope, notation or signature; `media_type`: of notation's envelope;
    `annotations`: of a bare signature; `predicate_type`: of a statement."""

    form: str
    data: bytes
    predicate_type: str = ""
    media_type: str = ""
    annotations: "Mapping[str, str] | None" = None


def read_foreign(data: bytes, subject: "Digest", where: str) -> Foreign:
    """What a file holds, when it is about `subject`. Raises InputError for what is none of these, DigestMismatch."""
    try:
        members = load_json(data, what=where, max_size=MAX_FILE_BYTES)
    except Malformed:
        return _notation(data, COSE, subject, where)  # the one form that is not JSON
    if not isinstance(members, dict):
        raise InputError("neither a bundle nor an envelope", where=where)
    if "mediaType" in members:
        bundle = parse_bundle(data)
        if isinstance(bundle.content, MessageSignature):
            stated = bundle.content.digest
            if stated is None or stated[1] != bytes.fromhex(subject.hex):
                raise DigestMismatch(f"a signature of bytes that are not said to be {subject}", where=where)
            return Foreign(form="bundle", data=data, predicate_type=IMAGE_SIGNATURE)
        return Foreign(form="bundle", data=data, predicate_type=_about(bundle.envelope, subject, where))
    if "payloadType" in members:
        return Foreign(form="envelope", data=data, predicate_type=_about(parse_envelope(members), subject, where))
    if "protected" in members:
        return _notation(data, JWS, subject, where)
    hint = "a bare signature is attached with --payload; see pratique attach --help"
    raise InputError("neither a Sigstore bundle, a DSSE envelope nor notation's", where=where, hint=hint)


def read_signature(
    signature: bytes, payload: bytes, subject: "Digest", *, certificate: str = "", chain: str = "", where: str
) -> Foreign:
    """A bare signature in base64 over cosign's payload, which names `subject`. Raises Malformed, DigestMismatch."""
    try:
        sig = base64.b64decode(b"".join(signature.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Malformed("a signature is one text in base64", where=where) from error
    claim = cosign.parse_payload(payload)
    if claim.image != subject:
        raise DigestMismatch(f"the payload is about {claim.image}", where=where)
    notes = dict(cosign.signature_annotations(sig))
    if certificate:
        notes[cosign.CERTIFICATE] = certificate
    if chain:
        notes[cosign.CHAIN] = chain
    return Foreign(form="signature", data=payload, predicate_type=IMAGE_SIGNATURE, annotations=notes)


def attach_foreign(repository: "Repository", subject: "Descriptor", foreign: Foreign, *, created: int) -> str:
    """Attach it in the way its form has; says where it is. Doing it twice is doing it once, but for its `created` time.

    Raises as `Repository.push_referrers` and `push_layers` do.
    """
    from pratique.registry.attach import attach_bundles
    from pratique.registry.cosign import ATTESTATIONS, SIGNATURES, Layer, push_layers, tag_of

    if foreign.form == "bundle":
        (attached,) = attach_bundles(repository, subject, [(foreign.predicate_type, foreign.data)], created=created)
        return f"{repository.name}@{attached.digest}"
    if foreign.form == "notation":
        from pratique.registry.notation import attach_signature

        attached = attach_signature(
            repository, subject=subject, data=foreign.data, media_type=foreign.media_type, created=created
        )
        return f"{repository.name}@{attached.digest}"
    kind = SIGNATURES if foreign.form == "signature" else ATTESTATIONS
    notes = foreign.annotations or cosign.attestation_annotations(foreign.predicate_type)
    push_layers(repository, subject.digest, kind, [Layer(data=foreign.data, annotations=notes)])
    return f"{repository.name}:{tag_of(subject.digest, kind)}"


def _about(envelope: Envelope, subject: "Digest", where: str) -> str:
    """The predicate type of a statement that is about `subject`."""
    head = parse_head(envelope.payload)
    if subject not in head.digests:
        raise DigestMismatch(f"it is about {', '.join(sorted(head.digests)[:2]) or 'no digest'}, not {subject}", where=where)
    return head.predicate_type


def _notation(data: bytes, media_type: str, subject: "Digest", where: str) -> Foreign:
    from pratique.attest.notation import parse_envelope as parse_notation
    from pratique.attest.notation.verify import parse_target

    try:
        target = parse_target(parse_notation(data, media_type).payload)
    except Malformed as error:
        raise InputError(
            "neither a Sigstore bundle, a DSSE envelope nor notation's", where=where, hint="see pratique attach --help"
        ) from error
    if target.digest != subject:
        raise DigestMismatch(f"it is about {target.digest}", where=where)
    return Foreign(form="notation", data=data, predicate_type=IMAGE_SIGNATURE, media_type=media_type)
