"""A registry, over HTTP (OCI distribution-spec 1.1). Third-party and network trouble becomes `Unavailable`, never `absent`."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, SizeMismatch
from pratique.model.digest import Digest, is_digest
from pratique.registry.auth import Authenticator
from pratique.registry.certificates import find_certificates
from pratique.registry.credentials import Credential, find_credential
from pratique.registry.discovery import Discovery
from pratique.registry.reference import ImageName
from pratique.registry.transport import Transport
from pratique.registry.types import (
    MANIFEST_TYPES,
    MAX_INDEX_BYTES,
    MAX_MANIFEST_BYTES,
    BinaryReader,
    Descriptor,
    Manifest,
    Repository,
    digest_of,
    is_tag,
    parse_manifest,
)
from pratique.registry.uploads import CHUNK_BYTES, Uploads
from pratique.registry.verified import VerifiedReader

_ACCEPT = ", ".join(sorted(MANIFEST_TYPES))
_DEFAULT_TAG = "latest"


class Remote:
    """A `Repository` in a registry. Opens connections when it is first asked something."""

    def __init__(
        self,
        host: str,
        repository: str,
        *,
        plain_http: bool = False,
        environ: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        find: Callable[[], Credential | None] | None = None,
        handler: httpx.BaseTransport | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        """`host`: with its port. `sleep`, `clock`, `find` (credentials) and `handler` (of requests) replace the real ones.

        `chunk_bytes`: larger blobs are uploaded in pieces of this size.
        """
        reference = ImageName(host=host, name=repository)
        scheme = "http" if plain_http else "https"
        origin = f"{scheme}://{reference.api_host}"
        self._origin = origin
        self._repository = repository
        self._name = f"{host}/{repository}"
        self._base = f"/v2/{repository}"
        self._pull, self._push = f"repository:{repository}:pull", f"repository:{repository}:pull,push"
        self._clock = clock
        authenticator = Authenticator(
            find or (lambda: find_credential(host, repository, environ)), origin=httpx.URL(origin), where=self._name, sleep=sleep
        )
        self._transport = Transport(
            origin,
            authenticator=authenticator,
            where=self._name,
            environ=environ,
            certificates=lambda: find_certificates(host, environ),
            sleep=sleep,
            clock=clock,
            handler=handler,
        )
        self._discovery = Discovery(
            self._transport, self, base=self._base, scope=self._pull, where=self._name, sleep=sleep, clock=clock
        )
        self._uploads = Uploads(
            self._transport,
            base=self._base,
            scope=self._push,
            where=self._name,
            has_blob=lambda digest: self._has_blob(digest, self._push),
            sleep=sleep,
            chunk_bytes=chunk_bytes,
        )

    @property
    def name(self) -> str:
        """`HOST/NAME`."""
        return self._name

    def fetch_manifest(self, reference: str) -> Manifest:
        """See `Repository`. An empty reference is the tag `latest`."""
        reference = _checked(reference)
        data, media_type = self.fetch_bytes(reference)
        wanted = Digest(reference) if is_digest(reference) else None
        return parse_manifest(data, media_type=media_type, digest=wanted, where=f"{self._name}: {reference}")

    def fetch_bytes(self, reference: str) -> tuple[bytes, str]:
        """The bytes of a manifest and the type they are served as; only a digest that the registry itself states is verified.

        Raises as `fetch_manifest` does, but for Malformed.
        """
        reference = _checked(reference)
        what = _called(reference)
        with self._transport.request(
            "GET", self._manifest(reference), scope=self._pull, headers={"Accept": _ACCEPT}, what=what
        ) as got:
            data = self._transport.read(got, MAX_MANIFEST_BYTES, what)
        stated = self._stated_digest(got)
        if stated is not None and not is_digest(reference) and (actual := digest_of(data, stated)) != stated:
            raise DigestMismatch(f"it was altered: its bytes come to {actual}", where=f"{self._name}: {reference}: {stated}")
        return data, got.headers.get("Content-Type", "")

    def resolve(self, reference: str) -> Digest:
        """See `Repository`."""
        reference = _checked(reference)
        what = _called(reference)
        with self._transport.request(
            "HEAD", self._manifest(reference), scope=self._pull, headers={"Accept": _ACCEPT}, what=what
        ) as got:
            stated = self._stated_digest(got)
        if is_digest(reference):
            if stated not in (None, reference):
                raise DigestMismatch(f"asked for {reference}, the registry answers with {stated}", where=self._name)
            return Digest(reference)
        return stated or self.fetch_manifest(reference).digest

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryReader]:
        """See `Repository`."""
        what = f"blob {descriptor.digest}"
        where = f"{self._name}: {what}"
        with self._transport.request("GET", self._blob(descriptor.digest), scope=self._pull, what=what) as got:
            length = got.headers.get("Content-Length", "")
            if (
                length.isascii()
                and length.isdecimal()
                and int(length[:20]) != descriptor.size
                and "Content-Encoding" not in got.headers
            ):
                raise SizeMismatch(f"it has {length} bytes, not {descriptor.size}", where=where)
            source = _Pieces(self._transport.chunks(got, what))
            yield VerifiedReader(source.read, descriptor.digest, descriptor.size, where)

    def fetch_blob(self, descriptor: Descriptor, *, limit: int) -> bytes:
        """See `Repository`."""
        if descriptor.size > limit:
            raise LimitExceeded(f"{descriptor.digest} has {descriptor.size} bytes, more than {limit}", where=self._name)
        with self.open_blob(descriptor) as stream:
            return stream.read()

    def has_blob(self, digest: Digest) -> bool:
        """See `Repository`."""
        return self._has_blob(digest, self._pull)

    def push_blob(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """See `Repository`. A large blob goes in chunks, each of which is sent again when the registry is busy."""
        if not self._has_blob(digest, self._push):
            self._uploads.push(digest, size, chunks)

    def mount_blob(self, blob: Descriptor, source: Repository) -> bool:
        """See `MountsBlobs`: the registry takes it from another of its repositories."""
        if not isinstance(source, Remote) or source._origin != self._origin or source._repository == self._repository:
            return False
        return self._uploads.mount(blob.digest, source._repository)

    def push_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """See `Repository`."""
        return self._put_manifest(data, media_type, tag)[0]

    def list_referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        """See `Repository`."""
        return self._discovery.find(digest, artifact_type)

    def push_referrers(self, documents: Sequence[bytes], media_type: str) -> list[Descriptor]:
        """See `Repository`. What the registry does not list afterwards goes under the fallback tag, once for each subject."""
        pushed: list[Descriptor] = []
        subjects: dict[Digest, list[tuple[Descriptor, bool]]] = {}
        for data in documents:
            manifest = parse_manifest(data, media_type=media_type, where=self._name)
            descriptor, promised = self._put_manifest(data, media_type, None)
            pushed.append(descriptor)
            if manifest.subject is not None:
                subjects.setdefault(manifest.subject.digest, []).append((descriptor, promised))
        for subject, items in subjects.items():
            promised = all(promised for _, promised in items)
            self._discovery.record(subject, [descriptor for descriptor, _ in items], promised=promised)
        return pushed

    def _put_manifest(self, data: bytes, media_type: str, tag: str | None) -> tuple[Descriptor, bool]:
        """Push one, and whether the registry says that it records its subject (OCI-Subject)."""
        manifest = parse_manifest(data, media_type=media_type, where=self._name)
        reference = _checked(tag or manifest.digest)
        if is_digest(reference) and reference != manifest.digest:
            raise DigestMismatch(f"the manifest is {manifest.digest}, not {reference}", where=self._name)
        return manifest.descriptor, self.put_bytes(data, manifest.media_type, reference)

    def put_bytes(self, data: bytes, media_type: str, reference: str) -> bool:
        """Push a manifest whatever it is, under a tag or its digest; whether the registry says that it records its subject."""
        headers = {"Content-Type": media_type}
        target, what = self._manifest(reference), f"push of manifest {reference}"
        with self._transport.request(
            "PUT", target, scope=self._push, headers=headers, body=data, accept=(200, 201, 202), what=what
        ) as got:
            stated = self._stated_digest(got)
            if stated is not None and digest_of(data, stated) != stated:
                raise DigestMismatch(f"pushed {digest_of(data, stated)}, the registry keeps {stated}", where=self._name)
            return "OCI-Subject" in got.headers

    def remove_referrer(self, subject: Digest, referrer: Digest) -> None:
        """See `Repository`. Deleted first; where nothing is deleted, a list under the fallback tag can still be written anew."""
        what = f"deletion of manifest {referrer}"
        accept = (200, 202, 400, 404, 405)
        scope = f"{self._push},delete"
        with self._transport.request("DELETE", self._manifest(referrer), scope=scope, accept=accept, what=what) as got:
            deleted = got.status_code not in (400, 405)
        self._discovery.forget(subject, referrer)
        if not deleted and any(item.digest == referrer for item in self.list_referrers(subject)):
            hint = "allow deletion there, or leave out --replace"
            raise InputError("the registry does not let manifests be deleted", where=self._name, hint=hint)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _has_blob(self, digest: Digest, scope: str) -> bool:
        what = f"blob {digest}"
        with self._transport.request("HEAD", self._blob(digest), scope=scope, accept=(200, 404), what=what) as got:
            return got.status_code == 200

    def _json(self, data: bytes, what: str) -> Mapping[str, Any]:
        from pratique.attest.strictjson import load_json

        document = load_json(data, what=what, max_size=MAX_INDEX_BYTES, max_depth=16)
        if not isinstance(document, Mapping):
            raise Malformed(f"{what} is not an object", where=self._name)
        return document

    def _stated_digest(self, response: httpx.Response) -> Digest | None:
        stated = response.headers.get("Docker-Content-Digest")
        if stated and not is_digest(stated):
            raise Malformed(f"the registry states a digest that is none: {stated[:80]!r}", where=self._name)
        return Digest(stated) if stated else None

    def _manifest(self, reference: str) -> str:
        return f"{self._base}/manifests/{reference}"

    def _blob(self, digest: Digest) -> str:
        return f"{self._base}/blobs/{Digest.parse(digest)}"


class _Pieces:
    """Reads of any size out of chunks of any size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held = memoryview(chunk)
        data, self._held = bytes(self._held[:size]), self._held[size:]
        return data


def _called(reference: str) -> str:
    return f"manifest {reference}" if is_digest(reference) else f"tag {reference}"


def _checked(reference: str) -> str:
    """A tag or digest, for it becomes part of a URL."""
    reference = reference or _DEFAULT_TAG
    if not is_digest(reference) and not is_tag(reference):
        raise InputError(f"neither a tag nor a digest: {reference[:80]!r}")
    return reference
