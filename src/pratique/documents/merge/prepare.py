"""A document made ready to be merged: flat, every part with a ref, its extras in the family of the result. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from pratique.documents.containment import flattened
from pratique.documents.crossing.to_cyclonedx import Crossed, crossed_to_cyclonedx
from pratique.documents.document import CONTAINS, Document, Extra, Family, Part, Relation
from pratique.documents.extra import extras_that_matter
from pratique.documents.merge.identity import Key, identity, settled_keys
from pratique.documents.merge.names import Names, each_extra, spelled
from pratique.documents.shape import Problem
from pratique.documents.spdx3.members import serial_of
from pratique.documents.subject_digest import stated_digests
from pratique.errors import Malformed
from pratique.model import Digest

_CODE = "/packageVerificationCode"


@dataclass(frozen=True, slots=True)
class MergeMember:
    """A part of an input, and what makes it one with others."""

    part: Part
    key: Key
    is_file: bool


@dataclass(slots=True)
class MergeSide:
    """One input. `document`: flat, with extras only of the result's family; `family`: the one it was read in. `roots`: refs of
    what it is about. `members`: its subject, if it has one, its parts and files. `losses`: what was taken out."""

    number: int
    document: Document
    family: Family
    roots: tuple[str, ...]
    members: list[MergeMember]
    losses: list[Problem]
    names: Names

    @property
    def subject(self) -> str | None:
        """The ref of the one thing that it is about."""
        return self.document.subject.ref if self.document.subject is not None else None


def prepare(document: Document, number: int, family: Family, *, label: str = "") -> MergeSide:
    """One input, ready to be laid to others. `label`: what an error calls it. Raises Malformed where a ref is used twice."""
    losses: list[Problem] = []
    source = document
    described = [row for row in source.relations if row.kind == "describes" and not row.source]
    kept = tuple(row for row in source.relations if row.kind != "describes" or row.source)
    document = flattened(_named(replace(source, relations=kept), label))
    keys = _keys(document, number)
    crossed = crossed_to_cyclonedx(document) if family is Family.CYCLONEDX else Crossed(document)
    spoken = source.family is family or crossed.document is not document  # its words are, or became, those of the result
    document = _without_foreign(crossed.document, losses, spoken) if source.family is not family else document
    document = _with_crossed(document, crossed)
    document = _without_signatures(document, losses)
    if source.family in (Family.CYCLONEDX, Family.OWN) and document.subject is not None:
        document = _with_loose_files(document)
    subject = document.subject
    roots = (subject.ref,) if subject is not None else tuple(dict.fromkeys(ref for row in described for ref in row.targets))
    rows = [(part, False) for part in _packages(document)] + [(part, True) for part in document.files]
    members = [MergeMember(part, key, is_file) for (part, is_file), key in zip(rows, keys, strict=True)]
    told = family if spoken else source.family
    return MergeSide(number, replace(document, family=family), told, roots, members, losses, Names(family))


def settle(sides: Sequence[MergeSide]) -> None:
    """Give what is one component in several inputs one key: packages by what all of them state; what inputs are about also by the
    digests that are stated of it, however each tool calls it."""
    _rename(sides, settled_keys(member.key for side in sides for member in side.members))
    _rename(sides, _subjects(side for side in sides if side.subject is not None))


def _rename(sides: Sequence[MergeSide], keys: Mapping[Key, Key]) -> None:
    for side in sides if keys else ():
        side.members = [replace(one, key=keys[one.key]) if one.key in keys else one for one in side.members]


def _subjects(sides: Iterable[MergeSide]) -> dict[Key, Key]:
    known: dict[Digest, Key] = {}
    found: dict[Key, Key] = {}
    for side in sides:
        digests = stated_digests(side.document)
        same = dict.fromkeys([known[one] for one in digests if one in known] or [side.members[0].key])
        first = next(iter(same))
        moved = {key: first for key in (*same, side.members[0].key) if key != first}
        found = {key: moved.get(to, to) for key, to in found.items()} | moved
        known = {digest: moved.get(key, key) for digest, key in known.items()} | dict.fromkeys(digests, first)
    return found


def _keys(document: Document, number: int) -> list[Key]:
    """What packages and files are known by, in their order."""
    serial = serial_of(document) if document.family is Family.SPDX3 else ""
    found: list[Key] = []
    for part in _packages(document):
        # A package verification code of SPDX 2 is a hash of all of a package's files.
        code = json.dumps(part.extra[_CODE], sort_keys=True) if _CODE in part.extra else ""
        found.append(identity(part, code=code, alone=_alone(part, number, serial)))
    return found + [identity(part, is_file=True, alone=_alone(part, number, serial)) for part in document.files]


def _alone(part: Part, number: int, serial: str) -> Key:
    """What tells a part from all others: its ref within the input; in SPDX 3 its identifier in the world."""
    return ("", spelled(Family.SPDX3, serial, part.ref)) if serial else (number, part.ref)


def _packages(document: Document) -> tuple[Part, ...]:
    """The subject first."""
    return document.parts if document.subject is None else (document.subject, *document.parts)


def _named(document: Document, label: str) -> Document:
    """Every part with a ref: what has none gets one that nothing else has."""
    everything = [*([document.subject] if document.subject is not None else []), *document.walk(), *document.files]
    stated: set[str] = set()
    for part in everything:
        if part.ref and part.ref in stated:
            raise Malformed(f"two components are called {part.ref[:200]!r}", where=label or None)
        stated.add(part.ref)
    if "" not in stated:
        return document
    names = (name for name in map("part-{}".format, count(1)) if name not in stated)

    def named(part: Part) -> Part:
        return replace(part, ref=part.ref or next(names), parts=tuple([named(one) for one in part.parts]))

    return replace(
        document,
        subject=named(document.subject) if document.subject is not None else None,
        parts=tuple([named(part) for part in document.parts]),
        files=tuple([named(part) for part in document.files]),
    )


def _with_crossed(document: Document, crossed: Crossed) -> Document:
    """With what SPDX 3 says in words that CycloneDX has, too."""
    if not (crossed.extra or crossed.parts):
        return document

    def told(part: Part) -> Part:
        more = crossed.parts.get(part.ref)
        return replace(part, extra={**part.extra, **more}) if more else part

    subject = told(document.subject) if document.subject is not None else None
    parts = tuple([told(part) for part in document.parts])
    return replace(document, subject=subject, parts=parts, extra={**document.extra, **crossed.extra})


def _without_foreign(document: Document, losses: list[Problem], spoken: bool) -> Document:
    """Without extras and vulnerabilities, which are in the words of another family; `spoken`: vulnerabilities are not."""
    reason = f"has no place outside of {document.family.value}"

    def strip(place: str) -> Any:
        def change(extra: Extra) -> Extra:
            losses.extend(Problem(pointer, reason) for pointer in extras_that_matter(extra, place))
            return {}

        return change

    if document.vulnerabilities and not spoken:
        losses.append(Problem("", f"{len(document.vulnerabilities)} vulnerabilities in the words of {document.family.value}"))
    subject = each_extra(document.subject, strip(f"{document.subject.ref} ")) if document.subject is not None else None
    parts = tuple([each_extra(part, strip(f"{part.ref or part.name} ")) for part in document.parts])
    files = tuple([each_extra(part, strip(f"{part.name} ")) for part in document.files])
    kept = document.vulnerabilities if spoken else ()
    bare = each_extra(replace(document, subject=None, parts=(), files=(), vulnerabilities=kept), strip(""))
    return replace(bare, subject=subject, parts=parts, files=files)


def _without_signatures(document: Document, losses: list[Problem]) -> Document:
    """A signature is over what is changed here. It stays good for the input itself, whose digest is recorded."""

    def change(extra: Extra) -> Extra:
        if "/signature" not in extra:
            return extra
        losses.append(Problem("/signature", "is over the input, not over what becomes of it"))
        return {pointer: one for pointer, one in extra.items() if pointer != "/signature"}

    return each_extra(document, change)


def _with_loose_files(document: Document) -> Document:
    """Files that nothing contains are the subject's: in these formats a document is about what it lists."""
    held = {target for row in document.relations if row.kind == CONTAINS for target in row.targets}
    loose = tuple(row.ref for row in document.files if row.ref not in held)
    if not loose or document.subject is None:
        return document
    return replace(document, relations=(*document.relations, Relation(source=document.subject.ref, kind=CONTAINS, targets=loose)))
