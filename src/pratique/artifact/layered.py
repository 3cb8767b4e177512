"""An image made of layers, wherever its blobs come from: reads the layers side by side and lays them over each other."""

import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.artifact.inflate import Readable
from pratique.artifact.layer import LayerScan, read_layer
from pratique.artifact.limits import Budget, Limits
from pratique.artifact.selection import Chosen, Selection
from pratique.artifact.squash import squash
from pratique.artifact.types import ImageContents, Progress
from pratique.errors import DigestMismatch, Malformed, PratiqueError
from pratique.model import Subject, Tree

if TYPE_CHECKING:
    from pratique.artifact.cache import LayerCache


class LayeredImage:
    """An `Artifact` that is an image."""

    def __init__(self, subject: Subject, image: ImageContents, limits: Limits) -> None:
        self.subject = subject
        self._image = image
        self._limits = limits
        if len(image.layers) != len(image.diff_ids):
            text = f"the manifest has {len(image.layers)} layers, the configuration {len(image.diff_ids)}"
            raise Malformed(text, where=subject.name)

    @property
    def image(self) -> ImageContents:
        """The image as a registry keeps it."""
        return self._image

    def read_tree(self, selection: Selection, *, cache: Path | None = None, progress: Progress | None = None) -> Tree:
        """See `Artifact.read_tree`."""
        store = None
        if cache is not None:
            from pratique.artifact.cache import LayerCache

            store = LayerCache(cache, selection=selection, limits=self._limits)
        indices = range(len(self._image.layers))
        read = self._scan(dict.fromkeys(indices, selection), store, progress)
        scans = [read[index] for index in indices]
        squashed = squash(scans, wanted=selection.keep, limits=self._limits)
        if squashed.missing:
            again = self._scan({index: Chosen(keep=paths.__contains__) for index, paths in squashed.missing.items()}, None, None)
            scans = [_joined(scan, again.get(index)) for index, scan in enumerate(scans)]
            squashed = squash(scans, wanted=selection.keep, limits=self._limits)
        return squashed.tree

    def _scan(
        self, selection: Mapping[int, Selection], store: "LayerCache | None", progress: Progress | None
    ) -> dict[int, LayerScan]:
        """Read these layers side by side. The first that fails stops the others."""
        total = sum(self._image.layers[index].size for index in selection)
        shared = _Shared(budget=Budget(self._limits), meter=_Meter(total, progress), store=store, stop=threading.Event())

        def read(index: int) -> LayerScan:
            try:
                return self._cached(index, selection[index], shared)
            except BaseException:
                shared.stop.set()
                raise

        workers = max(1, min(len(os.sched_getaffinity(0)), len(selection)))
        with ThreadPoolExecutor(workers, thread_name_prefix="pratique-layer") as pool:
            futures = {index: pool.submit(read, index) for index in selection}
            try:
                wait(futures.values())
            except BaseException:  # an interrupt: do not wait for gigabytes
                shared.stop.set()
                raise
        _raise_first(list(futures.values()))
        return {index: future.result() for index, future in futures.items()}

    def _cached(self, index: int, selection: Selection, shared: "_Shared") -> LayerScan:
        layer, store = self._image.layers[index], shared.store
        if store is None:
            return self._read(index, selection, shared)
        kept = store.load(self._image.diff_ids[index], layer.digest)
        if kept is not None:
            names = sum(len(entry.path) + len(entry.target) for entry in kept.entries)
            shared.budget.add_entries(len(kept.entries), names)
            shared.budget.keep(kept.kept_bytes)
            shared.meter.add(layer.size)
            return kept
        scan = self._read(index, selection, shared)
        store.save(scan, layer.digest)
        return scan

    def _read(self, index: int, selection: Selection, shared: "_Shared") -> LayerScan:
        layer, diff_id = self._image.layers[index], self._image.diff_ids[index]
        where = f"layer {index} ({layer.digest.short})"
        try:
            with self._image.open_blob(layer) as stream:
                guarded = _Stoppable(stream, shared.stop)
                scan = read_layer(
                    guarded, selection=selection, limits=self._limits, budget=shared.budget, progress=shared.meter.add
                )
        except PratiqueError as error:
            error.where = error.where or where
            raise
        if scan.diff_id != diff_id:
            raise DigestMismatch(f"comes to {scan.diff_id}, the configuration names diff_id {diff_id}", where=where)
        return scan


class _StoppedError(Exception):
    """Another layer failed: its error is the one to show."""


class _Stoppable:
    def __init__(self, stream: Readable, stop: threading.Event) -> None:
        self._stream = stream
        self._stop = stop

    def read(self, size: int, /) -> bytes:
        if self._stop.is_set():
            raise _StoppedError
        return self._stream.read(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the threads that read the layers of one image have in common."""

    budget: Budget
    meter: "_Meter"
    store: "LayerCache | None"
    stop: threading.Event


class _Meter:
    """Adds up what the threads read."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._lock = threading.Lock()
        self._done = 0
        self._total = total
        self._progress = progress

    def add(self, size: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._done += size
                self._progress(min(self._done, self._total), self._total)


def _raise_first(futures: "list[Future[LayerScan]]") -> None:
    """Of the errors that are not merely "stopped", the lowest layer's."""
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, _StoppedError):
            raise error


def _joined(scan: LayerScan, more: LayerScan | None) -> LayerScan:
    if more is None:
        return scan
    return replace(scan, contents={**scan.contents, **more.contents}, dropped=scan.dropped | more.dropped)
