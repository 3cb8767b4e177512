"""What NuGet chose for a project: `packages.lock.json` (NuGet, "Locking dependencies") and `project.assets.json`, which a restore
writes into the project's `obj` folder. Both tell what each package needs, for each framework apart. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pratique.cataloging.cataloger import Collector
from pratique.ecosystems.dotnet.deps_json import needs_of, sha512, split_key
from pratique.ecosystems.dotnet.feeds import Feeds
from pratique.ecosystems.dotnet.packages import declared
from pratique.errors import Malformed
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty
from pratique.model import Component, Edges

_MAX_FRAMEWORKS = 100


@dataclass(slots=True)
class Chosen:
    """`project`: the file name of the project that it is for, "" where that is not told. `packages`: by their refs. `direct`:
    name in lower case → refs of what the project asks for. `develop`: those of them that only development needs, None where the
    file does not tell. `through`: refs of what other projects of the solution bring along."""

    path: str
    project: str = ""
    packages: dict[str, Component] = field(default_factory=dict)
    direct: dict[str, set[str]] = field(default_factory=dict)
    develop: set[str] | None = None
    through: set[str] = field(default_factory=set)

    def add(self, one: Component, needs: Iterable[str] | None, complete: bool) -> None:
        """One package, maybe once more: what it needs is what it needs in all frameworks."""
        depends = {*(self.packages[one.ref].depends if one.ref in self.packages else ()), *(needs or ())} - {one.ref}
        before = self.packages.get(one.ref)
        known = Edges.COMPLETE if complete and (before is None or before.edges is Edges.COMPLETE) else Edges.INCOMPLETE
        self.packages[one.ref] = replace(one, depends=tuple(sorted(depends)), edges=known)

    def marked(self, out: Collector, develop: set[str] | None) -> Iterator[Component]:
        """The packages, with the scope `dev` for what nothing but the packages named in `develop` (lower case) needs."""
        develop = self.develop if develop is None else develop
        run = {ref for name, refs in self.direct.items() if name not in (develop or ()) for ref in refs} | self.through
        only = _reached(out, self, (ref for name in develop or () for ref in self.direct.get(name, ()))) - _reached(
            out, self, run
        )
        for one in self.packages.values():
            yield replace(one, facts={**one.facts, "scope": "dev"}) if one.ref in only else one


def _reached(out: Collector, chosen: Chosen, start: Iterable[str]) -> set[str]:
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for ref in chosen.packages[waiting.pop()].depends:
            if not out.step(chosen.path):
                return set(chosen.packages)  # nothing is only for development, then
            if ref not in reached and ref in chosen.packages:
                reached.add(ref)
                waiting.append(ref)
    return reached


def read_lock(out: Collector, path: str, document: Mapping[str, Any], feeds: Feeds) -> Chosen:
    """Of `packages.lock.json`, versions 1 and 2. Raises Malformed."""
    frameworks = document.get("dependencies")
    if not isinstance(frameworks, dict):
        raise Malformed("no NuGet lock file")
    chosen = Chosen(path)
    listed = {framework: _items(packages) for framework, packages in list(frameworks.items())[:_MAX_FRAMEWORKS]}
    known = feeds.of(path, {name for items in listed.values() for name in items})
    refs: dict[str, dict[str, str]] = {}
    for framework, items in listed.items():
        there = {
            name: declared(out, path, name, clean(item.get("resolved")), known.get(name, ()))
            for name, item in items.items()
            if item.get("resolved") or item.get("type") != "Project"
        }
        refs[framework] = {name.lower(): one.ref for name, one in there.items()}
        # What is for one runtime tells only what differs from the framework without it.
        base = refs.get(framework.partition("/")[0], {})
        for name, item in items.items():
            needs = [need for need, _ in needs_of(item)]
            found = [ref for need in needs if (ref := refs[framework].get(need) or base.get(need))]
            if name not in there:  # a project of the same solution
                chosen.through.update(found)
                continue
            relation = clean(item.get("type"), 50).lower()
            hashes = sha512(item.get("contentHash"))
            one = replace(there[name], hashes=hashes, hash_covers="package content" if hashes else "")
            chosen.add(replace(one, facts={**one.facts, "nuget:relation": relation}), found, len(found) == len(needs))
            if relation == "direct":
                chosen.direct.setdefault(name.lower(), set()).add(one.ref)
    return chosen


def read_assets(out: Collector, path: str, document: Mapping[str, Any]) -> Chosen:
    """Of `project.assets.json`, version 3. Raises Malformed."""
    libraries, targets = document.get("libraries"), document.get("targets")
    if not isinstance(libraries, dict) or not isinstance(targets, dict):
        raise Malformed("no NuGet assets file")
    project = table_or_empty(document.get("project"))
    restore = table_or_empty(project.get("restore"))
    sources = [clean(feed) for feed in table_or_empty(restore.get("sources"))]
    place = clean(restore.get("projectPath")).replace("\\", "/")
    chosen = Chosen(path, project=place[place.rfind("/") + 1 :])
    packages: dict[str, Component] = {}
    for key, library in _items(libraries).items():
        name, version = split_key(key)
        if name and library.get("type") == "package":
            hashes = sha512(library.get("sha512"))
            one = declared(out, path, name, version, sources)
            packages[key] = replace(one, hashes=hashes, hash_covers="package archive" if hashes else "")
    by_name: dict[str, set[str]] = {}
    for one in packages.values():
        by_name.setdefault(one.name.lower(), set()).add(one.ref)
    elsewhere = {name: refs.copy().pop() for name, refs in by_name.items() if len(refs) == 1}
    asked, develop = _direct(project)
    for target in list(targets.values())[:_MAX_FRAMEWORKS]:
        items = {key: value for key, value in _items(target).items() if out.step(path)}
        # Of several versions a framework has the one that its target lists.
        refs = elsewhere | {split_key(key)[0].lower(): packages[key].ref for key in items if key in packages}
        for key, value in items.items():
            needs = [need for need, _ in needs_of(value)]
            found = [refs[need] for need in needs if need in refs]
            if key in packages:
                chosen.add(packages[key], found, len(found) == len(needs))
            else:
                chosen.through.update(found)
        for name in asked & refs.keys():
            chosen.direct.setdefault(name, set()).add(refs[name])
    for one in packages.values():
        if one.ref not in chosen.packages:  # of no framework's target: nothing tells what it needs
            chosen.packages[one.ref] = one
    chosen.develop = develop
    return chosen


def _direct(project: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """What the project asks for, in lower case, and what of it only for development: private, and not compiled against."""
    asked: set[str] = set()
    run: set[str] = set()
    for framework in list(table_or_empty(project.get("frameworks")).values())[:_MAX_FRAMEWORKS]:
        for name, about in _items(table_or_empty(framework).get("dependencies")).items():
            included = {word.strip() for word in clean(about.get("include") or "All").lower().split(",")}
            private = clean(about.get("suppressParent")).lower() == "all"
            asked.add(name.lower())
            if not private or included & {"all", "compile"}:
                run.add(name.lower())
    return asked, asked - run


def _items(table: Any) -> dict[str, dict[str, Any]]:
    return {name: item for name, item in table_or_empty(table).items() if isinstance(item, dict)}


def tools_and_sdks(document: Mapping[str, Any], tools: bool) -> Sequence[tuple[str, str]]:
    """(name, version) of a manifest of local tools (`dotnet-tools.json`), or of the MSBuild SDKs that `global.json` names."""
    if tools:
        return [(name, clean(about.get("version"))) for name, about in _items(document.get("tools")).items()]
    found = table_or_empty(document.get("msbuild-sdks")).items()
    return [(name, clean(version)) for name, version in found]
