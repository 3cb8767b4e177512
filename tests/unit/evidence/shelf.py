"""A repository in memory: manifests and blobs by digest, tags, lists of referrers, and whatever of it cannot be had."""

import io
from contextlib import contextmanager

from pratique.attest.strictjson import dump_json
from pratique.errors import DigestMismatch, LimitExceeded, NotFound
from pratique.model import Digest
from pratique.registry.types import (
    EMPTY_CONFIG,
    EMPTY_CONFIG_DATA,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    descriptor_to_json,
    parse_manifest,
)


class Shelf:
    """What `Repository` promises of reading, verified; `broken`: by digest or tag, what is raised instead."""

    name = "registry.example.com/app"

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.manifests: dict[str, Manifest] = {}
        self.listed: list[Descriptor] = []
        self.broken: dict[str, Exception] = {}
        self.read: list[Digest] = []

    def blob(self, data: bytes, kind: str, **annotations: str) -> Descriptor:
        digest = Digest.of(data)
        self.blobs[digest] = data
        return Descriptor(media_type=kind, digest=digest, size=len(data), annotations=annotations)

    def image(
        self, *layers: Descriptor, config: Descriptor | None = None, kind: str = "", tag: str = "", **more: object
    ) -> Manifest:
        own = config or self.blob(EMPTY_CONFIG_DATA, EMPTY_CONFIG)
        document: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor_to_json(own),
            "layers": [descriptor_to_json(layer) for layer in layers],
            **({"artifactType": kind} if kind else {}),
            **more,
        }
        made = parse_manifest(dump_json(document))
        self.manifests[tag or str(made.digest)] = self.manifests[str(made.digest)] = made
        return made

    def attach(self, manifest: Manifest, **said: object) -> Descriptor:
        """List it; `said`: what the list says of it instead of what it is."""
        from dataclasses import replace

        entry = replace(manifest.descriptor, **said)
        self.listed.append(entry)
        return entry

    def _raise(self, reference: object) -> None:
        if str(reference) in self.broken:
            raise self.broken[str(reference)]

    def list_referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        self._raise(digest)
        return list(self.listed)

    def fetch_manifest(self, reference: str) -> Manifest:
        self._raise(reference)
        if str(reference) not in self.manifests:
            raise NotFound("there is no such manifest", where=str(reference))
        return self.manifests[str(reference)]

    def fetch_blob(self, descriptor: Descriptor, *, limit: int) -> bytes:
        if descriptor.size > limit:
            raise LimitExceeded(f"more than {limit} bytes")
        with self.open_blob(descriptor) as stream:
            return stream.read()

    @contextmanager
    def open_blob(self, descriptor: Descriptor):
        self._raise(descriptor.digest)
        if descriptor.digest not in self.blobs:
            raise NotFound("there is no such blob", where=str(descriptor.digest))
        data = self.blobs[descriptor.digest]
        if (len(data), Digest.of(data)) != (descriptor.size, descriptor.digest):
            raise DigestMismatch("other bytes", where=str(descriptor.digest))
        self.read.append(descriptor.digest)
        yield io.BytesIO(data)
