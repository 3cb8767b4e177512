"""From a reference to the manifest that is meant: what it names and, of a multi-platform index, the image for one platform.

Only manifests are read. Whatever an index lists may be hostile: how deep indexes lie in each other and how many are fetched is
limited, none is fetched twice, and an index that lists an image as an index, or the other way round, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pratique.artifact.config import MAX_CONFIG_BYTES, parse_config
from pratique.artifact.limits import Limits
from pratique.artifact.platforms import (
    Listed,
    Platform,
    check_unambiguous,
    choose,
    host_platform,
    is_aside,
    is_attestation,
    parse_platform,
    platform_of,
    same_platform,
)
from pratique.errors import InputError, LimitExceeded, Malformed, NotFound
from pratique.registry.types import (
    DOCKER_CONFIG,
    IMAGE_TYPES,
    INDEX_TYPES,
    OCI_CONFIG,
    OCI_LAYER,
    Descriptor,
    Manifest,
    Repository,
)

IMAGE_CONFIGS = (OCI_CONFIG, DOCKER_CONFIG)
_LAYERS = (
    OCI_LAYER,
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
_COMPRESSIONS = ("", "+gzip", "+zstd", ".gzip", ".zstd")
LAYER_TYPES = frozenset(base + suffix for base in _LAYERS for suffix in _COMPRESSIONS)

MAX_DEPTH = 4  # of indexes in indexes
MAX_INDEXES = 64  # that one index may lead to
MAX_IMAGES = 1_000  # that are asked about one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a reference names. `chain`: the named manifest first, then what is meant of it, each listed by the one before.

    `platform`: what the index says that the meant one is for, of a single image what it says itself when that was asked for; ""
    where there was nothing to choose.
    """

    chain: tuple[Manifest, ...]
    platform: str = ""

    @property
    def meant(self) -> Manifest:
        """The last of the chain: what statements about the artifact itself are about."""
        return self.chain[-1]

    @property
    def indexes(self) -> tuple[Manifest, ...]:
        """Those that lead to it, the named one first; none when it was named itself."""
        return self.chain[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    """An image that an index leads to."""

    listed: Listed
    descriptor: Descriptor
    indexes: tuple[Manifest, ...]


def find_named(repository: Repository, reference: str, *, platform: str | None, where: str, limits: Limits) -> Named:
    """What `reference` names, "" for the only one; of an index the image for `platform`, by default this machine's.

    An index that names no platform, and holds more than one thing, is meant as a whole unless a platform is asked for. Raises
    NotFound, InputError (also for an ambiguous index), Malformed, LimitExceeded, DigestMismatch, Unavailable.
    """
    named = repository.fetch_manifest(reference)
    if not named.is_index:
        checked = "" if platform is None else _check_platform(repository, named, platform, where, limits)
        return Named(chain=(named,), platform=checked)
    children = _children(repository, named, where)
    images = [child.listed for child in children if not is_attestation(child.listed.platform)]
    nameless = all(item.platform is None for item in images)
    if platform is None and nameless and len({item.digest for item in images if not item.aside}) != 1:
        return Named(chain=(named,))
    chosen = choose([child.listed for child in children], platform or host_platform(), where=where)
    child = next(child for child in children if child.listed is chosen)
    found = _fetch(repository, child, where)
    if chosen.platform is None and platform is not None:
        return replace(found, platform=_check_platform(repository, found.meant, platform, where, limits))
    return found


def find_all(repository: Repository, reference: str, *, where: str) -> list[Named]:
    """Every image that `reference` leads to, one for each platform; what is no index, or an index without images, is one.

    Raises as `find_named` does; InputError when a platform has two images, LimitExceeded for more than MAX_IMAGES.
    """
    named = repository.fetch_manifest(reference)
    if not named.is_index:
        return [Named(chain=(named,))]
    children = [child for child in _children(repository, named, where) if not is_attestation(child.listed.platform)]
    check_unambiguous([child.listed for child in children], where=where)
    # The same image twice is one, by the name that says more.
    children.sort(key=lambda child: child.listed.platform is None)
    unique = {(child.listed.digest, child.listed.platform): child for child in children}
    spoken_for = {digest for digest, platform in unique if platform is not None}
    children = [item for (digest, platform), item in unique.items() if platform is not None or digest not in spoken_for]
    if len(children) > MAX_IMAGES:
        raise LimitExceeded(f"the index leads to {len(children)} images, at most {MAX_IMAGES} are asked about", where=where)
    return [_fetch(repository, child, where) for child in children] or [Named(chain=(named,))]


def reason_unreadable(manifest: Manifest) -> str:
    """Why there are no files to be read out of it, by its media types alone; "" for a container image."""
    if manifest.is_index:
        return "an index, of which no image was chosen"
    kind = manifest.config.media_type
    if kind not in IMAGE_CONFIGS:
        return f"not a container image: its configuration is of type {kind[:120]!r}"
    for layer in manifest.layers:
        if layer.media_type not in LAYER_TYPES:
            return f"layer {layer.digest.short} is of unknown media type {layer.media_type[:120]!r}"
    return ""


def _children(repository: Repository, index: Manifest, where: str) -> list[_Child]:
    """The images of an index and of the indexes in it. What is neither image nor index is passed over, as engines do."""
    seen = {index.digest}

    def walk(indexes: tuple[Manifest, ...], inherited: Platform | None) -> Iterator[_Child]:
        for item in indexes[-1].manifests:
            platform = platform_of(item.platform) or inherited
            if item.media_type in INDEX_TYPES:
                if item.digest in seen:
                    continue
                if len(indexes) >= MAX_DEPTH or len(seen) >= MAX_INDEXES:
                    raise LimitExceeded(f"more than {MAX_DEPTH} indexes inside each other, or {MAX_INDEXES} in all", where=where)
                seen.add(item.digest)
                nested = repository.fetch_manifest(item.digest)
                if not nested.is_index:
                    raise Malformed(f"{item.digest.short} is listed as an index and is none", where=where)
                yield from walk((*indexes, nested), platform)
            elif item.media_type in IMAGE_TYPES:
                listed = Listed(item.digest, platform, is_aside(item.annotations))
                yield _Child(listed=listed, descriptor=item, indexes=indexes)

    return list(walk((index,), None))


def _fetch(repository: Repository, child: _Child, where: str) -> Named:
    manifest = repository.fetch_manifest(child.descriptor.digest)
    if manifest.is_index:
        raise Malformed(f"{manifest.digest.short} is listed as an image and is an index", where=where)
    if child.descriptor.size != len(manifest.data):
        raise Malformed(f"{manifest.digest.short} is listed with a size that it does not have", where=where)
    return Named(chain=(*child.indexes, manifest), platform=str(child.listed.platform or ""))


def _check_platform(repository: Repository, manifest: Manifest, platform: str, where: str, limits: Limits) -> str:
    """The platform of a single image, which is the one asked for. Raises NotFound, InputError for what has none."""
    if manifest.config.media_type not in IMAGE_CONFIGS:
        raise InputError("it has no platform: it is no container image", where=where, hint="leave out --platform")
    own = parse_config(repository.fetch_blob(manifest.config, limit=MAX_CONFIG_BYTES), limits).platform
    if not same_platform(platform, own):
        raise NotFound(f"no image for {platform}", where=where, hint=f"the only image is for {own}")
    return str(parse_platform(own))
