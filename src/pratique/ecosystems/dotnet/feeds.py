"""Which feed a .NET project takes its packages from, where its lock file does not say: `nuget.config` (NuGet, "nuget.config
reference"; "Package Source Mapping"; "How settings are applied"). Pure.

Such a file may hold passwords: it is never kept; a probe takes the addresses of feeds out of it. Settings of users and machines
are not in the artifact: without `<clear />`, or with several feeds, it is not known which of them a package is from.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Collector
from pratique.cataloging.origins import place_in
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMES = ("nuget.config", "NuGet.config", "NuGet.Config", "Nuget.config", "NUGET.CONFIG")
_MAX_BYTES = 1 << 20
_MAX_FEEDS = 200
_MAX_PATTERNS = 2_000
_MAX_FILES = 20
_PUBLIC_KEY = "nuget.org"
PUBLIC_FEED = "https://api.nuget.org/v3/index.json"


class FeedProbe:
    """Facts: JSON, `feeds`: key → address; `clear`: whether there are no others; `mapping`: key → patterns of names, `mapped`:
    whether there are no others; `disabled`: keys."""

    name = "nuget-feeds"
    interest = Interest(names=frozenset(_NAMES))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Small files."""
        return 0 < size <= _MAX_BYTES

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed."""
        root = load_xml(content.read(0, _MAX_BYTES))
        feeds, clear = _settings(root, "packageSources")
        disabled, _ = _settings(root, "disabledPackageSources")
        mapping: dict[str, list[str]] = {}
        mapped = False
        for section in _named(root, "packageSourceMapping"):
            mapped = mapped or bool(_named(section, "clear"))
            for source in _named(section, "packageSource"):
                patterns = [clean(one.get("pattern"), 300) for one in _named(source, "package")]
                mapping[clean(source.get("key"), 200)] = patterns[:_MAX_PATTERNS]
        off = sorted(key for key, value in disabled.items() if value.lower() == "true")
        if not feeds and not mapping and not off and not clear:
            return b""
        facts = {"feeds": feeds, "clear": clear, "mapping": mapping, "mapped": mapped, "disabled": off}
        return json.dumps(facts, sort_keys=True).encode()


@dataclass(slots=True)
class _Settings:
    """What the files from a folder up come to; the nearest counts. `feeds`: key → address, None: not among them any more."""

    feeds: dict[str, str | None] = field(default_factory=dict)
    mapping: dict[str, list[str]] = field(default_factory=dict)
    clear: bool = False
    mapped: bool = False

    @property
    def cost(self) -> int:
        """Steps of a look-up."""
        return 1 + sum(map(len, self.mapping.values()))


class Feeds:
    """Of the projects of one tree, each by the configuration in the folders above it."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._by_folder: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, _Settings] = {}
        for path in sorted(path for path, facts in out.tree.facts.items() if FeedProbe.name in facts):
            self._by_folder.setdefault(path.rpartition("/")[0], read_json_object(out.tree.facts[path][FeedProbe.name]))

    def of(self, path: str, names: Iterable[str]) -> dict[str, list[str]]:
        """Package → addresses of the feeds that it may be from; empty where nothing tells. `path`: of the project's file."""
        folder = self._above(path.rpartition("/")[0])
        if folder is None:
            return {}
        if folder not in self._known:
            self._known[folder] = self._settings(folder)
        settings = self._known[folder]
        cost = settings.cost
        return {name: _addresses(settings, name) for name in names if self._out.step(path, cost)}

    def _above(self, folder: str) -> str | None:
        """The nearest folder with settings, the given one or above it."""
        while self._by_folder and folder not in self._by_folder:
            if not folder or not self._out.step(folder):
                return None
            folder = folder.rpartition("/")[0]
        return folder if self._by_folder else None

    def _settings(self, nearest: str) -> _Settings:
        found = _Settings()
        folder: str | None = nearest
        for _ in range(_MAX_FILES):
            if folder is None:
                break
            facts = self._by_folder[folder]
            if not found.clear:
                for key, address in facts["feeds"].items():
                    found.feeds.setdefault(key, address if "://" in address else place_in(folder, address))
                found.clear = facts["clear"]
            found.feeds |= dict.fromkeys(facts["disabled"])
            for key, patterns in facts["mapping"].items() if not found.mapped else ():
                found.mapping.setdefault(key, patterns)
            found.mapped = found.mapped or facts["mapped"]
            folder = self._above(folder.rpartition("/")[0]) if folder else None
        return found


def is_elsewhere(feed: str) -> bool:
    """Whether a feed is none that could be asked: a folder, or one that only a machine's own settings name."""
    return "://" not in feed or feed.startswith("file://")


def _settings(root: "Element", name: str) -> tuple[dict[str, str], bool]:
    """(key → value, whether what other files say is dropped) of a section of `<add>`s and `<clear />`s."""
    found: dict[str, str] = {}
    clear = False
    for section in _named(root, name):
        for item in section:
            if _tag(item) == "clear":
                found, clear = {}, True
            elif _tag(item) == "add" and len(found) < _MAX_FEEDS:
                found[clean(item.get("key"), 200)] = clean_url(item.get("value"))
    return found, clear


def _addresses(found: _Settings, name: str) -> list[str]:
    public = [] if found.clear or found.feeds.get(_PUBLIC_KEY, "") is None else [PUBLIC_FEED]
    every = [*(feed for feed in found.feeds.values() if feed), *public]
    best = max((_fits(pattern, name) for patterns in found.mapping.values() for pattern in patterns), default=-1)
    if best < 0:
        return every
    keys = [key for key, patterns in found.mapping.items() if any(_fits(one, name) == best for one in patterns)]
    return [found.feeds.get(key) or (PUBLIC_FEED if key.lower() == _PUBLIC_KEY else f"feed:{key}") for key in keys]


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
