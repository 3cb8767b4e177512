"""Debian packages: dpkg's database, distroless `status.d`, copyright files, md5sums and lists (dpkg(1), Files).

The database is believed about what it says, and checked for what it hides: file lists of packages that the status file does
not know are reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Needed
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.deb822 import read_relations, read_source, read_stanzas
from pratique.cataloging.licences.debian_copyright import CopyrightLicences, read_copyright
from pratique.cataloging.os_release import read_os_release
from pratique.cataloging.resolver import Resolver
from pratique.ecosystems.dpkg.changelog import CHANGELOGS, NEWEST, ChangelogProbe
from pratique.ecosystems.dpkg.places import INFO, STATUS
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Edges, Tree

_STATUS_D = "var/lib/dpkg/status.d/"
_DIVERSIONS = "var/lib/dpkg/diversions"
_DOC = "usr/share/doc/"
_SINGLE = frozenset({STATUS, _DIVERSIONS})
_BELOW = (f"/{STATUS}", f"/{_DIVERSIONS}")
_LISTS = (".list", ".md5sums")
_GONE = frozenset({"not-installed", "config-files"})
_PROVIDERS = 8
_SHOWN = 8
_MAX_STRAYS = 20


class DpkgCataloger:
    """See the module."""

    name = "dpkg"
    version = 5
    interest = Interest(
        names=frozenset({"copyright", "diversions", "status"}), endings=frozenset(_LISTS), prefixes=("var/lib/dpkg/",)
    )
    probes = (ChangelogProbe(),)

    def keeps(self, path: str) -> bool:
        """dpkg's own files, and copyright files; both also below another root."""
        if path.startswith("var/lib/dpkg/"):
            if path.startswith(INFO):
                return path.endswith(_LISTS)
            return path in _SINGLE or path.startswith(_STATUS_D)
        if path.endswith("/copyright"):
            return path.startswith(_DOC) or f"/{_DOC}" in path
        if path.endswith(_LISTS):
            return f"/{INFO}" in path
        return path.endswith(_BELOW)

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of all installed packages, and their claims."""
        return _Reading(tree).catalogue()


@dataclass(slots=True)
class _Package:
    """A stanza on its way to a component. `path`: the file it stands in."""

    fields: Mapping[str, str]
    component: Component
    path: str


class _Reading:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._out = Collector(tree)
        self._resolver = Resolver(tree.entries)
        self._copyrights: dict[str, CopyrightLicences] = {}
        self._packages: list[_Package] = []
        self._named: set[str] = set()
        release = read_os_release(tree)
        self._distribution = (release.id or "debian", release.distro) if release is not None else ("debian", "")
        self._unlisted: list[str] = []
        self._replaced: list[tuple[str, str, str, str, bool]] = []
        self._diverted = _diversions(self._out.text(_DIVERSIONS) or "")

    def catalogue(self) -> Catalogued:
        for path, fields in self._stanzas():
            self._read(path, fields)
        edges = self._edges()
        for package in self._packages:
            needed = edges.get(id(package), Needed())
            component = replace(package.component, depends=needed.depends, edges=needed.edges)
            if self._out.component(component):
                self._claims(package)
        for path, ref, name, digest, configuration in self._replaced:
            self._claim(path, ref, name, digest, configuration)
        self._own_files()
        self._strays()
        self._versions()
        if self._resolver.exhausted:
            self._out.unknown(_DOC, "symbolic links lead in too long ways: some copyright files were not found")
        return self._out.result()

    def _stanzas(self) -> Iterator[tuple[str, dict[str, str]]]:
        paths = [path for path in self._tree.contents if path.startswith(_STATUS_D) and not path.endswith(".md5sums")]
        for path in [STATUS, *sorted(paths)]:
            text = self._out.text(path)
            if text is None:
                continue
            for fields in read_stanzas(text):
                if "package" in fields:
                    yield path, fields
                elif path == STATUS:
                    self._out.unread(path, "a paragraph that names no package")

    def _read(self, path: str, fields: dict[str, str]) -> None:
        name, version = clean(fields["package"]), clean(fields.get("version", ""))
        arch = clean(fields.get("architecture", ""))
        self._named |= {name, f"{name}:{arch}"}
        words = fields.get("status", "install ok installed").split()
        state = words[-1] if words else ""
        if state in _GONE:
            return
        if state != "installed":
            self._out.unknown(path, f"{name or 'a package'} is {clean(state, 40) or 'in no state'}: it may lack files")
        if not name or not version:
            self._out.unread(path, f"{name or 'a package'} has no {'version' if name else 'name'}")
            if not name:
                return
        self._packages.append(_Package(fields=fields, component=self._component(path, fields, name, version, arch), path=path))

    def _component(self, path: str, fields: dict[str, str], name: str, version: str, arch: str) -> Component:
        vendor, distro = self._distribution
        source_name, source_version = (clean(text) for text in read_source(fields))
        upstream = ""
        if source_name != name or source_version != version:
            upstream = source_name if source_version == version else f"{source_name}@{source_version}"
        qualifiers = {"arch": arch, "distro": distro, "upstream": upstream}
        purl = build_purl("deb", name, version, namespace=vendor, qualifiers=qualifiers)
        evidence = [path]
        listed = self._info(name, arch, ".list") or self._info(name, arch, ".md5sums") or self._md5sums_beside(path)
        if listed:
            evidence.append(listed)
        licences = CopyrightLicences()
        copyright_ = self._copyright(name)
        if copyright_:
            evidence.append(copyright_)
            licences = self._licences(copyright_)
        of_files = "; ".join(f"{name}: {' '.join(patterns[:_SHOWN])}" for name, patterns in licences.files.items())
        return Component(
            ref=purl,
            purl=purl,
            type="deb",
            name=name,
            version=version,
            licences=licences.declared,
            licences_found=licences.found,
            facts={"licence:files": clean(of_files)} if of_files else {},
            supplier=clean(fields.get("maintainer", "")),
            source=build_purl(
                "deb", source_name, source_version, namespace=vendor, qualifiers={"arch": "source", "distro": distro}
            ),
            description=clean(fields.get("description", "").partition("\n")[0]),
            homepage=clean(fields.get("homepage", "")),
            evidence=tuple(evidence),
            # The file list is written when the package is installed; the status file is written again by every later layer.
            layer=self._out.layer_of(listed or path),
        )

    def _copyright(self, name: str) -> str:
        """The path of the package's copyright file; its folder may be a link to that of a sister package."""
        if "/" in name:
            return ""
        path = self._resolver.follow(f"{_DOC}{name}/copyright")
        return path if path is not None and path in self._tree.contents else ""

    def _licences(self, path: str) -> CopyrightLicences:
        if path not in self._copyrights:
            self._copyrights[path] = read_copyright(self._tree.contents[path])
        return self._copyrights[path]

    def _info(self, name: str, arch: str, suffix: str) -> str:
        for candidate in (f"{INFO}{name}:{arch}{suffix}", f"{INFO}{name}{suffix}"):
            if candidate in self._tree.contents:
                return candidate
        return ""

    def _md5sums_beside(self, path: str) -> str:
        beside = f"{path}.md5sums"
        return beside if path.startswith(_STATUS_D) and beside in self._tree.contents else ""

    def _claims(self, package: _Package) -> None:
        name, arch = package.component.name, clean(package.fields.get("architecture", ""))
        sums = self._info(name, arch, ".md5sums") or self._md5sums_beside(package.path)
        digests = _md5sums(self._tree.contents.get(sums, b""))
        configuration = _conffiles(package.fields.get("conffiles", ""))
        for path, digest in configuration.items():
            digests.setdefault(path, digest)
        listing = self._info(name, arch, ".list")
        listed = self._tree.contents.get(listing, b"")
        if not listing and (not sums or package.path == STATUS):  # images without dpkg keep only the MD5s
            self._unlisted.append(name)
        ref = package.component.ref
        paths = [line.lstrip("/") for line in listed.decode("utf-8", "surrogateescape").split("\n")]
        for path in paths:
            if path and path not in digests and path != ".":
                self._claim(path, ref, name, "")
        # What another package replaced leaves the list, and stays among the MD5s: there, the other's word comes first.
        replaced = digests.keys() - set(paths) if listed else ()
        for path, digest in digests.items():
            if path in replaced:
                self._replaced.append((path, ref, name, digest, path in configuration))
            else:
                self._claim(path, ref, name, digest, path in configuration)

    def _claim(self, path: str, ref: str, name: str, digest: str, configuration: bool = False) -> None:
        if path in self._diverted:
            moved, by = self._diverted[path]
            path = path if by == name else moved
        self._out.claim(path, ref, "md5" if digest else "", digest, configuration=configuration)

    def _edges(self) -> dict[int, Needed]:
        """What each package needs, by the package's id: of alternatives the first that is installed or provided."""
        names: dict[str, list[_Package]] = {}
        provided: dict[str, list[_Package]] = {}
        for package in self._packages:
            names.setdefault(package.component.name, []).append(package)
            for group in read_relations(package.fields.get("provides", "")):
                for virtual, _ in group:
                    provided.setdefault(virtual, []).append(package)
        edges: dict[int, Needed] = {}
        for package in self._packages:
            refs: set[str] = set()
            known = Edges.COMPLETE
            for name in ("pre-depends", "depends"):
                for group in read_relations(package.fields.get(name, "")):
                    if not self._out.step(package.path, len(group)):
                        return edges
                    there = set(_first_installed(group, package, names, provided))
                    if not there:
                        known = Edges.INCOMPLETE
                    refs |= there
            edges[id(package)] = Needed(tuple(sorted(refs - {package.component.ref})), known)
        return edges

    def _own_files(self) -> None:
        """dpkg's own files about a package, scripts among them, are the package's; nothing says what they should be."""
        owners: dict[str, str] = {}
        for package in self._packages:
            name, arch = package.component.name, clean(package.fields.get("architecture", ""))
            owners[f"{name}:{arch}"] = package.component.ref
            owners.setdefault(name, package.component.ref)
        if owners:
            for path in self._tree.entries:
                if path.startswith(INFO):
                    owner = owners.get(path.removeprefix(INFO).rpartition(".")[0])
                    if owner is not None:
                        self._out.claim(path, owner)

    def _strays(self) -> None:
        """File lists without a package are the mark of a status file that was edited or removed; and the other way round."""
        strays = [
            path
            for path in sorted(self._tree.contents)
            if path.startswith(INFO) and path.endswith(".list") and path[len(INFO) : -5] not in self._named
        ]
        for path in strays[:_MAX_STRAYS]:
            self._out.unknown(path, "lists the files of a package that the dpkg status does not name")
        if len(strays) > _MAX_STRAYS:
            rest = len(strays) - _MAX_STRAYS
            self._out.unknown(INFO, f"lists the files of {rest} more packages that the dpkg status does not name")
        if self._unlisted:
            few = ", ".join(self._unlisted[:_SHOWN])
            reason = f"{len(self._unlisted)} packages have no list of files, so what they own is not known in full: {few}"
            self._out.unknown(INFO, reason + (" …" if len(self._unlisted) > _SHOWN else ""))

    def _versions(self) -> None:
        """A version that was edited in the database alone disagrees with the changelog that came with the package."""
        if not any(NEWEST in facts for facts in self._tree.facts.values()):
            return
        doubted: list[str] = []
        for package in self._packages:
            name, version = package.component.name, package.component.version
            source, source_version = read_source(package.fields)
            newest = self._newest(name)
            stated = {f"{source} ({source_version})", f"{source} ({version})"}
            if newest.startswith(f"{source} (") and newest not in stated:  # a folder may be a link to another package's
                doubted.append(f"{name} {version} (changelog: {clean(newest, 120)})")
        if doubted:
            few = "; ".join(doubted[:_SHOWN]) + (" …" if len(doubted) > _SHOWN else "")
            self._out.unknown(STATUS, f"{len(doubted)} with a version that is not that of the changelog beside it: {few}")

    def _newest(self, name: str) -> str:
        """`source (version)` on top of a package's changelog; empty where it has none of Debian's form."""
        for place in CHANGELOGS:
            path = self._resolver.follow(f"{_DOC}{name}/{place}") if "/" not in name else None
            fact = self._tree.facts.get(path or "", {}).get(NEWEST)
            if fact:
                return fact.decode("utf-8", "replace")
        return ""


