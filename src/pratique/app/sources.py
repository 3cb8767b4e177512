"""The artifact of a SOURCE, where evidence about it may be, and what it is called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pratique.artifact.source import ArtifactSource
    from pratique.artifact.types import Artifact


@dataclass(frozen=True, slots=True)
class Opened:
    """An artifact and the source it came from."""

    artifact: "Artifact"
    source: "ArtifactSource"

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


@contextmanager
def opened(
    source: str, platform: str | None, max_entries: int | None = None, *, say: Callable[[str], None]
) -> "Iterator[Opened]":
    """The artifact of a SOURCE argument; `say` is told how a bare word was understood."""
    import os

    from pratique.artifact.limits import parse_limits
    from pratique.artifact.open import open_artifact
    from pratique.artifact.source import parse_source

    parsed = parse_source(source)
    if parsed.guessed:
        say(f"reading {source} as {parsed.scheme}:{parsed.location}")
    limits = parse_limits(os.environ)
    if max_entries is not None:
        limits = replace(limits, max_entries=max_entries)
    with open_artifact(parsed, platform=platform, limits=limits) as artifact:
        yield Opened(artifact, parsed)


def public_name(place: str) -> str:
    """What documents call an artifact: its place in a registry, or the last part of a path, without its folders."""
    scheme, _, location = place.partition(":")
    if scheme == "registry":
        return location
    return (location if scheme in ("oci-dir", "oci-archive", "docker-archive", "podman", "dir", "file") else place).rpartition(
        "/"
    )[2]
