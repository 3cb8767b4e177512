"""Source trees of Maven: each `pom.xml` is a project, and what it asks for is DECLARED (Maven POM 4.0.0).

Parents, properties, managed versions and imported BOMs are followed as far as they lie in the same tree; nothing is fetched.
A range, or a version that stands in a parent elsewhere, stays open: the component has no version, and what was asked for is
among its facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from posixpath import normpath

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.licence_names import licences_of
from pratique.ecosystems.jvm.pom import Coordinates, Dependency, Pom, interpolate, is_concrete, parse_pom, resolved
from pratique.errors import Malformed
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean, how_many
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_MAX_PARENTS = 30


class MavenCataloger:
    """See the module."""

    name = "maven"
    version = 1
    interest = Interest(names=frozenset({"pom.xml"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """A project's `pom.xml`; those that a package was built with lie under `META-INF/maven`."""
        return not path.startswith("META-INF/maven/") and "/META-INF/maven/" not in path

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each project and for each thing that one asks for."""
        out = Collector(tree)
        poms = _Poms(out, self)
        for path in poms.by_path:
            _add_project(out, path, poms.effective(path))
        return out.result()


@dataclass(frozen=True, slots=True)
class _Effective:
    """A POM with what its parents give it. `managed`: (group, artifact) → version. `licences`: its own or its parents'."""

    pom: Pom
    managed: Mapping[tuple[str, str], str]
    dependencies: tuple[Dependency, ...]
    licences: tuple[str, ...]


_NOTHING = _Effective(Pom(own=Coordinates()), {}, (), ())


class _Poms:
    """All POMs of one tree."""

    def __init__(self, out: Collector, cataloger: MavenCataloger) -> None:
        self._out = out
        self.by_path: dict[str, Pom] = {}
        self._by_name: dict[tuple[str, str], str] = {}
        self._done: dict[str, _Effective] = {}
        for path in sorted(out.tree.contents):
            if path.rpartition("/")[2] == "pom.xml" and cataloger.keeps(path):
                try:
                    pom = parse_pom(out.tree.contents[path])
                except Malformed as error:
                    out.unread(path, error.message)
                    continue
                self.by_path[path] = pom
                group = pom.own.group or (pom.parent.group if pom.parent else "")
                self._by_name.setdefault((group, pom.own.artifact), path)

    def effective(self, path: str) -> _Effective:
        """What Maven would see, as far as the parents are here. Each POM is put together once, after its parents."""
        chain: list[str] = []
        at: str | None = path
        while at is not None and at not in self._done and at not in chain and len(chain) < _MAX_PARENTS:
            chain.append(at)
            at = self._parent_of(at)
        above = self._done.get(at, _NOTHING) if at is not None else _NOTHING
        for one in reversed(chain):
            above = self._done[one] = self._joined(one, above)
        return self._done[path]

    def _parent_of(self, path: str) -> str | None:
        pom = self.by_path[path]
        if pom.parent is None:
            return None
        relative = pom.parent_path
        if relative:
            place = normpath(f"{path.rpartition('/')[0]}/{relative}").lstrip("/")
            for there in (place, f"{place}/pom.xml"):
                known = self.by_path.get(there)
                if known is not None and known.own.artifact == pom.parent.artifact:
                    return there
        return self._by_name.get((pom.parent.group, pom.parent.artifact))

    def _joined(self, path: str, above: _Effective) -> _Effective:
        raw = self.by_path[path]
        cost = len(above.pom.properties) + len(above.managed) + len(above.dependencies)
        if not self._out.step(path, cost):
            above = _NOTHING
        pom = resolved(raw, above=above.pom.properties)
        managed = dict(above.managed)
        for one in pom.managed:
            if one.scope == "import":
                for key, version in self._imported(path, one).items():
                    managed.setdefault(key, version)
            elif one.at.version:
                managed[one.at[:2]] = one.at.version
        inherited = {one.at[:2]: one for one in above.dependencies}
        inherited |= {one.at[:2]: one for one in pom.dependencies}
        return _Effective(pom, managed, tuple(inherited.values()), pom.licences or above.licences)

    def _imported(self, path: str, bom: Dependency) -> Mapping[tuple[str, str], str]:
        """The versions that a BOM of this tree manages, by itself: one that imports another is not followed further."""
        there = self._by_name.get(bom.at[:2])
        if there is None or there == path:
            return {}
        pom = resolved(self.by_path[there])
        if not self._out.step(path, len(pom.managed)):
            return {}
        return {one.at[:2]: one.at.version for one in pom.managed if one.at.version and one.scope != "import"}


def _add_project(out: Collector, path: str, effective: _Effective) -> None:
    pom = effective.pom
    if not pom.own.artifact or not pom.own.group:
        out.unread(path, "a Maven project without a name")
        return
    depends: set[str] = set()
    opened = 0
    for one in effective.dependencies:
        if not one.at.artifact or not out.step(path):
            continue
        version = one.at.version or effective.managed.get(one.at[:2], "")
        version = interpolate(version, pom.properties)
        component = declared(out, path, one.at._replace(version=version), {"java:scope": one.scope})
        opened += not component.version
        if not out.component(component):
            return
        if one.scope != "test" and component.ref:
            depends.add(component.ref)
    if opened:
        count = how_many(opened, "dependency", "dependencies")
        out.unread(path, f"{count} without one version: it stands in a POM that is not here, or is a range")
    project = declared(out, path, pom.own, {"java:packaging": pom.packaging})
    depends.discard(project.ref)
    out.component(
        replace(
            project,
            kind=ComponentKind.APPLICATION,
            licences=licences_of(effective.licences),
            supplier=pom.organisation,
            description=pom.description or pom.title,
            homepage=pom.url,
            depends=tuple(sorted(depends)),
            edges=Edges.COMPLETE,
        )
    )


def declared(out: Collector, path: str, at: Coordinates, facts: Mapping[str, str], classifier: str = "") -> Component:
    """A component that a file at `path` asks for. A version that names no single release is kept among the facts."""
    group, artifact, wanted = (clean(part, 300) for part in at)
    version, range_ = split_requirement(wanted)
    asked = {} if not wanted or (version and is_concrete(version)) else {"java:requirement": range_ or version}
    version = "" if asked else version
    purl = build_purl("maven", artifact, version, namespace=group, qualifiers={"classifier": classifier})
    return Component(
        ref=purl,
        purl=purl,
        type="maven",
        name=f"{group}:{artifact}" if group else artifact,
        version=version,
        evidence=(path,),
        layer=out.layer_of(path),
        presence=Presence.DECLARED,
        facts={**{key: value for key, value in facts.items() if value}, **asked},
    )
