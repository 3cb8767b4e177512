"""Dart's pubspec.yaml, the manifest of a package, where no lock file lies beside it (dart.dev, "The pubspec file"). All DECLARED.

A version alone is one version, everything else a range. Packages of an SDK, of git and of folders are not pub.dev's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_registry, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_PUBLIC = ("pub.dev", "pub.dartlang.org")


def _read(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if not clean(document.get("name")):
        raise Malformed("a pubspec without a name")
    if f"{file.folder}/pubspec.lock".lstrip("/") not in file.out.tree.entries:
        for section, scope in (("dependencies", ""), ("dev_dependencies", "dev")):
            for name, value in table_or_empty(document.get(section)).items():
                entry = table_or_empty(value)
                asked = text_or_empty(value) or text_or_empty(entry.get("version"))
                component = file.package("pub", name, asked, origin=_origin(entry), facts={"scope": scope})
                if component is not None:
                    yield Found(component)
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
        yield Found(own)


def _origin(entry: Mapping[str, Any]) -> Origin:
    git, hosted = entry.get("git"), entry.get("hosted")
    if git:
        about = table_or_empty(git)
        return at_repository(about.get("url") or git, about.get("ref"), folder=about.get("path"))
    if "sdk" in entry:
        return at_path(f"sdk:{clean(text_or_empty(entry['sdk']), 100)}")
    return at_path(entry.get("path")) if "path" in entry else at_registry(table_or_empty(hosted).get("url") or hosted, *_PUBLIC)


PUBSPEC = FileCataloger("dart-pubspec", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("pubspec.yaml",)))
