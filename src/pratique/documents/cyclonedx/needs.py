"""Kinds of needing that CycloneDX has no word for (SPDX: for development, for tests, optional, …; or with a remark): each is a
`dependsOn` there, so that its readers see the edge, and a property beside it that says which kind it is. Pure.

A property `pratique:relation:depends-on` names what is also needed without more words; an empty one says that a list of such
needs was stated and empty. Without it, what a property explains is not read as a need of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pratique.documents.document import DEPENDS_ON, NEEDING, PROVIDES, Relation

_ELSEWHERE = "DocumentRef-"


def is_explained(one: Relation) -> bool:
    """Whether it needs more words than `dependsOn`, and names something."""
    return one.kind in NEEDING and bool(one.targets) and bool(one.kind != DEPENDS_ON or one.comment or one.complete)


def explained_needs(relations: Iterable[Relation]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """ref → what it needs in words that become a property, elements of other documents apart, which no `dependsOn` may name; and
    ref → what properties must name as needed without more words, too."""
    plain: dict[str, list[str]] = {}
    explained: dict[str, dict[str, None]] = {}
    for one in relations:
        if is_explained(one):
            targets = [target for target in one.targets if not target.startswith(_ELSEWHERE)]
            if targets and one.source and not one.source.startswith(_ELSEWHERE):
                explained.setdefault(one.source, {}).update(dict.fromkeys(targets))
        elif one.kind == DEPENDS_ON and not (one.comment or one.complete):
            plain.setdefault(one.source, []).extend(one.targets)
    both = {
        ref: [target for target in dict.fromkeys(plain[ref]) if target in found] if plain[ref] else [""]
        for ref, found in explained.items()
        if ref in plain
    }
    return {ref: list(targets) for ref, targets in explained.items()}, {ref: names for ref, names in both.items() if names}


def told_apart(rows: Iterable[Relation], marks: Iterable[Relation], others: Sequence[Relation]) -> tuple[Relation, ...]:
    """`rows` of a document's dependencies without what only the properties explain, and `others`: the relations that those say.
    `marks`: what they name as needed without more words, too."""
    explained: dict[str, set[str]] = {}
    plain: dict[str, set[str]] = {}
    for one in others:
        if is_explained(one):
            explained.setdefault(one.source, set()).update(one.targets)
    for one in marks:
        plain.setdefault(one.source, set()).update(one.targets)
    found: list[Relation] = []
    for row in rows:
        made = explained.get(row.source, set()) - plain.get(row.source, set()) if row.kind == DEPENDS_ON else set()
        targets = tuple([target for target in row.targets if target not in made]) if made else row.targets
        if targets or not row.targets or "" in plain.get(row.source, ()):
            found.append(row if targets == row.targets else replace(row, targets=targets))
    return (*found, *others)


def dependency_rows(
    relations: Iterable[Relation], explained: Mapping[str, Sequence[str]], *, provides: bool, same: bool
) -> list[dict[str, Any]]:
    """The `dependencies`, a row for each that needs or, where the version has that word, provides. `explained`: as
    `explained_needs` gives it. `same`: the document was CycloneDX before, and a row that stated no list gets none.
    """
    rows: dict[str, dict[str, Any]] = {}
    for one in relations:
        if one.comment or one.complete or not (one.kind == DEPENDS_ON or (one.kind == PROVIDES and provides)):
            continue
        row = rows.setdefault(one.source, {"ref": one.source})
        name = "dependsOn" if one.kind == DEPENDS_ON else "provides"
        row[name] = [*row.get(name, ()), *one.targets]
        if same and not one.targets and "/dependsOn" in one.extra:
            del row[name]
    for ref, targets in explained.items():
        row = rows.setdefault(ref, {"ref": ref})
        said = row.get("dependsOn", [])
        row["dependsOn"] = [*said, *(target for target in targets if target not in said)]
    return list(rows.values())
