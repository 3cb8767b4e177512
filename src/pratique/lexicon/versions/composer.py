"""Versions of PHP packages (Composer, "Versions and constraints"; composer/semver's normalisation). Pure.

Up to four numbers and a stability: dev, alpha, beta, RC, stable, patch. Branches are refused: they have no order.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(
    r"v?([0-9]+(?:\.[0-9]+){0,3})"
    r"(?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)[.-]?([0-9]*(?:[.-][0-9]+)*))?([.-]?dev)?(?:\+[^\s]+)?",
    re.IGNORECASE | re.ASCII,
)
_STABILITY = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "rc": 3, "stable": 4, "patch": 5, "pl": 5, "p": 5}


def composer_key(version: str) -> tuple[Any, ...]:
    """Numbers, stability and its number; `-dev` comes before. Raises Malformed."""
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        raise Malformed("not a version of a Composer package")
    numbers = [number(one) for one in found[1].split(".")]
    numbers += [number("")] * (4 - len(numbers))
    stability = _STABILITY[found[2].lower()] if found[2] else _STABILITY["stable"]
    counts = tuple([number(one) for one in re.split(r"[.-]", found[3])]) if found[3] else ()
    return (*numbers, stability, counts, not found[4])
