"""What .NET projects ask for, and what was chosen for them; all DECLARED.

Reads project files (`msbuild.py`), `packages.config`, `packages.lock.json` and `project.assets.json` (`locks.py`), manifests of
local tools and `global.json`. A project is a component of its own, which nobody else could fetch; where a file beside it tells
what was chosen, it needs that, and what it asks for is not told a second time in another version.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pratique.cataloging.cataloger import Collector
from pratique.cataloging.licence_names import licences_of
from pratique.cataloging.package_lists import local_ref
from pratique.cataloging.pins import single_version
from pratique.ecosystems.dotnet.feeds import Feeds
from pratique.ecosystems.dotnet.locks import Chosen, read_assets, read_lock, tools_and_sdks
from pratique.ecosystems.dotnet.msbuild import BUILD, CENTRAL, Asked, MSBuildFiles, Project
from pratique.ecosystems.dotnet.msbuild_file import local_name
from pratique.ecosystems.dotnet.packages import declared
from pratique.errors import Malformed
from pratique.lexicon.parse import load_jsonc, load_xml, read_json_object
from pratique.lexicon.values import table_or_empty
from pratique.model import Component, ComponentKind, Edges, Presence

_LOCK, _ASSETS, _LIST = "packages.lock.json", "project.assets.json", "packages.config"
_TOOLS, _GLOBAL = "dotnet-tools.json", "global.json"
PROJECT_FILES = (_LOCK, _ASSETS, _LIST, _TOOLS, _GLOBAL, *CENTRAL, *BUILD)


def add_projects(out: Collector, keeps: Callable[[str], bool]) -> None:
    """Add all of it to `out`."""
    files, feeds = MSBuildFiles(out), Feeds(out)
    chosen = _chosen(out, files, feeds, keeps)
    listed = _lists(out, feeds, keeps)
    develop: dict[int, set[str]] = {}
    projects = {path: files.project(path) for path in filter(keeps, files.projects) if files.is_readable(path)}
    refs = {path: _own(out, path, project).ref for path, project in projects.items()}
    for path, project in projects.items():
        folder = path.rpartition("/")[0]
        picks = [*chosen.by_project.get(path, ()), *chosen.by_folder.get(folder, ())]
        for one in picks:
            names = {asked.name.lower() for asked in project.packages if asked.scope == "dev"}
            develop[id(one)] = develop.get(id(one), names) & names
        wished = [asked for asked in project.packages if not any(asked.name.lower() in one.direct for one in picks)]
        asked_sdks = [Asked(name, (version,), "build") for name, version in files.sdks(path)]
        others = {refs[other] for other in project.projects if other in refs}
        needs = {ref for one in picks for each in one.direct.values() for ref in each} | others
        needs.update(listed.get(folder, ()), _add_packages(out, path, wished, feeds))
        _add_packages(out, path, asked_sdks, feeds)
        known = Edges.COMPLETE if len(others) == len(project.projects) else Edges.INCOMPLETE
        own = _own(out, path, project)
        out.component(replace(own, depends=tuple(sorted(needs - {own.ref})), edges=known))
    for one in chosen.all:
        for component in one.marked(out, develop.get(id(one))):
            out.component(component)
    for path in filter(keeps, files.above):
        _add_packages(out, path, () if files.has_project_below(path) else files.alone(path).packages, feeds)
        _add_packages(out, path, (Asked(name, (version,), "build") for name, version in files.sdks(path)), feeds)
    _add_tools(out, feeds, keeps)


class _AllChosen:
    """`by_project`: path of a project → what was chosen for it. `by_folder`: what was for whichever project lies there."""

    def __init__(self) -> None:
        self.all: list[Chosen] = []
        self.by_project: dict[str, list[Chosen]] = {}
        self.by_folder: dict[str, list[Chosen]] = {}


def _chosen(out: Collector, files: MSBuildFiles, feeds: Feeds, keeps: Callable[[str], bool]) -> _AllChosen:
    found = _AllChosen()
    by_name: dict[str, list[str]] = {}
    for path in files.projects:
        by_name.setdefault(path[path.rfind("/") + 1 :], []).append(path)
    for path in filter(keeps, out.tree.kept((_LOCK, _ASSETS))):
        try:
            document = read_json_object(out.tree.contents[path])
            lock = path.endswith(_LOCK)
            one = read_lock(out, path, document, feeds) if lock else read_assets(out, path, document)
        except Malformed as error:
            out.unread(path, error.message)
            continue
        found.all.append(one)
        folder = path.rpartition("/")[0]
        if lock:
            found.by_folder.setdefault(folder, []).append(one)
            continue
        # Above `obj`, or in a folder of all that is built, which has a folder for each project.
        beside = f"{folder.rpartition('/')[0]}/{one.project}".lstrip("/")
        named = by_name.get(one.project, [])
        for project in [beside] if beside in named else named if len(named) == 1 else []:
            found.by_project.setdefault(project, []).append(one)
        if not one.project:
            found.by_folder.setdefault(folder.rpartition("/")[0], []).append(one)
    return found


def _lists(out: Collector, feeds: Feeds, keeps: Callable[[str], bool]) -> dict[str, list[str]]:
    """Folder → refs of what the `packages.config` there lists, which are told here: all that the project is built with."""
    found: dict[str, list[str]] = {}
    for path in filter(keeps, out.tree.kept((_LIST,))):
        try:
            items = [one for one in load_xml(out.tree.contents[path]) if local_name(one) == "package"]
            known = feeds.of(path, {one.get("id", "") for one in items})
            for one in items:
                name, develops = one.get("id", ""), one.get("developmentDependency", "").lower() == "true"
                facts = {"scope": "dev"} if develops else {}
                component = declared(out, path, name, one.get("version", ""), known.get(name, ()), facts)
                if out.component(component):
                    found.setdefault(path.rpartition("/")[0], []).append(component.ref)
        except Malformed as error:
            out.unread(path, error.message)
    return found


def _add_packages(out: Collector, path: str, packages: Iterable[Asked], feeds: Feeds) -> list[str]:
    """The refs of what was added."""
    asked = list(packages)
    known: Mapping[str, list[str]] = feeds.of(path, {one.name for one in asked})
    refs = []
    for name, versions, scope in asked:
        for version in versions:
            component = declared(out, path, name, version, known.get(name, ()), {"scope": scope})
            if out.component(component):
                refs.append(component.ref)
    return refs


def _own(out: Collector, path: str, project: Project) -> Component:
    """The project itself."""
    texts = project.texts
    name = texts.get("packageid") or texts.get("assemblyname") or path[path.rfind("/") + 1 :].rpartition(".")[0]
    suffix = f"-{texts['versionsuffix']}" if texts.get("versionsuffix") else ""
    version = single_version(texts.get("version") or (texts.get("versionprefix", "") + suffix))
    folder = path.rpartition("/")[0] or "."
    return Component(
        ref=local_ref("nuget", name, version, folder),
        purl="",
        type="nuget",
        name=name,
        version=version,
        kind=ComponentKind.APPLICATION,
        presence=Presence.DECLARED,
        licences=licences_of([texts.get("packagelicenseexpression", "")]),
        supplier=texts.get("authors", ""),
        description=texts.get("description", ""),
        homepage=texts.get("packageprojecturl", ""),
        evidence=(path,),
        layer=out.layer_of(path),
        facts={"location": folder},
    )


def _add_tools(out: Collector, feeds: Feeds, keeps: Callable[[str], bool]) -> None:
    for path in filter(keeps, out.tree.kept((_TOOLS, _GLOBAL))):
        tools = path.endswith(_TOOLS)
        try:
            found = tools_and_sdks(table_or_empty(load_jsonc(out.tree.contents[path])), tools)
        except Malformed as error:
            out.unread(path, error.message)
            continue
        _add_packages(out, path, (Asked(name, (version,), "dev" if tools else "build") for name, version in found), feeds)
