"""Descriptors, manifests, and the port that every place of images fulfils (OCI image-spec 1.1, distribution-spec 1.1).

Strict about what these documents are, not about what they mention: members nobody here knows stay in `Manifest.data`.
A document that could be read both as an image and as an index is refused, for two readers would see two images.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pratique.errors import DigestMismatch, LimitExceeded, Malformed
from pratique.model.digest import Digest

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
EMPTY_CONFIG_DATA = b"{}"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
HELM_PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
SIGSTORE_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

IMAGE_TYPES = frozenset((OCI_MANIFEST, DOCKER_MANIFEST))
INDEX_TYPES = frozenset((OCI_INDEX, DOCKER_INDEX))
MANIFEST_TYPES = IMAGE_TYPES | INDEX_TYPES

REF_NAME = "org.opencontainers.image.ref.name"
CREATED = "org.opencontainers.image.created"

MAX_MANIFEST_BYTES = 4 << 20  # distribution-spec: registries should take manifests up to 4 MiB, and many take no more
MAX_INDEX_BYTES = 16 << 20  # a list of referrers, which a registry builds, may be larger than anything pushed
MAX_DEPTH = 32
_MAX_ARTIFACT_TYPE = 255  # RFC 6838 §4.2, and the slash between
_MAX_SIZE = (1 << 63) - 1
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a manifest says about other content (image-spec, descriptor.md). `size`: bytes.

    `platform`: its members that are text (os, architecture, variant, os.version).
    """

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    artifact_type: str = ""
    platform: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An image manifest or an index: the bytes as received, whose digest is `digest`, and what they spell.

    Made by `parse_manifest`, which has checked every descriptor in it.
    """

    digest: Digest
    media_type: str
    data: bytes
    document: Mapping[str, Any]

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.media_type in INDEX_TYPES

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """Of an image, the lowest first; none of an index."""
        return tuple(descriptor_from_json(item) for item in self.document.get("layers") or ())

    @property
    def config(self) -> Descriptor:
        """Of an image. Raises Malformed for an index, which has none."""
        return descriptor_from_json(self.document.get("config"))

    @property
    def manifests(self) -> tuple[Descriptor, ...]:
        """Of an index, in its order; none of an image."""
        return tuple(descriptor_from_json(item) for item in self.document.get("manifests") or ())

    @property
    def subject(self) -> Descriptor | None:
        """What this manifest refers to, which makes it a referrer; else None."""
        value = self.document.get("subject")
        return None if value is None else descriptor_from_json(value)

    @property
    def annotations(self) -> Mapping[str, str]:
        """Annotations of the whole."""
        return dict(self.document.get("annotations") or {})

    @property
    def artifact_type(self) -> str:
        """Its artifactType or, for an image without one, its configuration's media type (image-spec, manifest.md)."""
        return _artifact_type(self.document.get("artifactType"), "a manifest") or (
            "" if self.is_index else self.config.media_type
        )

    @property
    def descriptor(self) -> Descriptor:
        """What a list of referrers says about it."""
        return Descriptor(
            media_type=self.media_type,
            digest=self.digest,
            size=len(self.data),
            annotations=self.annotations,
            artifact_type=self.artifact_type,
        )


class BlobLocation(NamedTuple):
    """Where a blob's bytes lie on this machine, not verified: `size` bytes from `offset` of the file at `path`."""

    path: str
    offset: int
    size: int


class BinaryReader(Protocol):
    """Bytes of a blob, verified by the time the last of them is handed out."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, all that are left if negative; empty at the end.

        The last bytes are returned only after digest and size of the whole were found right. Raises DigestMismatch,
        Unavailable.
        """
        ...


@runtime_checkable
class MountsBlobs(Protocol):
    """A repository that can have a blob from another one without its bytes passing by."""

    def mount_blob(self, blob: Descriptor, source: "Repository") -> bool:
        """Whether the blob is there now, taken from `source`. Never an error: whoever gets no pushes the blob."""
        ...


