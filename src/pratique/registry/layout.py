"""An OCI image layout in a folder (image-spec, image-layout.md), read and written.

    oci-layout, index.json, blobs/sha256/<hex>

Blobs become visible by a rename once they are verified; index.json is replaced whole under a lock on the folder, so that
concurrent writers lose nothing. A tag is the annotation org.opencontainers.image.ref.name of an entry. A referrer is listed
in index.json without a name.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pratique.attest.strictjson import dump_json
from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound, StorageError
from pratique.files import open_atomic, storage_error, write_atomic
from pratique.model.digest import Digest, is_digest
from pratique.registry.layoutread import LayoutReader
from pratique.registry.referrers import render_index
from pratique.registry.types import (
    MAX_INDEX_BYTES,
    OCI_INDEX,
    REF_NAME,
    BlobLocation,
    Descriptor,
    Manifest,
    descriptor_to_json,
    fallback_tag,
    is_tag,
    parse_manifest,
)
from pratique.registry.verified import verified_chunks

_MARKER = dump_json({"imageLayoutVersion": "1.0.0"})


def open_layout(path: Path, *, create: bool = False) -> "Layout":
    """The layout in `path`. `create`: make an empty one where there is nothing.

    Raises NotFound, Malformed, StorageError; InputError when `path` is a folder with something else in it.
    """
    layout = Layout(path)
    if create:
        layout.create()
    if not path.is_dir():
        raise NotFound("no such folder", where=str(path))
    layout.check()
    return layout


class Layout(LayoutReader):
    """A `Repository` in a folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def create(self) -> None:
        """Make an empty layout unless there is one. What a killed run left of making one is completed."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            strangers = {entry.name for entry in self._path.iterdir()} - {"oci-layout", "index.json", "blobs"}
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError("a file, not a folder", where=self._name, hint="name another folder") from error
        except OSError as error:
            raise storage_error(error, self._path) from error
        if (self._path / "oci-layout").exists() and (self._path / "index.json").exists():
            return
        strangers = {name for name in strangers if not name.startswith((".oci-layout.", ".index.json."))}
        if strangers:
            raise InputError("a folder that is no OCI layout and not empty", where=self._name, hint="name another folder")
        with self._locked():
            # The marker last: a folder without it is no layout yet.
            if not (self._path / "index.json").exists():
                self._write_index({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
            write_atomic(self._path / "oci-layout", _MARKER)

    def push_blob(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """See `Repository`. A file of that name with another size is replaced: it cannot be the blob."""
        try:
            if self.blob_location(digest).size == size:
                return
        except NotFound:
            pass
        with open_atomic(self._blob_path(digest)) as out:
            for chunk in verified_chunks(chunks, digest, size, self._name):
                out.write(chunk)

    def push_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """See `Repository`."""
        manifest = parse_manifest(data, media_type=media_type, where=self._name)
        if tag is not None and is_digest(tag):
            if tag != manifest.digest:
                raise DigestMismatch(f"the manifest is {manifest.digest}, not {tag}", where=self._name)
            tag = None
        if tag is not None and not is_tag(tag):
            raise InputError(f"not a tag: {tag[:80]!r}", where=self._name)
        self._push_document(manifest.digest, data)
        self._update(lambda entries: _listed(entries, manifest, tag, self._keeps))
        return manifest.descriptor

    def push_referrers(self, documents: Sequence[bytes], media_type: str) -> list[Descriptor]:
        """See `Repository`: a layout lists every manifest it was given."""
        return [self.push_manifest(data, media_type) for data in documents]

    def remove_referrer(self, subject: Digest, referrer: Digest) -> None:
        """See `Repository`. Its entry goes, the blobs stay; a list under the fallback tag is written again without it."""
        tag = fallback_tag(subject)
        listed = [item for entry in self._index() if entry.annotations.get(REF_NAME) == tag for item in self._items(entry)]
        if any(item.digest == referrer for item in listed):
            kept = [item for item in listed if item.digest != referrer]
            self.push_manifest(render_index(kept), OCI_INDEX, tag)
        self._update(lambda entries: [entry for entry in entries if entry["digest"] != referrer])

    def _items(self, entry: Descriptor) -> Sequence[Descriptor]:
        return self.fetch_manifest(entry.digest).manifests if entry.media_type == OCI_INDEX else ()

    def _push_document(self, digest: Digest, data: bytes) -> None:
        """A manifest is small enough to be compared with what is there; one that was altered is made whole again."""
        try:
            if self._read(f"blobs/{digest.algorithm}/{digest.hex}", len(data)) == data:
                return
        except (NotFound, LimitExceeded):
            pass
        write_atomic(self._blob_path(digest), data)

    def _keeps(self, digest: str) -> bool:
        """Whether an entry keeps its place without a name: it is a referrer, or cannot be read to say what it is."""
        try:
            return self.fetch_manifest(digest).subject is not None
        except (NotFound, DigestMismatch, Malformed):
            return True

    def _locate(self, member: str) -> BlobLocation:
        path = self._path / member
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            missing = f"no blob {path.parent.name}:{path.name}" if member.startswith("blobs/") else f"no {member}"
            raise NotFound(missing, where=self._name) from error
        except OSError as error:
            raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
        return BlobLocation(str(path), 0, status.st_size)

    def _blob_names(self) -> Iterator[str]:
        try:
            for folder in (self._path / "blobs").iterdir():
                if folder.is_dir():
                    yield from (f"blobs/{folder.name}/{entry.name}" for entry in folder.iterdir())
        except OSError as error:
            raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=f"{self._name}/blobs") from error

    def _blob_path(self, digest: Digest) -> Path:
        checked = Digest.parse(digest)
        return self._path / "blobs" / checked.algorithm / checked.hex

    def _update(self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        with self._locked():
            document = self._document()
            entries = change(list(document["manifests"]))
            if entries != document["manifests"]:
                self._write_index({**document, "manifests": entries})

    def _write_index(self, document: dict[str, Any]) -> None:
        data = dump_json(document)
        if len(data) > MAX_INDEX_BYTES:
            raise LimitExceeded(f"index.json would have more than {MAX_INDEX_BYTES} bytes", where=self._name)
        write_atomic(self._path / "index.json", data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all who update this layout, threads too: each locks a file description of its own."""
        try:
            folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise storage_error(error, self._path) from error
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
            except OSError as error:
                raise StorageError("cannot lock the folder", where=self._name) from error
            yield
        finally:
            os.close(folder)


