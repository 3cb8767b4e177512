"""SPDX 2 (JSON, tag-value) and SPDX 3 (JSON-LD) as far as they name packages, licences, digests and edges. Pure and tolerant.

What a package was made from (`GENERATED_FROM`), and what built or describes it, lies elsewhere: that is not stated to be there.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pratique.ecosystems.stated.statement import (
    Stated,
    Statements,
    bounded,
    digests,
    edges,
    licences_of,
    party,
    told,
)
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

_FORWARD = frozenset({"DEPENDS_ON", "CONTAINS", "dependsOn", "contains"})
_BACKWARD = frozenset({"DEPENDENCY_OF", "CONTAINED_BY", "RUNTIME_DEPENDENCY_OF"})
_ORIGIN = frozenset({"GENERATED_FROM", "DESCRIBED_BY"})
_ORIGIN_OF = frozenset({"generates", "ANCESTOR_OF"})
_TOOLS = frozenset({"BUILD_TOOL_OF", "BUILD_DEPENDENCY_OF", "DEV_TOOL_OF", "DEV_DEPENDENCY_OF", "TEST_TOOL_OF"})


def read_spdx2(document: dict[str, Any]) -> Statements:
    """What a document with an `spdxVersion` states. Raises LimitExceeded."""
    relations = [
        (
            text_or_empty(one.get("spdxElementId")),
            text_or_empty(one.get("relationshipType")),
            text_or_empty(one.get("relatedSpdxElement")),
        )
        for one in map(table_or_empty, list_or_empty(document.get("relationships")))
    ]
    packages = map(table_or_empty, list_or_empty(document.get("packages")))
    return _statements((_package(one) for one in packages), relations)


def _package(entry: dict[str, Any]) -> Stated:
    references = [table_or_empty(one) for one in list_or_empty(entry.get("externalRefs"))]
    located = [(text_or_empty(one.get("referenceType")), text_or_empty(one.get("referenceLocator"))) for one in references]
    return Stated(
        key=text_or_empty(entry.get("SPDXID")),
        name=text_or_empty(entry.get("name")),
        version=told(entry.get("versionInfo")),
        purl=next((locator for kind, locator in located if kind == "purl"), ""),
        kind=told(entry.get("primaryPackagePurpose")).replace("_", "-"),
        licences=licences_of([entry.get("licenseDeclared")]) or licences_of([entry.get("licenseConcluded")]),
        hashes=digests(
            (one.get("algorithm"), one.get("checksumValue")) for one in map(table_or_empty, list_or_empty(entry.get("checksums")))
        ),
        supplier=party(entry.get("supplier")) or party(entry.get("originator")),
        description=told(entry.get("summary")) or told(entry.get("description")),
        homepage=told(entry.get("homepage")),
        cpes=tuple(locator for kind, locator in located if kind in ("cpe23Type", "http://spdx.org/rdf/references/cpe23Type")),
    )


_FIELDS = {
    "PackageVersion": "versionInfo",
    "SPDXID": "SPDXID",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
    "PackageLicenseDeclared": "licenseDeclared",
    "PackageLicenseConcluded": "licenseConcluded",
    "PackageSupplier": "supplier",
    "PackageOriginator": "originator",
    "PackageSummary": "summary",
    "PackageHomePage": "homepage",
}


def read_tag_value(text: str) -> Statements:
    """The same of the tag-value form. Texts of several lines are passed over. Raises LimitExceeded."""
    packages: list[dict[str, Any]] = []
    relations: list[dict[str, str]] = []
    here: dict[str, Any] | None = None
    in_text = False
    for line in text.split("\n"):
        if in_text or "<text>" in line:
            in_text = "</text>" not in line
            continue
        tag, _, value = (part.strip() for part in line.partition(":"))
        words = value.split()
        if tag == "PackageName":
            here = {"name": value, "externalRefs": [], "checksums": []}
            packages.append(here)
        elif tag in ("FileName", "SnippetSPDXID", "LicenseID"):
            here = None
        elif tag == "Relationship" and len(words) == 3:
            relations.append(dict(zip(("spdxElementId", "relationshipType", "relatedSpdxElement"), words, strict=True)))
        elif here is not None and tag in _FIELDS:
            here.setdefault(_FIELDS[tag], value)
        elif here is not None and tag == "ExternalRef" and len(words) >= 3:
            here["externalRefs"].append({"referenceType": words[1], "referenceLocator": words[2]})
        elif here is not None and tag == "PackageChecksum" and len(words) == 2:
            here["checksums"].append({"algorithm": words[0].rstrip(":"), "checksumValue": words[1]})
    return read_spdx2({"packages": packages, "relationships": relations})


def read_spdx3(document: dict[str, Any]) -> Statements:
    """What a document with an `@graph` states (SPDX 3.0). Raises LimitExceeded."""
    elements = [table_or_empty(one) for one in list_or_empty(document.get("@graph"))]
    expressions = {
        _id(one): one.get("simplelicensing_licenseExpression") for one in elements if _type(one).endswith("LicenseExpression")
    }
    names = {_id(one): text_or_empty(one.get("name")) for one in elements}
    relations: list[tuple[str, str, str]] = []
    licences: dict[str, list[Any]] = {}
    for one in elements:
        if not _type(one).endswith("Relationship"):
            continue
        source, kind = text_or_empty(one.get("from")), text_or_empty(one.get("relationshipType"))
        targets = [text_or_empty(target) for target in list_or_empty(one.get("to"))]
        if kind == "hasDeclaredLicense":
            licences.setdefault(source, []).extend(expressions.get(target) for target in targets)
        elif text_or_empty(one.get("scope")) not in ("build", "development", "test"):
            relations += [(source, kind, target) for target in targets]
    packages = (one for one in elements if _type(one).endswith("software_Package") or _type(one) == "Package")
    return _statements((_package3(one, licences.get(_id(one), []), names) for one in packages), relations)


def _package3(entry: dict[str, Any], licences: list[Any], names: dict[str, str]) -> Stated:
    identifiers = [table_or_empty(one) for one in list_or_empty(entry.get("externalIdentifier"))]
    known = [(text_or_empty(one.get("externalIdentifierType")), text_or_empty(one.get("identifier"))) for one in identifiers]
    verified = map(table_or_empty, list_or_empty(entry.get("verifiedUsing")))
    return Stated(
        key=_id(entry),
        name=text_or_empty(entry.get("name")),
        version=told(entry.get("software_packageVersion")),
        purl=text_or_empty(entry.get("software_packageUrl"))
        or next((value for kind, value in known if kind == "packageUrl"), ""),
        kind=text_or_empty(entry.get("software_primaryPurpose")),
        licences=licences_of(licences),
        hashes=digests((one.get("algorithm"), one.get("hashValue")) for one in verified),
        supplier=names.get(text_or_empty(entry.get("suppliedBy")), ""),
        description=told(entry.get("summary")) or told(entry.get("description")),
        homepage=told(entry.get("software_homePage")),
        cpes=tuple(value for kind, value in known if kind == "cpe23"),
    )


def _id(element: dict[str, Any]) -> str:
    return text_or_empty(element.get("spdxId")) or text_or_empty(element.get("@id"))


def _type(element: dict[str, Any]) -> str:
    return text_or_empty(element.get("type")) or text_or_empty(element.get("@type"))


def _statements(packages: Iterable[Stated], relations: list[tuple[str, str, str]]) -> Statements:
    """The packages without those that others were made from or with."""
    elsewhere = {target for _, kind, target in relations if kind in _ORIGIN}
    elsewhere |= {source for source, kind, _ in relations if kind in _TOOLS or kind in _ORIGIN_OF}
    parts = bounded(one for one in packages if one.key not in elsewhere)
    return Statements(parts, edges(_edges(relations)))


def _edges(relations: list[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for source, kind, target in relations:
        if kind in _BACKWARD:
            yield target, source
        elif kind in _FORWARD:
            yield source, target
