"""The probe of Java archives: jar, war, ear and their kin, archives within archives included. Pure.

Of each archive the directory is read, and what says what it is: the manifest, Maven's `pom.properties` and `pom.xml`, the names
and beginnings of licence files. Archives inside are inflated, hashed and read in the same way; classes never are. What a limit
cuts off, or what cannot be read, is noted at its place among the facts.
"""

import hashlib
import json
from itertools import islice
from typing import Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.carried_documents import DOCUMENTS, JAVA_ARCHIVE
from pratique.cataloging.zipread import Entry, begin_of, find_directory, read_entry, walk_entries, without_overlaps
from pratique.ecosystems.jvm.filename import ARCHIVES
from pratique.ecosystems.jvm.manifest import parse_manifest, parse_properties
from pratique.ecosystems.jvm.packages import MAX_PACKAGES, summed
from pratique.ecosystems.jvm.pom import Pom, parse_pom, resolved
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.licences import is_known, normalise
from pratique.lexicon.text import clean

MAX_DEPTH = 16
MAX_ARCHIVES = 5_000
MAX_ENTRIES = 500_000  # of all archives in one file together; the largest real ones have about 200,000
_MAX_READ = 50_000  # files of interest in one archive
_MAX_NESTED_BYTES = 512 << 20
_MAX_INFLATED = 2 << 30
_INFLATED_FLOOR = 64 << 20
_INFLATED_RATIO = 16  # archives within archives are compressed already; a bomb is not
_MAX_MANIFEST = 8 << 20  # those of signed archives list every class
_MAX_POM = 1 << 20
_MAX_DOCUMENT = 8 << 20
_SBOMS = b"meta-inf/sbom/"
_MAX_PROPERTIES = 64 << 10
_METADATA_FLOOR = 8 << 20  # of all manifests and POMs together, inflated: more is no metadata
_METADATA_RATIO = 4
_MAX_FACTS = 16 << 20
_MAX_DEPENDENCIES = 500
_MAX_PROBLEMS = 100
_LICENCE_BYTES = 2_048
_LICENCES_READ = 5

_ENDINGS = tuple(ending.encode() for ending in ARCHIVES)
_SURE = (".jar", ".war", ".ear")  # other endings are other formats', too
_CODE = (b".clj", b".dll", b".dylib", b".groovy", b".jnilib", b".js", b".knm", b".sjsir", b".so", b".tasty")
"""Endings of what runs besides classes: other languages on the JVM, and native libraries that Java loads."""
_LICENCE = (b"license", b"licence", b"copying")


