"""Signatures beside a file or in it: bundles, bare signatures, Helm's provenance, annotations of Kubernetes objects."""

from pathlib import Path

from pratique.artifact.sidecars import PROVENANCE_SUFFIX, find_sidecars, load_signed
from pratique.attest.detached import RAW_SUFFIX
from pratique.errors import InputError, Malformed
from pratique.evidence.collect import Collected, Collection, EvidenceForm
from pratique.evidence.verify import FileSubject
from pratique.files import read_limited
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE

_FORMS = {RAW_SUFFIX: EvidenceForm.RAW, PROVENANCE_SUFFIX: EvidenceForm.PROVENANCE}
_MANIFESTS = (".yaml", ".yml", ".json")


def collect_sidecars(path: Path) -> Collection:
    """Every signature of the file at `path`. One that is there and cannot be read makes the whole place invalid, not empty."""
    try:
        found = find_sidecars(path)
        pieces = [
            Collected(
                digest=Digest.of(item.data),
                where=str(item.path),
                form=_FORMS.get(item.suffix, EvidenceForm.BUNDLE),
                claimed_type=IMAGE_SIGNATURE if item.suffix in _FORMS else "",
                data=item.data,
            )
            for item in found
        ]
        if path.suffix in _MANIFESTS:
            pieces += _annotated(path)
    except InputError as error:
        return Collection(cause=Cause.INVALID, detail=str(error))
    return Collection(pieces=tuple(pieces))


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
