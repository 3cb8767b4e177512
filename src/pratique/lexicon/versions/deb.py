"""Versions of Debian packages: `[epoch:]upstream[-revision]` (Debian Policy §5.6.12). Pure.

Refuses an epoch that is no number, and characters that Policy does not allow.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(r"(?:([0-9]+):)?([A-Za-z0-9.+~:-]+)")
_PIECE = re.compile(r"([^0-9]*)([0-9]*)")
_END = (0,)


def deb_key(version: str) -> tuple[Any, ...]:
    """Epoch, upstream version, revision; an absent one is as zero. Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not a Debian version")
    upstream, _, revision = found[2].rpartition("-") if "-" in found[2] else (found[2], "", "")
    return (number(found[1] or ""), _pieces(upstream), _pieces(revision or "0"))


def _pieces(text: str) -> tuple[Any, ...]:
    """Non-digits and digits by turns. The end sorts after a tilde and before all else, so it stands there, too."""
    pieces: list[Any] = []
    for other, digits in _PIECE.findall(text):
        if other or digits:
            pieces += [(*(_rank(char) for char in other), *_END), number(digits)]
    return (*pieces, _END)


def _rank(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256
