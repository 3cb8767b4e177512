"""syft's own JSON (schemas 1 to 16) as far as it names packages, licences and edges. Pure and tolerant."""

from collections.abc import Iterator
from typing import Any

from pratique.ecosystems.stated.statement import Stated, Statements, bounded, edges, licences_of
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_KINDS = frozenset({"dependency-of", "ownership-by-file-overlap", "contains"})


def read_syft(document: dict[str, Any]) -> Statements:
    """What a document with `artifacts` and a `descriptor` states. Raises LimitExceeded."""
    parts = bounded(_stated(table_or_empty(one)) for one in list_or_empty(document["artifacts"]))
    return Statements(parts, edges(_edges(document)))


def _stated(entry: dict[str, Any]) -> Stated:
    licences = [
        one if isinstance(one, str) else table_or_empty(one).get("spdxExpression") for one in list_or_empty(entry.get("licenses"))
    ]
    cpes = [one if isinstance(one, str) else table_or_empty(one).get("cpe") for one in list_or_empty(entry.get("cpes"))]
    return Stated(
        key=text_or_empty(entry.get("id")),
        name=text_or_empty(entry.get("name")),
        version=text_or_empty(entry.get("version")),
        purl=text_or_empty(entry.get("purl")),
        licences=licences_of(licences),
        # Those that syft made up of names are no certain ones.
        cpes=tuple(text_or_empty(one) for one in cpes) if entry.get("foundBy") == "sbom-cataloger" else (),
    )


def _edges(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in map(table_or_empty, list_or_empty(document.get("artifactRelationships"))):
        if one.get("type") in _KINDS:
            parent, child = text_or_empty(one.get("parent")), text_or_empty(one.get("child"))
            yield (child, parent) if one["type"] == "dependency-of" else (parent, child)
