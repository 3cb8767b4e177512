"""Catalogers of files that each tell packages and what these need: lock files, and what installers write down. Pure.

A reader is a function from one file to the packages it tells of. What is the same for all of them is here: finding the files,
the cost of a broken one, edges by name within a scope, claims.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.cataloging.origins import PUBLIC, Origin, place_in
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import ARCHIVE
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_MAX_NAME = 250
_MAX_FOLDER = 300


class Found(NamedTuple):
    """One package. `keys`: what others in its scope call it. `needs`: such keys; of one that several answer to (versions,
    platforms), all are meant; None where the file does not tell what it needs. `claims`: (path, algorithm, hex digest).
    `folders`: all in them is the package's, but for what lies in the folder of another.
    """

    component: Component
    keys: tuple[str, ...] = ()
    needs: Iterable[str] | None = None
    claims: Iterable[tuple[str, str, str]] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. What is wrong with all of it is raised as Malformed, with a part of it told to `unread`."""

    path: str
    data: bytes
    out: Collector
    presence: Presence

    @property
    def text(self) -> str:
        """Of any encoding of Unicode, without a byte order mark and carriage returns."""
        return decode_text(self.data).replace("\r\n", "\n")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[self.path.rfind("/") + 1 :]

    @property
    def folder(self) -> str:
        """The path without the name."""
        return self.path.rpartition("/")[0]

    def unknown(self, reason: str) -> None:
        """A remark: something about what the file tells is not known."""
        self.out.unknown(self.path, reason)

    def unread(self, reason: str) -> None:
        """Something in the file could not be understood: it may tell of a package that is not listed."""
        self.out.unread(self.path, reason)

    def package(
        self,
        type_: str,
        name: Any,
        version: Any,
        *,
        namespace: str = "",
        shown: str = "",
        qualifiers: Mapping[str, str] | None = None,
        subpath: str = "",
        origin: Origin = PUBLIC,
        kind: ComponentKind = ComponentKind.LIBRARY,
        presence: Presence | None = None,
        hashes: Mapping[str, str] | None = None,
        hash_covers: str = ARCHIVE,
        facts: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Component | None:
        """A component of this file; None, and an unknown, when it has no name. `name`, `namespace`: of the purl. `shown`: for
        people. `hashes`, `facts`: without a value they are left out. `more`: further fields of the component.

        A `version` that is a range becomes the fact `requirement`. `origin`: what is local has a location and no purl.
        """
        name, (version, asked) = clean(name, _MAX_NAME), split_requirement(clean(version, _MAX_NAME))
        if not name:
            self.unread("a package without a name")
            return None
        shown = clean(shown, 2 * _MAX_NAME) or name
        told = {"resolved": origin.address, **(facts or {}), **({"requirement": asked} if asked else {})}
        if origin.local is None:
            given = {**origin.qualifiers, **(qualifiers or {})}
            ref = purl = build_purl(type_, name, version, namespace=namespace, qualifiers=given, subpath=subpath)
        else:
            told["location"] = place_in(self.folder, origin.local)
            ref, purl = local_ref(type_, shown, version, told["location"]), ""
        return Component(
            ref=ref,
            purl=purl,
            type=type_,
            name=shown,
            version=version,
            kind=kind,
            presence=presence or self.presence,
            hashes=hashes or {},
            hash_covers=hash_covers if hashes else "",
            facts={key: value for key, value in told.items() if value},
            evidence=(self.path,),
            layer=self.out.layer_of(self.path),
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSource:
    """One kind of file. `names`: file names. `endings`: of file names; an Interest, which knows the last dot only, is made of
    them. `accepts`: of those, which paths. `scope`: where its keys hold.
    """

    read: Callable[[File], Iterable[Found]]
    presence: Presence
    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    accepts: Callable[[str], bool] = lambda _path: True
    scope: Callable[[str], str] = lambda path: path

    def takes(self, path: str) -> bool:
        """Whether the file at `path` is of this kind. A lock file inside an installed package is that package's own affair."""
        name = path[path.rfind("/") + 1 :]
        if name not in self.names and (not self.endings or not name.endswith(self.endings)):
            return False
        if self.presence is Presence.DECLARED and is_of_a_package(path):
            return False
        return self.accepts(path)


def local_ref(type_: str, name: str, version: str, location: str) -> str:
    """What names a package that has no purl within its inventory: it is another one at each place."""
    return f"local:{type_}/{location}#{name}" + (f"@{version}" if version else "")


def reach(file: File, start: Iterable[str], needs: Callable[[str], Iterable[str]]) -> set[str] | None:
    """What is needed from `start` on, itself included; None when following it takes too many steps."""
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for other in needs(waiting.pop()):
            if not file.out.step(file.path):
                return None
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


class Asked(NamedTuple):
    """What a project's own manifests ask for, as keys: to run, and for development."""

    run: Sequence[str]
    develop: Sequence[str]


def with_development(file: File, found: Iterable[Found], asked: Asked | None) -> Iterator[Found]:
    """The same packages, with `dev` among the scopes of those that nothing but development needs. `asked`: None where nothing
    tells. What the project's own parts need is what it says; where it does not lead to every package, it is not all, and none is
    marked.
    """
    if asked is None:
        yield from found
        return
    listed = [one if one.needs is None else one._replace(needs=tuple(one.needs)) for one in found]
    by_key: dict[str, list[Found]] = {}
    for one in listed:
        for key in one.keys:
            by_key.setdefault(key, []).append(one)

    def needs(key: str) -> Iterator[str]:
        for one in by_key.get(key, ()):
            if one.component.kind is not ComponentKind.APPLICATION:
                yield from one.needs or ()

    whole = reach(file, (key for key in (*asked.run, *asked.develop) if key in by_key), needs) or set()
    reached = reach(file, (key for key in asked.run if key in by_key), needs)
    if not all(whole.intersection(one.keys) for one in listed if one.component.kind is not ComponentKind.APPLICATION):
        reached = None
    for one in listed:
        own = one.component.kind is ComponentKind.APPLICATION
        if reached is None or own or any(key in reached for key in one.keys):
            yield one
        else:
            scopes = dict.fromkeys([*filter(None, one.component.facts.get("scope", "").split(", ")), "dev"])
            facts = {**one.component.facts, "scope": ", ".join(sorted(scopes))}
            yield one._replace(component=replace(one.component, facts=facts))


def kept(_file: File) -> Iterable[Found]:
    """The reader of a file that is only looked into by those of lock files beside it."""
    return ()


def folder_of(path: str) -> str:
    """The scope of packages that are told of one a file, in one folder."""
    return path.rpartition("/")[0]


def _claim_folders(out: Collector, owners: Mapping[str, str]) -> None:
    """Every file is its innermost owner's."""
    owners = {folder: ref for folder, ref in owners.items() if folder and len(folder) <= _MAX_FOLDER}
    if not owners:
        return
    lengths = sorted({len(folder) for folder in owners}, reverse=True)
    for path in out.tree.entries:
        for length in lengths:
            if len(path) > length and path[length] == "/" and path[:length] in owners:
                out.claim(path, owners[path[:length]])
                break


class FileCataloger:
    """A cataloger that consists of sources."""

    def __init__(self, name: str, version: int, *sources: ListSource) -> None:
        self.name = name
        self.version = version
        self.interest = Interest(
            names=frozenset(name for source in sources for name in source.names),
            endings=frozenset(ending[ending.rfind(".") :] for source in sources for ending in source.endings),
        )
        self.probes = ()
        self._sources = sources

    def keeps(self, path: str) -> bool:
        """Whether one of the sources takes it."""
        return any(source.takes(path) for source in self._sources)

    def catalogue(self, tree: Tree) -> Catalogued:
        """All packages that all files tell of."""
        out = Collector(tree)
        found: list[tuple[str, str, Found]] = []
        refs: dict[tuple[str, str], set[str]] = {}
        for path, source in self._files(tree):
            scope = source.scope(path)
            try:
                for one in source.read(File(path, tree.contents[path], out, source.presence)):
                    found.append((scope, path, one))
                    for key in one.keys:
                        refs.setdefault((scope, key), set()).add(one.component.ref)
            except Malformed as error:
                out.unread(path, error.message)
        owners: dict[str, str] = {}
        for scope, path, one in found:
            depends = set(one.component.depends)
            edges = one.component.edges if one.needs is None else Edges.COMPLETE
            for need in one.needs or ():
                there = refs.get((scope, need), ())
                if not out.step(path, 1 + len(there)):
                    edges = Edges.INCOMPLETE
                    break
                if not there:
                    edges = Edges.INCOMPLETE
                depends.update(there)
            depends.discard(one.component.ref)
            if out.component(replace(one.component, depends=tuple(sorted(depends)), edges=edges)):
                for claimed, algorithm, digest in one.claims:
                    out.claim(claimed, one.component.ref, algorithm, digest)
                for folder in one.folders:
                    owners.setdefault(folder, one.component.ref)
        _claim_folders(out, owners)
        return out.result()

    def _files(self, tree: Tree) -> list[tuple[str, ListSource]]:
        asked = tree.kept(self.interest.names, self.interest.endings)
        taken = ((path, next((one for one in self._sources if one.takes(path)), None)) for path in asked)
        return [(path, source) for path, source in taken if source is not None]
