"""Dart's pubspec.lock: hosted packages with the SHA-256 of their archive, packages from git, folders and the SDK.

A package of another server than pub.dev is another package, also where the names are equal: its purl has a repository_url.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_PUBLIC = ("https://pub.dev", "https://pub.dartlang.org")  # one server, the second its older name


def _read(file: File) -> Iterator[Found]:
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
            yield Found(component)


def _origin(source: str, entry: Mapping[str, Any], about: Mapping[str, Any]) -> Origin:
    if source == "git":
        folder = text_or_empty(about.get("path"))
        return at_repository(about.get("url"), about.get("resolved-ref"), folder="" if folder == "." else folder)
    if source == "path":
        return at_path(about.get("path"))
    # What comes with an SDK is part of it: nobody serves it, and its version is the SDK's, whatever stands here.
    return at_path(f"sdk:{clean(entry.get('description'), 100) or 'dart'}") if source == "sdk" else PUBLIC


DART = FileCataloger("dart", 2, ListSource(read=_read, presence=Presence.DECLARED, names=("pubspec.lock",)))
