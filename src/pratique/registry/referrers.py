"""The index under a fallback tag (distribution-spec, Referrers Tag Schema). Pure."""

from collections.abc import Sequence

from pratique.attest.strictjson import dump_json
from pratique.registry.types import OCI_INDEX, Descriptor, descriptor_to_json


def merge_referrers(listed: Sequence[Descriptor], new: Sequence[Descriptor]) -> list[Descriptor] | None:
    """The list with `new` at its end; None if all are listed. Nobody's entry is dropped, none is there twice."""
    unique = {item.digest: item for item in listed}
    before = len(unique)
    for item in new:
        unique.setdefault(item.digest, item)
    return list(unique.values()) if len(unique) > before else None


def render_index(items: Sequence[Descriptor]) -> bytes:
    """An image index of these descriptors: the same items, the same bytes."""
    manifests = [descriptor_to_json(item) for item in items]
    return dump_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
