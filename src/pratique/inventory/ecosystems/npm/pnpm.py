"""pnpm-lock.yaml, lockfileVersion 5, 6 and 9 (and those between): packages by dependency path, `/name@version(peers)`.

Version 9 tells packages and their edges apart (`packages`, `snapshots`) and no longer flags what is only for development:
that is worked out from the `importers`. One package with several sets of peers is one component.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pratique.errors import Malformed
from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource, reach
from pratique.inventory.ecosystems.npm.names import npm_package, scopes, split_spec
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Presence

_NEEDS = ("dependencies", "optionalDependencies")


class _Format(NamedTuple):
    """How dependency paths are written. `slashes`: `/name/1.0.0`, until version 5."""

    slashes: bool
    snapshots: bool


def _read(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    major = re.match(r"\d+", text_or_empty(document.get("lockfileVersion")))
    if major is None:
        raise Malformed("a pnpm lock file without its version")
    form = _Format(slashes=int(major[0]) < 6, snapshots=int(major[0]) >= 9)
    packages = table_or_empty(document.get("packages"))
    snapshots = table_or_empty(document.get("snapshots")) if form.snapshots else packages
    dev = _development(file, document, snapshots, form) if form.snapshots else frozenset()
    for path, value in snapshots.items():
        entry = table_or_empty(value)
        about = table_or_empty(packages.get(_bare(path))) if form.snapshots else entry
        name, version = _parts(path, form)
        resolution = table_or_empty(about.get("resolution"))
        component = npm_package(
            file,
            about.get("name") or name,
            about.get("version") or version,
            integrity=resolution.get("integrity"),
            resolved=resolution.get("tarball") or resolution.get("repo") or resolution.get("directory"),
            scope=scopes({**entry, "dev": path in dev} if form.snapshots else entry),
        )
        if component is not None:
            yield Found(component, keys=(path,), needs=_paths(entry, _NEEDS, snapshots, form))


def _bare(path: str) -> str:
    """Without the peers in parentheses."""
    return path.partition("(")[0]


def _parts(path: str, form: _Format) -> tuple[str, str]:
    """Name and version in a dependency path; the version is "" where an address stands for it."""
    text = _bare(path)
    if not form.slashes:
        name, version = split_spec(text.removeprefix("/"))
        return name, "" if ":" in version or "/" in version else version
    scope = text.rfind("/@")
    steps = text[scope + 1 :].split("/", 3) if scope >= 0 else text.rsplit("/", 2)[-2:]
    count = 2 if steps[0].startswith("@") else 1
    version = steps[count] if len(steps) > count else ""
    return "/".join(steps[:count]), version.partition("_")[0]


def _paths(entry: Mapping[str, Any], fields: Iterable[str], known: Mapping[str, Any], form: _Format) -> Iterator[str]:
    """The dependency paths that an entry or importer needs: a version, or a whole path for an alias and for what is no
    package of the registry.
    """
    for field in fields:
        for name, value in table_or_empty(entry.get(field)).items():
            version = text_or_empty(value) or text_or_empty(table_or_empty(value).get("version"))
            lead = "" if form.snapshots else "/"
            own = f"{lead}{name}{'/' if form.slashes else '@'}{version}"
            yield own if own in known else version


def _development(file: File, document: Mapping[str, Any], snapshots: Mapping[str, Any], form: _Format) -> frozenset[str]:
    """The dependency paths that nothing but development needs."""
    importers = [table_or_empty(value) for value in table_or_empty(document.get("importers")).values()]
    start = {path for one in importers for path in _paths(one, _NEEDS, snapshots, form)}
    needed = reach(file, start, lambda path: _paths(table_or_empty(snapshots.get(path)), _NEEDS, snapshots, form))
    return frozenset() if needed is None else frozenset(path for path in snapshots if path not in needed)


PNPM = FileCataloger("pnpm", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("pnpm-lock.yaml",)))
