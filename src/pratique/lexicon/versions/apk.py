"""Versions of Alpine packages (apk-package(5), "pkgver"; the order is that of `apk version`). Pure.

`number{.number}{letter}{_suffix{number}}{~hash}{-r number}`; what is written otherwise is refused.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_SUFFIX = r"_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*"
_VERSION = re.compile(rf"([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:{_SUFFIX})*)(?:~[0-9a-f]+)?(?:-r([0-9]+))?")
_SUFFIXES = re.compile(r"_([a-z]+)([0-9]*)")
_ORDER = {name: at for at, name in enumerate(("alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"))}
_BEFORE, _END, _REVISION, _AFTER, _LETTER, _NUMBER = range(6)


def apk_key(version: str) -> tuple[Any, ...]:
    """Numbers, letter, suffixes, revision: what comes earlier in the form appraises more. Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not an Alpine version")
    first, *others = found[1].split(".")
    tokens: list[tuple[Any, ...]] = [(_NUMBER, 0, number(first))]
    for one in others:
        digits = one.lstrip("0")
        # As a fraction: each zero in front makes it smaller.
        tokens.append((_NUMBER, len(digits) - len(one), number(digits)))
    if found[2]:
        tokens.append((_LETTER, found[2]))
    for name, digits in _SUFFIXES.findall(found[3]):
        tokens.append((_BEFORE if _ORDER[name] < _ORDER[""] else _AFTER, _ORDER[name], number(digits)))
    if found[4] is not None:
        tokens.append((_REVISION, number(found[4])))
    return (*tokens, (_END,))
