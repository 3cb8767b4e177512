"""Vulnerabilities as far as SPDX 2.3 can say them: of a package, where to read about what affects it or what fixed it (Annex
K.1). Pure. What does not affect it has no such address."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pratique.documents.crossing.security_words import PREFIX
from pratique.documents.crossing.vulnerabilities_in import SecurityOfSpdx3
from pratique.documents.document import Document, ExternalReference, Family, Part
from pratique.lexicon.iri import is_uri
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_KINDS = {
    "": "security/advisory",
    "exploitable": "security/advisory",
    "in_triage": "security/advisory",
    "resolved": "security/fix",
    "resolved_with_pedigree": "security/fix",
}
"""State of CycloneDX's analysis → category and type of the external reference."""
_PUBLISHED = (
    (lazy(r"CVE-\d{4}-\d{4,}"), "https://nvd.nist.gov/vuln/detail/"),
    (lazy(r"GHSA(?:-[0-9a-z]{4}){3}"), "https://github.com/advisories/"),
    (lazy(r"[A-Z]+-\d{4}-[0-9A-Za-z-]+"), "https://osv.dev/vulnerability/"),
)
"""Form of a name → where those are published."""


def with_advisories(document: Document) -> Document:
    """The document with these references at its parts."""
    rows: Iterable[Any] = document.vulnerabilities
    graph = list_or_empty(document.extra.get("/@graph")) if document.family is Family.SPDX3 else ()
    if any(text_or_empty(table_or_empty(one).get("type")).startswith(PREFIX) for one in graph):
        security = SecurityOfSpdx3(document)
        rows = security.rows
        left = tuple(one for one in document.relations if id(one) not in security.relations)
        document = replace(document, relations=left)
    said: dict[str, list[ExternalReference]] = {}
    for row in map(table_or_empty, rows):
        state = text_or_empty(table_or_empty(row.get("analysis")).get("state"))
        url = _address(row)
        if not url or state not in _KINDS:
            continue
        words = ": ".join(filter(None, (clean(row.get("id", ""), 100), state.replace("_", " "))))
        for one in list_or_empty(row.get("affects")):
            ref = text_or_empty(table_or_empty(one).get("ref"))
            said.setdefault(ref, []).append(ExternalReference(kind=_KINDS[state], url=url, comment=words))
    if not said:
        return document

    def told(part: Part) -> Part:
        known = {(one.kind, one.url) for one in part.references}
        more = tuple(one for one in said.get(part.ref, ()) if (one.kind, one.url) not in known)
        return replace(part, references=(*part.references, *more)) if more else part

    subject = told(document.subject) if document.subject is not None else None
    return replace(document, subject=subject, parts=tuple(told(one) for one in document.parts))


def _address(row: dict[str, Any]) -> str:
    """Where to read about it: what the row says, or where such names are published."""
    stated = [table_or_empty(row.get("source")).get("url"), *(one.get("url") for one in _tables(row.get("advisories")))]
    for url in map(text_or_empty, stated):
        if is_uri(url) and not any(char.isspace() for char in url):
            return url
    name = text_or_empty(row.get("id"))
    return next((place + name for form, place in _PUBLISHED if form.fullmatch(name)), "")


def _tables(rows: Any) -> Iterable[dict[str, Any]]:
    return map(table_or_empty, list_or_empty(rows))