class ArchiveProbe:
    """See the module. Facts: a JSON list, one object an archive, the file itself first (see `_Reader.archive`)."""

    name = JAVA_ARCHIVE
    interest = Interest(endings=frozenset(ARCHIVES))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Java's own endings, and others where the content begins as a zip archive."""
        return bool(size) and (head[:2] == b"PK" or path.endswith(_SURE))

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed: not a zip archive."""
        find_directory(content.view)
        reader = _Reader(len(content))
        reader.archive(content.view, "", -1, 0)
        return json.dumps(reader.archives, separators=(",", ":"), sort_keys=True).encode()


class _Reader:
    def __init__(self, size: int) -> None:
        self.archives: list[dict[str, Any]] = []
        self._entries = 0
        self._facts = 0
        self._inflated = min(_MAX_INFLATED, _INFLATED_FLOOR + _INFLATED_RATIO * size)
        self._metadata = _METADATA_FLOOR + _METADATA_RATIO * size
        self._problems = 0

    def archive(self, view: memoryview, name: str, parent: int, depth: int) -> None:
        """Append what one archive says of itself, then those in it.

        `name`: its path in its parent. `in`: index of the parent. `size`, `sha1`, `sha256`: of its bytes. `manifest`: main
        attributes. `maven`: pom.properties as [path, group, artifact, version]. `poms`: see `_pom`. `licences`: [path, SPDX
        identifier]. `classes`: whether there are any. `packages`: see `packages.summed`. `documents`: [path, text] of bills of
        materials in META-INF/sbom. `problems`: [path, reason].
        """
        found: dict[str, Any] = {"name": name, "in": parent, "size": len(view)}
        self.archives.append(found)
        if len(self.archives) > 1:
            found["sha256"] = hashlib.sha256(view).hexdigest()
        found["sha1"] = hashlib.sha1(view, usedforsecurity=False).hexdigest()
        try:
            entries = self._directory(view, found)
        except Malformed as error:
            self._problem(found, "", error.message)
            return
        nested: list[Entry] = []
        for entry in entries:
            if entry.name.lower().endswith(_ENDINGS):
                nested.append(entry)
                continue
            try:
                self._file(view, entry, found)
            except Malformed as error:
                self._problem(found, entry.text(), error.message)
        index = len(self.archives) - 1
        for entry in nested:
            if not self._nested(view, entry, index, depth):
                break

    def _directory(self, view: memoryview, found: dict[str, Any]) -> list[Entry]:
        directory = find_directory(view)
        if self._entries + directory.entries > MAX_ENTRIES:
            raise LimitExceeded(f"says it has {directory.entries} entries: more than {MAX_ENTRIES} in all are not read")
        self._entries += directory.entries
        classes = False
        packages: dict[bytes, int] = {}

        def wanted(name: bytes) -> bool:
            nonlocal classes
            if name.endswith(b".class"):
                classes = True
                folder = name.rpartition(b"/")[0]
                if folder in packages or len(packages) < MAX_PACKAGES:
                    packages[folder] = packages.get(folder, 0) + 1
                return False
            if name.endswith(_CODE):
                classes = True
            return _wanted(name.lower())

        entries: list[Entry] = []
        try:
            entries.extend(islice(walk_entries(view, directory, wanted), _MAX_READ))
        except Malformed as error:
            self._problem(found, "", error.message)
        if len(entries) == _MAX_READ:
            self._problem(found, "", f"{_MAX_READ} files of interest: those after them are not read")
        if classes:
            found["classes"] = True
            found["packages"] = summed(packages)
            self._facts += sum(len(name) for name, _ in found["packages"])
        kept, overlapping = without_overlaps(entries)
        if overlapping:
            self._problem(found, "", f"{overlapping} entries share bytes with another: they are not read")
        return kept

    def _file(self, view: memoryview, entry: Entry, found: dict[str, Any]) -> None:
        lower, path = entry.name.lower(), clean(entry.text())
        if self._facts > _MAX_FACTS:
            raise LimitExceeded("too much metadata: not read")
        if lower == b"meta-inf/manifest.mf":
            if "manifest" in found:
                raise Malformed("a second manifest: not read")
            found["manifest"] = parse_manifest(self._small(view, entry, _MAX_MANIFEST))
            self._facts += sum(map(len, found["manifest"].values()))
        elif lower.startswith(_SBOMS):
            text = self._small(view, entry, _MAX_DOCUMENT).decode("utf-8", "replace")
            found.setdefault(DOCUMENTS, []).append([path, text])
            self._facts += len(text)
        elif lower.endswith(b"pom.properties"):
            values = parse_properties(self._small(view, entry, _MAX_PROPERTIES))
            names = [clean(values.get(key), 300) for key in ("groupId", "artifactId", "version")]
            found.setdefault("maven", []).append([path, *names])
            self._facts += len(path) + sum(map(len, names))
        elif lower.endswith(b"pom.xml"):
            pom = _pom(resolved(parse_pom(self._small(view, entry, _MAX_POM))), path)
            found.setdefault("poms", []).append(pom)
            self._facts += len(json.dumps(pom))
        elif len(found.get("licences", ())) < _LICENCES_READ:
            text = begin_of(view, entry, _LICENCE_BYTES).decode("utf-8", "replace")
            found.setdefault("licences", []).append([path, _licence(text)])

    def _small(self, view: memoryview, entry: Entry, limit: int) -> bytes:
        data = bytes(read_entry(view, entry, min(limit, self._metadata)))
        self._metadata -= len(data)
        return data

    def _nested(self, view: memoryview, entry: Entry, parent: int, depth: int) -> bool:
        """Read an archive in an archive; False when no more are read."""
        found = self.archives[parent]
        path = clean(entry.text())
        if len(self.archives) >= MAX_ARCHIVES:
            self._problem(found, path, f"more than {MAX_ARCHIVES} archives: this one and those after it are not read")
            return False
        if depth + 1 >= MAX_DEPTH:
            self._problem(found, path, f"deeper than {MAX_DEPTH} archives: not read")
            return True
        try:
            if not path.lower().endswith(_SURE) and begin_of(view, entry, 2) != b"PK":
                return True
            data = read_entry(view, entry, min(_MAX_NESTED_BYTES, self._inflated))
        except Malformed as error:
            # It is there all the same: its name tells what it may be.
            self.archives.append({"name": path, "in": parent, "size": entry.size})
            self._problem(self.archives[-1], "", error.message)
            return True
        if entry.method:
            self._inflated -= len(data)
        self.archive(data, path, parent, depth + 1)
        return True

    def _problem(self, found: dict[str, Any], path: str, reason: str) -> None:
        self._problems += 1
        if self._problems <= _MAX_PROBLEMS:
            found.setdefault("problems", []).append([clean(path), reason])
        elif self._problems == _MAX_PROBLEMS + 1:
            found.setdefault("problems", []).append(["", "there are more problems like these"])


def _wanted(lower: bytes) -> bool:
    if lower.endswith(_ENDINGS) or lower == b"meta-inf/manifest.mf":
        return True
    if lower.endswith(b"/pom.properties"):
        return True
    if lower.endswith(b"/pom.xml"):
        return b"meta-inf/maven/" in lower
    if lower.startswith(_SBOMS):
        return lower.endswith((b".json", b".xml"))
    lower = lower.removeprefix(b"meta-inf/")
    return lower.startswith(_LICENCE) and b"/" not in lower


def _pom(pom: Pom, path: str) -> dict[str, Any]:
    """`at`, `parent`: [group, artifact, version]. `needs`: [group, artifact, version] of what it needs to run."""
    needs = [list(one.at) for one in pom.dependencies if is_needed(one.scope, one.type, optional=one.optional)]
    facts = {
        "path": path,
        "at": list(pom.own),
        "parent": list(pom.parent or ()),
        "licences": list(pom.licences),
        "needs": needs[:_MAX_DEPENDENCIES],
        "description": pom.description or pom.title,
        "url": pom.url,
        "organisation": pom.organisation,
    }
    return {key: value for key, value in facts.items() if value}


def is_needed(scope: str, type_: str, *, optional: bool) -> bool:
    """Whether a dependency is there when the artifact runs."""
    return scope in ("", "compile", "runtime") and type_ in ("", "jar", "bundle", "ejb", "aar") and not optional


def _licence(text: str) -> str:
    """The SPDX identifier that a licence text's beginning shows, or ""."""
    lines = [line.strip() for line in text.split("\n", 40)[:40] if line.strip()]
    head = " ".join(lines)
    for beginning, identifier in _TEXTS:
        if beginning in head:
            return identifier
    known = normalise(head[:1_000])
    return known if is_known(known) else ""


_TEXTS = (
    ("Apache License Version 2.0, January 2004", "Apache-2.0"),
    ("Eclipse Public License - v 2.0", "EPL-2.0"),
    ("Eclipse Public License - v 1.0", "EPL-1.0"),
    ("Mozilla Public License Version 2.0", "MPL-2.0"),
    ("Mozilla Public License, version 2.0", "MPL-2.0"),
    ("COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.1", "CDDL-1.1"),
    ("COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.0", "CDDL-1.0"),
    ("Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated", "MIT"),
)
