"""Semantic Versioning 2.0.0: strict versions (§2, §9, §10) and their precedence (§11). Pure. Build metadata does not count.

A `v` or `=` before the version is passed over, as npm and Go tags have it.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"[v=]?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?")


def semver_key(version: str) -> tuple[Any, ...]:
    """Major, minor, patch, and the pre-release, which comes before the release. Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not a semantic version")
    names = found[4].split(".") if found[4] else []
    if any(len(one) > 1 and one[0] == "0" and one.isdigit() for one in names):
        raise Malformed("not a semantic version: a number begins with zero")
    # §11.4.3: numbers come before names. §11.4.4: more identifiers come after fewer, as tuples have it.
    before = tuple([(0, *number(one)) if one.isdigit() else (1, 0, one) for one in names])
    return (number(found[1]), number(found[2]), number(found[3]), not names, before)
