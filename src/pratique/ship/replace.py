"""Take away what the same key stated before: `attest --replace`.

Only what verifies under that very key, is of the same predicate type and about the same artifact goes; what others said stays, as
does what cannot be read. The new statement is attached before the old one goes, so that nobody meets the artifact bare. The
catalog keeps all of it, for it is the record of what was said, and marks what went: it counts no more, and neither repair nor
export brings it back, until the same is stated again.
"""

from typing import TYPE_CHECKING

from pratique.attest.bundle import MessageSignature, parse_bundle
from pratique.attest.cosign import parse_attestation
from pratique.attest.statement import parse_head
from pratique.errors import DigestMismatch, InputError, SignatureInvalid, Untrusted
from pratique.registry.cosign import ATTESTATIONS, Layer, remove_layers

if TYPE_CHECKING:
    from pratique.attest.bundle import UnverifiedBundle
    from pratique.attest.publickey import PublicKey
    from pratique.catalog.ledger import Catalog
    from pratique.model import Digest
    from pratique.registry.types import Descriptor, Repository

MAX_BUNDLE_BYTES = 256 << 20
_BUNDLES = "application/vnd.dev.sigstore.bundle"  # of all versions


def take_away_earlier(
    repository: "Repository", subject: "Digest", *, predicate_type: str, key: "PublicKey", payload: bytes
) -> list[str]:
    """Remove the key's statements of this type about `subject` but the one with this payload; says where they were.

    Raises as `Repository.remove_referrer` does.
    """

    def goes(bundle: "UnverifiedBundle") -> bool:
        return _goes(bundle, subject, predicate_type=predicate_type, key=key, payload=payload)

    def layer_goes(layer: Layer) -> bool:
        try:
            return goes(parse_attestation(layer.data, layer.annotations))
        except InputError:
            return False

    gone = []
    for item in repository.list_referrers(subject):
        bundle = _bundle_of(repository, item)
        if bundle is not None and goes(bundle):
            repository.remove_referrer(subject, item.digest)
            gone.append(f"{repository.name}@{item.digest}")
    removed = remove_layers(repository, subject, ATTESTATIONS, layer_goes)
    return [*gone, *([f"{repository.name}: {removed} under cosign's tag"] if removed else [])]


def mark_earlier(catalog: "Catalog", subject: "Digest", *, predicate_type: str, key: "PublicKey", payload: bytes, at: int) -> int:
    """Mark the same statements as superseded in the catalog, wherever they were attached; how many. `at`: Unix seconds."""
    gone = []
    for row in catalog.documents_of(subject, role="bundle"):
        if (row.keyid, row.predicate_type, row.superseded) != (key.keyid, predicate_type, False):
            continue
        try:
            bundle = parse_bundle(catalog.documents.get(row.digest))
        except (DigestMismatch, InputError):
            continue
        if _goes(bundle, subject, predicate_type=predicate_type, key=key, payload=payload):
            gone.append(row.digest)
    if gone:
        with catalog.transaction() as ledger:
            for digest in gone:
                ledger.record_superseded(subject, digest, at=at)
    return len(gone)


def _goes(bundle: "UnverifiedBundle", subject: "Digest", *, predicate_type: str, key: "PublicKey", payload: bytes) -> bool:
    """Whether it is another statement of this type about `subject`, by this very key."""
    if bundle.certificates or isinstance(bundle.content, MessageSignature) or bundle.envelope.payload == payload:
        return False
    try:
        key.verify(bundle.signature, bundle.envelope.pae)
        head = parse_head(bundle.envelope.payload)
    except (SignatureInvalid, Untrusted, InputError):
        return False
    return head.predicate_type == predicate_type and subject in head.digests


def _bundle_of(repository: "Repository", referrer: "Descriptor") -> "UnverifiedBundle | None":
    """The bundle in a referrer; None for what is none, or cannot be read: that is not this key's to take away."""
    try:
        layers = repository.fetch_manifest(referrer.digest).layers
        if len(layers) != 1 or not layers[0].media_type.startswith(_BUNDLES):
            return None
        return parse_bundle(repository.fetch_blob(layers[0], limit=MAX_BUNDLE_BYTES))
    except (InputError, DigestMismatch):
        return None
