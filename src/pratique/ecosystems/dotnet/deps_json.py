""".NET applications and runtimes as published: `NAME.deps.json` (the runtime configuration file of the .NET SDK).

A library whose assemblies lie beside the file is INSTALLED and owns them. One whose assemblies are not there is DECLARED, since
the SDK lists also what an application was built against; one that has none of its own is there if anything that it needs is.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.package_lists import local_ref
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_ASSETS = ("runtime", "native", "runtimeTargets", "resources")
_MAX_ASSETS = 5_000
_LOCAL = ("project", "reference")
_PACK = "runtimepack."  # the SDK's mark for the runtime that a self-contained application brings along
_NAME = lazy(r"[\w.+-]{1,300}")


class DotnetCataloger:
    """See the module."""

    name = "dotnet"
    version = 1
    interest = Interest(endings=frozenset({".json"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """`NAME.deps.json`."""
        return path.endswith(".deps.json")

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each library that a file lists."""
        out = Collector(tree)
        for path in sorted(tree.contents):
            if self.keeps(path):
                try:
                    libraries = _libraries(out, path)
                except Malformed as error:
                    out.unread(path, error.message)
                    continue
                _add(out, path, libraries)
        return out.result()


@dataclass(slots=True)
class _Library:
    """`needs`: (name in lower case, version). `assets`: paths in the artifact. `found`: those that are there.
    `told`: whether the file says what it needs."""

    name: str
    version: str
    kind: str
    hashes: Mapping[str, str]
    told: bool = True
    needs: list[tuple[str, str]] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    ref: str = ""
    purl: str = ""


def _libraries(out: Collector, path: str) -> dict[tuple[str, str], _Library]:
    document = read_json_object(out.tree.contents[path])
    libraries, targets, told = document.get("libraries"), document.get("targets"), True
    if targets is None:
        targets, told = {}, False  # an older SDK's, or one that was cut down: which libraries there are it tells all the same
    if not isinstance(libraries, dict) or not isinstance(targets, dict):
        raise Malformed("no list of .NET libraries")
    found: dict[tuple[str, str], _Library] = {}
    for key, value in libraries.items():
        name, version = split_key(key)
        if not name or not isinstance(value, dict):
            out.unread(path, f"a library that is not named NAME/VERSION: {clean(key, 100)}")
            continue
        kind = clean(value.get("type"), 50)
        name = name.removeprefix(_PACK) if kind == "runtimepack" else name
        found[name.lower(), version] = _Library(name, version, kind, sha512(value.get("sha512")), told)
    for key, value in _target(document, targets):
        name, version = split_key(key)
        library = found.get((name.lower(), version)) or found.get((name.lower().removeprefix(_PACK), version))
        if library is None or not isinstance(value, dict) or not out.step(path):
            continue
        library.needs += needs_of(value)
        library.assets += _assets(path, value)
        library.found += [asset for asset in library.assets if asset in out.tree.entries]
    return found


