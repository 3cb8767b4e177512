"""What SPDX 3.0.1 JSON-LD allows, of the classes that Pratique reads. Pure.

Other classes (AI, datasets, builds, security, expanded licensing) are held to what every element has: a type, an identifier
of its own, and creation info. One `SpdxDocument`, and no identifier twice.
"""

from collections.abc import Callable, Iterator
from typing import Any

from pratique.documents.shape import Check, Found, compile_shape
from pratique.documents.spdx3.vocabulary import CONTEXTS, MEMBERS, NEEDS, OTHER_CLASSES, SHAPES
from pratique.lexicon.text import clean

_CHECKS: dict[str, Check] = {}
_OTHER = compile_shape({"members": SHAPES | {"type": "s"}, "open": 1, "needs": ["type"]}, {})


def spdx3_check(document: Any) -> Found:
    """What is wrong with a whole document: pointers and reasons."""
    if not isinstance(document, dict):
        return [("", "is not an object")]
    context = document.get("@context")
    if context not in CONTEXTS and not (isinstance(context, list) and any(one in CONTEXTS for one in context)):
        return [("", "is not in the context of SPDX 3.0")]
    graph = document.get("@graph")
    if not isinstance(graph, list):
        return [("", "lacks a list @graph")]
    found: Found = [(f"/{name}", "is not known here") for name in document if name not in ("@context", "@graph")]
    for index, one in enumerate(graph):
        found += [(f"/@graph/{index}{pointer}", reason) for pointer, reason in _element(one)]
    return found or list(_identifiers(graph)) or list(_meant(graph))


def _element(one: Any) -> Found:
    kind = one.get("type") if isinstance(one, dict) else None
    if not isinstance(kind, str) or kind not in MEMBERS:
        known = not isinstance(kind, str) or kind in OTHER_CLASSES
        return _OTHER(one) if known else [("/type", f"is {clean(kind, 60)!r}, which is no class of elements of SPDX 3.0")]
    if kind not in _CHECKS:
        members = {name: SHAPES.get(name, "*") for name in MEMBERS[kind].split()} | {"type": "s"}
        needs = NEEDS.get(kind, "" if kind == "CreationInfo" else "creationInfo").split()
        _CHECKS[kind] = compile_shape({"members": members, "needs": needs}, {})
    return _CHECKS[kind](one)


def _identifiers(graph: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    documents = 0
    for index, one in enumerate(graph):
        ref = one.get("spdxId") or one.get("@id")
        documents += one["type"] == "SpdxDocument"
        if not isinstance(ref, str) or not ref:
            yield f"/@graph/{index}", "lacks spdxId"
        elif ref in seen:
            yield f"/@graph/{index}", "has an identifier that is taken"
        else:
            seen.add(ref)
    if documents != 1:
        yield "", f"has {documents} elements SpdxDocument, not one"


def _meant(graph: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """References to what is in the document, and is no such thing: who supplies something is an agent (SPDX 3.0.1, Core)."""
    kinds = {one.get("spdxId") or one.get("@id"): one["type"] for one in graph}
    for index, one in enumerate(graph):
        inner = one.get("creationInfo")
        rows = [("", one), ("/creationInfo", inner)] if isinstance(inner, dict) else [("", one)]
        for above, value in rows:
            for member, ref in value.items():
                meant = _MEANT.get(member)
                refs = ref if isinstance(ref, list) else [ref]
                if meant is not None and any(isinstance(item, str) and not meant(kinds.get(item)) for item in refs):
                    yield f"/@graph/{index}{above}/{member}", "refers to something in the document that is of another kind"


def _is_agent(kind: str | None) -> bool:
    return kind in (None, "Agent", "Person", "Organization", "SoftwareAgent")


def _is_element(kind: str | None) -> bool:
    return kind != "CreationInfo"


_MEANT: dict[str, Callable[[str | None], bool]] = {
    **dict.fromkeys(("createdBy", "originatedBy", "suppliedBy"), _is_agent),
    **dict.fromkeys(("element", "from", "rootElement", "subject", "to"), _is_element),
    "createdUsing": lambda kind: kind in (None, "Tool"),
    "creationInfo": lambda kind: kind in (None, "CreationInfo"),
}
"""Member → whether an element of a kind can be meant by it; None for what is not in the document."""
