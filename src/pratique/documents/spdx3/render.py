"""A `Document` as SPDX 3.0.1 JSON-LD, and what it cannot say. Pure.

Identifiers are the document's own and what the part is called; agents, licences and the like are named by their words, so that
the same document gives the same bytes. What SPDX 3 has no member for stands in its extension for CycloneDX properties.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pratique import __version__
from pratique.documents.carry import carried, carried_part
from pratique.documents.containment import flattened
from pratique.documents.crossing.vulnerabilities_out import security_elements
from pratique.documents.document import (
    Annotation,
    Basis,
    CustomLicence,
    Document,
    DocumentForm,
    Family,
    Licence,
    Part,
    Party,
    Property,
    Relation,
)
from pratique.documents.extra import put_back
from pratique.documents.parties import said_in_spdx3
from pratique.documents.shape import Problem
from pratique.documents.spdx3.elements import Elements
from pratique.documents.spdx3.graph import OWN_AGENT, OWN_INFO
from pratique.documents.spdx3.members import (
    extension_of,
    identifiers_to,
    problems_of_names,
    references_to,
)
from pratique.documents.spdx3.vocabulary import (
    ALGORITHMS,
    CONTEXT,
    IMPLIED_KINDS,
    NO_ELEMENT,
    NO_LICENCE,
    RELATIONS,
    SCOPES,
    SPOKEN_KINDS,
    UNKNOWN_ELEMENT,
    camel,
    profiles_of,
)
from pratique.documents.spdx_common import (
    PART_CARRIED,
    LicenceWriter,
    document_properties,
    part_parties,
    short_hash,
    spdx_time,
    split_licences,
    tool_text,
)
from pratique.documents.told import at_relations
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.text import clean

_PART_CARRIED = (*(name for name in PART_CARRIED if name != "mime_type"), "file_name")


def document_to_spdx3(document: Document) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON value, and what was left out of it."""
    writer = _Writer(at_relations(flattened(document), worded=True))
    return {"@context": CONTEXT, "@graph": writer.graph()}, tuple(writer.left_out)


