"""What Gradle builds ask for: lock files, dependency verification with its checksums, version catalogs. All is DECLARED.

Gradle User Manual: "Locking Versions" (`gradle.lockfile`, `buildscript-gradle.lockfile`, older: `dependency-locks/`),
"Verifying dependencies" (`verification-metadata.xml`), "Version Catalogs" (`libs.versions.toml`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.ecosystems.jvm.maven import declared
from pratique.ecosystems.jvm.pom import Coordinates
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml, load_xml
from pratique.model import Component, Tree

_LOCKS = ("gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile", "settings-buildscript-gradle.lockfile")
_TEST = lazy(r"^(?:android)?[tT]est|Test(?=[A-Z]|$)|^jmh|TestFixtures")
_STAMP = lazy(r"-\d{8}\.\d{6}-\d+")
_ENDINGS = frozenset({"jar", "aar", "war", "ear", "klib", "zip", "so", "dll"})
_NO_CODE = frozenset({"sources", "javadoc", "tests-javadoc", "test-sources", "sources-javadoc"})
_HEX = lazy(r"[0-9a-f]{64}|[0-9a-f]{128}")


class GradleCataloger:
    """See the module."""

    name = "gradle"
    version = 2
    interest = Interest(names=frozenset({*_LOCKS, "verification-metadata.xml"}), endings=frozenset({".lockfile", ".toml"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """By name; older lock files by their folder."""
        return _reader(path) is not None

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each locked, verified or catalogued module."""
        out = Collector(tree)
        for path in sorted(tree.contents):
            reader = _reader(path)
            if reader is None:
                continue
            try:
                for component in reader(out, path):
                    if not out.component(component):
                        break
            except Malformed as error:
                out.unread(path, error.message)
        return out.result()


def _reader(path: str) -> Callable[[Collector, str], Iterator[Component]] | None:
    name = path[path.rfind("/") + 1 :]
    if name in _LOCKS or (name.endswith(".lockfile") and "/dependency-locks/" in f"/{path}"):
        return _locked
    if name == "verification-metadata.xml":
        return _verified
    return _catalogued if name.endswith(".versions.toml") else None


def _locked(out: Collector, path: str) -> Iterator[Component]:
    """`group:artifact:version=configuration,configuration`; in the older files without what follows."""
    broken = 0
    for line in (out.text(path) or "").split("\n"):
        module, _, configurations = line.strip().partition("=")
        if not module or module.startswith("#") or module == "empty":
            continue
        parts = module.split(":")
        if len(parts) != 3 or not all(parts):
            broken += 1
            continue
        yield declared(out, path, Coordinates(*parts), {"java:scope": _scope(configurations)})
    if broken:
        out.unread(path, f"{broken} lines that name no module")


def _scope(configurations: str) -> str:
    """`test` for what only tests are run with, also those of other names (`integrationTestRuntimeClasspath`); `build` for what
    is on no class path of the program: annotation processors, checkers."""
    names = [name for name in configurations.split(",") if name][:100]
    if not names:
        return ""
    shipped = [name for name in names if not _TEST.search(name)]
    if not shipped:
        return "test"
    if any(name.lower().endswith("runtimeclasspath") for name in shipped):
        return "runtime"
    return "compile" if any(name.lower().endswith(("compileclasspath", "classpath")) for name in shipped) else "build"


def _verified(out: Collector, path: str) -> Iterator[Component]:
    """Modules with the checksums of their archive. Those of POMs and of Gradle's own metadata alone are no evidence of one."""
    root = load_xml(out.tree.contents[path])
    for component in root.iter():
        if component.tag.rpartition("}")[2] != "component":
            continue
        at = Coordinates(component.get("group", ""), component.get("name", ""), component.get("version", ""))
        seen: set[str] = set()
        for artifact in component:
            classifier = _classifier(at, artifact.get("name", ""))
            if classifier is None or classifier in seen or not at.artifact:
                continue
            seen.add(classifier)
            sums = {child.tag.rpartition("}")[2]: child.get("value", "").lower() for child in artifact}
            hashes = {name: sums[name] for name in ("sha256", "sha512") if _HEX.fullmatch(sums.get(name, ""))}
            found = declared(out, path, at, {}, classifier)
            yield replace(found, hashes=hashes, hash_covers="package archive" if hashes else "")


def _classifier(at: Coordinates, name: str) -> str | None:
    """What follows artifact and version in the name of an archive of code: "" for nothing; None for what is none."""
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() not in _ENDINGS or not at.version:
        return None
    for version in (at.version, at.version.removesuffix("-SNAPSHOT")):
        rest = stem.removeprefix(f"{at.artifact}-{version}") if stem.startswith(f"{at.artifact}-{version}") else None
        if rest is not None and version != at.version:
            rest = _STAMP.sub("", rest)  # a snapshot is stored under the time at which it was made
        if rest == "" or (rest and rest[0] == "-"):
            return None if rest[1:] in _NO_CODE else rest[1:]
    # Gradle's own metadata may give an archive another name than its module's.
    return "" if stem.endswith(at.version) else None


def _catalogued(out: Collector, path: str) -> Iterator[Component]:
    document = load_toml(out.tree.contents[path])
    versions, libraries = document.get("versions"), document.get("libraries")
    for value in libraries.values() if isinstance(libraries, dict) else ():
        at = _library(value, versions if isinstance(versions, dict) else {})
        if at.artifact and at.group:
            yield declared(out, path, at, {})


def _library(value: Any, versions: Mapping[str, Any]) -> Coordinates:
    """`"group:name:version"`, or a table with `module` or `group` and `name`, and a version that may be a reference."""
    if isinstance(value, str):
        return Coordinates(*[*value.split(":", 3), "", "", ""][:3])
    if not isinstance(value, dict):
        return Coordinates()
    module = value.get("module")
    group, _, name = module.partition(":") if isinstance(module, str) else (value.get("group"), "", value.get("name"))
    version = value.get("version")
    if isinstance(version, dict) and isinstance(version.get("ref"), str):
        version = versions.get(version["ref"])
    if isinstance(version, dict):
        version = next((version[key] for key in ("strictly", "require", "prefer") if key in version), "")
    texts = [part if isinstance(part, str) else "" for part in (group, name, version)]
    return Coordinates(*texts)
