"""Who needs whom, where packages ask for capabilities: names, libraries, commands, paths. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pratique.cataloging.cataloger import Collector
from pratique.model import Edges

_PROVIDERS = 8


class Needed(NamedTuple):
    """`depends`: refs, sorted. `edges`: whether something provides all that is asked for."""

    depends: tuple[str, ...] = ()
    edges: Edges = Edges.UNKNOWN


class Capabilities:
    """Which packages provide what. A package provides its own name, too; `add` it first."""

    def __init__(self) -> None:
        self._named: dict[str, list[str]] = {}
        self._provided: dict[str, list[str]] = {}

    def add(self, ref: str, name: str, provides: Iterable[str]) -> None:
        """Add a package by its ref."""
        self._named.setdefault(name, []).append(ref)
        for capability in provides:
            self.provide(ref, capability)

    def provide(self, ref: str, capability: str) -> None:
        """Add a capability to a package that was added."""
        known = self._provided.setdefault(capability, [])
        if len(known) < _PROVIDERS:
            known.append(ref)

    def edges(self, out: Collector, needs: Mapping[str, Iterable[str]], place: str) -> dict[str, Needed]:
        """Ref → what provides what it needs. A package of the name goes before others that provide it.

        `needs`: ref → capabilities. `place`: the path that a stop for too many of them is reported at.
        """
        edges: dict[str, Needed] = {}
        for ref, wanted in needs.items():
            found: set[str] = set()
            known = Edges.COMPLETE
            for capability in wanted:
                if not out.step(place):
                    return edges
                providers = self._named.get(capability) or self._provided.get(capability) or []
                found.update(providers[:_PROVIDERS])
                if not providers:
                    known = Edges.INCOMPLETE
            found.discard(ref)
            edges[ref] = Needed(tuple(sorted(found)), known)
        return edges
