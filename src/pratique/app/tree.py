"""What hangs on an artifact: the images of an index, what refers to each, what refers to that, and the tags of older tools.

Nothing is verified here: it is what the place lists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.errors import LimitExceeded, NotFound
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.model import Digest
    from pratique.registry.types import Manifest, Repository

MAX_DEPTH = 6  # indexes, referrers, and referrers of those
MAX_BRANCHES = 4_096
PREDICATE_TYPE = "dev.sigstore.bundle.predicateType"
_TAGS = ("sig", "att", "sbom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One manifest. `kind`: named, listed, referrer or tag; `what`: its artifact type or media type; `note`: what its place says
    of it, a platform, a predicate type, or the tag it is under; `missing`: the place does not have it."""

    kind: str
    digest: "Digest"
    what: str
    note: str = ""
    missing: bool = False
    branches: "tuple[Branch, ...]" = ()


def look_around(repository: "Repository", reference: str) -> Branch:
    """The tree below what `reference` names. Raises as `Repository.fetch_manifest` and `list_referrers`, LimitExceeded."""
    return _Look(repository).named(repository.fetch_manifest(reference))


class _Look:
    """One look, and what it has seen: what hangs in two places is shown in both, but looked into once."""

    def __init__(self, repository: "Repository") -> None:
        self._repository = repository
        self._seen: set[Digest] = set()
        self._count = 0

    def named(self, manifest: "Manifest") -> Branch:
        return self._branch("named", manifest, "", 0)

    def _branch(self, kind: str, manifest: "Manifest", note: str, depth: int) -> Branch:
        self._take()
        what = manifest.media_type if manifest.is_index else _type_of(manifest)
        branches: tuple[Branch, ...] = ()
        if manifest.digest not in self._seen:
            self._seen.add(manifest.digest)
            if depth >= MAX_DEPTH:
                raise LimitExceeded(f"nested deeper than {MAX_DEPTH}", where=self._repository.name)
            branches = tuple(self._below(manifest, depth + 1))
        return Branch(kind=kind, digest=manifest.digest, what=what, note=note, branches=branches)

    def _below(self, manifest: "Manifest", depth: int) -> Iterator[Branch]:
        from pratique.artifact.platforms import is_aside, platform_of

        for item in manifest.manifests:
            platform = platform_of(item.platform)
            note = "attestation" if is_aside(item.annotations) else str(platform or "")
            yield self._child("listed", item.digest, item.media_type, note, depth)
        for item in self._repository.list_referrers(manifest.digest):
            note = item.annotations.get(PREDICATE_TYPE, "")
            yield self._child("referrer", item.digest, item.artifact_type or item.media_type, note, depth)
        for suffix in _TAGS:
            tag = f"{manifest.digest.algorithm}-{manifest.digest.hex}.{suffix}"
            try:
                found = self._repository.fetch_manifest(tag)
            except NotFound:
                continue
            yield self._branch("tag", found, f".{suffix}, {how_many(len(found.layers), 'layer')}", depth)

    def _child(self, kind: str, digest: "Digest", what: str, note: str, depth: int) -> Branch:
        try:
            manifest = self._repository.fetch_manifest(digest)
        except NotFound:
            self._take()
            return Branch(kind=kind, digest=digest, what=what, note=note, missing=True)
        return self._branch(kind, manifest, note, depth)

    def _take(self) -> None:
        self._count += 1
        if self._count > MAX_BRANCHES:
            raise LimitExceeded(f"more than {MAX_BRANCHES} manifests hang on it", where=self._repository.name)


def _type_of(manifest: "Manifest") -> str:
    """Its artifact type; of tags of older tools, which have none, what their layers are."""
    own = str(manifest.document.get("artifactType") or "")
    if own:
        return own
    if manifest.config.media_type.startswith(("application/vnd.oci.image.config", "application/vnd.docker.container.image")):
        odd = [layer.media_type for layer in manifest.layers if "image" not in layer.media_type]
        return odd[0] if odd else manifest.media_type
    return manifest.config.media_type
