"""Versions of NuGet packages (NuGet, "Package versioning"): up to four numbers and a pre-release. Pure.

Case does not count, nor does build metadata.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_NAMES = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?([0-9]+(?:\.[0-9]+){{0,3}})(?:-({_NAMES}))?(?:\+{_NAMES})?", re.IGNORECASE | re.ASCII)


def nuget_key(version: str) -> tuple[Any, ...]:
    """Absent numbers are zero; build metadata does not count. Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not a NuGet version")
    numbers = [number(one) for one in found[1].split(".")]
    numbers += [number("")] * (4 - len(numbers))
    names = found[2].lower().split(".") if found[2] else []
    before = tuple([(0, *number(one)) if one.isdigit() else (1, 0, one) for one in names])
    return (*numbers, not names, before)
