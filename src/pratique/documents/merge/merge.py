"""One bill of materials of a product from those of its parts, made by any tools in any formats. Pure and deterministic.

    inputs ─► prepared (flat, in the family of the result) ─► named ─► components united ─► graph joined ─► Document

What an input is about stays a component of its own, with the input's digest, serial number and file manifest, so that it can
still be taken out and verified alone (`nesting.extract_part`); the product contains it and depends on it. What is one component
is in `identity`, where documents disagree in `parts`, how names are kept apart in `names`, how statements about the graph are
joined in `graph`. Where an order has to decide (whose word stands in a field, who keeps a name), it is that of the inputs.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pratique import __version__
from pratique.documents.containment import nested
from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Annotation,
    CustomLicence,
    Document,
    ExternalReference,
    Family,
    Hash,
    Part,
    Property,
    Relation,
    Tool,
)
from pratique.documents.from_inventory import rfc3339
from pratique.documents.merge.extra import Lose, Raw, join_extras, join_vulnerabilities
from pratique.documents.merge.graph import Row, Stated, join_completeness, join_relations
from pratique.documents.merge.identity import Key, identity
from pratique.documents.merge.names import addresses, bom_link, free, given_names, settle_licences, spelled
from pratique.documents.merge.parts import Conflict, StatedValue, as_properties, distinct, remembered, title, unite
from pratique.documents.merge.prepare import MergeSide, prepare, settle
from pratique.documents.read import MAX_PARTS
from pratique.documents.shape import Problem
from pratique.documents.spdx3.members import serial_of
from pratique.errors import LimitExceeded
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/merged/v1")
MERGED = f"{OWN_PREFIX}merged"
_PRODUCT = -1  # stands for the result where an input has its number
_NAMED = 3
_PHASES = "/metadata/lifecycles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One document. `sha256`, `sha1`: of its bytes, in hexadecimal; SHA-1, by which SPDX 2 knows documents, "" where it was not
    taken. `label`: what messages call it; it is not in the result."""

    document: Document
    sha256: str
    sha1: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`left_out`: what has no place in the result, each with its input's label. `repeated`: numbers of inputs that are byte for
    byte an earlier one, and were passed over."""

    document: Document
    conflicts: tuple[Conflict, ...]
    left_out: tuple[Problem, ...]
    repeated: tuple[int, ...]


def merge_documents(
    inputs: Sequence[Input],
    *,
    family: Family | None = None,
    name: str = "",
    version: str = "",
    epoch: int | None = None,
    tool_version: str = __version__,
) -> Merged:
    """The bill of materials of `name` `version`, which contains what the inputs are about.

    Without a name: if all inputs are about one and the same thing, the result is about that; else its name is made of theirs, in
    alphabetical order. `family`: whose words the result's extras may be, usually that of the format to write; by default the
    inputs' own if they share one. `epoch`: the time to state, in Unix seconds; None for that of the newest input.

    Raises LimitExceeded for more than 500,000 components; Malformed for a document that calls two components by one ref.
    """
    count = sum(sum(1 for _ in one.document.walk()) + len(one.document.files) for one in inputs)
    if count > MAX_PARTS:
        raise LimitExceeded(f"more than {MAX_PARTS} components in all")
    first: dict[str, int] = {}
    repeated = [number for number, one in enumerate(inputs) if first.setdefault(one.sha256, number) != number]
    family = family or _shared_family(inputs)
    sides = [prepare(inputs[number].document, number, family, label=inputs[number].label) for number in first.values()]
    settle(sides)
    merge = _Merge(sides, inputs, family)
    document = merge.document(name, version, epoch, tool_version)
    return Merged(document=document, conflicts=tuple(merge.conflicts), left_out=tuple(merge.left_out), repeated=tuple(repeated))


def _shared_family(inputs: Sequence[Input]) -> Family:
    """The one that all share. OWN is what we inventoried ourselves, which no merged document is."""
    families = {one.document.family for one in inputs}
    return families.pop() if len(families) == 1 and Family.OWN not in families else Family.CYCLONEDX


@dataclass(slots=True)
class _Merge:
    """One merger under way. `groups`: what is one component, in the order of its first; `refs`: what each is called."""

    sides: list[MergeSide]
    inputs: Sequence[Input]
    family: Family
    conflicts: list[Conflict] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)
    groups: dict[Key, list[tuple[int, Part]]] = field(default_factory=dict)
    files: set[Key] = field(default_factory=set)
    refs: dict[Key, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    licences: dict[str, CustomLicence] = field(default_factory=dict)
    versions: list[Conflict] = field(default_factory=list)

    def document(self, name: str, version: str, epoch: int | None, tool_version: str) -> Document:
        """The whole."""
        about = self._common_subject() if not name else None
        product = "" if about is not None else name or self._derived_name()
        words = [*(self.inputs[side.number].sha256 for side in self.sides), product, version, tool_version]
        serial = f"urn:uuid:{uuid.uuid5(_SERIALS, chr(10).join(words))}"
        if about is None:
            about = self._add_product(Part(ref="", name=product, version=version, kind="application"))
        for side in self.sides:
            self._name(side, serial)
            for problem in side.losses:
                self._lose(side)(problem.pointer, problem.reason)
        self._address(serial)
        raw = [Raw(document=side.document, names=side.names, lose=self._lose(side)) for side in self.sides]
        vulnerabilities, extra = join_vulnerabilities(raw), join_extras(raw)
        for side in self.sides:
            self._group(side, about)
        parts, files, subject = self._united(about)
        titles = {part.ref: title(part) for part in (subject, *parts, *files)}
        rows = [*self._product_relations(about), *(row for side in self.sides for row in self._relations(side))]
        relations, contradictions = join_relations(rows, titles)
        self.conflicts += [*contradictions, *self.versions]
        document = Document(
            family=self.family,
            serial=serial,
            name=f"{subject.full_name} {subject.version}".rstrip(),
            timestamp=self._time(epoch),
            tools=self._tools(tool_version),
            authors=distinct(row for side in self.sides for row in side.document.authors),
            licences=distinct(row for side in self.sides for row in side.names.in_licences(side.document.licences)),
            custom_licences=tuple(self.licences.values()),
            phases=() if _PHASES in extra else distinct(row for side in self.sides for row in side.document.phases),
            properties=self._properties(about),
            references=distinct(row for side in self.sides if side.subject is None for row in side.document.references),
            subject=subject,
            parts=parts,
            files=files,
            relations=relations,
            completeness=join_completeness([self._stated(side) for side in self.sides], relations, rows),
            annotations=distinct(row for side in self.sides for row in self._annotations(side)),
            vulnerabilities=vulnerabilities,
            extra=extra,
        )
        return nested(document) if self.family is Family.CYCLONEDX else document

    def _called(self) -> list[str]:
        """What each input is called in the result."""
        return [one.document.serial or f"sha256:{one.sha256}" for one in self.inputs]

    def _lose(self, side: MergeSide) -> Lose:
        """Who is told of what has no place: a pointer or the name of a thing, and why."""
        label = self.inputs[side.number].label

        def lose(pointer: str, reason: str) -> None:
            self.left_out.append(Problem(f"{label}: {pointer or '/'}" if label else pointer, reason))

        return lose

    def _common_subject(self) -> Key | None:
        """What all inputs are about, if that is one thing."""
        keys = {side.members[0].key if side.subject is not None else None for side in self.sides}
        return keys.pop() if len(keys) == 1 else None

    def _derived_name(self) -> str:
        """Names of what the inputs are about, in alphabetical order: `a + b + c + 4 more`."""
        subjects = {side.document.subject.full_name for side in self.sides if side.document.subject is not None}
        names = sorted((subjects | {side.document.name for side in self.sides if side.document.subject is None}) - {""})
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        return " + ".join([*names[:_NAMED], *more]) or "merged"

    def _add_product(self, product: Part) -> Key:
        key = identity(product, is_file=False, alone=(_PRODUCT,))
        self.refs[key] = f"{product.name}@{product.version}" if product.version else product.name
        self.taken.add(self.refs[key])
        self.groups[key] = [(_PRODUCT, replace(product, ref=self.refs[key]))]
        return key

    def _name(self, side: MergeSide, serial: str) -> None:
        """Decide how the input's names are spelled in the result."""
        names = side.names
        same = side.family is self.family
        before = serial_of(self.inputs[side.number].document) if same and self.family is Family.SPDX3 else ""
        for member in side.members:
            key, ref = member.key, member.part.ref
            if key not in self.refs:
                # Identifiers of SPDX 3 stay what they are in the world, though the document that they were made for is another.
                self.refs[key] = free(spelled(Family.SPDX3, before, ref) if before else ref, self.taken)
                self.taken.add(self.refs[key])
            names.refs[ref] = self.refs[key]
            if same:
                names.spell(spelled(self.family, before, ref), spelled(self.family, serial, self.refs[key]))
        for one in dict.fromkeys(given_names(side.document)):
            if one in names.raw:
                continue
            if self.family is Family.SPDX3:
                names.spell(one, f"_:input-{side.number + 1}-{one[2:]}" if one.startswith("_:") else one)
            else:
                names.spell(one, free(one, self.taken))
                self.taken.add(names.raw[one])
            names.given.add(names.raw[one])
        names.licences = settle_licences(side.document, self.licences)

    def _address(self, serial: str) -> None:
        """Let the inputs find each other's parts: what one says of another's comes together here."""
        meant: dict[str, set[str]] = {}
        for side in self.sides:
            document = self.inputs[side.number].document
            for address, ref in addresses(document, side.names.refs):
                meant.setdefault(address, set()).add(ref)
            rows = [table_or_empty(row) for row in list_or_empty(document.extra.get("/externalDocumentRefs"))]
            side.names.documents = {
                text_or_empty(row.get("externalDocumentId")): text_or_empty(row.get("spdxDocument")) for row in rows
            }
            self.versions += [other for row in rows if (other := self._other_version(side, row)) is not None]
        # Two documents that go by one name and mean different things by an address: which was meant, nobody knows.
        found = {address: refs.pop() for address, refs in meant.items() if len(refs) == 1}
        spoken = {address: spelled(self.family, serial, ref) for address, ref in found.items()}
        for side in self.sides:
            side.names.elsewhere = found
            side.names.addressed = {address: ref for address, ref in spoken.items() if address != ref}

    def _other_version(self, side: MergeSide, row: Mapping[str, Any]) -> Conflict | None:
        """Where an input speaks of another by its namespace, and states a SHA-1 that this does not have."""
        checksum = table_or_empty(row.get("checksum"))
        stated = text_or_empty(checksum.get("checksumValue")).lower() if checksum.get("algorithm") == "SHA1" else ""
        for one in self.sides:
            meant = self.inputs[one.number]
            if meant.document.serial == row.get("spdxDocument") and stated and meant.sha1 not in ("", stated):
                kept, other = StatedValue(f"sha1:{meant.sha1}", (one.number,)), StatedValue(f"sha1:{stated}", (side.number,))
                return Conflict(component=meant.document.serial, field="document", kept=kept, others=(other,))
        return None

    def _group(self, side: MergeSide, about: Key) -> None:
        """Lay the input's parts to those that are the same."""
        names = side.names
        for index, member in enumerate(side.members):
            part = names.in_extras(member.part)
            part = replace(part, ref=self.refs[member.key], licences=names.in_licences(part.licences))
            group = self.groups.setdefault(member.key, [])
            if index == 0 and side.subject is not None:
                group += [(side.number, one) for one in self._with_document(side, part, whole=member.key == about)]
            else:
                group.append((side.number, part))
            if member.is_file:
                self.files.add(member.key)

    def _with_document(self, side: MergeSide, part: Part, *, whole: bool) -> Iterable[Part]:
        """What an input is about, and what the input says of it as a whole, which may differ. `whole`: so is the result, which
        says the rest itself."""
        source, one = side.document, self.inputs[side.number]
        own = () if whole else tuple(row for row in source.properties if row not in part.properties)
        references = tuple(row for row in source.references if row not in part.references)
        address = bom_link(one.document)
        if address:
            references += (ExternalReference(kind="bom", url=address, hashes=(Hash("sha256", one.sha256),)),)
        yield replace(part, properties=part.properties + own, references=part.references + references)
        if source.supplier is not None or source.manufacturer is not None:
            bare = Part(ref=part.ref, name=part.name, group=part.group)
            yield replace(bare, supplier=source.supplier, manufacturer=source.manufacturer)

    def _united(self, about: Key) -> tuple[tuple[Part, ...], tuple[Part, ...], Part]:
        """Parts, files and the subject."""
        called = self._called()
        found: dict[Key, Part] = {}
        for key, members in self.groups.items():
            part, conflicts = unite(members)
            self.conflicts += conflicts
            found[key] = remembered(part, conflicts, called)
        subject = found.pop(about)
        files = tuple(part for key, part in found.items() if key in self.files)
        return tuple(part for key, part in found.items() if key not in self.files), files, subject

    def _product_relations(self, about: Key) -> list[Row]:
        """The product contains what the inputs are about and depends on it; of an input that is about nothing in particular, it
        contains what that lists."""
        ref = self.refs[about]
        if self.groups[about][0][0] != _PRODUCT:
            return []
        roots: dict[str, None] = {}
        loose: dict[str, None] = {}
        for side in self.sides:
            known = side.names.refs
            roots.update((known[root], None) for root in side.roots if root in known)
            if not side.roots:
                held = {target for row in side.document.relations if row.kind == CONTAINS for target in row.targets}
                loose.update((known[one.part.ref], None) for one in side.members if one.part.ref not in held)
        needed = tuple(one for one in roots if one != ref)
        inside = tuple(one for one in {**roots, **loose} if one != ref)
        found = [Relation(source=ref, kind=CONTAINS, targets=inside)] if inside else []
        found += [Relation(source=ref, kind=DEPENDS_ON, targets=needed)] if needed else []
        return [(_PRODUCT, one) for one in found]

    def _relations(self, side: MergeSide) -> Iterable[Row]:
        """The input's, in the names of the result."""
        lose, names = self._lose(side), side.names
        for row in side.document.relations:
            place = f"{row.source} {row.kind}".strip()
            about = side.subject if row.kind in (CONTAINS, DEPENDS_ON) else None
            source = names.known(row.source or about or "")
            if source is None:
                lose(place, "is said of what is not in the document" if row.source else "is said of the input as a document")
                continue
            known = {ref: names.known(ref) for ref in row.targets}
            for ref in [ref for ref, name in known.items() if name is None]:
                lose(place, f"names {ref or 'the document'}, which is not in the document")
            # What two parts say of each other is no statement once they are one.
            meant = [name for ref, name in known.items() if name is not None and (name != source or ref == row.source)]
            targets = tuple(dict.fromkeys(meant))
            if row.targets and not targets:
                continue
            extra = {key: one for key, one in row.extra.items() if key != "/dependsOn"}
            yield side.number, replace(names.in_extras(replace(row, extra=extra)), source=source, targets=targets)

    def _annotations(self, side: MergeSide) -> Iterable[Annotation]:
        """The input's; what is remarked about the document is remarked about what that is about."""
        whole = side.names.refs[side.subject] if side.subject is not None else ""
        for row in side.document.annotations:
            subjects = [side.names.known(ref) if ref else whole for ref in row.subjects]
            for ref in [ref for ref, known in zip(row.subjects, subjects, strict=True) if known is None]:
                self._lose(side)("annotations", f"is about {ref}, which is not in the document")
            known = tuple(dict.fromkeys(ref for ref in subjects if ref is not None))
            if known:
                yield replace(side.names.in_extras(row), subjects=known)

    def _stated(self, side: MergeSide) -> Stated:
        subject = side.names.refs[side.subject] if side.subject is not None else ""
        return Stated(number=side.number, document=side.document, names=side.names, subject=subject, lose=self._lose(side))

    def _properties(self, about: Key) -> tuple[Property, ...]:
        """What inputs say as a whole that are about the result itself, or about nothing in particular; a record of each input."""
        kept: list[Property] = []
        records: list[Property] = []
        for side in self.sides:
            source = side.document
            record = {
                "comment": source.comment,
                "name": source.name,
                "serial": source.serial,
                "sha256": self.inputs[side.number].sha256,
                "subject": side.names.refs[side.subject] if side.subject is not None else "",
                "timestamp": source.timestamp,
            }
            said = {key: value for key, value in record.items() if value}
            records.append(Property(MERGED, json.dumps(said, ensure_ascii=False, sort_keys=True)))
            if side.subject is None or side.members[0].key == about:
                kept += [row for row in source.properties if row not in kept]
        return (*kept, *records, *(row for one in self.versions for row in as_properties(one, self._called())))

    def _tools(self, tool_version: str) -> tuple[Tool, ...]:
        rows = [side.names.in_extras(one) for side in self.sides for one in side.document.tools]
        return distinct([Tool(name="pratique", version=tool_version), *rows])

    def _time(self, epoch: int | None) -> str:
        if epoch is not None:
            return rfc3339(epoch)
        moments = [moment for side in self.sides if (moment := _moment(side.document.timestamp)) is not None]
        return max(moments).strftime("%Y-%m-%dT%H:%M:%SZ") if moments else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
