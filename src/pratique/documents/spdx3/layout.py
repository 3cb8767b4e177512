"""SPDX 3 is a graph, and its JSON-LD may be laid out in many ways (SPDX 3.0.1, "Serialization"): an element in a list of its own
or inside of whatever refers to it, a hash in its package or apart under a blank node, one element alone without a list;
identifiers whole, or with a prefix that the document explains in its `namespaceMap`. Pure.

Laid out flat each element stands by itself, and whatever is no element stands in place; creation info stands by itself where it
has a name, else in place. Identifiers are whole: what has neither a known scheme nor an explained prefix is the document's own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.documents.spdx3.members import WORLDLY, id_of, identifier
from pratique.documents.spdx3.shape import identifier_of, model, things_in, top_of
from pratique.documents.spread import Allowance, Scale

_INFO = "CreationInfo"


def laid_out(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The elements and named creation infos of a document that `spdx3_check` has passed, in its order; then whatever stands by
    itself without being either, and that nothing refers to. What is laid out so already is handed on as it is.

    Raises LimitExceeded for small things that are referred to so often that in place they say far more than the document.
    """
    elements = model().elements
    apart: dict[str, Mapping[str, Any]] = {}  # small things that have a name
    short: list[str] = []
    prefixes: dict[str, str] = {}
    serial, nested = "", False
    for _, one, is_top in things_in(document):
        ref, kind = identifier_of(one), one["type"]
        is_element = kind in elements
        nested |= not is_top and (is_element or (kind == _INFO and bool(ref)))
        if kind == "SpdxDocument":
            serial = ref
        elif kind == "NamespaceMap":
            prefixes[one["prefix"]] = one["namespace"]
        elif is_element and not ref.startswith(WORLDLY):
            short.append(ref)
        if ref and not is_element and kind != _INFO:
            apart.setdefault(ref, one)
    if not (nested or apart or short):
        return list(top_of(document))
    scale = Scale()
    scale.weigh(document)
    return list(_Layout(apart, prefixes, serial, short, scale).of(document))


class _Layout:
    """One document on its way."""

    def __init__(
        self, apart: Mapping[str, Mapping[str, Any]], prefixes: Mapping[str, str], serial: str, short: list[str], scale: Scale
    ) -> None:
        self.apart = apart
        self.scale = scale
        self.allowed = Allowance(scale.said)
        self.prefixes = {name: space for name, space in prefixes.items() if space.startswith(WORLDLY)}
        self.names = {ref: self.expanded(ref) for ref in short}
        self.names |= {ref: identifier(serial, ref) for ref, name in self.names.items() if name == ref}
        self.placed: set[str] = set()
        self.lifted: list[Mapping[str, Any]] = []

    def expanded(self, ref: str) -> str:
        """An identifier whose prefix the document explains, whole."""
        prefix, colon, rest = ref.partition(":")
        return self.prefixes[prefix] + rest if colon and prefix in self.prefixes and not ref.startswith(WORLDLY) else ref

    def of(self, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """All of it."""
        seen: set[str] = set()
        rest: list[Mapping[str, Any]] = []
        for top in top_of(document):
            waiting: list[Mapping[str, Any]] = [top]
            while waiting:
                one = self.plain(waiting.pop())
                if one["type"] not in model().elements and one["type"] != _INFO:
                    rest.append(one)
                elif id_of(one) not in seen:
                    seen.add(id_of(one))
                    yield one
                waiting += reversed(self.lifted)
                self.lifted = []
        yield from (one for one in rest if id_of(one) not in self.placed)

    def plain(self, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same with identifiers where other elements stand, and things where small ones are referred to."""
        out = dict(thing)
        ranges = model().ranges.get(thing["type"], {})
        for member, value in thing.items():
            if member in ranges:
                out[member] = [self.at(one) for one in value] if isinstance(value, list) else self.at(value)
            elif member in ("spdxId", "externalSpdxId"):
                out[member] = self.names.get(value) or self.expanded(value)
        return out

    def at(self, value: Any) -> Any:
        """What stands in one place."""
        if isinstance(value, str):
            if value not in self.apart:
                return self.names.get(value) or self.expanded(value)
            if value in self.placed:
                self.allowed.take(self.scale.weigh(self.apart[value]))
            self.placed.add(value)
            return self.in_place(self.apart[value])
        if not isinstance(value, dict) or value["type"] not in model().named:
            return value  # the extension of somebody else
        ref = identifier_of(value)
        if ref and (value["type"] in model().elements or value["type"] == _INFO):
            self.lifted.append(value)
            return self.names.get(ref) or self.expanded(ref)
        self.placed.add(ref)
        return self.in_place(value)

    def in_place(self, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        """A small thing without a name, which nothing needs that refers to it no more."""
        return {name: one for name, one in self.plain(thing).items() if name != "@id"}
