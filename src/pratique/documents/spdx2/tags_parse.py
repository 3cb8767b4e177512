"""SPDX 2.2 and 2.3 tag-value text to the layout of their JSON (SPDX 2.3, clauses 6 to 13 and annex on formats). Pure.

A line is `Tag: value`; a value in `<text>…</text>` may span lines; `#` begins a comment. Files and their facts belong to the
package before them. Refuses, with its line, what is neither, tags nobody knows, and tags where nothing is there to take them.
"""

import re
from collections.abc import Iterator
from typing import Any

from pratique.documents.shape import Problem
from pratique.documents.spdx2.tag_vocabulary import (
    ANNOTATION,
    ARTIFACT,
    BEGIN,
    CREATION,
    DOCUMENT,
    REVIEW,
    TABLES,
)
from pratique.errors import LimitExceeded
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

MAX_LINES = 20_000_000

_CHECKSUM = lazy(r"([A-Za-z0-9-]+):\s*(\S+)")
_CODE = lazy(r"([0-9a-fA-F]+)\s*(?:\(excludes:\s*(.*)\))?", re.DOTALL)


def tags_to_json(data: bytes) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON layout, and what is wrong with the lines; a problem's place is `line N`."""
    reader = _Reader()
    for number, tag, value in _lines(data, reader.problems):
        reader.line = number
        if not reader.take(tag, value):
            reader.problem(f"has the tag {clean(tag, 40)!r}, which is not known here")
    return reader.finish(), tuple(reader.problems)


def _lines(data: bytes, problems: list[Problem]) -> Iterator[tuple[int, str, str]]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    # A text that was written with CRLF in a file of LF keeps it: it belongs to the text.
    lines = (text.replace("\r\n", "\n") if text.partition("\n")[0].endswith("\r") else text).split("\n")
    if len(lines) > MAX_LINES:
        raise LimitExceeded(f"more than {MAX_LINES} lines")
    rows = iter(enumerate(lines, 1))
    for number, row in rows:
        line = row.rstrip("\r")
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        tag, colon, value = bare.partition(":")
        if not colon or not tag.strip().isalnum():
            problems.append(Problem(f"line {number}", "is no `Tag: value`"))
            continue
        value = value.strip()
        if value.startswith("<text>"):
            parts = [row[row.index("<text>") + 6 :]]
            while "</text>" not in parts[-1]:
                following = next(rows, None)
                if following is None:
                    problems.append(Problem(f"line {number}", "begins a <text> that never ends"))
                    break
                parts.append(following[1])
            value = "\n".join(parts).partition("</text>")[0]
        yield number, tag.strip(), value


