"""Which of two versions is the newer one, where nothing is known of their scheme. Pure; linear time.

Numbers compare as numbers; a tilde and the words for what comes before a release sort below the release, all else above it. An
epoch (`1:`) goes before all. Versions longer than `MAX_CHARS` are not ordered.
"""

import re
from enum import StrEnum

from pratique.lexicon.lazy_regex import lazy

MAX_CHARS = 256

_EPOCH = lazy(r"([0-9]+):")
_TOKEN = lazy(r"[0-9]+|[a-z]+|~")
_BEFORE_RELEASE = frozenset({"alpha", "beta", "cr", "dev", "milestone", "pre", "preview", "rc", "snapshot"})
_BEFORE_RELEASE_NUMBERED = lazy(r"[abcm](?=[0-9])")
"""1.0a1 comes before 1.0, but 1.1.1a after 1.1.1."""

Key = tuple[tuple[int, int, str], ...]
"""Rank, length of a number, and text of each token: tilde < words before a release < the end < words < numbers."""


class Direction(StrEnum):
    """From one version to another. NONE: neither is known to be the newer one."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


def order_key(version: str) -> Key:
    """A key to sort by; that of an empty or overlong version is empty and sorts first."""
    if not version or len(version) > MAX_CHARS:
        return ()
    text = version.lower()
    epoch = _EPOCH.match(text)
    tokens = _TOKEN.finditer(text, epoch.end() if epoch else int(text.startswith("v")))
    return (_number(epoch[1] if epoch else "0"), *(_token(one) for one in tokens), (2, 0, ""))


def direction(before: str, after: str) -> Direction:
    """Up for an upgrade."""
    one, other = order_key(before), order_key(after)
    if not one or not other or one == other:
        return Direction.NONE
    return Direction.UP if one < other else Direction.DOWN


def _token(found: "re.Match[str]") -> tuple[int, int, str]:
    text = found[0]
    if text == "~":
        return (0, 0, "")
    if text[0].isdigit():
        return _number(text)
    numbered = len(text) == 1 and _BEFORE_RELEASE_NUMBERED.match(found.string, found.start())
    return (1 if numbered or text in _BEFORE_RELEASE else 3, 0, text)


def _number(text: str) -> tuple[int, int, str]:
    # By length, then as text: numbers of any length without arithmetic on them.
    digits = text.lstrip("0")
    return (4, len(digits), digits)
