"""What SPDX 3.0.1 JSON-LD allows: each class its members, their types, values and number, and what a reference may mean. Pure.

By the table that `tools/make_spdx3_shapes.py` derives from the published schema; beside it what only the SHACL shapes say: days
are in the calendar, what is referred to and in the document is of the class that the member asks for, and an extension of
somebody else has members of nobody here. At most one `SpdxDocument`, and no identifier for two things.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pratique.documents.shape import Check, Found, compile_shape, load_shapes
from pratique.documents.spdx3.vocabulary import CONTEXTS
from pratique.lexicon.text import clean

_VERSION = r"^3\.\d+\.\d+"
_FOREIGN: Any = {  # the extension of somebody else, whose type is an IRI, and who has no members of ours
    "all": [
        {"members": {"type": {"is": "string", "pattern": r"^(?!_:).+:.+"}}, "open": 1, "needs": ["type"]},
        {"not": {"members": {}, "open": 1, "needs": ["extension_cdxProperty"]}},
    ]
}


class Model:
    """The classes of SPDX 3.0.1. `members`: class → member → shape; `needs`: class → what it must have; `named`: class → the
    member that names one of it; `ranges`: class → member → the classes that a reference there may mean."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.classes: Mapping[str, Any] = table["classes"]
        self.named: dict[str, str] = {name: one["id"] for name, one in self.classes.items() if "id" in one}
        self.elements = frozenset(name for name, id_ in self.named.items() if id_ == "spdxId")
        self.members: dict[str, dict[str, Any]] = {}
        self.needs: dict[str, tuple[str, ...]] = {}
        shapes: dict[str, Any] = dict(table["shapes"])
        shapes["time"] = shapes["time"] | {"format": "date-time"}
        shapes["to:extension_Extension"] = {"any": [shapes["to:extension_Extension"], _FOREIGN]}
        self.ranges: dict[str, dict[str, frozenset[str]]] = {}
        for name, id_ in self.named.items():
            members, needs = self.inherited(name)
            self.members[name] = members
            self.ranges[name] = {
                member: frozenset(table["shapes"][target].get("node", ()))
                for member, one in members.items()
                if (target := _target(one)).startswith("to:")
            }
            self.needs[name] = tuple(needs)
            needs += [id_] if id_ == "spdxId" else []
            shapes[name] = {"members": {id_: {"ref": id_}, "type": {"enum": [name]}, **members}, "needs": ["type", *needs]}
        version = shapes["CreationInfo"]["members"]["specVersion"]
        shapes["CreationInfo"]["members"]["specVersion"] = {"all": [version, {"pattern": _VERSION}], "is": "string"}
        # What the extension of somebody else is called only they know: none stands by itself.
        self.check: Check = compile_shape({"node": sorted(self.named)}, shapes)

    def inherited(self, name: str) -> tuple[dict[str, Any], list[str]]:
        """The members of a class, those of what it inherits from first, and which must be there."""
        row = self.classes.get(name, {})
        members, needs = self.inherited(row["of"]) if "of" in row else ({}, [])
        return members | row.get("members", {}), [*needs, *row.get("needs", ())]


@cache
def model() -> Model:
    """The one model."""
    return Model(load_shapes("spdx-3.0.1"))


def spdx3_check(document: Any) -> Found:
    """What is wrong with a whole document: pointers and reasons."""
    if not isinstance(document, dict):
        return [("", "is not an object")]
    if document.get("@context") not in CONTEXTS:
        return [("", "is not in the context of SPDX 3.0")]
    check, found = model().check, []
    if "@graph" not in document:
        found = check(_alone(document))
    elif not isinstance(document["@graph"], list):
        return [("", "lacks a list @graph")]
    else:
        found += [(f"/{name}", "is not known here") for name in document if name not in ("@context", "@graph")]
        for index, one in enumerate(document["@graph"]):
            if isinstance(one, dict):
                found += [(f"/@graph/{index}{pointer}", reason) for pointer, reason in check(one)]
            else:
                found.append((f"/@graph/{index}", "is not an object"))
    return found or list(_identifiers(document)) or list(_meant(document))


def top_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The things that stand in no other: those of the graph, or the one that the document is itself."""
    return document["@graph"] if "@graph" in document else [_alone(document)]


def _alone(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in document.items() if name != "@context"}


def things_in(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each thing, however deep it stands in another, with its pointer and whether it stands in none; in the order of the
    document."""
    ranges = model().ranges
    graph = "@graph" in document
    for top, whole in enumerate(top_of(document)):
        waiting = [(f"/@graph/{top}" if graph else "", whole, True)]
        while waiting:
            pointer, thing, is_top = waiting.pop()
            yield pointer, thing, is_top
            inner: list[tuple[str, dict[str, Any], bool]] = []
            known = ranges.get(thing["type"], {})
            for member, value in thing.items():
                if member not in known:
                    continue
                if isinstance(value, dict):
                    inner.append((f"{pointer}/{member}", value, False))
                elif isinstance(value, list):
                    for index, one in enumerate(value):
                        if isinstance(one, dict):
                            inner.append((f"{pointer}/{member}/{index}", one, False))
            waiting += reversed(inner)


def identifier_of(thing: Mapping[str, Any]) -> str:
    """What names it, "" for what has no name."""
    found = thing.get("spdxId") or thing.get("@id") or ""
    return found if isinstance(found, str) else ""


def _identifiers(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    seen: dict[str, dict[str, Any]] = {}
    documents: set[str] = set()
    for pointer, one, _ in things_in(document):
        ref = identifier_of(one)
        if one["type"] == "SpdxDocument":
            documents.add(ref)
        known = seen.setdefault(ref, one) if ref else one
        if known is not one and known != one:
            # The same words of the same thing may stand there often, as in a tree where several others refer to it.
            yield pointer, "has an identifier that is taken"
    if len(documents) > 1:
        yield "", f"has {len(documents)} elements SpdxDocument, not one"


def _meant(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """References to what is in the document, and is no such thing: who supplies something is an agent (SPDX 3.0.1, Core)."""
    things = list(things_in(document))
    kinds = {ref: one["type"] for _, one, _ in things if (ref := identifier_of(one))}
    ranges = model().ranges
    for pointer, one, _ in things:
        known = ranges.get(one["type"], {})
        for member, value in one.items():
            meant = known.get(member)
            if meant is None:
                continue
            for index, ref in enumerate(value) if isinstance(value, list) else ((-1, value),):
                kind = kinds.get(ref) if isinstance(ref, str) else None
                if kind is not None and kind not in meant:
                    place = f"{pointer}/{member}" + (f"/{index}" if index >= 0 else "")
                    yield place, f"refers to a {clean(kind, 60)} of the document, which cannot be meant here"


def _target(shape: Any) -> str:
    """The name of the shape that a member has, or that the items of its list have."""
    inner = shape.get("list", shape) if isinstance(shape, dict) else shape
    return str(inner.get("ref", "")) if isinstance(inner, dict) else ""
