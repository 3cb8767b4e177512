"""What was opened, catalogued: the components of each packed file, placed where they lie. Pure.

The catalogers judge what is inside as if it lay in an empty root; then each path becomes `archive!path`. Nothing in an archive is
installed: what would be is EMBEDDED. The package that the file itself is owns the file and needs what is in it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pratique.cataloging.cataloger import Catalogued, FileClaim
from pratique.cataloging.os_release import OS_RELEASE, PLACES, family_of, read_os_release
from pratique.inventory.packed.facts import PACKED, OpenedFile, decode
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import shown_path
from pratique.model import STATED_BY, Component, Digest, FileEntry, FileKind, Presence, Tree, Unknown

PACKAGE_FILE = "package-file"
"""The fact of a component that is a package file: what kind of one."""
NEEDS = "package-file:needs"
"""... and what it says that it needs, as it is written there."""
_ARCHIVE = "package archive"
_MAX_NAMED = 10
_COUNTED = lazy(r"(.*) \(and (\d{1,9}) more places in it\)", re.DOTALL)
_MAX_UNKNOWNS = 200  # of one archive: a hostile one has as many as it has files


@dataclass(frozen=True, slots=True, kw_only=True)
class Insides:
    """What catalogers say of the files in one archive."""

    components: tuple[Component, ...]
    unknowns: tuple[Unknown, ...]


Catalogue = Callable[[Tree], Insides]


def catalogue_packed(tree: Tree, catalogue: Catalogue, keeps: Callable[[str], bool]) -> Catalogued:
    """All that packed files hold, those inside them included. `keeps`: what catalogers want of a tree."""
    components: list[Component] = []
    claims: list[FileClaim] = []
    unknowns: list[Unknown] = []
    for path in sorted(path for path, facts in tree.facts.items() if PACKED in facts):
        opened = decode(tree.facts[path][PACKED])
        inner = replace(opened.tree, contents={name: data for name, data in opened.tree.contents.items() if keeps(name)})
        system = _system(opened, tree)
        found = _in_system(catalogue, inner, system) if system else catalogue(inner)
        layer = _layer(tree, path)
        itself = _itself(found.components, opened)
        tops = _tops(found.components)
        for one in found.components:
            moved = _moved(one, path, layer, opened)
            if one.ref in itself:
                entry = tree.entries.get(path)
                moved = _file(moved, opened, entry.sha256 if entry is not None else "", tops - itself)
                claims.append(FileClaim(path, moved.ref))
            components.append(moved)
        unknowns += _told(found.unknowns, path, opened)
    return Catalogued(components=tuple(components), claims=tuple(claims), unknowns=tuple(unknowns))


def _told(found: Iterable[Unknown], path: str, opened: OpenedFile) -> list[Unknown]:
    """What is not known of an archive: of one reason a few places by name, the rest by number, also of archives in it."""
    named: dict[tuple[str, bool], list[Unknown]] = {}
    counts: dict[tuple[str, bool], int] = {}
    for one in found:
        counted = _COUNTED.fullmatch(one.reason)
        key = (counted[1] if counted else one.reason, one.unread)
        places = named.setdefault(key, [])
        if counted or len(places) == _MAX_NAMED:
            counts[key] = counts.get(key, 0) + (int(counted[2]) if counted else 1)
        else:
            places.append(replace(one, path=_place(path, one.path, opened)))
    told = [one for places in named.values() for one in places]
    told += [Unknown(path, f"{reason} (and {count} more places in it)", unread) for (reason, unread), count in counts.items()]
    if len(told) > _MAX_UNKNOWNS:
        reason = f"{PACKED}: {len(told) - _MAX_UNKNOWNS} more places in it are not known"
        told[_MAX_UNKNOWNS:] = [Unknown(path, reason, unread=any(one.unread for one in told[_MAX_UNKNOWNS:]))]
    return told


def _system(opened: OpenedFile, tree: Tree) -> bytes:
    """The os-release that a package of a system is read by: of the system it lies in, where that has such packages; else by what
    the package says it is made for. Empty for others, and where it brings one."""
    if not opened.family or any(path in opened.tree.entries for path in PLACES):
        return b""
    release = read_os_release(tree)
    if release is not None and family_of(release) == opened.family:
        return tree.contents[release.path]
    return f"ID={opened.system}\n".encode() if opened.system else b""


def _in_system(catalogue: Catalogue, tree: Tree, release: bytes) -> Insides:
    """What catalogers find where that os-release lies, which is not in the package."""
    place = OS_RELEASE[0]
    entry = FileEntry(place, FileKind.FILE, 0o644, len(release))
    found = catalogue(replace(tree, entries={**tree.entries, place: entry}, contents={**tree.contents, place: release}))
    return replace(found, components=tuple(one for one in found.components if one.evidence[:1] != (place,)))


def _layer(tree: Tree, path: str) -> Digest | None:
    entry = tree.entries.get(path)
    return tree.layers[entry.layer] if entry is not None and entry.layer < len(tree.layers) else None


def _itself(components: Iterable[Component], opened: OpenedFile) -> frozenset[str]:
    """The component that the file is. It cannot be several: a file that says so is none of them, but holds them."""
    found = frozenset(one.ref for one in components if opened.identity and opened.identity in one.evidence)
    return found if len(found) == 1 else frozenset()


def _tops(components: Iterable[Component]) -> frozenset[str]:
    """Refs that nothing else in the archive needs."""
    components = tuple(components)
    needed = {ref for one in components for ref in one.depends if ref != one.ref}
    return frozenset(one.ref for one in components if one.ref not in needed and one.presence is not Presence.DECLARED)


def _moved(one: Component, path: str, layer: Digest | None, opened: OpenedFile) -> Component:
    return replace(
        one,
        presence=Presence.EMBEDDED if one.presence is Presence.INSTALLED else one.presence,
        evidence=tuple(dict.fromkeys(_place(path, place, opened) for place in one.evidence)),
        layer=layer,
        facts=_told_from_outside(one.facts, path),
    )


def _told_from_outside(facts: Mapping[str, str], path: str) -> Mapping[str, str]:
    """Documents in the archive that state a component are named as seen from outside."""
    if STATED_BY not in facts:
        return facts
    return {**facts, STATED_BY: "; ".join(f"{shown_path(path)}!{place}" for place in facts[STATED_BY].split("; "))}


def _place(path: str, inner: str, opened: OpenedFile) -> str:
    """Where something in the archive is, from outside. What was laid over the archive was read elsewhere in it."""
    laid = inner not in opened.tree.entries and (inner in opened.tree.contents or inner in opened.tree.facts)
    if laid or (opened.origin and inner == opened.identity):
        inner = opened.origin
    return f"{path}!{inner}" if inner else path


def _file(one: Component, opened: OpenedFile, sha256: str, holds: frozenset[str]) -> Component:
    hashes: Mapping[str, str] = {"sha256": sha256, **{name: one.hashes[name] for name in one.hashes if name != "sha256"}}
    if one.hash_covers not in ("", _ARCHIVE):
        hashes = {"sha256": sha256}
    return replace(
        one,
        hashes=hashes if sha256 else one.hashes,
        hash_covers=_ARCHIVE if sha256 else one.hash_covers,
        presence=Presence.EMBEDDED if one.presence is Presence.DECLARED else one.presence,
        facts={**one.facts, PACKAGE_FILE: opened.kind, **({NEEDS: opened.needs} if opened.needs else {})},
        depends=tuple(sorted({*one.depends, *holds} - {one.ref})),
    )
