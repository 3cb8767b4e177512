"""SPDX 2.2 and 2.3 (JSON layout) to a `Document`. Pure.

Takes documents that `spdx2_shape.spdx2_check` has passed, or repaired ones. The one package that a document describes is its
subject. Relationships are turned into the active direction (`DEPENDENCY_OF` is `depends-on` from the other end) and joined.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pratique.documents.carry import carried_fields, restored
from pratique.documents.cyclonedx.vocabulary import REFERENCES
from pratique.documents.document import (
    CONTAINS,
    Annotation,
    Basis,
    CustomLicence,
    Document,
    ExternalReference,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
    Tool,
)
from pratique.documents.extra import rest_that_says as rest_of
from pratique.documents.for_others import OWN_ANNOTATOR, annotations_for_others, source_info
from pratique.documents.parties import party_from, said_in_spdx2, without_made_originators
from pratique.documents.spdx2.ids import spdx2_id
from pratique.documents.spdx_common import (
    distribution_of,
    is_only_a_name,
    named_licence,
    properties_from,
    tool_from,
    without_group,
    without_made_parties,
)
from pratique.documents.spdx_vocabulary import ALGORITHMS, PURPOSES, RELATIONS, licence_from_spdx
from pratique.lexicon.lazy_regex import lazy

_DOCUMENT = frozenset(
    "spdxVersion dataLicense SPDXID name documentNamespace creationInfo comment packages files relationships annotations"
    " documentDescribes hasExtractedLicensingInfos".split()
)
_PACKAGE = frozenset(
    "name SPDXID versionInfo packageFileName supplier originator downloadLocation filesAnalyzed checksums homepage"
    " licenseConcluded licenseInfoFromFiles licenseDeclared copyrightText summary description comment externalRefs annotations"
    " hasFiles primaryPackagePurpose sourceInfo attributionTexts builtDate releaseDate validUntilDate".split()
)
_FILE = frozenset(
    "fileName SPDXID checksums licenseConcluded licenseInfoInFiles copyrightText comment annotations attributionTexts".split()
)
_HASHES = {name: ours for ours, name in ALGORITHMS.items()}
_KINDS = {purpose: kind for kind, purpose in PURPOSES.items()} | {"OPERATING-SYSTEM": "operating-system"}
_REFERENCE_TYPE = lazy(r"^https?://(?:www\.)?spdx\.org/rdf/references/")
_OWN_REFERENCES = REFERENCES["1.7"] - {"other"}


def document_from_spdx2(document: Mapping[str, Any]) -> Document:
    """The whole document."""
    licences = [_custom(one) for one in document.get("hasExtractedLicensingInfos", ())]
    reader = _Reader({one.id: one for one in licences})
    creation = document["creationInfo"]
    parts = [reader.package(one) for one in document.get("packages", ())]
    files = [reader.file(one) for one in document.get("files", ())]
    annotations, properties = reader.annotations(document, "")
    relations = reader.relations(document)
    described = [target for one in relations if one.kind == "describes" and one.source == "" for target in one.targets]
    subject = next((one for one in parts if [one.ref] == described), None)
    if subject is not None:
        relations = [one for one in relations if one.kind != "describes" or one.source]
        parts.remove(subject)
    tools, authors = _creators(creation["creators"])
    found = Document(
        family=Family.SPDX2,
        spec_version=document["spdxVersion"].removeprefix("SPDX-"),
        serial=document["documentNamespace"],
        name=document["name"],
        timestamp=creation["created"],
        comment=document.get("comment", ""),
        authors=authors,
        custom_licences=tuple(
            one for one in licences if not (one.id in reader.used and is_only_a_name(one)) and one != CustomLicence(id=one.id)
        ),
        properties=properties,
        subject=subject,
        parts=tuple(parts),
        files=tuple(files),
        relations=tuple(relations),
        annotations=(*annotations, *reader.found),
        extra=rest_of(document, _DOCUMENT) | rest_of(creation, frozenset({"created", "creators"}), "/creationInfo"),
    )
    found = restored(found)
    found = found if found.tools else replace(found, tools=tools)
    return without_made_parties(found, reader.stated.get(subject.ref if subject is not None else "", frozenset()), said_in_spdx2)


class _Reader:
    """One document on its way in: what its elements are called, and what its licences stand for."""

    def __init__(self, custom: dict[str, CustomLicence]) -> None:
        self.custom = custom
        self.used: set[str] = set()
        self.refs: dict[str, str] = {"SPDXRef-DOCUMENT": ""}
        self.found: list[Annotation] = []
        self.held: dict[str, list[str]] = {}
        self.stated: dict[str, frozenset[str]] = {}  # what each package carries

    def package(self, value: Mapping[str, Any]) -> Part:
        """A package."""
        annotations, properties = self.annotations(value, value["SPDXID"])
        extra = rest_of(value, _PACKAGE)
        if value.get("filesAnalyzed", True):
            extra["/filesAnalyzed"] = True
        purl, cpes, references = _references(value)
        licences = [
            *self.licences([value.get("licenseDeclared", "")], Basis.DECLARED),
            *self.licences([value.get("licenseConcluded", "")], Basis.CONCLUDED),
            *self.licences(value.get("licenseInfoFromFiles", ()), Basis.FOUND),
        ]
        part = restored(
            Part(
                ref=value["SPDXID"],
                name=value["name"],
                kind=_KINDS.get(value.get("primaryPackagePurpose", ""), ""),
                version=value.get("versionInfo", ""),
                purl=purl,
                cpes=cpes,
                licences=tuple(licences),
                hashes=_hashes(value.get("checksums", ())),
                supplier=_party(value.get("supplier", "")),
                originators=_parties(value.get("originator", "")),
                description=value.get("description", ""),
                summary=value.get("summary", ""),
                comment=value.get("comment", ""),
                copyright=_said(value.get("copyrightText", "")),
                file_name=value.get("packageFileName", ""),
                download=_said(value["downloadLocation"]),
                source_info=_own_words(value.get("sourceInfo", ""), properties),
                attributions=tuple(value.get("attributionTexts", ())),
                built=value.get("builtDate", ""),
                released=value.get("releaseDate", ""),
                valid_until=value.get("validUntilDate", ""),
                references=references,
                properties=properties,
                extra=extra,
            )
        )
        self.stated[part.ref] = carried_fields(properties)
        part = without_made_originators(without_group(part), self.stated[part.ref], said_in_spdx2)
        if part.download and part.download == distribution_of(part):
            part = replace(part, download="")  # our writer says a distribution in both places
        if part.ref == value["SPDXID"] and purl and spdx2_id(purl) == part.ref:
            self.stated[purl] = self.stated[part.ref]
            part = replace(part, ref=purl)
        self.refs[value["SPDXID"]] = part.ref
        self.held[part.ref] = list(value.get("hasFiles", ()))
        self.found += [replace(one, subjects=(part.ref,)) for one in annotations]
        return part

    def file(self, value: Mapping[str, Any]) -> Part:
        """A file."""
        annotations, properties = self.annotations(value, value["SPDXID"])
        licences = [
            *self.licences([value.get("licenseConcluded", "")], Basis.CONCLUDED),
            *self.licences(value.get("licenseInfoInFiles", ()), Basis.FOUND),
        ]
        part = restored(
            Part(
                ref=value["SPDXID"],
                name=value["fileName"].removeprefix("./"),
                kind="file",
                licences=tuple(licences),
                hashes=_hashes(value["checksums"]),
                copyright=_said(value.get("copyrightText", "")),
                comment=value.get("comment", ""),
                attributions=tuple(value.get("attributionTexts", ())),
                properties=properties,
                extra=rest_of(value, _FILE),
            )
        )
        self.refs[value["SPDXID"]] = part.ref
        self.found += [replace(one, subjects=(part.ref,)) for one in annotations]
        return part

    def licences(self, texts: Iterable[str], basis: Basis) -> list[Licence]:
        """Licence fields; what says nothing is passed over."""
        found: list[Licence] = []
        for text in texts:
            one = licence_from_spdx(text, basis)
            if one is not None:
                named = named_licence(one, self.custom)
                if named is not one:
                    self.used.add(one.value)
                found.append(named)
        return found

    def annotations(self, holder: Mapping[str, Any], ref: str) -> tuple[list[Annotation], tuple[Property, ...]]:
        """Remarks; and the properties that our writer put into one."""
        found: list[Annotation] = []
        properties: tuple[Property, ...] = ()
        for one in holder.get("annotations", ()):
            own = properties_from(one["comment"])
            if own is not None:
                properties += own
                continue
            kind, _, name = one["annotator"].partition(":")
            found.append(
                Annotation(
                    subjects=(ref,),
                    text=one["comment"],
                    by=name.strip(),
                    by_kind=kind.lower(),
                    timestamp=one["annotationDate"],
                    kind=one["annotationType"].lower(),
                )
            )
        for text in annotations_for_others(properties):
            found = [one for one in found if (one.text, f"Tool: {one.by}") != (text, OWN_ANNOTATOR)]
        return found, properties

    def relations(self, document: Mapping[str, Any]) -> list[Relation]:
        """All of them, joined by source and kind in the order of their first."""
        joined: dict[tuple[str, str, str], dict[str, None]] = {}
        unsure: set[tuple[str, str, str]] = set()

        def add(source: str, kind: str, target: str, comment: str = "") -> None:
            key = (self.refs.get(source, source), kind, comment)
            targets = joined.setdefault(key, {})
            if target == "NOASSERTION":
                unsure.add(key)
            elif target != "NONE":
                targets[self.refs.get(target, target)] = None

        for one in document.get("documentDescribes", ()):
            add("SPDXRef-DOCUMENT", "describes", one)
        for one in document.get("relationships", ()):
            kind, swapped = RELATIONS[one["relationshipType"]]
            ends = one["spdxElementId"], one["relatedSpdxElement"]
            comment = one.get("comment", "")
            if kind == "other" and comment.startswith("pratique:"):
                kind, comment = comment.removeprefix("pratique:"), ""
            add(*(ends[::-1] if swapped else ends)[:1], kind, (ends[::-1] if swapped else ends)[1], comment)
        for ref, files in self.held.items():
            for file in files:
                add(ref, CONTAINS, file)
        return [
            Relation(
                source=key[0],
                kind=key[1],
                targets=tuple(targets),
                comment=key[2],
                complete="no-assertion" if key in unsure else "",
            )
            for key, targets in joined.items()
        ]


def _references(value: Mapping[str, Any]) -> tuple[str, tuple[str, ...], tuple[ExternalReference, ...]]:
    """The purl, the CPE names, and every other reference."""
    purl = ""
    cpes: list[str] = []
    found: list[ExternalReference] = []
    home = _said(value.get("homepage", ""))
    if home and home != "NONE":
        found.append(ExternalReference(kind="website", url=home))
    for one in value.get("externalRefs", ()):
        category = one["referenceCategory"].replace("_", "-")
        # Some write the address of the type's definition for its name (SPDX 2.3 Annex F).
        kind = _REFERENCE_TYPE.sub("", one["referenceType"])
        locator = one["referenceLocator"].strip()
        comment = one.get("comment", "")
        if kind == "purl" and not purl and not comment:
            purl = locator
        elif kind in ("cpe23Type", "cpe22Type") and category == "SECURITY" and not comment:
            cpes.append(locator)
        else:
            own = category == "OTHER" and kind in _OWN_REFERENCES
            found.append(ExternalReference(kind=kind if own else f"{category.lower()}/{kind}", url=locator, comment=comment))
    return purl, tuple(cpes), tuple(found)


def _own_words(text: str, properties: tuple[Property, ...]) -> str:
    """Source information; "" where our writer put it together from properties."""
    return "" if text and text == source_info(Part(ref="", name="", properties=properties)) else text


def _hashes(rows: Iterable[Mapping[str, Any]]) -> tuple[Hash, ...]:
    return tuple(Hash(_HASHES[one["algorithm"]], one["checksumValue"].lower()) for one in rows)


def _party(text: str) -> Party | None:
    kind, colon, name = text.partition(":")
    return party_from(name.strip(), kind.lower()) if colon and name.strip() else None


def _parties(text: str) -> tuple[Party, ...]:
    found = _party(text)
    return (found,) if found is not None else ()


def _said(text: str) -> str:
    return "" if text == "NOASSERTION" else text


def _creators(rows: Iterable[str]) -> tuple[tuple[Tool, ...], tuple[Party, ...]]:
    tools: list[Tool] = []
    authors: list[Party] = []
    for row in rows:
        kind, _, name = row.partition(":")
        if kind == "Tool":
            if said_tool := _said(name.strip()):
                tools.append(tool_from(said_tool))
        elif name.strip():
            authors.append(party_from(name.strip(), kind.lower()))
    return tuple(tools), tuple(authors)


def _custom(value: Mapping[str, Any]) -> CustomLicence:
    return CustomLicence(
        id=value["licenseId"],
        name=_said(value.get("name", "")),
        text="" if value["extractedText"] in (value["licenseId"], value.get("name")) else value["extractedText"],
        urls=tuple(value.get("seeAlsos", ())),
        comment=value.get("comment", ""),
        extra=rest_of(value, frozenset({"licenseId", "name", "extractedText", "seeAlsos", "comment"})),
    )
