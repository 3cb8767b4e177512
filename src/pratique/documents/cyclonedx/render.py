"""A `Document` as CycloneDX (ECMA-424) 1.4 to 1.7: the JSON value, and what that version cannot say. Pure.

What CycloneDX has no member for goes into properties named `pratique:…`, which `cyclonedx_from` reads back. What is left is
held against the shape of the version; each part that does not fit is taken out and named.
"""

import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from pratique.documents.carry import carried, carried_items, carried_part
from pratique.documents.containment import nested
from pratique.documents.crossing.to_cyclonedx import Crossed, crossed_to_cyclonedx
from pratique.documents.cyclonedx.licences import licence_choices, sorted_licences
from pratique.documents.cyclonedx.needs import dependency_rows, explained_needs
from pratique.documents.cyclonedx.settle import settle_value
from pratique.documents.cyclonedx.vocabulary import (
    ALGORITHM_NAMES,
    MAX_VERSION,
    OWN_PREFIX,
    PHASES,
    REFERENCES,
    own_properties,
    sayable,
    spoken_cpe,
    spoken_kind,
    with_download,
)
from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    PROVIDES,
    Annotation,
    Completeness,
    Document,
    ExternalReference,
    Family,
    Hash,
    Part,
    Party,
    Property,
    Relation,
    Tool,
)
from pratique.documents.extra import extras_that_matter, put_back
from pratique.documents.parties import (
    authors_in_cyclonedx,
    bare,
    carried_parties,
    said_authors,
    said_organization,
    said_person,
    tools_of,
    with_makers,
)
from pratique.documents.shape import Problem
from pratique.documents.told import of_many
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.iri import is_iri_reference
from pratique.lexicon.text import clean

_SYSTEM = "operating-system"
_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/converted/v1")
DEFAULT_VERSION = "1.6"
_CHECKED_OWN = ("1.6", "1.7")  # our own inventories need no look by the shape: tests hold them against the schemas