def _listed(
    entries: list[dict[str, Any]], manifest: Manifest, tag: str | None, keeps: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """The entries after `manifest` was added: named `tag`, or without a name unless it is listed already.

    Whatever had the tag loses it and is dropped, unless it `keeps` its place. Parts of an index need no entry of their own.
    """
    parts = {str(child.digest) for child in manifest.manifests}
    out = []
    there = False
    for entry in entries:
        name = (entry.get("annotations") or {}).get(REF_NAME)
        same = entry["digest"] == manifest.digest
        if same and (name == tag or (name and tag is None)):
            there = True
            out.append(entry)
        elif same and not name:
            continue  # it gets the name
        elif tag is not None and name == tag:
            if keeps(entry["digest"]):
                out.append(_without_name(entry))
        elif not name and entry["digest"] in parts and not keeps(entry["digest"]):
            continue
        else:
            out.append(entry)
    if not there:
        out.append(_entry(manifest, tag))
    return out


def _entry(manifest: Manifest, tag: str | None) -> dict[str, Any]:
    descriptor = Descriptor(
        media_type=manifest.media_type,
        digest=manifest.digest,
        size=len(manifest.data),
        artifact_type=str(manifest.document.get("artifactType") or ""),
        annotations={REF_NAME: tag} if tag else {},
    )
    return descriptor_to_json(descriptor)


def _without_name(entry: dict[str, Any]) -> dict[str, Any]:
    notes = {name: text for name, text in entry["annotations"].items() if name != REF_NAME}
    rest = {name: value for name, value in entry.items() if name != "annotations"}
    return {**rest, **({"annotations": notes} if notes else {})}
