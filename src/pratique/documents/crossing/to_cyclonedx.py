"""A document of SPDX 3 with what it says beside packages in CycloneDX's words: vulnerabilities and their assessments, builds,
models, datasets, and the documents that it imports. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pratique.documents.crossing.builds_and_models import BUILD, data_of, model_card_of, workflow_of
from pratique.documents.crossing.vulnerabilities_in import SecurityOfSpdx3, elements_of
from pratique.documents.cyclonedx.vocabulary import ALGORITHM_NAMES
from pratique.documents.document import Basis, Document, ExternalReference, Extra, Family, Licence, Part, Relation
from pratique.documents.spdx3.expanded import ExpandedLicences
from pratique.documents.spdx3.members import hashes_from, id_of, text_of
from pratique.documents.spdx3.shape import model
from pratique.documents.spdx_vocabulary import licence_from_spdx
from pratique.lexicon.iri import is_iri_reference
from pratique.lexicon.values import list_or_empty

_WHO = frozenset({"Agent", "Person", "Organization", "SoftwareAgent", "Tool", "CreationInfo"})
_GRAPH, _IMPORT, _LICENCE = "/@graph", "/SpdxDocument/import", "/SpdxDocument/dataLicense"


def _is_sound(value: Any) -> bool:
    """Whether it is what SPDX 3 says that it is: our own JSON may have been written by others."""
    return isinstance(value, dict) and not model().check(value)


@dataclass(frozen=True, slots=True)
class Crossed:
    """`document`: without what stands in the rest, and with vulnerabilities in CycloneDX's words. `extra` (of the document) and
    `parts` (ref → extra): in these words, too."""

    document: Document
    extra: Extra = field(default_factory=dict)
    parts: Mapping[str, Extra] = field(default_factory=dict)


def crossed_to_cyclonedx(document: Document) -> Crossed:
    """The document as CycloneDX can say it; itself where it is of another family."""
    if document.family is not Family.SPDX3:
        return Crossed(document)
    graph = elements_of(document)
    kinds = {one["type"] for one in graph}
    extra: dict[str, Any] = {}
    told: set[str] = set()
    gone: set[int] = set()
    vulnerabilities: tuple[Any, ...] = ()
    if "security_Vulnerability" in kinds:
        security = SecurityOfSpdx3(document)
        vulnerabilities, gone, told = security.rows, security.relations, security.told
    if BUILD in kinds:
        builds = {id_of(one): one for one in graph if one["type"] == BUILD}
        relations: dict[str, list[Relation]] = {}
        for row in document.relations:
            if row.source in builds:
                relations.setdefault(row.source, []).append(row)
                gone.add(id(row))
        workflows = [workflow_of(one, relations.get(ref, ()), ALGORITHM_NAMES) for ref, one in builds.items()]
        extra["/formulation"] = [{"workflows": workflows}]
        told |= builds.keys()
    parts: dict[str, Extra] = {}
    document = _with_models(document, parts)
    licences, also = _of_the_document(document.extra.get(_LICENCE), graph)
    told |= also
    rest = {pointer: one for pointer, one in document.extra.items() if pointer not in (_GRAPH, _IMPORT)}
    if licences:
        del rest[_LICENCE]
    # Who is named by nothing but what is told says nothing more.
    known = {id(one) for one in graph if id_of(one) in told or one["type"] in _WHO}
    left = [one for one in list_or_empty(document.extra.get(_GRAPH)) if id(one) not in known]
    rest |= {_GRAPH: left} if left else {}
    references, unsayable = _imports(list_or_empty(document.extra.get(_IMPORT)))
    rest |= {_IMPORT: unsayable} if unsayable else {}
    document = replace(
        document,
        extra=rest,
        licences=(*document.licences, *licences),
        vulnerabilities=vulnerabilities,
        references=(*document.references, *references),
        relations=tuple(one for one in document.relations if id(one) not in gone),
    )
    return Crossed(document, extra, parts)


def _thing(kind: str, extra: Extra) -> dict[str, Any]:
    """What a package of the profiles AI and Dataset says in words of these, as an element."""
    said = {pointer[1:]: one for pointer, one in extra.items() if pointer.startswith(("/ai_", "/dataset_"))}
    return {"type": kind, "spdxId": "urn:spdx:part", "creationInfo": "_:info", **said}


def _with_models(document: Document, parts: dict[str, Extra]) -> Document:
    """Without what stands in model cards and data, which are laid to `parts`."""

    def bare(part: Part) -> Part:
        kind = part.extra.get("/type") if part.extra else None
        if kind not in ("ai_AIPackage", "dataset_DatasetPackage") or not _is_sound(_thing(kind, part.extra)):
            return part
        if kind == "ai_AIPackage":
            card, told = model_card_of(part.extra)
            parts[part.ref] = {"/modelCard": card} if card else {}
        else:
            data, told = data_of(part.name, part.extra)
            parts[part.ref] = {"/data": [data]}
        told.add("/type")
        return replace(part, extra={pointer: one for pointer, one in part.extra.items() if pointer not in told})

    subject = bare(document.subject) if document.subject is not None else None
    found = tuple(bare(one) for one in document.parts)
    return replace(document, subject=subject, parts=found) if parts else document


def _of_the_document(ref: Any, graph: Iterable[Mapping[str, Any]]) -> tuple[tuple[Licence, ...], set[str]]:
    """The licence of the document itself; and which elements it tells."""
    expanded = ExpandedLicences({id_of(one): one for one in graph}, {}) if ref else None
    found = licence_from_spdx(expanded.expression(ref), Basis.STATED) if expanded is not None else None
    return ((found,), expanded.told) if expanded is not None and found is not None else ((), set())


def _imports(rows: list[Any]) -> tuple[tuple[ExternalReference, ...], list[Any]]:
    """Other documents, each once: elements that one of them defines are imported one by one; and what cannot be said so."""
    found: dict[str, ExternalReference] = {}
    unsayable: list[Any] = []
    for one in rows:
        url = text_of(one.get("locationHint")) or text_of(one.get("externalSpdxId")) if _is_sound(one) else ""
        if not url or not is_iri_reference(url) or "definingArtifact" in one:
            unsayable.append(one)
            continue
        hashes, _ = hashes_from(one.get("verifiedUsing", ()))
        name = text_of(one.get("externalSpdxId"))
        found.setdefault(url, ExternalReference(kind="bom", url=url, comment=name if name != url else "", hashes=hashes))
    return tuple(found.values()), unsayable
