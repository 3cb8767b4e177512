"""Versions of Maven artifacts (POM Reference, "Version Order Specification"). Pure; no recursion, linear time.

A hyphen, or a change between digits and letters, opens a list within the list; such a list is always the last item, so
the lists stand one after the other here. Zeros and release words at the end of a list do not count.
"""

import re
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_PIECE = re.compile(r"([0-9]+)|([^0-9.-]+)|([.-])")
_QUALIFIERS = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "snapshot": 4, "": 5, "sp": 6}
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_WORD, _LIST, _NUMBER = range(3)
_RELEASE = (_WORD, 5, "")
_ZERO = (_NUMBER, *number("0"))
_OPEN = (_LIST, 0, "")

Item = tuple[int, int, str]


def maven_key(version: str) -> tuple[Any, ...]:
    """Raises Malformed for an empty version; any other text is one."""
    if not version.strip():
        raise Malformed("an empty version")
    return (cmp_to_key(_compare)(_lists(version.strip().lower())),)


def _lists(text: str) -> list[list[Item]]:
    lists: list[list[Item]] = [[]]
    before = "."
    for digits, word, separator in _PIECE.findall(text):
        piece = digits or word or separator
        if separator:
            if before in ".-":
                lists[-1].append(_ZERO)
            if separator == "-":
                lists.append([])
        elif digits:
            if before not in ".-":
                lists[-1][-1] = _word(before, followed=True)
                lists.append([])
            lists[-1].append((_NUMBER, *number(digits)))
        else:
            if before not in ".-":
                lists.append([])
            lists[-1].append(_word(word, followed=False))
        before = piece
    for items in lists:
        while items and items[-1] in (_ZERO, _RELEASE):
            items.pop()
    return [lists[0], *(items for items in lists[1:] if items)]


def _word(text: str, *, followed: bool) -> Item:
    """Known words in their order, unknown ones after them. `a`, `b` and `m` are short for words if a digit follows."""
    text = _SHORT.get(text, text) if followed else text
    text = _ALIASES.get(text, text)
    known = _QUALIFIERS.get(text)
    return (_WORD, len(_QUALIFIERS), text) if known is None else (_WORD, known, "")


def _compare(one: list[list[Item]], other: list[list[Item]]) -> int:
    for depth in range(max(len(one), len(other))):
        left, right = _level(one, depth), _level(other, depth)
        for position, (a, b) in enumerate(zip_longest(left, right)):
            if a == b:
                continue
            if a is None or b is None:
                sign = _against_nothing(other, depth, position) if a is None else -_against_nothing(one, depth, position)
                if sign:
                    return -sign
                continue
            return -1 if a < b else 1
        if len(one) <= depth + 1 or len(other) <= depth + 1 or len(left) != len(right):
            return 0
    return 0


def _level(lists: list[list[Item]], depth: int) -> list[Item]:
    return [*lists[depth], _OPEN] if depth + 1 < len(lists) else lists[depth]


def _against_nothing(lists: list[list[Item]], depth: int, position: int) -> int:
    """How an item stands to the end of the other version; a list stands as its first item does."""
    items = _level(lists, depth)
    while items[position] == _OPEN:
        depth, position = depth + 1, 0
        items = _level(lists, depth)
    item = items[position]
    if item[0] == _NUMBER:
        return int(item != _ZERO)
    return (item > _RELEASE) - (item < _RELEASE)
