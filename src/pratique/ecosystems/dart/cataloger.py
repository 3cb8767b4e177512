"""Dart's pubspec.lock: hosted packages with the SHA-256 of their archive, those from git, folders and the SDK. And pubspec.yaml.

A package of another server than pub.dev is another package, also where the names are equal: its purl has a repository_url. Who
needs whom the lock file does not tell: `resolution.py` says where it stands, and where that is not there, it is not known.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_repository
from pratique.cataloging.package_lists import Asked, File, FileCataloger, Found, ListSource, kept, with_development
from pratique.ecosystems.dart.pubspec import is_cached, read_cached, read_pubspec
from pratique.ecosystems.dart.resolution import CONFIG, GRAPH, resolution_of
from pratique.errors import Malformed
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_PUBLIC = ("https://pub.dev", "https://pub.dartlang.org")  # one server, the second its older name


def _read_lock(file: File) -> Iterator[Found]:
    found = _packages(file)
    known = resolution_of(file)
    needs = {name: [f"{file.folder}\n{need}" for need in listed] for name, listed in known.needs.items()}
    found = (one._replace(needs=needs.get(one.keys[0].partition("\n")[2])) for one in found)
    if known.run is None or known.develop is None:
        yield from found
    else:
        run, develop = ([f"{file.folder}\n{name}" for name in names] for names in (known.run, known.develop))
        yield from with_development(file, found, Asked(run, develop))


def _packages(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if "packages" not in document:
        raise Malformed("a lock file of pub without packages")
    for key, value in table_or_empty(document["packages"]).items():
        entry = table_or_empty(value)
        source, about = text_or_empty(entry.get("source")), table_or_empty(entry.get("description"))
        commit = clean(about.get("resolved-ref"), 100)
        address = clean_url(about.get("url"))
        facts = {
            "scope": "dev" if entry.get("dependency") == "direct dev" else "",
            "resolved": f"git+{address}@{commit}" if source == "git" and address else clean_url(about.get("path")),
            "source": source if source in ("sdk", "path") else "",
        }
        component = file.package(
            "pub",
            text_or_empty(about.get("name")) or key,
            text_or_empty(entry.get("version")),
            origin=_origin(source, entry, about),
            qualifiers={"repository_url": address if source == "hosted" and address.rstrip("/") not in _PUBLIC else ""},
            hashes=read_hex("sha256", text_or_empty(about.get("sha256"))),
            facts=facts,
        )
        if component is not None:
            yield Found(component, (f"{file.folder}\n{key}",))


def _origin(source: str, entry: Mapping[str, Any], about: Mapping[str, Any]) -> Origin:
    if source == "git":
        folder = text_or_empty(about.get("path"))
        return at_repository(about.get("url"), about.get("resolved-ref"), folder="" if folder == "." else folder)
    if source == "path":
        return at_path(about.get("path"))
    # What comes with an SDK is part of it: nobody serves it, and its version is the SDK's, whatever stands here.
    return at_path(f"sdk:{clean(entry.get('description'), 100) or 'dart'}") if source == "sdk" else PUBLIC


def _in_dart_tool(path: str) -> bool:
    return f"/{path}".endswith(("/.dart_tool/" + GRAPH, "/.dart_tool/" + CONFIG))


DART = FileCataloger(
    "dart",
    3,
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("pubspec.lock",), scope=lambda _path: ""),
    ListSource(read=read_cached, presence=Presence.INSTALLED, names=("pubspec.yaml",), accepts=is_cached),
    ListSource(
        read=read_pubspec,
        presence=Presence.DECLARED,
        names=("pubspec.yaml",),
        accepts=lambda path: "/.pub-cache/" not in f"/{path}",
        scope=lambda _path: "",
    ),
    ListSource(read=kept, presence=Presence.DECLARED, names=(GRAPH, CONFIG), accepts=_in_dart_tool),
)
