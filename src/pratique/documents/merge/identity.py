"""When components of different documents are one. Pure.

One and the same are components whose package URLs name one package (`documents.same`), and operating systems of one release; of
those without a package URL, components of the same kind, name, version and hashes. What states neither version nor hash is alone:
a name is no identity. What could be either of two that are told apart (`arch` is stated by these, not by that) stays apart, too.
"""

from collections.abc import Iterable
from dataclasses import replace

from pratique.documents.document import Part
from pratique.documents.same import OPERATING_SYSTEM, part_identity
from pratique.lexicon.purl_same import PackageIdentity

Key = tuple[object, ...]

_MOST_SPELLINGS = 200  # of one package in one version: each is held against each


def identity(part: Part, *, alone: Key, is_file: bool = False, code: str = "") -> Key:
    """What two components have in common that are one. `code`: a hash that does not stand among the hashes. `alone`: what tells
    this one from all others, where nothing else does. Of packages `settled_keys` decides with those of all documents at hand."""
    stated = part.version or part.hashes or code
    package = part_identity(part) if part.purl or (stated and part.kind == OPERATING_SYSTEM) else None
    if package is not None:
        return (is_file, package)
    if stated:
        return (is_file, part.kind, part.full_name, part.version, frozenset(part.hashes), code)
    return (*alone, is_file)


def settled_keys(keys: Iterable[Key]) -> dict[Key, Key]:
    """Key → the one under which all that is the same component stands, where it is another one.

    Not all tools state the architecture and the distribution of a package. Two that nothing stated tells apart are one, unless a
    third is told apart from one of them alone: then which of them the other is, nobody knows. The order does not matter.
    """
    alike: dict[Key, dict[Key, PackageIdentity]] = {}
    for key in keys:
        package = key[-1]
        if isinstance(package, PackageIdentity):
            alike.setdefault((*key[:-1], replace(package, stated=frozenset())), {})[key] = package
    found: dict[Key, Key] = {}
    for rows in alike.values():
        first: dict[frozenset[Key], Key] = {}
        for key, package in rows.items() if 1 < len(rows) <= _MOST_SPELLINGS else ():
            agreeing = frozenset(other for other, that in rows.items() if package.agrees_with(that))
            if first.setdefault(agreeing, key) != key:
                found[key] = first[agreeing]
    return found
