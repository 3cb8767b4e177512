"""cosign's older signatures and attestations where they are referrers and no tags: Tekton Chains, build policies, `cosign sign
--registry-referrers-mode=oci-1-1` (sigstore/cosign, pkg/oci/remote, WriteSignaturesExperimentalOCI).

The manifest is the one that otherwise stands under a tag: each layer is a signature or an envelope, its annotations hold the
rest. Layers tell what they are by their media type, whatever the manifest calls itself.
"""

from typing import TYPE_CHECKING

from pratique.attest.cosign import DSSE_LAYER, PREDICATE_TYPE, SIMPLE_SIGNING
from pratique.errors import DigestMismatch, InputError, LimitExceeded, Unavailable
from pratique.evidence.collected import Collected, EvidenceForm, is_altered
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.cosign import MAX_ATTESTATION_BYTES, MAX_PAYLOAD_BYTES, within_limits

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor, Manifest, Repository

_ARTIFACT_TYPES = frozenset(
    (
        "application/vnd.dev.cosign.artifact.sig.v1+json",
        "application/vnd.dev.cosign.artifact.att.v1+json",
        SIMPLE_SIGNING,
        DSSE_LAYER,
    )
)
"""What such manifests call themselves."""

_FORMS = {
    SIMPLE_SIGNING: (EvidenceForm.COSIGN_SIGNATURE, MAX_PAYLOAD_BYTES),
    DSSE_LAYER: (EvidenceForm.COSIGN_ATTESTATION, MAX_ATTESTATION_BYTES),
}


def older_pieces(repository: "Repository", manifest: "Manifest", where: str) -> list[Collected]:
    """One for each signature or envelope in the manifest. One that cannot be had stays in the list, with its cause."""
    layers = [layer for layer in manifest.layers if layer.media_type in _FORMS]
    if not layers and manifest.artifact_type in _ARTIFACT_TYPES:
        detail = f"{where}: it is called a signature, and no layer of it is one"
        form, digest = EvidenceForm.COSIGN_SIGNATURE, manifest.descriptor.digest
        return [
            Collected(digest=digest, where=where, form=form, claimed_type=IMAGE_SIGNATURE, cause=Cause.INVALID, detail=detail)
        ]
    read = within_limits(layers)
    pieces = [_piece(repository, layer, where) for layer in read]
    if unread := len(layers) - len(read):
        detail = f"{where}: {len(layers)} signatures in one manifest, and {len(read)} of them were read"
        forms = {_FORMS[layer.media_type][0] for layer in layers[len(read) :]}
        signatures = forms == {EvidenceForm.COSIGN_SIGNATURE}
        pieces.append(
            Collected(
                digest=Digest.of(f"{manifest.descriptor.digest} {unread}".encode()),
                where=where,
                form=EvidenceForm.COSIGN_SIGNATURE if signatures else EvidenceForm.COSIGN_ATTESTATION,
                claimed_type=IMAGE_SIGNATURE if signatures else "",
                cause=Cause.UNREADABLE,
                detail=detail,
                unread=True,
            )
        )
    return pieces


def _piece(repository: "Repository", layer: "Descriptor", where: str) -> Collected:
    form, limit = _FORMS[layer.media_type]
    notes = layer.annotations
    claimed = IMAGE_SIGNATURE if form is EvidenceForm.COSIGN_SIGNATURE else notes.get(PREDICATE_TYPE, "")
    cause, detail, data, unread, lost = Cause.NONE, "", b"", False, False
    try:
        data = repository.fetch_blob(layer, limit=limit)
    except Unavailable as error:
        cause, detail, lost = Cause.UNREACHABLE, str(error), True
    except (DigestMismatch, InputError) as error:
        cause, detail, unread = Cause.INVALID, str(error), isinstance(error, LimitExceeded)
        lost = is_altered(error)
    return Collected(
        # As under a tag: what tells two signatures of one payload apart is in the annotations.
        digest=Digest.of((data or str(layer.digest).encode()) + repr(sorted(notes.items())).encode()),
        where=where,
        form=form,
        annotations=notes,
        claimed_type=claimed,
        data=data,
        cause=cause,
        detail=detail,
        unread=unread,
        lost=lost,
    )
