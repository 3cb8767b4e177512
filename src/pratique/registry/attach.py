"""Hang a blob on an image as a referrer (image-spec 1.1, manifest.md, Guidelines for Artifact Usage).

The manifest is made of its input alone, so the same input is the same digest, and attaching twice is attaching once.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from pratique.attest.strictjson import dump_json
from pratique.errors import PratiqueError
from pratique.model.digest import Digest
from pratique.registry.types import (
    CREATED,
    EMPTY_CONFIG,
    EMPTY_CONFIG_DATA,
    OCI_MANIFEST,
    SIGSTORE_BUNDLE,
    Descriptor,
    Repository,
    descriptor_to_json,
)

_LOOKED_AT = 100


def attach(
    repository: Repository,
    *,
    subject: Descriptor,
    blob: bytes,
    artifact_type: str,
    annotations: Mapping[str, str],
    created: int | None,
    media_type: str | None = None,
    config_type: str = EMPTY_CONFIG,
) -> Descriptor:
    """`attach_all` of one blob."""
    (manifest,) = attach_all(
        repository,
        subject=subject,
        blobs=[(blob, annotations)],
        artifact_type=artifact_type,
        created=created,
        media_type=media_type,
        config_type=config_type,
    )
    return manifest


def attach_all(
    repository: Repository,
    *,
    subject: Descriptor,
    blobs: Sequence[tuple[bytes, Mapping[str, str]]],
    artifact_type: str,
    created: int | None,
    media_type: str | None = None,
    config_type: str = EMPTY_CONFIG,
) -> list[Descriptor]:
    """Push each blob and a manifest, with these annotations, that ties it to `subject`; returns the manifests' descriptors.

    `artifact_type`: what the blobs are listed under, and their media type, unless `media_type` is another. `created`: Unix
    seconds, for the annotation. `config_type`: the media type of the configuration, which is empty whatever it is called.
    Raises as `Repository.push_referrers` does; a crash in between leaves blobs, and a second call completes it.
    """
    manifests = []
    for blob, annotations in blobs:
        layer = Descriptor(media_type=media_type or artifact_type, digest=Digest.of(blob), size=len(blob))
        manifests.append(
            render_attachment(subject, layer, artifact_type, annotations=annotations, created=created, config_type=config_type)
        )
        repository.push_blob(layer.digest, layer.size, [blob])
    repository.push_blob(Digest.of(EMPTY_CONFIG_DATA), len(EMPTY_CONFIG_DATA), [EMPTY_CONFIG_DATA])
    return repository.push_referrers(manifests, OCI_MANIFEST)


def attach_bundles(
    repository: Repository, subject: Descriptor, bundles: Iterable[tuple[str, bytes]], *, created: int | None
) -> list[Descriptor]:
    """`attach_all` of Sigstore bundles, each with its predicate type, announced as cosign announces them (BUNDLE_SPEC.md)."""
    blobs = [
        (data, {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate_type})
        for predicate_type, data in bundles
    ]
    return attach_all(repository, subject=subject, blobs=blobs, artifact_type=SIGSTORE_BUNDLE, created=created)


def find_attached(repository: Repository, subject: Digest, blob: Digest, artifact_type: str) -> Digest | None:
    """The manifest that hangs this very blob on `subject`, whatever it notes beside; None for none among those first listed."""
    for listed in repository.list_referrers(subject, artifact_type)[:_LOOKED_AT]:
        with suppress(PratiqueError):  # one that cannot be read is none
            if [layer.digest for layer in repository.fetch_manifest(listed.digest).layers] == [blob]:
                return listed.digest
    return None


def render_attachment(
    subject: Descriptor,
    layer: Descriptor,
    artifact_type: str,
    *,
    annotations: Mapping[str, str],
    created: int | None,
    config_type: str = EMPTY_CONFIG,
) -> bytes:
    """The image manifest of this artifact type with the empty configuration, one layer and a subject. Pure."""
    config = Descriptor(
        media_type=config_type,
        digest=Digest.of(EMPTY_CONFIG_DATA),
        size=len(EMPTY_CONFIG_DATA),
        # By this `cosign clean` and others find a bundle's manifest; it says nothing that the manifest does not.
        artifact_type=artifact_type if artifact_type == SIGSTORE_BUNDLE else "",
    )
    plain_subject = Descriptor(media_type=subject.media_type, digest=subject.digest, size=subject.size)
    notes = dict(annotations)
    if created is not None:
        notes.setdefault(CREATED, datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": descriptor_to_json(config),
        "layers": [descriptor_to_json(layer)],
        "subject": descriptor_to_json(plain_subject),
        **({"annotations": notes} if notes else {}),
    }
    return dump_json(document)
