"""Signatures beside a file or in it: bundles, bare signatures, Helm's provenance, annotations of Kubernetes objects."""

from collections.abc import Sequence
from pathlib import Path

from pratique.artifact.sidecars import PROVENANCE_SUFFIX, Sidecar, find_sidecars, load_signed
from pratique.attest.bundle import MAX_BUNDLE_SIZE
from pratique.attest.bundle_files import PartKind, looks_like_json, split_bundles
from pratique.attest.detached import BUNDLE_SUFFIX, RAW_SUFFIX
from pratique.errors import InputError, LimitExceeded, Malformed
from pratique.evidence.claims import FileSubject
from pratique.evidence.collected import Collected, Collection, EvidenceForm
from pratique.files import read_limited
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE

_FORMS = {RAW_SUFFIX: EvidenceForm.RAW, PROVENANCE_SUFFIX: EvidenceForm.PROVENANCE}
_PARTS = {
    PartKind.BUNDLE: EvidenceForm.BUNDLE,
    PartKind.ENVELOPE: EvidenceForm.ENVELOPE,
    PartKind.COSIGN: EvidenceForm.COSIGN_BLOB,
    PartKind.UNKNOWN: EvidenceForm.BUNDLE,  # which it is not, and says so when it is read
}
_MANIFESTS = (".yaml", ".yml", ".json")


def collect_sidecars(path: Path) -> Collection:
    """Every signature of the file at `path`. One that is there and cannot be read makes the whole place invalid, not empty."""
    try:
        found = find_sidecars(path)
        pieces: list[Collected] = []
        for item in found:
            pieces += _pieces(item)
        if path.suffix in _MANIFESTS:
            pieces += _annotated(path)
    except InputError as error:
        return Collection(cause=Cause.INVALID, detail=str(error))
    return Collection(pieces=tuple(pieces))


def collect_bundle_files(paths: Sequence[Path]) -> Collection:
    """What the named files say, whatever they are called and whatever they are about. Raises NotFound for one that is not
    there.
    """
    pieces: list[Collected] = []
    for path in paths:
        data = read_limited(path, MAX_BUNDLE_SIZE)
        suffix = BUNDLE_SUFFIX if looks_like_json(data) else RAW_SUFFIX
        try:
            pieces += _pieces(Sidecar(path=path, suffix=suffix, data=data))
        except Malformed as error:
            return Collection(cause=Cause.INVALID, detail=f"{path}: {error}")
    return Collection(pieces=tuple(pieces))


def _pieces(item: Sidecar) -> list[Collected]:
    """One for a signature, one each for the bundles in a file."""
    if item.suffix in _FORMS:
        form = _FORMS[item.suffix]
        where = str(item.path)
        return [Collected(digest=Digest.of(item.data), where=where, form=form, claimed_type=IMAGE_SIGNATURE, data=item.data)]
    try:
        parts = split_bundles(item.data)
    except Malformed as error:
        detail = f"{item.path}: {error}"
        digest, unread = Digest.of(item.data), isinstance(error, LimitExceeded)
        return [Collected(digest=digest, where=str(item.path), cause=Cause.INVALID, detail=detail, unread=unread)]
    whole = Digest.of(item.data)
    return [
        Collected(
            digest=Digest.of(part.data),
            where=str(item.path) if len(parts) == 1 else f"{item.path}, number {number}",
            form=_PARTS[part.kind],
            data=part.data,
            file=whole,
        )
        for number, part in enumerate(parts, start=1)
    ]


def content_of(path: Path, chart_yaml: bytes = b"") -> FileSubject:
    """The file as what is signed. Raises NotFound, InputError."""
    return FileSubject(name=path.name, artifact=load_signed(path), chart_yaml=chart_yaml)


def _annotated(path: Path) -> list[Collected]:
    """The file itself, where objects in it carry a signature."""
    from pratique.attest.kubernetes_yaml import MAX_SIZE
    from pratique.attest.yaml_annotation import mentions_signature, parse_manifests

    data = read_limited(path, MAX_SIZE)
    try:
        signed = any(item.signature for item in parse_manifests(data))
    except Malformed:
        if mentions_signature(data):
            raise
        return []  # no Kubernetes objects, so nothing that could carry one
    if not signed:
        return []
    return [
        Collected(digest=Digest.of(data), where=str(path), form=EvidenceForm.ANNOTATION, claimed_type=IMAGE_SIGNATURE, data=data)
    ]
