"""Numbers parted by dots (vers specification, scheme `intdot`); also nginx. Pure. Zeros at the end do not count."""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def intdot_key(version: str) -> tuple[Any, ...]:
    """The numbers. Raises Malformed."""
    if _VERSION.fullmatch(version) is None:
        raise Malformed("not numbers parted by dots")
    numbers = [number(one) for one in version.split(".")]
    while len(numbers) > 1 and not numbers[-1][0]:
        numbers.pop()
    return tuple(numbers)
