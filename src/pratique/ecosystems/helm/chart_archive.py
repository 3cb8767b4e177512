"""A chart packed inside a chart: `charts/NAME-VERSION.tgz`, read as it passes by (Helm, «Chart Dependencies»).

Of the archive its metadata, values and the images of its templates are kept. Pure; charts inside it are read one level deep.
"""

import json
from typing import Any, cast

from pratique.artifact.content import FileContent
from pratique.artifact.inflate import Readable
from pratique.artifact.layer import What, read_layer
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen, Interest, Probe
from pratique.cataloging.manifests.probe import ManifestProbe
from pratique.ecosystems.helm.places import in_charts

CHART_FILES = frozenset({"Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock", "values.yaml"})
_MAX_PACKED = 4 << 20
_LIMITS = (
    Limits(max_entries=2_000, max_layer_bytes=16 << 20, max_wanted_file_bytes=1 << 20, max_wanted_bytes=4 << 20),
    Limits(max_entries=5_000, max_layer_bytes=64 << 20, max_wanted_file_bytes=1 << 20, max_wanted_bytes=8 << 20),
)


class ChartArchiveProbe:
    """Facts: `{"files": {path: text}, "facts": {path: {probe: facts}}}`, the paths as they are in the archive."""

    name = "chart-archive"
    interest = Interest(endings=frozenset({".tgz"}))

    def __init__(self, depth: int = 1) -> None:
        self._limits = _LIMITS[depth]
        inner: tuple[Probe, ...] = (ManifestProbe(), ChartArchiveProbe(depth - 1)) if depth else (ManifestProbe(),)
        self._wants = Chosen(keep=lambda path: path.rpartition("/")[2] in CHART_FILES, probes=inner)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Packed charts where Helm looks for them."""
        return in_charts(path) and size <= _MAX_PACKED and head[:2] == b"\x1f\x8b"

    def read(self, content: FileContent) -> bytes:
        """See the class. Raises Malformed, LimitExceeded."""
        scan = read_layer(cast(Readable, content.file()), selection=self._wants, limits=self._limits)
        files: dict[str, str] = {}
        facts: dict[str, dict[str, Any]] = {}
        for entry in scan.entries:
            if entry.what is not What.FILE:
                continue
            if self._wants.keep(entry.path) and entry.sha256 in scan.contents:
                files[entry.path] = scan.contents[entry.sha256].decode("utf-8", "replace")
            if entry.sha256 in scan.facts:
                found = scan.facts[entry.sha256]
                facts[entry.path] = {name: json.loads(data) for name, data in found.items()}
        if not files:
            return b""
        return json.dumps({"files": files, "facts": facts}, separators=(",", ":"), sort_keys=True).encode()
