"""Open what a source names. The one place that knows which kind of source is read by which module."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pratique.artifact.limits import Limits, parse_limits
from pratique.artifact.source import ArtifactSource
from pratique.artifact.types import Artifact
from pratique.errors import InputError


@contextmanager
def open_artifact(source: ArtifactSource, *, platform: str | None = None, limits: Limits | None = None) -> Iterator[Artifact]:
    """The artifact, valid until the context is left. `limits`: by default those of the environment (`PRATIQUE_LIMITS`).

    `platform`: `os/architecture[/variant]`, for images. Raises NotFound, InputError, Malformed, LimitExceeded,
    DigestMismatch, Unavailable.
    """
    limits = limits or parse_limits(os.environ)
    if platform is not None:
        from pratique.artifact.platforms import parse_platform

        parse_platform(platform)
    scheme, location = source.scheme, source.location
    if scheme in ("dir", "file", "chart", "manifests"):
        if platform is not None:
            raise InputError(f"{scheme}: has no platform", hint="leave out --platform")
        yield _local(scheme, location, limits)
    elif scheme == "docker-archive":
        from pratique.artifact.docker_archive import open_docker_archive

        with open_docker_archive(location, platform=platform, limits=limits) as image:
            yield image
    elif scheme in ("podman", "containerd"):
        from pratique.artifact.engine import saved_by_containerd, saved_by_podman

        save = saved_by_podman if scheme == "podman" else saved_by_containerd
        with save(location) as archive, _from_repository(f"oci-archive:{archive}", location, platform, limits) as image:
            yield image
    elif scheme == "docker":
        from pratique.artifact.docker_archive import open_docker_archive
        from pratique.artifact.engine import saved_by_docker

        with (
            saved_by_docker(location) as archive,
            open_docker_archive(str(archive), platform=platform, limits=limits, name=location) as image,
        ):
            yield image
    elif scheme in ("registry", "oci-dir", "oci-archive"):
        with _from_repository(f"{scheme}:{location}", location, platform, limits) as image:
            yield image
    else:
        raise InputError(f"no source of kind {scheme!r}")


def _local(scheme: str, location: str, limits: Limits) -> Artifact:
    from pratique.artifact.directory import DirectoryArtifact, FileArtifact

    if scheme in ("chart", "manifests"):
        from pratique.artifact.chart import open_chart, open_manifests

        return open_chart(location, limits) if scheme == "chart" else open_manifests(location, limits)
    return DirectoryArtifact(location, limits) if scheme == "dir" else FileArtifact(location, limits)


@contextmanager
def _from_repository(place: str, name: str, platform: str | None, limits: Limits) -> Iterator[Artifact]:
    from pratique.artifact.image import load_image
    from pratique.registry.open import open_repository

    repository, reference = open_repository(place)
    try:
        yield load_image(repository, reference or "", name=name, platform=platform, limits=limits)
    finally:
        repository.close()
