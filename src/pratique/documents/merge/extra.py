"""Raw members of a format, of several documents of that format, as one: services, vulnerabilities, snippets, elements. Pure.

Lists are united, an item that another document states word for word (but for its own name) once. What is said of an input as a
document, and not of what is in it, is not said of the result: it is left out, and named.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pratique.documents.document import Document, Family
from pratique.documents.extra import says_something
from pratique.documents.merge.names import Names
from pratique.documents.merge.parts import distinct
from pratique.documents.spdx3.members import id_of
from pratique.documents.spdx3.vocabulary import PROFILES
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_GRAPH = "/@graph"
_PROFILES = "/SpdxDocument/profileConformance"
_PHASES = "/metadata/lifecycles"
_KEPT: Mapping[Family, tuple[str, ...]] = {
    Family.CYCLONEDX: (
        "/services",
        "/formulation",
        "/definitions",
        "/declarations",
        _PHASES,
        "/metadata/tools/services",
        "/metadata/distributionConstraints",
    ),
    Family.SPDX2: ("/snippets", "/externalDocumentRefs", "/creationInfo/licenseListVersion"),
    Family.SPDX3: (
        _GRAPH,
        _PROFILES,
        "/SpdxDocument/import",
        "/SpdxDocument/namespaceMap",
        "/SpdxDocument/dataLicense",
        "/software_Sbom/software_sbomType",
    ),
}
_SHARING = ("CLEAR", "GREEN", "AMBER", "AMBER_AND_STRICT", "RED")
"""Traffic light protocol, from what may be passed on freely to what may not."""

Lose = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One input's document, how its names are spelled in the result, and who is told of what is left out (pointer, reason)."""

    document: Document
    names: Names
    lose: Lose


def join_vulnerabilities(inputs: Sequence[Raw]) -> tuple[Any, ...]:
    """All of them. One that another input states, too, gets the name it has there: `names` learn that."""
    return tuple(_lists([(list(one.document.vulnerabilities), one.names) for one in inputs]))


def join_extras(inputs: Sequence[Raw]) -> dict[str, Any]:
    """The extras of the result's document, by pointer."""
    found: dict[str, Any] = {}
    for pointer in dict.fromkeys(pointer for one in inputs for pointer in one.document.extra):
        having = [one for one in inputs if says_something(one.document.extra.get(pointer))]
        if not having:
            continue
        if pointer not in _KEPT.get(having[0].document.family, ()):
            for one in having:
                one.lose(pointer, "is said of the input as a document")
        elif pointer == _GRAPH:
            found[pointer] = _elements(having)
        else:
            found[pointer] = _joined(pointer, [(one.document.extra[pointer], one) for one in having])
    if _PROFILES in found and any(_PROFILES not in one.document.extra for one in inputs):
        found[_PROFILES] = list(distinct([*list_or_empty(found[_PROFILES]), *PROFILES]))
    if isinstance(found.get(_PHASES), list):
        phases = [{"phase": phase} for one in inputs for phase in one.document.phases]
        found[_PHASES] = [*found[_PHASES], *(one for one in distinct(phases) if one not in found[_PHASES])]
    return found


def _joined(pointer: str, rows: Sequence[tuple[Any, Raw]]) -> Any:
    """Lists united, objects member by member; of all else the first, and the others named."""
    values = [value for value, _ in rows]
    if all(isinstance(one, list) for one in values):
        return _lists([(value, one.names) for value, one in rows])
    if all(isinstance(one, dict) for one in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: _joined(f"{pointer}/{key}", [(value[key], one) for value, one in rows if key in value]) for key in keys}
    if pointer.endswith("/tlp"):
        return max(values, key=lambda one: _SHARING.index(one) if one in _SHARING else len(_SHARING))
    kept = rows[0][1].names.in_json(rows[0][0])
    for value, one in rows[1:]:
        if one.names.in_json(value) != kept:
            one.lose(pointer, "says something else than another input, whose word stands")
    return kept


def _lists(inputs: Sequence[tuple[list[Any], Names]]) -> list[Any]:
    found: list[Any] = []
    known: dict[str, Any] = {}
    for rows, names in inputs:
        mine: dict[str, Any] = {}
        for one in rows:
            words = _words(names.in_json(one))
            if words in known:
                before, after = (
                    text_or_empty(table_or_empty(one).get("bom-ref")),
                    text_or_empty(table_or_empty(known[words]).get("bom-ref")),
                )
                if before and after:
                    names.spell(before, after)
                continue
            mine[words] = names.in_json(one)
            found.append(mine[words])
        known.update(mine)
    return found


def _words(value: Any) -> str:
    """A value without the name it has in its document."""
    bare = {key: one for key, one in value.items() if key != "bom-ref"} if isinstance(value, dict) else value
    return json.dumps(bare, sort_keys=True)


def _elements(inputs: Sequence[Raw]) -> list[Any]:
    """Elements of SPDX 3, whose identifiers are unique in the world: each once."""
    found: dict[str, Any] = {}
    for one in inputs:
        for element in list_or_empty(one.document.extra[_GRAPH]):
            value = one.names.in_json(element)
            name = id_of(table_or_empty(value)) or json.dumps(value, sort_keys=True)
            if found.setdefault(name, value) != value:
                one.lose(f"{_GRAPH} {name}", "says something else than another input, whose word stands")
    return list(found.values())
