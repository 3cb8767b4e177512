"""CycloneDX (ECMA-424) 1.2 to 1.7, as parsed JSON or XML laid out like it, to a `Document`. Pure.

Takes documents that `shape.cyclonedx_check` has passed, or repaired ones: the forms are right. Members without a place in the
neutral value go to `extra`; so do empty lists, which say nothing but were there.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from pratique.documents.carry import carried_fields, restored
from pratique.documents.cyclonedx.needs import told_apart
from pratique.documents.cyclonedx.vocabulary import ALGORITHMS, OWN_PREFIX
from pratique.documents.document import (
    DEPENDS_ON,
    PROVIDES,
    Annotation,
    Basis,
    Completeness,
    Document,
    DocumentForm,
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
from pratique.documents.extra import rest_of
from pratique.documents.parties import without_made_makers

_DOCUMENT = frozenset(
    "$schema bomFormat specVersion serialNumber version metadata components dependencies compositions externalReferences"
    " vulnerabilities annotations".split()
)
_METADATA = frozenset(
    "timestamp tools authors component manufacturer manufacture supplier licenses properties lifecycles".split()
)
_COMPONENT = frozenset(
    "type bom-ref supplier manufacturer authors author publisher group name version description scope hashes licenses copyright"
    " cpe purl mime-type externalReferences properties components evidence".split()
)
_PARTY = frozenset({"name", "email", "phone", "url", "contact"})
_RELATION = f"{OWN_PREFIX}relation:"


def document_from_cyclonedx(document: Mapping[str, Any]) -> Document:
    """The whole document."""
    metadata = document.get("metadata") or {}
    extra = rest_of(document, _DOCUMENT) | _empty(
        document, "", "components", "dependencies", "compositions", "externalReferences"
    )
    extra |= _empty(document, "", "vulnerabilities", "annotations") | rest_of(metadata, _METADATA, "/metadata")
    extra |= _empty(metadata, "/metadata", "licenses", "properties", "authors", "lifecycles")
    tools, tools_extra = _tools(metadata.get("tools"))
    firm = _entity(metadata.get("manufacturer"))
    phases = [one.get("phase", "") for one in metadata.get("lifecycles", ())]
    if not all(phases) or any(len(one) > 1 for one in metadata.get("lifecycles", ())):
        phases, extra["/metadata/lifecycles"] = [], metadata["lifecycles"]
    subject = metadata.get("component")
    relations = [one for row in document.get("dependencies", ()) for one in _dependencies(row)]
    properties, related = _properties(metadata.get("properties", ()), "")
    found = Document(
        family=Family.CYCLONEDX,
        spec_version=document["specVersion"],
        serial=document.get("serialNumber", ""),
        revision=document.get("version", 1),
        timestamp=metadata.get("timestamp", ""),
        tools=tools,
        authors=(*(_party(one, "person") for one in metadata.get("authors", ())), *([firm] if firm is not None else [])),
        manufacturer=_entity(metadata.get("manufacture")),
        supplier=_entity(metadata.get("supplier")),
        licences=_licences(metadata.get("licenses", ())),
        phases=tuple(phases),
        properties=properties,
        references=tuple(_reference(one) for one in document.get("externalReferences", ())),
        subject=None,
        relations=(*relations, *related),
        completeness=tuple(_completeness(one) for one in document.get("compositions", ())),
        annotations=tuple(_annotation(one) for one in document.get("annotations", ())),
        vulnerabilities=tuple(document.get("vulnerabilities", ())),
        extra=extra | tools_extra,
    )
    related_parts: list[Relation] = []
    found = restored(found)
    restored_relations = found.relations[len(relations) + len(related) :]
    whole = replace(
        found,
        subject=_part(subject, related_parts) if subject is not None else None,
        parts=tuple(_part(one, related_parts) for one in document.get("components", ())),
    )
    said = (*related, *restored_relations, *related_parts)
    # Relations that only tell apart what a property explains and what is needed besides.
    marks = [one for one in (*related, *related_parts) if one.kind == DEPENDS_ON]
    marked = {id(one) for one in marks}
    others = [one for one in said if id(one) not in marked] if marks else said
    return replace(whole, relations=told_apart(relations, marks, others))


def _part(value: Mapping[str, Any], relations: list[Relation]) -> Part:
    extra = rest_of(value, _COMPONENT)
    if extra or not all(value.values()):
        extra |= _empty(value, "", "hashes", "licenses", "externalReferences", "properties", "components", "authors", "evidence")
    occurrences: tuple[str, ...] = ()
    copyrights: tuple[str, ...] = ()
    licences = _licences(value["licenses"]) if "licenses" in value else ()
    if "evidence" in value:
        evidence = value["evidence"]
        occurrences, copyrights, found, more = _evidence(evidence)
        licences += found
        extra |= more
    ref, name = value.get("bom-ref", ""), value["name"]
    properties: tuple[Property, ...] = ()
    if "properties" in value:
        properties, related = _properties(value["properties"], ref)
        relations += related
    part = Part(
        ref=ref,
        name=name,
        kind=value.get("type", ""),
        group=value.get("group", ""),
        version=value.get("version", ""),
        purl=value.get("purl", ""),
        cpes=(value["cpe"],) if "cpe" in value else (),
        licences=licences,
        hashes=tuple(_hash(one) for one in value.get("hashes", ())),
        supplier=_entity(value.get("supplier")),
        manufacturer=_entity(value.get("manufacturer")),
        authors=tuple(_party(one, "person") for one in value.get("authors", ())),
        author=value.get("author", ""),
        publisher=value.get("publisher", ""),
        description=value.get("description", ""),
        copyright=value.get("copyright", ""),
        scope=value.get("scope", ""),
        mime_type=value.get("mime-type", ""),
        references=tuple(_reference(one) for one in value.get("externalReferences", ())),
        properties=properties,
        occurrences=occurrences,
        copyrights=copyrights,
        parts=tuple(_part(one, relations) for one in value.get("components", ())),
        extra=extra,
    )
    return _without_doubles(restored(part), carried_fields(properties)) if properties else part


def _without_doubles(part: Part, stated: Set[str]) -> Part:
    """Without the distribution that our writer made of an archive's address, and the authors that it made of originators."""
    part = without_made_makers(part, stated)
    if not part.download:
        return part
    made = ExternalReference(kind="distribution", url=part.download)
    return replace(part, references=tuple(one for one in part.references if one != made))