class Repository(Protocol):
    """One named set of manifests and blobs. Safe to use from several threads.

    All writes are idempotent. When a call returns, what it wrote to a folder survives a crash, what it pushed was
    acknowledged by the registry; readers see all of it or nothing. A failed call may leave blobs that nothing names; a second
    run finds them.
    An empty reference means what the place has one of: the only image of a layout, the tag `latest` of a registry.
    """

    @property
    def name(self) -> str:
        """For people and records: `registry.example/app`, or the path of a layout."""
        ...

    def fetch_manifest(self, reference: str) -> Manifest:
        """By tag or digest; at most 4 MiB.

        Raises DigestMismatch when the bytes are not the ones named, NotFound when the place says it is not there, Malformed,
        Unavailable when the place could not be asked.
        """
        ...

    def resolve(self, reference: str) -> Digest:
        """The digest a tag names now, or the given digest if there is such a manifest. Raises like `fetch_manifest`."""
        ...

    def open_blob(self, descriptor: Descriptor) -> AbstractContextManager[BinaryReader]:
        """Stream a blob in constant memory. Digest and size are verified before the last byte is handed out.

        A longer stream is refused as soon as it is longer. Raises NotFound, DigestMismatch, Unavailable.
        """
        ...

    def fetch_blob(self, descriptor: Descriptor, *, limit: int) -> bytes:
        """A whole blob of at most `limit` bytes, verified. Raises LimitExceeded before reading, and like `open_blob`."""
        ...

    def has_blob(self, digest: Digest) -> bool:
        """Whether the place says it has the blob. Raises Unavailable when it could not be asked."""
        ...

    def push_blob(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """Write a blob, verified before it becomes visible. Reads no chunk if the blob is there.

        Raises DigestMismatch when the chunks are not these bytes, StorageError, Unavailable.
        """
        ...

    def push_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Write a manifest byte for byte; `tag` then names it, and nothing else. `tag` may also be its own digest.

        The blobs must have been pushed before. Raises Malformed, DigestMismatch, StorageError, Unavailable.
        """
        ...

    def list_referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        """Manifests whose subject is `digest`, each once, of one artifact type if given.

        The manifest decides its type, not what a list says of it. Empty only when the place says there are none; it need not
        have the subject itself. Raises Unavailable otherwise.
        """
        ...

    def push_referrers(self, documents: Sequence[bytes], media_type: str) -> list[Descriptor]:
        """`push_manifest` of each of these manifests with a subject, after which `list_referrers` of the subject lists them.

        Where a registry has no referrers API, that is by the fallback tag (distribution-spec, Referrers Tag Schema). Such a
        tag cannot be written conditionally: it is read back, but a writer elsewhere may still undo it later.
        """
        ...

    def remove_referrer(self, subject: Digest, referrer: Digest) -> None:
        """After which `list_referrers` of `subject` does not list `referrer`; doing it twice is doing it once.

        Its blobs may stay until the place collects garbage. Raises InputError where the place takes nothing away, Unavailable.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files. Using it again opens them again."""
        ...


def descriptor_from_json(value: object) -> Descriptor:
    """Read a descriptor (image-spec, descriptor.md). Raises Malformed."""
    if not isinstance(value, Mapping):
        raise Malformed("a descriptor that is not an object")
    media_type, size = value.get("mediaType"), value.get("size")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        raise Malformed(f"a descriptor without a media type: {str(media_type)[:80]!r}")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_SIZE:
        raise Malformed(f"a descriptor whose size is none: {str(size)[:80]!r}")
    digest = value.get("digest")
    if not isinstance(digest, str):
        raise Malformed("a descriptor without a digest")
    platform = value.get("platform")
    if platform is not None and not isinstance(platform, Mapping):
        raise Malformed("a descriptor whose platform is not an object")
    return Descriptor(
        media_type=media_type,
        digest=Digest.parse(digest),
        size=size,
        annotations=_annotations(value.get("annotations")),
        artifact_type=_artifact_type(value.get("artifactType"), "a descriptor"),
        platform={name: text for name, text in (platform or {}).items() if isinstance(text, str)},
    )


def descriptor_to_json(descriptor: Descriptor) -> dict[str, Any]:
    """The wire form; members that are empty are left out."""
    document: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
    }
    if descriptor.artifact_type:
        document["artifactType"] = descriptor.artifact_type
    if descriptor.annotations:
        document["annotations"] = dict(descriptor.annotations)
    if descriptor.platform:
        document["platform"] = dict(descriptor.platform)
    return document


def parse_manifest(
    data: bytes, *, media_type: str = "", digest: Digest | None = None, limit: int = MAX_MANIFEST_BYTES, where: str = ""
) -> Manifest:
    """Read an image manifest or index.

    `media_type`: what the place says it is; the document must agree when it names its own. `digest`: what the bytes must
    come to. Raises DigestMismatch, LimitExceeded, Malformed.
    """
    from pratique.attest.strictjson import load_json

    if len(data) > limit:
        raise LimitExceeded(f"the manifest has more than {limit} bytes", where=where or None)
    actual = digest_of(data, digest)
    if digest is not None and actual != digest:
        named = where if str(digest) in where else f"{where}: manifest {digest}" if where else f"manifest {digest}"
        raise DigestMismatch(f"it was altered: its bytes come to {actual}", where=named)
    try:
        document = load_json(data, what="the manifest", max_size=limit, max_depth=MAX_DEPTH)
        if not isinstance(document, dict):
            raise Malformed("the manifest is not an object")  # noqa: TRY301  (its place is added below)
        kind = _media_type(document, media_type)
        _check(document, is_index=kind in INDEX_TYPES)
    except Malformed as error:
        error.where = error.where or where or str(actual)
        raise
    return Manifest(digest=actual, media_type=kind, data=data, document=document)


def digest_of(data: bytes, like: Digest | None = None) -> Digest:
    """The digest of these bytes, in the algorithm of `like`."""
    import hashlib

    algorithm = like.algorithm if like else "sha256"
    return Digest(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")


def is_tag(text: str) -> bool:
    """Whether `text` is spelled as a tag (distribution-spec, Pulling manifests)."""
    return bool(_TAG.fullmatch(text))


def fallback_tag(digest: Digest) -> str:
    """The tag under which referrers are listed where there is no API for it (distribution-spec, Referrers Tag Schema)."""
    return f"{digest.algorithm[:32]}-{digest.hex[:64]}"


def _media_type(document: Mapping[str, Any], stated: str) -> str:
    own = document.get("mediaType") or ""
    if not isinstance(own, str):
        raise Malformed("a manifest whose mediaType is not text")
    stated = stated.partition(";")[0].strip().lower()
    if document.get("schemaVersion") == 1:
        raise Malformed("a manifest of schema version 1", hint="push the image again with a current tool")
    if own and stated in MANIFEST_TYPES and own != stated:
        raise Malformed(f"a manifest that is served as {stated} but says it is {own[:80]}")
    kind = own or (stated if stated in MANIFEST_TYPES else "")
    if not kind:
        kind = OCI_INDEX if "manifests" in document else OCI_MANIFEST
    if kind not in MANIFEST_TYPES:
        raise Malformed(f"unknown media type {kind[:80]!r}", hint="only OCI and Docker image manifests and indexes are read")
    return kind


def _check(document: Mapping[str, Any], *, is_index: bool) -> None:
    """Every descriptor, and that it is one thing only (image-spec GHSA-77vh-xpmg-72qh)."""
    if document.get("schemaVersion") != 2:
        raise Malformed("a manifest without schemaVersion 2")
    for name in ("config", "layers") if is_index else ("manifests",):
        if name in document:
            raise Malformed(f"a manifest that is both an image and an index: it has {name!r} too")
    name = "manifests" if is_index else "layers"
    items = document.get(name)
    if not isinstance(items, list):
        raise Malformed(f"a manifest without {name}")
    for item in items:
        descriptor_from_json(item)
    if not is_index:
        descriptor_from_json(document.get("config"))
    if document.get("subject") is not None:
        descriptor_from_json(document["subject"])
    _artifact_type(document.get("artifactType"), "a manifest")
    _annotations(document.get("annotations"))


def _artifact_type(value: object, of: str) -> str:
    """What an artifact is called by whoever made it: a hint, so text that is no media type spoils nothing, and is kept if it can
    be shown. Raises Malformed for what is not even text."""
    if not value:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{of} whose artifactType is none: {str(value)[:80]!r}")
    return value if len(value) <= _MAX_ARTIFACT_TYPE and value.isascii() and value.isprintable() else ""


def _annotations(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise Malformed("annotations that are not text by name")
    return dict(value)
