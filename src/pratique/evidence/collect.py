"""Fetch the signatures and attestations that are attached to a digest, in every form that is read.

One that cannot be had is kept with its cause, never dropped. No form stands in for another: what cannot be asked for in one is
unreachable, whatever the others say.
"""

import json
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING

from pratique.errors import DigestMismatch, InputError, LimitExceeded, PratiqueError, Unavailable
from pratique.evidence.collected import Collected, Collection, EvidenceForm, is_altered
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor, Manifest, Repository


MAX_CONFIG_BYTES = 1 << 20
MAX_PIECE_BYTES = 256 << 20  # a file manifest of half a million rows, in base64
_LIMITS = {EvidenceForm.BUNDLE: MAX_PIECE_BYTES, EvidenceForm.NOTATION: 4 << 20}
_TAGS = {EvidenceForm.COSIGN_SIGNATURE: ".sig", EvidenceForm.COSIGN_ATTESTATION: ".att"}
_BUNDLES = "application/vnd.dev.sigstore.bundle"  # of all versions
_OLDER = ("application/vnd.dev.cosign.artifact.", "application/vnd.dev.cosign.simplesigning.", "application/vnd.dsse.envelope.")
_OLDER_SIGNATURES = ("application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.dev.cosign.simplesigning.v1+json")
_NOTATION = "application/vnd.cncf.notary.signature"
_NOTATION_LAYERS = frozenset(("application/jose+json", "application/cose"))
_NOTATION_PRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"
MAX_PIECES = 1_000  # ten thousand signatures on one image are an attack on the verifier


def collect_from_repository(repository: "Repository", subject: Digest, *, announced: Set[str] = frozenset()) -> Collection:
    """The signatures and attestations that refer to `subject` in this repository; of more than are read, that there are more.

    `announced`: thumbprints (hex SHA-256) of certificates in notation's trust stores. What a list says of a referrer only decides
    the order: whoever floods a repository does not push the likely ones out, unless with chains that are said to be trusted.
    """
    broken = ""
    try:
        listed = repository.list_referrers(subject)
    except Unavailable as error:
        return Collection(cause=Cause.UNREACHABLE, detail=str(error))
    except PratiqueError as error:
        listed, broken = [], str(error)
    signatures = [item for item in listed if _hinted_form(item) is not None]
    signatures.sort(key=lambda item: announced.isdisjoint(_thumbprints(item)))
    others = [item for item in listed if _hinted_form(item) is None]
    checked: set[Digest] = set()  # nearly always all have the same, empty configuration
    pieces: list[Collected] = []
    for number, item in enumerate(signatures):
        if len(pieces) >= MAX_PIECES:
            detail = f"{len(signatures)} signatures are attached, and {number} of them were read"
            pieces.append(_untold(repository, subject, Cause.UNREADABLE, detail))
            break
        pieces += _fetch(repository, item, checked)
    pieces += [piece for item in others[:MAX_PIECES] for piece in _fetch(repository, item, checked)]
    for form, kind in _TAGS.items():
        pieces += _fetch_tag(repository, subject, form, kind)
    if broken and not pieces:
        return Collection(cause=Cause.INVALID, detail=broken)
    if broken:
        pieces.append(_untold(repository, subject, Cause.INVALID, broken))
    if unread := len(others[MAX_PIECES:]):
        detail = f"{unread} more artifacts are attached, and were not looked at"
        pieces.append(_untold(repository, subject, Cause.UNREADABLE, detail))
    return Collection(pieces=tuple(pieces))


def _untold(repository: "Repository", subject: Digest, cause: Cause, detail: str) -> Collected:
    """What nobody looked at, as one piece: it may have been evidence."""
    where = f"{repository.name}: referrers of {subject}"
    return Collected(digest=Digest.of(f"{where}: {detail}".encode()), where=where, cause=cause, detail=detail, unread=True)


def _fetch_tag(repository: "Repository", subject: Digest, form: EvidenceForm, kind: str) -> list[Collected]:
    """What older tools keep under a tag beside the image; a tag that could not be asked for is one piece, unreachable."""
    from pratique.attest.cosign import PREDICATE_TYPE
    from pratique.registry.cosign import fetch_stored, tag_of

    tag = tag_of(subject, kind)
    where = f"{repository.name}:{tag}"
    try:
        stored = fetch_stored(repository, subject, kind)
    except Unavailable as error:
        return [Collected(digest=Digest.of(where.encode()), where=where, form=form, cause=Cause.UNREACHABLE, detail=str(error))]
    except (DigestMismatch, InputError) as error:
        unread = isinstance(error, LimitExceeded)
        digest, detail = Digest.of(where.encode()), str(error)
        return [Collected(digest=digest, where=where, form=form, cause=Cause.INVALID, detail=detail, unread=unread)]

    def claimed(annotations: Mapping[str, str]) -> str:
        return IMAGE_SIGNATURE if form is EvidenceForm.COSIGN_SIGNATURE else annotations.get(PREDICATE_TYPE, "")

    pieces = [
        Collected(
            # Many may sign the same payload: what tells their signatures apart is in the annotations.
            digest=Digest.of(layer.data + repr(sorted(layer.annotations.items())).encode()),
            where=where,
            form=form,
            annotations=layer.annotations,
            claimed_type=claimed(layer.annotations),
            data=layer.data,
        )
        for layer in stored.layers
    ]
    pieces += [
        Collected(
            digest=Digest.of(str(layer.digest).encode() + repr(sorted(layer.annotations.items())).encode()),
            where=where,
            form=form,
            annotations=layer.annotations,
            claimed_type=claimed(layer.annotations),
            cause=Cause.INVALID,
            detail=str(error),
            unread=isinstance(error, LimitExceeded),
            lost=is_altered(error),
        )
        for layer, error in stored.lost
    ]
    if stored.unread:
        detail = f"{where}: {len(pieces) + stored.unread} signatures, and {len(pieces)} of them were read"
        pieces.append(
            Collected(
                digest=Digest.of(detail.encode()),
                where=where,
                form=form,
                claimed_type=claimed({}),
                cause=Cause.UNREADABLE,
                detail=detail,
                unread=True,
            )
        )
    return pieces


