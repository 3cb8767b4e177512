"""A Helm chart, packed or as a folder, and Kubernetes manifests, as artifacts (Helm, «The Chart File Structure»).

A packed chart is a gzip'd tar like a layer, and is read by the same strict reader; its digest is that of the `.tgz`, which is
what `helm push` and provenance files name. Templates are text here: nothing is ever rendered.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from pratique.artifact.directory import DirectoryArtifact, FileArtifact
from pratique.artifact.inflate import Readable
from pratique.artifact.layer import LayerScan, What, read_layer
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen, Selection
from pratique.artifact.squash import squash
from pratique.artifact.types import Artifact, ImageContents, Progress
from pratique.errors import DigestMismatch, InputError, Malformed
from pratique.files import open_regular, unreadable
from pratique.model import ArtifactKind, Digest, Subject, Tree

CHART_FILE = "Chart.yaml"
_CHART_FILES = Chosen(keep=lambda path: path.count("/") == 1 and path.endswith(f"/{CHART_FILE}"))


def open_chart(location: str, limits: Limits) -> Artifact:
    """The chart at `location`, a folder with a Chart.yaml or a `.tgz`. Raises NotFound, InputError (a folder without one)."""
    path = Path(location)
    if not path.is_dir():
        return ChartArchive(location, limits)
    if not (path / CHART_FILE).is_file():
        raise InputError(f"no Helm chart: the folder has no {CHART_FILE}", where=location, hint="dir:PATH reads any folder")
    return DirectoryArtifact(location, limits, ArtifactKind.CHART)


def open_manifests(location: str, limits: Limits) -> Artifact:
    """The Kubernetes manifests at `location`, a folder or one file."""
    kind = ArtifactKind.MANIFESTS
    if Path(location).is_dir():
        return DirectoryArtifact(location, limits, kind)
    return FileArtifact(location, limits, kind)


def read_chart_file(location: str, limits: Limits) -> tuple[Digest, bytes]:
    """The digest of a packed chart, and its Chart.yaml. Raises NotFound, InputError, Malformed (also for two of them)."""
    chart = ChartArchive(location, limits)
    found = _only_chart_file(chart.read_tree(_CHART_FILES), location)
    return chart.subject.digest, found


def read_chart_stream(stream: Readable, where: str, limits: Limits) -> bytes:
    """The Chart.yaml of a packed chart that is read to its end. Raises Malformed (also for two of them), LimitExceeded."""
    scan = read_layer(stream, selection=_CHART_FILES, limits=limits)
    return _only_chart_file(squash([scan], wanted=_CHART_FILES.keep, limits=limits).tree, where)


def _only_chart_file(tree: Tree, where: str) -> bytes:
    found = list(tree.contents.values())
    if len(found) != 1:
        raise Malformed(f"a packed chart has one {CHART_FILE}, this has {len(found)}", where=where)
    return found[0]


class ChartArchive:
    """An `Artifact` that is a packed chart."""

    def __init__(self, location: str, limits: Limits) -> None:
        self._path = Path(location)
        self._name = location
        self._limits = limits
        self._digest: Digest | None = None

    @property
    def image(self) -> ImageContents | None:
        """A chart is no image."""
        return None

    @property
    def subject(self) -> Subject:
        """Its digest needs the archive read."""
        if self._digest is None:
            self.read_tree(Chosen())
        digest = self._digest or Digest.of(b"")
        return Subject(kind=ArtifactKind.CHART, name=self._name, digest=digest, facts={"digest:covers": "chart archive"})

    def read_tree(self, selection: Selection, *, cache: Path | None = None, progress: Progress | None = None) -> Tree:
        """See `Artifact.read_tree`; nothing is cached."""
        scan = self._scan(selection, progress)
        squashed = squash([scan], wanted=selection.keep, limits=self._limits)
        if not any(path.count("/") == 1 and path.endswith(f"/{CHART_FILE}") for path in squashed.tree.entries):
            raise Malformed(f"no packed Helm chart: it holds no NAME/{CHART_FILE}", where=self._name)
        return replace(squashed.tree, layers=())

    def _scan(self, selection: Selection, progress: Progress | None) -> LayerScan:
        try:
            with open_regular(self._path) as file:
                stream = _Hashed(file)
                scan = read_layer(stream, selection=selection, limits=self._limits)
        except OSError as error:
            raise unreadable(error, self._path) from error
        except Malformed as error:
            error.where = error.where or self._name
            raise
        digest = stream.digest()
        if self._digest is not None and self._digest != digest:
            raise DigestMismatch("the chart changed while it was read", where=self._name)
        self._digest = digest
        if progress is not None:
            progress(stream.size, stream.size)
        # Helm would unpack such a file; a layer's reader takes it for the removal of another.
        if any(entry.what in (What.WHITEOUT, What.OPAQUE) for entry in scan.entries):
            raise Malformed("a name begins with .wh., which no chart needs", where=self._name)
        return scan


class _Hashed:
    """A stream that knows the digest of what went through it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    def digest(self) -> Digest:
        return Digest("sha256:" + self._hash.hexdigest())
