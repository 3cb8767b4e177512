"""`take_inventory`: one pass over an artifact, the catalogers over what they asked for, duplicates merged, ownership settled.

The only module of this room that makes anything be read.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.model import Component, Inventory, Subject, Tree, Unknown
from pratique.sbom.catalogers import CATALOGERS
from pratique.sbom.catalogers.base import Claim
from pratique.sbom.ownership import settle_ownership

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact, Progress

WANTED_VERSION = "dpkg1-python1-npm1"
"""Changes whenever what a cataloger wants changes: it is part of the name under which layers are cached."""

_WANTS = tuple(cataloger.wants for cataloger in CATALOGERS.values())


def wanted(path: str) -> bool:
    """Whether any cataloger needs the content of `path`."""
    return any(wants(path) for wants in _WANTS)


def take_inventory(artifact: "Artifact", *, cache: Path | None, progress: "Progress | None" = None) -> Inventory:
    """Everything one pass over the artifact finds. `cache`: a folder for what was read; None reads and verifies all.

    Raises what `Artifact.read_tree` raises: Malformed, LimitExceeded, DigestMismatch, Unavailable, StorageError.
    """
    tree = artifact.read_tree(wanted, wanted_version=WANTED_VERSION, cache=cache, progress=progress)
    return catalogue_tree(artifact.subject, tree)


def catalogue_tree(subject: Subject, tree: Tree) -> Inventory:
    """The inventory of files that were read already. Pure; the order of its parts depends on nothing but the tree."""
    components: list[Component] = []
    claims: list[Claim] = []
    unknowns: list[Unknown] = list(tree.unknowns)
    for cataloger in CATALOGERS.values():
        found = cataloger.catalogue(tree)
        components += found.components
        claims += found.claims
        unknowns += found.unknowns
    ownership, given_up = settle_ownership(claims, tree)
    return Inventory(
        subject=subject,
        tree=tree,
        components=merge_components(components),
        ownership=ownership,
        unknowns=tuple(sorted({*unknowns, *given_up}, key=lambda item: (item.path, item.reason))),
    )


def merge_components(components: Iterable[Component]) -> tuple[Component, ...]:
    """One component for each ref, in the order of refs: a package at several places is listed once, with all its evidence.

    Of facts that differ, the first that says anything counts; licences and dependencies are joined.
    """
    merged: dict[str, Component] = {}
    for one in components:
        known = merged.get(one.ref)
        merged[one.ref] = one if known is None else _joined(known, one)
    return tuple(merged[ref] for ref in sorted(merged))


def _joined(first: Component, second: Component) -> Component:
    return replace(
        first,
        licences=tuple(sorted({*first.licences, *second.licences})),
        supplier=first.supplier or second.supplier,
        description=first.description or second.description,
        homepage=first.homepage or second.homepage,
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence))),
        depends=tuple(sorted({*first.depends, *second.depends})),
    )
