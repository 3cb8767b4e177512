"""Helm charts in a registry (helm.sh, «Use OCI-based registries»; helm, pkg/registry): written as `helm push` does.

The configuration is the chart's metadata as JSON, the layers are the packed chart and, where there is one, its provenance file. A
tag is the chart's version; `+`, which no tag may hold, is `_` there.
"""

from dataclasses import dataclass
from typing import Any

from pratique.attest.strictjson import dump_json
from pratique.errors import InputError, Malformed
from pratique.model.digest import Digest
from pratique.registry.types import (
    HELM_CHART,
    HELM_CONFIG,
    HELM_PROVENANCE,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    Repository,
    descriptor_to_json,
)

MAX_ARCHIVE_BYTES = 256 << 20
MAX_PROVENANCE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedChart:
    """A chart's archive and its provenance file, b"" where there is none."""

    archive: bytes
    provenance: bytes = b""


def tag_of_version(version: str) -> str:
    """The tag of a chart's version."""
    return version.replace("+", "_")


def push_chart(repository: Repository, chart: PackedChart, metadata: dict[str, Any], tag: str | None) -> Descriptor:
    """Push it under this tag, by default its version. `metadata`: of its Chart.yaml.

    Raises as `Repository.push_manifest` does; doing it twice is doing it once.
    """
    config = dump_json(metadata)
    blobs = [(HELM_CONFIG, config), (HELM_CHART, chart.archive)]
    if chart.provenance:
        blobs.append((HELM_PROVENANCE, chart.provenance))
    rows = []
    for media_type, data in blobs:
        repository.push_blob(Digest.of(data), len(data), [data])
        rows.append(descriptor_to_json(Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))))
    titles = {"title": metadata["name"], "version": metadata["version"], "description": metadata.get("description")}
    notes = {f"org.opencontainers.image.{name}": text for name, text in titles.items() if isinstance(text, str)}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": rows[0],
        "layers": rows[1:],
        "annotations": notes,
    }
    return repository.push_manifest(dump_json(document), OCI_MANIFEST, tag or tag_of_version(str(metadata["version"])))


def pull_chart(repository: Repository, reference: str) -> tuple[Manifest, PackedChart]:
    """The chart that `reference` names, both files verified by their digest. Raises InputError for what is no chart."""
    manifest = repository.fetch_manifest(reference)
    if manifest.is_index or manifest.config.media_type != HELM_CONFIG:
        raise InputError("not a Helm chart", where=repository.name, hint="pratique tree shows what is there")
    archives = [layer for layer in manifest.layers if layer.media_type == HELM_CHART]
    signed = [layer for layer in manifest.layers if layer.media_type == HELM_PROVENANCE]
    if len(archives) != 1 or len(signed) > 1:
        raise Malformed(f"a chart with {len(archives)} archives and {len(signed)} provenance files", where=repository.name)
    provenance = repository.fetch_blob(signed[0], limit=MAX_PROVENANCE_BYTES) if signed else b""
    return manifest, PackedChart(archive=repository.fetch_blob(archives[0], limit=MAX_ARCHIVE_BYTES), provenance=provenance)
