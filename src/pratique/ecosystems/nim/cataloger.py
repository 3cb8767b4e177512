"""Nim: nimble.lock (Nimble documentation, "Lock files"). A package comes from a repository at a commit; its name is the
index's.
"""

from collections.abc import Iterator

from pratique.cataloging.origins import at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence


def _read(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    if "packages" not in document:
        raise Malformed("not a lock file of Nimble")
    for name, value in table_or_empty(document["packages"]).items():
        entry = table_or_empty(value)
        component = file.package(
            "generic",
            name,
            text_or_empty(entry.get("version")).removeprefix("#"),
            origin=at_repository(entry.get("url"), entry.get("vcsRevision")),
            hashes=read_hex("sha1", text_or_empty(table_or_empty(entry.get("checksums")).get("sha1"))),
            hash_covers="files of the package",
        )
        if component is not None:
            yield Found(component, (name,), map(text_or_empty, list_or_empty(entry.get("dependencies"))))


NIM = FileCataloger("nim", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("nimble.lock",)))
