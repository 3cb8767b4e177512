"""`META-INF/MANIFEST.MF` (JAR File Specification, "JAR Manifest") and `.properties` files (java.util.Properties.load). Pure.

Of a manifest the main section is read; never raises: what is no attribute is passed over.
"""

import re
from collections.abc import Mapping

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

_MAX_VALUE = 2_000
_MAX_LINES = 2_000
_KEPT = frozenset(
    {
        "automatic-module-name",
        "bundle-activator",
        "bundle-description",
        "bundle-docurl",
        "bundle-license",
        "bundle-name",
        "bundle-symbolicname",
        "bundle-vendor",
        "bundle-version",
        "created-by",
        "extension-name",
        "fragment-host",
        "group-id",
        "implementation-title",
        "implementation-url",
        "implementation-vendor",
        "implementation-vendor-id",
        "implementation-version",
        "jenkins-version",
        "long-name",
        "main-class",
        "multi-release",
        "package",
        "plugin-dependencies",
        "plugin-version",
        "short-name",
        "specification-title",
        "specification-vendor",
        "specification-version",
        "spring-boot-version",
        "start-class",
        "url",
    }
)
_ESCAPE = lazy(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PAIR = lazy(r"[ \t\f]*((?:[^\\:= \t\f]|\\.)+)[ \t\f]*[:=]?[ \t\f]*(.*)", re.DOTALL)
_ATTRIBUTE = lazy(r";\s*[\w.-]{1,50}\s*:?=\s*(?:\"[^\"]*\"|[^,;\"]*)")
_LISTED = lazy(r"\"[^\"]*\"|[^,\"]+")


def parse_manifest(data: bytes) -> dict[str, str]:
    """Attributes of the main section that say what the archive is; names in lower case, values on one line."""
    found: dict[str, str] = {}
    name, parts = "", list[bytes]()

    def keep() -> None:
        value = clean(b"".join(parts).decode("utf-8", "replace"), _MAX_VALUE)
        if name in _KEPT and value:
            found.setdefault(name, value)

    for line in re.split(rb"\r\n|\n|\r", data.removeprefix(b"\xef\xbb\xbf")):
        if not line:
            if name:
                break
            continue
        if line.startswith(b" "):
            if len(parts) < 200:
                parts.append(line[1:])
            continue
        keep()
        key, colon, value = line.partition(b":")
        name = key.strip().decode("ascii", "replace").lower() if colon else ""
        parts = [value.removeprefix(b" ")]
    keep()
    return found


def plain_value(text: str) -> str:
    """A header's value without OSGi's directives: `a;singleton:=true` is `a`."""
    return text.partition(";")[0].strip()


def bundle_licences(manifest: Mapping[str, str]) -> list[str]:
    """What `Bundle-License` lists (OSGi Core, 3.2.1.13): names or links, each with attributes that are left out."""
    value = manifest.get("bundle-license", "")
    bare = _ATTRIBUTE.sub("", value)
    # `Apache License, Version 2.0` is one name: a comma parts only links, and what has attributes or quotes.
    if bare == value and '"' not in value and "://" not in value.rpartition(",")[2]:
        return [value] if value else []
    return [name for part in _LISTED.findall(bare) if (name := part.strip(' "'))]


def parse_properties(data: bytes) -> dict[str, str]:
    """Keys and values; of equal keys the last counts, as in Java. ISO 8859-1 with `\\uXXXX`, or UTF-8 where it is
    valid. Lines after the first 2000 are not read."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    found: dict[str, str] = {}
    logical = ""
    for line in re.split(r"\r\n|\n|\r", text, maxsplit=_MAX_LINES)[:_MAX_LINES]:
        stripped = line.lstrip(" \t\f")
        if not logical and (not stripped or stripped[0] in "#!"):
            continue
        logical += stripped
        if (len(logical) - len(logical.rstrip("\\"))) % 2 and len(logical) < 10_000:
            logical = logical[:-1]
            continue
        match = _PAIR.fullmatch(logical)
        if match:
            found[_unescaped(match[1])] = _unescaped(match[2])
        logical = ""
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text.rstrip()
    return _ESCAPE.sub(_character, text).rstrip()


def _character(match: "re.Match[str]") -> str:
    escape = match[1]
    return chr(int(escape[1:], 16)) if len(escape) == 5 else _ESCAPED.get(escape, escape)
