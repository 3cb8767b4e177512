"""Versions of Gentoo packages (Package Manager Specification 8, §3.2 the form, §3.3 the order). Pure."""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(r"([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|p)[0-9]*)*)(?:-r([0-9]+))?")
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_ORDER = {"alpha": 0, "beta": 1, "pre": 2, "rc": 3, "p": 5}
_END = (4, number(""))


def gentoo_key(version: str) -> tuple[Any, ...]:
    """Numbers (Algorithms 3.2, 3.3), letter (3.4), suffixes (3.5, 3.6), revision (3.7). Raises Malformed."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Malformed("not a Gentoo version")
    first, *others = found[1].split(".")
    # With a zero in front it is a fraction, compared as text without the zeros at its end.
    rest = tuple([(0, 0, one.rstrip("0")) if one[0] == "0" else (1, *number(one)) for one in others])
    suffixes = tuple([(_ORDER[name], number(digits)) for name, digits in _SUFFIX.findall(found[3])])
    return (number(first), rest, found[2], (*suffixes, _END), number(found[4] or ""))
