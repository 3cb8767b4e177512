"""Statements about the graph, of several documents on the same refs, as one. Pure.

Edges are united. That it is known that there are none (a relation without targets) is not the same as that nothing is said, and
contradicts a document that names some: the edges stay, and the contradiction is told. Of two words about how much is known, the
weaker counts; and "complete" counts no longer where another document knows more.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pratique.documents.document import CONTAINS, DEPENDS_ON, Completeness, Document, Relation
from pratique.documents.merge.names import Names
from pratique.documents.merge.parts import Conflict, StatedValue, distinct

Row = tuple[int, Relation]
"""A relation in the names of the result, with the number of the input that states it."""

_NONE = "none"
_STRENGTH = ("complete", "not_specified", "unknown")
"""From strong to weak. Weaker still is what is known to lack something (`incomplete_…`), weakest plain `incomplete`."""
_FACETS = (("assemblies", CONTAINS), ("dependencies", DEPENDS_ON))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What one input states of completeness. `subject`: the ref, in the result, of what it is about; "" for nothing."""

    number: int
    document: Document
    names: Names
    subject: str
    lose: Callable[[str, str], None]


def join_relations(rows: Iterable[Row], titles: Mapping[str, str]) -> tuple[tuple[Relation, ...], list[Conflict]]:
    """One relation for each source, kind and remark, in the order of the first; and where "none" was said beside some.

    `titles`: what refs are called for people.
    """
    grouped: dict[tuple[str, str, str, str], list[Row]] = {}
    for by, one in rows:
        extra = json.dumps(one.extra, sort_keys=True) if one.extra else ""
        grouped.setdefault((one.source, one.kind, one.comment, extra), []).append((by, one))
    conflicts = [found for group in grouped.values() if (found := _contradiction(group, titles)) is not None]
    return tuple(_joined([one for _, one in group]) for group in grouped.values()), conflicts


def _joined(group: Sequence[Relation]) -> Relation:
    if len(group) == 1:
        return group[0]
    targets = tuple(dict.fromkeys(target for one in group for target in one.targets))
    said = {one.complete for one in group}
    if said == {"complete"} and any(set(one.targets) != set(targets) for one in group):
        said = {"no-assertion"}
    weakest = next((word for word in ("incomplete", "no-assertion", "", "complete") if word in said), "")
    return replace(group[0], targets=targets, complete=weakest)


def _contradiction(group: Sequence[Row], titles: Mapping[str, str]) -> Conflict | None:
    """An input that says there are none beside one that names some."""
    naming = [by for by, one in group if one.targets]
    denying = [by for by, one in group if not one.targets and one.complete != "no-assertion" and by not in naming]
    if not naming or not denying:
        return None
    first = group[0][1]
    targets = dict.fromkeys(target for _, one in group for target in one.targets)
    some = StatedValue(", ".join(titles.get(ref, ref) for ref in targets), tuple(dict.fromkeys(naming)))
    none = StatedValue(_NONE, tuple(dict.fromkeys(denying)))
    return Conflict(component=titles.get(first.source, first.source), field=first.kind, kept=some, others=(none,))


def join_completeness(stated: Sequence[Stated], relations: Iterable[Relation], rows: Iterable[Row]) -> tuple[Completeness, ...]:
    """Compositions in the names of the result, each ref with the weakest word that was said of it."""
    if not any(one.document.completeness for one in stated):
        return ()
    renamed = [(one, [_renamed(row, one) for row in one.document.completeness]) for one in stated]
    said: dict[tuple[str, str], dict[int, str]] = {}
    for one, compositions in renamed:
        for row in compositions:
            for facet, _ in _FACETS:
                for ref in getattr(row, facet):
                    words = said.setdefault((facet, ref), {})
                    words[one.number] = _weaker(words[one.number], row.aggregate) if one.number in words else row.aggregate
    settled = _settled(said, relations, rows)
    kept: list[Completeness] = []
    given: set[tuple[str, str]] = set()

    def fresh(facet: str, refs: Iterable[str], word: str) -> tuple[str, ...]:
        """Those of the refs whose word it is, if nothing has given it to them yet."""
        found = [ref for ref in dict.fromkeys(refs) if settled[facet, ref] == word and (facet, ref) not in given]
        given.update((facet, ref) for ref in found)
        return tuple(found)

    for _, compositions in renamed:
        for row in compositions:
            assemblies = fresh("assemblies", row.assemblies, row.aggregate)
            dependencies = fresh("dependencies", row.dependencies, row.aggregate)
            if assemblies or dependencies or row.extra:
                kept.append(replace(row, assemblies=assemblies, dependencies=dependencies))
    # What is left has a word that no input says of it.
    for word in dict.fromkeys(word for key, word in settled.items() if key not in given):
        assemblies = fresh("assemblies", [ref for facet, ref in settled if facet == "assemblies"], word)
        dependencies = fresh("dependencies", [ref for facet, ref in settled if facet == "dependencies"], word)
        kept.append(Completeness(aggregate=word, assemblies=assemblies, dependencies=dependencies))
    return distinct(kept)


def _renamed(row: Completeness, one: Stated) -> Completeness:
    """In the names of the result. What names nothing is said of the whole input, so of what that is about."""

    def missing(ref: str) -> None:
        one.lose("compositions", f"names {ref}, which is not in the document")

    assemblies, dependencies = (one.names.all_known(getattr(row, facet), missing) for facet, _ in _FACETS)
    if not (row.assemblies or row.dependencies or "/vulnerabilities" in row.extra):
        if not one.subject:
            one.lose("compositions", "is said of the document, which is about nothing in particular")
        assemblies = (one.subject,) if one.subject else ()
    extra = {pointer: value for pointer, value in row.extra.items() if value != []}
    return one.names.in_extras(replace(row, assemblies=assemblies, dependencies=dependencies, extra=extra))


def _settled(
    said: Mapping[tuple[str, str], Mapping[int, str]], relations: Iterable[Relation], rows: Iterable[Row]
) -> dict[tuple[str, str], str]:
    """(facet, ref) → the word that counts."""
    kinds = {kind: facet for facet, kind in _FACETS}
    united: dict[tuple[str, str], set[str]] = {}
    for one in relations:
        if one.kind in kinds:
            united.setdefault((kinds[one.kind], one.source), set()).update(one.targets)
    each: dict[tuple[str, str, int], set[str]] = {}
    for by, one in rows:
        if one.kind in kinds:
            each.setdefault((kinds[one.kind], one.source, by), set()).update(one.targets)
    found: dict[tuple[str, str], str] = {}
    for (facet, ref), words in said.items():
        everything = united.get((facet, ref), set())
        for by, word in words.items():
            outdone = word == "complete" and each.get((facet, ref, by), set()) != everything
            counts = "unknown" if outdone else word
            found[facet, ref] = _weaker(found[facet, ref], counts) if (facet, ref) in found else counts
    return found


def _weaker(one: str, other: str) -> str:
    if one == other:
        return one
    both = (one, other)
    if all(word not in _STRENGTH for word in both):
        return "incomplete"  # each lacks something else
    return max(both, key=lambda word: _STRENGTH.index(word) if word in _STRENGTH else len(_STRENGTH))
