"""NuGet: what .NET projects ask for (DECLARED), and packages as they lie in a package folder or as `.nupkg` files (INSTALLED).

Reads `packages.lock.json`, `project.assets.json`, `packages.config`, project files with `PackageReference` (and the versions that
`Directory.Packages.props` gives them), and `.nuspec` manifests, alone or in a `.nupkg`. Conditions of MSBuild are not evaluated.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.licence_names import licences_of
from pratique.cataloging.origins import at_registry
from pratique.cataloging.zipread import find_directory, read_entry, walk_entries
from pratique.ecosystems.dotnet.deps_json import needs_of, nuget, sha512, split_key
from pratique.ecosystems.dotnet.feeds import FeedProbe, Feeds
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.text import clean
from pratique.model import Component, Edges, Presence, Tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PROJECTS = (".csproj", ".fsproj", ".vbproj")
_ASKING = ("packages.lock.json", "packages.config", *_PROJECTS)
_CENTRAL = "Directory.Packages.props"
_CENTRALS = (_CENTRAL, "Packages.props")  # the second of the SDK Microsoft.Build.CentralPackageVersions
_NOTE = ".nupkg.metadata"  # what NuGet writes beside what it unpacked
_MAX_ITEMS = 20_000
_MAX_NUSPEC = 1 << 20
_MAX_ENTRIES = 200_000
_PUBLIC = ("api.nuget.org/v3/index.json", "www.nuget.org/api/v2", "nuget.org/api/v2", "api.nuget.org")
_DECLARATION = lazy(r"\A\s*<\?xml[^>]*\?>")
_VERSION = lazy(r"\d+(?:\.\d+){0,3}(?:[-+][\w.+-]+)?")
_EXACT = lazy(r"\[\s*([^,\s\]]+)\s*\]")


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
    version = 3
    interest = Interest(
        names=frozenset({"packages.lock.json", "project.assets.json", "packages.config", *_CENTRALS, _NOTE}),
        endings=frozenset({".nuspec", *_PROJECTS}),
    )
    probes = (NupkgProbe(), FeedProbe())

    def keeps(self, path: str) -> bool:
        """All of them, but for packages of Chocolatey, which are not NuGet's."""
        return "/chocolatey/lib/" not in path.lower()

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each package."""
        out = Collector(tree)
        central, feeds = _central_versions(out), Feeds(out)
        for path in sorted(tree.contents):
            name = path[path.rfind("/") + 1 :]
            if not self.keeps(path):
                continue
            read: list[Component] = []
            try:
                for component in _read(out, path, name, central):
                    read.append(component)
            except Malformed as error:
                out.unread(path, error.message)
            for component in _fed(feeds, path, read) if name.endswith(_ASKING) else read:
                if not out.component(component):
                    break
        for path in sorted(path for path, facts in tree.facts.items() if NupkgProbe.name in facts):
            facts = json.loads(tree.facts[path][NupkgProbe.name])
            try:
                package = _package(out, path, load_xml(facts["nuspec"].encode()))
            except Malformed as error:
                out.unread(path, error.message)
                continue
            entry = tree.entries.get(path)
            hashes = {"sha512": facts["sha512"], **({"sha256": entry.sha256} if entry else {})}
            if out.component(replace(package, hashes=hashes, hash_covers="package archive")):
                out.claim(path, package.ref)
        return out.result()


def _read(out: Collector, path: str, name: str, central: Mapping[str, Mapping[str, str]]) -> Iterator[Component]:
    data = out.tree.contents[path]
    if name == "packages.lock.json":
        yield from _lock(out, path, read_json_object(data))
    elif name == "project.assets.json":
        yield from _assets(out, path, read_json_object(data))
    elif name == "packages.config":
        for item in _items(load_xml(data), "package"):
            yield _declared(out, path, item.get("id", ""), item.get("version", ""))
    elif name in _CENTRALS:
        yield from _central_alone(out, path, load_xml(data))
    elif name.endswith(_PROJECTS):
        yield from _project(out, path, load_xml(data), central)
    elif name.endswith(".nuspec"):
        package = _package(out, path, load_xml(data))
        folder = path.rpartition("/")[0]
        # Beside the manifest lies what the package holds, where it was unpacked; a source tree has only the manifest.
        unpacked = f"{folder}/{_NOTE}" in out.tree.entries or f"{folder}/".lower().endswith(
            f"/{package.name}/{package.version}/".lower()
        )
        if unpacked:
            package = _from(package, _noted_source(out, f"{folder}/{_NOTE}"))
        yield package if unpacked else replace(package, presence=Presence.DECLARED)
        if unpacked:
            out.claim(path, package.ref)


def _fed(feeds: Feeds, path: str, components: Sequence[Component]) -> Iterator[Component]:
    """The components with the feeds that the project is set up for."""
    known = feeds.of(path, {one.name for one in components})
    fed = [_from(one, *known.get(one.name, ())) for one in components]
    refs = {before.ref: after.ref for before, after in zip(components, fed, strict=True)}
    return (replace(one, depends=tuple(sorted({refs.get(ref, ref) for ref in one.depends}))) for one in fed)


def _noted_source(out: Collector, path: str) -> str:
    """The feed that a package was unpacked from; "" where it is not noted."""
    try:
        return clean(read_json_object(out.tree.contents.get(path, b"{}")).get("source"))
    except Malformed as error:
        out.unread(path, error.message)
        return ""


def _from(package: Component, *feeds: str) -> Component:
    """The package with the feed that it is from, where that is one, and not the public one: a folder is nobody's."""
    origins = {at_registry(feed, *_PUBLIC).qualifiers.get("repository_url", "") for feed in feeds if "://" in feed}
    if len(origins) != 1 or "" in origins:
        return package
    purl = nuget(package.name, package.version, origins.pop())
    return replace(package, ref=purl, purl=purl)


