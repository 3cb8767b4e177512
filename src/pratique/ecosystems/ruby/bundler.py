"""Bundler's lock files, Gemfile.lock and gems.locked: sections GEM, GIT and PATH with what they hold, and CHECKSUMS.

A gem for one platform has it after its version: `nokogiri (1.16.0-x86_64-linux)`; gem versions hold no hyphen themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_repository, place_in
from pratique.cataloging.package_lists import Asked, File, FileCataloger, Found, ListSource, kept, with_development
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.values import clean_url, other_registry, read_hash
from pratique.model import ComponentKind, Presence

_SPEC = lazy(r"( {4}| {6})([^\s()]++)!?(?: \(([^()]*+)\))?")
_CHECKSUM = lazy(r" {2}([^\s()]++) \(([^()]*+)\) (\S++)")
_GEM = lazy(r"""gem[ (]\s*["']([^"']+)["'](.*)""")
_GROUP = lazy(r"group[ (](.*?)\)?\s+do\b")
_OPENS = lazy(r"\bdo(?:\s*\|[^|]*\|)?\s*(?:#.*)?$|^(?:if|unless|case|begin)\b")
_GROUPS = lazy(r":?groups?(?::|\s*=>)\s*(\[[^\]]*\]|[:\w\"']+)")
_SYMBOL = lazy(r"[A-Za-z_]\w*")
_DEVELOPMENT = frozenset({"ci", "development", "dev", "docs", "lint", "rubocop", "test"})
_PUBLIC = ("rubygems.org", "index.rubygems.org", "www.rubygems.org")
_SOURCES = ("GEM", "GIT", "PATH", "PLUGIN SOURCE")


@dataclass(slots=True)
class _Gem:
    """`spec`: version, and platform, as written. `registry`: where it is from, "" for RubyGems."""

    name: str
    spec: str
    origin: str
    own: bool
    registry: str = ""
    whence: Origin = PUBLIC
    needs: list[str] = field(default_factory=list)


def _read(file: File) -> Iterator[Found]:
    return with_development(file, _found(file), _asked(file))


def _asked(file: File) -> Asked | None:
    """What the Gemfile beside the lock file asks for; None without one. It is a program, and
    not run: its lines are read (Bundler, gemfile(5), "GROUPS")."""
    place = place_in(file.folder, "gems.rb" if file.name == "gems.locked" else "Gemfile")
    data = file.out.tree.contents.get(place)
    if data is None:
        return None
    run: list[str] = []
    develop: list[str] = []
    blocks: list[bool] = []  # of those that are open: whether they are for development
    own = [gem.name for gem in _sections(file.text)[0] if gem.own]
    for line in decode_text(data).split("\n"):
        text = line.strip()
        gem, group = _GEM.match(text), _GROUP.match(text)
        if gem:
            (develop if any(blocks) or _is_development(gem[2]) else run).append(gem[1])
        if _OPENS.search(text):
            blocks.append(group is not None and _is_development(f"groups: [{group[1]}]"))
        elif blocks and text == "end":
            blocks.pop()
    return Asked([*run, *(need for gem in _sections(file.text)[0] if gem.name in own for need in gem.needs)], develop)


def _is_development(options: str) -> bool:
    """Whether the groups among a gem's options are all for development."""
    stated = _GROUPS.search(options)
    names = set(_SYMBOL.findall(stated[1])) if stated else set()
    return bool(names) and names <= _DEVELOPMENT


def _found(file: File) -> Iterator[Found]:
    gems, checksums = _sections(file.text)
    if not gems and "\nDEPENDENCIES" not in file.text and "GEM\n" not in file.text:
        raise Malformed("not a lock file of Bundler")
    for gem in gems:
        version, _, platform = gem.spec.partition("-")
        component = file.package(
            "gem",
            gem.name,
            version,
            qualifiers={"platform": platform, "repository_url": gem.registry},
            origin=gem.whence,
            hashes=checksums.get((gem.name, gem.spec)),
            facts={"resolved": gem.origin},
            kind=ComponentKind.APPLICATION if gem.own else ComponentKind.LIBRARY,
        )
        if component is not None:
            # Bundler itself stands in no lock file.
            yield Found(component, (gem.name,), [need for need in gem.needs if need != "bundler"])


def _sections(text: str) -> tuple[list[_Gem], dict[tuple[str, str], dict[str, str]]]:
    gems: list[_Gem] = []
    checksums: dict[tuple[str, str], dict[str, str]] = {}
    section, fields = "", dict[str, str]()
    for line in text.split("\n"):
        if line and line[0] not in " \t":
            section, fields = line.strip(), {}
            continue
        checksum = _CHECKSUM.match(line) if section == "CHECKSUMS" else None
        if checksum:
            checksums[checksum[1], checksum[2]] = read_hash(checksum[3].partition(",")[0])
        if section not in _SOURCES:
            continue
        spec = _SPEC.match(line)
        if spec is None:
            key, _, value = line.strip().partition(": ")
            # Old lock files name several registries in one section, and not which gem is from which.
            fields[key] = value if key not in fields else ""
        elif len(spec[1]) == 4:
            own = section == "PATH" and fields.get("remote") == "."
            registry = other_registry(fields.get("remote"), *_PUBLIC) if section == "GEM" else ""
            gems.append(_Gem(spec[2], spec[3] or "", _origin(section, fields), own, registry, _whence(section, fields)))
        elif gems:
            gems[-1].needs.append(spec[2])
    return gems, checksums


def _origin(section: str, fields: dict[str, str]) -> str:
    """Where a gem that is not from a registry comes from."""
    remote = clean_url(fields.get("remote", ""))
    if section == "GIT":
        return f"git+{remote}@{fields['revision']}" if fields.get("revision") else f"git+{remote}"
    return remote if section == "PATH" and remote != "." else ""


def _whence(section: str, fields: dict[str, str]) -> Origin:
    remote = fields.get("remote", "")
    if section == "GIT":
        return at_repository(remote, fields.get("revision"), folder=fields.get("glob", "").rpartition("/")[0])
    # The gem that the lock file is of is what it calls itself.
    return at_path(remote) if section == "PATH" and remote != "." else PUBLIC


BUNDLER = FileCataloger(
    "bundler",
    3,
    ListSource(read=kept, presence=Presence.DECLARED, names=("Gemfile", "gems.rb")),
    ListSource(read=_read, presence=Presence.DECLARED, names=("Gemfile.lock", "gems.locked"), endings=(".gemfile.lock",)),
)
