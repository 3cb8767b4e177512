"""What the readers of Node package metadata share: purls of scoped names, where Node looks for a package. Pure."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, place_in
from pratique.cataloging.package_lists import Asked, File
from pratique.errors import Malformed
from pratique.lexicon.globs import glob, glob_path
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_integrity, table_or_empty, text_or_empty
from pratique.model import Component, ComponentKind, Presence

FOLDER = "node_modules/"
MAX_PLACE = 4096
MAX_PLACES_CHARS = 64 << 20
"""Of all places of a lock file together: nested deep enough, few bytes would name a long place."""
_STEP_CHARS = 64
_ALLOWED = lazy(r"(?:@[^/]+/)?[^/]+")
_MAX_PATTERNS = 200
_RUN = ("dependencies", "optionalDependencies", "peerDependencies")


def is_allowed(name: str) -> bool:
    """Whether npm could have a package of that name: one with steps of a path would be written as another package's purl."""
    return _ALLOWED.fullmatch(name) is not None and not {".", ".."}.intersection(name.split("/"))


def npm_package(
    file: File,
    name: Any,
    version: Any,
    *,
    integrity: Any = "",
    resolved: Any = "",
    origin: Origin = PUBLIC,
    alias: str = "",
    scope: str = "",
    application: bool = False,
    licences: tuple[str, ...] = (),
    hashes: Mapping[str, str] | None = None,
    hash_covers: str = "",
    presence: Presence | None = None,
) -> Component | None:
    """A component; None, and an unknown, for a name that npm does not allow. `name`: with its scope, `@babel/core`. `integrity`:
    Subresource Integrity of the archive. `alias`: the name that it is asked for by, where that is another. `scope`: see `scopes`.
    """
    full = text_or_empty(name)
    if full and not is_allowed(full):
        file.unread(f"{clean(full, 100)!r} is no name of a package")
        return None
    namespace, slash, short = full.rpartition("/")
    digests = {**read_integrity(text_or_empty(integrity)), **(hashes or {})}
    return file.package(
        "npm",
        short,
        text_or_empty(version),
        namespace=namespace if slash else "",
        shown=full,
        kind=ComponentKind.APPLICATION if application else ComponentKind.LIBRARY,
        presence=presence,
        hashes=digests,
        hash_covers=hash_covers or "package archive",
        origin=origin,
        facts={"resolved": clean_url(resolved), "alias": clean(alias, 214), "scope": scope},
        licences=licences,
    )


def own_manifest(file: File, folder: str) -> tuple[str, str]:
    """Name and version in the `package.json` of a folder, relative to the lock file; "" for what it does not say."""
    document = _manifest(file, place_in(file.folder, f"{folder}/package.json"))
    return clean(document.get("name"), 214), clean(document.get("version"), 256)


def _manifest(file: File, path: str) -> Mapping[str, Any]:
    data = file.out.tree.contents.get(path)
    try:
        return read_json_object(data) if data is not None else {}
    except Malformed:
        return {}  # what is wrong with it is told where it is read


def projects_of(file: File) -> dict[str, Mapping[str, Any]]:
    """Folder, relative to the lock file, → manifest, of the project and its workspaces; empty without the project's own."""
    root = place_in(file.folder, "package.json")
    own = _manifest(file, root)
    if not own:
        return {}
    found = {".": own}
    stated = own.get("workspaces")
    patterns = [text_or_empty(one) for one in list_or_empty(table_or_empty(stated).get("packages") or stated)[:_MAX_PATTERNS]]
    base = root.removesuffix("package.json")
    for path in sorted(file.out.tree.contents) if patterns else ():
        if path.startswith(base) and path.endswith("/package.json") and path != root and FOLDER not in path:
            if not file.out.step(file.path, len(patterns)):
                break
            folder = path.removeprefix(base).removesuffix("/package.json")
            if any(_is_meant(pattern.removeprefix("./").rstrip("/"), folder) for pattern in patterns):
                found[folder] = _manifest(file, path)
    return found


def _is_meant(pattern: str, folder: str) -> bool:
    """Whether a pattern of workspaces names a folder; two stars stand for any number of folders."""
    return glob(pattern.replace("**", "*"), folder) if "**" in pattern else glob_path(pattern, folder)


def asked_by_manifests(file: File) -> Asked | None:
    """Patterns, `name@range`, of what the project and its workspaces ask for; None without their manifests."""
    projects = projects_of(file)
    if not projects:
        return None
    run = [pattern for one in projects.values() for field in _RUN for pattern in _patterns(one, field)]
    develop = [pattern for one in projects.values() for pattern in _patterns(one, "devDependencies")]
    return Asked(run, develop) if file.out.step(file.path, len(run) + len(develop)) else None


def _patterns(document: Mapping[str, Any], field: str) -> Iterator[str]:
    return (f"{name}@{text_or_empty(range_)}" for name, range_ in table_or_empty(document.get(field)).items())


def scopes(entry: Mapping[str, Any]) -> str:
    """`dev`, `optional`, `peer` as npm and pnpm flag them: needed only for development, only where possible, only by a peer."""
    flags = ("dev", "optional", "peer")
    return ", ".join(flag for flag in flags if entry.get(flag) is True or (flag != "peer" and entry.get("devOptional") is True))


def split_spec(text: str) -> tuple[str, str]:
    """`@scope/name@range` → (`@scope/name`, `range`); the first @ that does not begin a scope separates."""
    at = text.find("@", 1)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])


def search(place: str, name: str, there: Container[str]) -> Iterator[str]:
    """The places where Node looks for `name` from the package at `place`: its own node_modules, then each above. Each one
    that is `there`, the nearest first. `place`: `node_modules/a/node_modules/b`, or a workspace's folder, or "".
    """
    for above in climb(place):
        if above.rpartition("/")[2] != "node_modules":
            candidate = f"{above}/{FOLDER}{name}" if above else f"{FOLDER}{name}"
            if candidate in there:
                yield candidate


def climb(place: str) -> Iterator[str]:
    """A place, then each folder above it, at last "". Each is a text of its own: see `climbing_steps`."""
    yield place
    while place:
        place = place.rpartition("/")[0]
        yield place


def climbing_steps(place: str, name: str) -> int:
    """What it takes to look for `name` all the way up from `place`, to be counted as steps: one for each text that is made,
    and one more for every 64 characters of it.
    """
    return (place.count("/") + 2) * (1 + (len(place) + len(name)) // _STEP_CHARS)
