"""Licences out of `/usr/share/doc/*/copyright`: the machine-readable form (DEP-5, copyright-format 1.0), or, in free text,
the references to `/usr/share/common-licenses`. Pure.
"""

import re

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_prose, normalise

_FORMAT = lazy(rb"\A\s*(?:Format|Format-Specification):", re.IGNORECASE)
_LICENCE = lazy(rb"^Licen[sc]e:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PARAGRAPH = lazy(rb"^Licen[sc]e:[ \t]*([^\r\n]*)\r?\n((?:[ \t][^\n]*\n)+)", re.IGNORECASE | re.MULTILINE)
_COMMON = lazy(rb"/usr/share/common-licenses/([A-Za-z][A-Za-z0-9.+-]{1,30})")
_LATER = lazy(rb"any\s+later\s+version|\(?or\s+later\)?", re.IGNORECASE)
_VERSION = lazy(rb"version\s+([123](?:\.[01])?)", re.IGNORECASE)
_GNU = ("GPL", "LGPL", "AGPL", "GFDL")
_MAX_NAMES = 10_000
_WINDOW = 2000
_PHRASES = (
    (b"Permission is hereby granted, free of charge, to any person obtaining", "MIT"),
    (b"Permission to use, copy, modify, and distribute this software for any", "ISC"),
    (b"Neither the name of", "BSD-3-Clause"),
)


def read_copyright(data: bytes) -> tuple[str, ...]:
    """SPDX expressions, sorted, without duplicates: the files of the package are under these, each under some of them."""
    found = _machine_readable(data) if is_machine_readable(data) else ()
    return found or _referenced(data)


def is_machine_readable(data: bytes) -> bool:
    """Whether a copyright file is in the machine-readable form."""
    return _FORMAT.match(data[:400]) is not None


def unnamed_texts(data: bytes) -> bytes:
    """Of a machine-readable file the texts that stand under names which are nobody's but this file's: `License: BSD-3-google`."""
    texts: list[bytes] = []
    for match in list(_PARAGRAPH.finditer(data))[:_MAX_NAMES]:
        name = normalise(match.group(1).decode("utf-8", "replace").strip())
        if "LicenseRef-" in name or not name:
            texts.append(match.group(2))
    return b"\n\n".join(texts)


def _machine_readable(data: bytes) -> tuple[str, ...]:
    names = dict.fromkeys(match.group(1) for match in _LICENCE.finditer(data))
    found: set[str] = set()
    for raw in list(names)[:_MAX_NAMES]:
        text = raw.decode("utf-8", "replace").strip()
        # A comma before "and" binds less than "or" does: these are several licences for several files.
        for part in re.split(r",\s*and\s+|;\s*", text):
            if not is_prose(part):
                found.add(normalise(part.rstrip(",. ")))
            elif not normalise(part).startswith("LicenseRef-"):
                found.add(normalise(part))
    return tuple(sorted(found - {""}))


def _referenced(data: bytes) -> tuple[str, ...]:
    found: set[str] = set()
    begin = 0
    for match in list(_COMMON.finditer(data))[:_MAX_NAMES]:
        name = match.group(1).decode("ascii").rstrip(".-")
        window = data[max(begin, match.start() - _WINDOW) : match.start()]
        begin = match.end()
        family, _, version = name.partition("-")
        if family in _GNU:
            stated = _VERSION.search(window)
            if not version and stated:
                name = f"{family}-{stated.group(1).decode('ascii')}"
            if _LATER.search(window):
                name += "+"
        elif name == "BSD":
            name = "BSD-3-Clause"  # what that file holds: the Regents' licence without the advertising clause
        found.add(normalise(name))
    if not found:
        found = {name for phrase, name in _PHRASES if phrase in b" ".join(data[:65_536].split())}
    return tuple(sorted(found - {""}))
