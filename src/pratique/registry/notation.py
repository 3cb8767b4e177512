"""Notary Project signatures in a repository: referrers with one envelope each (signature-specification.md, OCI Signatures)."""

import json

from pratique.attest.notation import parse_envelope, thumbprint
from pratique.registry.attach import attach
from pratique.registry.types import Descriptor, Repository

SIGNATURE = "application/vnd.cncf.notary.signature"
THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"


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
