"""Versions of OpenSSL (OpenSSL, "Release strategy"). Pure.

Before version 3, three numbers and letters for a patch; from 3 on, Semantic Versioning.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)([a-z]*)(?:-([0-9A-Za-z.-]+))?")
_PIECE = re.compile(r"[0-9]+|[^0-9]+")


def openssl_key(version: str) -> tuple[Any, ...]:
    """Three numbers, letters (z comes before za), and a pre-release, which comes before the release. Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not an OpenSSL version")
    before = tuple([(0, *number(one)) if one.isdigit() else (1, 0, one) for one in _PIECE.findall(found[5] or "")])
    return (number(found[1]), number(found[2]), number(found[3]), found[4], not before, before)