def _thumbprints(referrer: "Descriptor") -> Set[str]:
    """The certificates that a signature of notation's is announced with, whatever else stands there."""
    try:
        found = json.loads(referrer.annotations.get(_NOTATION_PRINTS, "[]")[: 1 << 14])
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(item.lower() for item in found if isinstance(item, str)) if isinstance(found, list) else frozenset()


def _hinted_form(referrer: "Descriptor") -> EvidenceForm | None:
    """What a list says it is; None for what is no signature by that."""
    if referrer.artifact_type.startswith(_BUNDLES):
        return EvidenceForm.BUNDLE
    if referrer.artifact_type.startswith(_OLDER):
        return EvidenceForm.COSIGN_SIGNATURE
    return EvidenceForm.NOTATION if referrer.artifact_type == _NOTATION else None


def _form(manifest: "Manifest") -> EvidenceForm | None:
    """What it is by its own word and its layers; None for documents, Helm charts, whatever people attach."""
    layers = [layer.media_type for layer in manifest.layers]
    if manifest.artifact_type.startswith(_BUNDLES) or any(kind.startswith(_BUNDLES) for kind in layers):
        return EvidenceForm.BUNDLE
    if manifest.artifact_type.startswith(_OLDER) or any(kind.startswith(_OLDER) for kind in layers):
        return EvidenceForm.COSIGN_SIGNATURE
    is_named = manifest.artifact_type == _NOTATION or (not manifest.is_index and manifest.config.media_type == _NOTATION)
    is_announced = _NOTATION_PRINTS in manifest.annotations and any(kind in _NOTATION_LAYERS for kind in layers)
    return EvidenceForm.NOTATION if is_named or is_announced else None


def _fetch(repository: "Repository", referrer: "Descriptor", checked: set[Digest]) -> list[Collected]:
    """The evidence that a referrer is; none for what is none, which its manifest decides."""
    where = f"{repository.name}@{referrer.digest}"
    form = _hinted_form(referrer)
    notes = referrer.annotations

    def failed(cause: Cause, detail: str, *, unread: bool = False, lost: bool = False) -> list[Collected]:
        kind = form or EvidenceForm.BUNDLE
        claimed = notes.get(PREDICATE_ANNOTATION, "") if kind is EvidenceForm.BUNDLE else IMAGE_SIGNATURE
        if kind is EvidenceForm.COSIGN_SIGNATURE and referrer.artifact_type not in _OLDER_SIGNATURES:
            claimed = ""  # attestations of older tools are of the same form, as long as nobody read them
        return [
            Collected(
                digest=referrer.digest,
                where=where,
                form=kind,
                claimed_type=claimed,
                cause=cause,
                detail=detail,
                unread=unread,
                lost=lost,
            )
        ]

    try:
        manifest = repository.fetch_manifest(referrer.digest)
        form = _form(manifest)
        if form is None:
            return []
        notes = {**notes, **manifest.annotations}
        claimed = notes.get(PREDICATE_ANNOTATION, "") if form is EvidenceForm.BUNDLE else IMAGE_SIGNATURE
        layers = manifest.layers
        if form is EvidenceForm.COSIGN_SIGNATURE:
            from pratique.evidence.older_referrers import older_pieces

            return older_pieces(repository, manifest, where)
        if len(layers) != 1:
            return failed(Cause.INVALID, f"{where}: the manifest of a {form} has one layer, this has {len(layers)}")
        data = repository.fetch_blob(layers[0], limit=_LIMITS[form])
        if manifest.config.digest not in checked:  # it says nothing, but it is a part of what was attached
            repository.fetch_blob(manifest.config, limit=MAX_CONFIG_BYTES)
            checked.add(manifest.config.digest)
        kind = layers[0].media_type
        return [Collected(digest=layers[0].digest, where=where, form=form, media_type=kind, claimed_type=claimed, data=data)]
    except Unavailable as error:
        return failed(Cause.UNREACHABLE, str(error), lost=True)
    except (DigestMismatch, InputError) as error:
        if form is None and referrer.artifact_type:
            return []  # garbage that nobody announces as a signature
        lost = is_altered(error)
        return failed(Cause.INVALID, str(error), unread=isinstance(error, LimitExceeded), lost=lost)
