"""Which feed a .NET project takes its packages from, where its lock file does not say: `nuget.config` (NuGet, "nuget.config
reference"; "Package Source Mapping"). Pure.

Such a file may hold passwords: it is never kept; a probe takes the addresses of feeds out of it. Settings of users and machines
are not in the artifact: without `<clear />`, or with several feeds, it is not known which of them a package is from.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Collector
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMES = ("nuget.config", "NuGet.config", "NuGet.Config", "Nuget.config", "NUGET.CONFIG")
_MAX_BYTES = 1 << 20
_MAX_FEEDS = 200
_MAX_PATTERNS = 2_000
PUBLIC_FEED = "https://api.nuget.org/v3/index.json"


class FeedProbe:
    """Facts: JSON, `feeds`: key → address; `clear`: whether there are no others; `mapping`: key → patterns of names."""

    name = "nuget-feeds"
    interest = Interest(names=frozenset(_NAMES))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Small files."""
        return 0 < size <= _MAX_BYTES

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed."""
        root = load_xml(content.read(0, _MAX_BYTES))
        feeds: dict[str, str] = {}
        clear = False
        for section in _named(root, "packageSources"):
            for item in section:
                if _tag(item) == "clear":
                    feeds, clear = {}, True
                elif _tag(item) == "add" and len(feeds) < _MAX_FEEDS:
                    feeds[clean(item.get("key"), 200)] = clean_url(item.get("value"))
        mapping: dict[str, list[str]] = {}
        for section in _named(root, "packageSourceMapping"):
            for source in _named(section, "packageSource"):
                patterns = [clean(one.get("pattern"), 300) for one in _named(source, "package")]
                mapping[clean(source.get("key"), 200)] = patterns[:_MAX_PATTERNS]
        if not feeds and not mapping:
            return b""
        return json.dumps({"feeds": feeds, "clear": clear, "mapping": mapping}, sort_keys=True).encode()


class Feeds:
    """Of the projects of one tree, each by the configuration that is nearest above it."""

    def __init__(self, out: Collector) -> None:
        self._by_folder: dict[str, Mapping[str, Any]] = {}
        for path in sorted(path for path, facts in out.tree.facts.items() if FeedProbe.name in facts):
            self._by_folder.setdefault(path.rpartition("/")[0], read_json_object(out.tree.facts[path][FeedProbe.name]))

    def of(self, path: str, names: Iterable[str]) -> dict[str, list[str]]:
        """Package → addresses of the feeds that it may be from; empty where nothing tells. `path`: of the project's file."""
        folder = path.rpartition("/")[0]
        while folder not in self._by_folder:
            if not folder:
                return {}
            folder = folder.rpartition("/")[0]
        found = self._by_folder[folder]
        return {name: _addresses(found, name) for name in names}


def _addresses(found: Mapping[str, Any], name: str) -> list[str]:
    feeds: dict[str, str] = found["feeds"]
    public = [] if found["clear"] else [PUBLIC_FEED]
    if not found["mapping"]:
        return [*feeds.values(), *public]
    best = max((_fits(pattern, name) for patterns in found["mapping"].values() for pattern in patterns), default=-1)
    keys = [key for key, patterns in found["mapping"].items() if any(_fits(one, name) == best for one in patterns)]
    return [feeds.get(key, PUBLIC_FEED) for key in keys] if best >= 0 else [*feeds.values(), *public]


def _fits(pattern: str, name: str) -> int:
    """How exactly a pattern names a package: the longest counts, a whole name most; -1 for another."""
    pattern, name = pattern.lower(), name.lower()
    if pattern.endswith("*"):
        return len(pattern) - 1 if name.startswith(pattern[:-1]) else -1
    return 1_000 if pattern == name else -1


def _named(root: "Element", name: str) -> list["Element"]:
    return [one for one in root if _tag(one) == name][:_MAX_PATTERNS]


def _tag(element: "Element") -> str:
    return element.tag.rpartition("}")[2]
