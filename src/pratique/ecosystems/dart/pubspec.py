"""Dart's pubspec.yaml, the manifest of a package (dart.dev, "The pubspec file"; "Pub workspaces"). All DECLARED.

What it asks for is told where no lock file tells what was chosen. A version alone is one version, everything else a range.
Packages of an SDK, of git and of folders are not pub.dev's.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_registry, at_repository
from pratique.cataloging.package_lists import File, Found
from pratique.ecosystems.dart.resolution import asked_by, lock_above
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import ComponentKind

_CACHED = lazy(r"(?:.*/)?\.pub-cache/hosted/([^/]+)/[^/]+/pubspec\.yaml")
_PUBLIC = ("pub.dev", "pub.dartlang.org")


def read_pubspec(file: File) -> Iterator[Found]:
    """The package that it describes, and what it asks for. Raises Malformed."""
    document = table_or_empty(load_yaml(file.data))
    if not clean(document.get("name")):
        raise Malformed("a pubspec without a name")
    locked = lock_above(file, document)
    # Where there is a lock file, its keys are meant; what is asked for otherwise is this file's own.
    scope = file.path if locked is None else locked
    if locked is None:
        for section, use in (("dependencies", ""), ("dev_dependencies", "dev")):
            for name, value in table_or_empty(document.get(section)).items():
                entry = table_or_empty(value)
                asked = text_or_empty(value) or text_or_empty(entry.get("version"))
                component = file.package("pub", name, asked, origin=_origin(entry), facts={"scope": use})
                if component is not None:
                    yield Found(component, (f"{scope}\n{name}",))
    unpublished = text_or_empty(document.get("publish_to")) == "none"
    own = file.package(
        "pub",
        text_or_empty(document["name"]),
        text_or_empty(document.get("version")),
        origin=at_path(".") if unpublished else PUBLIC,
        kind=ComponentKind.APPLICATION,
        description=clean(document.get("description")),
        homepage=clean(document.get("homepage")),
    )
    if own is not None:
        run, develop = asked_by(document)
        # Members of a workspace are needed by each other, and stand in no lock file.
        keys = (f"{scope}\n{own.name}",) if locked is not None and file.folder != locked else ()
        yield Found(own, keys, [f"{scope}\n{name}" for name in (*run, *develop)])


def read_cached(file: File) -> Iterator[Found]:
    """A package as it lies in pub's cache, in a folder named by its server, its name and its version (dart.dev, "The system
    package cache"). What it needs, the project that uses it tells."""
    document = table_or_empty(load_yaml(file.data))
    place = _CACHED.fullmatch(file.path)
    server = place[1] if place else ""
    own = file.package(
        "pub",
        text_or_empty(document.get("name")),
        text_or_empty(document.get("version")),
        origin=PUBLIC if server in _PUBLIC else at_registry(f"https://{unquote(server)}"),
        description=clean(document.get("description")),
        homepage=clean(document.get("homepage")),
    )
    if own is not None:
        yield Found(own, folders=(file.folder,))


def is_cached(path: str) -> bool:
    """Whether a file is a package's pubspec in pub's cache."""
    return _CACHED.fullmatch(path) is not None


def _origin(entry: Mapping[str, Any]) -> Origin:
    git, hosted = entry.get("git"), entry.get("hosted")
    if git:
        about = table_or_empty(git)
        return at_repository(about.get("url") or git, about.get("ref"), folder=about.get("path"))
    if "sdk" in entry:
        return at_path(f"sdk:{clean(text_or_empty(entry['sdk']), 100)}")
    return at_path(entry.get("path")) if "path" in entry else at_registry(table_or_empty(hosted).get("url") or hosted, *_PUBLIC)
