"""Our own JSON, read: a document as it was, an inventory as the document that every other format would be made of. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from pratique.documents.document import Document
from pratique.documents.from_inventory import document_of
from pratique.documents.native.render import VERSION
from pratique.documents.nesting import embed_parts
from pratique.errors import Malformed
from pratique.model import (
    ArtifactKind,
    Component,
    ComponentKind,
    Digest,
    Edges,
    Inventory,
    Owned,
    Ownership,
    Presence,
    Subject,
    Tree,
    Unknown,
    parse_manifest,
    unescape_path,
)


class _Subject(msgspec.Struct, forbid_unknown_fields=True):
    kind: ArtifactKind
    name: str
    digest: str
    config: str | None
    platform: str
    created: int | None
    facts: dict[str, str]


class _Component(msgspec.Struct, forbid_unknown_fields=True):
    ref: str
    purl: str
    type: str
    kind: ComponentKind
    presence: Presence
    name: str
    version: str
    licences: list[str]
    licences_found: list[str]
    supplier: str
    source: str
    description: str
    homepage: str
    hashes: dict[str, str]
    hash_covers: str
    cpes: list[str]
    facts: dict[str, str]
    depends: list[str]
    evidence: list[str]
    layer: str | None
    edges: Edges = Edges.UNKNOWN


class _Unknown(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    reason: str


class _Inventory(msgspec.Struct, forbid_unknown_fields=True):
    pratique: str
    version: int
    subject: _Subject
    layers: list[str]
    components: list[_Component]
    ownership: dict[str, tuple[str, Ownership]]
    unknowns: list[_Unknown]
    coverage: dict[str, str]
    manifest: dict[str, Any]
    parts: dict[str, dict[str, Any]] = {}  # an inventory each


def document_from_native(value: Mapping[str, Any]) -> Document:
    """The document. Raises Malformed with the place of the first thing that is wrong."""
    if value.get("version") != VERSION:
        raise Malformed(f"Pratique JSON of version {str(value.get('version'))[:20]}, which is not known")
    try:
        if value["pratique"] == "document":
            return msgspec.convert(value.get("document"), Document)
        if value["pratique"] == "inventory":
            return _inventory(msgspec.convert(value, _Inventory))
    except msgspec.ValidationError as error:
        raise Malformed(f"Pratique JSON with errors: {str(error)[:200]}") from error
    except UnicodeEncodeError as error:
        raise Malformed("Pratique JSON with half of a character where one of a few words stands") from error
    raise Malformed("Pratique JSON that is neither an inventory nor a document")


def _inventory(found: _Inventory) -> Document:
    manifest = parse_manifest(found.manifest)
    subject = found.subject
    inventory = Inventory(
        subject=Subject(
            kind=subject.kind,
            name=subject.name,
            digest=Digest.parse(subject.digest),
            platform=subject.platform,
            config=Digest.parse(subject.config) if subject.config else None,
            created=subject.created,
            facts={unescape_path(name): value for name, value in subject.facts.items()},
        ),
        tree=Tree(entries={one.path: one for one in manifest.entries}, layers=tuple(Digest.parse(one) for one in found.layers)),
        components=tuple(_component(one) for one in found.components),
        ownership={unescape_path(path): Owned(owner, state) for path, (owner, state) in found.ownership.items()},
        unknowns=tuple(Unknown(unescape_path(one.path), one.reason) for one in found.unknowns),
    )
    whole = document_of(inventory, timestamp=subject.created, manifest_root=manifest.root, coverage=found.coverage)
    return embed_parts(whole, {ref: _part(part) for ref, part in found.parts.items()})


def _part(value: dict[str, Any]) -> Document:
    part = msgspec.convert(value, _Inventory)
    if part.parts:
        raise Malformed("Pratique JSON with parts within parts")
    return replace(_inventory(part), timestamp="")


def _component(one: _Component) -> Component:
    return Component(
        ref=one.ref,
        purl=one.purl,
        type=one.type,
        kind=one.kind,
        presence=one.presence,
        name=one.name,
        version=one.version,
        licences=tuple(one.licences),
        licences_found=tuple(one.licences_found),
        supplier=one.supplier,
        source=one.source,
        description=one.description,
        homepage=one.homepage,
        hashes=one.hashes,
        hash_covers=one.hash_covers,
        cpes=tuple(one.cpes),
        facts=one.facts,
        depends=tuple(one.depends),
        edges=one.edges,
        evidence=tuple(unescape_path(path) for path in one.evidence),
        layer=Digest.parse(one.layer) if one.layer else None,
    )