def _declared(out: Collector, path: str, name: str, version: str) -> Component:
    """`version`: as asked for. One that names no single release is kept among the facts."""
    name, version = clean(name, 300), clean(version, 300)
    exact = _EXACT.fullmatch(version)
    version = exact[1] if exact else version
    asked = "" if _VERSION.fullmatch(version) else version
    if not name:
        raise Malformed("a package without a name")
    purl = nuget(name, "" if asked else version)
    return Component(
        ref=purl,
        purl=purl,
        type="nuget",
        name=name,
        version="" if asked else version,
        presence=Presence.DECLARED,
        evidence=(path,),
        layer=out.layer_of(path),
        facts={"nuget:requirement": asked} if asked else {},
    )


def _lock(out: Collector, path: str, document: Mapping[str, Any]) -> Iterator[Component]:
    frameworks = document.get("dependencies")
    if not isinstance(frameworks, dict):
        raise Malformed("no NuGet lock file")
    for packages in list(frameworks.values())[:100]:
        if not isinstance(packages, dict):
            continue
        items = {name: item for name, item in list(packages.items())[:_MAX_ITEMS] if isinstance(item, dict)}
        refs = {name.lower(): nuget(name, clean(item.get("resolved"))) for name, item in items.items() if item.get("resolved")}
        for name, item in items.items():
            if name.lower() not in refs:  # a project of the same solution
                continue
            found = _declared(out, path, name, clean(item.get("resolved")))
            needs = [need for need, _ in needs_of(item)]
            depends = {refs[need] for need in needs if need in refs} - {found.ref}
            edges = Edges.COMPLETE if all(need in refs for need in needs) else Edges.INCOMPLETE
            hashes = sha512(item.get("contentHash"))
            facts = {"nuget:relation": clean(item.get("type"), 50).lower()}
            covers = "package content" if hashes else ""
            found = replace(found, depends=tuple(sorted(depends)), edges=edges, facts=facts)
            yield replace(found, hashes=hashes, hash_covers=covers)


def _assets(out: Collector, path: str, document: Mapping[str, Any]) -> Iterator[Component]:
    libraries, targets = document.get("libraries"), document.get("targets")
    if not isinstance(libraries, dict) or not isinstance(targets, dict):
        raise Malformed("no NuGet assets file")
    keys = {key: split_key(key) for key in list(libraries)[:_MAX_ITEMS] if isinstance(libraries[key], dict)}
    packages = {key: names for key, names in keys.items() if names[0] and libraries[key].get("type") == "package"}
    restore = document.get("project", {})
    restore = restore.get("restore", {}) if isinstance(restore, dict) else {}
    sources = restore.get("sources", {}) if isinstance(restore, dict) else {}
    feeds = [clean(feed) for feed in sources] if isinstance(sources, dict) else []
    refs = {name.lower(): _from(_declared(out, path, name, version), *feeds).ref for name, version in packages.values()}
    depends: dict[str, set[str]] = {}
    open_: set[str] = set()
    for target in list(targets.values())[:100]:
        for key, value in target.items() if isinstance(target, dict) else ():
            if key in packages and isinstance(value, dict) and out.step(path):
                needs = [need for need, _ in needs_of(value)]
                depends.setdefault(key, set()).update(refs[need] for need in needs if need in refs)
                if not all(need in refs for need in needs):
                    open_.add(key)
    for key, (name, version) in packages.items():
        found = _from(_declared(out, path, name, version), *feeds)
        hashes = sha512(libraries[key].get("sha512"))
        needed = tuple(sorted(depends.get(key, set()) - {found.ref}))
        known = Edges.INCOMPLETE if key in open_ else Edges.COMPLETE
        yield replace(found, depends=needed, edges=known, hashes=hashes, hash_covers="package archive" if hashes else "")


