"""One package of a distribution, told by two: dpkg's database and Chisel's manifest, rpm's and a note in a program. Pure.

Not everybody who names a package knows its source or its epoch. Who says less of one of the same name and version means the one
of which more is said, if there is just one such. A database of rpm knows epochs: what it tells of
without one is of epoch 0, and is none that has another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pratique.cataloging.cataloger import FileClaim
from pratique.model import Component, Presence

_TYPES = frozenset({"alpm", "apk", "deb", "rpm"})
_MAX_ALIKE = 16  # of one name and version, by architecture


def join_packages(
    components: Sequence[Component], claims: Iterable[FileClaim]
) -> tuple[Sequence[Component], Iterable[FileClaim]]:
    """The same components and claims, with one ref for each package. Time: a pass over all, and pairs of one name and version."""
    alike: dict[str, dict[str, Component]] = {}
    of_databases = {one.ref for one in components if one.type == "rpm" and one.presence is not Presence.RECOGNISED}
    for one in components:
        if one.type in _TYPES and one.presence is not Presence.STATED:
            alike.setdefault(one.purl.partition("?")[0], {}).setdefault(one.ref, one)
    instead: dict[str, Component] = {}
    for group in alike.values():
        if 1 < len(group) <= _MAX_ALIKE:
            said = {ref: frozenset(one.purl.partition("?")[2].split("&")) - {""} for ref, one in group.items()}
            for ref, words in said.items():
                more = [other for other in said if words < said[other]]
                if ref in of_databases:
                    more = [other for other in more if _epoch(said[other]) == _epoch(words)]
                most = [other for other in more if not any(said[other] < said[third] for third in more)]
                if len(most) == 1:
                    instead[ref] = group[most[0]]
    if not instead:
        return components, claims
    joined = [
        replace(
            replace(one, ref=instead[one.ref].ref, purl=instead[one.ref].purl) if one.ref in instead else one,
            depends=tuple(sorted({instead[ref].ref if ref in instead else ref for ref in one.depends})),
        )
        for one in components
    ]
    return joined, [one._replace(owner=instead[one.owner].ref) if one.owner in instead else one for one in claims]


def _epoch(words: Iterable[str]) -> str:
    return next((word for word in words if word.startswith("epoch=")), "epoch=0")
