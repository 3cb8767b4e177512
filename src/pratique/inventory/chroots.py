"""Package databases below another root: a system within the system, `opt/rootfs/var/lib/dpkg`. Pure.

Such a root is read as a tree of its own, by the catalogers that read the outer one, and what they find gets the root's path:
as a fact, and in its ref, since the same package may lie inside and outside. A root is one where the database and what a
package manager always writes beside it are there; a database alone is said to be one, and not believed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pratique.cataloging.cataloger import Catalogued, FileClaim
from pratique.cataloging.resolver import Resolver
from pratique.ecosystems.apk.places import DATABASES as APK
from pratique.ecosystems.dpkg.places import INFO, STATUS
from pratique.ecosystems.rpm.places import DATABASES as RPM
from pratique.inventory.catalogers import CATALOGERS
from pratique.inventory.guarded import catalogue_guarded
from pratique.lexicon.text import shown_path
from pratique.model import Component, FileEntry, Tree, Unknown

ROOT = "root"
"""The fact that names a component's root."""
_MAX_ROOTS = 50
_T = TypeVar("_T")
_RECORDS = ("var/lib/dpkg/", "lib/apk/db/", "usr/lib/apk/db/", "var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/")


@dataclass(frozen=True, slots=True)
class _Manager:
    """`databases`: paths in a root. `whole`: whether what lies beside a database is there too, by the paths of the root."""

    cataloger: str
    databases: tuple[str, ...]
    whole: Callable[[Tree], bool]


_MANAGERS = (
    _Manager("dpkg", (STATUS,), lambda tree: any(path.startswith(INFO) and path.endswith(".list") for path in tree.contents)),
    _Manager("apk", APK, lambda tree: "etc/apk/world" in tree.entries),
    _Manager("rpm", tuple(sorted(RPM, key=len, reverse=True)), lambda _tree: True),  # its probe has read packages in it
)


@dataclass(slots=True)
class _Root:
    """`managers`: with the database each was found by."""

    managers: list[tuple[_Manager, str]] = field(default_factory=list)
    entries: dict[str, FileEntry] = field(default_factory=dict)


def catalogue_roots(tree: Tree) -> list[Catalogued]:
    """What the roots below others hold, in their order. Where there are none, what was kept is looked over, and no more."""
    roots = _find(tree)
    if not roots:
        return []
    left_out = len(roots) - _MAX_ROOTS
    chosen = {path: roots[path] for path in sorted(roots)[:_MAX_ROOTS]}
    found = [_catalogue(path, root, _within(tree, path, root)) for path, root in _filled(tree, chosen).items()]
    if left_out > 0:
        reason = f"{left_out} more package databases below other roots than the {_MAX_ROOTS} that are read"
        found.append(Catalogued(unknowns=(Unknown("", reason, unread=True),)))
    return found


def _find(tree: Tree) -> dict[str, _Root]:
    roots: dict[str, _Root] = {}
    for manager in _MANAGERS:
        endings = tuple(f"/{path}" for path in manager.databases)
        for path in (*tree.contents, *tree.facts):
            if path.endswith(endings) and path not in manager.databases:
                ending = next(ending for ending in sorted(endings, key=len, reverse=True) if path.endswith(ending))
                roots.setdefault(path.removesuffix(ending), _Root()).managers.append((manager, path))
    return roots


def _filled(tree: Tree, roots: dict[str, _Root]) -> dict[str, _Root]:
    """With their entries, as the root itself would name them; a root within a root has its own, too."""
    prefixes = tuple(f"{path}/" for path in roots)
    for path, entry in tree.entries.items():
        if path.startswith(prefixes):
            for prefix in prefixes:
                if path.startswith(prefix):
                    inner = path.removeprefix(prefix)
                    roots[prefix[:-1]].entries[inner] = entry._replace(path=inner)
    return roots


def _within(tree: Tree, path: str, root: _Root) -> Tree:
    prefix = f"{path}/"

    def inner(values: Mapping[str, _T]) -> dict[str, _T]:
        return {one.removeprefix(prefix): value for one, value in values.items() if one.startswith(prefix)}

    return replace(tree, entries=root.entries, contents=inner(tree.contents), facts=inner(tree.facts), unknowns=())


def _catalogue(path: str, root: _Root, tree: Tree) -> Catalogued:
    components: list[Component] = []
    claims: list[FileClaim] = []
    unknowns: list[Unknown] = []
    for manager, database in dict(root.managers).items():
        if not manager.whole(tree):
            reason = f"a database of {manager.cataloger} without what lies beside one: it was not read"
            unknowns.append(Unknown(database, reason, unread=True))
            continue
        found = catalogue_guarded(CATALOGERS[manager.cataloger], tree)
        components += found.components
        claims += found.claims
        unknowns += [replace(one, path=f"{path}/{one.path}") for one in found.unknowns]
    if components:
        components += catalogue_guarded(CATALOGERS["system"], tree).components
    resolver = Resolver(tree.entries)
    placed = [(resolver.place(claim.path) or claim.path, claim) for claim in claims]
    if components and not any(place in tree.entries and not place.startswith(_RECORDS) for place, _ in placed):
        unknowns.append(Unknown(path, "a root with a package database and none of the files of its packages"))
    return Catalogued(
        components=tuple(_moved(one, path) for one in components),
        claims=tuple(claim._replace(path=f"{path}/{place}", owner=_ref(claim.owner, path)) for place, claim in placed),
        unknowns=tuple(unknowns),
    )


def _moved(one: Component, path: str) -> Component:
    return replace(
        one,
        ref=_ref(one.ref, path),
        depends=tuple(_ref(ref, path) for ref in one.depends),
        evidence=tuple(f"{path}/{place}" for place in one.evidence),
        facts={**one.facts, ROOT: f"/{path}"},
    )


def _ref(ref: str, path: str) -> str:
    return f"{ref}#/{shown_path(path)}"
