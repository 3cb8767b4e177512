"""What differs between two bills of materials: components, their versions and licences, and files. Pure.

A package is known again by its package URL without version, qualifiers and subpath (`same`); what has none, by its name. Where
one package stands there in several versions, equal ones are paired first, then those of one architecture, the newest with the
newest; what is left over was added or removed. Files are compared only where both sides say which files they have.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from pratique.documents.document import Basis, Document, Licence, Part
from pratique.documents.same import OPERATING_SYSTEM, may_be_one, part_identity, part_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.purl_read import parse_purl
from pratique.lexicon.version_order import Direction, direction, order_key
from pratique.lexicon.versions import SCHEMES
from pratique.lexicon.versions import key as version_key

Files = Mapping[str, Mapping[str, str]]
"""path → algorithm → hexadecimal digest, lower case."""

_STRONGEST_FIRST = ("sha512", "sha384", "sha256", "sha3-512", "sha3-256", "sha1", "md5")
_ARCH = lazy(r"[?&]arch=([^&#]*)")


class Change(StrEnum):
    """What became of a component or a file. CHANGED: neither version is the newer one, or a file's content differs."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CHANGED = "changed"
    LICENCE = "licence"


_DIRECTIONS = {Direction.UP: Change.UPGRADED, Direction.DOWN: Change.DOWNGRADED, Direction.NONE: Change.CHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs. `name`: a package URL without version, a component's name, or a path. `before`, `after`: versions,
    licences joined by a comma, or digests as `algorithm:hex`; "" for what is not there."""

    change: Change
    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All of it, sorted by name. `files` None: not both sides say which files they have. `incomparable`: paths that both have,
    with digests of no common algorithm."""

    components: tuple[Difference, ...]
    files: tuple[Difference, ...] | None
    incomparable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.components or self.files)


def compare(before: Document, after: Document, files_before: Files | None, files_after: Files | None) -> Differences:
    """From one document to the other. `files_*`: what is known of the files of each, see `files_of`; None for nothing."""
    old, new = _grouped(before), _grouped(after)
    components: list[Difference] = []
    for name in sorted(old.keys() | new.keys()):
        components += _group(old.get(name, []), new.get(name, []))
    components.sort(key=lambda one: one.name)
    if files_before is None or files_after is None:
        return Differences(components=tuple(components), files=None)
    files, incomparable = _compare_files(files_before, files_after)
    return Differences(components=tuple(components), files=tuple(files), incomparable=tuple(incomparable))


def files_of(document: Document) -> Files | None:
    """The files that a document lists with a digest; None if it lists none."""
    listed = [*document.files, *(part for part in document.walk() if _is_file(part))]
    found = {_path(part.name): {one.algorithm: one.value for one in part.hashes} for part in listed if part.hashes}
    return found or None


def _path(text: str) -> str:
    return text.removeprefix(".").lstrip("/") if text.startswith(("./", "/")) else text


def _is_file(part: Part) -> bool:
    return part.kind == "file" and not part.purl


def _grouped(document: Document) -> dict[str, list[Part]]:
    """By what a part is, see `_identity`."""
    found: dict[str, list[Part]] = {}
    for part in document.walk():
        if not _is_file(part):
            found.setdefault(_identity(part), []).append(part)
    return found


def _identity(part: Part) -> str:
    found = part_identity(part)
    return f"pkg:{found.name.removeprefix('pkg:')}" if found is not None else part.full_name


def _shown(part: Part) -> str:
    """What people call it: the canonical package URL without version, qualifiers and subpath, whoever spelled it."""
    if not part.purl:
        return part.full_name
    try:
        known = parse_purl(part.purl)
        return build_purl(known.type, known.name, namespace=known.namespace)
    except Malformed:
        head = re.split(r"[?#]", part.purl, maxsplit=1)[0]
    at = head.rfind("@")
    # A slash in a version is quoted, so an at sign before the last slash belongs to a namespace.
    return head[:at] if at > head.rfind("/") else head


