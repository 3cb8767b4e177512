"""Rows for people: who draws them (a terminal, a page) is not decided here. Pure."""

from pratique.documents.document import Basis, Document, Licence, Part
from pratique.lexicon.text import clean


def document_rows(document: Document) -> list[tuple[str, ...]]:
    """One row a part: type, name, version, licences; the type is the purl's, or what kind of thing it is."""
    rows = [
        (_type(part), clean(part.full_name), clean(part.version, 80), clean(" AND ".join(_grouped(_declared(part.licences)))))
        for part in document.walk()
    ]
    return sorted(rows)


def _type(part: Part) -> str:
    return clean(part.purl[4:].partition("/")[0] if part.purl.startswith("pkg:") else part.kind, 40)


def _declared(licences: tuple[Licence, ...]) -> tuple[str, ...]:
    """What is declared or just stated; what was concluded, where nothing is."""
    declared = tuple(one.value for one in licences if one.basis in (Basis.DECLARED, Basis.STATED))
    return declared or tuple(one.value for one in licences if one.basis is Basis.CONCLUDED)


def _grouped(licences: tuple[str, ...]) -> list[str]:
    return [f"({text})" if " " in text and len(licences) > 1 else text for text in licences]