def _properties(rows: Iterable[Mapping[str, Any]], ref: str) -> tuple[tuple[Property, ...], list[Relation]]:
    """Properties, and the relations that our writer put there."""
    kept: list[Property] = []
    targets: dict[str, list[str]] = {}
    for row in rows:
        name, value = row.get("name", ""), row.get("value", "")
        if name.startswith(_RELATION):
            targets.setdefault(name.removeprefix(_RELATION), []).append(value)
        else:
            kept.append(Property(name, value))
    return tuple(kept), [Relation(source=ref, kind=kind, targets=tuple(to)) for kind, to in targets.items()]


def _hash(value: Mapping[str, Any]) -> Hash:
    return Hash(ALGORITHMS.get(value["alg"], value["alg"].lower()), value["content"].lower())


def _licences(rows: Iterable[Mapping[str, Any]], basis: Basis | None = None) -> tuple[Licence, ...]:
    return tuple(_licence(row, basis) for row in rows)


def _licence(row: Mapping[str, Any], basis: Basis | None) -> Licence:
    if "expression" in row:
        said = basis or Basis(row.get("acknowledgement", ""))
        known = frozenset({"expression"}) if basis else frozenset({"expression", "acknowledgement"})
        return Licence(value=row["expression"], form=DocumentForm.EXPRESSION, basis=said, extra=rest_of(row, known))
    inner = row["license"]
    known = frozenset({"id", "name", "url"}) if basis else frozenset({"id", "name", "url", "acknowledgement"})
    extra = rest_of(inner, known, "/license") | rest_of(row, frozenset({"license"}))
    text = inner.get("text")
    words = ""
    if text is not None and text.keys() == {"content"} and text["content"]:
        words = text["content"]
        del extra["/license/text"]
    return Licence(
        value=inner.get("id") or inner.get("name", ""),
        form=DocumentForm.ID if "id" in inner else DocumentForm.NAME,
        basis=basis or Basis(inner.get("acknowledgement", "")),
        url=inner.get("url", ""),
        text=words,
        extra=extra,
    )


def _evidence(value: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Licence, ...], dict[str, Any]]:
    """Places, copyrights and licences found; what says more than its one word stays as it is."""
    extra = rest_of(value, frozenset({"occurrences", "copyright", "licenses"}), "/evidence")
    extra |= _empty(value, "/evidence", "occurrences", "copyright", "licenses")
    occurrences, copyrights = value.get("occurrences", ()), value.get("copyright", ())
    if any(one.keys() != {"location"} for one in occurrences):
        occurrences, extra["/evidence/occurrences"] = (), occurrences
    if any(one.keys() != {"text"} for one in copyrights):
        copyrights, extra["/evidence/copyright"] = (), copyrights
    places, words = tuple(one["location"] for one in occurrences), tuple(one["text"] for one in copyrights)
    return places, words, _licences(value.get("licenses", ()), Basis.FOUND), extra


