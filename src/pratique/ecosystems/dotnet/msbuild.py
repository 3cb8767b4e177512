"""What MSBuild's files say of packages: projects, the `Directory.*` files above them, and what these import. Pure.

Microsoft Learn, "MSBuild reference", "Customize the build by folder", "Central Package Management". No condition is evaluated:
what stands under one may be asked for, so a property can have several values and a package several versions. Functions of
properties are not computed, but for the two that find a file in a folder above.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import NamedTuple

from pratique.cataloging.cataloger import Collector
from pratique.ecosystems.dotnet.msbuild_file import Item, Sheet, read_sheet
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml

PROJECTS = (".csproj", ".fsproj", ".vbproj", ".vcxproj", ".proj")
CENTRAL = ("Directory.Packages.props", "Packages.props")  # the second of the SDK Microsoft.Build.CentralPackageVersions
BUILD = ("Directory.Build.props", "Directory.Build.targets")
_MAX_NAMES = 20_000
_MAX_IMPORTS = 50
_MAX_VALUES = 20
_MAX_ROUNDS = 200
_MAX_CHARS = 1_000
_PROPERTY = lazy(r"\$\(([A-Za-z_][\w.-]{0,100})\)")
_ARGUMENT = r"\s*['\"]?([^'\",()]{0,300}?)['\"]?\s*"
_FILE_ABOVE = lazy(rf"\$\(\[MSBuild\]::GetPathOfFileAbove\({_ARGUMENT}(?:,{_ARGUMENT})?\)\)")
_FOLDER_ABOVE = lazy(rf"\$\(\[MSBuild\]::GetDirectoryNameOfFileAbove\({_ARGUMENT},{_ARGUMENT}\)\)")
_PROJECT_TEXTS = (
    *("packageid", "assemblyname", "version", "versionprefix", "versionsuffix", "packagelicenseexpression", "description"),
    *("packageprojecturl", "authors"),
)


class Asked(NamedTuple):
    """A package that a project asks for. `versions`: each that a condition may choose, as written, properties put in; "" where
    nothing says one. `scope`: "", `dev` or `build`."""

    name: str
    versions: tuple[str, ...]
    scope: str


class Project(NamedTuple):
    """`packages`: by their names. `projects`: paths of those that it refers to. `texts`: properties that have one value, by their
    names in lower case."""

    packages: tuple[Asked, ...]
    projects: tuple[str, ...]
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Layers:
    """Files in the order in which they count: the last says what holds."""

    sheets: Sequence[Sheet]

    def values(self, name: str) -> list[str]:
        """All that a property, in lower case, may be."""
        found: list[str] = []
        for sheet in reversed(self.sheets):
            values, sure = sheet.properties.get(name, ((), False))
            found += values
            if sure:
                break
        found = found or [sheet.defaults[name] for sheet in self.sheets if name in sheet.defaults][:1]
        return list(dict.fromkeys(found))[:_MAX_VALUES]

    def expanded(self, text: str) -> list[str]:
        """The text with properties put in, one for each of their values; what nothing defines stays as it is written."""
        if "$(" not in text:
            return [text]
        done: dict[str, None] = {}
        waiting, rounds = [(text, 0)], 0
        while waiting and rounds < _MAX_ROUNDS and len(done) < _MAX_VALUES:
            rounds += 1
            now, at = waiting.pop()
            match = _PROPERTY.search(now, at)
            if match is None or len(now) > _MAX_CHARS:
                done[now] = None
                continue
            values = self.values(match[1].lower())
            if not values:
                waiting.append((now, match.end()))
            for value in reversed(values):
                waiting.append((now[: match.start()] + value + now[match.end() :], match.start()))
        return list(done) or [text]

    def names(self, item: Item) -> Iterator[str]:
        """What an item is about: `A;B`."""
        for text in self.expanded(item.names):
            for name in text.split(";")[:_MAX_NAMES]:
                if name.strip() and "$(" not in name:
                    yield name.strip()

    def versions(self, name: str, values: dict[str, str]) -> tuple[str, ...]:
        """Those that a reference with these `values` is asked for in; else what the nearest file of central versions gives."""
        texts = [values.get("versionoverride") or values.get("version", "")]
        for sheet in reversed(self.sheets) if not texts[0] else ():
            if name.lower() in sheet.versions:
                texts = sheet.versions[name.lower()][:_MAX_VALUES]
                break
        return tuple(
            dict.fromkeys(one.strip() for text in texts for each in self.expanded(text) for one in each.split(";")[:_MAX_VALUES])
        )


class MSBuildFiles:
    """All files of MSBuild in one tree. A file that cannot be read is told once, and counts as empty."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._sheets: dict[str, Sheet] = {}
        self._unread: set[str] = set()
        self.projects = out.tree.kept((), PROJECTS)
        self.above = out.tree.kept((*CENTRAL, *BUILD))

    def has_project_below(self, path: str) -> bool:
        """Whether a project lies in or below the folder of the file at `path`."""
        folder = path.rpartition("/")[0]
        begin = f"{folder}/" if folder else ""
        at = bisect_left(self.projects, begin)
        return at < len(self.projects) and self.projects[at].startswith(begin)

    def is_readable(self, path: str) -> bool:
        """Whether the file at `path` is XML; what is not is told."""
        self._sheet(path)
        return path not in self._unread

    def project(self, path: str) -> Project:
        """What the project at `path` comes to."""
        folder = path.rpartition("/")[0]
        before, after = (self._nearest(folder, (name,)) for name in BUILD)
        return self._evaluate(path, (before, self._nearest(folder, CENTRAL), path, after))

    def alone(self, path: str) -> Project:
        """What a file asks for, or gives versions to, by itself."""
        found = self._evaluate(path, (path,))
        layers = self._layers(path, (path,))
        known = {asked.name.lower() for asked in found.packages}
        given = {name: text for sheet in layers.sheets for name, text in sheet.given.items() if name not in known}
        managed = (Asked(text, layers.versions(name, {}), "") for name, text in given.items())
        return found._replace(packages=(*found.packages, *managed))

    def sdks(self, path: str) -> Iterator[tuple[str, str]]:
        """(name, version) of the SDKs that the file at `path` names with a version."""
        for text in self._sheet(path).sdks:
            name, _, version = text.strip().partition("/")
            if name and version:
                yield name, version.removeprefix("min=")

    def _nearest(self, folder: str, names: Sequence[str]) -> str:
        while self._out.step(folder):
            for name in names:
                path = f"{folder}/{name}" if folder else name
                if path in self._out.tree.contents:
                    return path
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        return ""

    def _sheet(self, path: str) -> Sheet:
        known = self._sheets.get(path)
        if known is None:
            try:
                known = read_sheet(load_xml(self._out.tree.contents[path]), path)
            except Malformed as error:
                self._out.unread(path, error.message)
                self._unread.add(path)
                known = Sheet()
            self._sheets[path] = known
        return known

    def _layers(self, project: str, order: Iterable[str]) -> _Layers:
        name = project[project.rfind("/") + 1 :]
        place = {"msbuildprojectname": name.rpartition(".")[0], "msbuildprojectdirectory": f"/{project.rpartition('/')[0]}"}
        sheets = [Sheet(defaults=place)]
        seen: set[str] = set()
        for first in order:
            found: list[Sheet] = []
            waiting = [first]
            while waiting and len(seen) < _MAX_IMPORTS:
                path = waiting.pop()
                if path in seen or path not in self._out.tree.contents or not self._out.step(path):
                    continue
                seen.add(path)
                sheet = self._sheet(path)
                found.append(sheet)
                known = _Layers([*sheets, *reversed(found)])
                waiting += [self._imported(known, path, text) for text in reversed(sheet.imports)]
            sheets += reversed(found)  # what is imported counts before what the file itself says
        return _Layers(sheets)

    def _imported(self, layers: _Layers, path: str, text: str) -> str:
        """Where an import of the file at `path` leads; "" where that is not known."""
        folder = path.rpartition("/")[0]

        def above(name: str, start: str) -> str:
            begin = _place(folder, start)
            return "" if begin is None else self._nearest(begin, (name,))

        text = layers.expanded(text)[0]
        text = _FILE_ABOVE.sub(lambda match: "/" + above(match[1], match[2] or ""), text, count=1)
        text = _FOLDER_ABOVE.sub(lambda match: "/" + above(match[2], match[1]).rpartition("/")[0], text, count=1)
        return _place(folder, text) or ""

    def _evaluate(self, path: str, order: Iterable[str]) -> Project:
        layers = self._layers(path, order)
        packages: dict[str, tuple[str, Item]] = {}
        projects: dict[str, None] = {}
        updates: dict[str, list[Item]] = {}
        for item in (item for sheet in layers.sheets for item in sheet.items):
            for name in layers.names(item):
                if not self._out.step(path):
                    break
                if item.kind == "ProjectReference":
                    place = _place(path.rpartition("/")[0], name) if item.action == "Include" else None
                    projects |= {place: None} if place else {}
                elif item.action == "Include":
                    packages[name.lower()] = name, item
                elif item.action == "Update":
                    updates.setdefault(name.lower(), []).append(item)
                elif not item.conditional:
                    packages.pop(name.lower(), None)
        asked = []
        for key, (name, item) in sorted(packages.items()):
            values = dict(item.values)
            for update in updates.get(key, ()):
                values |= update.values
            if any("version" in update.values for update in updates.get(key, ())):
                del values["version"]  # a condition may choose among them
            asked.append(Asked(name, layers.versions(name, values), _scope(item.kind, values)))
        texts = {name: layers.expanded(f"$({name})") for name in _PROJECT_TEXTS}
        return Project(
            tuple(asked),
            tuple(projects),
            {name: text[0] for name, text in texts.items() if len(text) == 1 and "$(" not in text[0]},
        )


def _scope(kind: str, values: dict[str, str]) -> str:
    """A package that says it is for development only, NuGet asks for like this: private, and not compiled against."""
    if kind == "GlobalPackageReference":
        return "dev"
    if kind != "PackageReference":
        return "build"
    private, included, excluded = (
        {word.strip() for word in values.get(name, "").lower().split(";") if word.strip()}
        for name in ("privateassets", "includeassets", "excludeassets")
    )
    compiled = (not included or bool(included & {"all", "compile"})) and not excluded & {"all", "compile"}
    return "dev" if "all" in private and not compiled else ""


def _place(folder: str, text: str) -> str | None:
    """The path that a file in `folder` means; None where that is outside, or not known."""
    text = text.replace("\\", "/").strip()
    if "$(" in text or "*" in text:
        return None
    place = normpath(text.lstrip("/") if text.startswith("/") else f"{folder}/{text}".lstrip("/"))
    if place.startswith(".."):
        return None
    return "" if place == "." else place
