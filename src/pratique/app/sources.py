"""The artifact of a SOURCE, where evidence about it may be, and what it is called."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from pratique.artifact.source import DIGEST
from pratique.model.digest import is_digest

if TYPE_CHECKING:
    from pathlib import Path

    from pratique.artifact.index import Named
    from pratique.artifact.limits import Limits
    from pratique.artifact.source import ArtifactSource
    from pratique.artifact.types import Artifact
    from pratique.registry.types import Descriptor, Manifest, Repository

PLACES = ("registry", "oci-dir", "oci-archive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a source names. Of what is in a registry or layout only manifests were read.

    `target`: what statements about it are about. `indexes`: those that lead to it, the named one first, when an index was named;
    what is said about them is said about it. `platform`: what the index says that it is for. `unreadable`: why no files can be
    read out of it, "" when they can. `manifest`, `repository`: where it is kept as such. `load`: opens it, once.
    """

    source: "ArtifactSource"
    target: "Descriptor"
    load: "Callable[[], Artifact]"
    indexes: "tuple[Manifest, ...]" = ()
    platform: str = ""
    unreadable: str = ""
    manifest: "Manifest | None" = None
    repository: "Repository | None" = None

    @property
    def artifact(self) -> "Artifact":
        """Its content. Raises InputError for what has none that can be read, and what opening it raises."""
        return self.load()

    @property
    def home(self) -> str | None:
        """Where evidence about it lives beside it, and is attached: the registry or layout it is in; None for other sources."""
        return str(self.source) if self.source.scheme in ("registry", "oci-dir") else None

    @property
    def archive(self) -> str | None:
        """The archive it is in, which may hold evidence as well; what is attached afterwards is in the catalog alone."""
        return str(self.source) if self.source.scheme == "oci-archive" else None

    @property
    def file(self) -> "Path | None":
        """The one file that it is, beside which signatures may stand; None for folders, images and what is in a registry."""
        from pathlib import Path

        path = Path(self.source.location)
        return path if self.source.scheme in ("file", "chart", "manifests") and path.is_file() else None

    @property
    def local(self) -> bool:
        """Whether reading all of it needs no network."""
        return self.source.scheme != "registry"

    @property
    def is_image(self) -> bool:
        """Whether it is a container image, by its manifest; local sources other than layouts are whatever they are."""
        from pratique.artifact.index import IMAGE_CONFIGS

        manifest = self.manifest
        return manifest is None or (not manifest.is_index and manifest.config.media_type in IMAGE_CONFIGS)


@contextmanager
def opened(
    source: str, platform: str | None, max_entries: int | None = None, *, say: Callable[[str], None]
) -> "Iterator[Opened]":
    """What a SOURCE argument names; `say` is told how a bare word was understood."""
    with _understood(source, max_entries, say) as (parsed, limits, stack):
        if parsed.scheme in PLACES:
            from pratique.artifact.index import find_named

            repository, reference = _repository(parsed, stack)
            named = find_named(repository, reference, platform=platform, where=parsed.location, limits=limits)
            yield _in_repository(parsed, repository, [named], limits)[0]
        else:
            yield _elsewhere(parsed, platform, limits, stack)


@contextmanager
def opened_all(source: str, max_entries: int | None = None, *, say: Callable[[str], None]) -> "Iterator[tuple[Opened, ...]]":
    """Every image that SOURCE leads to, one for each platform; of what is no index, the one thing that it is."""
    with _understood(source, max_entries, say) as (parsed, limits, stack):
        if parsed.scheme in PLACES:
            from pratique.artifact.index import find_all

            repository, reference = _repository(parsed, stack)
            yield _in_repository(parsed, repository, find_all(repository, reference, where=parsed.location), limits)
        else:
            yield (_elsewhere(parsed, None, limits, stack),)


@contextmanager
def _understood(
    source: str, max_entries: int | None, say: Callable[[str], None]
) -> "Iterator[tuple[ArtifactSource, Limits, ExitStack]]":
    import os

    from pratique.artifact.limits import parse_limits
    from pratique.artifact.source import parse_source, understood

    parsed = parse_source(source)
    if parsed.guessed:
        say(understood(source, parsed))
    limits = parse_limits(os.environ)
    if max_entries is not None:
        limits = replace(limits, max_entries=max_entries)
    with ExitStack() as stack:
        yield parsed, limits, stack


def _repository(source: "ArtifactSource", stack: ExitStack) -> "tuple[Repository, str]":
    from pratique.registry.open import open_repository

    repository, reference = open_repository(str(source))
    stack.callback(repository.close)
    return repository, reference or ""


def _in_repository(
    source: "ArtifactSource", repository: "Repository", named: "Sequence[Named]", limits: "Limits"
) -> tuple[Opened, ...]:
    from pratique.artifact.image import load_named
    from pratique.artifact.index import reason_unreadable

    return tuple(
        Opened(
            source=source,
            target=item.meant.descriptor,
            load=cache(partial(load_named, repository, item, name=source.location, limits=limits)),
            indexes=item.indexes,
            platform=item.platform,
            unreadable=reason_unreadable(item.meant),
            manifest=item.meant,
            repository=repository,
        )
        for item in named
    )


def _elsewhere(source: "ArtifactSource", platform: str | None, limits: "Limits", stack: ExitStack) -> Opened:
    """What is a file, a folder or an engine's; and a digest alone, which names no bytes."""
    from pratique.artifact.open import open_artifact
    from pratique.errors import InputError
    from pratique.model import Digest
    from pratique.registry.types import Descriptor

    if source.scheme == DIGEST:
        if platform is not None:
            raise InputError("a digest alone has no platform", hint=f"say where it is: {source.location}@registry:HOST/NAME")
        target = Descriptor(media_type="application/octet-stream", digest=Digest(source.location), size=0)

        def refuse() -> "Artifact":
            raise InputError("a digest alone names no bytes", hint=f"say where it is: {source.location}@registry:HOST/NAME")

        return Opened(source=source, target=target, load=refuse, unreadable="a digest alone names no bytes")
    artifact = stack.enter_context(open_artifact(source, platform=platform, limits=limits))
    return Opened(source=source, target=target_of(artifact), load=lambda: artifact, platform=artifact.subject.platform)


def target_of(artifact: "Artifact") -> "Descriptor":
    """What signatures of the artifact are about."""
    from pratique.registry.types import Descriptor

    image = artifact.image
    if image is None:
        return Descriptor(media_type="application/octet-stream", digest=artifact.subject.digest, size=0)
    return Descriptor(media_type=image.media_type, digest=image.digest, size=len(image.manifest))


def public_name(place: str) -> str:
    """What documents call an artifact: its place in a registry, or the last part of a path, without its folders."""
    scheme, _, location = place.partition(":")
    if is_digest(place):
        return ""  # it is called nothing: whatever a trust says of names says nothing of it
    if scheme == "registry":
        return location
    return (location if scheme in ("oci-dir", "oci-archive", "docker-archive", "podman", "dir", "file") else place).rpartition(
        "/"
    )[2]
