"""SPDX 2.2 and 2.3 in the layout of their JSON as tag-value text (SPDX 2.3, clauses 6 to 13). Pure.

Files follow the package that holds them, which is how the text says so; those of no package come before all packages.
"""

from collections.abc import Mapping
from typing import Any

from pratique.documents.shape import Problem
from pratique.documents.spdx2.tag_vocabulary import (
    ANNOTATION,
    ARTIFACT,
    CREATION,
    DOCUMENT,
    FILE,
    FILE_LISTS,
    LICENCE,
    LICENCE_LISTS,
    PACKAGE,
    PACKAGE_LISTS,
    SNIPPET,
    SNIPPET_LISTS,
)


def json_to_tags(document: Mapping[str, Any]) -> tuple[bytes, tuple[Problem, ...]]:
    """The tag-value text of a JSON value that fits the shape, and what has no tag. Deterministic; UTF-8."""
    out: list[str] = []
    for tag, name in DOCUMENT.items():
        _say(out, tag, document.get(name))
        if tag == "DataLicense":
            _say(out, "SPDXID", document["SPDXID"])
    for one in document.get("externalDocumentRefs", ()):
        checksum = one["checksum"]
        said = f"{one['externalDocumentId']} {one['spdxDocument']} {checksum['algorithm']}: {checksum['checksumValue']}"
        _say(out, "ExternalDocumentRef", said)
    creation = document["creationInfo"]
    for one in creation["creators"]:
        _say(out, "Creator", one)
    for tag, name in CREATION.items():
        _say(out, tag, creation.get(name))
    _annotations(out, document, document["SPDXID"])
    # Files that no package holds come first: those after a package would be taken for its own.
    held = {
        ref: one
        for package in document.get("packages", ())
        for ref in package.get("hasFiles", ())
        for one in (package["SPDXID"],)
    }
    files = {one["SPDXID"]: one for one in document.get("files", ())}
    for ref, file in files.items():
        if ref not in held:
            _file(out, file)
    for package in document.get("packages", ()):
        _package(out, package)
        for ref in package.get("hasFiles", ()):
            if held.get(ref) == package["SPDXID"] and ref in files:
                _file(out, files[ref])
    for snippet in document.get("snippets", ()):
        _snippet(out, snippet)
    for licence in document.get("hasExtractedLicensingInfos", ()):
        out.append("")
        _members(out, licence, LICENCE, LICENCE_LISTS)
    out.append("")
    for one in document.get("relationships", ()):
        _say(out, "Relationship", f"{one['spdxElementId']} {one['relationshipType']} {one['relatedSpdxElement']}")
        _say(out, "RelationshipComment", one.get("comment"))
    left_out = [Problem("revieweds", "have no tags any more")] if document.get("revieweds") else []
    if any("crossRefs" in one for one in document.get("hasExtractedLicensingInfos", ())):
        left_out.append(Problem("crossRefs", "have no tags"))
    return ("\n".join(out).strip("\n") + "\n").encode("utf-8", "replace"), tuple(left_out)


def _say(out: list[str], tag: str, value: Any) -> None:
    if value is None:
        return
    text = str(value).replace("</text>", "</ text>")
    plain = "\n" not in text and text == text.strip() and text != "" and not text.startswith("<text>")
    out.append(f"{tag}: {text}" if plain else f"{tag}: <text>{text}</text>")


def _members(
    out: list[str], value: Mapping[str, Any], single: Mapping[str, str], many: Mapping[str, str], after: str = ""
) -> None:
    for tag, name in single.items():
        _say(out, tag, value.get(name))
        if tag == after:
            _say(out, "SPDXID", value["SPDXID"])
    for tag, name in many.items():
        for one in value.get(name, ()):
            _say(out, tag, one)


def _package(out: list[str], value: dict[str, Any]) -> None:
    out.append("")
    purpose = value.get("primaryPackagePurpose")
    spelled = value | {"primaryPackagePurpose": purpose.replace("_", "-")} if purpose else value
    _members(out, spelled, PACKAGE, PACKAGE_LISTS, "PackageName")
    if "filesAnalyzed" in value:
        _say(out, "FilesAnalyzed", "true" if value["filesAnalyzed"] else "false")
    code = value.get("packageVerificationCode")
    if code:
        excluded = code.get("packageVerificationCodeExcludedFiles")
        _say(
            out,
            "PackageVerificationCode",
            code["packageVerificationCodeValue"] + (f" (excludes: {', '.join(excluded)})" if excluded else ""),
        )
    for one in value.get("checksums", ()):
        _say(out, "PackageChecksum", f"{one['algorithm']}: {one['checksumValue']}")
    for one in value.get("externalRefs", ()):
        _say(out, "ExternalRef", f"{one['referenceCategory']} {one['referenceType']} {one['referenceLocator']}")
        _say(out, "ExternalRefComment", one.get("comment"))
    _annotations(out, value, value["SPDXID"])


def _file(out: list[str], value: Mapping[str, Any]) -> None:
    out.append("")
    _members(out, value, FILE, FILE_LISTS, "FileName")
    for one in value["checksums"]:
        _say(out, "FileChecksum", f"{one['algorithm']}: {one['checksumValue']}")
    for one in value.get("artifactOfs", ()):
        for tag, name in ARTIFACT.items():
            _say(out, tag, one.get(name) if isinstance(one, dict) else None)
    _annotations(out, value, value["SPDXID"])


def _snippet(out: list[str], value: Mapping[str, Any]) -> None:
    out.append("")
    _say(out, "SnippetSPDXID", value["SPDXID"])
    _members(out, value, SNIPPET, SNIPPET_LISTS)
    for one in value["ranges"]:
        for key, tag in (("offset", "SnippetByteRange"), ("lineNumber", "SnippetLineRange")):
            if key in one["startPointer"]:
                _say(out, tag, f"{one['startPointer'][key]}:{one['endPointer'][key]}")
    _annotations(out, value, value["SPDXID"])


def _annotations(out: list[str], value: Mapping[str, Any], ref: str) -> None:
    for one in value.get("annotations", ()):
        for tag, name in ANNOTATION.items():
            _say(out, tag, one.get(name))
            if tag == "AnnotationType":
                _say(out, "SPDXREF", ref)