def _central_versions(out: Collector) -> dict[str, dict[str, str]]:
    """Folder → package in lower case → version, of each `Directory.Packages.props`."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(out.tree.contents):
        if path.rpartition("/")[2] in _CENTRALS:
            try:
                found[path.rpartition("/")[0]] = {
                    name.lower(): version for name, version in _managed(load_xml(out.tree.contents[path]))
                }
            except Malformed:
                continue  # which is told where the file is read by itself
    return found


def _managed(root: "Element") -> Iterator[tuple[str, str]]:
    """(package, version) of a file that gives versions to the projects below it."""
    for item in _items(root, "PackageVersion"):
        yield item.get("Include", ""), _version(item)
    for kind in ("PackageReference", "GlobalPackageReference"):
        for item in _items(root, kind):
            name = item.get("Update", "") or item.get("Include", "")
            if name and _version(item):
                yield name, _version(item)


def _central_alone(out: Collector, path: str, root: "Element") -> Iterator[Component]:
    """What it gives versions to, where no project lies below it that tells which of these it uses."""
    below = path.rpartition("/")[0]
    begin = f"{below}/" if below else ""
    projects = out.tree.kept((), _PROJECTS)
    if not out.step(path, 1 + len(projects)) or any(other.startswith(begin) for other in projects):
        return
    for name, version in _managed(root):
        if name:
            yield _declared(out, path, name, version)


def _project(out: Collector, path: str, root: "Element", central: Mapping[str, Mapping[str, str]]) -> Iterator[Component]:
    properties = {_local(item): item.text or "" for group in _items(root, "PropertyGroup") for item in group}
    folder, versions = path.rpartition("/")[0], {}
    for _ in range(folder.count("/") + 2):
        if folder in central:
            versions = dict(central[folder])
            break
        folder = folder.rpartition("/")[0]
    for item in _items(root, "PackageReference"):
        name = item.get("Include", "")
        if not name:  # Update and Remove change what is said elsewhere
            continue
        version = item.get("VersionOverride") or _version(item) or versions.get(name.lower(), "")
        version = re.sub(r"\$\((\w{1,100})\)", lambda match: properties.get(match[1], match[0]), version[:300])
        yield _declared(out, path, name, version)


def _expression(address: str) -> str:
    """Of an address at licenses.nuget.org the expression that it spells, percent-encoded; of anything else itself."""
    _, host, path = address.partition("licenses.nuget.org/")
    return unquote(path) if host else address


def _package(out: Collector, path: str, root: "Element") -> Component:
    metadata = next(_items(root, "metadata"), None)
    texts = {_local(item): clean(item.text) for item in metadata} if metadata is not None else {}
    name, version = clean(texts.get("id"), 300), clean(texts.get("version"), 300)
    if metadata is None or not name or not version or "$" in name + version:
        raise Malformed("a package manifest without name and version")
    licence = next((item for item in metadata if _local(item) == "license" and item.get("type") == "expression"), None)
    names = [licence.text or ""] if licence is not None else [texts.get("licenseUrl", "")]
    names = [_expression(text) for text in names if not text.startswith("https://aka.ms/")]
    return replace(
        _declared(out, path, name, version),
        presence=Presence.INSTALLED,
        licences=licences_of(names),
        supplier=texts.get("authors", ""),
        description=texts.get("description", ""),
        homepage=texts.get("projectUrl", ""),
    )


def _items(root: "Element", name: str) -> Iterator["Element"]:
    count = 0
    for element in root.iter():
        if _local(element) == name:
            count += 1
            if count > _MAX_ITEMS:
                return
            yield element


def _version(item: "Element") -> str:
    child = next((child for child in item if _local(child) == "Version"), None)
    return item.get("Version") or (child.text or "" if child is not None else "")


def _local(element: "Element") -> str:
    return element.tag.rpartition("}")[2]
