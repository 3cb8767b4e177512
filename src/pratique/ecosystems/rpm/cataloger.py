"""RPM packages: rpm's database in its three containers, and the lists of images without one (Mariner and Azure Linux distroless).

A probe reads the database while it passes by; see `sbom/rpmdb`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Capabilities, Needed
from pratique.cataloging.cataloger import LINK, Catalogued, Collector
from pratique.cataloging.os_release import OsRelease, read_os_release
from pratique.cataloging.resolver import Resolver
from pratique.ecosystems.rpm.database.facts import CONFIGURATION, DIGEST, TARGET, RpmPackage, load_facts, read_database
from pratique.ecosystems.rpm.database.journal import lay_over, read_journal
from pratique.ecosystems.rpm.places import DATABASES, FOLDERS
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Tree

MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
_BELOW = tuple(f"/{path}" for path in sorted(DATABASES))
_JOURNAL = "-wal"
_JOURNALS = frozenset(f"{folder}rpmdb.sqlite{_JOURNAL}" for folder in FOLDERS)
_JOURNALS_BELOW = tuple(f"/{path}" for path in sorted(_JOURNALS))
_VENDORS = {"rhel": "redhat"}
_SOURCE = lazy(r"(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm")
_CONDITION = lazy(r" (?:if|unless) ")
_OWN = ("rpmlib(", "config(")  # what rpm itself has to be able to, and the package's own configuration
_OPERATORS = frozenset({"and", "or", "with", "without", "<", "<=", "=", ">=", ">"})
_NONE = "(none)"


class _DatabaseProbe:
    """Facts of a database; nothing else about a file of that name is of interest."""

    name = "rpm-database"
    interest = Interest(names=frozenset({"rpmdb.sqlite", "Packages.db", "Packages"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Where rpm keeps its database, also below another root."""
        return size > 0 and (path in DATABASES or path.endswith(_BELOW))

    def read(self, content: FileContent) -> bytes:
        """See `read_database`."""
        return read_database(content)


