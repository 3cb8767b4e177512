"""The images that a chart or manifests name, inventoried, each a part of the whole that can be verified alone.

Each part has its own digest and its own file manifest. What could not be fetched stays a component without contents, and is an
`Unknown` with its cause: never silently an empty image.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pratique.errors import PratiqueError
from pratique.model import Component, ComponentKind, Digest, Inventory, Presence, Unknown
from pratique.model.manifest import manifest_root

REFERENCE = "image:reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """`ref`: of the component that stands for it. `root`: of its file manifest."""

    ref: str
    inventory: Inventory
    root: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """`inventory`: with what was learnt of the images. `failed`: of each image that could not be fetched, the error."""

    inventory: Inventory
    parts: tuple[ImagePart, ...]
    failed: tuple[tuple[str, PratiqueError], ...]


def fetch_parts(inventory: Inventory, fetch: Callable[[str], Inventory]) -> Whole:
    """Inventory every image that the components name. `fetch`: HOST/PATH:TAG@DIGEST → inventory, or raises PratiqueError."""
    parts: list[ImagePart] = []
    failed: list[tuple[str, PratiqueError]] = []
    unknowns = list(inventory.unknowns)
    components: list[Component] = []
    for one in inventory.components:
        reference = one.facts.get(REFERENCE, "") if one.kind is ComponentKind.CONTAINER else ""
        if not reference or one.presence is not Presence.DECLARED:
            components.append(one)
            continue
        try:
            found = fetch(reference)
        except PratiqueError as error:
            failed.append((reference, error))
            unknowns += [
                Unknown(path, f"the image {reference} could not be fetched: {error.message}", unread=True)
                for path in one.evidence[:1]
            ]
            components.append(one)
            continue
        parts.append(ImagePart(ref=one.ref, inventory=found, root=manifest_root(found.tree.sorted())))
        components.append(_fetched(one, found.subject.digest))
    changed = replace(
        inventory,
        components=tuple(components),
        unknowns=tuple(sorted(unknowns, key=lambda item: (item.path, item.reason))),
    )
    return Whole(inventory=changed, parts=tuple(parts), failed=tuple(failed))


def _fetched(one: Component, digest: Digest) -> Component:
    """With the digest that the name stood for; of a pinned index that of the manifest for one platform."""
    facts = {**one.facts, "image:fetched": str(digest)}
    if one.hashes:
        return replace(one, facts=facts)
    return replace(one, facts=facts, hashes={digest.algorithm: digest.hex}, hash_covers="image manifest")
