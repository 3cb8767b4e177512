"""Rust: crates in binaries built with `cargo auditable`; `Cargo.lock` (versions 1 to 4) and `Cargo.toml` where they are source.

A crate that is needed only to build is in the list of a binary without being in the binary: it is DECLARED. `Cargo.toml` is
read where no lock file covers it: it asks for ranges of versions, so its dependencies have none unless it pins one.
"""

from dataclasses import replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.binary.executable import ExecutableProbe, executable_facts
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.cataloging.origins import PUBLIC, at_path, at_repository
from pratique.ecosystems.rust.lock import crate, read_lock
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_toml
from pratique.lexicon.text import clean
from pratique.lexicon.values import text_or_empty
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_PINNED = lazy(r"=\s*(\d+\.\d+\.\d+[\w.+-]*)")
_CACHES = ("/.cargo/registry/", "/.cargo/git/", "/cargo/registry/", "/cargo/git/")
_TABLES = (("dependencies", ""), ("dev-dependencies", "dev"), ("build-dependencies", "build"))


class CargoCataloger:
    """See the module."""

    name = "cargo"
    version = 3
    interest = Interest(names=frozenset({"Cargo.lock", "Cargo.toml"}))
    probes = (ExecutableProbe(),)

    def keeps(self, path: str) -> bool:
        """Both, but for copies of other crates in Cargo's cache."""
        return not any(cache in f"/{path}" for cache in _CACHES)

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of each binary, each lock file, and each manifest without one."""
        out = Collector(tree)
        for path in sorted(tree.facts):
            if crates := executable_facts(tree, path).get("rust"):
                _binary(out, path, crates)
        read = {"Cargo.lock": read_lock, "Cargo.toml": _manifest}
        for path in sorted(tree.contents):
            reader = read.get(path.rpartition("/")[2])
            if reader is None or not self.keeps(path) or is_of_a_package(path) or _vendored(tree, path):
                continue
            if reader is _manifest and _locked(tree, path):
                continue
            try:
                reader(out, path, load_toml(tree.contents[path]))
            except Malformed as error:
                out.unread(path, error.message)
        return out.result()


def _binary(out: Collector, path: str, crates: list[Any]) -> None:
    """The list says of a source no more than its kind: whoever built it knows where a crate of a folder or repository lay."""
    found: list[Component] = []
    for name, version, source, build, root, _ in crates:
        facts = {"source": clean(source, 100), "scope": "build" if build else ""}
        here = root or facts["source"] in ("", "crates.io")
        found.append(
            crate(
                out,
                path,
                name,
                version,
                Presence.DECLARED if build else Presence.EMBEDDED,
                kind=ComponentKind.APPLICATION if root else ComponentKind.LIBRARY,
                origin=PUBLIC if here else at_path(path),
                facts={key: value for key, value in facts.items() if value},
            )
        )
    for component, listed in zip(found, crates, strict=True):
        refs = {found[index].ref for index in listed[5]}
        if not out.component(replace(component, depends=tuple(sorted(refs - {component.ref})), edges=Edges.COMPLETE)):
            return


def _vendored(tree: Tree, path: str) -> bool:
    """Whether it is a file of a crate that `cargo vendor` copied: `vendored.py` beside this reads these."""
    return f"{path.rpartition('/')[0]}/.cargo-checksum.json" in tree.entries


def _locked(tree: Tree, path: str) -> bool:
    """Whether there is a lock file in its folder or above: that of a workspace stands at its root."""
    folder = path.rpartition("/")[0]
    while folder:
        if f"{folder}/Cargo.lock" in tree.entries:
            return True
        folder = folder.rpartition("/")[0]
    return "Cargo.lock" in tree.entries


def _manifest(out: Collector, path: str, document: dict[str, Any]) -> None:
    refs: set[str] = set()
    for table, scope in _TABLES:
        listed = document.get(table)
        for name, value in listed.items() if isinstance(listed, dict) else ():
            one = _asked(out, path, name, value, scope)
            if scope != "dev":
                refs.add(one.ref)
            if not out.component(one):
                return
    package = document.get("package")
    if not isinstance(package, dict) or not clean(package.get("name")):
        return
    licence = normalise(text_or_empty(package.get("license")))
    own = crate(
        out,
        path,
        clean(package["name"]),
        clean(package.get("version")),
        Presence.DECLARED,
        licences=(licence,) if licence else (),
        description=clean(package.get("description")),
        homepage=clean(package.get("homepage") or package.get("repository")),
    )
    out.component(replace(own, depends=tuple(sorted(refs - {own.ref})), edges=Edges.COMPLETE))


def _asked(out: Collector, path: str, name: str, value: Any, scope: str) -> Component:
    table = value if isinstance(value, dict) else {"version": value}
    asked = clean(table.get("version"), 200)
    pinned = _PINNED.fullmatch(asked)
    facts = {
        "requirement": "" if pinned else asked,
        "scope": scope,
        "source": clean(table.get("git")) or clean(table.get("path")),
    }
    origin = at_repository(table.get("git"), table.get("rev")) if table.get("git") else at_path(table.get("path"))
    return crate(
        out,
        path,
        clean(table.get("package"), 200) or name,
        pinned.group(1) if pinned else "",
        Presence.DECLARED,
        origin=origin,
        facts={key: text for key, text in facts.items() if text},
    )
