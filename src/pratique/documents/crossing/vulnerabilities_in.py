"""Vulnerabilities of SPDX 3.0.1 (profile Security) as those of CycloneDX. Pure.

A vulnerability, what is assessed of it and which packages it is associated with become rows: one for each thing that is said of
it, since CycloneDX has one analysis a row. Scores, catalogues and advisories stand in each of them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pratique.documents.crossing.security_words import (
    ADVISORIES,
    CVSS,
    CVSS_31,
    EPSS,
    EPSS_NAME,
    EVERY_CLASS,
    JUSTIFICATIONS,
    JUSTIFIED,
    KEV,
    LISTED,
    NOT_AFFECTED,
    PERCENTILE,
    SSVC,
    STATED,
    STATES,
    VULNERABILITY,
)
from pratique.documents.document import Document, Relation
from pratique.documents.spdx3.members import id_of, ref_of, text_of
from pratique.documents.spdx3.shape import model
from pratique.lexicon.values import list_or_empty

_HAS = "has-associated-vulnerability"
_Element = Mapping[str, Any]


def elements_of(document: Document) -> list[_Element]:
    """The elements that a document of SPDX 3 keeps as they are. Our own JSON may have been written by others: what is none is
    passed over."""
    rows = list_or_empty(document.extra.get("/@graph"))
    return [one for one in rows if isinstance(one, dict) and not model().check(one)]


class SecurityOfSpdx3:
    """What a document says of vulnerabilities. `rows`: in CycloneDX's words; `told`: identifiers of the elements of which that is
    all; `relations`: those that are told, too."""

    def __init__(self, document: Document) -> None:
        graph = elements_of(document)
        self.serial = document.serial
        self.elements = {id_of(one): one for one in graph}
        self.agents = {ref: text_of(one.get("name")) for ref, one in self.elements.items()}
        self.assessed: dict[str, list[_Element]] = {}
        self.told: set[str] = set()
        self.relations: set[int] = set()
        for one in graph:
            if one.get("type") in EVERY_CLASS and "from" in one:
                self.assessed.setdefault(text_of(one["from"]), []).append(one)
        self.associated: dict[str, list[str]] = {}
        for row in document.relations:
            self.associate(row)
        vulnerabilities = [one for one in graph if one.get("type") == VULNERABILITY]
        self.rows = tuple(row for one in vulnerabilities for row in self.rows_of(one))

    def associate(self, row: Relation) -> None:
        """Remember which things a relation says to have a vulnerability."""
        found = [self.elements.get(target, {}).get("type") == VULNERABILITY for target in row.targets]
        if row.kind == _HAS and found and all(found):
            for target in row.targets:
                self.associated.setdefault(target, []).append(row.source)
            self.relations.add(id(row))

    def rows_of(self, vulnerability: _Element) -> Iterator[dict[str, Any]]:
        """All that is said of one vulnerability."""
        ref = id_of(vulnerability)
        self.told.add(ref)
        stated = _stated(vulnerability)
        assessed = self.assessed.get(ref, [])
        self.told.update(id_of(one) for one in assessed)
        if stated is not None:
            yield from stated
            return
        row = self.plain(vulnerability)
        ratings = [rating for one in assessed for rating in self.rating(one)]
        row |= {"ratings": _distinct(ratings)} if ratings else {}
        listed = [{"name": LISTED, "value": _listed(one)} for one in assessed if one["type"] == KEV]
        row |= {"properties": listed} if listed else {}
        said = {source for one in assessed if one["type"] in STATES for source in self.refs(one)}
        groups: dict[str, tuple[dict[str, Any], list[str]]] = {}
        for one in assessed:
            if one["type"] in STATES:
                more = self.analysis(one)
                groups.setdefault(json.dumps(more, sort_keys=True), (more, []))[1].extend(self.refs(one))
        rest = [one for one in self.associated.get(ref, ()) if one not in said]
        rest += [] if said or rest else [source for one in assessed for source in self.refs(one)]
        if rest or not groups:
            groups[""] = ({}, rest)
        for index, (more, refs) in enumerate(groups.values()):
            out = row | {name: one for name, one in more.items() if name != "properties"}
            properties = [*row.get("properties", ()), *more.get("properties", ())]
            out |= {"properties": properties} if properties else {}
            out |= {"affects": [{"ref": one} for one in dict.fromkeys(refs)]} if refs else {}
            yield {"bom-ref": ref if not index else f"{ref}#{index + 1}", **out}

    def refs(self, assessment: _Element) -> list[str]:
        """What an assessment is about, as the parts of the document are called."""
        found = assessment.get("security_assessedElement")
        names = [found] if isinstance(found, str) else [one for one in assessment["to"] if isinstance(one, str)]
        return [ref_of(self.serial, one) for one in names if one not in ("NoneElement", "NoAssertionElement")]

    def plain(self, one: _Element) -> dict[str, Any]:
        """What the vulnerability itself says."""
        out: dict[str, Any] = {}
        names = [row for row in one.get("externalIdentifier", ()) if isinstance(row, Mapping)]
        names.sort(key=lambda row: row.get("externalIdentifierType") != "cve")
        name = text_of(one.get("name"))
        first = text_of(names[0].get("identifier")) if names else ""
        out |= {"id": first or name} if first or name else {}
        source = _source(names[0]) if names else {}
        out |= {"source": source} if source else {}
        others = [{"id": text_of(row.get("identifier")), "source": _source(row)} for row in names[1:]]
        if first and name and name not in (first, *(row["id"] for row in others)):
            others.append({"id": name, "source": {}})
        out |= {"references": others} if others else {}
        summary, description = text_of(one.get("summary")), text_of(one.get("description"))
        out |= {"description": summary or description} if summary or description else {}
        detail = "\n\n".join(text for text in (description if summary else "", text_of(one.get("comment"))) if text)
        out |= {"detail": detail} if detail else {}
        advisories = [
            {"url": url, **({"title": text_of(row["comment"])} if row.get("comment") else {})}
            for row in one.get("externalRef", ())
            if isinstance(row, Mapping) and row.get("externalRefType") in (None, *ADVISORIES)
            for url in row.get("locator", ())
        ]
        out |= {"advisories": advisories} if advisories else {}
        times = (("published", "publishedTime"), ("updated", "modifiedTime"), ("rejected", "withdrawnTime"))
        return out | {name: one[f"security_{member}"] for name, member in times if f"security_{member}" in one}

    def rating(self, one: _Element) -> Iterator[dict[str, Any]]:
        """An assessment that scores."""
        kind, by = one["type"], self.agents.get(text_of(one.get("suppliedBy")), "")
        source = {"source": {"name": by}} if by else {}
        if kind in CVSS:
            vector = text_of(one.get("security_vectorString"))
            out: dict[str, Any] = {**source, "score": _number(one.get("security_score"))}
            out |= {"severity": one["security_severity"]} if "security_severity" in one else {}
            yield out | {"method": "CVSSv31" if vector.startswith(CVSS_31) else CVSS[kind], "vector": vector}
        elif kind == EPSS:
            why = f"{PERCENTILE}{_number(one.get('security_percentile'))}"
            probability = _number(one.get("security_probability"))
            yield {"source": {"name": EPSS_NAME}, "score": probability, "method": "other", "justification": why}
        elif kind == SSVC:
            yield {**source, "method": "SSVC", "vector": one["security_decisionType"]}

    def analysis(self, one: _Element) -> dict[str, Any]:
        """What is said of whether it matters, and what to do."""
        analysis: dict[str, Any] = {"state": STATES[one["type"]]}
        out: dict[str, Any] = {"analysis": analysis}
        why = text_of(one.get("security_justificationType"))
        if one["type"] == NOT_AFFECTED and why:
            analysis["justification"] = JUSTIFICATIONS[why]
            out["properties"] = [{"name": JUSTIFIED, "value": why}]
        words = [text_of(one.get(name)) for name in ("security_impactStatement", "security_statusNotes", "comment")]
        detail = "\n\n".join(text for text in words if text)
        analysis |= {"detail": detail} if detail else {}
        times = (("firstIssued", "security_publishedTime"), ("lastUpdated", "security_modifiedTime"))
        analysis |= {name: one[member] for name, member in times if member in one}
        action = text_of(one.get("security_actionStatement"))
        return out | ({"recommendation": action} if action else {})


def _stated(vulnerability: _Element) -> list[dict[str, Any]] | None:
    """What CycloneDX stated of it, where our writer kept that."""
    for extension in vulnerability.get("extension", ()):
        entries = extension.get("extension_cdxProperty", ()) if isinstance(extension, Mapping) else ()
        texts = [row.get("extension_cdxPropValue", "") for row in entries if row.get("extension_cdxPropName") == STATED]
        try:
            rows = [json.loads(text) for text in texts]
        except (ValueError, RecursionError):
            return None
        if rows and all(isinstance(row, dict) for row in rows):
            return rows
    return None


def _source(row: _Element) -> dict[str, Any]:
    name, where = text_of(row.get("issuingAuthority")), row.get("identifierLocator", ())
    out = {"name": name} if name else {}
    return out | ({"url": where[0]} if where else {})


def _listed(one: _Element) -> str:
    catalogue = text_of(one.get("security_catalogType"))
    return f"{catalogue} {'' if one.get('security_exploited') else 'not exploited '}{text_of(one.get('security_locator'))}"


def _number(value: Any) -> float:
    """SPDX 3 has decimals as numbers or as texts."""
    return float(value) if isinstance(value, str) else value


def _distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(row, sort_keys=True): row for row in rows}.values())
