"""Taking out of a document what its shape does not allow: the least part that makes the rest fit. Pure but for its argument.

For reading leniently, and for request in an older version what a newer one said. Every part taken out is named.
"""

from collections.abc import Iterable
from typing import Any

from pratique.documents.extra import split_pointer
from pratique.documents.shape import Check, Problem
from pratique.errors import Malformed

_ROUNDS = 24


def repair(document: Any, check: Check) -> tuple[Problem, ...]:
    """What was taken out of `document`, in the order it was met. Raises Malformed if nothing would be left.

    A member that is wrong goes; an object that lacks something goes as a whole, which may make what held it lack something:
    so it takes as many rounds as the document is deep.
    """
    removed: dict[str, Problem] = {}
    for _ in range(_ROUNDS):
        found = check(document)
        if not found:
            return tuple(removed.values())
        for pointer, reason in found:
            if not pointer:
                raise Malformed(f"/ {reason}")
            removed.setdefault(pointer, Problem(pointer, f"{reason}: left out"))
        _remove(document, {pointer for pointer, _ in found})
    raise Malformed("not to be repaired")


def _remove(document: Any, pointers: Iterable[str]) -> None:
    """From the end, so that the numbers of list items stay true."""
    ways = [[int(name) if name.isdigit() else name for name in split_pointer(pointer)] for pointer in pointers]
    for way in sorted(ways, key=lambda way: [(isinstance(name, int), name) for name in way], reverse=True):
        place: Any = document
        try:
            for name in way[:-1]:
                place = place[int(name)] if isinstance(place, list) else place[str(name)]
            if isinstance(place, list):
                del place[int(way[-1])]
            else:
                del place[str(way[-1])]
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # what held it is gone already
