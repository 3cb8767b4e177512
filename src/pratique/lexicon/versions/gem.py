"""Versions of Ruby gems (Gem::Version of RubyGems). Pure. A word makes a pre-release; what is absent is zero."""

import re
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+")
_ZERO = (1, *number("0"))

Segment = tuple[int, int, str]


def gem_key(version: str) -> tuple[Any, ...]:
    """Words come before numbers. A hyphen announces a pre-release. Raises Malformed."""
    if _VERSION.fullmatch(version) is None:
        raise Malformed("not a version of a gem")
    segments: list[Segment] = []
    word = False
    for piece in _SEGMENT.findall(version.replace("-", ".pre.")):
        if not piece[0].isdigit() and not word:
            word = True
            # The zeros before the first word do not count: 1.0.a is 1.a.
            while segments and segments[-1] == _ZERO:
                segments.pop()
        segments.append((1, *number(piece)) if piece[0].isdigit() else (0, 0, piece))
    return (cmp_to_key(_compare)(segments),)


def _compare(one: list[Segment], other: list[Segment]) -> int:
    for a, b in zip_longest(one, other, fillvalue=_ZERO):
        if a != b:
            return -1 if a < b else 1
    return 0
