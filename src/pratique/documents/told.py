"""How much of what each part needs is known, said as either world says it. Pure.

CycloneDX says it of many parts at once, in `compositions` (CycloneDX 1.6, "compositions"); SPDX 3 at each relationship
(SPDX 3.0.1, Core, RelationshipCompleteness); SPDX 2.3 (§11.1) has NONE for what is known to need nothing, and NOASSERTION.
"""

from collections.abc import Iterable
from dataclasses import replace

from pratique.documents.document import DEPENDS_ON, Completeness, Document, Family, Relation

_AT_RELATIONS = {"complete": "complete", "incomplete": "incomplete", "unknown": "no-assertion"}
_OF_MANY = {word: aggregate for aggregate, word in _AT_RELATIONS.items()}


def at_relations(document: Document, *, worded: bool) -> Document:
    """A document of ours with it at the relations. `worded`: there are words for it; else NOASSERTION stands beside what is known
    of what is not known whole, and what is known whole has no word."""
    rows = [one for one in document.completeness if one.dependencies]
    if document.family is not Family.OWN or not rows:
        return document
    # Our own JSON may have been written by others: a word that SPDX has none for asserts nothing there.
    words = {ref: _AT_RELATIONS.get(one.aggregate, "no-assertion") for one in rows for ref in one.dependencies}
    relations: list[Relation] = []
    for one in document.relations:
        word = words.get(one.source, "") if one.kind == DEPENDS_ON and worded else ""
        relations.append(replace(one, complete=word) if word else one)
    relations += [
        Relation(source=ref, kind=DEPENDS_ON, targets=(), complete="no-assertion")
        for ref, word in words.items()
        if word == "no-assertion" or (word == "incomplete" and not worded)
    ]
    rest = (replace(one, dependencies=()) for one in document.completeness if one.assemblies)
    return replace(document, relations=tuple(relations), completeness=tuple(rest))


def of_many(document: Document) -> Document:
    """A document of SPDX with it said of the whole; what stands there with a comment stays."""
    said = [one for one in document.relations if one.kind == DEPENDS_ON and one.complete in _OF_MANY and not one.comment]
    if document.family not in (Family.SPDX2, Family.SPDX3) or not said:
        return document
    words: dict[str, set[str]] = {}
    for one in said:
        words.setdefault(one.source, set()).add(one.complete)
    stated = {one.source for one in document.relations if one.kind == DEPENDS_ON and one.targets}
    rows: dict[str, list[str]] = {}
    for ref, found in words.items():
        word = next(iter(found)) if len(found) == 1 else "incomplete"
        if word == "no-assertion" and ref in stated:
            word = "incomplete"
        rows.setdefault(_OF_MANY[word], []).append(ref)
    completeness = [Completeness(aggregate=word, dependencies=tuple(refs)) for word, refs in rows.items()]
    relations = tuple(_plain(document.relations, said))
    return replace(document, relations=relations, completeness=(*document.completeness, *completeness))


def _plain(relations: Iterable[Relation], said: list[Relation]) -> Iterable[Relation]:
    """Without the word; without the relation, where it says no more than that nothing is known."""
    those = {id(one) for one in said}
    for one in relations:
        if id(one) not in those:
            yield one
        elif one.targets or one.complete != "no-assertion":
            yield replace(one, complete="")
