"""`take_inventory`: one pass over an artifact, and the inventory of what it found. The only module here that has anything read.

The catalogers are loaded while the first layers are inflated already: for a small image that takes as long as all the rest.
"""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pratique.artifact.selection import LateSelection, Selection
from pratique.inventory.image_config import base_facts, image_facts
from pratique.model import Inventory, Unknown
from pratique.model.chain import Bases

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact, Progress

NOTHING_FOUND = "no component was found: what it is made of is not known"
"""Why an inventory without components is not to be taken for one of nothing."""
_NO_BASES: Bases = MappingProxyType({})


def _wants() -> Selection:
    from pratique.inventory.assemble import WANTS

    return WANTS


def _wants_sha1() -> Selection:
    from pratique.inventory.assemble import WANTS_SHA1

    return WANTS_SHA1


ALL = LateSelection(_wants)
"""What all catalogers together want of an artifact."""
ALL_WITH_SHA1 = LateSelection(_wants_sha1)
"""The same for a document that has to have the SHA-1 of every file."""


def take_inventory(
    artifact: "Artifact",
    *,
    cache: Path | None,
    progress: "Progress | None" = None,
    bases: Bases = _NO_BASES,
    selection: Selection = ALL,
) -> Inventory:
    """Everything one pass over the artifact finds. `cache`: a folder for what was read; None reads and verifies all.

    `bases`: images that are known by their layers, one of which an image may be built on. `selection`: ALL or ALL_WITH_SHA1.

    Raises what `Artifact.read_tree` raises: Malformed, LimitExceeded, DigestMismatch, Unavailable, StorageError.
    """
    tree = artifact.read_tree(selection, cache=cache, progress=progress)
    from pratique.inventory.assemble import catalogue_tree

    subject, image = artifact.subject, artifact.image
    if image is not None:
        subject = replace(subject, facts={**subject.facts, **image_facts(image.manifest, image.config)})
        subject = replace(subject, facts={**subject.facts, **base_facts(image.diff_ids, bases)})
    inventory = catalogue_tree(subject, tree)
    if not inventory.components:
        inventory = replace(inventory, unknowns=(Unknown("", NOTHING_FOUND), *inventory.unknowns))
    return inventory
