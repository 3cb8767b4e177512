"""Crates that `cargo vendor` copied into a source tree: a folder with `Cargo.toml` and `.cargo-checksum.json` (The Cargo Book,
"Source Replacement", "Directory Sources").

The checksum file has the SHA-256 of the crate's archive where the crate is from a registry, and of each of its files. What has
none came from git or a folder: it is stated, but not as what the registry has under that name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, at_path
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_toml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_CACHES = ("/.cargo/", "/cargo/registry/", "/cargo/git/")


def _read(file: File) -> Iterator[Found]:
    manifest = file.out.tree.contents.get(f"{file.folder}/Cargo.toml")  # kept for the cataloger of Cargo's own files
    if manifest is None:
        return
    sums = read_json_object(file.data)
    document = load_toml(manifest)
    package = table_or_empty(document.get("package"))
    hashes = read_hex("sha256", text_or_empty(sums.get("package")))
    licence = normalise(text_or_empty(package.get("license")).replace("/", " OR "))
    component = file.package(
        "cargo",
        text_or_empty(package.get("name")),
        text_or_empty(package.get("version")),
        licences=(licence,) if licence else (),
        supplier=clean(", ".join(text_or_empty(one) for one in list_or_empty(package.get("authors"))[:10])),
        description=clean(package.get("description")),
        homepage=clean(package.get("homepage") or package.get("repository")),
        hashes=hashes,
        origin=PUBLIC if hashes else at_path("."),
    )
    if component is not None:
        yield Found(component, (component.name,), _needs(document), _claims(file, sums), (file.folder,))


def _needs(document: Mapping[str, Any]) -> Iterator[str]:
    """Names of crates, of those that are needed on some platform only, too."""
    tables = [document, *map(table_or_empty, table_or_empty(document.get("target")).values())]
    for table in tables:
        for name, value in table_or_empty(table.get("dependencies")).items():
            yield text_or_empty(table_or_empty(value).get("package")) or name


def _claims(file: File, sums: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, digest in table_or_empty(sums.get("files")).items():
        sha256 = read_hex("sha256", text_or_empty(digest)).get("sha256", "")
        if ".." not in path.split("/") and not path.startswith("/"):
            yield f"{file.folder}/{path}", "sha256" if sha256 else "", sha256


CARGO_VENDOR = FileCataloger(
    "cargo-vendor",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=(".cargo-checksum.json",),
        accepts=lambda path: not any(cache in f"/{path}" for cache in _CACHES),
        scope=lambda path: folder_of(folder_of(path)),
    ),
)
