"""A `Document` as SPDX 2.3 in the layout of its JSON, and what it cannot say. Pure.

What SPDX 2 has no member for stands in one annotation an element, `{"properties": [[name, value], …]}`, which `spdx2_from`
reads back. Packages state `filesAnalyzed: false` unless the document that was read said otherwise: nothing here computes a
verification code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pratique import __version__
from pratique.documents.carry import carried, carried_part
from pratique.documents.containment import flattened
from pratique.documents.cyclonedx.vocabulary import REFERENCES
from pratique.documents.document import (
    CONTAINS,
    Annotation,
    CustomLicence,
    Document,
    DocumentForm,
    Family,
    Hash,
    Licence,
    Part,
    Property,
    Relation,
)
from pratique.documents.extra import extras_that_matter, put_back
from pratique.documents.for_others import OWN_ANNOTATOR, annotations_for_others, source_info
from pratique.documents.parties import said_in_spdx2, spdx2_party, tools_of
from pratique.documents.shape import Problem
from pratique.documents.spdx2.ids import spdx2_id
from pratique.documents.spdx2.inner_systems import packages_of_inner_systems
from pratique.documents.spdx_common import (
    PART_CARRIED,
    LicenceWriter,
    distribution_of,
    document_properties,
    namespace_of,
    part_parties,
    properties_text,
    short_hash,
    spdx_time,
    split_licences,
    tool_text,
)
from pratique.documents.spdx_vocabulary import ALGORITHMS, PURPOSES, SPOKEN
from pratique.documents.told import at_relations
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.iri import is_iri_reference
from pratique.lexicon.text import clean

_ROOT = "SPDXRef-DOCUMENT"
_FOUND_WORD = (DocumentForm.ID, DocumentForm.NAME, DocumentForm.NONE)


def document_to_spdx2(document: Document) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON value, and what was left out of it."""
    document, problems = _with_hashed_files(at_relations(flattened(document), worded=False))
    writer = _Writer(document)
    return writer.document(), (*problems, *writer.left_out)


def _with_hashed_files(document: Document) -> tuple[Document, tuple[Problem, ...]]:
    """Files without any checksum are none to SPDX 2: they become packages whose purpose is to be a file."""
    bare = tuple(one for one in document.files if not any(row.algorithm in ALGORITHMS for row in one.hashes))
    if not bare:
        return document, ()
    rest = tuple(one for one in document.files if any(row.algorithm in ALGORITHMS for row in one.hashes))
    problems = tuple(
        Problem(one.name, "has no checksum, which SPDX 2.3 demands of files: a package stands there") for one in bare
    )
    return replace(document, parts=(*document.parts, *bare), files=rest), problems


_CATEGORIES = frozenset({"OTHER", "PERSISTENT-ID", "SECURITY", "PACKAGE-MANAGER"})
_OF_SPDX3 = {
    "securityOther": ("SECURITY", "url"),
    "securityFix": ("SECURITY", "fix"),
    "mavenCentral": ("PACKAGE-MANAGER", "maven-central"),
    **{name: ("PACKAGE-MANAGER", name) for name in ("bower", "npm", "nuget")},
}
"""Types of external references that only SPDX 3 has, in SPDX 2's words; all others are of the category OTHER."""


