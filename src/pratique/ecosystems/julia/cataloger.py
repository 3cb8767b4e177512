"""Julia's Manifest.toml, formats 1 and 2, and the packages in a depot (Pkg documentation, "Depots").

Packages of the standard library have no version of their own before Julia 1.12. A depot has each version of a package in a
folder of its own, `packages/NAME/SLUG`, with the package's own Project.toml; what it needs it names by UUID alone, so that of
several versions in one depot nothing tells which.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_INSTALLED = lazy(r"(?:.*/)?packages/[^/]+/[A-Za-z0-9]{4,8}/[^/]+")


def _read(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    packages = table_or_empty(document.get("deps")) if "manifest_format" in document else document
    for name, entries in packages.items():
        for entry in map(table_or_empty, list_or_empty(entries)):
            uuid = clean(entry.get("uuid"), 40)
            if not uuid:
                file.unread(f"the package {clean(name, 100)} has no UUID")
                continue
            address, tree = clean_url(entry.get("repo-url")), clean(entry.get("git-tree-sha1"), 40)
            component = file.package(
                "julia",
                name,
                text_or_empty(entry.get("version")),
                qualifiers={"uuid": uuid},
                origin=at_path(entry.get("path")) if entry.get("path") else at_repository(entry.get("repo-url")),
                facts={"resolved": address or clean_url(entry.get("path")), "git tree": tree},
            )
            if component is not None:
                yield Found(component, (name, f"{name}={uuid}"), _needs(entry))


def _needs(entry: Mapping[str, Any]) -> Iterator[str]:
    """Names; with the UUID where a name alone would not do."""
    needs = entry.get("deps")
    if isinstance(needs, dict):
        return (f"{name}={text_or_empty(uuid)}" for name, uuid in needs.items())
    return map(text_or_empty, list_or_empty(needs))


def _read_installed(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    uuid = clean(document.get("uuid"), 40)
    if not uuid:
        file.unread("a package without a UUID")
        return
    name, version = text_or_empty(document.get("name")), text_or_empty(document.get("version"))
    component = file.package("julia", name, version, qualifiers={"uuid": uuid})
    if component is not None:
        yield Found(component, folders=(file.folder,))


JULIA = FileCataloger(
    "julia",
    2,
    ListSource(read=_read, presence=Presence.DECLARED, names=("Manifest.toml", "JuliaManifest.toml")),
    ListSource(
        read=_read_installed,
        presence=Presence.INSTALLED,
        names=("Project.toml", "JuliaProject.toml"),
        accepts=lambda path: _INSTALLED.fullmatch(path) is not None,
    ),
)
