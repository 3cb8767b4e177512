"""Dart's pubspec.lock: hosted packages with the SHA-256 of their archive, packages from git, folders and the SDK.

A package of another server than pub.dev is another package, also where the names are equal: its purl has a repository_url.
"""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.parse import load_yaml
from pratique.sbom.text import clean
from pratique.sbom.values import as_table, as_text, clean_url, read_hex

_PUBLIC = ("https://pub.dev", "https://pub.dartlang.org")  # one server, the second its older name


def _read(file: File) -> Iterator[Found]:
    document = as_table(load_yaml(file.data))
    if "packages" not in document:
        raise Malformed("a lock file of pub without packages")
    for key, value in as_table(document["packages"]).items():
        entry = as_table(value)
        source, about = as_text(entry.get("source")), as_table(entry.get("description"))
        commit = clean(about.get("resolved-ref"), 100)
        address = clean_url(about.get("url"))
        facts = {
            "scope": "dev" if entry.get("dependency") == "direct dev" else "",
            "resolved": f"git+{address}@{commit}" if source == "git" and address else clean_url(about.get("path")),
            "source": source if source in ("sdk", "path") else "",
        }
        component = file.package(
            "pub",
            as_text(about.get("name")) or key,
            as_text(entry.get("version")),
            qualifiers={"repository_url": address if source == "hosted" and address.rstrip("/") not in _PUBLIC else ""},
            hashes=read_hex("sha256", as_text(about.get("sha256"))),
            facts=facts,
        )
        if component is not None:
            yield Found(component)


DART = FileCataloger("dart", 1, Source(read=_read, presence=Presence.DECLARED, names=("pubspec.lock",)))
