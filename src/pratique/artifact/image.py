"""An image out of a repository: a registry, an OCI layout in a folder or in an archive (OCI image-spec, manifest.md)."""

from pratique.artifact.config import MAX_CONFIG_BYTES, parse_config
from pratique.artifact.layered import LayeredImage
from pratique.artifact.limits import Limits
from pratique.artifact.platforms import choose, host_platform, same_platform
from pratique.artifact.types import ImageContents
from pratique.errors import InputError, Malformed, NotFound
from pratique.model import ArtifactKind, Digest, Subject
from pratique.registry.types import OCI_CONFIG, OCI_LAYER, Descriptor, Manifest, Repository

_CONFIGS = (OCI_CONFIG, "application/vnd.docker.container.image.v1+json")
_LAYERS = (
    OCI_LAYER,
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
_COMPRESSIONS = ("", "+gzip", "+zstd", ".gzip", ".zstd")
_LAYER_TYPES = frozenset(base + suffix for base in _LAYERS for suffix in _COMPRESSIONS)
_MAX_DEPTH = 4  # of indexes in indexes


def load_image(repository: Repository, reference: str, *, name: str, platform: str | None, limits: Limits) -> LayeredImage:
    """The image that `reference` names, "" for the only one; of an index, the one for `platform` (default: this machine's).

    Raises NotFound, InputError (no container image), Malformed, LimitExceeded, DigestMismatch, Unavailable.
    """
    manifest = repository.fetch_manifest(reference)
    index_digest: Digest | None = None
    for _ in range(_MAX_DEPTH):
        if not manifest.is_index:
            break
        index_digest = index_digest or manifest.digest
        chosen = choose(manifest.manifests, platform or host_platform(), where=name)
        manifest = repository.fetch_manifest(chosen.digest)
    else:
        raise Malformed(f"more than {_MAX_DEPTH} indexes inside each other", where=name)
    config_descriptor = _check_manifest(manifest, name, limits)
    data = repository.fetch_blob(config_descriptor, limit=MAX_CONFIG_BYTES)
    config = parse_config(data, limits)
    if platform is not None and index_digest is None and not same_platform(platform, config.platform):
        raise NotFound(f"no image for {platform}", where=name, hint=f"the only image is for {config.platform}")

    contents = ImageContents(
        manifest=manifest.data,
        media_type=manifest.media_type,
        digest=manifest.digest,
        config_descriptor=config_descriptor,
        config=data,
        layers=tuple(manifest.layers),
        diff_ids=config.diff_ids,
        open_blob=repository.open_blob,
        index_digest=index_digest,
    )
    subject = Subject(
        kind=ArtifactKind.IMAGE,
        name=name,
        digest=manifest.digest,
        platform=config.platform,
        config=config_descriptor.digest,
        created=config.created,
        labels=config.labels,
    )
    return LayeredImage(subject, contents, limits)


def _check_manifest(manifest: Manifest, name: str, limits: Limits) -> Descriptor:
    """The configuration's descriptor, once everything in the manifest is of a known kind."""
    config = manifest.config
    if config.media_type not in _CONFIGS:
        hint = "only container images can be read from a registry or layout"
        raise InputError(
            f"not a container image: its configuration is of type {config.media_type[:120]!r}", where=name, hint=hint
        )
    if len(manifest.layers) > limits.max_layers:
        raise limits.exceeded("max_layers", f"the image has {len(manifest.layers)} layers")
    for layer in manifest.layers:
        if layer.media_type not in _LAYER_TYPES:
            raise Malformed(f"layer {layer.digest.short} is of unknown media type {layer.media_type[:120]!r}", where=name)
    return config