def _entity(value: Mapping[str, Any] | None) -> Party | None:
    return None if value is None else _party(value, "organization")


def _party(value: Mapping[str, Any], kind: str) -> Party:
    contacts = [_party(one, "person") for one in value.get("contact", ())]
    # The last contact without a name is how the organisation itself is to be reached.
    own = contacts.pop() if contacts and _is_address(contacts[-1]) else None
    return Party(
        name=value.get("name", ""),
        kind=kind,
        email=own.email if own is not None else value.get("email", ""),
        phone=own.phone if own is not None else value.get("phone", ""),
        urls=tuple(value.get("url", ())),
        contacts=tuple(contacts),
        extra=rest_of(value, _PARTY),
    )


def _is_address(party: Party) -> bool:
    return bool(party.email or party.phone) and not (party.name or party.extra)


def _reference(value: Mapping[str, Any]) -> ExternalReference:
    return ExternalReference(
        kind=value["type"],
        url=value["url"],
        comment=value.get("comment", ""),
        hashes=tuple(_hash(one) for one in value.get("hashes", ())),
        extra=rest_of(value, frozenset({"type", "url", "comment", "hashes"})),
    )


def _tools(value: Any) -> tuple[tuple[Tool, ...], dict[str, Any]]:
    """Tools as a list (to 1.4) or as components (from 1.5)."""
    if value is None:
        return (), {}
    if isinstance(value, list):
        return tuple(
            Tool(
                name=one.get("name", ""),
                version=one.get("version", ""),
                vendor=one.get("vendor", ""),
                hashes=tuple(_hash(row) for row in one.get("hashes", ())),
                extra=rest_of(one, frozenset({"name", "version", "vendor", "hashes"})),
            )
            for one in value
        ), {"/metadata/tools": []} if not value else {}
    known = frozenset({"type", "name", "version", "publisher", "hashes"})
    tools = tuple(
        Tool(
            name=one["name"],
            version=one.get("version", ""),
            vendor=one.get("publisher", ""),
            hashes=tuple(_hash(row) for row in one.get("hashes", ())),
            extra=rest_of(one, known) | ({"/type": one["type"]} if one["type"] != "application" else {}),
        )
        for one in value.get("components", ())
    )
    return tools, rest_of(value, frozenset({"components"}), "/metadata/tools")


def _dependencies(row: Mapping[str, Any]) -> Iterable[Relation]:
    extra = rest_of(row, frozenset({"ref", "dependsOn", "provides"}))
    if "dependsOn" in row or "provides" not in row:
        extra |= {} if "dependsOn" in row else {"/dependsOn": None}
        yield Relation(source=row["ref"], kind=DEPENDS_ON, targets=tuple(row.get("dependsOn", ())), extra=extra)
    if "provides" in row:
        yield Relation(source=row["ref"], kind=PROVIDES, targets=tuple(row["provides"]))


def _completeness(value: Mapping[str, Any]) -> Completeness:
    extra = rest_of(value, frozenset({"aggregate", "assemblies", "dependencies"}))
    return Completeness(
        aggregate=value["aggregate"],
        assemblies=tuple(value.get("assemblies", ())),
        dependencies=tuple(value.get("dependencies", ())),
        extra=extra | _empty(value, "", "assemblies", "dependencies"),
    )


def _annotation(value: Mapping[str, Any]) -> Annotation:
    """With the name of whoever made it, if that is all that is said of them."""
    annotator = value.get("annotator") or {}
    kind: str = next(iter(annotator), "")
    one: Mapping[str, Any] = annotator.get(kind, {})
    words = {"individual": "person", "organization": "organization", "component": "tool"}
    extra = rest_of(value, frozenset({"subjects", "text", "timestamp", "annotator"}))
    plain = {"type", "name"} if kind == "component" else {"name"}
    simple = len(annotator) == 1 and kind in words and one.keys() == plain and one.get("type", "application") == "application"
    return Annotation(
        subjects=tuple(value.get("subjects", ())),
        text=value["text"],
        by=one.get("name", "") if simple else "",
        by_kind=words[kind] if simple else "",
        timestamp=value.get("timestamp", ""),
        extra=extra if simple else extra | {"/annotator": annotator},
    )


def _empty(value: Mapping[str, Any], prefix: str, *names: str) -> dict[str, Any]:
    return {f"{prefix}/{name}": value[name] for name in names if name in value and not value[name]}
