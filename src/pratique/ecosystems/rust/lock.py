"""`Cargo.lock` (versions 1 to 4). Pure.

A crate without a source lies in a folder: the project's own, or one beside it. The project itself, which nothing else needs, is
what it calls itself; the others have no purl. What only tests need is worked out from the manifests of the project's crates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pratique.cataloging.cataloger import Collector
from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_registry, at_repository, place_in
from pratique.cataloging.package_lists import local_ref
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.parse import load_toml
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Component, ComponentKind, Edges, Presence

_COVERS = "package archive"
_SHA256 = lazy(r"[0-9a-f]{64}")
_PUBLIC = ("github.com/rust-lang/crates.io-index", "index.crates.io", "crates.io")
_NEEDED = ("dependencies", "build-dependencies")


def crate(
    out: Collector, path: str, name: str, version: str, presence: Presence, *, origin: Origin = PUBLIC, **more: Any
) -> Component:
    """A component. What is local has a location and no purl."""
    name, (version, asked) = clean(name, 200), split_requirement(clean(version, 200))
    facts = {**more.pop("facts", {}), **({"requirement": asked} if asked else {})}
    if origin.local is None:
        ref = purl = build_purl("cargo", name, version, qualifiers=origin.qualifiers)
    else:
        facts["location"] = place_in(path.rpartition("/")[0], origin.local)
        ref, purl = local_ref("cargo", name, version, facts["location"]), ""
    return Component(
        ref=ref,
        purl=purl,
        type="cargo",
        name=name,
        version=version,
        presence=presence,
        evidence=(path,),
        layer=out.layer_of(path),
        facts=facts,
        **more,
    )


def read_lock(out: Collector, path: str, document: dict[str, Any]) -> None:
    """A component for each crate. Raises Malformed."""
    packages = document.get("package", [])
    if not isinstance(packages, list):
        raise Malformed("no valid list of packages")
    if isinstance(document.get("root"), dict):  # version 1
        packages = [document["root"], *packages]
    sums = document.get("metadata")
    sums = sums if isinstance(sums, dict) else {}
    named = [one for one in packages if isinstance(one, dict) and one.get("name") and isinstance(one["name"], str)]
    named = [one for one in named if isinstance(one.get("version"), str)]
    if len(named) < len(packages):
        out.unread(path, "a package without a name or version")
    local = {one["name"] for one in named if not clean(one.get("source"))}
    needed = {_name(need) for one in named for need in _listed(one.get("dependencies"))}
    tops = local - needed
    manifests = _manifests(out, path, local) if local else {}
    found: list[tuple[Component, list[Any]]] = []
    by_name: dict[str, list[tuple[str, str, str]]] = {}
    for package in named:
        name, version, source = package["name"], package["version"], clean(package.get("source"))
        sha256 = package.get("checksum") or sums.get(f"checksum {name} {version} ({source})")
        hashes = {"sha256": sha256} if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else {}
        own = not source and tops == {name}
        component = crate(
            out,
            path,
            name,
            version,
            Presence.DECLARED,
            origin=PUBLIC if own else _origin(source, manifests.get(name, ("",))[0]),
            kind=ComponentKind.LIBRARY if source else ComponentKind.APPLICATION,
            hashes=hashes,
            hash_covers=_COVERS if hashes else "",
            facts={"source": source} if source else {},
        )
        found.append((component, _listed(package.get("dependencies"))))
        by_name.setdefault(clean(name, 200), []).append((version, source, component.ref))
    edges: dict[str, set[str]] = {}
    open_: set[str] = set()
    for component, needs in found:
        there = needs if out.step(path, len(needs)) else []
        refs = {ref for need in there if (ref := _needed(need, by_name))}
        if len(refs) < len(needs):
            open_.add(component.ref)
        edges.setdefault(component.ref, set()).update(refs - {component.ref})
    testing = _testing(out, path, [one for one, _ in found], edges, manifests)
    for component, _ in found:
        facts = {**component.facts, **({"scope": "dev"} if component.ref in testing else {})}
        known = Edges.INCOMPLETE if component.ref in open_ else Edges.COMPLETE
        if not out.component(replace(component, depends=tuple(sorted(edges[component.ref])), edges=known, facts=facts)):
            return


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(need: Any) -> str:
    return need.partition(" ")[0] if isinstance(need, str) else ""


def _origin(source: str, folder: str) -> Origin:
    """`registry+…`, `sparse+…`, `git+…?rev=main#commit`; without a source a folder."""
    if not source:
        return at_path(folder or ".")
    kind, _, address = source.partition("+")
    if kind == "git":
        return at_repository(address)
    if kind in ("registry", "sparse"):
        return at_registry(address.partition("#")[0], *_PUBLIC) if "://" in address else PUBLIC
    return at_path(address or source)


def _needed(need: Any, by_name: dict[str, list[tuple[str, str, str]]]) -> str:
    """`name`, `name version` or `name version (source)`: as much of it as tells the packages of the file apart."""
    name, version, source, *_ = [*(need.split(" ") if isinstance(need, str) else [""]), "", ""]
    known = [one for one in by_name.get(name, [])[:64] if not version or one[0] == version]
    exact = [one for one in known if source and one[1].partition("#")[0] == source.strip("()").partition("#")[0]]
    return next((ref for _, _, ref in exact or known), "")


def _manifests(out: Collector, path: str, local: set[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Name → folder, relative to the lock file, and manifest, of the crates that lie beside it."""
    base = path.removesuffix("Cargo.lock")
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for other in sorted(out.tree.contents):
        if other.startswith(base) and other.endswith("Cargo.toml") and out.step(path):
            try:
                document = load_toml(out.tree.contents[other])
            except Malformed:
                continue  # what is wrong with it says nothing about what is locked
            name = text_or_empty(table_or_empty(document.get("package")).get("name"))
            if name in local:
                found.setdefault(name, (other.removeprefix(base).removesuffix("Cargo.toml").rstrip("/") or ".", document))
    return found


def _testing(
    out: Collector,
    path: str,
    found: Iterable[Component],
    edges: Mapping[str, set[str]],
    manifests: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> set[str]:
    """Refs of what only tests need; none, where a crate of the project has no manifest here."""
    own = {one.ref: one.name for one in found if one.kind is ComponentKind.APPLICATION}
    if not own or not all(name in manifests for name in own.values()):
        return set()
    names = {one.ref: one.name for one in found}
    reached = set(own)
    waiting = list(own)
    while waiting:
        ref = waiting.pop()
        there = edges[ref]
        if ref in own:
            asked = _asked(manifests[own[ref]][1])
            there = {one for one in there if names[one] in asked or one in own}
        if not out.step(path, len(there)):
            return set()
        waiting += there - reached
        reached |= there
    return set(names) - reached


def _asked(document: Mapping[str, Any]) -> set[str]:
    """Names of the packages that a manifest asks for, but for its tests."""
    tables = [document, *map(table_or_empty, table_or_empty(document.get("target")).values())]
    asked: set[str] = set()
    for table in tables:
        for kind in _NEEDED:
            for name, value in table_or_empty(table.get(kind)).items():
                asked.add(text_or_empty(table_or_empty(value).get("package")) or name)
    return asked
