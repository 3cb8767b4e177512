"""Reading an OCI image layout (image-spec, image-layout.md), whether a folder holds it or a tar of that folder.

Files are found by name and read at an offset, never extracted. Symbolic links in a folder are followed, as builders make
such layouts: bytes are believed for their digest, not for their place. Only regular files are read.
"""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound, SizeMismatch
from pratique.model.digest import Digest, is_digest
from pratique.registry.saved import UNLISTED, has_kinds, is_evidence, is_evidence_tag, tags_by_kind
from pratique.registry.types import (
    MANIFEST_TYPES,
    MAX_INDEX_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_INDEX,
    REF_NAME,
    BinaryReader,
    BlobLocation,
    Descriptor,
    Manifest,
    descriptor_from_json,
    digest_of,
    fallback_tag,
    parse_manifest,
)
from pratique.registry.verified import CHUNK, VerifiedReader

_MARKER_BYTES = 4096
_MAX_STATED = 1_000  # signatures of one image that are looked at to find which image it is


class _Referring(NamedTuple):
    """A manifest and what it refers to."""

    digest: Digest
    subject: Digest


class LayoutReader(ABC):
    """The reading half of a `Repository` over a layout. Holds nothing open between calls."""

    kind = "OCI layout"

    def __init__(self, name: str) -> None:
        self._name = name
        self._subjects: dict[str, _Referring | None] = {}  # by the blob's name, so what stands here never changes

    @property
    def name(self) -> str:
        """The path it was opened by."""
        return self._name

    @abstractmethod
    def _locate(self, member: str) -> BlobLocation:
        """Where a file of the layout lies. Raises NotFound, Malformed, InputError."""

    @abstractmethod
    def _blob_names(self) -> Iterator[str]:
        """Every file below `blobs/`, as `blobs/ALGORITHM/HEX`, and whatever else lies there."""

    def check(self) -> None:
        """That this is a layout of a version we read. Raises InputError, Malformed."""
        from pratique.attest.strictjson import load_json

        try:
            data = self._read("oci-layout", _MARKER_BYTES)
        except NotFound as error:
            raise InputError(f"not an {self.kind}: it has no oci-layout", where=self._name) from error
        marker = load_json(data, what=f"{self._name}: oci-layout", max_size=_MARKER_BYTES, max_depth=4)
        version = marker.get("imageLayoutVersion") if isinstance(marker, dict) else None
        if not isinstance(version, str) or not version.startswith("1."):
            raise Malformed("an OCI layout of another version", where=self._name, hint="version 1.0.0 is read")

    def fetch_manifest(self, reference: str) -> Manifest:
        """See `Repository`. An empty reference is the only image in the layout."""
        entry = self._entry(reference)
        data = self._read(_blob_name(entry.digest), MAX_MANIFEST_BYTES)
        where = f"{self._name}: blob {entry.digest}"
        manifest = parse_manifest(data, media_type=entry.media_type, digest=entry.digest, where=where)
        if entry.size not in (-1, len(data)):
            raise DigestMismatch(f"the manifest has {len(data)} bytes, index.json says {entry.size}", where=where)
        return manifest

    def resolve(self, reference: str) -> Digest:
        """See `Repository`."""
        entry = self._entry(reference)
        self._locate(_blob_name(entry.digest))
        return entry.digest

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryReader]:
        """See `Repository`."""
        where = f"{self._name}: blob {descriptor.digest}"
        location = self._locate(_blob_name(descriptor.digest))
        if location.size != descriptor.size:
            raise SizeMismatch(f"it has {location.size} bytes, not {descriptor.size}", where=where)
        with _opened(location, self._name) as file:
            position = location.offset
            end = location.offset + location.size

            def source(size: int) -> bytes:
                nonlocal position
                data = _pread(file, min(size, end - position), position, where)
                position += len(data)
                return data

            yield VerifiedReader(source, descriptor.digest, descriptor.size, where)

    def fetch_blob(self, descriptor: Descriptor, *, limit: int) -> bytes:
        """See `Repository`."""
        if descriptor.size > limit:
            raise LimitExceeded(f"{descriptor.digest} has {descriptor.size} bytes, more than {limit}", where=self._name)
        with self.open_blob(descriptor) as stream:
            return stream.read()

    def has_blob(self, digest: Digest) -> bool:
        """See `Repository`."""
        try:
            self.blob_location(digest)
        except NotFound:
            return False
        return True

    def blob_location(self, digest: Digest) -> BlobLocation:
        """Where the blob lies, so that it can be mapped. Nothing about its bytes is verified. Raises NotFound."""
        return self._locate(_blob_name(digest))

    def list_referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        """See `Repository`. Every listed manifest is read, so one that was altered is found here.

        In a layout that cosign saved nothing lists them: there every blob is read that is small enough for a manifest.
        """
        entries = self._entries()
        found = self._listed_referrers(entries, digest)
        if has_kinds(entries):
            tags_by_kind(entries, self._stated, where=self._name)  # what is there and cannot be placed is said
            found |= {item.digest: item for item in self._lying(digest, strict=True) if item.digest not in found}
        return [item for item in found.values() if artifact_type is None or item.artifact_type == artifact_type]

    def list_unlisted(self, digest: Digest) -> list[Descriptor]:
        """Manifests that lie in the layout, refer to `digest`, and are no evidence here because nothing lists them.

        Either they were deleted, which leaves the blob, or a tool wrote them that this program does not know.
        """
        entries = self._entries()
        if has_kinds(entries):
            return []
        listed = self._listed_referrers(entries, digest)
        return [item for item in self._lying(digest, strict=False) if item.digest not in listed]

    def check_blobs(self, known: Container[Digest] = ()) -> tuple[int, list[str]]:
        """Read every blob, whoever names it, but those `known` to be right: how many, and what is wrong with which."""
        count, wrong = 0, []
        for name in sorted(self._blob_names()):
            algorithm, _, hex_digits = name.removeprefix("blobs/").partition("/")
            digest = Digest(f"{algorithm}:{hex_digits}")
            if not is_digest(digest):
                continue  # what a killed writer left; nothing can name it
            count += 1
            if digest in known:
                continue
            try:
                size = self.blob_location(digest).size
                with self.open_blob(Descriptor(media_type="", digest=digest, size=size)) as stream:
                    while stream.read(CHUNK):
                        pass
            except (DigestMismatch, InputError) as error:
                wrong.append(str(error))
        return count, wrong

    def read_file(self, name: str, limit: int) -> bytes:
        """A file that others put beside the layout's own. Nothing about its bytes is verified. Raises NotFound, LimitExceeded."""
        return self._read(name, limit)

    def close(self) -> None:
        """See `Repository`. Nothing is open between calls."""
        return

    def _listed_referrers(self, entries: Sequence[Descriptor], digest: Digest) -> dict[Digest, Descriptor]:
        """Referrers among the entries, and in the index that some tools keep under the fallback tag in layouts too."""
        listed = list(entries)
        for entry in entries:
            if entry.annotations.get(REF_NAME) == fallback_tag(digest) and entry.media_type == OCI_INDEX:
                listed += self.fetch_manifest(entry.digest).manifests
        found: dict[Digest, Descriptor] = {}
        for entry in listed:
            if entry.media_type not in MANIFEST_TYPES or entry.digest in found:
                continue
            manifest = self.fetch_manifest(entry.digest)
            if manifest.subject is not None and manifest.subject.digest == digest:
                found[entry.digest] = manifest.descriptor
        return found

    def _lying(self, digest: Digest, *, strict: bool) -> Iterator[Descriptor]:
        """Manifests in `blobs/` whose subject is `digest`, listed or not. `strict`: an altered blob raises DigestMismatch, for it
        may have been one; else it is passed over.
        """
        for name in sorted(self._blob_names()):
            if name not in self._subjects:
                self._subjects[name] = self._read_subject(name, strict=strict)
            found = self._subjects[name]
            if found is not None and found.subject == digest:
                yield self.fetch_manifest(found.digest).descriptor

    def _read_subject(self, name: str, *, strict: bool) -> "_Referring | None":
        algorithm, _, hex_digits = name.removeprefix("blobs/").partition("/")
        digest = Digest(f"{algorithm}:{hex_digits}")
        if not is_digest(digest) or self._locate(name).size > MAX_MANIFEST_BYTES:
            return None
        data = self._read(name, MAX_MANIFEST_BYTES)
        if digest_of(data, digest) != digest:
            if strict:
                raise DigestMismatch("it was altered: its bytes are not what its name says", where=f"{self._name}: {name}")
            return None
        if b'"subject"' not in data:
            return None
        try:
            manifest = parse_manifest(data, digest=digest)
        except Malformed:
            return None
        return _Referring(digest, manifest.subject.digest) if manifest.subject is not None else None

    def _stated(self, entry: Descriptor) -> set[Digest]:
        """The digests that signatures or attestations in older form say they are about. Nothing of it is verified."""
        from pratique.attest.cosign import DSSE_LAYER, SIMPLE_SIGNING, parse_attestation, parse_payload
        from pratique.attest.statement import parse_head

        found: set[Digest] = set()
        for layer in self.fetch_manifest(entry.digest).layers[:_MAX_STATED]:
            if layer.media_type not in (SIMPLE_SIGNING, DSSE_LAYER) or layer.size > MAX_INDEX_BYTES:
                continue
            data = self.fetch_blob(layer, limit=MAX_INDEX_BYTES)
            try:
                if layer.media_type == SIMPLE_SIGNING:
                    found.add(parse_payload(data).image)
                else:
                    found |= parse_head(parse_attestation(data, {}).envelope.payload).digests
            except (Malformed, LimitExceeded):
                continue  # what says nothing names no image
        return found

    def _document(self) -> dict[str, Any]:
        data = self._read("index.json", MAX_INDEX_BYTES)
        where = f"{self._name}: index.json"
        return dict(parse_manifest(data, media_type=OCI_INDEX, limit=MAX_INDEX_BYTES, where=where).document)

    def _index(self) -> list[Descriptor]:
        return [descriptor_from_json(item) for item in self._document()["manifests"]]

    def _entries(self) -> list[Descriptor]:
        """Entries of index.json, and those that it leaves out in an archive of ours."""
        entries = self._index()
        try:
            data = self._read(UNLISTED, MAX_INDEX_BYTES)
        except NotFound:
            return entries
        where = f"{self._name}: {UNLISTED}"
        further = parse_manifest(data, media_type=OCI_INDEX, limit=MAX_INDEX_BYTES, where=where).manifests
        listed = {entry.digest for entry in entries}
        return [*entries, *(entry for entry in further if entry.digest not in listed)]

    def _entry(self, reference: str) -> Descriptor:
        """The entry of index.json that is meant; for a digest that is not listed, one without media type and size (-1)."""
        entries = self._entries()
        if is_digest(reference):
            listed = [entry for entry in entries if entry.digest == reference]
            return listed[0] if listed else Descriptor(media_type="", digest=Digest(reference), size=-1)
        if reference:
            same = [entry for entry in entries if entry.annotations.get(REF_NAME) == reference]
            if is_evidence_tag(reference) and not same:
                same = [entry for tag, entry in tags_by_kind(entries, self._stated, where=self._name).items() if tag == reference]
            else:
                same = [entry for entry in same if is_evidence_tag(reference) or not is_evidence(entry)]
            named = {entry.digest: entry for entry in same}
            if not named:
                raise NotFound(f"no tag {reference[:80]!r}", where=self._name, hint=self._choices(entries))
        else:
            named = self._images(entries)
            if not named:
                raise NotFound("the layout holds no image", where=self._name)
        if len(named) > 1:
            what = f"{len(named)} images are tagged {reference[:80]!r}" if reference else f"{len(named)} images are here"
            raise InputError(what, where=self._name, hint=self._choices(named.values()))
        return next(iter(named.values()))

    def _images(self, entries: Sequence[Descriptor]) -> dict[Digest, Descriptor]:
        """The entries that a person would call images: neither evidence of any form, nor a part of a listed index."""
        named = {entry.digest: entry for entry in entries if entry.media_type in MANIFEST_TYPES and not is_evidence(entry)}
        if len(named) == 1:
            return named
        manifests = {digest: self.fetch_manifest(digest) for digest in named}
        parts = {child.digest for manifest in manifests.values() for child in manifest.manifests}
        tags = {entry.digest for entry in entries if entry.annotations.get(REF_NAME) and not is_evidence(entry)}
        return {
            digest: entry
            for digest, entry in named.items()
            if digest in tags or (digest not in parts and manifests[digest].subject is None)
        }

    def _choices(self, entries: Iterable[Descriptor]) -> str:
        choices = sorted({entry.annotations.get(REF_NAME) or f"@{entry.digest}" for entry in entries})
        shown = ", ".join(choice[:80] for choice in choices[:8]) or "none"
        return f"choose one of: {shown}" + (f" and {len(choices) - 8} more" if len(choices) > 8 else "")

    def _read(self, member: str, limit: int) -> bytes:
        location = self._locate(member)
        if location.size > limit:
            raise LimitExceeded(f"{member} has {location.size} bytes, more than {limit}", where=self._name)
        with _opened(location, self._name) as file:
            out = bytearray()
            while len(out) < location.size:
                data = _pread(file, location.size - len(out), location.offset + len(out), self._name)
                if not data:
                    break
                out += data
            return bytes(out)


def _blob_name(digest: Digest) -> str:
    checked = Digest.parse(digest)  # it becomes a path
    return f"blobs/{checked.algorithm}/{checked.hex}"


@contextmanager
def _opened(location: BlobLocation, name: str) -> Iterator[int]:
    file = open_regular(location.path, name)
    try:
        yield file
    finally:
        os.close(file)


def open_regular(path: str, name: str) -> int:
    """A file descriptor for reading a regular file; a FIFO or device put in its place does not make us wait."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NotFound("no such file", where=path) from error
    except OSError as error:
        raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=path) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Malformed("not a regular file", where=path if path == name else f"{name}: {path}")
    return file


def _pread(file: int, size: int, offset: int, where: str) -> bytes:
    try:
        return os.pread(file, size, offset)
    except OSError as error:
        raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=where) from error
