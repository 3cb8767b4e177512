"""The archive `docker save` writes: a tar that holds `manifest.json`, configurations, and each layer as a tar.

It has no OCI manifest, so one is made: the same archive gives the same manifest, whose layers are the plain tars that
the configuration names by their diff_ids. What is read is verified against those.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pratique.artifact.config import MAX_CONFIG_BYTES, parse_config
from pratique.artifact.layered import LayeredImage
from pratique.artifact.limits import Limits
from pratique.artifact.members import MemberPlace, TarArchive, Verified
from pratique.artifact.platforms import same_platform
from pratique.artifact.types import ImageContents
from pratique.errors import DigestMismatch, InputError, Malformed, NotFound
from pratique.model import ArtifactKind, Digest, Subject
from pratique.registry.types import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor

_MAX_MANIFEST_BYTES = 8 << 20


class _Entry(msgspec.Struct):
    """One image in `manifest.json`."""

    config: str = msgspec.field(name="Config")
    layers: list[str] | None = msgspec.field(name="Layers", default=None)
    tags: list[str] | None = msgspec.field(name="RepoTags", default=None)


@contextmanager
def open_docker_archive(
    location: str, *, platform: str | None, limits: Limits, name: str | None = None
) -> Iterator[LayeredImage]:
    """The image in the archive at `location`, which is `PATH` or `PATH:TAG`; the tag chooses among several images.

    `name`: what to call it, where the archive is only a stop on its way.

    Raises NotFound, InputError (several images), Malformed, LimitExceeded, DigestMismatch.
    """
    path, tag = split_location(location)
    with TarArchive.open(path, limits) as archive:
        entry = _choose(_read_manifest(archive), tag, location)
        data = archive.read(entry.config, MAX_CONFIG_BYTES)
        digest = Digest.of(data)
        _check_config_name(entry.config, digest)
        config = parse_config(data, limits)
        if platform is not None and not same_platform(platform, config.platform):
            raise NotFound(f"no image for {platform}", where=location, hint=f"the image is for {config.platform}")
        names = entry.layers or []
        if len(names) != len(config.diff_ids):
            raise Malformed(f"manifest.json has {len(names)} layers, the configuration {len(config.diff_ids)}", where=location)
        places = {diff_id: archive.find(name) for name, diff_id in zip(names, config.diff_ids, strict=True)}
        image = _image(archive, places, data, digest, config.diff_ids)
        subject = Subject(
            kind=ArtifactKind.IMAGE,
            name=name or location,
            digest=image.digest,
            platform=config.platform,
            config=digest,
            created=config.created,
            labels=config.labels,
        )
        yield LayeredImage(subject, image, limits)


def split_location(location: str) -> tuple[Path, str]:
    """The longest path that exists, and the tag after the colon behind it. A path that does not exist stays whole."""
    if not Path(location).exists():
        for index in range(len(location) - 1, 0, -1):
            if location[index] == ":" and Path(location[:index]).is_file():
                return Path(location[:index]), location[index + 1 :]
    return Path(location), ""


def _read_manifest(archive: TarArchive) -> list[_Entry]:
    try:
        return msgspec.json.decode(archive.read("manifest.json", _MAX_MANIFEST_BYTES), type=list[_Entry])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"manifest.json is not what docker save writes: {error}") from error


def _choose(entries: list[_Entry], tag: str, location: str) -> _Entry:
    names = [name for entry in entries for name in entry.tags or []]
    if tag:
        found = [entry for entry in entries if any(_names(name, tag) for name in entry.tags or [])]
        if len(found) == 1:
            return found[0]
        what = "several images" if found else "no image"
        raise NotFound(f"{what} of the name {tag!r}", where=location, hint=f"it holds {', '.join(names) or 'no names'}")
    if len(entries) == 1:
        return entries[0]
    hint = f"name one, as in {location}:{names[0]}" if names else None
    raise InputError(f"holds {len(entries)} images: {', '.join(names)}", where=location, hint=hint)


def _names(name: str, tag: str) -> bool:
    """Whether `tag` means the image `name` (HOST/NAME:TAG): all of it, without docker.io's prefix, or only the tag."""
    short = name.removeprefix("docker.io/").removeprefix("library/")
    return tag in (name, short, name.rpartition(":")[2])


def _check_config_name(name: str, digest: Digest) -> None:
    """Engines name the configuration by its digest; then it must be that."""
    stated = name.removeprefix("./").removeprefix("blobs/sha256/").removesuffix(".json")
    if len(stated) == 64 and stated != digest.hex:
        raise DigestMismatch(f"the configuration {name} has digest {digest}")


def _image(
    archive: TarArchive, places: Mapping[Digest, MemberPlace], config: bytes, config_digest: Digest, diff_ids: tuple[Digest, ...]
) -> ImageContents:
    sizes = {diff_id: archive.inflated_size(place) for diff_id, place in places.items()}
    layers = tuple(Descriptor(media_type=OCI_LAYER, digest=diff_id, size=sizes[diff_id]) for diff_id in diff_ids)
    config_descriptor = Descriptor(media_type=OCI_CONFIG, digest=config_digest, size=len(config))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": str(config_digest), "size": len(config)},
        "layers": [{"mediaType": OCI_LAYER, "digest": str(layer.digest), "size": layer.size} for layer in layers],
    }
    manifest = msgspec.json.encode(document)

    @contextmanager
    def open_blob(descriptor: Descriptor) -> Iterator[Verified]:
        if descriptor.digest == config_digest:
            yield Verified.of_bytes(config, descriptor.digest)
        elif descriptor.digest in places:
            with archive.inflated(places[descriptor.digest]) as chunks:
                yield Verified(chunks, digest=descriptor.digest, size=descriptor.size)
        else:
            raise NotFound(f"no blob {descriptor.digest} in the archive")

    return ImageContents(
        manifest=manifest,
        media_type=OCI_MANIFEST,
        digest=Digest.of(manifest),
        config_descriptor=config_descriptor,
        config=config,
        layers=layers,
        diff_ids=diff_ids,
        open_blob=open_blob,
    )