def _arch(part: Part) -> str:
    found = _ARCH.search(part.purl)
    return found[1] if found else ""


_PASSES: tuple[Callable[[Part], tuple[str, ...]], ...] = (
    lambda part: (part_version(part), _arch(part)),
    lambda part: (part_version(part),),
    lambda part: (_arch(part),),
    lambda _: (),
)


def _group(old: list[Part], new: list[Part]) -> Iterable[Difference]:
    """Differences within one package. Each pass pairs what agrees in its key."""
    name = _shown([*old, *new][0])
    for key in _PASSES:
        pairs, old, new = _paired(old, new, key)
        for one, other in pairs:
            yield from _pair(name, one, other)
    for part in _newest_first(old):
        yield Difference(change=Change.REMOVED, name=name, before=part.version)
    for part in _newest_first(new):
        yield Difference(change=Change.ADDED, name=name, after=part.version)


def _paired(
    old: list[Part], new: list[Part], key: Callable[[Part], tuple[str, ...]]
) -> tuple[list[tuple[Part, Part]], list[Part], list[Part]]:
    waiting: dict[tuple[str, ...], list[Part]] = {}
    for part in reversed(_newest_first(new)):
        waiting.setdefault(key(part), []).append(part)
    pairs: list[tuple[Part, Part]] = []
    rest: list[Part] = []
    for part in _newest_first(old):
        found = waiting.get(key(part))
        if found:
            pairs.append((part, found.pop()))
        else:
            rest.append(part)
    return pairs, rest, [part for parts in waiting.values() for part in parts]


def _newest_first(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (order_key(part_version(part)), part.version, part.purl, part.ref), reverse=True)


def _pair(name: str, old: Part, new: Part) -> Iterable[Difference]:
    before, after = part_version(old), part_version(new)
    if before != after and not (old.kind == OPERATING_SYSTEM and may_be_one(old, new)):
        change = _DIRECTIONS[_direction(name, before, after)]
        told = (old.version, new.version) if old.version != new.version else (before, after)
        yield Difference(change=change, name=name, before=told[0], after=told[1])
    licences, others = _licences(old.licences), _licences(new.licences)
    if licences != others:
        yield Difference(change=Change.LICENCE, name=name, before=", ".join(licences), after=", ".join(others))


def _direction(name: str, before: str, after: str) -> Direction:
    """In the order of the package's ecosystem; where that is not known, or refuses a version, in that of no scheme."""
    type_ = name.removeprefix("pkg:").partition("/")[0] if name.startswith("pkg:") else ""
    if type_ in SCHEMES:
        with suppress(Malformed):
            one, other = version_key(type_, before), version_key(type_, after)
            return Direction.UP if one < other else Direction.DOWN if one > other else Direction.NONE
    return direction(before, after)


def _licences(licences: Iterable[Licence]) -> list[str]:
    """What applies, sorted. Several statements mean the same as one expression that joins them with AND."""
    found: set[str] = set()
    for one in licences:
        if one.basis is not Basis.FOUND:
            plain = "(" not in one.value and " OR " not in one.value
            found.update(one.value.split(" AND ") if plain else [one.value])
    return sorted(found)


def _compare_files(old: Files, new: Files) -> tuple[list[Difference], list[str]]:
    found: list[Difference] = []
    incomparable: list[str] = []
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            found.append(Difference(change=Change.REMOVED, name=path, before=_digest(old[path], old[path])))
        elif path not in old:
            found.append(Difference(change=Change.ADDED, name=path, after=_digest(new[path], new[path])))
        else:
            before, after = _digest(old[path], new[path]), _digest(new[path], old[path])
            if not before:
                incomparable.append(path)
            elif before != after:
                found.append(Difference(change=Change.CHANGED, name=path, before=before, after=after))
    return found, incomparable


def _digest(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """The strongest digest whose algorithm both have, "" for none."""
    common = [name for name in _STRONGEST_FIRST if name in one and name in other] or sorted(one.keys() & other.keys())
    return f"{common[0]}:{one[common[0]]}" if common else ""
