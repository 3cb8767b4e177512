"""The Minimum Elements For a Software Bill of Materials (NTIA, 12 July 2021): the data fields of its first table, as rules. Pure.

Not asked: what no document shows (automation support beyond its format; practices and processes such as how often it is made).
"""

from pratique.documents.score.fields import has_author, has_identifier, has_maker, is_time, said
from pratique.documents.score.rules import Rule, Standard, each, each_in, once
from pratique.documents.score.view import View

_FIELDS = "Minimum Elements, Data Fields"

SUPPLIER = "name the supplier: `supplier`, `manufacturer`, `authors` or `publisher` (CycloneDX), PackageSupplier (SPDX)"
IDENTIFIER = "add a package URL, or a CPE, SWID or SWHID where the component has none"
RELATION = "say what depends on or contains each component; an empty list says that it is known to need nothing"
TIME = "state the time, with its zone, at which the document was made; `sbom` of a folder takes it from SOURCE_DATE_EPOCH"

NTIA = Standard(
    id="ntia",
    title="NTIA Minimum Elements (2021)",
    source="The Minimum Elements For a Software Bill of Materials (SBOM), NTIA, 2021-07-12",
    rules=(
        Rule(
            id="supplier",
            clause=f"{_FIELDS}: Supplier Name",
            asks="each component names who creates, defines and identifies it",
            advice=SUPPLIER,
            answer=each_in(has_maker),
        ),
        Rule(
            id="name",
            clause=f"{_FIELDS}: Component Name",
            asks="each component has a name",
            advice="name each component as its supplier does",
            answer=each(lambda part: said(part.name)),
        ),
        Rule(
            id="version",
            clause=f"{_FIELDS}: Version of the Component",
            asks="each component has a version",
            advice="state the version; of what its supplier gives none, a digest or a date tells one state from another",
            answer=each(lambda part: said(part.version)),
        ),
        Rule(
            id="identifiers",
            clause=f"{_FIELDS}: Other Unique Identifiers",
            asks="each component has a key into other databases",
            advice=IDENTIFIER,
            answer=each(has_identifier),
        ),
        Rule(
            id="relationship",
            clause=f"{_FIELDS}: Dependency Relationship",
            asks="each component has its place among the others: what includes it, or what it includes",
            advice=RELATION,
            answer=each_in(View.placed),
        ),
        Rule(
            # "… could come from the creator of the software …, the upstream component supplier, or some third party analysis
            # tool": a tool is an author here.
            id="author",
            clause=f"{_FIELDS}: Author of SBOM Data",
            asks="the document names who, or which tool, made it",
            advice="name the author of the document: `metadata.authors` (CycloneDX), Creator (SPDX)",
            answer=once(
                lambda view: has_author(view.document) or any(said(one.name) for one in view.document.tools), "names no author"
            ),
        ),
        Rule(
            id="timestamp",
            clause=f"{_FIELDS}: Timestamp",
            asks="the document says when it was made",
            advice=TIME,
            answer=once(lambda view: is_time(view.document.timestamp), "states no time"),
        ),
    ),
)
