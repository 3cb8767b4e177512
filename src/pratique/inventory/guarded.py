"""A cataloger that stumbles costs the file it stumbled over, never the inventory. Pure.

Catalogers are made to end at what they cannot read; this is for what nobody foresaw. The files that lead to it are found by
asking again with fewer of them, each becomes an unknown, and the rest is catalogued without them.
"""

from collections.abc import Sequence
from dataclasses import replace

from pratique.cataloging.cataloger import Cataloger, Catalogued
from pratique.model import Tree, Unknown

_MAX_CULPRITS = 20
_MAX_RUNS = 400


def catalogue_guarded(cataloger: Cataloger, tree: Tree) -> Catalogued:
    """What the cataloger finds in the files that it can read."""
    try:
        return cataloger.catalogue(tree)
    except Exception as error:  # whatever it is, it is told
        return _without_culprits(cataloger, tree, error)


def _without_culprits(cataloger: Cataloger, tree: Tree, error: Exception) -> Catalogued:
    paths = sorted({*(path for path in tree.contents if cataloger.keeps(path)), *tree.facts})
    search = _Search(cataloger, tree)
    unknowns: list[Unknown] = []
    found: Catalogued | None = None
    while found is None and len(unknowns) < _MAX_CULPRITS and (culprit := search.culprit(paths)):
        unknowns.append(Unknown(culprit, f"{cataloger.name}: could not be read: {type(error).__name__}", unread=True))
        paths.remove(culprit)
        found = search.run(paths)
    if found is None:
        reason = f"{cataloger.name}: what its files say together could not be read: {type(error).__name__}"
        return Catalogued(unknowns=(*unknowns, Unknown("", reason, unread=True)))
    return replace(found, unknowns=(*found.unknowns, *unknowns))


class _Search:
    """Runs the cataloger with the contents and facts of some files, all of whose names it still sees."""

    def __init__(self, cataloger: Cataloger, tree: Tree) -> None:
        self._cataloger = cataloger
        self._tree = tree
        self._runs = 0
        self._others = [path for path in tree.contents if not cataloger.keeps(path)]

    def run(self, paths: Sequence[str]) -> Catalogued | None:
        """What it finds; None where it stumbles."""
        self._runs += 1
        if self._runs > _MAX_RUNS:
            return None
        chosen = {*paths, *self._others}
        tree = replace(
            self._tree,
            contents={path: data for path, data in self._tree.contents.items() if path in chosen},
            facts={path: facts for path, facts in self._tree.facts.items() if path in chosen},
        )
        try:
            return self._cataloger.catalogue(tree)
        except Exception:
            return None

    def culprit(self, paths: Sequence[str]) -> str:
        """The last file of the shortest beginning that makes it stumble; "" where the files alone are not it."""
        if self.run(paths) is not None or self.run(()) is None or self._runs > _MAX_RUNS:
            return ""
        low, high = 0, len(paths)  # the first `low` are read, the first `high` are not
        while high - low > 1:
            middle = (low + high) // 2
            if self.run(paths[:middle]) is None:
                high = middle
            else:
                low = middle
        return paths[high - 1]
