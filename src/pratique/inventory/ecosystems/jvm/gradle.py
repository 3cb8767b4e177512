"""What Gradle builds ask for: lock files, dependency verification with its checksums, version catalogs. All is DECLARED.

Gradle User Manual: "Locking Versions" (`gradle.lockfile`, `buildscript-gradle.lockfile`, older: `dependency-locks/`),
"Verifying dependencies" (`verification-metadata.xml`), "Version Catalogs" (`libs.versions.toml`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.errors import Malformed
from pratique.inventory.common.cataloger import Catalogued, Collector
from pratique.inventory.ecosystems.jvm.maven import declared
from pratique.inventory.ecosystems.jvm.pom import Coordinates
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml, load_xml
from pratique.model import Component, Tree

_LOCKS = ("gradle.lockfile", "buildscript-gradle.lockfile")
_MAX_LINES = 200_000
_HEX = lazy(r"[0-9a-f]{64}|[0-9a-f]{128}")


class GradleCataloger:
    """See the module."""

    name = "gradle"
    version = 1
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
                out.unknown(path, error.message)
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
    for line in (out.text(path) or "").split("\n", _MAX_LINES)[:_MAX_LINES]:
        module, _, configurations = line.strip().partition("=")
        if not module or module.startswith("#") or module == "empty":
            continue
        parts = module.split(":")
        if len(parts) != 3 or not all(parts):
            broken += 1
            continue
        yield declared(out, path, Coordinates(*parts), {"java:scope": _scope(configurations)})
    if broken:
        out.unknown(path, f"{broken} lines that name no module")


def _scope(configurations: str) -> str:
    names = [name for name in configurations.split(",") if name][:100]
    if not names:
        return ""
    if all(name.lower().startswith(("test", "androidtest")) for name in names):
        return "test"
    return "runtime" if any(name.lower().endswith("runtimeclasspath") for name in names) else "compile"


def _verified(out: Collector, path: str) -> Iterator[Component]:
    """Modules with the checksums of their archive. Those of POMs and of Gradle's own metadata alone are no evidence of one."""
    root = load_xml(out.tree.contents[path])
    for component in root.iter():
        if component.tag.rpartition("}")[2] != "component":
            continue
        at = Coordinates(component.get("group", ""), component.get("name", ""), component.get("version", ""))
        for artifact in component:
            if at.artifact and artifact.get("name", "").endswith((f"{at.version}.jar", f"{at.version}.aar")):
                sums = {child.tag.rpartition("}")[2]: child.get("value", "").lower() for child in artifact}
                hashes = {name: sums[name] for name in ("sha256", "sha512") if _HEX.fullmatch(sums.get(name, ""))}
                found = declared(out, path, at, {})
                yield replace(found, hashes=hashes, hash_covers="package archive" if hashes else "")
                break


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
