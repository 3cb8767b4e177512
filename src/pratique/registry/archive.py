"""An OCI archive: a tar of an image layout, as `podman save --format oci-archive` writes it. Read in place, never extracted."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pratique.errors import InputError, NotFound, PratiqueError
from pratique.model.digest import Digest
from pratique.registry.layoutread import LayoutReader, open_regular
from pratique.registry.tarindex import MAX_MEMBERS, index_tar
from pratique.registry.types import BlobLocation, Descriptor


def open_archive(path: Path, *, max_members: int = MAX_MEMBERS) -> "ArchiveLayout":
    """Index the archive at `path` by its headers. Raises NotFound, InputError, Malformed, LimitExceeded."""
    file = open_regular(str(path), str(path))
    try:
        size = os.fstat(file).st_size
        members = index_tar(lambda offset, count: os.pread(file, count, offset), size, max_members=max_members)
    except PratiqueError as error:
        error.where = error.where or str(path)
        raise
    except OSError as error:
        raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
    finally:
        os.close(file)
    archive = ArchiveLayout(path, members)
    archive.check()
    return archive


class ArchiveLayout(LayoutReader):
    """A `Repository` that can only be read. `members`: name → (offset, size) of each file in the tar."""

    kind = "OCI archive"

    def __init__(self, path: Path, members: Mapping[str, tuple[int, int]]) -> None:
        super().__init__(str(path))
        self._members = members

    def _locate(self, member: str) -> BlobLocation:
        found = self._members.get(member)
        if found is None:
            algorithm, _, hex_digits = member.removeprefix("blobs/").partition("/")
            what = f"blob {algorithm}:{hex_digits}" if member.startswith("blobs/") else member
            raise NotFound(f"no {what}", where=self._name)
        return BlobLocation(self._name, *found)

    def _blob_names(self) -> Iterator[str]:
        return (name for name in self._members if name.startswith("blobs/"))

    def file_names(self, prefix: str) -> list[str]:
        """Files whose names begin so, sorted."""
        return sorted(name for name in self._members if name.startswith(prefix))

    def push_blob(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """Refused, unless the blob is there. Raises InputError."""
        if not self.has_blob(digest):
            raise self._refusal()

    def push_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Refused. Raises InputError."""
        raise self._refusal()

    def push_referrers(self, documents: Sequence[bytes], media_type: str) -> list[Descriptor]:
        """Refused. Raises InputError."""
        raise self._refusal()

    def remove_referrer(self, subject: Digest, referrer: Digest) -> None:
        """Refused. Raises InputError."""
        raise self._refusal()

    def _refusal(self) -> InputError:
        return InputError("an archive is not written to", where=self._name, hint="push to oci-dir: or registry:")
