"""Gleam: manifest.toml, the lock file (Gleam documentation, "manifest.toml"): packages from Hex, git and folders."""

from collections.abc import Iterator

from pratique.cataloging.origins import PUBLIC, at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import load_toml
from pratique.lexicon.values import list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence


def _read(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    if "packages" not in document:
        raise Malformed("not a lock file of Gleam")
    for entry in map(table_or_empty, list_or_empty(document["packages"])):
        source, name, version = (text_or_empty(entry.get(key)) for key in ("source", "name", "version"))
        if not source and "build_tools" not in entry:
            raise Malformed("not a lock file of Gleam")  # other things are called manifest.toml
        local = at_path(entry.get("path")) if source != "hex" else PUBLIC
        origin = at_repository(entry.get("repo"), entry.get("commit")) if source == "git" else local
        component = file.package(
            "hex",
            name,
            version,
            origin=origin,
            hashes=read_hex("sha256", text_or_empty(entry.get("outer_checksum"))),
        )
        if component is not None:
            yield Found(component, (name,), map(text_or_empty, list_or_empty(entry.get("requirements"))))


GLEAM = FileCataloger("gleam", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("manifest.toml",)))
