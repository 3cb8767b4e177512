"""NuGet: packages in a package folder or as `.nupkg` files (INSTALLED), and what .NET projects ask for (`projects.py`)."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.licence_names import licences_of
from pratique.cataloging.zipread import find_directory, read_entry, walk_entries
from pratique.ecosystems.dotnet.feeds import FeedProbe, is_elsewhere
from pratique.ecosystems.dotnet.msbuild import PROJECTS
from pratique.ecosystems.dotnet.msbuild_file import local_name
from pratique.ecosystems.dotnet.packages import declared
from pratique.ecosystems.dotnet.projects import PROJECT_FILES, add_projects
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.text import clean
from pratique.model import Component, Edges, Presence, Tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NOTE = ".nupkg.metadata"  # what NuGet writes beside what it unpacked
_MAX_ITEMS = 5_000
_MAX_GROUPS = 100
_MAX_NUSPEC = 1 << 20
_MAX_ENTRIES = 200_000
_DECLARATION = lazy(r"\A\s*<\?xml[^>]*\?>")


class NupkgProbe:
    """The `.nuspec` of a package file. Facts: a JSON object, `nuspec` (its text) and `sha512`."""

    name = "nupkg"
    interest = Interest(endings=frozenset({".nupkg"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """A zip archive."""
        return head[:2] == b"PK"

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed: no archive, or one without a manifest."""
        directory = find_directory(content.view)
        if directory.entries > _MAX_ENTRIES:
            raise Malformed(f"more than {_MAX_ENTRIES} entries")
        entries = walk_entries(content.view, directory, lambda name: name.lower().endswith(b".nuspec") and b"/" not in name)
        found = next(entries, None)
        if found is None:
            raise Malformed("no manifest")
        # The declaration names the encoding of the bytes, which are text from here on.
        text = _DECLARATION.sub("", decode_text(bytes(read_entry(content.view, found, _MAX_NUSPEC))), count=1)
        return json.dumps({"nuspec": text, "sha512": hashlib.sha512(content.view).hexdigest()}, sort_keys=True).encode()