@dataclass(slots=True)
class _Writer(Elements):
    """One document on its way out."""

    licences: LicenceWriter = field(init=False)
    expressions: dict[str, dict[str, Any]] = field(default_factory=dict)
    infos: list[dict[str, Any]] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        Elements.__post_init__(self)
        self.licences = LicenceWriter.of(self.source, explain=False)

    def graph(self) -> list[dict[str, Any]]:
        """All elements: creation info, agents, tools, document, parts, licences, relationships, annotations, the rest."""
        source = self.source
        if not source.timestamp and source.family is not Family.OWN:
            self.left_out.append(Problem("", "states no time, which SPDX demands: 1970 stands there"))
        created = spdx_time(source.timestamp)
        by = [self.agent(one) for one in source.authors]
        if not by:
            self.agents[OWN_AGENT] = self.element("SoftwareAgent", OWN_AGENT, name=f"pratique-{__version__}")
            by = [self.id(OWN_AGENT)]
        using = [self.tool(tool_text(one), one.extra) for one in source.tools]
        info: dict[str, Any] = {
            "@id": OWN_INFO,
            "type": "CreationInfo",
            "specVersion": "3.0.1",
            "created": created,
            "createdBy": by,
        }
        if using:
            info["createdUsing"] = using
        parts = [self.part(one, "software_Package") for one in _with(source.subject, source.parts)]
        files = [self.part(one, "software_File") for one in source.files]
        self.known = frozenset({"", *(one.ref for one in (*_with(source.subject, source.parts), *source.files))})
        for one in source.relations:
            if not (one.kind == "describes" and not one.source):
                self.relate(one)
        security = list(security_elements(source.vulnerabilities, self.element, self.named, self.organization))
        annotations = [row for index, one in enumerate(source.annotations) for row in self.annotation(one, index)]
        self.classes = {row["type"] for row in (*parts, *files, *self.rest, *security)}
        document, sbom = self.collections([row["spdxId"] for row in (*parts, *files)])
        texts = [self.custom(one) for _, one in sorted(self.licences.custom.items())]
        extra = {key: one for key, one in source.extra.items() if not key.startswith(("/SpdxDocument/", "/software_Sbom/"))}
        own = {key.removeprefix("/CreationInfo"): one for key, one in extra.items() if key.startswith("/CreationInfo/")}
        self.restore(info, own, "creation info ")
        if not self.same:
            self.restore({}, extra, "")
        return [
            info,
            *self.infos,
            *self.agents.values(),
            *self.tools.values(),
            document,
            sbom,
            *parts,
            *files,
            *texts,
            *self.expressions.values(),
            *self.relationships,
            *annotations,
            *security,
            *self.rest,
        ]

    def named(self, ref: str) -> str:
        """The identifier of a part that the document has, "" for none."""
        if ref in self.known and ref:
            return self.ref(ref)
        self.left_out.append(Problem("vulnerabilities", f"names {clean(ref, 80)}, which is not in the document"))
        return ""

    def collections(self, elements: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The document, and the bill of materials that it is about."""
        source = self.source
        extra = {key.removeprefix("/SpdxDocument"): one for key, one in source.extra.items() if key.startswith("/SpdxDocument/")}
        sbom_extra = {
            key.removeprefix("/software_Sbom"): one for key, one in source.extra.items() if key.startswith("/software_Sbom/")
        }
        roots = [source.subject.ref] if source.subject is not None else []
        for one in source.relations:
            if one.kind == "describes" and not one.source:
                roots += one.targets
        sbom = self.element("software_Sbom", "sbom", rootElement=[self.ref(one) for one in roots], element=elements)
        if self.same:
            sbom["spdxId"] = sbom_extra.pop("/spdxId", sbom["spdxId"])
        elif source.family is Family.OWN:
            sbom["software_sbomType"] = ["analyzed"]
        subject = source.subject.full_name if source.subject is not None else ""
        document: dict[str, Any] = {
            "type": "SpdxDocument",
            "spdxId": self.serial,
            "creationInfo": OWN_INFO,
        }
        name = source.name or (subject if source.family is Family.OWN else "")
        document |= {"name": name} if name else {}
        document |= extension_of(document_properties(source, said_in_spdx3))
        if source.comment:
            document["comment"] = source.comment
        document["rootElement"] = [sbom["spdxId"]]
        if "/profileConformance" not in extra or not self.same:
            document["profileConformance"] = profiles_of(self.classes)
        return self.restore(document, extra, ""), self.restore(sbom, sbom_extra, "")

    def part(self, part: Part, kind: str) -> dict[str, Any]:
        """A package or a file."""
        part, parties = part_parties(part, self.source, said_in_spdx3)
        kind = part.extra.get("/type", kind) if self.same else kind
        out: dict[str, Any] = {"type": kind, "spdxId": self.ref(part.ref or part.name), "creationInfo": OWN_INFO}
        if self.same:
            out["creationInfo"] = part.extra.get("/creationInfo", OWN_INFO)
        texts = (
            ("name", part.full_name),
            ("summary", part.summary),
            ("description", part.description),
            ("comment", part.comment),
        )
        out |= {name: value for name, value in texts if value}
        if part.hashes:
            rows = [
                {"type": "Hash", "algorithm": ALGORITHMS[one.algorithm], "hashValue": one.value}
                for one in part.hashes
                if one.algorithm in ALGORITHMS
            ]
            out |= {"verifiedUsing": rows} if rows else {}
        if part.supplier is not None:
            out["suppliedBy"] = self.agent(part.supplier)
        if part.originators:
            out["originatedBy"] = [self.agent(one) for one in part.originators]
        purpose = SPOKEN_KINDS.get(part.kind) if part.kind != IMPLIED_KINDS.get(kind) else ""
        if purpose and kind != "software_File":
            out["software_primaryPurpose"] = purpose
        if part.copyright:
            out["software_copyrightText"] = part.copyright
        if part.attributions:
            out["software_attributionText"] = list(part.attributions)
        times = (("builtTime", part.built), ("releaseTime", part.released), ("validUntilTime", part.valid_until))
        out |= {name: spdx_time(value) for name, value in times if value}
        properties = [*parties, *self.unsaid(part, kind)]
        if kind != "software_File":
            words = (
                ("packageVersion", part.version),
                ("packageUrl", part.purl),
                ("downloadLocation", part.download),
                ("sourceInfo", part.source_info),
            )
            out |= {f"software_{name}": value for name, value in words if value}
        elif part.mime_type:
            out["contentType"] = part.mime_type
        identifiers = identifiers_to(part)
        problems = problems_of_names(part)
        references, unsayable = references_to(out, part)
        properties += carried(Part(ref="", name="", references=tuple(unsayable)), ("references",)) if unsayable else []
        self.left_out += problems
        if self.same:
            identifiers += part.extra.get("/externalIdentifier", [])
            references += part.extra.get("/externalRef", [])
        out |= {"externalIdentifier": identifiers} if identifiers else {}
        out |= {"externalRef": references} if references else {}
        extension = extension_of([*properties, *part.properties])
        if extension and self.same:
            extension["extension"] += part.extra.get("/extension", [])
        out |= extension
        self.license(part, out["spdxId"])
        return self.restore(out, part.extra, f"{part.ref or part.name} ")

    def unsaid(self, part: Part, kind: str) -> list[Property]:
        """Facts that SPDX 3 has no member for."""
        own = self.source.family is Family.OWN and part.supplier is not None and part.publisher == part.supplier.name
        found = carried(replace(part, publisher="") if own else part, _PART_CARRIED)
        if kind == "software_File":
            found += carried(part, ("version", "purl", "download", "source_info"))
        elif part.mime_type:
            found += carried(part, ("mime_type",))
        if not part.ref:
            found += carried(part, ("ref",))
        if part.kind and part.kind not in SPOKEN_KINDS:
            found += carried(part, ("kind",))
        found += carried_part("hashes", [one for one in part.hashes if one.algorithm not in ALGORITHMS])
        found += carried_part("cpes", [one for one in part.cpes if not cpe_version(one)])
        return found + carried_part("licences", [replace(one, extra={}) for one in part.licences if one.basis is Basis.FOUND])

    def license(self, part: Part, ref: str) -> None:
        """Relationships to what was declared and concluded."""
        declared, concluded, _ = split_licences(part)
        for kind, rows in (("hasDeclaredLicense", declared), ("hasConcludedLicense", concluded)):
            groups: dict[str, list[Licence]] = {}
            for one in rows:
                groups.setdefault(json.dumps(one.extra, sort_keys=True) if self.same else "", []).append(one)
            for group in groups.values():
                to = [self.expression(one) for one in group]
                relation = self.relationship(ref, kind, list(dict.fromkeys(to)))
                if self.same:
                    extra = {
                        key.removeprefix("/relationship"): one
                        for key, one in group[0].extra.items()
                        if key.startswith("/relationship/")
                    }
                    put_back(relation, extra)
                else:
                    self.restore({}, {key: value for one in group for key, value in one.extra.items()}, f"{part.ref} licence ")

    def expression(self, one: Licence) -> str:
        """The element of a licence expression."""
        if one.form is DocumentForm.NONE:
            return NO_LICENCE
        word = self.licences.word(one)
        extra = {key.removeprefix("/expression"): said for key, said in one.extra.items() if key.startswith("/expression/")}
        name = f"licence-{short_hash(word + (json.dumps(extra, sort_keys=True) if extra and self.same else ''))}"
        if name not in self.expressions:
            rows = [
                {"type": "DictionaryEntry", "key": key, "value": self.custom_id(self.licences.custom[key])}
                for key in sorted(set(word.replace("(", " ").replace(")", " ").split()))
                if key in self.licences.custom
            ]
            element = self.element(
                "simplelicensing_LicenseExpression",
                name,
                simplelicensing_licenseExpression=word,
                simplelicensing_customIdToUri=rows,
            )
            self.expressions[name] = put_back(element, extra) if self.same else element
        return self.id(name)

    def custom_id(self, one: CustomLicence) -> str:
        """The identifier of what a `LicenseRef-…` stands for."""
        return str(one.extra.get("/spdxId", self.id(one.id))) if self.same else self.id(one.id)

    def custom(self, one: CustomLicence) -> dict[str, Any]:
        """What a `LicenseRef-…` stands for."""
        more = self.same and any(pointer.startswith("/expandedlicensing_") for pointer in one.extra)
        kind = "expandedlicensing_CustomLicense" if one.urls or more else "simplelicensing_SimpleLicensingText"
        out = self.element(kind, one.id, name=one.name, comment=one.comment)
        out |= {"spdxId": self.custom_id(one), "simplelicensing_licenseText": one.text or one.name or one.id}
        if one.urls:
            out["expandedlicensing_seeAlso"] = list(one.urls)
        return self.restore(out, one.extra, f"{one.id} ")

    def relate(self, one: Relation) -> None:
        """A relation of ours."""
        scope, _, plain = one.kind.partition("-")
        kind, comment = camel(one.kind), one.comment
        members: dict[str, Any] = {}
        if kind not in RELATIONS and scope in SCOPES and camel(plain) in RELATIONS:
            kind, members = camel(plain), {"type": "LifecycleScopedRelationship", "scope": scope}
        elif kind not in RELATIONS:
            if comment:
                self.left_out.append(Problem(f"{one.source} {one.kind}", "what is remarked about the relation"))
            kind, comment = "other", f"pratique:{one.kind}"
        sayable = [target for target in one.targets if self.is_known(target, f"{one.source} {one.kind}")]
        if not self.is_known(one.source, f"{one.source} {one.kind}") or (one.targets and not sayable):
            return
        targets = [self.ref(target) for target in sayable]
        complete = camel(one.complete) if one.complete else ""
        if not targets:
            targets, complete = [UNKNOWN_ELEMENT if one.complete == "no-assertion" else NO_ELEMENT], ""
        row = self.relationship(self.ref(one.source), kind, targets, completeness=complete, comment=comment, **members)
        if self.same:
            row["spdxId"] = one.extra.get("/spdxId", row["spdxId"])
        self.restore(row, one.extra, f"{one.source} {one.kind} ")

    def is_known(self, ref: str, place: str) -> bool:
        """Whether the document has it; other documents of SPDX 3 may say where else it is."""
        if self.same or ref in self.known:
            return True
        self.left_out.append(Problem(place, f"names {clean(ref, 80)}, which is not in the document"))
        return False

    def annotation(self, one: Annotation, index: int) -> Iterable[dict[str, Any]]:
        """An element for each subject; who made it and when needs creation info of its own."""
        info = OWN_INFO
        if one.by or one.timestamp:
            info = f"{OWN_INFO}-{index + 1}"
            kind = {"tool": "software"}.get(one.by_kind, one.by_kind)
            by = self.agent(Party(name=one.by or "unnamed", kind=kind))
            created = spdx_time(one.timestamp or self.source.timestamp)
            self.infos.append(
                {"@id": info, "type": "CreationInfo", "specVersion": "3.0.1", "created": created, "createdBy": [by]}
            )
        for number, subject in enumerate([ref for ref in one.subjects if self.is_known(ref, "annotation")]):
            row = self.element("Annotation", f"annotation-{index + 1}-{number + 1}", statement=one.text)
            row |= {"creationInfo": info, "annotationType": one.kind or "other", "subject": self.ref(subject)}
            yield self.restore(row, one.extra, "annotation ")


def _with(subject: Part | None, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return parts if subject is None else (subject, *parts)
