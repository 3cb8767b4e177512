"""Documents on disk by their digest: `documents/sha256/ab/<64 digits>`. What is read is what was named, or an error."""

from pathlib import Path

from pratique.errors import DigestMismatch, InputError, LimitExceeded, NotFound
from pratique.files import sync_directory, write_atomic
from pratique.model import Digest

MAX_DOCUMENT_BYTES = 512 << 20  # a file manifest of a million rows, twice over


class DocumentStore:
    """Documents below one folder. Opens nothing before it is used."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path_of(self, digest: Digest) -> Path:
        """Where the document is, or would be."""
        return self._directory / digest.algorithm / digest.hex[:2] / digest.hex

    def put(self, data: bytes) -> Digest:
        """Keep a document; durable when it returns. One that is there and intact is left alone, a damaged one mended.

        Raises StorageError, LimitExceeded over 512 MiB.
        """
        if len(data) > MAX_DOCUMENT_BYTES:
            raise LimitExceeded(f"document of {len(data)} bytes", hint=f"at most {MAX_DOCUMENT_BYTES}")
        digest = Digest.of(data)
        path = self.path_of(digest)
        if not _holds(path, data):
            made = [folder for folder in (path.parent, path.parent.parent, self._directory) if not folder.exists()]
            write_atomic(path, data)
            for folder in made:
                sync_directory(folder.parent)
        return digest

    def get(self, digest: Digest) -> bytes:
        """The document's bytes. Raises NotFound, InputError when unreadable, DigestMismatch naming the file."""
        if digest.algorithm != "sha256":
            raise NotFound(f"no document {digest}: documents are named by SHA-256", where=str(self._directory))
        path = self.path_of(digest)
        try:
            with path.open("rb") as source:
                data = source.read(MAX_DOCUMENT_BYTES + 1)
        except FileNotFoundError as error:
            raise NotFound(f"no document {digest}", where=str(path)) from error
        except OSError as error:
            raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
        found = Digest.of(data)
        if found != digest:
            raise DigestMismatch(f"the document was changed: its bytes come to {found}", where=str(path))
        return data


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
