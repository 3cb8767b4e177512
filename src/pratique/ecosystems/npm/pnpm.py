"""pnpm-lock.yaml, lockfileVersion 5, 6 and 9 (and those between): packages by dependency path, `/name@version(peers)`.

Version 9 tells packages and their edges apart (`packages`, `snapshots`) and no longer flags what is only for development:
that is worked out from the `importers`. One package with several sets of peers is one component. Of a file of several YAML
documents, as pnpm 10 writes them where it locks itself, each is read. Importers are the project and its workspaces: folders,
linked to each other by `link:`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import normpath
from typing import Any, NamedTuple

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, reach
from pratique.ecosystems.npm.names import npm_package, own_manifest, scopes, split_spec
from pratique.ecosystems.npm.origins import registry_of, settle
from pratique.ecosystems.npm.registries import Registries
from pratique.errors import Malformed
from pratique.lexicon.parse import load_yaml_documents
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Presence

_NEEDS = ("dependencies", "optionalDependencies")
_MAX_DOCUMENTS = 10
_IMPORTER = "importer:"


class _Lock(NamedTuple):
    """One document. `slashes`: dependency paths are `/name/1.0.0`, until version 5; `lead`: they begin with a slash, until 6.
    `packages`: what is known of each; `snapshots`: what each needs; until version 6 the same. `untold`: packages that a file of
    version 9 has no snapshot of.
    """

    slashes: bool
    lead: bool
    packages: Mapping[str, Any]
    snapshots: Mapping[str, Any]
    importers: Mapping[str, Any]
    untold: frozenset[str] = frozenset()


def _read(file: File) -> Iterator[Found]:
    documents = load_yaml_documents(file.data)
    locks = [lock for one in documents[:_MAX_DOCUMENTS] if (lock := _lock(table_or_empty(one))) is not None]
    if len(documents) > _MAX_DOCUMENTS:
        file.unread(f"more than {_MAX_DOCUMENTS} documents: the rest was left out")
    if not locks:
        raise Malformed("a pnpm lock file without its version")
    for number, lock in enumerate(locks):
        yield from _packages(file, lock, f"{number}:" if number else "")


def _lock(document: Mapping[str, Any]) -> _Lock | None:
    major = re.match(r"\d+", text_or_empty(document.get("lockfileVersion")))
    if major is None:
        return None
    packages = table_or_empty(document.get("packages"))
    snapshots = table_or_empty(document.get("snapshots"))
    importers = table_or_empty(document.get("importers"))
    if not importers:  # until version 9, a project alone stands at the top
        importers = {".": {key: document[key] for key in (*_NEEDS, "devDependencies") if key in document}}
    if int(major[0]) < 9:
        return _Lock(int(major[0]) < 6, True, packages, packages, importers)
    # Each package is told, also where the file lost what it needs.
    bare = {_bare(path) for path in snapshots}
    untold = frozenset(path for path in packages if path not in bare)
    return _Lock(False, False, packages, {**snapshots, **{path: packages[path] for path in untold}}, importers, untold)


def _packages(file: File, lock: _Lock, tag: str) -> Iterator[Found]:
    registries = Registries(file, ".npmrc")
    dev: frozenset[str] = frozenset() if lock.lead else _development(file, lock)
    for path, value in lock.snapshots.items():
        entry = table_or_empty(value)
        about = entry if lock.lead else table_or_empty(lock.packages.get(path)) or table_or_empty(lock.packages.get(_bare(path)))
        name, version = _parts(path, lock)
        name, version = text_or_empty(about.get("name")) or name, text_or_empty(about.get("version")) or version
        resolution = table_or_empty(about.get("resolution"))
        tarball = text_or_empty(resolution.get("tarball"))
        named = settle(file, "", name, version, tarball)
        origin = _origin(path, resolution, lock) or named.origin
        if origin.is_public and not tarball:
            origin = registries.origin(named.name)
        component = npm_package(
            file,
            named.name,
            named.version,
            integrity=resolution.get("integrity"),
            resolved=tarball or resolution.get("repo") or resolution.get("directory"),
            origin=origin,
            scope=scopes(entry if lock.lead else {**about, **entry, "dev": path in dev}),
        )
        if component is not None:
            needs = (tag + need for need in _paths(entry, _NEEDS, lock, ""))
            yield Found(component, keys=(tag + path,), needs=None if path in lock.untold else needs)
    yield from _importers(file, lock, tag)


def _importers(file: File, lock: _Lock, tag: str) -> Iterator[Found]:
    """The project and its workspaces: named by their own `package.json`, else by their folder."""
    for folder, value in lock.importers.items():
        name, version = own_manifest(file, folder)
        name = name or folder.rpartition("/")[2]
        if name in ("", ".", ".."):
            continue
        component = npm_package(file, name, version, origin=at_path(folder), application=True)
        if component is not None:
            needs = _paths(table_or_empty(value), (*_NEEDS, "devDependencies"), lock, folder)
            yield Found(component, keys=(f"{tag}{_IMPORTER}{normpath(folder)}",), needs=(tag + need for need in needs))


def _origin(path: str, resolution: Mapping[str, Any], lock: _Lock) -> Origin | None:
    """Where a package comes from, but for what the address of its archive tells."""
    if resolution.get("repo"):
        return at_repository(resolution["repo"], resolution.get("commit"), folder=resolution.get("path"))
    if resolution.get("directory"):
        return at_path(resolution["directory"])
    if resolution.get("tarball"):
        return None
    reference = split_spec(_bare(path).removeprefix("/"))[1]
    if ":" in reference:  # version 9: `name@file:folder`, `name@https://…`
        return at_address(reference)
    if lock.lead and not path.startswith("/"):
        if path.startswith("file:"):
            return at_address(_bare(path))
        host = path.partition("/")[0]
        return registry_of(f"https://{host}") if "." in host and "@" not in host else PUBLIC
    return PUBLIC


def _bare(path: str) -> str:
    """Without the peers in parentheses."""
    return path.partition("(")[0]


def _parts(path: str, lock: _Lock) -> tuple[str, str]:
    """Name and version in a dependency path; the version is "" where an address stands for it."""
    text = _bare(path)
    if not lock.slashes:
        host, slash, rest = text.partition("/")
        if lock.lead and slash and host and "." in host and "@" not in host and "@" in rest:
            text = rest  # another registry's: `host/name@1.0.0`
        name, version = split_spec(text.removeprefix("/"))
        return name, "" if ":" in version or "/" in version else version
    scope = text.rfind("/@")
    steps = text[scope + 1 :].split("/", 3) if scope >= 0 else text.rsplit("/", 2)[-2:]
    count = 2 if steps[0].startswith("@") else 1
    version = steps[count] if len(steps) > count else ""
    return "/".join(steps[:count]), version.partition("_")[0]


def _paths(entry: Mapping[str, Any], fields: Iterable[str], lock: _Lock, folder: str) -> Iterator[str]:
    """The dependency paths that an entry, or the importer in a `folder`, needs: a version, or a whole path for an alias and for
    what is no package of the registry; an importer for a link.
    """
    known = lock.snapshots
    for field in fields:
        for name, value in table_or_empty(entry.get(field)).items():
            version = text_or_empty(value) or text_or_empty(table_or_empty(value).get("version"))
            if version.startswith("link:"):
                yield _IMPORTER + normpath(f"{folder or '.'}/{version[5:]}")
                continue
            own = f"{'/' if lock.lead else ''}{name}{'/' if lock.slashes else '@'}{version}"
            yield own if own in known else version


def _development(file: File, lock: _Lock) -> frozenset[str]:
    """The dependency paths that nothing but development needs; none, where nothing tells what the project needs."""
    importers = [table_or_empty(value) for value in lock.importers.values()]
    start = {path for one in importers for path in _paths(one, _NEEDS, lock, "")}
    if not any(one.get(field) for one in importers for field in (*_NEEDS, "devDependencies")):
        return frozenset()
    needed = reach(file, start, lambda path: _paths(table_or_empty(lock.snapshots.get(path)), _NEEDS, lock, ""))
    return frozenset() if needed is None else frozenset(path for path in lock.snapshots if path not in needed)


PNPM = FileCataloger("pnpm", 2, ListSource(read=_read, presence=Presence.DECLARED, names=("pnpm-lock.yaml",)))
