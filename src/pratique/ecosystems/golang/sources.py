"""Go modules in sources: `go.mod` with `go.sum`, and the `go.work` above them (Go Modules Reference).

A requirement that is replaced by a folder, or is another module of the workspace, is that folder: it has no purl. Before Go 1.17
a `go.mod` names only what its own packages need; what these need stands in `go.sum` alone, in all versions that were ever looked
at: the highest of them is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from posixpath import normpath
from typing import Any, NamedTuple

from pratique.cataloging.cataloger import Collector
from pratique.cataloging.origins import place_in
from pratique.cataloging.package_lists import local_ref
from pratique.ecosystems.golang.gomod import GoMod, Replacement, read_go_mod, read_go_sum
from pratique.errors import Malformed
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.versions import key
from pratique.model import Component, ComponentKind, Edges, Presence

FOLDERS = ("./", "../", "/")
_COVERS = "module zip (h1)"


class _Instead(NamedTuple):
    """What stands in a requirement's place. `location`: of a folder, in the artifact; else "" and another module."""

    path: str
    version: str = ""
    location: str = ""


@dataclass(slots=True)
class _Workspace:
    """`replaces`: (module path, version or "") → what instead. `folders`: module path → folder, of the modules that it uses."""

    replaces: dict[tuple[str, str], _Instead]
    folders: dict[str, str] = field(default_factory=dict)


def go_component(out: Collector, path: str, name: str, version: str, *, location: str = "", **more: Any) -> Component:
    """A module. `location`: the folder that its code lies in; then it has no purl."""
    version, asked = split_requirement(version)
    facts = {**more.pop("facts", {}), **({"requirement": asked} if asked else {})}
    if location:
        facts["location"] = location
        ref, purl = local_ref("golang", name, version, location), ""
    else:
        namespace, _, short = name.rpartition("/")
        ref = purl = build_purl("golang", short, version, namespace=namespace)
    return Component(
        ref=ref,
        purl=purl,
        type="golang",
        name=name,
        version=version,
        evidence=(path,),
        layer=out.layer_of(path),
        facts=facts,
        **more,
    )


def go_module(
    out: Collector,
    path: str,
    name: str,
    version: str,
    sum_: str,
    presence: Presence,
    facts: Mapping[str, str],
    *,
    location: str = "",
) -> Component:
    """A module that another needs. `sum_`: of its zip, as `go.sum` has it; "" for none."""
    sum_ = clean(sum_, 128)
    hashes = {"h1": sum_} if sum_.startswith("h1:") else {}
    return go_component(
        out,
        path,
        name,
        version,
        presence=presence,
        hashes=hashes,
        hash_covers=_COVERS if hashes else "",
        facts=dict(facts),
        location=clean(location),
    )


def with_edges(component: Component, refs: set[str]) -> Component:
    """The component, with all that it needs."""
    return replace(component, depends=tuple(sorted(refs - {component.ref})), edges=Edges.COMPLETE)


def read_sources(out: Collector, paths: Iterable[str]) -> None:
    """Components of each `go.mod` among the paths."""
    modules: dict[str, GoMod] = {}
    works: dict[str, GoMod] = {}
    for path in paths:
        name = path.rpartition("/")[2]
        if name in ("go.mod", "go.work"):
            try:
                (modules if name == "go.mod" else works)[path] = read_go_mod(out.tree.contents[path])
            except Malformed as error:
                out.unread(path, error.message)
    spaces = _workspaces(out, works, modules)
    for path, module in modules.items():
        _source(out, path, module, spaces.get(path))


def _workspaces(out: Collector, works: Mapping[str, GoMod], modules: Mapping[str, GoMod]) -> dict[str, _Workspace]:
    """Path of a `go.mod` → the workspace that uses it."""
    found: dict[str, _Workspace] = {}
    for path, work in works.items():
        base = path.rpartition("/")[0]
        space = _Workspace(_replaces(base, work.replaces))
        for use in work.uses:
            place = normpath(f"{place_in(base, use)}/go.mod")
            if place in modules and out.step(path):
                space.folders[modules[place].module] = place.rpartition("/")[0]
                found.setdefault(place, space)
            else:
                out.unknown(path, f"uses a module that is not there: {clean(use, 200)}")
    return found


def _replaces(base: str, replaces: Iterable[Replacement]) -> dict[tuple[str, str], _Instead]:
    """`base`: the folder that theirs are relative to."""
    found: dict[tuple[str, str], _Instead] = {}
    for one in replaces:
        location = place_in(base, one.to_path) if one.to_path.startswith(FOLDERS) else ""
        found[one.path, one.version] = _Instead(one.to_path, one.to_version, location)
    return found


def _source(out: Collector, path: str, module: GoMod, space: _Workspace | None) -> None:
    folder = path.removesuffix("go.mod")
    sums = read_go_sum(out.tree.contents.get(f"{folder}go.sum", b""))
    replaces = _replaces(folder, module.replaces) | (space.replaces if space else {})  # the workspace's go before the module's
    direct: set[str] = set()
    for name, version, indirect in (*module.requires, *_unlisted(out, path, module, sums)):
        if (name, version) in module.excludes:
            out.unknown(path, f"requires {clean(name, 200)} at a version that it excludes")
            continue
        instead = replaces.get((name, version)) or replaces.get((name, ""))
        if space is not None and name in space.folders:  # a module of the workspace is used as it lies there
            instead = _Instead(space.folders[name] or ".", "", space.folders[name] or ".")
        found = _required(out, path, name, version, instead, sums)
        if indirect:
            found = replace(found, facts={**found.facts, "indirect": "true"})
        else:
            direct.add(found.ref)
        if not out.component(found):
            return
    if module.module:
        facts = {"go": clean(module.go, 64)} if module.go else {}
        kind = ComponentKind.APPLICATION
        main = go_component(out, path, clean(module.module), "", presence=Presence.DECLARED, kind=kind, facts=facts)
        out.component(with_edges(main, direct))


def _unlisted(out: Collector, path: str, module: GoMod, sums: Mapping[tuple[str, str], str]) -> Iterable[tuple[str, str, bool]]:
    """What a `go.mod` from before Go 1.17 leaves to its `go.sum`."""
    if module.is_pruned or not module.requires:
        return ()
    if not sums:
        reason = f"a module of Go {clean(module.go, 20) or '1.16'} names only what it needs itself: what that needs is not known"
        out.unknown(path, f"{reason}, as go.sum is not there")
        return ()
    named = {one.path for one in module.requires}
    versions: dict[str, str] = {}
    for name, version in sums:
        if name not in named and (name not in versions or _order(versions[name]) < _order(version)):
            versions[name] = version
    return [(name, version, True) for name, version in sorted(versions.items())]


def _required(
    out: Collector, path: str, name: str, version: str, instead: _Instead | None, sums: Mapping[tuple[str, str], str]
) -> Component:
    facts: dict[str, str] = {}
    location = instead.location if instead is not None else ""
    if instead is not None and location:
        facts["replaced-by"] = clean(instead.path)
    elif instead is not None:
        facts["replaces"] = clean(f"{name}@{version}")
        name, version = instead.path, instead.version
    sum_ = "" if location else sums.get((name, version), "")
    return go_module(out, path, clean(name), clean(version, 256), sum_, Presence.DECLARED, facts, location=location)


def _order(version: str) -> tuple[Any, ...]:
    try:
        return key("semver", version.removesuffix("+incompatible"))
    except Malformed:
        return ()