class _JournalProbe:
    """Facts of the log beside a database."""

    name = "rpm-journal"
    interest = Interest(names=frozenset({f"rpmdb.sqlite{_JOURNAL}"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Beside a database, also below another root."""
        return size > 0 and (path in _JOURNALS or path.endswith(_JOURNALS_BELOW))

    def read(self, content: FileContent) -> bytes:
        """See `read_journal`."""
        return read_journal(content)


class RpmCataloger:
    """See the module."""

    name = "rpm"
    version = 3
    interest = Interest(names=frozenset({"container-manifest-2"}))
    probes = (_DatabaseProbe(), _JournalProbe())

    def keeps(self, path: str) -> bool:
        """The list of an image without a database."""
        return path == MANIFEST

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of all installed packages, and their claims."""
        return _Reading(tree).catalogue()


@dataclass(slots=True)
class _Package:
    component: Component
    rpm: RpmPackage


class _Reading:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._out = Collector(tree)
        release = read_os_release(tree)
        self._vendor, self._distro = _distribution(release)

    def catalogue(self) -> Catalogued:
        databases = [path for path in sorted(DATABASES) if self._facts(path) or self._journal(path)]
        packages = [package for path in databases for package in self._database(path)]
        edges = self._edges(packages, databases[0] if databases else "")
        for package in packages:
            needed = edges.get(package.component.ref, Needed())
            component = replace(package.component, depends=needed.depends, edges=needed.edges)
            if self._out.component(component):
                for path, algorithm, said, configuration in _files(package.rpm):
                    if not self._out.claim(path, component.ref, algorithm, said, configuration=configuration):
                        break
        self._manifest()
        if len(databases) > 1:
            self._out.unknown(databases[1], f"a second rpm database beside {databases[0]}: one of them is out of date")
        return self._out.result()

    def _facts(self, path: str) -> bytes | None:
        return self._tree.facts.get(path, {}).get(_DatabaseProbe.name)

    def _journal(self, path: str) -> bytes | None:
        return self._tree.facts.get(f"{path}{_JOURNAL}", {}).get(_JournalProbe.name)

    def _database(self, path: str) -> Iterator[_Package]:
        facts, journal = self._facts(path), self._journal(path)
        packages, problems = lay_over(facts, journal) if journal else load_facts(facts or b"")
        for problem in problems:
            self._out.unread(path, problem)
        for package in packages:
            if not clean(package.name):
                self._out.unread(path, "a package without a name")
                continue
            if not package.version:
                self._out.unread(path, f"{clean(package.name)} has no version")
            yield _Package(self._component(path, package), package)

    def _component(self, path: str, package: RpmPackage) -> Component:
        name = clean(package.name)
        version = clean("-".join(part for part in (package.version, package.release) if part))
        arch, source = clean(package.arch), clean(package.source)
        epoch = "" if package.epoch is None else str(package.epoch)
        qualifiers = {"arch": arch, "epoch": epoch, "upstream": source if source != _NONE else "", "distro": self._distro}
        purl = build_purl("rpm", name, version, namespace=self._vendor, qualifiers=qualifiers)
        licence = normalise(package.licence)
        module = clean(package.module)
        return Component(
            ref=purl,
            purl=purl,
            type="rpm",
            name=name,
            version=f"{epoch}:{version}" if package.epoch else version,
            licences=(licence,) if licence else (),
            supplier=clean(package.vendor) if package.vendor != _NONE else "",
            source=self._source(source),
            description=clean(package.summary),
            homepage=clean(package.url) if package.url != _NONE else "",
            evidence=(path,),
            layer=self._out.layer_of(path),
            hashes={"sha256": package.sha256} if re.fullmatch(r"[0-9a-f]{64}", package.sha256) else {},
            hash_covers="package header" if re.fullmatch(r"[0-9a-f]{64}", package.sha256) else "",
            facts={"module": module} if module and module != _NONE else {},
        )

    def _source(self, source: str) -> str:
        match = _SOURCE.fullmatch(source)
        if match is None:
            return ""
        qualifiers = {"arch": "src", "distro": self._distro}
        return build_purl("rpm", match[1], f"{match[2]}-{match[3]}", namespace=self._vendor, qualifiers=qualifiers)

    def _edges(self, packages: list[_Package], place: str) -> dict[str, Needed]:
        needs: dict[str, list[str]] = {}
        for package in packages:
            needs[package.component.ref] = [
                word for text in package.rpm.requires for word in _words(text) if not word.startswith(_OWN)
            ]
        capabilities = Capabilities()
        for package in packages:
            capabilities.add(package.component.ref, package.rpm.name, package.rpm.provides)
        resolver = Resolver(self._tree.entries)
        # A package may ask for a path, which others list: `/bin/sh` where `/bin` is a link to `/usr/bin`.
        asked: dict[str, list[str]] = {}
        for path in dict.fromkeys(word for words in needs.values() for word in words if word.startswith("/")):
            asked.setdefault(path[1:], []).append(path)
            real = resolver.place(path[1:])
            if real is not None and real != path[1:]:
                asked.setdefault(real, []).append(path)
        if asked:
            names = frozenset(path.rpartition("/")[2] for path in asked)
            for package in packages:
                folders, ref = package.rpm.folders, package.component.ref
                for index, name, _, _ in package.rpm.files:
                    if name.rpartition("/")[2] in names:
                        for path in asked.get((folders[index] + name).lstrip("/"), ()):
                            capabilities.provide(ref, path)
        return capabilities.edges(self._out, needs, place)

    def _manifest(self) -> None:
        """One line a package: name, version-release, install time, build time, vendor, (none), size, arch, epoch, source."""
        text = self._out.text(MANIFEST)
        if text:
            self._out.unknown(MANIFEST, "names packages without their files: which file belongs to which is not known")
        for line in (text or "").split("\n"):
            parts = line.split("\t")
            if not line.strip():
                continue
            if len(parts) < 10 or not parts[0]:
                self._out.unread(MANIFEST, "a line that names no package")
                continue
            name, version, _, _, vendor, _, _, arch, epoch, source = parts[:10]
            package = RpmPackage(
                name=name,
                version=version,
                release="",
                epoch=int(epoch) if re.fullmatch(r"[0-9]{1,9}", epoch) else None,
                arch=arch,
                licence="",
                vendor=vendor,
                summary="",
                url="",
                source=source.strip(),
                module="",
                sha256="",
                provides=[],
                requires=[],
                algorithm="",
                folders=[],
                files=[],
            )
            self._out.component(self._component(MANIFEST, package))


def _distribution(release: OsRelease | None) -> tuple[str, str]:
    if release is None:
        return "", ""
    # purl-spec, type rpm: the namespace is the vendor, the release stands in `distro`: `opensuse`, not `opensuse-leap`.
    vendor = "opensuse" if release.id.startswith("opensuse") else release.id
    return _VENDORS.get(vendor, vendor), release.distro


def _files(package: RpmPackage) -> Iterator[tuple[str, str, str, bool]]:
    """Path, algorithm, digest or target, whether it is configuration."""
    folders = package.folders
    for index, name, kind, said in package.files:
        what = kind & ~CONFIGURATION
        algorithm = LINK if what == TARGET else package.algorithm if what == DIGEST else ""
        yield (folders[index] + name).lstrip("/"), algorithm, said if algorithm else "", bool(kind & CONFIGURATION)


def _words(requirement: str) -> list[str]:
    """A name; of a rich dependency, `(a or (b and c) if d)`, what may be needed: all names before the condition."""
    if not requirement.startswith("("):
        return [requirement]
    words: list[str] = []
    for text in _CONDITION.split(requirement, maxsplit=1)[0].split():
        word = text.lstrip("(")
        # Parentheses belong to a name, `libc.so.6(GLIBC_2.4)`, as far as they close what it opens.
        surplus = min(word.count(")") - word.count("("), len(word) - len(word.rstrip(")")))
        word = word[: len(word) - surplus] if surplus > 0 else word
        if word and word not in _OPERATORS:
            words.append(word)
    return words
