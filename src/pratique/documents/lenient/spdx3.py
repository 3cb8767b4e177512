"""Errors that tools make in SPDX 3.0: identifiers that are no IRI, members under other names, one value for a list of values and
the other way, words of a vocabulary as addresses, elements without creation info. Put right, so that none is lost for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.documents.lenient.marks import EPOCH, Marks, time_of
from pratique.documents.shape import Problem
from pratique.documents.spdx3.members import own_prefix
from pratique.documents.spdx3.shape import model
from pratique.documents.spdx3.vocabulary import CONTEXT, CONTEXTS, UNKNOWN_ELEMENT
from pratique.lexicon.lazy_regex import lazy

_IRI = lazy(r"(?!_:).+:.+")
_NODE = lazy(r"_:.+|(?!_:).+:.+")
_VERSION = lazy(r"3\.\d+\.\d+(?:[-+].*)?")
_INFO = "CreationInfo"
_OWN_INFO = "_:creation-info-of-nobody"
_PREFIXES = ("", "software_", "security_", "simplelicensing_", "expandedlicensing_", "build_", "ai_", "dataset_", "extension_")
_MAX_DEPTH = 64


def put_spdx3_right(document: dict[str, Any]) -> tuple[Problem, ...]:
    """What was put right in a document, in place."""
    marks = Marks()
    context = document.get("@context")
    if context not in CONTEXTS and "spdx" in str(context).lower()[:2000]:
        marks.put(document, "@context", CONTEXT, "")
    graph = document.get("@graph")
    if not isinstance(graph, list):
        return tuple(marks.problems)
    things = list(_things(graph))
    for pointer, one in things:
        _kind(one, pointer, marks)
    for pointer, one in things:
        _members(one, pointer, marks)
    _Names(graph, things, marks).settle()
    return tuple(marks.problems)


def _things(graph: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object that says what it is, however deep."""
    waiting: list[tuple[str, Any, int]] = [(f"/@graph/{index}", one, 0) for index, one in enumerate(graph)]
    waiting.reverse()
    while waiting:
        pointer, one, depth = waiting.pop()
        if isinstance(one, list):
            waiting += [(f"{pointer}/{index}", row, depth + 1) for index, row in reversed(list(enumerate(one)))]
        elif isinstance(one, dict) and depth <= _MAX_DEPTH:
            if isinstance(one.get("type", one.get("@type")), str):
                yield pointer, one
            waiting += [(f"{pointer}/{name}", row, depth + 1) for name, row in one.items() if isinstance(row, dict | list)]


def _kind(one: dict[str, Any], pointer: str, marks: Marks) -> None:
    """Its class, as the context calls it."""
    if "type" not in one:
        marks.move(one, "@type", "type", pointer)
    stated = one["type"]
    if not isinstance(stated, str) or stated in model().named:
        return
    profile, _, last = stated.rpartition("/")
    word = f"{profile.rpartition('/')[2].lower()}_{last}" if profile else stated
    fits = [name for name in (word, last, *(prefix + last for prefix in _PREFIXES)) if name in model().named]
    if fits:
        marks.put(one, "type", fits[0], pointer)


def _members(one: dict[str, Any], pointer: str, marks: Marks) -> None:
    kind = one["type"]
    known = model().members.get(kind) if isinstance(kind, str) else None
    if known is None:
        return
    own = model().named[kind]
    other = "@id" if own == "spdxId" else "spdxId"
    if other in one and own not in one:
        marks.move(one, other, own, pointer)
    for name in [name for name in one if name not in known and name not in ("type", own)]:
        singular = name.removesuffix("s")
        fits = [prefix + word for word in (name, singular) for prefix in _PREFIXES if prefix + word in known]
        if fits and fits[0] not in one:
            marks.move(one, name, fits[0], pointer)
    for name, shape in known.items():
        if name in one:
            _value(one, name, shape, pointer, marks)
    for name in model().needs[kind]:
        if name not in one and known.get(name) == "s" and kind in model().elements:
            marks.put(one, name, "NOASSERTION", pointer)
    if kind == _INFO:
        version = one.get("specVersion")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            marks.put(one, "specVersion", "3.0.1", pointer)
        if not one.get("createdBy"):
            marks.put(one, "createdBy", [UNKNOWN_ELEMENT], pointer)
        if not time_of(one.get("created")):
            marks.put(one, "created", EPOCH, pointer)


