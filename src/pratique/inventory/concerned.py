"""Which catalogers a tree concerns: a cataloger whose files are not there finds nothing, and need not even be loaded. Pure."""

from bisect import bisect_left

from pratique.cataloging.carried_documents import JAVA_ARCHIVE
from pratique.cataloging.cataloger import Cataloger
from pratique.model import Tree

READ_OF_OTHERS = {"stated": JAVA_ARCHIVE}
"""Cataloger → the probe of another whose facts it reads as well."""


class Concerned:
    """Of one tree: the names of files that were kept, the probes that found something, and all paths in their order."""

    def __init__(self, tree: Tree) -> None:
        names = {path[path.rfind("/") + 1 :] for path in tree.contents}
        self._names = names
        self._endings = {name[name.rfind(".") :] for name in names}
        self._probes = {probe for facts in tree.facts.values() for probe in facts}
        # What a package file says of itself has no entry: it was laid where a package manager would keep it.
        self._paths = sorted(tree.entries.keys() | tree.contents.keys())

    def __call__(self, cataloger: Cataloger) -> bool:
        """Whether anything in the tree is of its interest. Below its prefixes the name of a file is enough."""
        interest = cataloger.interest
        return (
            not self._names.isdisjoint(interest.names)
            or not self._endings.isdisjoint(interest.endings)
            or any(probe.name in self._probes for probe in cataloger.probes)
            or READ_OF_OTHERS.get(cataloger.name) in self._probes
            or any(map(self._below, interest.prefixes))
        )

    def _below(self, prefix: str) -> bool:
        at = bisect_left(self._paths, prefix)
        return at < len(self._paths) and self._paths[at].startswith(prefix)
