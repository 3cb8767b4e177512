"""npm's lock files: package-lock.json and npm-shrinkwrap.json (lockfileVersion 1, 2 and 3; npm-package-lock(5)).

Version 1 nests packages as they nest on disk, 2 and 3 name each by its place. What a `link` points to is read at its own place.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pratique.cataloging.origins import at_path, place_in
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.ecosystems.npm.names import (
    FOLDER,
    MAX_PLACE,
    MAX_PLACES_CHARS,
    climbing_steps,
    npm_package,
    scopes,
    search,
)
from pratique.ecosystems.npm.origins import Aliases, Named, settle
from pratique.ecosystems.npm.registries import Registries
from pratique.errors import LimitExceeded
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Presence

_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")


def read_places(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Place → entry, of any version. Of version 1: with `name`s of aliases and `needs` made the same as in the others.

    Raises LimitExceeded.
    """
    if isinstance(document.get("packages"), dict):
        return {
            place: table_or_empty(entry)
            for place, entry in table_or_empty(document["packages"]).items()
            if len(place) <= MAX_PLACE
        }
    places: dict[str, dict[str, Any]] = {"": {key: document[key] for key in ("name", "version") if key in document}}
    waiting = [("", table_or_empty(document.get("dependencies")))]
    chars = 0
    while waiting:
        parent, entries = waiting.pop()
        for name, value in entries.items():
            place = f"{parent}/{FOLDER}{name}" if parent else f"{FOLDER}{name}"
            if len(place) > MAX_PLACE:
                continue
            chars += len(place)
            if chars > MAX_PLACES_CHARS:
                raise LimitExceeded(f"places of more than {MAX_PLACES_CHARS} characters together")
            entry = table_or_empty(value)
            places[place] = _as_later(entry)
            if isinstance(entry.get("dependencies"), dict):
                waiting.append((place, entry["dependencies"]))
    return places


def _as_later(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of version 1 as version 2 writes it."""
    version, resolved = text_or_empty(entry.get("version")), entry.get("resolved")
    name = ""
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
    elif ":" in version or "/" in version:
        version, resolved = "", version  # an address stands for the version
    return {
        **{key: value for key, value in entry.items() if key in ("integrity", "dev", "optional")},
        "version": version,
        "resolved": resolved,
        "dependencies": table_or_empty(entry.get("requires")),
        **({"name": name} if name else {}),
    }


def place_name(place: str) -> str:
    """`node_modules/a/node_modules/@s/b` → `@s/b`; "" for a place outside node_modules."""
    at = place.rfind(FOLDER)
    return place[at + len(FOLDER) :] if at >= 0 else ""


def _read(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    places = read_places(document)
    targets = {
        place: text_or_empty(entry.get("resolved")) if entry.get("link") is True else place for place, entry in places.items()
    }
    registries = Registries(file, ".npmrc")
    asked_for = (table_or_empty(entry.get(field)) for entry in places.values() for field in (*_NEEDS, "devDependencies"))
    # Version 1 says at each package that it stands in for another, and not who asks for that.
    own = file.out.tree.contents.get(place_in(file.folder, "package.json"), b"")
    aliases = Aliases(asked_for, own) if isinstance(document.get("packages"), dict) else None
    linked = {targets[place] for place, entry in places.items() if entry.get("link") is True}
    for place, entry in places.items():
        if entry.get("link") is True:
            continue
        name = text_or_empty(entry.get("name")) or place_name(place)
        if not place:
            name = name or text_or_empty(document.get("name"))
        if not name:
            if place and place not in linked:
                file.unread(f"a package at {clean(place, 200)} without a name")
            name = place.rpartition("/")[2]
            if not name:
                continue
        licence = normalise(text_or_empty(entry.get("license")))
        version = text_or_empty(entry.get("version")) or (text_or_empty(document.get("version")) if not place else "")
        asked, resolved = place_name(place), text_or_empty(entry.get("resolved"))
        named = settle(file, asked, name, version, resolved)
        registries.doubt(file, named.name, named.origin, resolved)
        # What is no package of a registry is called as its own manifest says, whatever it is asked for as.
        if aliases is not None and entry.get("name") == named.name and (not resolved or "/-/" in resolved):
            aliases.doubt(file, asked, named.name)
        if asked and not resolved and not entry.get("inBundle"):
            named = named._replace(origin=registries.origin(named.name))
        if place and not asked:  # a workspace, or the folder that a link leads to
            named = Named(name, version, at_path(place))
        component = npm_package(
            file,
            named.name,
            named.version,
            integrity=entry.get("integrity"),
            resolved=resolved,
            origin=named.origin,
            alias=named.alias,
            scope=scopes(entry),
            application=not place,
            licences=(licence,) if licence else (),
        )
        if component is not None:
            yield Found(component, keys=(place,), needs=_needs(file, place, entry, targets))


def _needs(file: File, place: str, entry: dict[str, Any], targets: dict[str, str]) -> Iterable[str]:
    for field in _NEEDS if place else (*_NEEDS, "devDependencies"):
        for name in table_or_empty(entry.get(field)):
            if not file.out.step(file.path, climbing_steps(place, name)):
                return
            found = next(search(place, name, targets), None)
            if found is not None:
                yield targets[found]


NPM_LOCK = FileCataloger(
    "npm-lock", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("package-lock.json", "npm-shrinkwrap.json"))
)
