"""Patterns over package URLs, for policies and for searching: anchored, `*` for any run of characters within a part. Pure.

    pkg:deb/debian/openssl          any version
    pkg:npm/event-stream@3.3.6      this version
    pkg:pypi/requests@2.3*          versions that begin so
    pkg:npm/@scope/*                every name of a namespace

Qualifiers and subpaths of the purl are ignored unless the pattern has qualifiers: then each must be there with that value.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from pratique.errors import Malformed


@dataclass(frozen=True, slots=True)
class PurlParts:
    """A purl taken apart without validation of its type: decoded name and version, qualifiers sorted as written."""

    path: str  # type/namespace/name
    version: str
    qualifiers: tuple[str, ...]


@lru_cache(maxsize=65_536)
def split_purl(purl: str) -> PurlParts:
    """Take `pkg:type/namespace/name@version?qualifiers#subpath` apart (purl-spec, How to parse). Raises Malformed."""
    if not purl.startswith("pkg:"):
        raise Malformed(f"not a package URL: {purl[:80]!r}", hint="it begins with pkg:")
    rest = purl[4:].lstrip("/").partition("#")[0]
    rest, _, qualifiers = rest.partition("?")
    # The version follows the last @ after the last slash; an @ that begins a namespace or name is part of it.
    path, at, version = rest.rpartition("@")
    if not at or "/" in version or path.endswith("/") or not path:
        path, version = rest, ""
    kind, slash, name = path.partition("/")
    if not slash or not name:
        raise Malformed(f"not a package URL: {purl[:80]!r}", hint="it is pkg:type/name")
    return PurlParts(f"{kind.lower()}/{unquote(name)}", unquote(version), tuple(sorted(filter(None, qualifiers.split("&")))))


def matches(pattern: str, purl: str) -> bool:
    """Whether `purl` is meant by `pattern`. Anchored at both ends; a purl that cannot be read matches nothing."""
    wanted = split_purl(pattern)
    try:
        found = split_purl(purl)
    except Malformed:
        return False
    if not _glob(wanted.path, found.path):
        return False
    if wanted.version and not _glob(wanted.version, found.version):
        return False
    return set(wanted.qualifiers) <= set(found.qualifiers)


def _glob(pattern: str, text: str) -> bool:
    return re.fullmatch("[^/]*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
