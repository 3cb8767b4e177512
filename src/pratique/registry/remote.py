"""A registry, over HTTP (OCI distribution-spec 1.1). Third-party and network trouble becomes `Unavailable`, never `absent`."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound, Unavailable
from pratique.model.digest import Digest, is_digest
from pratique.registry.auth import Authenticator
from pratique.registry.challenge import next_link
from pratique.registry.credentials import Credential, find_credential
from pratique.registry.reference import ImageName, is_local
from pratique.registry.referrers import merge_referrers, render_index
from pratique.registry.transport import Transport
from pratique.registry.types import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    MAX_INDEX_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_INDEX,
    BinaryReader,
    Descriptor,
    Manifest,
    fallback_tag,
    is_tag,
    parse_manifest,
)
from pratique.registry.verified import VerifiedReader, verified_chunks

_ACCEPT = ", ".join(sorted(MANIFEST_TYPES))
_DEFAULT_TAG = "latest"
_MAX_PAGES = 256
_MAX_ITEMS = 100_000
_FALLBACK_TRIES = 6
_PULL, _PUSH, _DELETE = "pull", "pull,push", "pull,push,delete"


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
    ) -> None:
        """`host`: with its port. `sleep`, `clock`, `find` (credentials) and `handler` (of requests) replace the real ones."""
        reference = ImageName(host=host, name=repository)
        self._name = f"{host}/{repository}"
        self._base = f"/v2/{repository}"
        self._sleep = sleep
        scheme = "http" if plain_http else "https"
        authenticator = Authenticator(
            find or (lambda: find_credential(host, repository, environ)),
            repository=repository,
            plain_http=plain_http,
            where=self._name,
        )
        self._transport = Transport(
            f"{scheme}://{reference.api_host}",
            authenticator=authenticator,
            where=self._name,
            # A registry on this machine is not asked through a proxy, as engines have it.
            use_proxies=not is_local(host),
            sleep=sleep,
            clock=clock,
            handler=handler,
        )

    @property
    def name(self) -> str:
        """`HOST/NAME`."""
        return self._name

    def fetch_manifest(self, reference: str) -> Manifest:
        """See `Repository`. An empty reference is the tag `latest`."""
        reference = _checked(reference)
        what = _called(reference)
        with self._transport.request(
            "GET", self._manifest(reference), scope=_PULL, headers={"Accept": _ACCEPT}, what=what
        ) as got:
            data = self._transport.read(got, MAX_MANIFEST_BYTES, what)
        wanted = Digest(reference) if is_digest(reference) else self._stated_digest(got)
        media_type = got.headers.get("Content-Type", "")
        return parse_manifest(data, media_type=media_type, digest=wanted, where=f"{self._name}: {reference}")

    def resolve(self, reference: str) -> Digest:
        """See `Repository`."""
        reference = _checked(reference)
        what = _called(reference)
        with self._transport.request(
            "HEAD", self._manifest(reference), scope=_PULL, headers={"Accept": _ACCEPT}, what=what
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
        with self._transport.request("GET", self._blob(descriptor.digest), scope=_PULL, what=what) as got:
            length = got.headers.get("Content-Length", "")
            if length.isdigit() and int(length) != descriptor.size and "Content-Encoding" not in got.headers:
                raise DigestMismatch(f"it has {length} bytes, not {descriptor.size}", where=where)
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
        return self._has_blob(digest, _PULL)

    def push_blob(self, digest: Digest, size: int, chunks: Iterable[bytes]) -> None:
        """See `Repository`. Sent whole in one request; chunks that can be read anew are sent again when the registry is busy."""
        if self._has_blob(digest, _PUSH):
            return
        what = f"upload of blob {digest}"
        start = {"Content-Length": "0"}
        uploads = f"{self._base}/blobs/uploads/"
        with self._transport.request("POST", uploads, scope=_PUSH, headers=start, body=b"", accept=(202,), what=what) as got:
            location = self._location(got)
        separator = "&" if "?" in location else "?"
        target = f"{location}{separator}digest={quote(digest, safe='')}"
        checked = _VerifiedBody(chunks, digest, size, self._name)
        body = iter(checked) if isinstance(chunks, Iterator) else list(checked) if isinstance(chunks, list | tuple) else checked
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with self._transport.request("PUT", target, scope=_PUSH, headers=headers, body=body, accept=(201, 204), what=what) as got:
            if self._stated_digest(got) not in (None, digest):
                raise DigestMismatch(f"pushed {digest}, the registry keeps {self._stated_digest(got)}", where=self._name)

    def push_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """See `Repository`."""
        manifest = parse_manifest(data, media_type=media_type, where=self._name)
        reference = _checked(tag or manifest.digest)
        if is_digest(reference) and reference != manifest.digest:
            raise DigestMismatch(f"the manifest is {manifest.digest}, not {reference}", where=self._name)
        headers = {"Content-Type": manifest.media_type}
        target, what = self._manifest(reference), f"push of manifest {reference}"
        with self._transport.request(
            "PUT", target, scope=_PUSH, headers=headers, body=data, accept=(200, 201, 202), what=what
        ) as got:
            if self._stated_digest(got) not in (None, manifest.digest):
                raise DigestMismatch(f"pushed {manifest.digest}, the registry keeps {self._stated_digest(got)}", where=self._name)
        return manifest.descriptor

    def list_referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        """See `Repository`. Only a 404 of the referrers API leads to the fallback tag."""
        found = self._referrers(digest, artifact_type)
        if found is None:
            found = self._fallback(digest)
        unique = {item.digest: item for item in found}.values()
        if artifact_type is None:
            return list(unique)
        return [item for item in unique if (item.artifact_type or self._own_type(item)) == artifact_type]

    def push_referrers(self, documents: Sequence[bytes], media_type: str) -> list[Descriptor]:
        """See `Repository`. Where there is no API for referrers, the fallback tag is written once for all of one subject."""
        pushed: list[Descriptor] = []
        unlisted: dict[Digest, list[Descriptor]] = {}
        for data in documents:
            manifest = parse_manifest(data, media_type=media_type, where=self._name)
            pushed.append(self.push_manifest(data, media_type))
            if manifest.subject is not None:
                unlisted.setdefault(manifest.subject.digest, []).append(pushed[-1])
        for subject, items in unlisted.items():
            if self._referrers(subject, items[0].artifact_type or None, first_page=True) is None:
                self._list_under_tag(subject, items)
        return pushed

    def _list_under_tag(self, subject: Digest, items: Sequence[Descriptor]) -> None:
        """Other writers of a fallback tag may overwrite us: it is read back, and written again if need be."""
        tag = fallback_tag(subject)
        for attempt in range(_FALLBACK_TRIES):
            merged = merge_referrers(self._fallback(subject), items)
            if merged is None:
                return
            if attempt:
                self._sleep(0.1 * 2**attempt)
                merged = merge_referrers(self._fallback(subject), items) or merged
            self.push_manifest(render_index(merged), OCI_INDEX, tag)
        if merge_referrers(self._fallback(subject), items) is not None:
            hint = "run the same command again when fewer write to it"
            raise Unavailable(f"others keep overwriting the tag {tag}", where=self._name, hint=hint)

    def remove_referrer(self, subject: Digest, referrer: Digest) -> None:
        """See `Repository`. Deleted first; where nothing is deleted, a list under the fallback tag can still be written anew."""
        what = f"deletion of manifest {referrer}"
        accept = (200, 202, 400, 404, 405)
        with self._transport.request("DELETE", self._manifest(referrer), scope=_DELETE, accept=accept, what=what) as got:
            deleted = got.status_code not in (400, 405)
        listed = self._fallback(subject)
        kept = [item for item in listed if item.digest != referrer]
        if len(kept) < len(listed):
            self.push_manifest(render_index(kept), OCI_INDEX, fallback_tag(subject))
        if not deleted and any(item.digest == referrer for item in self.list_referrers(subject)):
            hint = "allow deletion there, or leave out --replace"
            raise InputError("the registry does not let manifests be deleted", where=self._name, hint=hint)

    def list_tags(self) -> list[str]:
        """See `Repository`."""
        tags: set[str] = set()
        for page in self._pages(f"{self._base}/tags/list", "list of tags"):
            document = self._json(page[1], "the list of tags")
            names = document.get("tags") or []
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise Malformed("a list of tags that is none", where=self._name)
            tags.update(names)
            self._check_count(len(tags))
        return sorted(tags)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _has_blob(self, digest: Digest, scope: str) -> bool:
        what = f"blob {digest}"
        with self._transport.request("HEAD", self._blob(digest), scope=scope, accept=(200, 404), what=what) as got:
            return got.status_code == 200

    def _referrers(self, digest: Digest, artifact_type: str | None, *, first_page: bool = False) -> list[Descriptor] | None:
        """What the referrers API lists; None if there is no such API."""
        query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
        target = f"{self._base}/referrers/{Digest.parse(digest)}{query}"
        found: list[Descriptor] = []
        for status, data in self._pages(target, f"referrers of {digest}", accept=(200, 404)):
            if status == 404:
                if found:
                    raise Unavailable("a page of the referrers is gone", where=self._name, hint="try again")
                return None
            index = parse_manifest(
                data, media_type=OCI_INDEX, limit=MAX_INDEX_BYTES, where=f"{self._name}: referrers of {digest}"
            )
            if not index.is_index:
                raise Malformed("a list of referrers that is no index", where=self._name)
            found += index.manifests
            self._check_count(len(found))
            if first_page:
                break
        return found

    def _fallback(self, digest: Digest) -> list[Descriptor]:
        """What the fallback tag lists; none if there is no such tag."""
        tag = fallback_tag(digest)
        try:
            index = self.fetch_manifest(tag)
        except NotFound:
            return []
        if index.media_type not in INDEX_TYPES:
            raise Malformed(f"the tag {tag} is no list of referrers", where=self._name)
        return list(index.manifests)

    def _own_type(self, descriptor: Descriptor) -> str:
        """The artifact type of a referrer whose entry does not say it."""
        return self.fetch_manifest(descriptor.digest).artifact_type if descriptor.media_type in MANIFEST_TYPES else ""

    def _pages(self, target: str, what: str, *, accept: tuple[int, ...] = (200,)) -> Iterator[tuple[int, bytes]]:
        """Status and body of each page (distribution-spec, Link header)."""
        seen: set[str] = set()
        while len(seen) < _MAX_PAGES:
            seen.add(target)
            with self._transport.request("GET", target, scope=_PULL, accept=accept, what=what) as got:
                data = b"" if got.status_code == 404 else self._transport.read(got, MAX_INDEX_BYTES, what)
                link = next_link(got.headers.get("Link", ""))
                following = self._transport.same_origin(link, got) if link else None
            yield got.status_code, data
            if following is None or got.status_code == 404:
                return
            if following in seen:
                raise Malformed(f"{what}: its pages go round in a circle", where=self._name)
            target = following
        raise LimitExceeded(f"{what}: more than {_MAX_PAGES} pages", where=self._name)

    def _check_count(self, count: int) -> None:
        if count > _MAX_ITEMS:
            raise LimitExceeded(f"a list of more than {_MAX_ITEMS}", where=self._name)

    def _json(self, data: bytes, what: str) -> Mapping[str, Any]:
        from pratique.attest.strictjson import load_json

        document = load_json(data, what=what, max_size=MAX_INDEX_BYTES, max_depth=16)
        if not isinstance(document, Mapping):
            raise Malformed(f"{what} is not an object", where=self._name)
        return document

    def _stated_digest(self, response: httpx.Response) -> Digest | None:
        stated = response.headers.get("Docker-Content-Digest")
        return Digest.parse(stated) if stated else None

    def _location(self, response: httpx.Response) -> str:
        location = response.headers.get("Location", "")
        if not location or "#" in location:
            raise Unavailable("the registry does not say where to upload to", where=self._name)
        return str(response.request.url.join(location))

    def _manifest(self, reference: str) -> str:
        return f"{self._base}/manifests/{reference}"

    def _blob(self, digest: Digest) -> str:
        return f"{self._base}/blobs/{Digest.parse(digest)}"


class _VerifiedBody:
    """Chunks that are verified on their way out, as often as they can be read."""

    def __init__(self, chunks: Iterable[bytes], digest: Digest, size: int, where: str) -> None:
        self._chunks = chunks
        self._digest = digest
        self._size = size
        self._where = where

    def __iter__(self) -> Iterator[bytes]:
        return verified_chunks(self._chunks, self._digest, self._size, self._where)


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
