"""Java archives as they lie there, with what is inside them (JAR File Specification; the layouts of war, ear and Spring Boot).

What an archive is, `coordinates.py` beside this settles. An archive inside another is EMBEDDED, and so is what was merged into
one;
its evidence is `path.jar!path/inside`. An archive needs what it holds; beyond that, what its POM asks for and is there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.licence_names import licences_of
from pratique.ecosystems.jvm.component import component_of
from pratique.ecosystems.jvm.coordinates import Identity, JavaArchive, identify
from pratique.ecosystems.jvm.manifest import bundle_licences
from pratique.ecosystems.jvm.pom import Coordinates
from pratique.ecosystems.jvm.probe import ArchiveProbe
from pratique.ecosystems.jvm.repository import linked_places, place_of
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_APPLICATIONS = (".war", ".ear", ".hpi", ".jpi")


class JavaCataloger:
    """See the module."""

    name = "java"
    version = 4
    interest = Interest()  # nothing whole: the probe says it all
    probes = (ArchiveProbe(),)

    def keeps(self, path: str) -> bool:
        """Nothing."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each archive, each archive in it and what was merged into one."""
        out = Collector(tree)
        probed = {path: facts[ArchiveProbe.name] for path, facts in tree.facts.items() if ArchiveProbe.name in facts}
        if probed:
            links = linked_places(tree)
            found = [one for path in sorted(probed) for one in _archives(out, path, probed[path], links)]
            _add(out, found)
        return out.result()


@dataclass(slots=True)
class _Found:
    """`file`: path of the outermost archive. `at`: what it is. `needs`: group, artifact of what its POM asks for.
    `told`: there is a POM."""

    file: str
    at: Coordinates
    component: Component
    needs: list[tuple[str, str]] = field(default_factory=list)
    told: bool = False
    holds: list[str] = field(default_factory=list)
    outermost: bool = False


def _archives(out: Collector, path: str, facts: bytes, links: Mapping[str, tuple[Coordinates, str]]) -> Iterator[_Found]:
    """What one file holds, itself first."""
    archives: list[dict[str, Any]] = json.loads(facts)
    parts = _parts_of_android(path, archives)
    paths: list[str] = []
    mains: list[_Found | None] = []
    for index, archive in enumerate(archives):
        inside = index > 0
        paths.append(f"{paths[archive['in']]}!{archive['name']}" if inside else path)
        here = paths[-1]
        for place, reason in archive.get("problems", ()):
            out.unread(f"{here}!{place}" if place else here, f"java-archive: {reason}")
        place, link = (None, "") if inside else links.get(path, (place_of(path), ""))
        identity = identify(archive, archive["name"] or path, place)
        holder = mains[archive["in"]] if inside else None
        if index in parts:
            mains.append(holder)
            continue
        main = _main(out, path, here, archive, identity, inside=inside)
        mains.append(main or holder)
        if main is not None:
            if link:
                main.component = replace(main.component, evidence=(*main.component.evidence, link))
            _hold(holder, main)
            yield main
        for other in identity.others:
            merged = _merged(out, path, here, other)
            _hold(main or holder, merged)
            yield merged


def _parts_of_android(path: str, archives: list[dict[str, Any]]) -> set[int]:
    """Which archives are the classes of the Android library that they lie in (Android, "Anatomy of an AAR file"): a part of it,
    as long as nothing states more. The library has their packages then."""
    parts: set[int] = set()
    for index, archive in enumerate(archives[1:], 1):
        outer = archives[archive["in"]]
        if archive["name"] == "classes.jar" and (outer["name"] or path).lower().endswith(".aar"):
            if archive.get("maven") or archive.get("poms"):
                continue
            parts.add(index)
            outer["classes"], outer["packages"] = True, archive.get("packages", ())
    return parts


def _hold(holder: _Found | None, held: _Found) -> None:
    if holder is not None:
        holder.holds.append(held.component.ref)


def _main(out: Collector, file: str, here: str, archive: Mapping[str, Any], identity: Identity, *, inside: bool) -> _Found | None:
    own = identity.own
    if own is None:
        return None
    manifest: Mapping[str, str] = archive.get("manifest", {})
    entry = out.tree.entries.get(file)
    sha256 = archive.get("sha256", "") if inside else entry.sha256 if entry else ""
    hashes = {name: value for name, value in (("sha1", archive.get("sha1", "")), ("sha256", sha256)) if value}
    component = component_of(out, own, file, here, Presence.EMBEDDED if inside else Presence.INSTALLED)
    weak = identity.basis == "file name"
    facts = {"java:identified-by": identity.basis, "java:classifier": identity.classifier}
    facts["java:group"] = f"guessed from {identity.guess}" if identity.guess else ""
    facts["java:main-class"] = manifest.get("start-class", manifest.get("main-class", ""))
    component = replace(
        component,
        presence=Presence.RECOGNISED if weak and not inside else component.presence,
        kind=ComponentKind.APPLICATION if _is_application(here, manifest) else ComponentKind.LIBRARY,
        licences=component.licences or licences_of(bundle_licences(manifest)),
        licences_found=tuple(sorted({name for _, name in archive.get("licences", ()) if name})),
        supplier=component.supplier or manifest.get("implementation-vendor", manifest.get("bundle-vendor", "")),
        description=component.description or manifest.get("bundle-description", ""),
        homepage=component.homepage or manifest.get("bundle-docurl", manifest.get("implementation-url", "")),
        hashes=hashes,
        hash_covers="package archive" if hashes else "",
        facts={key: clean(value) for key, value in facts.items() if value},
    )
    return _Found(file, own.at, component, _needs(own), told=bool(own.pom), outermost=not inside)


def _merged(out: Collector, file: str, here: str, artifact: JavaArchive) -> _Found:
    component = component_of(out, artifact, file, f"{here}!{artifact.path}", Presence.EMBEDDED)
    return _Found(file, artifact.at, component, _needs(artifact), told=bool(artifact.pom))


def _is_application(path: str, manifest: Mapping[str, str]) -> bool:
    return path.lower().endswith(_APPLICATIONS) or "start-class" in manifest


def _needs(artifact: JavaArchive) -> list[tuple[str, str]]:
    return [(group, name) for group, name, _ in artifact.pom.get("needs", ())]


def _add(out: Collector, found: list[_Found]) -> None:
    """Edges: to what an archive holds, and to what its POM asks for: in the same file, else in the same folder, else anywhere
    where there is but one."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        folder = one.file.rpartition("/")[0]
        for scope in (f"file {one.file}", f"folder {folder}", "") if one.outermost else (f"file {one.file}",):
            refs = places.setdefault((scope, one.at.group, one.at.artifact), [])
            if one.component.ref not in refs[:8]:
                refs.append(one.component.ref)
    for one in found:
        depends = set(one.holds)
        edges = Edges.COMPLETE if one.told else Edges.UNKNOWN
        folder = one.file.rpartition("/")[0]
        for group, name in one.needs:
            if not out.step(one.file, 3):
                edges = Edges.INCOMPLETE
                break
            scopes = (f"file {one.file}", f"folder {folder}", "")
            refs = next((there for scope in scopes if (there := places.get((scope, group, name)))), [])
            if len(refs) == 1:
                depends.add(refs[0])
            else:
                edges = Edges.INCOMPLETE
        depends.discard(one.component.ref)
        if not out.component(replace(one.component, depends=tuple(sorted(depends)), edges=edges)):
            break
        if one.outermost:
            out.claim(one.file, one.component.ref)
