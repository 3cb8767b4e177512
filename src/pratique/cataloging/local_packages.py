"""One package of the project itself, told twice: by the lock file that has it as a folder, and by its own manifest there. Pure.

The manifest knows the name and the version, the lock file that it is a folder and what it needs. A member of a workspace is
local in both; the project that a lock file is of is what its own manifest says that it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pratique.cataloging.cataloger import FileClaim
from pratique.model import Component, ComponentKind

LOCATION = "location"


def join_local(components: Sequence[Component], claims: Iterable[FileClaim]) -> tuple[Sequence[Component], Iterable[FileClaim]]:
    """The same components and claims, with one ref for each folder's package. Time: two passes over all of them."""
    local: dict[tuple[str, str, str], Component] = {}
    for one in components:
        if LOCATION in one.facts and not one.purl:
            local.setdefault((one.type, one.facts[LOCATION], one.name), one)
    if not local:
        return components, claims
    instead: dict[str, Component] = {}
    for one in components:
        here = local.get((one.type, one.facts.get(LOCATION) or _folder(one), one.name))
        if here is None or here.ref == one.ref or one.kind is not ComponentKind.APPLICATION:
            continue
        if one.purl and _folder(here) == here.facts[LOCATION]:
            instead[here.ref] = one
        else:
            instead[one.ref] = here
    if not instead:
        return components, claims
    refs = {ref: _last(ref, instead) for ref in instead}
    joined = [
        replace(
            replace(one, ref=refs[one.ref].ref, purl=refs[one.ref].purl) if one.ref in refs else one,
            depends=tuple(sorted({refs[ref].ref if ref in refs else ref for ref in one.depends})),
        )
        for one in components
    ]
    return joined, [one._replace(owner=refs[one.owner].ref) if one.owner in refs else one for one in claims]


def _folder(one: Component) -> str:
    """Of the file that tells of it; "." for the root."""
    return one.evidence[0].rpartition("/")[0] or "." if one.evidence else ""


def _last(ref: str, instead: dict[str, Component]) -> Component:
    found = instead[ref]
    other = instead.get(found.ref)
    return other if other is not None and other.ref != ref else found
