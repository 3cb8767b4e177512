"""One component as a bill of materials states it, whatever its format, and how values are read out of such documents. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pratique.errors import LimitExceeded
from pratique.lexicon.licences import normalise
from pratique.lexicon.values import read_hex, text_or_empty
from pratique.model import ComponentKind

MAX_STATED = 50_000
"""Components of one document."""
MAX_NESTING = 100
_NOTHING = frozenset({"", "NOASSERTION", "NONE"})
_KINDS = {kind.value: kind for kind in ComponentKind}
_LEFT_OUT = frozenset({"file", "container", "operating-system", "device", "data", "source", "cryptographic-asset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """`key`: what the document calls it, for its edges. `purl`: as written. `kind`: one of CycloneDX's, or of SPDX's purposes."""

    key: str
    name: str
    version: str
    purl: str = ""
    group: str = ""
    kind: str = ""
    licences: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    supplier: str = ""
    description: str = ""
    homepage: str = ""
    cpes: tuple[str, ...] = ()

    @property
    def is_package(self) -> bool:
        """Whether it is a thing of the kind that an inventory has: no file, no image, no system, nothing without a name."""
        return bool(self.name) and (bool(self.purl) or bool(self.version)) and self.kind.lower() not in _LEFT_OUT

    @property
    def component_kind(self) -> ComponentKind:
        """Of what is not known, a library."""
        return _KINDS.get(self.kind.lower(), ComponentKind.LIBRARY)


class Statements(NamedTuple):
    """What a document says: components, and which of them need which, by their keys."""

    parts: tuple[Stated, ...]
    needs: Mapping[str, tuple[str, ...]]


def bounded(parts: Iterable[Stated]) -> tuple[Stated, ...]:
    """All of them. Raises LimitExceeded for more than MAX_STATED."""
    found: list[Stated] = []
    for part in parts:
        if len(found) >= MAX_STATED:
            raise LimitExceeded(f"a bill of materials of more than {MAX_STATED} components")
        found.append(part)
    return tuple(found)


def edges(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """(needs, needed) → needs → all needed. Raises LimitExceeded for more pairs than any real document has."""
    found: dict[str, dict[str, None]] = {}
    for count, (source, target) in enumerate(pairs):
        if count > 20 * MAX_STATED:
            raise LimitExceeded(f"a bill of materials of more than {20 * MAX_STATED} relations")
        found.setdefault(source, {})[target] = None
    return {source: tuple(targets) for source, targets in found.items()}


def told(value: Any) -> str:
    """A text that says something; "" for SPDX's words for nothing."""
    text = text_or_empty(value).strip()
    return "" if text in _NOTHING else text


def licences_of(texts: Iterable[Any]) -> tuple[str, ...]:
    """SPDX expressions, sorted."""
    return tuple(sorted({name for text in texts if (name := normalise(told(text)))}))


def digests(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """(algorithm, hex) → algorithm → hex, of those that are known and whole."""
    found: dict[str, str] = {}
    for algorithm, value in pairs:
        found |= read_hex(text_or_empty(algorithm), text_or_empty(value))
    return found


def party(value: Any) -> str:
    """`Organization: Example Inc. (mail)` → `Example Inc. (mail)`."""
    text = told(value)
    kind, colon, name = text.partition(":")
    return name.strip() if colon and kind in ("Organization", "Person", "Tool") else text


def walk(roots: Iterable[Any]) -> Iterator[Any]:
    """Each of nested tables, an outer one before what is in its `components`; without recursion, to a depth of MAX_NESTING."""
    waiting = [(one, 0) for one in roots]
    waiting.reverse()
    while waiting:
        one, depth = waiting.pop()
        yield one
        inner = one.get("components") if isinstance(one, dict) else None
        if isinstance(inner, list) and inner:
            if depth >= MAX_NESTING:
                raise LimitExceeded(f"components nested deeper than {MAX_NESTING}")
            waiting += [(child, depth + 1) for child in reversed(inner)]
