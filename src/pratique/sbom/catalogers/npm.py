"""Installed Node packages: `node_modules/NAME/package.json` and `node_modules/@SCOPE/NAME/package.json`, at any depth.

Another `package.json` is part of a package, or somebody's source: it is not an installed package. Dependencies are found as
Node finds them: in the nearest `node_modules` upwards (Node.js, Modules, "Loading from node_modules folders").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pratique.artifact.wants import Interest
from pratique.model import Component, Tree
from pratique.sbom.catalogers.base import Catalogued, Collector
from pratique.sbom.licences import normalise
from pratique.sbom.purl import build_purl
from pratique.sbom.text import clean

_FOLDER = "node_modules/"
_FILE = "/package.json"
_MAX_DEPENDENCIES = 10_000


class NpmCataloger:
    """See the module."""

    name = "npm"
    version = 1
    interest = Interest(names=frozenset({"package.json"}))
    probes = ()

    def wants(self, path: str) -> bool:
        """`package.json` directly in a package's folder."""
        return path.endswith(_FILE) and _package_folder(path) + _FILE == path

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each package folder."""
        out = Collector(tree)
        found: dict[str, _Package] = {}
        for path in sorted(tree.contents):
            if self.wants(path):
                package = _read(out, path)
                if package is not None:
                    found[path.removesuffix(_FILE)] = package
        kept: dict[str, str] = {}
        for folder, package in found.items():
            depends = _edges(out, folder, package, found)
            if out.component(replace(package.component, depends=depends)):
                kept[folder] = package.component.ref
        if kept:
            for path in tree.entries:
                ref = kept.get(_package_folder(path))
                if ref is not None:
                    out.claim(path, ref)
        return out.result()


@dataclass(frozen=True, slots=True)
class _Package:
    component: Component
    needs: tuple[str, ...]


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


def _read(out: Collector, path: str) -> _Package | None:
    try:
        document: Any = json.loads(out.tree.contents[path])
    except (ValueError, RecursionError):
        out.unknown(path, "not JSON")
        return None
    if not isinstance(document, dict):
        out.unknown(path, "not a JSON object")
        return None
    place = path.removesuffix(_FILE).rpartition(_FOLDER)[2]
    name, version = clean(document.get("name"), 214) or place, clean(document.get("version"), 256)
    if not version:
        out.unknown(path, f"the package {clean(place, 214)} has no version")
    scope, slash, short = name.rpartition("/")
    purl = build_purl("npm", short, version, namespace=scope if slash else "")
    component = Component(
        ref=purl,
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
    )
    return _Package(component, tuple(_needs(document)))


def _needs(document: Mapping[str, Any]) -> list[str]:
    names: dict[str, None] = {}
    for field in ("dependencies", "optionalDependencies", "peerDependencies"):
        value = document.get(field)
        if isinstance(value, dict):
            names.update(dict.fromkeys(list(value)[:_MAX_DEPENDENCIES]))
    return list(names)


def _edges(out: Collector, folder: str, package: _Package, found: Mapping[str, _Package]) -> tuple[str, ...]:
    refs: set[str] = set()
    roots = _roots(folder)
    for name in package.needs:
        if not out.step(folder + _FILE, len(roots)):
            break
        other = next((found[place] for root in roots if (place := f"{root}{_FOLDER}{name}") in found), None)
        if other is not None and other.component.ref != package.component.ref:
            refs.add(other.component.ref)
    return tuple(sorted(refs))


def _roots(folder: str) -> list[str]:
    """Folders whose `node_modules` is looked into from a package: its own, then each above it, up to the root."""
    roots = [f"{folder}/"]
    above = folder
    while "/" in above:
        above = above.rpartition("/")[0]
        if above.rpartition("/")[2] != "node_modules":
            roots.append(f"{above}/")
    return [*roots, ""]


def _licences(document: Mapping[str, Any]) -> tuple[str, ...]:
    """`license` as a string or the old `{type, url}`, or the old list `licenses`, which means a choice."""
    value = document.get("license", document.get("licence", document.get("licenses")))
    items = value if isinstance(value, list) else [value]
    texts = [clean(item.get("type") or item.get("name")) if isinstance(item, dict) else clean(item) for item in items[:20]]
    names = list(dict.fromkeys(filter(None, map(normalise, texts))))
    if len(names) < 2:
        return tuple(names)
    return (" OR ".join(f"({name})" if " " in name else name for name in names),)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _person(value: Any) -> str:
    if isinstance(value, dict):
        name, mail = clean(value.get("name")), clean(value.get("email"))
        return f"{name} <{mail}>" if name and mail else name or mail
    return clean(value)
