"""CycloneDX documents within a CycloneDX document (ECMA-424, `component.components`): a chart's with those of its images. Pure.

The component that stands for an image carries what the image's own document says: its components nested, with refs made unique
by its own, its digest and the root of its file manifest as properties. `extract_part` gives that document back, so
that an image can be held against a chart's bill of materials alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from pratique.sbom.formats.cyclonedx_read import PREFIX

_DIGEST = f"{PREFIX}subject:digest"
_SEPARATOR = "#"


def embed_parts(document: bytes, parts: Mapping[str, bytes]) -> bytes:
    """`document` with each part nested in the component whose ref is its key. Both are documents that we rendered."""
    whole: dict[str, Any] = json.loads(document)
    for component in whole["components"]:
        inner = parts.get(component["bom-ref"])
        if inner is not None:
            _embed(whole, component, json.loads(inner))
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _embed(whole: dict[str, Any], component: dict[str, Any], part: dict[str, Any]) -> None:
    outer = component["bom-ref"]
    subject = part["metadata"]["component"]

    def renamed(ref: str) -> str:
        return outer if ref == subject["bom-ref"] else f"{outer}{_SEPARATOR}{ref}"

    component["properties"] = [
        *component.get("properties", ()),
        *part["metadata"].get("properties", ()),
        *subject.get("properties", ()),
    ]
    component["components"] = [{**one, "bom-ref": renamed(one["bom-ref"])} for one in part["components"]]
    rows = [
        {"ref": renamed(row["ref"]), "dependsOn": [renamed(ref) for ref in row.get("dependsOn", ())]}
        for row in part.get("dependencies", ())
    ]
    # An image depends on nothing of the chart's: the row it has there is replaced by its own.
    whole["dependencies"] = [row for row in whole.get("dependencies", ()) if row["ref"] != outer] + rows
    whole["compositions"] = [
        *whole.get("compositions", ()),
        *({**one, "assemblies": [renamed(ref) for ref in one.get("assemblies", ())]} for one in part.get("compositions", ())),
    ]


def extract_part(document: Mapping[str, Any], digest: str) -> dict[str, Any] | None:
    """What `document` says about the image of that manifest digest, as a document of its own; None when it holds no such part."""
    for component in _listed(document):
        if "components" in component and digest in _values(component, _DIGEST):
            return {
                "bomFormat": "CycloneDX",
                "specVersion": document.get("specVersion"),
                "metadata": {"component": {"name": component.get("name")}, "properties": component.get("properties")},
                "components": component["components"],
            }
    return None


def without_parts(document: Mapping[str, Any]) -> dict[str, Any]:
    """`document` without what is nested in images that it holds as parts."""
    kept = [
        {key: value for key, value in one.items() if key != "components"} if _values(one, _DIGEST) else one
        for one in _listed(document)
    ]
    return {**document, "components": kept} if kept else dict(document)


def _listed(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    components = document.get("components")
    return [one for one in components if isinstance(one, dict)] if isinstance(components, list) else []


def _values(component: Mapping[str, Any], name: str) -> list[str]:
    rows = component.get("properties")
    found = [row for row in rows if isinstance(row, dict) and row.get("name") == name] if isinstance(rows, list) else []
    return [str(row.get("value")) for row in found]
