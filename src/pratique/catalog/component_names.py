"""By which words a component is found: how its ecosystem spells names, and the keys under which the ledger files them. Pure.

A key is a coarse form of a name: lower case, `-`, `_` and `.` the same, `:` and `/` the same. It only says where to look; whether
a component is called so is asked of `is_called`, which knows the rules of its type: PyPI tells neither case nor separators apart
(PEP 503), crates.io neither case nor `-` from `_`, Go spells capitals with an exclamation mark in paths (golang.org/x/mod/module,
EscapePath), Maven tells all of it. So a rule may change without a migration, and what is near is what has the key alone.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote

from pratique.lexicon.globs import glob

Named = tuple[str, str]
"""A key, and the name it was made of; "" where the name is the key."""

CPE_PREFIX = "cpe:"
IMPORTED_CPE_PREFIX = "imported-cpe:"
"""Before the vendor and product that an import gives a component; the name filed with it is the number of that import."""
IMAGES = frozenset({"oci", "docker"})
SYSTEMS = frozenset({"deb", "rpm", "apk", "alpm", "opkg"})
MAX_NAME_CHARS = 1_000  # of what is kept to be found by; the purl is kept whole
_CASE_COUNTS = frozenset({"maven", "gem", "cran", "hackage", "cpan", "cocoapods", "julia", "opam"})
_RUNS = re.compile(r"[-_.]+")
_STEPS = re.compile(r"[:/\\]+")
_ESCAPED = re.compile(r"!([a-z])")
_MAJOR = re.compile(r"v[0-9]+")
_GOPKG = re.compile(r"\.v[0-9]+$")
_CPE_ESCAPE = re.compile(r"\\(.)")
_CPE_SPLIT = re.compile(r"(?<!\\):")


def key_of(name: str) -> str:
    """Where a name is filed. A `*` stays, so that the key of a pattern is a pattern of keys."""
    text = _composed(name).casefold().replace("::", "-").replace("!", "").lstrip("@")
    return _STEPS.sub("/", _RUNS.sub("-", text))


def _composed(name: str) -> str:
    """A letter with an accent is one letter, however it was typed."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def spelled(type_: str, name: str) -> str:
    """The one spelling of a name in its ecosystem: two names of one package come to the same."""
    name = _composed(name)
    if type_ == "golang":
        return _ESCAPED.sub(lambda found: found[1], name).lower()
    if type_ == "maven":
        return name.replace("/", ":")
    if type_ == "cpan":
        return name.replace("::", "-")
    if type_ in _CASE_COUNTS:
        return name
    name = name.lower()
    if type_ == "pypi":
        return _RUNS.sub("-", name)
    return name.replace("_", "-") if type_ == "cargo" else name


def is_called(type_: str, name: str, asked: str) -> bool:
    """Whether what is asked for, with `*` for any characters, is a component's name."""
    return glob(spelled(type_, asked), spelled(type_, name))


def names_of(
    *,
    purl: str,
    type_: str,
    namespace: str,
    name: str,
    version: str,
    source: str = "",
    label: str = "",
    cpes: Iterable[str] = (),
) -> frozenset[Named]:
    """All names of a component, with their keys.

    `source`: of the package it was built from, `label`: as tables show it, each "" where it says no more. `cpes`: CPE names in
    either binding; what is none is passed over.
    """
    texts = [name, source, label, *_full_names(purl, type_, namespace, name)]
    found = {_filed(text[:MAX_NAME_CHARS]) for text in texts if text}
    if type_ in IMAGES and version.startswith(("sha256:", "sha512:")):
        found.add((version, ""))
    found |= {(key, "") for key in map(cpe_key, cpes) if key}
    return frozenset(found)


def _full_names(purl: str, type_: str, namespace: str, name: str) -> Iterator[str]:
    """With what stands before the name, as people of that ecosystem write it."""
    if type_ in IMAGES:
        place = dict(parse_qsl(purl.partition("?")[2].partition("#")[0])).get("repository_url", "")
        if place:
            yield place if place.rpartition("/")[2] == name else f"{place.rstrip('/')}/{name}"
    if type_ == "golang" and _MAJOR.fullmatch(name) and namespace:
        yield namespace
        yield namespace.rpartition("/")[2]
    elif type_ == "golang" and (bare := _GOPKG.sub("", name)) != name:
        yield bare
    if namespace and type_ not in SYSTEMS:
        yield f"{namespace}{':' if type_ == 'maven' else '/'}{name}"


def _filed(text: str) -> Named:
    key = key_of(text)
    return key, "" if text == key else text


def cpe_parts(text: str) -> tuple[str, str, str] | None:
    """Vendor, product and version of a CPE name or of the beginning of one, in lower case and without quoting; None for what is
    none. `*` for any, and for what is left out."""
    if text[:5].lower() == "cpe:/":
        rows = [unquote(one) for one in text[5:].split(":")]
    elif text[:8].lower() == "cpe:2.3:":
        rows = [_CPE_ESCAPE.sub(r"\1", one) for one in _CPE_SPLIT.split(text[8:])]
    else:
        return None
    vendor, product, version = (one.lower() or "*" for one in (*rows[1:4], *["*"] * (4 - len(rows)))[:3])
    return vendor, product, "*" if version == "-" else version


def cpe_key(text: str) -> str:
    """Where a CPE name is filed: by vendor and product; "" for what names no product."""
    parts = cpe_parts(text) if len(text) <= MAX_NAME_CHARS else None
    return f"{CPE_PREFIX}{parts[0]}:{parts[1]}" if parts is not None and parts[1] not in ("*", "-") else ""
