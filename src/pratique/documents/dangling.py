"""References within a document to what is not in it: taken out and told, since readers stumble over them or believe them. Pure.

A thing whose needs are all unknown is not said to need nothing: such a relation goes as a whole. What another document is known
to hold stays where its format can name it: SPDX 2's `DocumentRef-…`, CycloneDX's BOM-Link, what SPDX 3 imports.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pratique.documents.document import DEPENDS_ON, PROVIDES, Document, Family
from pratique.documents.shape import Problem
from pratique.lexicon.text import clean

_IDENTIFIERS = frozenset({"bom-ref", "spdxId", "SPDXID", "@id", "externalSpdxId"})
_ELSEWHERE = {
    Family.CYCLONEDX: ("urn:cdx:",),
    Family.SPDX2: ("DocumentRef-",),
    Family.SPDX3: ("https://spdx.org/rdf/", "https://spdx.org/licenses/", "http://spdx.org/licenses/"),
}
Known = Callable[[str], bool]


def without_dangling(document: Document, family: Family | None) -> tuple[Document, tuple[Problem, ...]]:
    """The document, and what was taken out of it. `family`: of the format that it is to be written in, which keeps what only its
    own documents hold (services, snippets, elements of other kinds); None for one that has no such things."""
    subject = document.subject
    named = {"", *([subject.ref] if subject is not None else [])}
    named |= {part.ref for part in document.walk()} | {part.ref for part in document.files}
    kept = document.family if document.family is family else None
    elsewhere = _ELSEWHERE.get(kept, ()) if kept is not None else ()
    further: set[str] | None = None

    def is_known(ref: str) -> bool:
        nonlocal further
        if ref in named or ref.startswith(elsewhere):
            return True
        if kept is None:
            return False
        if further is None:
            further = set(_identifiers(document))
        return ref in further

    problems: list[Problem] = []

    def fit(refs: tuple[str, ...], place: str, known: Known) -> tuple[str, ...]:
        if all(map(known, refs)):
            return refs
        problems.extend(
            Problem(clean(place, 120), f"names {clean(ref, 80)!r}, which is not in the document")
            for ref in refs
            if not known(ref)
        )
        return tuple(ref for ref in refs if known(ref))

    def is_known_or_spoken(ref: str) -> bool:
        # What is no dependency is a property in CycloneDX, which may name what lies elsewhere.
        return is_known(ref) or (family is Family.CYCLONEDX and ref.startswith("DocumentRef-"))

    relations = []
    for one in document.relations:
        place = f"{one.source} {one.kind}"
        known = is_known if one.kind in (DEPENDS_ON, PROVIDES) else is_known_or_spoken
        if not fit((one.source,), place, known):
            continue
        targets = fit(one.targets, place, known)
        if targets or not one.targets or one.complete == "no-assertion":
            relations.append(one if targets is one.targets else replace(one, targets=targets))
    completeness = []
    for row in document.completeness:
        assemblies = fit(row.assemblies, "completeness", is_known)
        dependencies = fit(row.dependencies, "completeness", is_known)
        if assemblies is not row.assemblies or dependencies is not row.dependencies:
            if not (assemblies or dependencies or row.extra):
                continue
            row = replace(row, assemblies=assemblies, dependencies=dependencies)  # noqa: PLW2901 # the same row, less
        completeness.append(row)
    annotations = []
    for remark in document.annotations:
        subjects = fit(remark.subjects, "annotation", is_known)
        if subjects or not remark.subjects:
            annotations.append(remark if subjects is remark.subjects else replace(remark, subjects=subjects))
    affected = tuple(_with_known_affects(document.vulnerabilities, is_known, problems)) if family is Family.CYCLONEDX else None
    if not problems:
        return document, ()
    found = replace(document, relations=tuple(relations), completeness=tuple(completeness), annotations=tuple(annotations))
    return (replace(found, vulnerabilities=affected) if affected is not None else found), tuple(problems)


def _with_known_affects(rows: Iterable[Any], is_known: Known, problems: list[Problem]) -> Iterator[Any]:
    for row in rows:
        affects = row.get("affects", ()) if isinstance(row, dict) else ()
        if not isinstance(affects, list) or not all(isinstance(one, dict) for one in affects):
            affects = ()  # the writer takes out what is none
        lost = [one["ref"] for one in affects if isinstance(one.get("ref"), str) and not is_known(one["ref"])]
        if not lost:
            yield row
            continue
        place = f"vulnerability {clean(row.get('id', ''), 60)}"
        problems += [Problem(place, f"names {clean(ref, 80)!r}, which is not in the document") for ref in lost]
        yield row | {"affects": [one for one in affects if one.get("ref") not in lost]}


def _identifiers(document: Document) -> Iterator[str]:
    """Whatever has a name in what only the document's own format knows."""
    import msgspec

    waiting: list[Any] = [msgspec.to_builtins(document)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for name, value in one.items():
                if isinstance(value, str):
                    if name.rpartition("/")[2] in _IDENTIFIERS:
                        yield value
                else:
                    waiting.append(value)
        elif isinstance(one, list | tuple):
            waiting.extend(one)
