"""Versions of Conan packages (Conan 2, "Version ranges" and its order of versions). Pure.

Items parted by dots, then `-pre-release`, then `+build`. Zeros at the end do not count. Numbers come before words.
"""

from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number


def conan_key(version: str) -> tuple[Any, ...]:
    """Items, pre-release (which comes before none), build (which comes after none). Raises Malformed."""
    if not version or any(char.isspace() for char in version):
        raise Malformed("not a Conan version")
    text, plus, build = version.lower().partition("+")
    items, hyphen, before = text.partition("-")
    return (_items(items), not hyphen, _items(before), bool(plus), _items(build))


def _items(text: str) -> tuple[Any, ...]:
    items = [(0, *number(one)) if one.isascii() and one.isdigit() else (1, 0, one) for one in text.split(".")]
    while items and items[-1] == (0, *number("0")):
        items.pop()
    return tuple(items)
