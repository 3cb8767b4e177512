"""Go: the modules in binaries, as the linker wrote them there; `go.mod` with `go.sum` where they are source.

A module's purl has the whole module path for its name, as Go's own advisories have: `/v2` is part of the name, not a path
inside it. The main module's version is the one it was built with, or the tag given to the linker, or the pseudo-version of the
commit (Go Modules Reference, "Pseudo-versions"); a working copy that was changed before the build is said to be so.
"""

from dataclasses import replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.errors import Malformed
from pratique.inventory.binary.executable import executable_facts
from pratique.inventory.common.cataloger import Catalogued, Collector
from pratique.inventory.ecosystems.golang.gomod import GoMod, Replacement, read_go_mod, read_go_sum
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence, Tree

_COVERS = "module zip (h1)"
_FOLDER = ("./", "../", "/")
_RELEASE = lazy(r"go(\d[\w.]*)")
_SET_VERSION = lazy(r"-X[= ]['\"]?[^\s=]*\.(?:[vV]ersion|VERSION|[bB]uild[vV]ersion|gitVersion)=['\"]?(v?\d[\w.+~-]*)")
_TIME = lazy(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_SETTINGS = ("GOOS", "GOARCH", "CGO_ENABLED", "vcs", "vcs.revision", "vcs.time", "vcs.modified")


class GoCataloger:
    """See the module."""

    name = "go"
    version = 1
    interest = Interest(names=frozenset({"go.mod", "go.sum"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """`go.mod` and `go.sum`, but for copies of other modules in Go's module cache."""
        return "/pkg/mod/" not in f"/{path}"

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of each binary and of each `go.mod`."""
        out = Collector(tree)
        for path in sorted(tree.facts):
            if go := executable_facts(tree, path).get("go"):
                _binary(out, path, go)
        for path in sorted(tree.contents):
            if path.rpartition("/")[2] == "go.mod" and self.keeps(path):
                try:
                    module = read_go_mod(tree.contents[path])
                except Malformed as error:
                    out.unknown(path, error.message)
                else:
                    _source(out, path, module)
        return out.result()


def _purl(path: str, version: str) -> str:
    namespace, _, name = path.rpartition("/")
    return build_purl("golang", name, version, namespace=namespace)


def _component(out: Collector, path: str, name: str, version: str, **more: Any) -> Component:
    purl = _purl(name, version)
    return Component(
        ref=purl, purl=purl, type="golang", name=name, version=version, evidence=(path,), layer=out.layer_of(path), **more
    )


def _binary(out: Collector, path: str, go: dict[str, Any]) -> None:
    release = _RELEASE.match(go["go"])
    library = _component(
        out,
        path,
        "stdlib",
        release.group(1) if release else clean(go["go"], 128),
        presence=Presence.EMBEDDED,
        cpes=(f"cpe:2.3:a:golang:go:{release.group(1)}:-:*:*:*:*:*:*",) if release else (),
    )
    found = [library]
    for name, version, sum_, replaces in go["dependencies"]:
        facts = {}
        if name.startswith(_FOLDER):  # the module keeps its name; its code was that of a folder
            facts["replaced-by"] = clean(name)
            name, _, version = replaces.rpartition("@")  # noqa: PLW2901
        elif replaces:
            facts["replaces"] = clean(replaces)
        stated = "" if version == "(devel)" else clean(version, 256)  # built from a folder: that is no version
        found.append(_module(out, path, clean(name), stated, sum_, Presence.EMBEDDED, facts))
    settings: dict[str, str] = go["settings"]
    name = clean(go["main"][0]) if go["main"] else _module_of(clean(go["package"]))
    if name not in ("", "command-line-arguments"):
        refs = {one.ref for one in found}
        main = _component(
            out,
            path,
            name,
            _main_version(clean(go["main"][1], 256) if go["main"] else "", settings),
            presence=Presence.EMBEDDED,
            kind=ComponentKind.APPLICATION,
            facts={key: clean(settings[key]) for key in _SETTINGS if settings.get(key)} | {"package": clean(go["package"])},
        )
        found.append(_with_edges(main, refs))
    for component in found:
        if not out.component(component):
            return


def _with_edges(component: Component, refs: set[str]) -> Component:
    return replace(component, depends=tuple(sorted(refs - {component.ref})))


def _module(
    out: Collector, path: str, name: str, version: str, sum_: str, presence: Presence, facts: dict[str, str]
) -> Component:
    sum_ = clean(sum_, 128)
    hashes = {"h1": sum_} if sum_.startswith("h1:") else {}
    return _component(
        out, path, name, version, presence=presence, hashes=hashes, hash_covers=_COVERS if hashes else "", facts=facts
    )


def _module_of(package: str) -> str:
    """The module of a main package that was built without modules, as distributions do: by the rules of known hosts.

    Commands of Go itself have no host, and no module.
    """
    parts = package.split("/")
    if "." not in parts[0]:
        return ""
    return "/".join(parts[:3]) if parts[0] in _HOSTS else package.partition("/cmd/")[0]


def _main_version(stamped: str, settings: dict[str, str]) -> str:
    if stamped not in ("", "(devel)"):
        return stamped
    given = _SET_VERSION.search(settings.get("-ldflags", ""))
    if given:
        return f"v{given.group(1).removeprefix('v')}"
    revision, when = settings.get("vcs.revision", ""), _TIME.fullmatch(settings.get("vcs.time", ""))
    return f"v0.0.0-{''.join(when.groups())}-{clean(revision[:12])}" if revision and when else ""


def _source(out: Collector, path: str, module: GoMod) -> None:
    folder = path.removesuffix("go.mod")
    sums = read_go_sum(out.tree.contents.get(f"{folder}go.sum", b""))
    replaces = {(one.path, one.version): one for one in module.replaces}
    direct: set[str] = set()
    for name, version, indirect in module.requires:
        if (name, version) in module.excludes:
            out.unknown(path, f"requires {clean(name, 200)} at a version that it excludes")
            continue
        found = _required(out, path, name, version, replaces.get((name, version)) or replaces.get((name, "")), sums)
        if indirect:
            found = replace(found, facts={**found.facts, "indirect": "true"})
        else:
            direct.add(found.ref)
        if not out.component(found):
            return
    if module.module:
        facts = {"go": clean(module.go, 64)} if module.go else {}
        kind = ComponentKind.APPLICATION
        main = _component(out, path, clean(module.module), "", presence=Presence.DECLARED, kind=kind, facts=facts)
        out.component(_with_edges(main, direct))


def _required(
    out: Collector, path: str, name: str, version: str, instead: Replacement | None, sums: dict[tuple[str, str], str]
) -> Component:
    facts: dict[str, str] = {}
    if instead is not None and instead.to_path.startswith(_FOLDER):
        facts["replaced-by"] = clean(instead.to_path)
    elif instead is not None:
        facts["replaces"] = clean(f"{name}@{version}")
        name, version = instead.to_path, instead.to_version
    sum_ = sums.get((name, version), "") if "replaced-by" not in facts else ""
    return _module(out, path, clean(name), clean(version, 256), sum_, Presence.DECLARED, facts)