def _first_installed(
    group: list[tuple[str, str]], package: _Package, names: Mapping[str, list[_Package]], provided: Mapping[str, list[_Package]]
) -> list[str]:
    arch = package.fields.get("architecture", "")
    for name, _ in group:
        found = names.get(name)
        if found:
            same = [other for other in found[:_PROVIDERS] if other.fields.get("architecture") in (arch, "all")]
            return [(same or found)[0].component.ref]
        if name in provided:
            return [other.component.ref for other in provided[name][:_PROVIDERS]]
    return []


def _diversions(text: str) -> dict[str, tuple[str, str]]:
    """Path → (where other packages' file of that name lies, the package that keeps the name), from dpkg-divert(1)."""
    lines = text.split("\n")
    triplets = zip(lines[0::3], lines[1::3], lines[2::3], strict=False)
    return {path.lstrip("/"): (moved.lstrip("/"), by) for path, moved, by in triplets if path and moved}


def _conffiles(value: str) -> dict[str, str]:
    """Path → MD5 of what the package brought, from ` /etc/x 0123… [obsolete]` lines. What the administrator did is not in it."""
    found: dict[str, str] = {}
    for line in value.split("\n"):
        path, _, digest = line.strip().removesuffix(" obsolete").removesuffix(" remove-on-upgrade").rpartition(" ")
        if path.startswith("/") and _is_md5(digest):
            found[path.lstrip("/")] = digest
    return found


def _md5sums(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if line[32:34] == "  " and _is_md5(line[:32]):
            found[line[34:].removeprefix("./").lstrip("/")] = line[:32]
    return found


def _is_md5(text: str) -> bool:
    return len(text) == 32 and text.strip("0123456789abcdef") == ""
