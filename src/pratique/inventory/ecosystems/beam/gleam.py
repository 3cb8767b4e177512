"""Gleam: manifest.toml, the lock file (Gleam documentation, "manifest.toml"): packages from Hex, git and folders."""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.parse import load_toml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence


def _read(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    if "packages" not in document:
        raise Malformed("not a lock file of Gleam")
    for entry in map(table_or_empty, list_or_empty(document["packages"])):
        source, name, version = (text_or_empty(entry.get(key)) for key in ("source", "name", "version"))
        if not source and "build_tools" not in entry:
            raise Malformed("not a lock file of Gleam")  # other things are called manifest.toml
        address, commit = clean_url(entry.get("repo")), clean(entry.get("commit"), 100)
        origin = f"git+{address}@{commit}" if address and commit else clean_url(entry.get("path"))
        component = file.package(
            "hex" if source == "hex" else "generic",
            name,
            version,
            qualifiers={"vcs_url": origin if source == "git" else ""},
            hashes=read_hex("sha256", text_or_empty(entry.get("outer_checksum"))),
            facts={"resolved": origin},
        )
        if component is not None:
            yield Found(component, (name,), map(text_or_empty, list_or_empty(entry.get("requirements"))))


GLEAM = FileCataloger("gleam", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("manifest.toml",)))
