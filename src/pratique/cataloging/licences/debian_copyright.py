"""Licences out of `/usr/share/doc/*/copyright`: the machine-readable form (DEP-5, copyright-format 1.0), or, in free text,
the references to `/usr/share/common-licenses`. Pure.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from pratique.cataloging.deb822 import read_stanzas
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_prose, normalise

_FORMAT = lazy(rb"\A\s*(?:Format|Format-Specification):", re.IGNORECASE)
_LICENCE = lazy(rb"^Licen[sc]e:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PARAGRAPH = lazy(rb"^Licen[sc]e:[ \t]*([^\r\n]*)\r?\n((?:[ \t][^\n]*\n)+)", re.IGNORECASE | re.MULTILINE)
_COMMON = lazy(rb"/usr/share/common-licenses/([A-Za-z][A-Za-z0-9.+-]{1,30})")
_UNDERLINE = lazy(rb"\n[ \t]*[-=*~]{3,}")
_OF_OTHERS = lazy(
    rb"[ \t]*[^\n]{0,60}\b(?:incorporated|third[- ]party|bundled|included|embedded|other)[ \t]+"
    rb"(?:software|code|components|librar(?:y|ies)|files|modules|programs|licen[sc]es)\b[^\n.]{0,30}",
    re.IGNORECASE,
)
"""A heading: what stands above a line that underlines it."""
_LATER = lazy(rb"any\s+later\s+version|\(?or\s+later\)?", re.IGNORECASE)
_VERSION = lazy(rb"version\s+([123](?:\.[01])?)", re.IGNORECASE)
_GNU = ("GPL", "LGPL", "AGPL", "GFDL")
_SEVERAL = lazy(r",\s*and\s+|;\s*")
_MAX_NAMES = 10_000
_WINDOW = 2000
_PHRASES = (
    (b"Permission is hereby granted, free of charge, to any person obtaining", "MIT"),
    (b"Permission to use, copy, modify, and distribute this software for any", "ISC"),
    (b"Neither the name of", "BSD-3-Clause"),
)


class CopyrightLicences(NamedTuple):
    """SPDX expressions, sorted, without duplicates. `declared`: what the file says of the whole package. `found`: all that it
    names besides, be it of some files only. `files`: licence → patterns of the files under it, of a machine-readable file.
    """

    declared: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    files: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def read_copyright(data: bytes) -> CopyrightLicences:
    """Of the whole is what the header of a machine-readable file states, or its stanza for all files (`Files: *`;
    copyright-format 1.0, "Files stanza"), or what all its stanzas agree on. What free text refers to may be of any part.
    """
    data = as_utf8(data)
    named = _machine_readable(data) if is_machine_readable(data) else CopyrightLicences()
    if named.declared or named.found:
        return named
    return CopyrightLicences(found=_referenced(data))


def opening(data: bytes) -> bytes:
    """Of free text what stands before its first reference, and before what it says of software of others that is in it: the
    licence whose text is printed there is that of the whole."""
    reference = _COMMON.search(data)
    end = reference.start() if reference else len(data)
    for underline in _UNDERLINE.finditer(data, 0, end):
        begin = data.rfind(b"\n", 0, underline.start()) + 1
        if _OF_OTHERS.fullmatch(data, begin, underline.start()):
            return data[:begin]
    return data[:end]


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


def _machine_readable(data: bytes) -> CopyrightLicences:
    declared: set[str] = set()
    stanzas: dict[str, dict[str, None]] = {}
    common: frozenset[str] | None = None
    for number, fields in enumerate(islice(read_stanzas(_text(data).replace("\r\n", "\n")), _MAX_NAMES)):
        names = _names(fields.get("license", fields.get("licence", "")).partition("\n")[0].strip())
        patterns = fields.get("files", "").split()
        if number == 0 and not patterns:
            declared |= names
        if not patterns:
            continue
        if "*" in patterns or "./*" in patterns:
            declared |= names
        common = names if common is None or common == names else frozenset()
        for name in names:
            stanzas.setdefault(name, {}).update(dict.fromkeys(patterns))
    declared = declared or set(common or ())
    every = {name for match in islice(_LICENCE.finditer(data), _MAX_NAMES) for name in _names(_text(match.group(1)))}
    found = every - declared
    files = {name: tuple(patterns) for name, patterns in sorted(stanzas.items()) if name in found}
    return CopyrightLicences(tuple(sorted(declared)), tuple(sorted(found)), files)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    found: set[str] = set()
    # A comma before "and" binds less than "or" does: these are several licences for several files.
    for part in _SEVERAL.split(text):
        if not is_prose(part):
            found.add(normalise(part.rstrip(",. ")))
        elif not normalise(part).startswith("LicenseRef-"):
            found.add(normalise(part))
    return frozenset(found - {""})


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
