"""Crystal: shard.lock, and what Shards notes in `lib/.shards.info` of what it installed there (Shards, "shard.lock").

A shard comes from a repository; there is no registry of them.
"""

from collections.abc import Iterator

from pratique.cataloging.origins import at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, table_or_empty, text_or_empty
from pratique.model import Presence

_COMMIT = lazy(r"(.*?)\+git\.commit\.([0-9a-f]{7,64})")
_HOSTS = {"github": "https://github.com/", "gitlab": "https://gitlab.com/", "bitbucket": "https://bitbucket.org/"}


def _read(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if "shards" not in document:
        raise Malformed("not a lock file of Shards")
    for name, value in table_or_empty(document["shards"]).items():
        entry = table_or_empty(value)
        stated = clean(text_or_empty(entry.get("version")), 200)
        match = _COMMIT.fullmatch(stated)
        version, commit = (match[1], match[2]) if match else (stated, clean(entry.get("commit"), 64))
        short = next((f"{base}{clean_url(entry[key])}" for key, base in _HOSTS.items() if key in entry), "")
        address = clean_url(entry.get("git")) or short
        at = commit or (f"v{version}" if version else "")
        place = at_repository(address, at) if address else at_path(entry.get("path"))
        component = file.package("generic", name, version, origin=place)
        if component is not None:
            installed = file.presence is Presence.INSTALLED and "/" not in name
            yield Found(component, folders=(f"{file.folder}/{name}",) if installed else ())


CRYSTAL = FileCataloger(
    "crystal",
    3,
    ListSource(read=_read, presence=Presence.DECLARED, names=("shard.lock",)),
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=(".shards.info",),
        accepts=lambda path: f"/{path}".endswith("/lib/.shards.info"),  # nowhere else does Shards install
    ),
)