def _target(document: Mapping[str, Any], targets: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The libraries of the target that runs; of all where the file does not say which one does."""
    named = document.get("runtimeTarget")
    name = named.get("name") if isinstance(named, dict) else named
    chosen = targets.get(name) if isinstance(name, str) else None
    for target in [chosen] if isinstance(chosen, dict) else list(targets.values())[:20]:
        if isinstance(target, dict):
            yield from target.items()


def split_key(key: str) -> tuple[str, str]:
    """`Name/1.2.3`; two empty texts for what is no such key."""
    name, slash, version = key.partition("/")
    valid = slash and _NAME.fullmatch(name) and _NAME.fullmatch(version)
    return (name, version) if valid else ("", "")


def needs_of(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What `dependencies` names: name in lower case and version, as written."""
    needs = value.get("dependencies")
    items = list(needs.items())[:_MAX_ASSETS] if isinstance(needs, dict) else []
    return [(name.lower(), version) for name, version in items if isinstance(version, str)]


def sha512(value: object) -> dict[str, str]:
    """NuGet's digest of a package, base64 with or without `sha512-` before it, as hashes of a component."""
    if not isinstance(value, str) or len(value) > 200:
        return {}
    try:
        digest = b64decode(value.removeprefix("sha512-"), validate=True)
    except (Base64Error, ValueError):
        return {}
    return {"sha512": digest.hex()} if len(digest) == 64 else {}


def nuget(name: str, version: str, feed: str = "") -> str:
    """The purl. `feed`: where the package is from, if not from the public one."""
    return build_purl("nuget", name, version, qualifiers={"repository_url": feed})


def _assets(path: str, value: Mapping[str, Any]) -> Iterator[str]:
    """Where publishing puts the assets: by their file name, those of a platform or a language in folders of their own."""
    folder = path[: path.rfind("/") + 1]
    for kind in _ASSETS:
        assets = value.get(kind)
        for name, details in list(assets.items())[:_MAX_ASSETS] if isinstance(assets, dict) else ():
            last = name.rpartition("/")[2]
            if not last or last == "_._":
                continue
            if kind == "runtimeTargets":
                yield folder + name
            elif kind == "resources":
                locale = details.get("locale") if isinstance(details, dict) else None
                yield f"{folder}{locale}/{last}"
            else:
                yield folder + last


def _known(library: _Library, found: int) -> Edges:
    if not library.told:
        return Edges.UNKNOWN
    return Edges.COMPLETE if found == len(library.needs) else Edges.INCOMPLETE


def _add(out: Collector, path: str, libraries: Mapping[tuple[str, str], _Library]) -> None:
    by_name: dict[str, _Library] = {}
    for (name, _), library in libraries.items():
        # A project that others of the solution are built from, or a bare assembly, is no package of anybody's.
        own = library.kind in _LOCAL and f"{library.name}.deps.json" != path.rpartition("/")[2]
        location = path.rpartition("/")[0] or "."
        library.purl = "" if own else nuget(library.name, library.version)
        library.ref = library.purl or local_ref("nuget", library.name, library.version, location)
        by_name.setdefault(name, library)
    there = {key for key, library in libraries.items() if library.found or library.kind == "project"}
    edges: dict[tuple[str, str], list[_Library]] = {}
    users: dict[str, list[tuple[str, str]]] = {}
    for key, library in libraries.items():
        # The version that is needed at least; the one that was chosen goes by the name.
        needed = (libraries.get(need) or by_name.get(need[0]) for need in library.needs)
        edges[key] = [one for one in needed if one is not None and one is not library]
        for one in edges[key]:
            users.setdefault(one.ref, []).append(key)
    waiting = list(there)
    while waiting:
        for user in users.get(libraries[waiting.pop()].ref, ()):
            if user not in there and not libraries[user].assets:
                there.add(user)
                waiting.append(user)
    for key, library in libraries.items():
        component = Component(
            ref=library.ref,
            purl=library.purl,
            type="nuget",
            name=library.name,
            version=library.version,
            kind=ComponentKind.APPLICATION if library.kind == "project" else ComponentKind.LIBRARY,
            presence=Presence.INSTALLED if key in there else Presence.DECLARED,
            hashes=library.hashes,
            hash_covers="package archive" if library.hashes else "",
            evidence=(path,),
            layer=out.layer_of(path),
            depends=tuple(sorted({one.ref for one in edges[key]})),
            edges=_known(library, len(edges[key])),
            facts={
                **({"dotnet:library-type": library.kind} if library.kind else {}),
                **({} if library.purl else {"location": path.rpartition("/")[0] or "."}),
            },
        )
        if not out.component(component):
            return
        for asset in library.found:
            out.claim(asset, library.ref)
    roots = [library.ref for library in libraries.values() if library.kind == "project"]
    if roots:
        out.claim(path, roots[0])