@dataclass(slots=True)
class _Writer:
    """One document on its way out."""

    source: Document
    left_out: list[Problem] = field(default_factory=list)
    licences: LicenceWriter = field(init=False)
    created: str = field(init=False)
    same: bool = field(init=False)
    ids: dict[str, str] = field(init=False)
    system: str = field(init=False)
    inner: frozenset[str] = field(init=False)
    known: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    analysed: frozenset[str] = frozenset()
    remarks: dict[str, list[Annotation]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        source = self.source
        self.licences = LicenceWriter.of(source, explain=True)
        self.created = spdx_time(source.timestamp)
        self.same = source.family is Family.SPDX2
        self.ids = {"": _ROOT}
        self.system = next((one.ref for one in source.parts if one.kind == "operating-system" and one.ref), "")
        self.inner = packages_of_inner_systems(source)
        for one in source.annotations:
            for ref in one.subjects:
                self.remarks.setdefault(ref, []).append(one)

    def document(self) -> dict[str, Any]:
        """The whole."""
        source = self.source
        subject = source.subject
        if not source.timestamp and source.family is not Family.OWN:
            self.left_out.append(Problem("", "states no time, which SPDX demands: 1970 stands there"))
        packages = [self.package(one) for one in ((subject, *source.parts) if subject is not None else source.parts)]
        files = [self.file(one) for one in source.files]
        snippets = source.extra.get("/snippets", ()) if self.same else ()
        self.known = frozenset({*self.ids.values(), *(one["SPDXID"] for one in snippets if "SPDXID" in one)})
        self.files = frozenset(one["SPDXID"] for one in files)
        self.analysed = frozenset(one["SPDXID"] for one in packages if one["filesAnalyzed"])
        creators = [text for one in source.authors if one.kind != "software" and (text := spdx2_party(one))]
        creators += [f"Tool: {tool_text(one)}" for one in tools_of(source)]
        out: dict[str, Any] = {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": _ROOT,
            "name": source.name or (subject.full_name if subject is not None else "") or namespace_of(source),
            "documentNamespace": namespace_of(source),
        }
        if source.comment:
            out["comment"] = source.comment
        out["creationInfo"] = {"created": self.created, "creators": creators or [f"Tool: pratique-{__version__}"]}
        out["packages"] = packages
        if files:
            out["files"] = files
        out["relationships"] = list(self.relationships())
        annotations = self.annotations("", document_properties(source, said_in_spdx2))
        if annotations:
            out["annotations"] = annotations
        if self.licences.custom:
            out["hasExtractedLicensingInfos"] = [self.custom(one) for _, one in sorted(self.licences.custom.items())]
        for ref in self.remarks.keys() - self.ids.keys():
            self.left_out.append(Problem("annotation", f"names {clean(ref, 80)}, which is not in the document"))
        if source.vulnerabilities:
            self.left_out.append(Problem("", f"{len(source.vulnerabilities)} vulnerabilities, but for their addresses"))
        return self.restore(out, source.extra, "")

    def package(self, part: Part) -> dict[str, Any]:
        """A package."""
        part, parties = part_parties(part, self.source, said_in_spdx2, 1)
        out: dict[str, Any] = {"name": part.full_name, "SPDXID": self.identify(part)}
        if part.version:
            out["versionInfo"] = part.version
        if part.file_name:
            out["packageFileName"] = part.file_name
        for name, rows in (("supplier", (part.supplier,)), ("originator", part.originators)):
            text = next((spdx2_party(party) for party in rows if party is not None), "")
            out |= {name: text} if text else {}
        out["downloadLocation"] = part.download or distribution_of(part) or "NOASSERTION"
        analysed = self.same and bool(part.extra.get("/filesAnalyzed"))
        out["filesAnalyzed"] = analysed
        sayable = [one for one in part.hashes if one.algorithm in ALGORITHMS]
        if sayable:
            out["checksums"] = _checksums(sayable)
        references, unsayable = self.references(out, part)
        properties = [*parties, *self.unsaid(part, analysed)]
        if unsayable:
            properties += carried(Part(ref="", name="", references=tuple(unsayable)), ("references",))
        declared, concluded, found = split_licences(part)
        if concluded:
            out["licenseConcluded"] = self.licences.text(concluded)
        if declared:
            out["licenseDeclared"] = self.licences.text(declared)
        words = [self.licences.word(one) for one in found if one.form in _FOUND_WORD] if analysed else []
        if words:
            out["licenseInfoFromFiles"] = words
        out["copyrightText"] = part.copyright or "NOASSERTION"
        for name, value in (("summary", part.summary), ("description", part.description), ("comment", part.comment)):
            if value:
                out[name] = value
        built_from = part.source_info or source_info(part)
        if built_from:
            out["sourceInfo"] = built_from
        if part.attributions:
            out["attributionTexts"] = list(part.attributions)
        for name, value in (("builtDate", part.built), ("releaseDate", part.released), ("validUntilDate", part.valid_until)):
            if value:
                out[name] = spdx_time(value)
        if references:
            out["externalRefs"] = references
        if part.kind in PURPOSES:
            out["primaryPackagePurpose"] = PURPOSES[part.kind]
        annotations = self.annotations(part.ref, [*properties, *part.properties])
        if annotations:
            out["annotations"] = annotations
        return self.restore(out, part.extra, f"{part.ref or part.name} ")

    def file(self, part: Part) -> dict[str, Any]:
        """A file. SPDX demands a SHA-1 of each; where none was taken, the others stand alone and that is said."""
        out: dict[str, Any] = {"fileName": f"./{part.name}", "SPDXID": self.identify(part), "checksums": _checksums(part.hashes)}
        if not part.hash("sha1"):
            self.left_out.append(Problem(part.name, "has no SHA-1, which SPDX 2.3 demands of files"))
        _, concluded, found = split_licences(part)
        if concluded:
            out["licenseConcluded"] = self.licences.text(concluded)
        if found:
            out["licenseInfoInFiles"] = [self.licences.word(one) for one in found]
        out["copyrightText"] = part.copyright or "NOASSERTION"
        if part.comment:
            out["comment"] = part.comment
        if part.attributions:
            out["attributionTexts"] = list(part.attributions)
        own = [] if self.ids[part.ref] == part.ref else carried(part, ("ref",))
        annotations = self.annotations(part.ref, [*own, *part.properties])
        if annotations:
            out["annotations"] = annotations
        return self.restore(out, part.extra, f"{part.name} ")

    def identify(self, part: Part) -> str:
        """The identifier of a part."""
        found = spdx2_id(part.ref or part.name)
        if part.ref == self.system and found != part.ref:
            found = f"SPDXRef-OperatingSystem-{short_hash(part.ref)}"  # by which trivy knows it
        self.ids[part.ref] = found
        return found

    def unsaid(self, part: Part, analysed: bool) -> list[Property]:
        """Facts of a package that SPDX 2 has no member for."""
        own = self.source.family is Family.OWN and part.supplier is not None and part.publisher == part.supplier.name
        found = carried(replace(part, publisher="") if own else part, PART_CARRIED)
        if part.ref not in (self.ids[part.ref], part.purl) or self.ids[part.ref].startswith("SPDXRef-OperatingSystem-"):
            found += carried(part, ("ref",))
        if part.kind and part.kind not in PURPOSES:
            found += carried(part, ("kind",))
        found += carried_part("hashes", [one for one in part.hashes if one.algorithm not in ALGORITHMS])
        found += carried_part("cpes", [one for one in part.cpes if not cpe_version(one)])
        unsaid = [one for one in part.licences if one.basis.value == "found" and not (analysed and one.form in _FOUND_WORD)]
        return found + carried_part("licences", [_plain(one) for one in unsaid])

    def references(self, out: dict[str, Any], part: Part) -> tuple[list[dict[str, Any]], list[Any]]:
        """The homepage and the external references; and those that do not fit."""
        rows: list[dict[str, Any]] = []
        unsayable: list[Any] = []
        if part.purl:
            rows.append(_external("OTHER" if part.ref in self.inner else "PACKAGE-MANAGER", "purl", part.purl))
        for name in part.cpes:
            version = cpe_version(name)
            if version:
                rows.append(_external("SECURITY", f"cpe{version.replace('.', '')}Type", name))
            else:
                self.left_out.append(Problem(part.ref or part.name, f"{clean(name, 80)!r} is no CPE name"))
        for one in part.references:
            category, slash, kind = one.kind.partition("/")
            plain = not (one.comment or one.hashes)
            if one.kind == "website" and "homepage" not in out and plain and is_iri_reference(one.url):
                out["homepage"] = one.url
            elif not is_iri_reference(one.url) and one.kind == "website":
                unsayable.append(one)
                self.left_out.append(Problem(part.ref or part.name, f"{one.kind} {clean(one.url, 80)!r} is no address"))
            elif one.hashes or one.extra or not one.url or any(char.isspace() for char in one.url):
                unsayable.append(one)
            elif slash:
                rows.append(_external(*_spoken(category.upper(), kind), one.url, one.comment))
            elif one.kind in REFERENCES["1.7"] - {"other"}:
                rows.append(_external("OTHER", one.kind, one.url, one.comment))
            else:
                unsayable.append(one)
        return rows, unsayable

    def relationships(self) -> Iterable[dict[str, Any]]:
        """What is described, then the others in their order."""
        source = self.source
        if source.subject is not None:
            yield _relationship(_ROOT, "DESCRIBES", self.ids[source.subject.ref])
        elif not any(one.kind == "describes" and not one.source for one in source.relations):
            for part in source.parts:
                yield _relationship(_ROOT, "DESCRIBES", self.ids[part.ref])
        for one in source.relations:
            yield from self.relation(one)

    def relation(self, one: Relation) -> Iterable[dict[str, Any]]:
        """A row for each target."""
        type_, swapped = SPOKEN.get(one.kind, ("OTHER", False))
        comment = one.comment if one.kind in SPOKEN else f"pratique:{one.kind}"
        source = self.ids.get(one.source, one.source)
        targets = [self.ids.get(target, target) for target in one.targets]
        unknown = [ref for ref in (source, *targets) if ref not in self.known and not ref.startswith("DocumentRef-")]
        for ref in unknown:
            self.left_out.append(Problem(f"{one.source} {one.kind}", f"names {ref}, which is not in the document"))
        if source in unknown:
            return
        rows = [target for target in targets if target not in unknown]
        if not one.targets or (one.complete == "no-assertion" and not rows):
            rows = ["NOASSERTION" if one.complete == "no-assertion" else "NONE"]
        for target in rows:
            ends = (target, source) if swapped else (source, target)
            if one.kind == CONTAINS and target in self.files and source not in self.analysed:
                # SPDX lets only packages whose files were all analysed contain files.
                yield _relationship(source, "OTHER", target, f"pratique:{CONTAINS}")
            else:
                yield _relationship(ends[0], type_, ends[1], comment)

    def annotations(self, ref: str, properties: list[Property]) -> list[dict[str, Any]]:
        """What was remarked about an element, and its properties."""
        rows = [
            {
                "annotationDate": spdx_time(one.timestamp) if one.timestamp else self.created,
                "annotationType": one.kind.upper() if one.kind in ("review", "other") else "OTHER",
                "annotator": f"{one.by_kind.capitalize() or 'Organization'}: {one.by or 'unnamed'}",
                "comment": one.text,
            }
            for one in self.remarks.get(ref, ())
        ]
        if properties:
            texts = [properties_text(properties), *annotations_for_others(properties)]
            own = {"annotationDate": self.created, "annotationType": "OTHER", "annotator": OWN_ANNOTATOR}
            rows += [own | {"comment": text} for text in texts]
        return rows

    def custom(self, one: CustomLicence) -> dict[str, Any]:
        """What a `LicenseRef-…` stands for."""
        out: dict[str, Any] = {"licenseId": one.id, "extractedText": one.text or one.name or one.id}
        for name, value in (("name", one.name), ("seeAlsos", list(one.urls)), ("comment", one.comment)):
            if value:
                out[name] = value
        return self.restore(out, one.extra, f"{one.id} ")

    def restore(self, value: dict[str, Any], extra: Any, place: str) -> dict[str, Any]:
        """Extras of the same family, put back; of others, named."""
        if self.same:
            return put_back(value, extra)
        self.left_out += [
            Problem(pointer, f"has no place outside of {self.source.family.value}")
            for pointer in extras_that_matter(extra, place)
        ]
        return value


def _checksums(hashes: Iterable[Hash]) -> list[dict[str, str]]:
    return [{"algorithm": ALGORITHMS[one.algorithm], "checksumValue": one.value} for one in hashes if one.algorithm in ALGORITHMS]


def _spoken(category: str, kind: str) -> tuple[str, str]:
    """Category and type of a reference; SPDX 3 has types without categories."""
    if category in _CATEGORIES:
        return category, kind
    return _OF_SPDX3.get(kind, ("OTHER", kind)) if category == "SPDX" else ("OTHER", kind)


def _external(category: str, kind: str, locator: str, comment: str = "") -> dict[str, str]:
    out = {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
    return out | {"comment": comment} if comment else out


def _relationship(source: str, kind: str, target: str, comment: str = "") -> dict[str, str]:
    out = {"spdxElementId": source, "relationshipType": kind, "relatedSpdxElement": target}
    return out | {"comment": comment} if comment else out


def _plain(one: Licence) -> Licence:
    return replace(one, extra={}) if one.extra else one
