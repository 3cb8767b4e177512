"""The two ways to say what is inside what: nested parts (CycloneDX) and `contains` relations (SPDX). Pure."""

from collections.abc import Iterable
from dataclasses import replace

from pratique.documents.document import CONTAINS, Document, Family, Part, Relation


def flattened(document: Document) -> Document:
    """No part within another: the nesting, and the subject's holding of all top parts, become `contains` relations.

    A part without a ref gets one of its path in the document: it could not be named otherwise.
    """
    parts: list[Part] = []
    inside: dict[str, list[str]] = {}
    said = {(one.source, target) for one in document.relations if one.kind == CONTAINS for target in one.targets}
    subject = document.subject
    if subject is not None:
        subject = replace(subject, ref=subject.ref or "subject")
    implied = document.family in (Family.CYCLONEDX, Family.OWN) and subject is not None
    waiting: list[tuple[Part, str, str]] = []

    def lay(children: Iterable[Part], holder: str, path: str) -> None:
        rows = [(replace(one, ref=one.ref or f"{path}{index}"), holder, f"{path}{index}-") for index, one in enumerate(children)]
        waiting.extend(reversed(rows))

    if subject is not None:
        lay(subject.parts, subject.ref, "part-s")
    lay(document.parts, subject.ref if implied and subject is not None else "", "part-")
    while waiting:
        part, holder, path = waiting.pop()
        if holder and (holder, part.ref) not in said:
            inside.setdefault(holder, []).append(part.ref)
        lay(part.parts, part.ref, path)
        parts.append(replace(part, parts=()) if part.parts else part)
    relations = [Relation(source=holder, kind=CONTAINS, targets=tuple(refs)) for holder, refs in inside.items()]
    return replace(
        document,
        subject=replace(subject, parts=()) if subject is not None else None,
        parts=tuple(parts),
        relations=(*document.relations, *relations),
    )


def nested(document: Document) -> Document:
    """Parts that exactly one other part (not the subject, not the document) contains are laid into it; circles stay relations."""
    by_ref = {one.ref: one for one in document.parts if one.ref}
    holders: dict[str, list[str]] = {}
    for one in document.relations:
        if one.kind == CONTAINS and one.source in by_ref:
            for target in one.targets:
                if target in by_ref:
                    holders.setdefault(target, []).append(one.source)
    holder = {ref: found[0] for ref, found in holders.items() if len(set(found)) == 1}
    for ref in [ref for ref in holder if _leads_back(ref, holder)]:
        del holder[ref]
    children: dict[str, list[str]] = {}
    for part in document.parts:
        if part.ref in holder:
            children.setdefault(holder[part.ref], []).append(part.ref)
    built: dict[str, Part] = {}
    for ref in _innermost_first(children, holder):
        inner = tuple(built.get(child, by_ref[child]) for child in children[ref])
        built[ref] = replace(by_ref[ref], parts=inner)
    relations = tuple(kept for kept in (_without(one, holder) for one in document.relations) if kept is not None)
    parts = tuple(built.get(one.ref, one) for one in document.parts if one.ref not in holder)
    return replace(document, parts=parts, relations=relations)


MAX_NESTING = 24
"""Deeper containment stays a relation: formats that nest have a limit of depth, and so have we."""


def _leads_back(ref: str, holder: dict[str, str]) -> bool:
    current = ref
    for _ in range(MAX_NESTING):
        if current not in holder:
            return False
        current = holder[current]
    return True


def _innermost_first(children: dict[str, list[str]], holder: dict[str, str]) -> list[str]:
    depth: dict[str, int] = {}
    for ref in children:
        steps, current = 0, ref
        while current in holder:
            steps, current = steps + 1, holder[current]
        depth[ref] = steps
    return sorted(children, key=lambda ref: -depth[ref])


def _without(one: Relation, holder: dict[str, str]) -> Relation | None:
    if one.kind != CONTAINS:
        return one
    targets = tuple(target for target in one.targets if holder.get(target) != one.source)
    if targets == one.targets:
        return one
    return replace(one, targets=targets) if targets else None
