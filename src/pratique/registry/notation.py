"""Notary Project signatures in a repository: referrers with one envelope each (signature-specification.md, OCI Signatures)."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from pratique.attest.notation import MEDIA_TYPES, parse_envelope, thumbprint
from pratique.attest.notation.envelope import MAX_ENVELOPE_SIZE
from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.registry.attach import attach
from pratique.registry.types import Descriptor, Repository

SIGNATURE = "application/vnd.cncf.notary.signature"
THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
MAX_SIGNATURES = 100  # as notation itself looks at, unless told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Signatures to look at, those first whose chain is said to lead to somebody trusted; `left_out`: how many are not here."""

    signatures: tuple[Descriptor, ...]
    left_out: int = 0


def attach_signature(
    repository: Repository, *, subject: Descriptor, data: bytes, media_type: str, created: int | None
) -> Descriptor:
    """Push an envelope as a referrer of `subject`; returns its manifest's descriptor. `created`: Unix seconds.

    Its configuration has the signature's type (OCI Signatures, `config`): registries that list referrers by that would hide it
    from notation otherwise.

    Raises as `attach_all` does; Malformed when `data` is no envelope.
    """
    prints = [thumbprint(der) for der in parse_envelope(data, media_type).chain]
    return attach(
        repository,
        subject=subject,
        blob=data,
        artifact_type=SIGNATURE,
        media_type=media_type,
        config_type=SIGNATURE,
        annotations={THUMBPRINTS: json.dumps(prints, separators=(",", ":"))},
        created=created,
    )


def list_signatures(repository: Repository, subject: Digest, *, trusted: Collection[str] = ()) -> Candidates:
    """The signatures that refer to `subject`, at most MAX_SIGNATURES of them.

    `trusted`: thumbprints (hex SHA-256) of certificates in trust stores. What a signature is announced with only decides the
    order: whoever floods a repository cannot push the others out, unless with chains that are said to be trusted.
    Raises Unavailable when the place could not be asked.
    """
    wanted = frozenset(trusted)
    found = repository.list_referrers(subject, SIGNATURE)
    found.sort(key=lambda item: wanted.isdisjoint(_thumbprints(item)))
    return Candidates(signatures=tuple(found[:MAX_SIGNATURES]), left_out=max(0, len(found) - MAX_SIGNATURES))


def fetch_signature(repository: Repository, signature: Descriptor, subject: Digest) -> tuple[bytes, str]:
    """The envelope of a listed signature, and its media type.

    Raises Malformed when its manifest is no signature of `subject`, LimitExceeded, and as `Repository.fetch_blob` does.
    """
    where = f"{repository.name}@{signature.digest}"
    manifest = repository.fetch_manifest(signature.digest)
    if manifest.artifact_type != SIGNATURE:
        raise Malformed(f"an artifact of type {manifest.artifact_type[:80]!r}, no signature", where=where)
    if manifest.subject is None or manifest.subject.digest != subject:
        raise Malformed("a signature that refers to another artifact", where=where)
    layers = manifest.layers
    if len(layers) != 1:
        raise Malformed(f"a signature's manifest has one layer, this has {len(layers)}", where=where)
    if layers[0].media_type not in MEDIA_TYPES:
        raise Malformed(f"a layer of type {layers[0].media_type[:80]!r}, no signature envelope", where=where)
    return repository.fetch_blob(layers[0], limit=MAX_ENVELOPE_SIZE), layers[0].media_type


def _thumbprints(signature: Descriptor) -> frozenset[str]:
    try:
        found = json.loads(signature.annotations.get(THUMBPRINTS, "[]")[: 1 << 14])
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(item.lower() for item in found if isinstance(item, str)) if isinstance(found, list) else frozenset()
