"""An image out of a repository: a registry, an OCI layout in a folder or in an archive (OCI image-spec, manifest.md)."""

from pratique.artifact.config import MAX_CONFIG_BYTES, parse_config
from pratique.artifact.index import IMAGE_CONFIGS, LAYER_TYPES, Named, find_named
from pratique.artifact.layered import LayeredImage
from pratique.artifact.limits import Limits
from pratique.artifact.types import ImageContents
from pratique.errors import InputError, Malformed
from pratique.model import ArtifactKind, Subject
from pratique.registry.types import Descriptor, Manifest, Repository


def load_image(repository: Repository, reference: str, *, name: str, platform: str | None, limits: Limits) -> LayeredImage:
    """The image that `reference` names, "" for the only one; of an index, the one for `platform` (default: this machine's).

    Raises NotFound, InputError (no container image), Malformed, LimitExceeded, DigestMismatch, Unavailable.
    """
    named = find_named(repository, reference, platform=platform, where=name, limits=limits)
    return load_named(repository, named, name=name, limits=limits)


def load_named(repository: Repository, named: Named, *, name: str, limits: Limits) -> LayeredImage:
    """The image that was meant. Raises as `load_image` does."""
    manifest = named.meant
    config_descriptor = _check_manifest(manifest, name, limits)
    data = repository.fetch_blob(config_descriptor, limit=MAX_CONFIG_BYTES)
    config = parse_config(data, limits)
    contents = ImageContents(
        manifest=manifest.data,
        media_type=manifest.media_type,
        digest=manifest.digest,
        config_descriptor=config_descriptor,
        config=data,
        layers=tuple(manifest.layers),
        diff_ids=config.diff_ids,
        open_blob=repository.open_blob,
        index_digest=named.indexes[0].digest if named.indexes else None,
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
    if manifest.is_index:
        hint = "choose one by its digest, or with --platform"
        raise InputError("an index that names no platform: there is no image to read", where=name, hint=hint)
    config = manifest.config
    if config.media_type not in IMAGE_CONFIGS:
        hint = "only container images are read from a registry or layout; to sign or verify it needs no reading"
        raise InputError(
            f"not a container image: its configuration is of type {config.media_type[:120]!r}", where=name, hint=hint
        )
    if len(manifest.layers) > limits.max_layers:
        raise limits.exceeded("max_layers", f"the image has {len(manifest.layers)} layers")
    for layer in manifest.layers:
        if layer.media_type not in LAYER_TYPES:
            raise Malformed(f"layer {layer.digest.short} is of unknown media type {layer.media_type[:120]!r}", where=name)
    return config
