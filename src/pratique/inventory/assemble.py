"""`catalogue_tree`: the catalogers over what was read, duplicates merged, ownership settled. Pure.

`pratique.inventory.scan` has it read.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from pratique.artifact.selection import Chosen
from pratique.cataloging.cataloger import FileClaim
from pratique.cataloging.licences.files import add_found_licences
from pratique.cataloging.local_packages import join_local
from pratique.inventory.catalogers import CATALOGERS
from pratique.inventory.chroots import catalogue_roots
from pratique.inventory.concerned import Concerned
from pratique.inventory.doubts import find_doubts
from pratique.inventory.empty_lists import empty_lists
from pratique.inventory.guarded import catalogue_guarded
from pratique.inventory.kept_files import KeptFiles
from pratique.inventory.ownership import settle_ownership
from pratique.inventory.package_digests import DIGESTS_VERSION, PackageDigests, WithSha1
from pratique.inventory.packed.inside import Insides, catalogue_packed
from pratique.inventory.packed.probe import PACKED_VERSION, PackedProbe
from pratique.inventory.same_package import join_packages
from pratique.inventory.statements import split_stated, with_statements
from pratique.inventory.unpackaged import without_owned
from pratique.model import ArtifactKind, Component, Edges, Inventory, Owned, Presence, Subject, Tree, Unknown

_KEEP = KeptFiles(CATALOGERS.values())
_UNPACKED = Chosen(
    version="-".join(
        [*(f"{one.name}{one.version}" for one in CATALOGERS.values()), f"digests{DIGESTS_VERSION}", f"packed{PACKED_VERSION}"]
    ),
    keep=_KEEP,
    probes=tuple({probe.name: probe for one in CATALOGERS.values() for probe in one.probes}.values()),
    digests=PackageDigests,
)
WANTS = replace(_UNPACKED, probes=(*_UNPACKED.probes, PackedProbe(_UNPACKED)))
"""What all catalogers together want of an artifact."""
WANTS_SHA1 = replace(WANTS, version=f"{WANTS.version}-sha1", digests=WithSha1)
"""The same for a document that has to have the SHA-1 of every file."""


def catalogue_tree(subject: Subject, tree: Tree) -> Inventory:
    """The inventory of files that were read already. Pure; the order of its parts depends on nothing but the tree.

    What an image merely declares is not there: a lock file that was left in it is no evidence of a package.
    """
    merged, ownership, unknowns = _catalogued(tree, lambda components: _there(subject, components))
    return Inventory(
        subject=_named(subject, merged),
        tree=tree,
        components=merged,
        ownership=ownership,
        unknowns=tuple(sorted(set(unknowns), key=lambda item: (item.path, item.reason))),
    )


def _catalogued(
    tree: Tree, there: Callable[[tuple[Component, ...]], tuple[Component, ...]]
) -> tuple[tuple[Component, ...], Mapping[str, Owned], tuple[Unknown, ...]]:
    """What all catalogers find in one root, and in what is packed in it."""
    components: list[Component] = []
    claims: list[FileClaim] = []
    unknowns: list[Unknown] = list(tree.unknowns)
    concerns = Concerned(tree)
    for found in (
        *catalogue_roots(tree),
        *(catalogue_guarded(cataloger, tree) for cataloger in CATALOGERS.values() if concerns(cataloger)),
        catalogue_packed(tree, _inside, _KEEP),
    ):
        components += found.components
        claims += found.claims
        unknowns += found.unknowns
    told = frozenset(one.path for one in unknowns if one.unread)
    joined, owned = join_packages(*join_local(components, claims))
    ownership, given_up = settle_ownership(owned, tree)
    found_here, stated = split_stated(joined)
    merged = with_statements(there(without_owned(merge_components(found_here), ownership)), stated)
    merged = add_found_licences(merged, ownership, tree)
    return merged, ownership, (*unknowns, *given_up, *find_doubts(tree, merged, ownership), *empty_lists(tree, told))


def _inside(tree: Tree) -> Insides:
    components, _, unknowns = _catalogued(tree, lambda components: components)
    return Insides(components=components, unknowns=unknowns)


def _named(subject: Subject, components: tuple[Component, ...]) -> Subject:
    """A chart with what its own Chart.yaml says: `harbour/Chart.yaml` in an archive, `Chart.yaml` in a folder."""
    if subject.kind is not ArtifactKind.CHART:
        return subject
    for one in components:
        path = one.evidence[0] if one.type == "helm" and one.presence is Presence.INSTALLED else ""
        if path == "Chart.yaml" or (path.count("/") == 1 and "!" not in path):
            facts = {"chart:name": one.name, "chart:version": one.version, "chart:purl": one.purl}
            return replace(subject, facts={**subject.facts, **facts})
    return subject


def _there(subject: Subject, components: tuple[Component, ...]) -> tuple[Component, ...]:
    if subject.kind is not ArtifactKind.IMAGE:
        return components
    there = [one for one in components if one.presence is not Presence.DECLARED]
    refs = {one.ref for one in there}
    return tuple(one if refs.issuperset(one.depends) else _without_edges(one, refs) for one in there)


def _without_edges(one: Component, refs: Container[str]) -> Component:
    """The component with those edges only that lead to `refs`: what it needs is not all there any more."""
    kept = tuple(ref for ref in one.depends if ref in refs)
    return replace(one, depends=kept, edges=Edges.INCOMPLETE)


def merge_components(components: Iterable[Component]) -> tuple[Component, ...]:
    """One component for each ref, in the order of refs: a package at several places is listed once, with all its evidence.

    Of facts that differ, the first that says anything counts; licences and dependencies are joined.
    """
    groups: dict[str, list[Component]] = {}
    for one in components:
        groups.setdefault(one.ref, []).append(one)
    return tuple(groups[ref][0] if len(groups[ref]) == 1 else _joined(groups[ref]) for ref in sorted(groups))


def _joined(group: Sequence[Component]) -> Component:
    """Of all at once: one package may lie at ten thousand places."""
    first = group[0]
    hashed = next((one for one in group if one.hashes), group[-1])
    return replace(
        first,
        presence=min((one.presence for one in group), key=list(Presence).index),
        licences=tuple(sorted({licence for one in group for licence in one.licences})),
        supplier=next((one.supplier for one in group if one.supplier), ""),
        description=next((one.description for one in group if one.description), ""),
        homepage=next((one.homepage for one in group if one.homepage), ""),
        source=next((one.source for one in group if one.source), first.source),
        layer=next((one.layer for one in group if one.layer), group[-1].layer),
        hashes=hashed.hashes,
        hash_covers=hashed.hash_covers,
        licences_found=tuple(sorted({licence for one in group for licence in one.licences_found})),
        cpes=tuple(sorted({cpe for one in group for cpe in one.cpes})),
        facts=reduce(_facts, group[1:], first).facts,
        evidence=tuple(dict.fromkeys(place for one in group for place in one.evidence)),
        depends=tuple(sorted({ref for one in group for ref in one.depends})),
        edges=reduce(_known, (one.edges for one in group)),
    )


def _facts(first: Component, second: Component) -> Component:
    """The first, with the facts of both; of those that differ, its own. But what one file needs for development only, and
    another to run, is needed to run.
    """
    facts = {**second.facts, **first.facts}
    if first.presence is second.presence is Presence.DECLARED and "scope" in facts:
        shared = [one for one in first.facts.get("scope", "").split(", ") if one in second.facts.get("scope", "").split(", ")]
        facts["scope"] = ", ".join(shared)
        if not facts["scope"]:
            del facts["scope"]
    return replace(first, facts=facts, presence=min(first.presence, second.presence, key=list(Presence).index))


def _known(first: Edges, second: Edges) -> Edges:
    """Of a package at two places: who knows nothing takes nothing away from who does."""
    if Edges.UNKNOWN in (first, second):
        return second if first is Edges.UNKNOWN else first
    return Edges.COMPLETE if first is second is Edges.COMPLETE else Edges.INCOMPLETE
