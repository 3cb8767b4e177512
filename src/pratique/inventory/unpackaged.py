"""What was recognised by its bytes yields to what was installed with metadata. Pure.

A library that its package lists is that package, not one more thing of a similar name. Where the package's own digest
disagrees with the file, or no package lists it, recognition is all there is: that is how a package database that was removed,
and a program that was put over a packaged one, still end up in the inventory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pratique.model import Component, Edges, Owned, Ownership, Presence

_ARCHIVES = ("maven",)
"""Types whose components are archives of code: who lists one may be whoever packed it in, and says nothing of what it is."""
_ACCOUNTED = (Ownership.MATCHING, Ownership.UNCHECKED)


def without_owned(components: Iterable[Component], ownership: Mapping[str, Owned]) -> tuple[Component, ...]:
    """The components without the recognised ones whose files all belong to others; of the rest, the evidence that does not."""
    kept: list[Component] = []
    gone: set[str] = set()
    for one in components:
        if one.presence is not Presence.RECOGNISED or one.type in _ARCHIVES:
            kept.append(one)
            continue
        evidence = tuple(path for path in one.evidence if not _accounted(path, one.ref, ownership))
        if evidence:
            kept.append(one if evidence == one.evidence else replace(one, evidence=evidence))
        else:
            gone.add(one.ref)
    if not gone:
        return tuple(kept)
    return tuple(
        replace(one, depends=tuple(ref for ref in one.depends if ref not in gone), edges=Edges.INCOMPLETE)
        if gone.intersection(one.depends)
        else one
        for one in kept
    )


def _accounted(path: str, ref: str, ownership: Mapping[str, Owned]) -> bool:
    owned = ownership.get(path)
    return owned is not None and owned.owner != ref and owned.state in _ACCOUNTED
