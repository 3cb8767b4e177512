"""Installed Node packages: `node_modules/NAME/package.json` and `node_modules/@SCOPE/NAME/package.json`, at any depth.

Outside `node_modules` a `package.json` that has a name and a version is a package, too: an application, or one of those that
distributions keep in folders of their own. Deeper inside an installed package it is one that was bundled into it, where `bundled`
says that it is none of the package's own: EMBEDDED, in what it is bundled in, with or without a version. At the root of a folder
that is no image it is the project itself, with or without a version.

Dependencies are found as Node finds them: in the nearest `node_modules` upwards (Node.js, Modules, "Loading from node_modules
folders"). What npm notes in `node_modules/.package-lock.json` (digest of the archive, where it came from, what it is needed for)
is added to what it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Needed
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.editor_extensions import editor_extension
from pratique.cataloging.local_packages import LOCATION
from pratique.cataloging.package_lists import local_ref
from pratique.ecosystems.npm.bundled import is_bundled, may_be_bundled
from pratique.ecosystems.npm.names import FOLDER as _FOLDER
from pratique.ecosystems.npm.names import MAX_PLACES_CHARS, climb, climbing_steps, is_allowed, scopes, search
from pratique.ecosystems.npm.npm_lock import read_places
from pratique.ecosystems.npm.origins import named_by
from pratique.ecosystems.npm.registries import RegistryProbe
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.licences import choice
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import ARCHIVE, clean_url, read_integrity, table_or_empty, text_or_empty
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_OWN = "package.json"
_FILE = "/package.json"
_SHARED = ("usr/share/nodejs/", "usr/lib/nodejs/")  # where Debian's node looks last
_HIDDEN = "node_modules/.package-lock.json"
_MAX_DEPENDENCIES = 10_000
_MAX_HOLDERS = 20


class NpmCataloger:
    """See the module."""

    name = "npm"
    version = 6
    interest = Interest(names=frozenset({"package.json", ".package-lock.json"}))
    probes = (RegistryProbe(),)

    def keeps(self, path: str) -> bool:
        """`package.json` of packages, of what may be bundled in one, and outside `node_modules`; and npm's notes."""
        if path.endswith(_FILE):
            folder = _package_folder(path)
            if not folder and editor_extension(path):
                return False  # an extension of an editor is described by such a file, too, and npm has no such package
            return not folder or folder + _FILE == path or may_be_bundled(path[len(folder) + 1 :])
        return path in (_OWN, _HIDDEN) or path.endswith(f"/{_HIDDEN}")

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each package folder."""
        out = Collector(tree)
        found: dict[str, _Package] = {}
        notes: dict[str, Mapping[str, Any]] = {}
        for path in tree.kept((_HIDDEN.rpartition("/")[2],)):
            if self.keeps(path):
                notes |= _notes(out, path)
        inside: list[str] = []
        for path in tree.kept((_OWN,)):
            if path.endswith(_FILE) and self.keeps(path):
                folder = path.removesuffix(_FILE)
                root = _package_folder(path) or _shared_folder(path)
                if root not in ("", folder) and root + _FILE in tree.contents:
                    inside.append(folder)
                    continue
                if not _package_folder(path) and not _named(tree.contents[path], "version"):
                    continue
                package = _read(out, path, notes.get(folder, {}))
                if package is not None:
                    found[folder] = package
        if _OWN in tree.contents and not tree.layers:
            package = _read(out, _OWN, {}) if _named(tree.contents[_OWN]) else None
            if package is not None:
                found[""] = package
        bundles = _add_bundled(out, inside, found)
        kept: dict[str, str] = {}
        for folder, package in found.items():
            needed = _edges(out, folder, package, found)
            depends = tuple(sorted({*needed.depends, *bundles.get(folder, ())}))
            if out.component(replace(package.component, depends=depends, edges=needed.edges)):
                kept[folder] = package.component.ref
        owners = {folder: ref for folder, ref in kept.items() if _package_folder(folder + _FILE)}
        if owners:
            for path in tree.entries:
                ref = owners.get(_package_folder(path))
                if ref is not None:
                    out.claim(path, ref)
        return out.result()


@dataclass(frozen=True, slots=True)
class _Package:
    """`demands`: of what it needs, that without which it is not installed; optional packages and peers may be absent."""

    component: Component
    needs: tuple[str, ...]
    demands: frozenset[str]


def _package_folder(path: str) -> str:
    """The innermost package folder that `path` is in; "" for none."""
    at = path.rfind(_FOLDER)
    if at < 0 or (at and path[at - 1] != "/"):
        return ""
    begin = at + len(_FOLDER)
    end = path.find("/", begin)
    if end > 0 and path[begin] == "@":
        end = path.find("/", end + 1)
    return path[:end] if end > 0 else ""


def _shared_folder(path: str) -> str:
    """The same for the folders that distributions have for packages of their own."""
    base = next((base for base in _SHARED if path.startswith(base)), "")
    if not base:
        return ""
    parts = path[len(base) :].split("/", 2)
    return base + "/".join(parts[: 2 if parts[0].startswith("@") else 1])


def _add_bundled(out: Collector, folders: list[str], found: dict[str, "_Package"]) -> dict[str, set[str]]:
    """Adds packages that lie inside others to `found`: what is innermost is bundled in what is around it.

    Returns folder of a package → refs of what is bundled in it.
    """
    held: dict[str, set[str]] = {}
    holders: dict[str, dict[str, None]] = {}
    added: list[str] = []
    for folder in sorted(folders, key=lambda folder: (folder.count("/"), folder)):
        path = folder + _FILE
        if not out.step(path, climbing_steps(folder, "")):
            break
        around = next((above for above in climb(folder) if above in found), None)
        if around is None:
            continue
        holder = found[around].component
        try:
            document = read_json_object(out.tree.contents[path])
        except Malformed as error:
            out.unread(path, error.message)
            continue
        if is_bundled(document, holder.name, holder.version):
            found[folder] = _package(out, path, document, {})
            added.append(folder)
            ref = found[folder].component.ref
            held.setdefault(around, set()).add(ref)
            holders.setdefault(ref, {})[holder.ref] = None
    for folder in added:
        package = found[folder]
        facts = {**package.component.facts, "bundled-in": ", ".join(list(holders[package.component.ref])[:_MAX_HOLDERS])}
        component = replace(package.component, presence=Presence.EMBEDDED, kind=ComponentKind.LIBRARY, facts=facts)
        found[folder] = replace(package, component=component)
    return held


def _notes(out: Collector, path: str) -> dict[str, Mapping[str, Any]]:
    """Package folder → what npm wrote down when it unpacked it."""
    base = path.removesuffix(_HIDDEN)
    try:
        places = read_places(read_json_object(out.tree.contents[path]))
        if len(base) * len(places) > MAX_PLACES_CHARS:
            raise LimitExceeded(f"places of more than {MAX_PLACES_CHARS} characters together")
        return {f"{base}{place}": entry for place, entry in places.items()}
    except Malformed as error:
        out.unread(path, error.message)
        return {}


def _named(data: bytes, *more: str) -> bool:
    """Whether a package.json names its package, and has `more`; many say no more than what they need, or how to load files."""
    try:
        document = read_json_object(data)
        return all(clean(document.get(field)) for field in ("name", *more))
    except Malformed:
        return True  # what is wrong is told when it is read


def _read(out: Collector, path: str, note: Mapping[str, Any]) -> _Package | None:
    try:
        document = read_json_object(out.tree.contents[path])
    except Malformed as error:
        out.unread(path, error.message)
        return None
    package = _package(out, path, document, note)
    if not package.component.version and path != _OWN:
        out.unread(path, f"the package {clean(_place(path), 214)} has no version")
    return package


def _place(path: str) -> str:
    return path.removesuffix(_FILE).rpartition(_FOLDER)[2]


def _package(out: Collector, path: str, document: Mapping[str, Any], note: Mapping[str, Any]) -> _Package:
    name, version = clean(document.get("name"), 214) or _place(path), clean(document.get("version"), 256)
    scope, slash, short = name.rpartition("/")
    version, asked = split_requirement(version)
    library = bool(_package_folder(path)) or path.startswith(_SHARED)
    # npm wrote where a package is from into its package.json until version 6.
    resolved = text_or_empty(note.get("resolved")) or text_or_empty(document.get("_resolved"))
    folder = path.removesuffix(_OWN).rstrip("/")
    origin = named_by(resolved)
    ref = purl = build_purl("npm", short, version, namespace=scope if slash else "", qualifiers=origin.qualifiers)
    local = origin.local is not None
    if not is_allowed(name):
        out.unknown(path, f"{clean(name, 100)!r} is no name that npm allows: it is none of its registry")
        local = True
    if local:
        ref, purl = local_ref("npm", name, version, folder), ""
    hashes = read_integrity(text_or_empty(note.get("integrity"))) if text_or_empty(note.get("version")) == version else {}
    facts = {
        "resolved": clean_url(resolved),
        "scope": scopes(note),
        "requirement": asked,
        LOCATION: folder if local else "",
    }
    component = Component(
        ref=ref,
        purl=purl,
        type="npm",
        name=name,
        version=version,
        licences=_licences(document),
        supplier=_person(document.get("author")) or _person(_first(document.get("maintainers"))),
        description=clean(document.get("description")),
        homepage=clean(document.get("homepage")),
        evidence=(path,),
        layer=out.layer_of(path),
        hashes=hashes,
        hash_covers=ARCHIVE if hashes else "",
        kind=ComponentKind.LIBRARY if library else ComponentKind.APPLICATION,
        facts={key: value for key, value in facts.items() if value},
    )
    demanded, optional = (table_or_empty(document.get(field)) for field in ("dependencies", "optionalDependencies"))
    return _Package(component, tuple(_needs(document)), frozenset(demanded.keys() - optional.keys()))


def _needs(document: Mapping[str, Any]) -> list[str]:
    names: dict[str, None] = {}
    for field in ("dependencies", "optionalDependencies", "peerDependencies"):
        value = document.get(field)
        if isinstance(value, dict):
            names.update(dict.fromkeys(list(value)[:_MAX_DEPENDENCIES]))
    return list(names)


def _edges(out: Collector, folder: str, package: _Package, found: Mapping[str, _Package]) -> Needed:
    refs: set[str] = set()
    edges = Edges.COMPLETE
    for name in package.needs:
        if not out.step(folder + _FILE, climbing_steps(folder, name)):
            edges = Edges.INCOMPLETE
            break
        shared = (there for base in _SHARED if (there := f"{base}{name}") in found)
        place = next(chain(search(folder, name, found), shared), None)
        if place is None and name in package.demands:
            edges = Edges.INCOMPLETE
        if place is not None and found[place].component.ref != package.component.ref:
            refs.add(found[place].component.ref)
    if edges is Edges.INCOMPLETE and not refs and package.component.kind is ComponentKind.APPLICATION:
        edges = Edges.UNKNOWN  # nothing is installed for it: its lock file may know more
    return Needed(tuple(sorted(refs)), edges)


def _licences(document: Mapping[str, Any]) -> tuple[str, ...]:
    """`license` as a string or the old `{type, url}`, or the old list `licenses`, which means a choice."""
    value = document.get("license", document.get("licence", document.get("licenses")))
    items = value if isinstance(value, list) else [value]
    return choice(text_or_empty(item.get("type") or item.get("name") if isinstance(item, dict) else item) for item in items)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _person(value: Any) -> str:
    if isinstance(value, dict):
        name, mail = clean(value.get("name")), clean(value.get("email"))
        return f"{name} <{mail}>" if name and mail else name or mail
    return clean(value)
