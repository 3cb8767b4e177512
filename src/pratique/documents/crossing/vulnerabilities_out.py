"""Vulnerabilities of CycloneDX as elements of SPDX 3.0.1 (profile Security). Pure.

Each row becomes a vulnerability, its ratings and its analysis relationships to what it affects. What SPDX 3 has no member for
stays in a property of the vulnerability, from which `vulnerabilities_in` takes the whole row again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pratique.documents.crossing.security_words import (
    AFFECTED,
    CLASSES,
    CVSS_CLASSES,
    EPSS,
    EPSS_NAME,
    JUSTIFIED,
    NOT_AFFECTED,
    OPENVEX,
    PERCENTILE,
    RELATIONS,
    SEVERITIES,
    SSVC,
    STATED,
    VULNERABILITY,
)
from pratique.documents.document import Property
from pratique.documents.spdx3.members import extension_of
from pratique.documents.spdx3.vocabulary import UNKNOWN_ELEMENT
from pratique.documents.spdx_common import short_hash, spdx_time
from pratique.lexicon.iri import is_uri
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_DECISIONS = {"act": "act", "attend": "attend", "track": "track", "track*": "trackStar", "trackstar": "trackStar"}
_TIMES = (("published", "publishedTime"), ("updated", "modifiedTime"), ("rejected", "withdrawnTime"))

Make = Callable[..., dict[str, Any]]
"""(class, name, **members) → an element of the document."""


def security_elements(
    rows: tuple[Any, ...], make: Make, refer: Callable[[str], str], agent: Callable[[str], str]
) -> Iterator[Any]:
    """The elements of all rows. `refer`: the identifier of a part, "" for what is not in the document. `agent`: the identifier of
    who is called so."""
    seen: dict[str, int] = {}
    for stated in rows:
        row = table_or_empty(stated)
        name = f"vulnerability-{short_hash(json.dumps(row, sort_keys=True))}"
        seen[name] = seen.get(name, 0) + 1
        yield from _Row(row, name if seen[name] == 1 else f"{name}-{seen[name]}", make, refer, agent).elements()


class _Row:
    """One vulnerability on its way out."""

    def __init__(
        self, row: Mapping[str, Any], name: str, make: Make, refer: Callable[[str], str], agent: Callable[[str], str]
    ) -> None:
        self.row, self.name, self.make, self.agent = row, name, make, agent
        affects = [text_or_empty(table_or_empty(one).get("ref")) for one in list_or_empty(row.get("affects"))]
        self.affected = [one for one in map(refer, affects) if one]
        self.count = 0

    def elements(self) -> Iterator[dict[str, Any]]:
        """The vulnerability and what is said of it."""
        vulnerability = self.vulnerability()
        yield vulnerability
        self.ref = vulnerability["spdxId"]
        for one in list_or_empty(self.row.get("ratings")):
            yield from self.rating(table_or_empty(one))
        analysis = table_or_empty(self.row.get("analysis"))
        kind = CLASSES.get(text_or_empty(analysis.get("state")))
        if kind:
            yield self.assessment(kind, RELATIONS[kind], **self.said(kind, analysis))
        else:
            for one in self.affected:
                self.count += 1
                members = {"relationshipType": "hasAssociatedVulnerability", "from": one, "to": [self.ref]}
                yield self.make("Relationship", f"{self.name}-{self.count}", **members)

    def vulnerability(self) -> dict[str, Any]:
        """The thing itself."""
        row = self.row
        name = text_or_empty(row.get("id"))
        description, detail = text_or_empty(row.get("description")), text_or_empty(row.get("detail"))
        members: dict[str, Any] = {"name": name}
        members |= {"summary": description, "description": detail} if detail else {"description": description}
        identifiers = [_identifier(name, table_or_empty(row.get("source")))] if name else []
        for one in list_or_empty(row.get("references")):
            other = table_or_empty(one)
            identifiers.append(_identifier(text_or_empty(other.get("id")), table_or_empty(other.get("source"))))
        members["externalIdentifier"] = identifiers
        members["externalRef"] = [
            {
                "type": "ExternalRef",
                "externalRefType": "securityAdvisory",
                "locator": [text_or_empty(one.get("url"))],
                **({"comment": text_or_empty(one["title"])} if one.get("title") else {}),
            }
            for one in map(table_or_empty, list_or_empty(row.get("advisories")))
            if text_or_empty(one.get("url"))
        ]
        members |= {
            f"security_{member}": spdx_time(text_or_empty(row.get(said)))
            for said, member in _TIMES
            if text_or_empty(row.get(said))
        }
        stated = json.dumps(row, sort_keys=True, separators=(",", ":"))
        return self.make(VULNERABILITY, self.name, **members, **extension_of([Property(STATED, stated)]))

    def rating(self, one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """A score, where all is there that SPDX 3 demands of one."""
        method, score = text_or_empty(one.get("method")), one.get("score")
        vector, severity = text_or_empty(one.get("vector")), text_or_empty(one.get("severity"))
        by = text_or_empty(table_or_empty(one.get("source")).get("name"))
        number = isinstance(score, int | float)
        why = text_or_empty(one.get("justification"))
        members: dict[str, Any] = {"suppliedBy": self.agent(by)} if by and by != EPSS_NAME else {}
        kind = CVSS_CLASSES.get(method)
        if kind and number and vector and (kind.endswith("V2VulnAssessmentRelationship") or severity in SEVERITIES):
            members |= {"security_score": score, "security_vectorString": vector}
            members |= {} if "CvssV2" in kind else {"security_severity": severity}
            yield self.assessment(kind, "hasAssessmentFor", **members)
        elif method == "SSVC" and vector.lower() in _DECISIONS:
            yield self.assessment(SSVC, "hasAssessmentFor", **members, security_decisionType=_DECISIONS[vector.lower()])
        elif by == EPSS_NAME and number and why.startswith(PERCENTILE) and _is_number(why.removeprefix(PERCENTILE)):
            members |= {"security_probability": score, "security_percentile": float(why.removeprefix(PERCENTILE))}
            yield self.assessment(EPSS, "hasAssessmentFor", **members)

    def said(self, kind: str, analysis: Mapping[str, Any]) -> dict[str, Any]:
        """The members of an assessment of whether it matters."""
        members: dict[str, Any] = {}
        detail, recommendation = text_or_empty(analysis.get("detail")), text_or_empty(self.row.get("recommendation"))
        if kind == NOT_AFFECTED:
            properties = map(table_or_empty, list_or_empty(self.row.get("properties")))
            exact = next((text_or_empty(one.get("value")) for one in properties if one.get("name") == JUSTIFIED), "")
            why = exact if exact in OPENVEX.values() or exact == "componentNotPresent" else ""
            why = why or OPENVEX.get(text_or_empty(analysis.get("justification")), "")
            members |= {"security_justificationType": why} if why else {}
            members |= {"security_impactStatement": detail} if detail else {}
        elif kind == AFFECTED:
            responses = [text_or_empty(one) for one in list_or_empty(analysis.get("response"))]
            action = recommendation or text_or_empty(self.row.get("workaround")) or ", ".join(filter(None, responses))
            members |= {"security_actionStatement": action or "NOASSERTION"}
        if detail and kind != NOT_AFFECTED:
            members["security_statusNotes"] = detail
        times = (("firstIssued", "publishedTime"), ("lastUpdated", "modifiedTime"))
        return members | {
            f"security_{member}": spdx_time(text_or_empty(analysis.get(said)))
            for said, member in times
            if text_or_empty(analysis.get(said))
        }

    def assessment(self, kind: str, relation: str, **members: Any) -> dict[str, Any]:
        """A relationship to all that is affected; to what nobody says where nothing is named."""
        self.count += 1
        own = {"relationshipType": relation, "from": self.ref, "to": self.affected or [UNKNOWN_ELEMENT]}
        row = self.make(kind, f"{self.name}-{self.count}", **own)
        return row | members  # also a score of 0


def _identifier(name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": "ExternalIdentifier",
        "externalIdentifierType": "cve" if name.upper().startswith("CVE-") else "securityOther",
        "identifier": name,
    }
    by, url = text_or_empty(source.get("name")), text_or_empty(source.get("url"))
    out |= {"issuingAuthority": by} if by else {}
    return out | ({"identifierLocator": [url]} if is_uri(url) else {})


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
