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
from pratique.cataloging.licences.debian_copyright import is_machine_readable, opening, unnamed_texts
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
_OF_SCRIPTS = frozenset({"FSFAP", "FSFUL", "FSFULLR", "FSFULLRWD", "Latex2e"})
"""Of what build systems and manuals bring along: such a text is not the package's, wherever it stands."""
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
    """Facts: JSON, `found`: the SPDX identifiers whose texts stand in the file; `whole`: of a Debian copyright file in free text
    the one that it opens with, which is the package's."""

    name = "licence-texts"
    interest = Interest(names=_names())

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Texts; of those that are called copyright, Debian's."""
        if not size or b"\0" in head:
            return False
        return path.startswith(_DOC) or not path.endswith(f"/{_COPYRIGHT}")

    def read(self, content: FileContent) -> bytes:
        """See the class. The matcher is loaded when the first licence file is met."""
        from pratique.cataloging.licences.texts import MAX_BYTES, find_licences

        data = content.read(0, MAX_BYTES)
        machine_readable = is_machine_readable(data)
        found = find_licences(unnamed_texts(data) if machine_readable else data)
        if not found:
            return b""
        facts: dict[str, list[str] | str] = {"found": list(found)}
        if b"/common-licenses/" in data or b"Debian" in data:
            begins = opening(data)
            texts = () if machine_readable else found if len(begins) == len(data) else find_licences(begins)
            opened = [one for one in texts if one not in _OF_SCRIPTS]
            facts |= {"whole": opened[0]} if len(opened) == 1 else {}
        return json.dumps(facts).encode()


def add_found_licences(components: Iterable[Component], ownership: Mapping[str, Owned], tree: Tree) -> tuple[Component, ...]:
    """The components with `licences_found` by their licence files: those that a component owns or was read from, else those that
    lie beside the one component whose metadata is nearest above. A licence beside declared dependencies is the project's."""
    listed = tuple(components)
    files = sorted(path for path, facts in tree.facts.items() if LicenceTextProbe.name in facts)
    if not files:
        return listed
    beside = _folders(listed)
    whole: dict[str, str] = {}
    readers: dict[str, set[str]] = {path: set() for path in files}
    for one in listed:
        for path in one.evidence:
            if path in readers:
                readers[path].add(one.ref)
    found: dict[str, set[str]] = {}
    for path in files:
        owner = ownership.get(path)
        refs = readers[path] | ({owner.owner} if owner is not None and owner.state is not Ownership.MISSING else set())
        facts = json.loads(tree.facts[path][LicenceTextProbe.name])
        for ref in refs or {_above(path, beside)}:
            found.setdefault(ref, set()).update(facts["found"])
        for ref in readers[path] if "whole" in facts else ():
            whole.setdefault(ref, facts["whole"])
    return tuple(_with_found(one, found[one.ref], whole.get(one.ref, "")) if one.ref in found else one for one in listed)


def _with_found(one: Component, found: set[str], whole: str) -> Component:
    """`whole`: what its copyright file opens with, where it says no more of the whole."""
    licences = one.licences or ((whole,) if whole and one.type == "deb" else ())
    return replace(one, licences=licences, licences_found=tuple(sorted({*one.licences_found, *found})))


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
