"""A snapshot for GitHub's dependency submission API (REST API, dependency graph, version 0) to a `Document`. Pure.

Takes values that `SHAPES` let pass, or repaired ones. A package of several manifests is one component that was found in each.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pratique.documents.document import DEPENDS_ON, Document, Family, Part, Relation, Tool
from pratique.errors import Malformed
from pratique.lexicon.purl_read import parse_purl

_RESOLVED = {
    "values": {
        "members": {"package_url": "s", "relationship": "s", "scope": "s", "dependencies": {"list": "s"}},
        "open": 1,
    }
}
_FILE = {"members": {"source_location": "s"}, "open": 1}
SHAPES: dict[str, Any] = {
    "github": {
        "members": {
            "version": "i",
            "sha": "s",
            "ref": "s",
            "scanned": "s",
            "job": {"members": {"id": "s", "correlator": "s"}, "open": 1},
            "detector": {"members": {"name": "s", "version": "s"}, "open": 1},
            "manifests": {"values": {"members": {"name": "s", "file": _FILE, "resolved": _RESOLVED}, "open": 1}},
        },
        "open": 1,
        "needs": ["version", "detector", "manifests"],
    }
}


def document_from_github(value: Mapping[str, Any]) -> Document:
    """The whole document. Its subject is what the job calls itself, which direct dependencies hang from."""
    parts: dict[str, Part] = {}
    needs: dict[str, dict[str, None]] = {}
    subject = Part(ref="snapshot", name=(value.get("job") or {}).get("correlator") or "snapshot", kind="application")
    for key, manifest in value["manifests"].items():
        place = (manifest.get("file") or {}).get("source_location") or manifest.get("name") or key
        resolved = manifest.get("resolved") or {}
        refs = {name: one.get("package_url") or name for name, one in resolved.items()}
        for name, one in resolved.items():
            ref = refs[name]
            known = parts.get(ref) or _part(ref, name)
            scope = "excluded" if one.get("scope") == "development" and known.scope in ("", "excluded") else "required"
            parts[ref] = replace(known, scope=scope, occurrences=tuple(dict.fromkeys((*known.occurrences, place))))
            if one.get("relationship") == "direct":
                needs.setdefault(subject.ref, {})[ref] = None
            targets = [refs.get(target, target) for target in one.get("dependencies", ())]
            needs.setdefault(ref, {}).update(dict.fromkeys(targets))
    detector = value["detector"]
    relations = [Relation(source=ref, kind=DEPENDS_ON, targets=tuple(targets)) for ref, targets in needs.items() if targets]
    return Document(
        family=Family.CYCLONEDX,
        timestamp=value.get("scanned", ""),
        tools=(Tool(name=detector.get("name") or "unknown", version=detector.get("version", "")),),
        subject=subject,
        parts=tuple(parts.values()),
        relations=tuple(relations),
    )


def _part(ref: str, name: str) -> Part:
    try:
        purl = parse_purl(ref)
    except Malformed:
        return Part(ref=ref, name=name, kind="library")
    return Part(ref=ref, name=purl.name, group=purl.namespace, version=purl.version, purl=ref, kind="library")