class _Reader:
    """Lines put where they belong, one after the other."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.line = 0
        self.document: dict[str, Any] = {}
        self.section = ""
        self.current: dict[str, Any] = self.document
        self.package: dict[str, Any] | None = None
        self.last: dict[str, Any] | None = None  # what a comment belongs to: a relationship, a reference, an annotation, a review
        self.annotations: list[tuple[int, str, dict[str, Any]]] = []

    def problem(self, reason: str) -> None:
        """Something is wrong with the present line."""
        self.problems.append(Problem(f"line {self.line}", reason))

    def take(self, tag: str, value: str) -> bool:
        """Put one tag where it belongs; False if nothing takes it."""
        if tag in BEGIN:
            self.begin(BEGIN[tag])
            if tag == "SnippetSPDXID":
                self.current["SPDXID"] = value
                return True
        if tag == "SPDXID":
            self.identify(value)
            return True
        if tag in DOCUMENT:
            return self.put(self.document, DOCUMENT[tag], value)
        if tag in CREATION:
            return self.put(self.creation(), CREATION[tag], value)
        if tag == "Creator":
            self.creation().setdefault("creators", []).append(value)
            return True
        single, many = TABLES.get(self.section, ({}, {}))
        if tag in single:
            return self.put(self.current, single[tag], value)
        if tag in many:
            self.current.setdefault(many[tag], []).append(value)
            return True
        return self.special(tag, value)

    def special(self, tag: str, value: str) -> bool:
        """Tags whose value has parts, and those that belong to the line before."""
        if tag in ANNOTATION or tag == "SPDXREF":
            return self.annotate(tag, value)
        if tag in REVIEW:
            if tag == "Reviewer":
                self.last = {}
                self.document.setdefault("revieweds", []).append(self.last)
            return self.last is not None and self.put(self.last, REVIEW[tag], value)
        if tag == "Relationship":
            return self.relate(value)
        if tag in ("RelationshipComment", "ExternalRefComment"):
            return self.last is not None and self.put(self.last, "comment", value)
        if tag == "ExternalDocumentRef":
            return self.refer(value)
        if self.section == "packages":
            return self.of_package(tag, value)
        if self.section == "files" and tag == "FileChecksum":
            return self.checksum(value)
        if self.section == "files" and tag in ARTIFACT:
            if tag == "ArtifactOfProjectName":
                self.current.setdefault("artifactOfs", []).append({})
            rows = self.current.get("artifactOfs", [])
            return bool(rows) and self.put(rows[-1], ARTIFACT[tag], value)
        if self.section == "snippets" and tag in ("SnippetByteRange", "SnippetLineRange"):
            return self.range(value, "offset" if tag == "SnippetByteRange" else "lineNumber")
        return False

    def of_package(self, tag: str, value: str) -> bool:
        """What only packages have."""
        if tag == "FilesAnalyzed":
            if value.lower() not in ("true", "false"):
                self.problem("is neither true nor false")
            return self.put(self.current, "filesAnalyzed", value.lower() == "true")
        if tag == "PackageChecksum":
            return self.checksum(value)
        if tag == "PackageVerificationCode":
            found = _CODE.fullmatch(value)
            if found is None:
                self.problem("is no verification code")
                return True
            code: dict[str, Any] = {"packageVerificationCodeValue": found[1]}
            if found[2]:
                code["packageVerificationCodeExcludedFiles"] = [one.strip() for one in found[2].split(",")]
            return self.put(self.current, "packageVerificationCode", code)
        if tag == "ExternalRef":
            parts = value.split(None, 2)
            if len(parts) != 3:
                self.problem("is no `category type locator`")
                return True
            self.last = dict(zip(("referenceCategory", "referenceType", "referenceLocator"), parts, strict=True))
            self.current.setdefault("externalRefs", []).append(self.last)
            return True
        return False

    def begin(self, section: str) -> None:
        """A new package, file, snippet or licence."""
        self.section, self.current = section, {}
        self.document.setdefault(section, []).append(self.current)
        if section == "packages":
            self.package = self.current

    def identify(self, value: str) -> None:
        """The SPDXID of what has begun."""
        if self.put(self.current, "SPDXID", value) and self.section == "files" and self.package is not None:
            self.package.setdefault("hasFiles", []).append(value)

    def put(self, where: dict[str, Any], name: str, value: Any) -> bool:
        """A member that is said once."""
        if name in where:
            self.problem(f"says {name} a second time")
        else:
            where[name] = value
        return True

    def creation(self) -> dict[str, Any]:
        """The creation info."""
        found: dict[str, Any] = self.document.setdefault("creationInfo", {})
        return found

    def checksum(self, value: str) -> bool:
        """`ALGORITHM: hex`."""
        found = _CHECKSUM.fullmatch(value)
        if found is None:
            self.problem("is no `ALGORITHM: value`")
        else:
            self.current.setdefault("checksums", []).append({"algorithm": found[1], "checksumValue": found[2]})
        return True

    def relate(self, value: str) -> bool:
        """`A TYPE B`."""
        parts = value.split()
        if len(parts) != 3:
            self.problem("is no `element TYPE element`")
            return True
        self.last = {"spdxElementId": parts[0], "relationshipType": parts[1], "relatedSpdxElement": parts[2]}
        self.document.setdefault("relationships", []).append(self.last)
        return True

    def refer(self, value: str) -> bool:
        """`DocumentRef-x URI SHA1: hex`."""
        parts = value.split(None, 2)
        found = _CHECKSUM.fullmatch(parts[2].replace(": ", ":")) if len(parts) == 3 else None
        if found is None:
            self.problem("is no `identifier URI ALGORITHM: value`")
            return True
        row = {"externalDocumentId": parts[0], "spdxDocument": parts[1]}
        checksum = {"algorithm": found[1], "checksumValue": found[2]}
        self.document.setdefault("externalDocumentRefs", []).append(row | {"checksum": checksum})
        return True

    def range(self, value: str, kind: str) -> bool:
        """`first:last`, in bytes or lines."""
        first, _, last = value.partition(":")
        if not (first.isdigit() and last.isdigit() and len(value) < 40):
            self.problem("is no `first:last`")
            return True
        file = self.current.get("snippetFromFile", "")
        ends = [{kind: int(number), "reference": file} for number in (first, last)]
        self.current.setdefault("ranges", []).append({"startPointer": ends[0], "endPointer": ends[1]})
        return True

    def annotate(self, tag: str, value: str) -> bool:
        """One line of an annotation; SPDXREF says of what."""
        if tag == "Annotator":
            self.last = {}
            self.annotations.append((self.line, "", self.last))
        if not self.annotations or self.last is not self.annotations[-1][2]:
            return False
        if tag == "SPDXREF":
            line, _, row = self.annotations[-1]
            self.annotations[-1] = (line, value, row)
            return True
        return self.put(self.annotations[-1][2], ANNOTATION[tag], value)

    def finish(self) -> dict[str, Any]:
        """The whole, with the annotations at what they are about."""
        holders = {one.get("SPDXID"): one for name in ("packages", "files", "snippets") for one in self.document.get(name, ())}
        holders[self.document.get("SPDXID")] = self.document
        for line, ref, row in self.annotations:
            holder = holders.get(ref or self.document.get("SPDXID"))
            if holder is None:
                self.problems.append(Problem(f"line {line}", f"annotates {clean(ref, 60)}, which is not defined"))
            else:
                holder.setdefault("annotations", []).append(row)
        return self.document
