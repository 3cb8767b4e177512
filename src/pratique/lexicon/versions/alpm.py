"""Versions of Arch Linux packages: `[epoch:]version[-release]` (vercmp(8), alpm-package-version(7)). Pure.

vercmp holds a version without a release equal to the same with any; that is no order, so here it comes before them.
Separators at the end do not count.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_EPOCH = re.compile(r"([0-9]+):")
_TOKEN = re.compile(r"([^A-Za-z0-9]*)([0-9]+|[A-Za-z]+)")
_WORD, _END, _DIGITS = range(3)


def alpm_key(version: str) -> tuple[Any, ...]:
    """Epoch, version, release. Raises Malformed for an empty version."""
    if not version:
        raise Malformed("an empty version")
    epoch = _EPOCH.match(version)
    rest = version[epoch.end() :] if epoch else version
    head, _, release = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return (number(epoch[1] if epoch else ""), _tokens(head), "-" in rest, _tokens(release))


def _tokens(text: str) -> tuple[Any, ...]:
    """A longer separator comes later; a word that follows a number at once comes before the end."""
    tokens: list[tuple[Any, ...]] = []
    for separator, piece in _TOKEN.findall(text):
        value = (_DIGITS, *number(piece)) if piece[0].isdigit() else (_WORD, 0, piece)
        tokens.append((len(separator), *value))
    return (*tokens, (0, _END, 0, ""))