def document_to_cyclonedx(
    document: Document,
    version: str = DEFAULT_VERSION,
    *,
    xml: bool = False,
    of_inventory: bool = False,
    crossed: Crossed | None = None,
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON value, and what was left out of it: pointers into `document`'s own format, or into the value.

    `xml`: the value is to become XML, which has other rules for signatures. `of_inventory`: see `write.render_document`.
    `crossed`: what the document said in words of SPDX 3 before it was taken out of it.
    """
    if document.family in (Family.SPDX2, Family.SPDX3):
        document = nested(document)
    crossed = crossed or crossed_to_cyclonedx(document)
    writer = _Writer(of_many(document), version, crossed=crossed)
    value = writer.document()
    left_out = tuple(writer.left_out)
    if of_inventory and version in _CHECKED_OWN:
        return value, left_out
    return value, (*left_out, *settle_value(value, version, xml=xml))


@dataclass(slots=True)
class _Writer:
    """One document on its way out."""

    source: Document
    version: str
    left_out: list[Problem] = field(default_factory=list)
    same: bool = False
    relations: dict[str, list[Property]] = field(default_factory=dict)
    explained: dict[str, list[str]] = field(default_factory=dict)
    systems: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    crossed: Crossed = field(kw_only=True)

    def document(self) -> dict[str, Any]:
        """The whole."""
        source = self.source
        self.same = source.family is Family.CYCLONEDX
        self.texts = {one.id: one.text for one in source.custom_licences if one.text}
        self._sort_relations()
        out: dict[str, Any] = {"$schema": f"http://cyclonedx.org/schema/bom-{self.version}.schema.json", "bomFormat": "CycloneDX"}
        out["specVersion"] = self.version
        serial, stated = self._serial()
        if serial:
            out["serialNumber"] = serial
        out["version"] = source.revision
        metadata = self._metadata(stated)
        if metadata:
            out["metadata"] = metadata
        out["components"] = [self._part(one) for one in (*source.parts, *source.files)]
        references, _ = self._references(source.references, "")
        if references:
            out["externalReferences"] = references
        out["dependencies"] = dependency_rows(source.relations, self.explained, provides=self.version >= "1.6", same=self.same)
        if source.completeness:
            out["compositions"] = [self._completeness(one) for one in source.completeness]
        if source.vulnerabilities:
            out["vulnerabilities"] = deepcopy(list(source.vulnerabilities))
        if source.annotations:
            out["annotations"] = [self._annotation(one) for one in source.annotations]
        self._restore(out, source.extra, "")
        put_back(out, self.crossed.extra)
        for name in ("components", "dependencies"):
            if not out[name] and name not in _stated_empty(source):
                del out[name]
        return out

    def lose(self, place: str, what: str) -> None:
        """Note what cannot be said."""
        self.left_out.append(Problem(place, what))

    def _restore(self, value: dict[str, Any], extra: Any, place: str) -> dict[str, Any]:
        if not extra:
            return value
        if self.same:
            return put_back(value, extra)
        for pointer in extras_that_matter(extra, ""):
            self.lose(f"{place}{pointer}", f"has no place outside of {self.source.family.value}")
        return value

    def _serial(self) -> tuple[str, str]:
        """The serial number, and what the document calls itself where that is none."""
        stated = self.source.serial
        if stated.startswith("urn:uuid:") or not stated:
            return stated.lower(), ""
        return f"urn:uuid:{uuid.uuid5(_SERIALS, stated)}", stated

    def _metadata(self, serial: str) -> dict[str, Any]:
        source = self.source
        out: dict[str, Any] = {}
        if source.timestamp:
            out["timestamp"] = source.timestamp
        if source.phases:
            out["lifecycles"] = [{"phase": one} if one in PHASES else {"name": one} for one in source.phases]
        tools = tools_of(source)
        if tools:
            out["tools"] = self._tools(tools)
        people, firm = authors_in_cyclonedx(source.authors, self.version)
        if people:
            out["authors"] = [self._party(one, person=True) for one in people]
        if source.subject is not None:
            out["component"] = self._part(source.subject)
        if firm is not None:
            out["manufacturer"] = self._party(firm)
        if source.manufacturer is not None:
            out["manufacture"] = self._party(source.manufacturer)
        if source.supplier is not None:
            out["supplier"] = self._party(source.supplier)
        if source.licences:
            out["licenses"] = licence_choices(source.licences, self.version)
        rows = carried(source, ("name", "comment", "custom_licences", *(("tools",) if tools != source.tools else ())))
        rows += carried_parties(source, ("manufacturer", "supplier"), said_organization)
        if tuple(map(bare, source.authors)) != said_authors(source.authors, self.version):
            rows += carried_parties(source, ("authors",), None)
        rows += [Property("pratique:document:serial", serial)] if serial else []
        rows += [*source.properties, *self.relations.pop("", ())]
        if rows:
            out["properties"] = [{"name": one.name, "value": one.value} for one in rows]
        return out

    def _tools(self, tools: Iterable[Tool]) -> Any:
        rows = []
        for one in tools:
            row: dict[str, Any] = {"type": "application"} if self.version >= "1.5" else {}
            if self.same and "/type" in one.extra and row:
                row["type"] = one.extra["/type"]
            if one.vendor:
                row["publisher" if row else "vendor"] = one.vendor
            row["name"] = one.name
            row |= {"version": one.version} if one.version else {}
            if one.hashes:
                row["hashes"] = self._hashes(one.hashes, f"tool {one.name}")
            rows.append(self._restore(row, one.extra, f"tool {one.name} "))
        return {"components": rows} if self.version >= "1.5" else rows

    def _part(self, part: Part) -> dict[str, Any]:
        parties = self._unsaid_parties(part)
        part = with_makers(part, self.version)
        inner_system = part.kind == _SYSTEM and self._is_inner(part)
        out: dict[str, Any] = {"type": spoken_kind("platform" if inner_system else part.kind, self.version)}
        if part.ref:
            out["bom-ref"] = part.ref
        if part.supplier is not None:
            out["supplier"] = self._party(part.supplier)
        if part.manufacturer is not None:
            out["manufacturer"] = self._party(part.manufacturer)
        if part.authors:
            out["authors"] = [self._party(one, person=True) for one in part.authors]
        if part.author:
            out["author"] = part.author
        if part.publisher:
            out["publisher"] = part.publisher
        if part.group:
            out["group"] = part.group
        out["name"] = part.name
        if part.version and len(part.version) <= MAX_VERSION:
            out["version"] = part.version
        elif part.version:
            self.lose(part.ref or part.name, f"its version of {len(part.version)} characters, of which {MAX_VERSION} may be")
        for name, value in (("mime-type", part.mime_type), ("description", part.description), ("scope", part.scope)):
            if value:
                out[name] = value
        if part.hashes:
            hashes = self._hashes(part.hashes, part.ref)
            out |= {"hashes": hashes} if hashes else {}
        properties = parties + own_properties(part) + (carried(part, ("kind",)) if inner_system else [])
        if part.licences:
            properties += self._licences(out, part)
        if part.copyright:
            out["copyright"] = part.copyright
        if part.cpes:
            self._say_cpe(out, part)
        if part.purl and is_iri_reference(part.purl):
            out["purl"] = part.purl
        elif part.purl:
            self.lose(part.ref or part.name, f"its purl {clean(part.purl, 80)!r} is no address")
        if part.references or part.download:
            references, unsayable = self._references(with_download(part), part.ref or part.name)
            out |= {"externalReferences": references} if references else {}
            properties += carried_part("references", unsayable)
        properties += part.properties
        if part.ref in self.relations:
            properties += self.relations[part.ref]
        if properties:
            out["properties"] = [{"name": one.name, "value": one.value} for one in properties]
        if part.parts:
            out["components"] = [self._part(one) for one in part.parts]
        evidence = out.pop("evidence", {})
        if part.occurrences and self.version >= "1.5":
            evidence["occurrences"] = [{"location": one} for one in part.occurrences]
        elif part.occurrences:
            self.lose(part.ref or part.name, "where it was found")
        if part.copyrights:
            evidence["copyright"] = [{"text": one} for one in part.copyrights]
        if evidence:
            out["evidence"] = evidence
        if part.ref in self.crossed.parts:
            put_back(out, self.crossed.parts[part.ref])
        return self._restore(out, part.extra, f"{part.ref or part.name} ") if part.extra else out

    def _unsaid_parties(self, part: Part) -> list[Property]:
        """Persons and organisations of whom readers would see less, or what they do not state."""
        if not (part.supplier or part.manufacturer or part.originators or part.authors or part.author):
            return []
        old, both = self.version < "1.6", bool(part.originators)
        found = carried_parties(part, ("originators",), None)
        found += carried_parties(part, ("authors",), None if old or both else said_person)
        found += carried_parties(part, ("manufacturer",), None if old or both else said_organization)
        found += carried_parties(part, ("author",), None) if found else []
        return found + carried_parties(part, ("supplier",), said_organization)

    def _is_inner(self, part: Part) -> bool:
        """Whether it is another system than the first. Scanners take any of them for the one that an image runs."""
        self.systems += 1
        return self.systems > 1

    def _licences(self, out: dict[str, Any], part: Part) -> list[Property]:
        stated, found, unsayable = sorted_licences(part.licences, self.texts, self.version)
        if stated:
            out["licenses"] = licence_choices(stated, self.version)
        if found:
            out["evidence"] = {"licenses": licence_choices(found, self.version, acknowledged=False)}
        return carried_part("licences", unsayable) if unsayable else []

    def _hashes(self, hashes: Iterable[Hash], place: str) -> list[dict[str, str]]:
        return [{"alg": ALGORITHM_NAMES[one.algorithm], "content": one.value} for one in hashes if sayable(one)]

    def _party(self, party: Party, *, person: bool = False) -> dict[str, Any]:
        """What `said_person` and `said_organization` are read back as."""
        extra = party.extra
        said = (said_person if person else said_organization)(bare(party))
        out: dict[str, Any] = {"name": said.name} if said.name else {}
        if said.urls:
            out["url"] = list(said.urls)
        contacts = [self._party(one, person=True) for one in party.contacts] if not person else []
        addresses = {name: value for name, value in (("email", said.email), ("phone", said.phone)) if value}
        if person:
            out |= addresses
        elif addresses:
            contacts.append(addresses)
        if contacts:
            out["contact"] = contacts
        return self._restore(out, extra, f"{party.name} ")

    def _say_cpe(self, out: dict[str, Any], part: Part) -> None:
        spoken = spoken_cpe(part)
        out |= {"cpe": spoken} if spoken else {}
        for one in part.cpes:
            if not cpe_version(one):
                self.lose(part.ref or part.name, f"{clean(one, 80)!r} is no CPE name")

    def _references(
        self, references: Iterable[ExternalReference], place: str
    ) -> tuple[list[dict[str, Any]], list[ExternalReference]]:
        """References; and those whose address is none (RFC 3987), without what only their own format knows."""
        fit: list[dict[str, Any]] = []
        unsayable: list[ExternalReference] = []
        for one in references:
            if is_iri_reference(one.url):
                fit.append(self._reference(one))
            else:
                unsayable.append(replace(one, extra={}))
                self.lose(place, f"{one.kind} {clean(one.url, 80)!r} is no address")
        return fit, unsayable

    def _reference(self, one: ExternalReference) -> dict[str, Any]:
        kind = one.kind if one.kind in REFERENCES[self.version] else "other"
        comment = one.comment if kind == one.kind else f"{one.kind}: {one.comment}" if one.comment else one.kind
        out: dict[str, Any] = {"type": kind, "url": one.url}
        if comment:
            out["comment"] = comment
        if one.hashes:
            out["hashes"] = self._hashes(one.hashes, one.url)
        return self._restore(out, one.extra, f"{one.url} ")

    def _sort_relations(self) -> None:
        """Those that are no dependencies are properties of what they start from."""
        subject = self.source.subject.ref if self.source.subject is not None else None
        remarked: list[Relation] = []
        for one in self.source.relations:
            implied = one.kind == CONTAINS and one.source in ("", subject)
            nothing = not one.targets and one.kind not in (DEPENDS_ON, PROVIDES)
            if one.comment or one.complete or nothing:
                remarked.append(one)
            elif one.kind not in (DEPENDS_ON, PROVIDES) and not implied:
                rows = self.relations.setdefault(one.source, [])
                rows += [Property(f"{OWN_PREFIX}relation:{one.kind}", target) for target in one.targets]
            self._restore({}, {} if self.same else one.extra, f"{one.source} {one.kind} ")
        self.explained, both = explained_needs(self.source.relations)
        for ref, names in both.items():
            self.relations.setdefault(ref, []).extend(Property(f"{OWN_PREFIX}relation:{DEPENDS_ON}", name) for name in names)
        plain = [replace(one, extra={}) for one in remarked]
        self.relations.setdefault("", []).extend(carried_items("pratique:document:relations", plain))

    def _completeness(self, one: Completeness) -> dict[str, Any]:
        out: dict[str, Any] = {"aggregate": one.aggregate}
        out |= {"assemblies": list(one.assemblies)} if one.assemblies else {}
        out |= {"dependencies": list(one.dependencies)} if one.dependencies else {}
        return self._restore(out, one.extra, "compositions")

    def _annotation(self, one: Annotation) -> dict[str, Any]:
        words = {"person": "individual", "organization": "organization", "tool": "component"}
        out: dict[str, Any] = {"subjects": [ref or self._own_ref() for ref in one.subjects]}
        if not (self.same and "/annotator" in one.extra):
            by: dict[str, Any] = {"name": one.by} if one.by_kind != "tool" else {"type": "application", "name": one.by}
            out["annotator"] = {words.get(one.by_kind, "individual"): by}
        out["timestamp"] = one.timestamp or self.source.timestamp
        out["text"] = one.text
        return self._restore(out, one.extra, "annotations")

    def _own_ref(self) -> str:
        return self.source.subject.ref if self.source.subject is not None else ""


def _stated_empty(document: Document) -> tuple[str, ...]:
    """A document of ours or of nobody says `components` also when there are none."""
    if document.family is Family.OWN:
        return ("components", "dependencies")
    return tuple(name for name in ("components", "dependencies") if f"/{name}" in document.extra)
