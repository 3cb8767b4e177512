"""What every kind of source gives: an `Artifact`, and of images the documents and blobs that a registry keeps."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pratique.artifact.selection import Selection
from pratique.errors import DigestMismatch
from pratique.model import Digest, Subject, Tree

if TYPE_CHECKING:
    from pratique.artifact.inflate import Readable
    from pratique.registry.types import Descriptor, Repository

Progress = Callable[[int, int], None]

_CHUNK = 1 << 20


class Artifact(Protocol):
    """Something shipped, opened. Valid until the context of `open_artifact` is left."""

    @property
    def subject(self) -> Subject:
        """What it is; its digest is what every statement about it names."""
        ...

    @property
    def image(self) -> "ImageContents | None":
        """The image as a registry keeps it; None for a folder or a file."""
        ...

    def read_tree(self, selection: Selection, *, cache: Path | None = None, progress: Progress | None = None) -> Tree:
        """All files with their hashes, and whatever else `wants` says.

        `cache`: a folder for what was read; with a cache, layers read
        before are not read again, so their blobs are not verified again: leave it None to verify. `progress(done, total)`:
        stored bytes, called from any thread. Raises Malformed, LimitExceeded, DigestMismatch, Unavailable, StorageError.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """An image's manifest, configuration and blobs.

    `manifest`, `config`: the bytes as received. `digest`: of the manifest. `layers`: the lowest first. `diff_ids`: of their
    uncompressed archives. `index_digest`: of the multi-platform index it was chosen from. `open_blob`: bytes that verify
    their digest and size when read to the end.
    """

    manifest: bytes
    media_type: str
    digest: Digest
    config_descriptor: "Descriptor"
    config: bytes
    layers: "tuple[Descriptor, ...]"
    diff_ids: tuple[Digest, ...]
    open_blob: "Callable[[Descriptor], AbstractContextManager[Readable]]"
    index_digest: Digest | None = None

    def push_to(self, repository: "Repository", *, tag: str | None = None) -> "Descriptor":
        """Copy blobs that are not there, then the manifest, byte for byte. A crash leaves blobs that a second run finds.

        Raises DigestMismatch when what is read is not what the manifest names, Unavailable, StorageError.
        """
        blobs = {descriptor.digest: descriptor for descriptor in (*self.layers, self.config_descriptor)}
        for descriptor in blobs.values():
            if not repository.has_blob(descriptor.digest):
                repository.push_blob(descriptor.digest, descriptor.size, _Pieces(self.open_blob, descriptor))
        pushed = repository.push_manifest(self.manifest, self.media_type, tag=tag)
        if pushed.digest != self.digest:
            raise DigestMismatch(f"pushed {self.digest}, the registry keeps {pushed.digest}")
        return pushed


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A blob in pieces, read anew each time: a busy registry may want it twice."""

    open_blob: "Callable[[Descriptor], AbstractContextManager[Readable]]"
    descriptor: "Descriptor"

    def __iter__(self) -> Iterator[bytes]:
        with self.open_blob(self.descriptor) as stream:
            yield from iter(lambda: stream.read(_CHUNK), b"")
