"""Errors that tools make in SPDX 2.1 to 2.3: identifiers with characters that are none, members that the version demands and
nobody knew, one text for a list of texts, creators without a kind. Put right, so that no package is lost for them."""

import uuid
from collections.abc import Mapping
from typing import Any

from pratique.documents.lenient.marks import EPOCH, Marks, time_of
from pratique.documents.shape import Problem, is_time
from pratique.documents.spdx2.ids import spdx2_id
from pratique.lexicon.iri import is_uri
from pratique.lexicon.lazy_regex import lazy

_ROOT = "SPDXRef-DOCUMENT"
_ID = lazy(r"SPDXRef-[A-Za-z0-9.+_-]+")
_KIND = lazy(r"(?:Person|Organization|Tool): ?.*")
_PARTY = lazy(r"(?:(?:Person|Organization): ?.+|NOASSERTION)")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/lenient/v1")
_LISTS = ("licenseInfoFromFiles", "licenseInfoInFiles", "attributionTexts", "hasFiles", "fileTypes", "checksums", "externalRefs")
_UNSAID = ("downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText")


def put_spdx2_right(document: dict[str, Any], version: str) -> tuple[Problem, ...]:
    """What was put right in a document, in place. `version`: `2.2` or `2.3`."""
    marks = Marks()
    names = _identifiers(document)
    _head(document, marks)
    for place, what in (("packages", "name"), ("files", "fileName")):
        rows = document.get(place)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict):
                _element(row, what, f"/{place}/{index}", version, marks, names)
    _rename(document, names, marks)
    return tuple(marks.problems)


def _head(document: dict[str, Any], marks: Marks) -> None:
    if not isinstance(document.get("dataLicense"), str):
        marks.put(document, "dataLicense", "CC0-1.0", "")
    packages = document.get("packages")
    first = packages[0] if isinstance(packages, list) and packages and isinstance(packages[0], dict) else {}
    name = document.get("name")
    if not isinstance(name, str):
        named = first.get("name")
        marks.put(document, "name", named if isinstance(named, str) and named else "unnamed", "")
    space = document.get("documentNamespace")
    if not isinstance(space, str) or not is_uri(space) or "#" in space:
        words = space if isinstance(space, str) and space else str(document["name"])
        marks.put(document, "documentNamespace", f"urn:uuid:{uuid.uuid5(_NAMESPACE, words)}", "")
    info = document.get("creationInfo")
    if not isinstance(info, dict):
        marks.put(document, "creationInfo", {}, "")
        info = document["creationInfo"]
    created = info.get("created")
    if not isinstance(created, str) or not is_time(created):
        marks.put(info, "created", time_of(created) or EPOCH, "/creationInfo")
    creators = info.get("creators")
    rows = [one for one in (creators if isinstance(creators, list) else [creators]) if isinstance(one, str) and one.strip()]
    fit = [one if _KIND.fullmatch(one) else f"Tool: {one.partition(':')[2].strip() or one.strip(': ')}" for one in rows]
    if not fit or fit != creators:
        marks.put(info, "creators", fit or ["Tool: NOASSERTION"], "/creationInfo")


def _element(row: dict[str, Any], what: str, pointer: str, version: str, marks: Marks, names: Mapping[str, str]) -> None:
    ref = row.get("SPDXID")
    if not isinstance(row.get(what), str) and isinstance(ref, str):
        marks.put(row, what, ref.removeprefix("SPDXRef-"), pointer)
    for name in _LISTS:
        if name in row and not isinstance(row[name], list):
            marks.put(row, name, [row[name]], pointer)
    package = what == "name"
    needed = _UNSAID if package and version < "2.3" else _UNSAID[:1] if package else ("licenseConcluded", "copyrightText")
    for name in needed if package or version < "2.3" else ():
        if not isinstance(row.get(name), str):
            marks.put(row, name, "NOASSERTION", pointer)
    if isinstance(row.get("filesAnalyzed"), str) and row["filesAnalyzed"].lower() in ("true", "false"):
        marks.put(row, "filesAnalyzed", row["filesAnalyzed"].lower() == "true", pointer)
    for name in ("supplier", "originator"):
        party = row.get(name)
        if isinstance(party, str) and not _PARTY.fullmatch(party):
            words = party.strip()
            marks.put(row, name, f"Organization: {words}" if words and words != "NONE" else "NOASSERTION", pointer)
    for name in ("builtDate", "releaseDate", "validUntilDate"):
        if name in row and not (isinstance(row[name], str) and is_time(row[name])) and (time := time_of(row[name])):
            marks.put(row, name, time, pointer)
    if isinstance(ref, str) and ref in names:
        marks.put(row, "SPDXID", names[ref], pointer)


def _identifiers(document: Mapping[str, Any]) -> dict[str, str]:
    """Identifiers that are none → those that stand there."""
    found: dict[str, str] = {}
    packages: set[str] = set()
    for place in ("packages", "files", "snippets"):
        rows = document.get(place)
        for row in rows if isinstance(rows, list) else ():
            ref = row.get("SPDXID") if isinstance(row, dict) else None
            packages.add(str(ref))
            if isinstance(ref, str) and ref and ref not in found and not _ID.fullmatch(ref):
                found[ref] = spdx2_id(ref)
    root = document.get("SPDXID")
    if root != _ROOT and isinstance(root, str) and root not in packages:
        found[root] = _ROOT  # some call the document what its first package is called
    return found


def _rename(document: dict[str, Any], names: Mapping[str, str], marks: Marks) -> None:
    """Identifiers where they are referred to; that each is another is told where it is defined."""
    if document.get("SPDXID") != _ROOT:
        marks.put(document, "SPDXID", _ROOT, "")
    if not names:
        return
    for row in document["relationships"] if isinstance(document.get("relationships"), list) else ():
        for member in ("spdxElementId", "relatedSpdxElement"):
            if isinstance(row, dict) and isinstance(row.get(member), str):
                row[member] = names.get(row[member], row[member])
    holders = [document, *(row for row in document.get("packages", ()) if isinstance(row, dict))]
    for holder in holders:
        for member in ("documentDescribes", "hasFiles"):
            if isinstance(holder.get(member), list):
                holder[member] = [names.get(one, one) if isinstance(one, str) else one for one in holder[member]]