class NugetCataloger:
    """See the module."""

    name = "nuget"
    version = 4
    interest = Interest(names=frozenset({*PROJECT_FILES, _NOTE}), endings=frozenset({".nuspec", ".props", ".targets", *PROJECTS}))
    probes = (NupkgProbe(), FeedProbe())

    def keeps(self, path: str) -> bool:
        """All of them, but for packages of Chocolatey, which are not NuGet's, and for files of MSBuild in installed packages and
        SDKs, which are nobody's project."""
        slashed = f"/{path.lower()}"
        if "/chocolatey/lib/" in slashed:
            return False
        return not path.endswith((".props", ".targets")) or not any(one in slashed for one in ("/.nuget/", "/sdk/", "/packs/"))

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each package."""
        out = Collector(tree)
        packages = [*_unpacked(out, self.keeps), *_packed(out)]
        by_name: dict[str, set[str]] = {}
        for one in packages:
            if one.component.presence is Presence.INSTALLED:
                by_name.setdefault(one.component.name.lower(), set()).add(one.component.ref)
        for one in packages:
            if out.component(_with_needs(one, by_name)) and one.component.presence is Presence.INSTALLED:
                out.claim(one.component.evidence[0], one.component.ref)
        add_projects(out, self.keeps)
        return out.result()


class _Package(NamedTuple):
    """`groups`: for each framework, the names of what it needs, in lower case."""

    component: Component
    groups: tuple[frozenset[str], ...]


def _unpacked(out: Collector, keeps: Callable[[str], bool]) -> Iterator[_Package]:
    """What lies in a folder of packages, and manifests of packages that are yet to be made."""
    for path in out.tree.kept((), (".nuspec",)):
        if not keeps(path):
            continue
        try:
            package = _package(out, path, load_xml(out.tree.contents[path]))
        except Malformed as error:
            out.unread(path, error.message)
            continue
        folder, found = path.rpartition("/")[0], package.component
        # Beside the manifest lies what the package holds, where it was unpacked; a source tree has only the manifest.
        note = f"{folder}/{_NOTE}"
        if note not in out.tree.entries and not f"{folder}/".lower().endswith(f"/{found.name}/{found.version}/".lower()):
            yield _Package(replace(found, presence=Presence.DECLARED), ())
            continue
        source = _noted_source(out, note)
        if source:
            origin = declared(out, path, found.name, found.version, [source])
            found = replace(found, ref=origin.ref, purl=origin.purl, facts=origin.facts)
        yield package._replace(component=found)


def _packed(out: Collector) -> Iterator[_Package]:
    for path in sorted(path for path, facts in out.tree.facts.items() if NupkgProbe.name in facts):
        facts = json.loads(out.tree.facts[path][NupkgProbe.name])
        try:
            package = _package(out, path, load_xml(facts["nuspec"].encode()))
        except Malformed as error:
            out.unread(path, error.message)
            continue
        entry = out.tree.entries.get(path)
        hashes = {"sha512": facts["sha512"], **({"sha256": entry.sha256} if entry else {})}
        yield package._replace(component=replace(package.component, hashes=hashes, hash_covers="package archive"))


def _with_needs(package: _Package, by_name: Mapping[str, set[str]]) -> Component:
    """The package with edges to those that are there in one version. Each framework needs what its group says; which one it is
    for, the package does not say."""
    one, needed = package.component, frozenset().union(*package.groups)
    if one.presence is not Presence.INSTALLED:
        return one
    found = {name: refs for name in needed if len(refs := by_name.get(name, set())) == 1}
    depends = {ref for refs in found.values() for ref in refs} - {one.ref}
    known = Edges.COMPLETE if len(found) == len(needed) else Edges.INCOMPLETE
    return replace(one, depends=tuple(sorted(depends)), edges=known)


def _noted_source(out: Collector, path: str) -> str:
    """The feed that a package was unpacked from; "" where it is not noted, or was a folder, of which nothing more is known."""
    try:
        source = clean(read_json_object(out.tree.contents.get(path, b"{}")).get("source"))
    except Malformed as error:
        out.unread(path, error.message)
        return ""
    return "" if is_elsewhere(source) else source


def _expression(address: str) -> str:
    """Of an address at licenses.nuget.org the expression that it spells, percent-encoded; of anything else itself."""
    _, host, path = address.partition("licenses.nuget.org/")
    return unquote(path) if host else address


def _package(out: Collector, path: str, root: "Element") -> _Package:
    metadata = next((one for one in root.iter() if local_name(one) == "metadata"), None)
    texts = {local_name(item): clean(item.text) for item in metadata} if metadata is not None else {}
    name, version = clean(texts.get("id"), 300), clean(texts.get("version"), 300)
    if metadata is None or not name or not version or "$" in name + version:
        raise Malformed("a package manifest without name and version")
    licence = next((item for item in metadata if local_name(item) == "license" and item.get("type") == "expression"), None)
    names = [licence.text or ""] if licence is not None else [texts.get("licenseUrl", "")]
    names = [_expression(text) for text in names if not text.startswith("https://aka.ms/")]
    component = replace(
        declared(out, path, name, version),
        presence=Presence.INSTALLED,
        licences=licences_of(names),
        supplier=texts.get("authors", ""),
        description=texts.get("description", ""),
        homepage=texts.get("projectUrl", ""),
    )
    return _Package(component, tuple(_groups(metadata)))


def _groups(metadata: "Element") -> Iterator[frozenset[str]]:
    """What each framework needs; without groups, what all of them do."""
    for section in metadata:
        if local_name(section) != "dependencies":
            continue
        for group in [section, *(one for one in section if local_name(one) == "group")][:_MAX_GROUPS]:
            items = [one for one in group if local_name(one) == "dependency"][:_MAX_ITEMS]
            yield frozenset(clean(one.get("id"), 300).lower() for one in items if one.get("id"))
