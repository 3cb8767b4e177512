"""yarn.lock: version 1's own format (read line by line), and since yarn 2 ("berry") YAML.

An entry is named by all patterns that it answers, `name@range`. Workspaces, the project's own packages, are listed as
applications. Berry's checksum is of yarn's own cache archive, not of what the registry serves, and is said to be.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, with_development
from pratique.ecosystems.npm.names import asked_by_manifests, npm_package, own_manifest, projects_of, split_spec
from pratique.ecosystems.npm.origins import Aliases, Named, settle
from pratique.ecosystems.npm.registries import Registries
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_DEPENDENCIES = ("dependencies", "optionalDependencies")
_FOLDERS = ("file:", "link:", "portal:", "./", "../", "/", "~/")
_ARCHIVE = lazy(r"::(?:[^&]*&)*__archiveUrl=([^&]+)")
_WORKSPACE = "workspace:"
_NO_VERSION = "0.0.0-use.local"
_CACHE = "yarn cache archive"


def _read(file: File) -> Iterator[Found]:
    found = _read_berry(file) if "__metadata:" in file.text else _read_classic(file)
    return with_development(file, found, asked_by_manifests(file))


def _read_classic(file: File) -> Iterator[Found]:
    locked: set[str] = set()
    registries = Registries(file, ".npmrc")
    for patterns, entry, needs in _entries(file.text):
        asked, range_ = split_spec(patterns[0])
        name = split_spec(range_[4:])[0] if range_.startswith("npm:") else asked
        resolved = entry.get("resolved", "")
        address, _, sha1 = resolved.partition("#")
        archive = address.endswith((".tgz", ".tar.gz"))
        hashes = read_hex("sha1", sha1) if archive else {}
        # Of a folder nothing is fetched: then what was asked for tells where it lies.
        local = range_ if not resolved and range_.startswith(_FOLDERS) else ""
        named = settle(file, asked, name, entry.get("version", ""), address if archive else resolved or local)
        registries.doubt(file, named.name, named.origin, address)
        component = npm_package(
            file,
            named.name,
            named.version,
            integrity=entry.get("integrity"),
            resolved=address or local,
            origin=named.origin,
            alias=named.alias,
            hashes=hashes,
        )
        if component is not None:
            locked.update(patterns)
            yield Found(component, keys=patterns, needs=needs)
    if locked:
        yield from _own_projects(file, locked)


def _own_projects(file: File, locked: Collection[str]) -> Iterator[Found]:
    """The project and its workspaces, which no lock file of version 1 has: by their own manifests. `locked`: patterns."""
    projects = projects_of(file)
    folders = {name: folder for folder, document in projects.items() if (name := clean(document.get("name"), 214))}
    for name, folder in folders.items():
        wanted: list[str] = []
        for field in (*_DEPENDENCIES, "devDependencies"):
            for other, range_ in table_or_empty(projects[folder].get(field)).items():
                pattern = f"{other}@{text_or_empty(range_)}"
                wanted.append(pattern if pattern in locked or other not in folders else _WORKSPACE + other)
        component = npm_package(file, name, projects[folder].get("version"), origin=at_path(folder), application=True)
        if component is not None:
            yield Found(component, keys=(_WORKSPACE + name,), needs=wanted)


def _entries(text: str) -> Iterator[tuple[tuple[str, ...], dict[str, str], list[str]]]:
    """Patterns, fields and needed patterns of each entry of version 1. Raises Malformed for a line that is none of these."""
    patterns: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    needs: list[str] = []
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        if indent == 0:
            if patterns:
                yield patterns, fields, needs
            if not stripped.endswith(":"):
                raise Malformed(f"not a yarn lock file, line {number}")
            patterns = tuple(filter(None, (part.strip().strip('"') for part in stripped[:-1].split(","))))
            fields, needs, section = {}, [], ""
            continue
        words = _pair(stripped)
        if indent <= 2:
            section = stripped[:-1] if stripped.endswith(":") else ""
            if not section:
                fields.setdefault(*words)
        elif section in _DEPENDENCIES:
            needs.append(f"{words[0]}@{words[1]}")
    if patterns:
        yield patterns, fields, needs


def _pair(text: str) -> tuple[str, str]:
    """`"a b" "c"` or `a c`: key and value."""
    if text.startswith('"'):
        key, _, rest = text[1:].partition('"')
    else:
        key, _, rest = text.partition(" ")
    return key, rest.strip().strip('"')


def _read_berry(file: File) -> Iterator[Found]:
    registries = Registries(file, ".yarnrc.yml")
    for key, value in table_or_empty(load_yaml(file.data)).items():
        entry = table_or_empty(value)
        if key == "__metadata" or not entry:
            continue
        name, reference = split_spec(text_or_empty(entry.get("resolution")))
        own = reference.startswith("workspace:")
        origin, version = _berry_origin(reference), "" if own else text_or_empty(entry.get("version"))
        if own:
            told, version = own_manifest(file, reference.removeprefix("workspace:"))
            if reference == "workspace:." and not told:
                continue  # the project at the root is nothing but its package.json, and here is none
        version = "" if version == _NO_VERSION else version  # what yarn writes for a folder, whatever its own version
        checksum = text_or_empty(entry.get("checksum")).rpartition("/")[2]
        alias = split_spec(key.partition(",")[0])[0]
        address = _ARCHIVE.search(reference)
        named = settle(file, "", name, version, unquote(address[1])) if address else Named(name, version, origin)
        if reference.startswith("npm:") and address is None:
            named = named._replace(origin=registries.origin(name))
        if reference.startswith("npm:") and alias != name and f"npm:{name}@" not in key:
            Aliases(()).doubt(file, alias, name)
        component = npm_package(
            file,
            named.name,
            named.version,
            resolved="" if reference.startswith("npm:") and address is None else reference,
            origin=named.origin,
            alias=alias if alias != name else "",
            application=own,
            hashes=read_hex("sha512", checksum),
            hash_covers=_CACHE,
        )
        if component is not None:
            yield Found(component, keys=tuple(_answers(key)), needs=_wanted(entry))


def _berry_origin(reference: str) -> Origin:
    """Of what stands behind `name@` in a resolution. A patch changes a package of the registry: it stays that package."""
    if reference.startswith(("npm:", "patch:", "virtual:")):
        return PUBLIC
    # What follows `#` tells which commit; of a folder, by which package it was asked for.
    return at_address(reference.partition("::")[0])


def _answers(key: str) -> Iterator[str]:
    """All patterns of a key, also without the protocol that yarn 2 and 3 leave out where they are asked for."""
    for part in key.split(","):
        pattern = part.strip()
        yield pattern
        range_ = split_spec(pattern)[1]
        if range_.startswith("patch:"):  # what was asked for without the patch: `patch:fsevents@npm%3A^2#…`
            pattern = unquote(range_.removeprefix("patch:").partition("#")[0])
            yield pattern
        name, range_ = split_spec(pattern)
        if range_.startswith("npm:"):
            yield f"{name}@{range_[4:]}"


def _wanted(entry: dict[str, Any]) -> Iterable[str]:
    for field in _DEPENDENCIES:
        for name, range_ in table_or_empty(entry.get(field)).items():
            yield f"{name}@{text_or_empty(range_)}"


YARN = FileCataloger("yarn", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("yarn.lock",)))
