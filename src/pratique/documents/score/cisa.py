"""The 2025 Minimum Elements for a Software Bill of Materials (CISA, draft for comment, August 2025), as rules. Pure.

Its eleven data fields, and what else of it a document shows: a format that machines read, and known unknowns. Against NTIA's of
2021 it adds hash, licence, tool name and generation context, and tells the author from the tool. A licence or digest that is
only said to be unknown is counted as missing: this is what there is to do about it.
"""

from pratique.documents.document import Basis, Family
from pratique.documents.score.fields import (
    has_author,
    has_context,
    has_identifier,
    has_licence,
    has_maker,
    hashes_of,
    is_hash,
    is_time,
    said,
)
from pratique.documents.score.ntia import IDENTIFIER, RELATION, SUPPLIER, TIME
from pratique.documents.score.rules import Rule, Standard, each, each_in, once
from pratique.documents.score.view import View

_FIELDS = "Data Fields"
_ANY = (Basis.STATED, Basis.DECLARED, Basis.CONCLUDED)

CISA = Standard(
    id="cisa",
    title="CISA Minimum Elements (2025 draft)",
    source="2025 Minimum Elements for a Software Bill of Materials (SBOM), CISA, public comment draft of August 2025",
    rules=(
        Rule(
            id="author",
            clause=f"{_FIELDS}: SBOM Author",
            asks="the document names the person or organisation that made it",
            advice="name who answers for the document: `metadata.authors` or `metadata.manufacturer` (CycloneDX), Creator (SPDX)",
            answer=once(lambda view: has_author(view.document), "names nobody; a tool is no author"),
        ),
        Rule(
            id="producer",
            clause=f"{_FIELDS}: Software Producer",
            asks="each component names who creates, defines and identifies it",
            advice=SUPPLIER,
            answer=each_in(has_maker),
        ),
        Rule(
            id="name",
            clause=f"{_FIELDS}: Component Name",
            asks="each component has a name",
            advice="name each component as its producer does",
            answer=each(lambda part: said(part.name)),
        ),
        Rule(
            id="version",
            clause=f"{_FIELDS}: Component Version",
            asks="each component has a version, or the date of its file",
            advice="state the version; of what its producer gives none, the date on which the file was made",
            answer=each(lambda part: said(part.version)),
        ),
        Rule(
            id="identifiers",
            clause=f"{_FIELDS}: Software Identifiers",
            asks="each component has at least one identifier that databases know",
            advice=IDENTIFIER,
            answer=each(has_identifier),
        ),
        Rule(
            id="hash",
            clause=f"{_FIELDS}: Component Hash",
            asks="each component that can have one has a digest, with its algorithm",
            advice="state a digest of the component, SHA-256 or better",
            answer=each(lambda part: any(is_hash(one) for one in hashes_of(part)), among=View.physical),
        ),
        Rule(
            id="licence",
            clause=f"{_FIELDS}: License",
            asks="each component states the licence under which it is available",
            advice="state declared or concluded licences as SPDX expressions",
            answer=each(lambda part: has_licence(part, *_ANY)),
        ),
        Rule(
            id="relationship",
            clause=f"{_FIELDS}: Dependency Relationship",
            asks="each component has its place among the others: what includes it, or what it includes",
            advice=RELATION,
            answer=each_in(View.placed),
        ),
        Rule(
            id="tool",
            clause=f"{_FIELDS}: Tool Name",
            asks="the document names the tool that made it",
            advice="name the tool: `metadata.tools` (CycloneDX), Creator: Tool (SPDX 2), createdUsing (SPDX 3)",
            answer=once(lambda view: any(said(one.name) for one in view.document.tools), "names no tool"),
        ),
        Rule(
            id="timestamp",
            clause=f"{_FIELDS}: Timestamp",
            asks="the document says when it was made (ISO 8601)",
            advice=TIME,
            answer=once(lambda view: is_time(view.document.timestamp), "states no time"),
        ),
        Rule(
            id="context",
            clause=f"{_FIELDS}: Generation Context",
            asks="the document says whether it was made before, during or after the build",
            advice="state the phase: `metadata.lifecycles` (CycloneDX 1.5), software_sbomType (SPDX 3), CreatorComment (SPDX 2)",
            answer=once(lambda view: has_context(view.document), "states no phase"),
        ),
        Rule(
            id="format",
            clause="Automation Support",
            asks="the document is in a format that is widely read: CycloneDX or SPDX",
            advice="convert it: `pratique sbom convert IN -o cyclonedx-json`",
            answer=once(lambda view: view.document.family is not Family.OWN, "is in a format of one tool"),
        ),
        Rule(
            id="unknowns",
            clause="Practices and Processes: Known Unknowns",
            asks="the document says how complete it is",
            advice="state it: `compositions` (CycloneDX), completeness of relationships (SPDX 3), NOASSERTION or NONE (SPDX 2)",
            answer=once(lambda view: view.says_completeness, "does not say how complete it is"),
        ),
    ),
)
