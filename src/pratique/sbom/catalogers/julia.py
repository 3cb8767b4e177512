"""Julia's Manifest.toml, formats 1 and 2. Packages of the standard library have no version of their own before Julia 1.12."""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.parse import load_toml
from pratique.sbom.text import clean
from pratique.sbom.values import as_list, as_table, as_text, clean_url


def _read(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    packages = as_table(document["deps"]) if "manifest_format" in document else document
    for name, entries in packages.items():
        for entry in map(as_table, as_list(entries)):
            uuid = clean(entry.get("uuid"), 40)
            if not uuid:
                file.unknown(f"the package {clean(name, 100)} has no UUID")
                continue
            address, tree = clean_url(entry.get("repo-url")), clean(entry.get("git-tree-sha1"), 40)
            component = file.package(
                "julia",
                name,
                as_text(entry.get("version")),
                qualifiers={"uuid": uuid},
                facts={"resolved": address or clean_url(entry.get("path")), "git tree": tree},
            )
            if component is not None:
                yield Found(component, (name, f"{name}={uuid}"), _needs(entry))


def _needs(entry: Mapping[str, Any]) -> Iterator[str]:
    """Names; with the UUID where a name alone would not do."""
    needs = entry.get("deps")
    if isinstance(needs, dict):
        return (f"{name}={as_text(uuid)}" for name, uuid in needs.items())
    return map(as_text, as_list(needs))


JULIA = FileCataloger("julia", 1, Source(read=_read, presence=Presence.DECLARED, names=("Manifest.toml", "JuliaManifest.toml")))
