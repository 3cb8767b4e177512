"""Licence files, by their names: what licences are written in them, and to which component each belongs. Pure.

Found licences stay apart from declared ones: a text beside a package says what was shipped with it, not what its author chose.
Copyright files of Debian in the machine-readable form name their licences, which `debian_copyright` reads; only the texts under
names that are no licence's are matched.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.inventory.licences.debian_copyright import is_machine_readable, unnamed_texts
from pratique.model import Component, Owned, Ownership, Presence, Tree

_BASES = ("license", "licence", "copying")
_OTHERS = ("unlicense", "notice", "copyright", "licenses", "licences", "eula")
_BRANDS = frozenset(
    {
        "mit",
        "apache",
        "apache2",
        "apache-2.0",
        "apache2.0",
        "bsd",
        "bsd3",
        "bsd-3-clause",
        "gpl",
        "lgpl",
        "gpl2",
        "gpl3",
        "lesser",
        "lib",
        "lgpl3",
        "mpl",
        "mpl-2.0",
        "zlib",
        "isc",
        "psf",
        "python",
        "unlicense",
        "cc0",
        "boost",
        "agpl",
    }
)
_TAILS = ("", *(f"-{brand}" for brand in _BRANDS), *(f".{brand}" for brand in _BRANDS), ".apache", "3", "2")
_ENDINGS = ("", ".txt", ".md", ".rst")
_MAX_LEVELS = 4
_COPYRIGHT = "copyright"
_DOC = "usr/share/doc/"


def _names() -> frozenset[str]:
    lower = [base + tail + ending for base in _BASES for tail in _TAILS for ending in _ENDINGS]
    lower += [base + ending for base in _OTHERS for ending in _ENDINGS]
    names: set[str] = set()
    for name in lower:
        stem, dot, ending = name.rpartition(".")
        shouted = f"{stem.upper()}.{ending}" if dot and f".{ending}" in _ENDINGS else name.upper()
        names |= {name, name.upper(), name.capitalize(), shouted}
    return frozenset(names)


class LicenceTextProbe:
    """Facts: the SPDX identifiers whose texts stand in the file, as a JSON list."""

    name = "licence-texts"
    interest = Interest(names=_names())

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Texts; of those that are called copyright, Debian's."""
        if not size or b"\0" in head:
            return False
        return path.startswith(_DOC) or not path.endswith(f"/{_COPYRIGHT}")

    def read(self, content: FileContent) -> bytes:
        """See the class. The matcher is loaded when the first licence file is met."""
        from pratique.inventory.licences.texts import MAX_BYTES, find_licences

        data = content.read(0, MAX_BYTES)
        found = find_licences(unnamed_texts(data) if is_machine_readable(data) else data)
        return json.dumps(found).encode() if found else b""


def add_found_licences(components: Iterable[Component], ownership: Mapping[str, Owned], tree: Tree) -> tuple[Component, ...]:
    """The components with `licences_found` by their licence files: those that a component owns or was read from, else those that
    lie beside the one component whose metadata is nearest above. A licence beside declared dependencies is the project's."""
    listed = tuple(components)
    files = sorted(path for path, facts in tree.facts.items() if LicenceTextProbe.name in facts)
    if not files:
        return listed
    beside = _folders(listed)
    readers: dict[str, set[str]] = {path: set() for path in files}
    for one in listed:
        for path in one.evidence:
            if path in readers:
                readers[path].add(one.ref)
    found: dict[str, set[str]] = {}
    for path in files:
        owner = ownership.get(path)
        refs = readers[path] | ({owner.owner} if owner is not None and owner.state is not Ownership.MISSING else set())
        for ref in refs or {_above(path, beside)}:
            found.setdefault(ref, set()).update(json.loads(tree.facts[path][LicenceTextProbe.name]))
    return tuple(
        replace(one, licences_found=tuple(sorted({*one.licences_found, *found[one.ref]}))) if one.ref in found else one
        for one in listed
    )


def _folders(components: Iterable[Component]) -> dict[str, str]:
    """Folder → the ref of the one component whose metadata lies in it; "" where there are several."""
    folders: dict[str, str] = {}
    for one in components:
        if one.presence not in (Presence.INSTALLED, Presence.EMBEDDED):
            continue
        for path in one.evidence:
            folder = path.rpartition("/")[0]
            folders[folder] = one.ref if folders.get(folder, one.ref) == one.ref else ""
    return folders


def _above(path: str, folders: Mapping[str, str]) -> str:
    folder = path
    for _ in range(_MAX_LEVELS):
        folder = folder.rpartition("/")[0]
        if folder in folders:
            return folders[folder]
        if not folder:
            break
    return ""
