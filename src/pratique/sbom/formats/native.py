"""Our own JSON: everything an inventory knows, for programs. Deterministic. Pure.

    {"version": 1, "subject": {…}, "layers": ["sha256:…", …], "components": [{…}, …],
     "ownership": {"<path>": ["<ref>", "<state>"], …}, "unknowns": [{"path": …, "reason": …}, …], "manifest": {…}}

`manifest` is the wire form of `pratique.model.manifest`; a path that `ownership` does not name is an orphan.
"""

import json
from typing import Any

from pratique.model import Component, FileManifest, Inventory, manifest_predicate
from pratique.sbom.text import clean, shown_path


def render_json(inventory: Inventory, manifest: FileManifest) -> bytes:
    """Subject, components, ownership, unknowns and file manifest as compact UTF-8 with sorted members."""
    subject = inventory.subject
    document: dict[str, Any] = {
        "version": 1,
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
        "manifest": manifest_predicate(manifest),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def _component(item: Component) -> dict[str, Any]:
    return {
        "ref": item.ref,
        "purl": item.purl,
        "type": item.type,
        "name": item.name,
        "version": item.version,
        "licences": list(item.licences),
        "supplier": item.supplier,
        "source": item.source,
        "description": item.description,
        "homepage": item.homepage,
        "depends": list(item.depends),
        "evidence": [shown_path(path) for path in item.evidence],
        "layer": item.layer,
        "kind": item.kind.value,
        "presence": item.presence.value,
        "licences_found": list(item.licences_found),
        "hashes": dict(item.hashes),
        "hash_covers": item.hash_covers,
        "cpes": list(item.cpes),
        "facts": {shown_path(name): clean(value) for name, value in item.facts.items()},
    }
