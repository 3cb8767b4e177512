"""Go: the modules in binaries, as the linker wrote them there; `go.mod` with `go.sum` where they are source.

A module's purl has the whole module path for its name, as Go's own advisories have: `/v2` is part of the name, not a path
inside it. The main module's version is the one it was built with, or the tag given to the linker, or the pseudo-version of the
commit (Go Modules Reference, "Pseudo-versions"); a working copy that was changed before the build is said to be so.
"""

from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.binary.executable import ExecutableProbe, executable_facts
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.ecosystems.golang.sources import FOLDERS, go_component, go_module, read_sources, with_edges
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.model import ComponentKind, Presence, Tree

_RELEASE = lazy(r"go(\d[\w.]*)")
_SET_VERSION = lazy(r"-X[= ]['\"]?[^\s=]*\.(?:[vV]ersion|VERSION|[bB]uild[vV]ersion|gitVersion)=['\"]?(v?\d[\w.+~-]*)")
_TIME = lazy(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_SETTINGS = ("GOOS", "GOARCH", "CGO_ENABLED", "vcs", "vcs.revision", "vcs.time", "vcs.modified")


class GoCataloger:
    """See the module."""

    name = "go"
    version = 3
    interest = Interest(names=frozenset({"go.mod", "go.sum", "go.work"}))
    probes = (ExecutableProbe(),)

    def keeps(self, path: str) -> bool:
        """`go.mod`, `go.sum` and `go.work`, but for copies of other modules, and those of other packages."""
        return "/pkg/mod/" not in f"/{path}" and not is_of_a_package(path)

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of each binary and of each `go.mod`."""
        out = Collector(tree)
        for path in sorted(tree.facts):
            if go := executable_facts(tree, path).get("go"):
                _binary(out, path, go)
        read_sources(out, [path for path in sorted(tree.contents) if self.keeps(path)])
        return out.result()


def _binary(out: Collector, path: str, go: dict[str, Any]) -> None:
    release = _RELEASE.match(go["go"])
    library = go_component(
        out,
        path,
        "stdlib",
        release.group(1) if release else clean(go["go"], 128),
        presence=Presence.EMBEDDED,
        cpes=(f"cpe:2.3:a:golang:go:{release.group(1)}:-:*:*:*:*:*:*",) if release else (),
    )
    found = [library]
    for name, version, sum_, replaces in go["dependencies"]:
        facts: dict[str, str] = {}
        folder = name if name.startswith(FOLDERS) else ""
        if folder:  # the module keeps its name; its code was that of a folder
            facts["replaced-by"] = clean(name)
            name, _, version = replaces.rpartition("@")  # noqa: PLW2901
        elif replaces:
            facts["replaces"] = clean(replaces)
        stated = "" if version == "(devel)" else clean(version, 256)  # built from a folder: that is no version
        found.append(go_module(out, path, clean(name), stated, sum_, Presence.EMBEDDED, facts, location=folder))
    settings: dict[str, str] = go["settings"]
    name = clean(go["main"][0]) if go["main"] else _module_of(clean(go["package"]))
    if name not in ("", "command-line-arguments"):
        refs = {one.ref for one in found}
        main = go_component(
            out,
            path,
            name,
            _main_version(clean(go["main"][1], 256) if go["main"] else "", settings),
            presence=Presence.EMBEDDED,
            kind=ComponentKind.APPLICATION,
            facts={key: clean(settings[key]) for key in _SETTINGS if settings.get(key)} | {"package": clean(go["package"])},
        )
        found.append(with_edges(main, refs))
    for component in found:
        if not out.component(component):
            return


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
