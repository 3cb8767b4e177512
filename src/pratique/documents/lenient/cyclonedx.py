"""Errors that tools make in CycloneDX: licences whose identifier is none, one value for a list of values, kinds of components in
other spellings, names alone where an organisation is meant. Put right, so that no component is lost for them."""

from collections.abc import Iterator
from typing import Any

from pratique.documents.lenient.marks import Marks, time_of
from pratique.documents.shape import Problem, is_time
from pratique.errors import Malformed
from pratique.lexicon.purl_read import parse_purl
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES
from pratique.lexicon.values import list_or_empty

_TYPES = frozenset(
    "application framework library container platform operating-system device device-driver firmware file machine-learning-model"
    " data cryptographic-asset".split()
)
_LISTS = ("components", "dependencies", "licenses", "hashes", "externalReferences", "properties", "services", "vulnerabilities")


def put_cyclonedx_right(document: dict[str, Any]) -> tuple[Problem, ...]:
    """What was put right in a document, in place."""
    marks = Marks()
    metadata = document.get("metadata")
    for name in ("components", "dependencies", "services", "vulnerabilities", "externalReferences", "properties"):
        if isinstance(document.get(name), dict):
            marks.put(document, name, [document[name]], "")
    if isinstance(document.get("version"), str) and document["version"].isdigit():
        marks.put(document, "version", int(document["version"]), "")
    if isinstance(metadata, dict):
        if "timestamp" in metadata and not is_time(str(metadata["timestamp"])) and (time := time_of(metadata["timestamp"])):
            marks.put(metadata, "timestamp", time, "/metadata")
        for name in ("supplier", "manufacture", "manufacturer"):
            if isinstance(metadata.get(name), str):
                marks.put(metadata, name, {"name": metadata[name]}, "/metadata")
    for pointer, one in _components(document):
        _component(one, pointer, marks)
    rows = document.get("dependencies")
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict) and isinstance(row.get("dependsOn"), str):
            marks.put(row, "dependsOn", [row["dependsOn"]], f"/dependencies/{index}")
    return tuple(marks.problems)


def _is_listed(text: str) -> bool:
    return text in LICENCES or text in EXCEPTIONS


def _name_in(purl: str) -> str:
    try:
        return parse_purl(purl).name
    except Malformed:
        return ""


def _components(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    metadata = document.get("metadata")
    waiting: list[tuple[str, Any]] = []
    if isinstance(metadata, dict):
        waiting.append(("/metadata/component", metadata.get("component")))
    rows = document.get("components")
    if isinstance(rows, list):
        waiting += [(f"/components/{index}", one) for index, one in reversed(list(enumerate(rows)))]
    while waiting:
        pointer, one = waiting.pop()
        if not isinstance(one, dict):
            continue
        yield pointer, one
        inner = one.get("components")
        if isinstance(inner, list):
            waiting += [(f"{pointer}/components/{index}", row) for index, row in reversed(list(enumerate(inner)))]


def _component(one: dict[str, Any], pointer: str, marks: Marks) -> None:
    for name in _LISTS:
        if isinstance(one.get(name), dict):
            marks.put(one, name, [one[name]], pointer)
    for name in ("version", "name", "group"):
        value = one.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            marks.put(one, name, str(value), pointer)
    if not one.get("name") and isinstance(one.get("purl"), str) and (name := _name_in(one["purl"])):
        marks.put(one, "name", name, pointer)
    kind = one.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        plain = kind.strip().lower().replace("_", "-").replace(" ", "-") if isinstance(kind, str) else ""
        marks.put(one, "type", plain if plain in _TYPES else "library", pointer)
    for name in ("supplier", "manufacturer"):
        if isinstance(one.get(name), str):
            marks.put(one, name, {"name": one[name]}, pointer)
    licences = list_or_empty(one.get("licenses"))
    for index, row in enumerate(licences):
        _licence(licences, index, row, f"{pointer}/licenses", marks)


def _licence(rows: list[Any], index: int, row: Any, pointer: str, marks: Marks) -> None:
    """An identifier that SPDX does not list is a name; a text alone is one, too."""
    if isinstance(row, str) and row.strip():
        rows[index] = {"license": {"id": row} if _is_listed(row) else {"name": row}}
        marks.note(f"{pointer}/{index}", "is a text: put right")
        return
    inner = row.get("license") if isinstance(row, dict) else None
    if isinstance(inner, str) and inner.strip():
        marks.put(row, "license", {"id": inner} if _is_listed(inner) else {"name": inner}, f"{pointer}/{index}")
    elif isinstance(inner, dict):
        stated, name = inner.get("id"), inner.get("name")
        if isinstance(stated, str) and not _is_listed(stated):
            del inner["id"]
            if stated and not name:
                inner["name"] = stated
            marks.note(f"{pointer}/{index}/license/id", f"is {stated[:60]!r}, which is no SPDX licence identifier: a name")
        elif stated and name is not None:
            del inner["name"]
            marks.note(f"{pointer}/{index}/license/name", "stands beside an identifier: left out")
