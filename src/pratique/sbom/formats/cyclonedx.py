"""CycloneDX 1.6 JSON (ECMA-424), written so that the same inventory gives the same bytes. Pure.

Nothing in it is random: the serial number is a UUIDv5 of the subject, the file manifest's root and the tool's version; the
time is an argument. Reading is in `cyclonedx_read`, whose names are found here, too.
"""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pratique import __version__
from pratique.errors import InputError
from pratique.model import ArtifactKind, Component, Digest, Inventory, Subject
from pratique.sbom.coverage import cover
from pratique.sbom.formats.cyclonedx_read import PREFIX, ParsedComponent, ParsedSbom, parse_cyclonedx, read_cyclonedx
from pratique.sbom.licences import is_known
from pratique.sbom.purl import build_purl
from pratique.sbom.text import clean, shown_path

__all__ = ["ParsedComponent", "ParsedSbom", "licence_choices", "parse_cyclonedx", "read_cyclonedx", "render_cyclonedx"]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/v1")
_TYPES = {
    ArtifactKind.IMAGE: "container",
    ArtifactKind.DIRECTORY: "application",
    ArtifactKind.FILE: "file",
    ArtifactKind.CHART: "application",
    ArtifactKind.MANIFESTS: "application",
}
_REFERENCE = re.compile(
    r"(?P<repository>(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9.-]+:[0-9]+)(?::[0-9]+)?(?:/[a-z0-9._-]+)*/(?P<name>[a-z0-9._-]+))"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@sha(?:256|512):[0-9a-f]+)?"
)
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{3,2000}")


def render_cyclonedx(
    inventory: Inventory, *, timestamp: int | None, manifest_root: Digest, tool_version: str = __version__
) -> bytes:
    """The document as compact UTF-8. `timestamp`: Unix seconds, or None for none. Raises InputError for a time past year 9999."""
    subject = inventory.subject
    serial = uuid.uuid5(_NAMESPACE, f"{subject.digest}\n{manifest_root}\n{tool_version}")
    root = str(subject.digest)
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": _metadata(inventory, timestamp, manifest_root, tool_version),
        "components": [_component(item) for item in inventory.components],
        "dependencies": _dependencies(inventory.components, root),
        # Never "complete": that no cataloger found more is no proof that there is no more.
        "compositions": [{"aggregate": "incomplete" if inventory.unknowns else "unknown", "assemblies": [root]}],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def licence_choices(expressions: Sequence[str]) -> list[dict[str, Any]]:
    """The `licenses` of a component: a list of single licences, or exactly one expression; the schema allows no mixture."""
    if not expressions:
        return []
    if all(" " not in text for text in expressions):
        return [{"license": {"id" if is_known(text) else "name": text}} for text in expressions]
    if len(expressions) == 1:
        return [{"expression": expressions[0]}]
    return [{"expression": " AND ".join(f"({text})" if " " in text else text for text in expressions)}]


def _metadata(inventory: Inventory, timestamp: int | None, manifest_root: Digest, tool_version: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if timestamp is not None:
        out["timestamp"] = _time(timestamp)
    out["tools"] = {"components": [{"type": "application", "name": "pratique", "version": tool_version}]}
    out["component"] = _subject(inventory.subject)
    out["properties"] = [_property(name, value) for name, value in _facts(inventory, manifest_root)]
    return out


def _facts(inventory: Inventory, manifest_root: Digest) -> Iterator[tuple[str, str]]:
    yield "subject:digest", inventory.subject.digest
    yield "manifest:root", manifest_root
    yield "manifest:files", str(len(inventory.tree.entries))
    yield "manifest:bytes", str(sum(entry.size for entry in inventory.tree.entries.values()))
    yield from cover(inventory).facts()
    for unknown in inventory.unknowns:
        yield "unknown", f"{shown_path(unknown.path) or '/'}: {clean(unknown.reason)}"


def _time(timestamp: int) -> str:
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"no calendar has a date for {timestamp} seconds", hint="set SOURCE_DATE_EPOCH") from error


def _subject(subject: Subject) -> dict[str, Any]:
    reference = _REFERENCE.fullmatch(subject.name)
    # A reference is part of what was shipped; where a file lay on somebody's disk is not.
    name = subject.name if reference else subject.name.rstrip("/").rpartition("/")[2]
    out: dict[str, Any] = {"type": _TYPES[subject.kind], "bom-ref": str(subject.digest), "name": clean(name) or "unnamed"}
    if subject.kind is ArtifactKind.IMAGE:
        out["version"] = str(subject.digest)
    # Of a folder the digest is the root of its file manifest, which is the hash of no bytes that anybody has.
    if subject.kind in (ArtifactKind.IMAGE, ArtifactKind.FILE) or "digest:covers" in subject.facts:
        algorithm = {"sha256": "SHA-256", "sha512": "SHA-512"}[subject.digest.algorithm]
        out["hashes"] = [{"alg": algorithm, "content": subject.digest.hex}]
    if subject.kind is ArtifactKind.IMAGE:
        out["purl"] = _image_purl(subject, reference, name)
    facts = [("platform", clean(subject.platform)), ("config", subject.config or "")]
    facts += [(shown_path(name), clean(value)) for name, value in subject.facts.items()]
    properties = [_property(name, value) for name, value in facts if value]
    return out | ({"properties": properties} if properties else {})


def _image_purl(subject: Subject, reference: "re.Match[str] | None", name: str) -> str:
    """purl-spec, type oci: the name without its registry, which is a qualifier."""
    qualifiers = {"arch": subject.platform.split("/")[1]} if "/" in subject.platform else {}
    if reference is not None:
        qualifiers |= {"repository_url": reference["repository"], "tag": reference["tag"] or ""}
        name = reference["name"]
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower().partition("@")[0]).strip("-.") or "image"
    return build_purl("oci", slug, str(subject.digest), qualifiers=qualifiers)


def _component(item: Component) -> dict[str, Any]:
    group, _, name = item.name.rpartition("/") if item.type == "npm" else ("", "", item.name)
    out: dict[str, Any] = {"type": "library", "bom-ref": item.ref}
    if item.supplier:
        out |= {"supplier": {"name": item.supplier}, "publisher": item.supplier}
    if group:
        out["group"] = group
    out |= {"name": name, "version": item.version}
    if item.description:
        out["description"] = item.description
    if item.licences:
        out["licenses"] = licence_choices(item.licences)
    out["purl"] = item.purl
    if _URL.fullmatch(item.homepage):
        out["externalReferences"] = [{"type": "website", "url": item.homepage}]
    facts = [("source", item.source), ("layer", item.layer or "")]
    properties = [_property(name, value) for name, value in facts if value]
    if properties:
        out["properties"] = properties
    if item.evidence:
        out["evidence"] = {"occurrences": [{"location": shown_path(path)} for path in item.evidence]}
    return out


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": PREFIX + name, "value": value}


def _dependencies(components: Sequence[Component], root: str) -> list[dict[str, Any]]:
    """The graph. The artifact depends on what nothing else needs, and on one of each circle that would hang in the air."""
    edges = {item.ref: item.depends for item in components}
    needed = {ref for depends in edges.values() for ref in depends}
    top: list[str] = []
    reached: set[str] = set()
    for ref in [*(ref for ref in edges if ref not in needed), *edges]:
        if ref in reached:
            continue
        top.append(ref)
        waiting = [ref]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += edges.get(current, ())
    rows = [{"ref": root, "dependsOn": sorted(top)}]
    return rows + [{"ref": ref, "dependsOn": [other for other in depends if other in edges]} for ref, depends in edges.items()]
