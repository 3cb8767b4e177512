"""The one file manifest that somebody who may signed: what a workload is held to."""

import time
from typing import TYPE_CHECKING

from pratique.app.gather import collect_from_home
from pratique.app.home import Home
from pratique.model import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from pratique.evidence.collected import Collection
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.model import FileManifest
    from pratique.runtime.config import Unverified
    from pratique.runtime.workloads import RunningContainer


def verified_manifest(
    home: Home, workload: "RunningContainer", trust_anchors: "Callable[[], TrustAnchors]", origin: str, directory: str | None
) -> "FileManifest | Unverified":
    """The manifest of the workload's image that enough of those who may have signed, or why there is none.

    `trust_anchors`: asked for each workload anew, for an agent runs for months: who is trusted changes, and a trust expires.
    """
    from pratique.errors import PratiqueError
    from pratique.evidence.appraise import trusted_manifest
    from pratique.registry.types import Descriptor
    from pratique.runtime.config import Unverified

    if workload.image is None:
        return Unverified(cause=Cause.ABSENT, detail="the engine knows no digest of its image")
    try:
        believed = trust_anchors()
    except PratiqueError as error:  # nobody can say who is believed: no manifest is
        return Unverified(cause=Cause.UNREACHABLE, detail=str(error))
    collection = _collect(home, workload, origin, directory)
    if collection.cause is not Cause.NONE:
        return Unverified(cause=collection.cause, detail=collection.detail)
    target = Descriptor(media_type="", digest=workload.image, size=0)
    manifest, cause, detail = trusted_manifest(target, workload.image_name, collection, believed, now=int(time.time()))
    return manifest if manifest is not None else Unverified(cause=cause, detail=detail)


def _collect(home: Home, workload: "RunningContainer", origin: str, directory: str | None) -> "Collection":
    from pratique.evidence.collect import collect_from_repository
    from pratique.registry.open import open_repository

    assert workload.image is not None  # noqa: S101  (the caller has looked)
    if origin == "catalog":
        return collect_from_home(home, workload.image)
    place = f"oci-dir:{directory}" if origin == "dir" else f"registry:{workload.image_name.partition('@')[0]}"
    repository, _ = open_repository(place)
    return collect_from_repository(repository, workload.image)
