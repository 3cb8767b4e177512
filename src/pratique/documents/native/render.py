"""Our own JSON: everything an inventory or a document knows, for programs. Deterministic. Pure.

    {"pratique": "inventory", "version": 1, "subject": {…}, "layers": ["sha256:…", …], "components": [{…}, …],
     "ownership": {"<path>": ["<ref>", "<state>"], …}, "unknowns": [{"path": …, "reason": …}, …], "coverage": {…},
     "manifest": {…}, "parts": {"<ref>": {…}, …}}             each part an inventory; only where there are parts

    {"pratique": "document", "version": 1, "document": {…}}        of a document that was read, as `sbom.document` has it

Of a chart with its images, `parts` holds their inventories: ref of the component that stands for it → inventory. `manifest` is
the wire form of `pratique.model.manifest`; a path that `ownership` does not name is an orphan. Members of a
document that say nothing are left out. Reading is in `native_read`.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from pratique.documents.document import Document
from pratique.lexicon.text import clean, shown_path
from pratique.model import Component, FileManifest, Inventory, manifest_predicate
from pratique.model.coverage import cover

VERSION = 1


def render_json(inventory: Inventory, manifest: FileManifest) -> bytes:
    """Subject, components, ownership, unknowns and file manifest as compact UTF-8 with sorted members."""
    subject = inventory.subject
    document: dict[str, Any] = {
        "pratique": "inventory",
        "version": VERSION,
        "subject": {
            "kind": subject.kind.value,
            "name": clean(subject.name),
            "digest": subject.digest,
            "config": subject.config,
            "platform": clean(subject.platform),
            "created": subject.created,
            "facts": {shown_path(name): clean(value) for name, value in subject.facts.items()},
        },
        "layers": list(inventory.tree.layers),
        "components": [_component(item) for item in inventory.components],
        "ownership": {shown_path(path): [owned.owner, owned.state.value] for path, owned in inventory.ownership.items()},
        "unknowns": [{"path": shown_path(item.path), "reason": clean(item.reason)} for item in inventory.unknowns],
        # What it was counted from (forms of files, configuration) is not in the manifest.
        "coverage": dict(cover(inventory).facts()),
        "manifest": manifest_predicate(manifest),
    }
    return _dump(document)


def with_parts(inventory: bytes, parts: Mapping[str, bytes]) -> bytes:
    """An inventory's JSON with those of its parts as `parts`: ref of the component that stands for it → inventory."""
    if not parts:
        return inventory
    return _dump({**json.loads(inventory), "parts": {ref: json.loads(data) for ref, data in parts.items()}})


def render_document_json(document: Document) -> bytes:
    """A document as compact UTF-8 with sorted members."""
    return _dump({"pratique": "document", "version": VERSION, "document": plain(document)})


def plain(value: Any) -> Any:
    """A value of `sbom.document` as JSON knows it, without members that are as they are when nothing is said."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if not is_dataclass(value):
        return value
    found: dict[str, Any] = {}
    for name, default in _defaults(value.__class__):
        one = getattr(value, name)
        if one != default:
            found[name] = plain(one)
    return found


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    def default(one: Any) -> Any:
        return one.default_factory() if one.default_factory is not MISSING else one.default

    return tuple((one.name, default(one)) for one in fields(kind))


def _dump(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def _component(item: Component) -> dict[str, Any]:
    return {
        "ref": item.ref,
        "purl": item.purl,
        "type": item.type,
        "kind": item.kind.value,
        "presence": item.presence.value,
        "name": item.name,
        "version": item.version,
        "licences": list(item.licences),
        "licences_found": list(item.licences_found),
        "supplier": item.supplier,
        "source": item.source,
        "description": item.description,
        "homepage": item.homepage,
        "hashes": dict(item.hashes),
        "hash_covers": item.hash_covers,
        "cpes": list(item.cpes),
        "facts": {shown_path(name): clean(value) for name, value in item.facts.items()},
        "depends": list(item.depends),
        "edges": item.edges.value,
        "evidence": [shown_path(path) for path in item.evidence],
        "layer": item.layer,
    }
