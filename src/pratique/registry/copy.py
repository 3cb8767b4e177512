"""Copy an image, or a multi-platform index with all its images, from one repository to another: streaming, byte for byte."""

from pratique.errors import DigestMismatch, LimitExceeded
from pratique.model.digest import Digest
from pratique.registry.types import Descriptor, Manifest, Repository
from pratique.registry.verified import CHUNK

_MAX_DEPTH = 4  # an index of indexes of images is as deep as anybody builds
_MAX_MANIFESTS = 4096


def copy_image(source: Repository, reference: str, destination: Repository, tag: str | None = None) -> Descriptor:
    """Copy what `reference` names, children first, and name it `tag`. Blobs that are there are not read.

    Raises as the two repositories do; what was copied before a failure is found again by the next try.
    """
    return _copy(source, source.fetch_manifest(reference), destination, tag, depth=0, seen=set())


def copy_blob(source: Repository, blob: Descriptor, destination: Repository) -> None:
    """Copy one blob unless it is there. Constant memory."""
    if destination.has_blob(blob.digest):
        return
    with source.open_blob(blob) as stream:
        destination.push_blob(blob.digest, blob.size, iter(lambda: stream.read(CHUNK), b""))


def _copy(
    source: Repository, manifest: Manifest, destination: Repository, tag: str | None, *, depth: int, seen: set[Digest]
) -> Descriptor:
    if depth > _MAX_DEPTH:
        raise LimitExceeded(f"indexes are nested deeper than {_MAX_DEPTH}", where=source.name)
    seen.add(manifest.digest)
    if len(seen) > _MAX_MANIFESTS:
        raise LimitExceeded(f"the index names more than {_MAX_MANIFESTS} manifests", where=source.name)
    for child in manifest.manifests:
        if child.digest not in seen:
            _copy(source, source.fetch_manifest(child.digest), destination, None, depth=depth + 1, seen=seen)
    blobs = manifest.layers if manifest.is_index else (*manifest.layers, manifest.config)
    for blob in {blob.digest: blob for blob in blobs}.values():
        copy_blob(source, blob, destination)
    if manifest.subject is not None:
        pushed = destination.push_referrers([manifest.data], manifest.media_type)[0]
    if manifest.subject is None or tag is not None:
        pushed = destination.push_manifest(manifest.data, manifest.media_type, tag)
    if pushed.digest != manifest.digest:
        raise DigestMismatch(f"copied {manifest.digest}, but it arrived as {pushed.digest}", where=destination.name)
    return pushed