def _value(one: dict[str, Any], name: str, shape: Any, pointer: str, marks: Marks) -> None:
    value, many = one[name], isinstance(shape, dict) and "list" in shape
    if many and not isinstance(value, list):
        marks.put(one, name, [value], pointer)
    elif not many and isinstance(value, list) and len(value) == 1:
        marks.put(one, name, value[0], pointer)
    inner = shape["list"] if many else shape
    if isinstance(inner, dict) and "enum" in inner:
        words = {word.lower(): word for word in inner["enum"]}
        rows = one[name] if many else [one[name]]
        new = [_word(row, words) for row in rows]
        if new != rows:
            marks.put(one, name, new if many else new[0], pointer)
    elif isinstance(inner, dict) and inner.get("ref") == "time" and (time := time_of(one[name])) and time != one[name]:
        marks.put(one, name, time, pointer)


def _word(value: Any, words: Mapping[str, str]) -> Any:
    """A word of a vocabulary: the last step of its address, in any case, with or without hyphens."""
    if not isinstance(value, str) or value in words.values():
        return value
    plain = value.rpartition("/")[2].lower()
    return words.get(plain) or words.get(plain.replace("_", "").replace("-", ""), value)


class _Names:
    """The identifiers of one document."""

    def __init__(self, graph: list[Any], things: list[tuple[str, dict[str, Any]]], marks: Marks) -> None:
        self.graph, self.things, self.marks = graph, things, marks
        documents = [one for _, one in things if one["type"] == "SpdxDocument"]
        stated = documents[0].get("spdxId") if documents else None
        self.serial = stated if isinstance(stated, str) and _IRI.fullmatch(stated) else "urn:spdx:document"
        self.renamed: dict[str, str] = {}

    def settle(self) -> None:
        """Identifiers that are IRIs, references to them, and creation info wherever it is demanded."""
        for index, (pointer, one) in enumerate(self.things):
            kind = one["type"]
            if kind not in model().elements:
                continue
            ref = one.get("spdxId")
            if not isinstance(ref, str) or not ref:
                self.marks.put(one, "spdxId", f"{own_prefix(self.serial)}unnamed-{index}", pointer)
            elif not _IRI.fullmatch(ref):
                self.renamed[ref] = own_prefix(self.serial) + ref.removeprefix("_:").replace(" ", "-")
                self.marks.put(one, "spdxId", self.renamed[ref], pointer)
        infos = [one for _, one in self.things if one["type"] == _INFO]
        for pointer, one in self.things:
            if one["type"] != _INFO:
                continue
            ref = one.get("@id")
            if isinstance(ref, str) and ref and not _NODE.fullmatch(ref):
                self.renamed[ref] = f"_:{ref}"
                self.marks.put(one, "@id", self.renamed[ref], pointer)
        named = [one["@id"] for one in infos if isinstance(one.get("@id"), str)]
        for pointer, one in self.things:
            if one["type"] in model().elements and "creationInfo" not in one:
                self.marks.put(one, "creationInfo", named[0] if named else _OWN_INFO, pointer)
        if not named and any(one.get("creationInfo") == _OWN_INFO for _, one in self.things):
            row = {"@id": _OWN_INFO, "type": _INFO, "specVersion": "3.0.1", "created": EPOCH, "createdBy": [UNKNOWN_ELEMENT]}
            self.graph.append(row)
        if self.renamed:
            for _, one in self.things:
                self.refer(one)

    def refer(self, one: dict[str, Any]) -> None:
        """References by the new names."""
        for member in model().ranges.get(one["type"], {}).keys() & one.keys():
            value = one[member]
            if isinstance(value, str):
                one[member] = self.renamed.get(value, value)
            elif isinstance(value, list):
                one[member] = [self.renamed.get(row, row) if isinstance(row, str) else row for row in value]
