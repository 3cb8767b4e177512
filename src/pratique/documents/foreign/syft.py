"""syft's own JSON (schema 3 to 16) to a `Document`: packages, what depends on what, the system, the source. Pure.

Takes values that `SHAPES` let pass, or repaired ones. Files and what only syft knows of packages (`metadata`) are not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Basis,
    Document,
    DocumentForm,
    Family,
    Licence,
    Part,
    Property,
    Relation,
    Tool,
)
from pratique.lexicon.licences import is_known

_RELATION = {"members": {"parent": "s", "child": "s", "type": "s"}, "open": 1, "needs": ["parent", "child", "type"]}
_ARTIFACT = {
    "members": {
        "id": "s",
        "name": "s",
        "version": "s",
        "type": "s",
        "purl": "s",
        "cpes": {"list": {"any": ["s", {"members": {"cpe": "s"}, "open": 1, "needs": ["cpe"]}]}},
        "licenses": {"list": {"any": ["s", {"members": {"value": "s", "spdxExpression": "s", "type": "s"}, "open": 1}]}},
        "locations": {"list": {"members": {"path": "s", "layerID": "s"}, "open": 1, "needs": ["path"]}},
    },
    "open": 1,
    "needs": ["id", "name"],
}
SHAPES: dict[str, Any] = {
    "syft": {
        "members": {
            "artifacts": {"list": _ARTIFACT},
            "artifactRelationships": {"list": _RELATION},
            "source": {"members": {"id": "s", "name": "s", "version": "s", "type": "s"}, "open": 1},
            "distro": {"members": {"id": "s", "versionID": "s"}, "open": 1},
            "descriptor": {"members": {"name": "s", "version": "s", "timestamp": "s"}, "open": 1},
        },
        "open": 1,
        "needs": ["artifacts", "descriptor"],
    }
}
_KINDS = {"image": "container", "directory": "application", "file": "file"}
_SUBJECT = "source"


def document_from_syft(value: Mapping[str, Any]) -> Document:
    """The whole document."""
    source, descriptor, distro = (value.get(name) or {} for name in ("source", "descriptor", "distro"))
    parts = tuple(_part(one) for one in value["artifacts"])
    known = {one.ref for one in parts}
    system = _system(distro)
    return Document(
        family=Family.CYCLONEDX,
        timestamp=descriptor.get("timestamp", ""),
        tools=(Tool(name=descriptor.get("name") or "syft", version=descriptor.get("version", "")),),
        subject=_subject(source),
        parts=(*system, *parts),
        relations=tuple(_relations(value.get("artifactRelationships", ()), known, source.get("id", ""))),
    )


def _subject(source: Mapping[str, Any]) -> Part:
    metadata = source.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    rows = [(key, said.get(key)) for key in ("manifestDigest", "imageID")]
    return Part(
        ref=_SUBJECT,
        name=source.get("name") or str(said.get("userInput") or said.get("path") or "") or "unnamed",
        kind=_KINDS.get(source.get("type", ""), ""),
        version=source.get("version", ""),
        properties=tuple(Property(f"syft:image:{key}", one) for key, one in rows if isinstance(one, str) and one),
    )


def _system(distro: Mapping[str, Any]) -> tuple[Part, ...]:
    name, version = distro.get("id", ""), distro.get("versionID", "")
    return (Part(ref=f"os:{name}@{version}", name=name, version=version, kind="operating-system"),) if name else ()


def _part(one: Mapping[str, Any]) -> Part:
    locations = one.get("locations", ())
    layers = dict.fromkeys(row["layerID"] for row in locations if row.get("layerID"))
    return Part(
        ref=one["id"],
        name=one["name"],
        kind="library",
        version=one.get("version", ""),
        purl=one.get("purl", ""),
        cpes=tuple(row if isinstance(row, str) else row["cpe"] for row in one.get("cpes", ())),
        licences=tuple(_licences(one.get("licenses", ()))),
        occurrences=tuple(dict.fromkeys(row["path"].lstrip("/") for row in locations)),
        properties=tuple(Property("pratique:layer", layer) for layer in list(layers)[:1]),
    )


def _licences(rows: Any) -> Iterator[Licence]:
    for row in rows:
        said = {"value": row} if isinstance(row, str) else row
        text = said.get("spdxExpression") or said.get("value", "")
        basis = Basis.CONCLUDED if said.get("type") == "concluded" else Basis.DECLARED
        if not text:
            continue
        if is_known(text):
            yield Licence(value=text, form=DocumentForm.ID, basis=basis)
        else:
            form = DocumentForm.EXPRESSION if said.get("spdxExpression") else DocumentForm.NAME
            yield Licence(value=text, form=form, basis=basis)


def _relations(rows: Any, known: set[str], source: str) -> Iterator[Relation]:
    """`dependency-of` and `contains`; the others are about files and doubles."""
    joined: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        parent, child = row["parent"], row["child"]
        if row["type"] == "dependency-of" and (parent in known or child in known):
            joined.setdefault((child, DEPENDS_ON), {})[parent] = None
        elif row["type"] == "contains" and child in known and (parent in known or parent == source):
            joined.setdefault((_SUBJECT if parent == source else parent, CONTAINS), {})[child] = None
    return (Relation(source=ref, kind=kind, targets=tuple(targets)) for (ref, kind), targets in joined.items())
