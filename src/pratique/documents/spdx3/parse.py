"""SPDX 3.0.1 JSON-LD to a `Document`. Pure.

Takes documents that `spdx3_check` has passed, or repaired ones. Packages and files become parts, agents become parties where
they are named, licence expressions become licences where a relationship declares or concludes them. Every other element stays
as it is in `extra["/@graph"]`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pratique.documents.carry import carried_fields, restored
from pratique.documents.document import (
    Annotation,
    Basis,
    CustomLicence,
    Document,
    DocumentForm,
    Family,
    Licence,
    Part,
    Relation,
)
from pratique.documents.extra import rest_of
from pratique.documents.parties import said_in_spdx3, without_made_originators
from pratique.documents.spdx3.expanded import ExpandedLicences
from pratique.documents.spdx3.graph import AGENTS, BOMS, OWN_AGENT, OWN_INFO, PART_CLASSES, Graph
from pratique.documents.spdx3.layout import laid_out
from pratique.documents.spdx3.members import (
    hashes_from,
    id_of,
    identifiers_from,
    references_from,
    said,
    text_of,
)
from pratique.documents.spdx3.vocabulary import (
    IMPLIED_KINDS,
    INDIVIDUALS,
    KINDS,
    NO_ELEMENT,
    SCOPES,
    UNKNOWN_ELEMENT,
    hyphened,
    profiles_of,
)
from pratique.documents.spdx_common import is_only_a_name, named_licence, without_group, without_made_parties
from pratique.documents.spdx_vocabulary import licence_from_spdx
from pratique.lexicon.licences import reference

_PART = frozenset(
    "spdxId @id type creationInfo name summary description comment verifiedUsing externalRef externalIdentifier extension"
    " originatedBy suppliedBy software_primaryPurpose software_copyrightText software_packageVersion software_packageUrl"
    " software_homePage software_downloadLocation contentType software_sourceInfo software_attributionText builtTime releaseTime"
    " validUntilTime".split()
)
_RELATIONSHIPS = frozenset({"Relationship", "LifecycleScopedRelationship"})
_LICENCE_RELATIONS = {"hasDeclaredLicense": Basis.DECLARED, "hasConcludedLicense": Basis.CONCLUDED}
_LICENCE = frozenset("spdxId @id type creationInfo simplelicensing_licenseExpression simplelicensing_customIdToUri".split())
_RELATION = frozenset("spdxId @id type creationInfo from to relationshipType completeness comment scope".split())
_KEPT_TWICE = frozenset({*AGENTS, "Tool", "CreationInfo", "simplelicensing_LicenseExpression"})
"""Classes of what becomes a value without a name, and may be referred to by its name, too."""


def document_from_spdx3(document: Mapping[str, Any]) -> Document:
    """The whole document."""
    return _Reader(laid_out(document)).document()


class _Reader(Graph):
    """One document on its way in."""

    def __init__(self, graph: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(graph)
        self.stated: dict[str, frozenset[str]] = {}  # what each part carries
        self.licences: dict[str, list[Licence]] = {}
        self.custom, custom_names = self.custom_licences()
        # Relationships have names of ours again, unless something is said of them.
        self.remarked = {
            ref
            for one in self.elements.values()
            for member in ("from", "to", "subject", "security_assessedElement")
            for ref in (one.get(member, ()) if member == "to" else (one.get(member),))
            if isinstance(ref, str) and self.elements.get(ref, {}).get("type") in _RELATIONSHIPS
        }
        self.expanded = ExpandedLicences(self.elements, custom_names)

    def document(self) -> Document:
        """All of it."""
        info = self.creation_info(self.root.get("creationInfo", {}))
        relations = self.relations()
        parts = [self.part(one) for one in self.elements.values() if one["type"] in PART_CLASSES]
        annotations = self.annotations()
        roots, extra = self.collections()
        described = dict.fromkeys(roots)
        for one in relations:
            if one.kind == "describes" and one.source == "" and not one.comment:
                described.update(dict.fromkeys(one.targets))
        relations = [one for one in relations if not (one.kind == "describes" and one.source == "" and not one.comment)]
        subject = next((one for _, one in parts if [one.ref] == list(described)), None)
        subject_file = any(one is subject and kind == "software_File" for kind, one in parts)
        if subject is None and described:
            relations.insert(0, Relation(source="", kind="describes", targets=tuple(described)))
        extension, properties = self.properties(self.root)
        authors = tuple(
            party
            for ref in info.get("createdBy", ())
            if (party := self.party(ref)) is not None and text_of(ref) != self.own(OWN_AGENT)
        )
        tools = tuple(tool for ref in info.get("createdUsing", ()) if (tool := self.tool(ref)) is not None)
        extra |= extension | rest_of(
            self.root,
            frozenset("spdxId @id type creationInfo name comment extension element rootElement".split()),
            "/SpdxDocument",
        )
        if extra.get("/SpdxDocument/profileConformance") == profiles_of(one["type"] for one in self.elements.values()):
            del extra["/SpdxDocument/profileConformance"]
        extra |= rest_of(info, frozenset("@id type specVersion created createdBy createdUsing".split()), "/CreationInfo")
        used_custom = {
            name for rows in self.licences.values() for one in rows if one.form is DocumentForm.NAME for name in (one.value,)
        }
        found = Document(
            family=Family.SPDX3,
            spec_version=info.get("specVersion", "3.0.1"),
            serial=self.serial,
            name=self.root.get("name", ""),
            timestamp=info.get("created", ""),
            comment=self.root.get("comment", ""),
            authors=authors,
            custom_licences=tuple(one for one in self.custom.values() if not (is_only_a_name(one) and one.name in used_custom)),
            properties=properties,
            subject=replace(subject, extra={**subject.extra, "/type": "software_File"}) if subject and subject_file else subject,
            parts=tuple(one for kind, one in parts if kind != "software_File" and one is not subject),
            files=tuple(one for kind, one in parts if kind == "software_File" and one is not subject),
            relations=tuple(relations),
            annotations=annotations,
            extra=extra,
        )
        found = restored(found)
        found = found if found.tools else replace(found, tools=tools)
        stated = self.stated.get(subject.ref if subject is not None else "", frozenset())
        found = without_made_parties(found, stated, said_in_spdx3)
        left = self.left([one for _, one in parts], relations)
        return replace(found, extra=dict(found.extra) | ({"/@graph": left} if left else {}))

    def left(self, parts: Iterable[Part], relations: Iterable[Relation]) -> list[Mapping[str, Any]]:
        """What is kept as it is; and what that or a relation refers to, even where it was read for something else, too."""
        found = {ref: one for ref, one in self.elements.items() if ref not in self.used}
        wanted = [text_of(part.extra.get("/creationInfo")) for part in parts]
        wanted += [ref for one in relations for ref in (one.source, *one.targets)]
        wanted += [ref for one in found.values() for ref in self.spoken_of(one)]
        while wanted:
            ref = wanted.pop()
            one = self.elements.get(ref)
            if one is None or ref in found or one["type"] not in _KEPT_TWICE or ref == self.info == OWN_INFO:
                continue
            found[ref] = one
            wanted += self.spoken_of(one)
        if self.info != OWN_INFO and OWN_INFO not in found:
            # The document's own creation info is what the writer calls so.
            found.pop(self.info, None)
            return [{**one, "creationInfo": OWN_INFO} if one.get("creationInfo") == self.info else one for one in found.values()]
        return list(found.values())

    def part(self, value: Mapping[str, Any]) -> tuple[str, Part]:
        """A package or a file, and its class."""
        kind, ref = value["type"], id_of(value)
        self.used.add(ref)
        extra = rest_of(value, _PART)
        extension, properties = self.properties(value)
        extra |= extension
        if kind not in ("software_Package", "software_File"):
            extra["/type"] = kind
        if isinstance(value.get("creationInfo"), dict) or text_of(value.get("creationInfo", "")) != self.info:
            extra["/creationInfo"] = value.get("creationInfo")
        hashes, odd_hashes = hashes_from(value.get("verifiedUsing", ()))
        if odd_hashes:
            extra["/verifiedUsing"] = value["verifiedUsing"]
        purl, cpes, odd_identifiers = identifiers_from(value)
        if odd_identifiers:
            extra["/externalIdentifier"] = odd_identifiers
        references, odd_references = references_from(value)
        if odd_references:
            extra["/externalRef"] = odd_references
        originators = tuple(self.party(one) for one in value.get("originatedBy", ()))
        if None in originators:
            originators, extra["/originatedBy"] = (), value["originatedBy"]
        supplier = self.party(value["suppliedBy"]) if "suppliedBy" in value else None
        if "suppliedBy" in value and supplier is None:
            extra["/suppliedBy"] = value["suppliedBy"]
        purpose = value.get("software_primaryPurpose", "")
        if kind == "software_File" and purpose:
            extra["/software_primaryPurpose"] = purpose
        part = Part(
            ref=self.ref(ref),
            name=value.get("name", ""),
            kind="file" if kind == "software_File" else KINDS.get(purpose, "") or IMPLIED_KINDS.get(kind, ""),
            version=value.get("software_packageVersion", ""),
            purl=purl,
            cpes=cpes,
            licences=tuple(sorted(self.licences.get(self.ref(ref), ()), key=lambda one: list(Basis).index(one.basis))),
            hashes=() if odd_hashes else hashes,
            supplier=supplier,
            originators=tuple(one for one in originators if one is not None),
            description=value.get("description", ""),
            summary=value.get("summary", ""),
            comment=value.get("comment", ""),
            copyright=said(value.get("software_copyrightText", "")),
            mime_type=value.get("contentType", ""),
            download=said(value.get("software_downloadLocation", "")),
            source_info=value.get("software_sourceInfo", ""),
            attributions=tuple(value.get("software_attributionText", ())),
            built=value.get("builtTime", ""),
            released=value.get("releaseTime", ""),
            valid_until=value.get("validUntilTime", ""),
            references=references,
            properties=properties,
            extra=extra,
        )
        self.stated[part.ref] = carried_fields(properties)
        return kind, without_made_originators(without_group(restored(part)), self.stated[part.ref], said_in_spdx3)

    def relations(self) -> list[Relation]:
        """All relationships but those to licences, which go to the parts."""
        found: list[Relation] = []
        for ref, one in self.elements.items():
            if one["type"] not in _RELATIONSHIPS or not isinstance(one["from"], str):
                continue
            if not all(isinstance(target, str) for target in one["to"]) or self.licensed(one):
                continue
            self.used.add(ref)
            targets = [INDIVIDUALS.get(target, target) for target in one["to"]]
            unsure = UNKNOWN_ELEMENT in targets
            kind, comment = hyphened(one["relationshipType"]), one.get("comment", "")
            if one.get("scope") in SCOPES:
                kind = f"{one['scope']}-{kind}"
            if kind == "other" and comment.startswith("pratique:"):
                kind, comment = comment.removeprefix("pratique:"), ""
            found.append(
                Relation(
                    source=self.ref(one["from"]),
                    kind=kind,
                    targets=tuple(self.ref(target) for target in targets if target not in (NO_ELEMENT, UNKNOWN_ELEMENT)),
                    complete="no-assertion" if unsure else hyphened(one.get("completeness", "")),
                    comment=comment,
                    extra=rest_of(one, _RELATION) | ({"/spdxId": ref} if ref in self.remarked else {}),
                )
            )
        return found

    def licensed(self, relation: Mapping[str, Any]) -> bool:
        """Take a relationship to licences for what it says of its source; False if it is none, or says more."""
        basis = _LICENCE_RELATIONS.get(relation["relationshipType"])
        if basis is None:
            return False
        found: list[Licence] = []
        for target in relation["to"]:
            text = self.expanded.expression(target)
            if not text:
                return False
            one = licence_from_spdx(text, basis)
            element = self.elements.get(target, {})
            extra = rest_of(relation, _RELATION - {"comment", "completeness"}, "/relationship")
            if element.get("type") == "simplelicensing_LicenseExpression":
                extra |= rest_of(element, _LICENCE | {"name"}, "/expression")
                self.used.add(target)
            if one is not None:
                named = named_licence(one, self.custom)
                found.append(replace(named, extra=extra) if extra and one.form is not DocumentForm.NONE else named)
        self.used.add(id_of(relation))
        self.used.update(self.expanded.told)
        self.licences.setdefault(self.ref(relation["from"]), []).extend(found)
        return True

    def custom_licences(self) -> tuple[dict[str, CustomLicence], dict[str, str]]:
        """What the `LicenseRef-…` of expressions stand for, and identifiers of elements → those names: named by the tables of
        expressions, or by how their identifier ends, or else by what they are called."""
        names: dict[str, str] = {}
        for one in self.elements.values():
            if one["type"] == "simplelicensing_LicenseExpression":
                for row in one.get("simplelicensing_customIdToUri", ()):
                    if isinstance(row, dict) and row["key"].startswith("LicenseRef-"):
                        names[row.get("value", "")] = row["key"]
        found: dict[str, CustomLicence] = {}
        for ref, one in self.elements.items():
            simple = one["type"] == "simplelicensing_SimpleLicensingText"
            if not simple and one["type"] != "expandedlicensing_CustomLicense":
                continue
            name = names.get(ref) or ref.rpartition("#")[2].rpartition("/")[2]
            if not name.startswith("LicenseRef-") and not simple:
                name = reference(one.get("name") or name)
                names[ref] = name
            urls = one.get("expandedlicensing_seeAlso", [])
            text = one.get("simplelicensing_licenseText", "")
            if name.startswith("LicenseRef-") and isinstance(text, str) and isinstance(urls, list):
                self.used.add(ref)
                names.setdefault(ref, name)
                known = frozenset(
                    "spdxId @id type creationInfo name comment simplelicensing_licenseText expandedlicensing_seeAlso".split()
                )
                found[name] = CustomLicence(
                    id=name,
                    name=one.get("name", ""),
                    text="" if text in (name, one.get("name")) else text,
                    urls=tuple(urls),
                    comment=one.get("comment", ""),
                    extra=rest_of(one, known) | ({} if ref == self.own(name) else {"/spdxId": ref}),
                )
        return found, names

    def collections(self) -> tuple[list[str], dict[str, Any]]:
        """What the document is about, through its bill of materials; and what else that says."""
        extra: dict[str, Any] = {}
        roots: list[str] = []
        boms = [one for one in self.root.get("rootElement", ()) if isinstance(one, str)]
        for ref in boms:
            bom = self.elements.get(ref, {})
            if bom.get("type") in BOMS and len(boms) == 1:
                self.used.add(ref)
                roots += [self.ref(one) for one in bom.get("rootElement", ()) if isinstance(one, str)]
                known = frozenset("spdxId @id type creationInfo element rootElement".split())
                extra |= rest_of(bom, known, "/software_Sbom")
                if ref != self.own("sbom"):
                    extra["/software_Sbom/spdxId"] = ref
            elif bom:
                roots.append(self.ref(ref))
        return roots, extra

    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations with who made them and when."""
        found: list[Annotation] = []
        for ref, one in self.elements.items():
            if one["type"] != "Annotation" or not isinstance(one["subject"], str):
                continue
            self.used.add(ref)
            info = self.creation_info(one["creationInfo"]) if text_of(one["creationInfo"]) != self.info else {}
            party = next((self.party(by) for by in info.get("createdBy", ())), None)
            kind = "tool" if party is not None and party.kind == "software" else party.kind if party is not None else ""
            found.append(
                Annotation(
                    subjects=(self.ref(one["subject"]),),
                    text=one.get("statement", ""),
                    by=party.name if party is not None else "",
                    by_kind=kind,
                    timestamp=info.get("created", ""),
                    kind="" if one["annotationType"] == "other" else one["annotationType"],
                    extra=rest_of(one, frozenset("spdxId @id type creationInfo subject statement annotationType".split())),
                )
            )
        return tuple(found)
