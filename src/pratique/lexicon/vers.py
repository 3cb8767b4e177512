"""Version ranges, `vers:scheme/constraint|constraint` (vers specification, "Version range specifier"). Pure.

Reads strictly: no blanks, no empty constraints, no needless or broken percent-encoding, and, where the canonical form is
asked for, versions in their order. Refuses schemes that have no order here. `vers:all/*` and `vers:none/*` name no scheme.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.versions import SCHEMES, key

MAX_CHARS = 65536
MAX_CONSTRAINTS = 2048
COMPARATORS = ("<=", ">=", "!=", "<", ">", "=")
_SCHEME = re.compile(r"[a-z][a-z0-9.-]*")
_VERSION = re.compile(r"(?:[^%|<>=!*\s]|%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:")
_EVERY, _NO = "all", "none"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparator, one of `COMPARATORS` or `*`, and a version, decoded; `*` has none."""

    comparator: str
    version: str

    def __str__(self) -> str:
        return ("" if self.comparator == "=" else self.comparator) + quote(self.version, safe=":+")


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Constraints on versions of a scheme, in the order of their versions. `str` gives the canonical form."""

    scheme: str
    constraints: tuple[Constraint, ...]

    def __str__(self) -> str:
        return f"vers:{self.scheme}/{'|'.join(str(one) for one in self.constraints)}"

    def contains(self, version: str) -> bool:
        """Whether a version is in the range (vers specification, "Checking if a version is contained within a range").

        Raises Malformed for what is no version of the scheme: that it is outside is not known.
        """
        if self.constraints[0].comparator == "*":
            return self.scheme != _NO
        place = key(self.scheme, version)
        placed = [(one.comparator, key(self.scheme, one.version)) for one in self.constraints]
        same = {comparator for comparator, at in placed if at == place}
        if "!=" in same:
            return False
        if "=" in same:
            return True
        bounds = _simplified([one for one in placed if one[0] not in {"=", "!="}])
        if not bounds:
            return all(comparator == "!=" for comparator, _ in placed)
        return _between(place, bounds)


def parse_vers(text: str, *, canonical: bool = True) -> VersionRange:
    """A range from its text. Not `canonical`: the versions may stand in any order, and are sorted. Raises Malformed."""
    if len(text) > MAX_CHARS:
        raise LimitExceeded(f"a version range of more than {MAX_CHARS} characters")
    if any(char.isspace() for char in text):
        raise Malformed("not a version range: it has a blank")
    head, slash, body = text.partition("/")
    if not slash or not head.startswith("vers:") or not _SCHEME.fullmatch(head[5:]):
        raise Malformed("not a version range: it is to begin with vers:scheme/")
    scheme = head[5:]
    parts = body.split("|")
    if len(parts) > MAX_CONSTRAINTS:
        raise LimitExceeded(f"a version range of more than {MAX_CONSTRAINTS} constraints")
    if body == "*" and (scheme in SCHEMES or scheme in {_EVERY, _NO}):
        return VersionRange(scheme, (Constraint("*", ""),))
    if scheme not in SCHEMES:
        raise Malformed("a version range of a scheme whose order is not known")
    constraints = [_constraint(part) for part in parts]
    if scheme == "datetime":
        for one in constraints:
            key(scheme, one.version)
    ordered = in_order(scheme, constraints)
    if canonical and ordered != tuple(constraints):
        raise Malformed("not a canonical version range: its versions are not in order")
    return VersionRange(scheme, ordered)


def in_order(scheme: str, constraints: list[Constraint]) -> tuple[Constraint, ...]:
    """By version; equal versions keep their places. Raises Malformed where one of several is no version."""
    if len(constraints) < 2:
        return tuple(constraints)
    return tuple(sorted(constraints, key=lambda one: key(scheme, one.version)))


def _constraint(part: str) -> Constraint:
    comparator = next((one for one in COMPARATORS if part.startswith(one)), "")
    text = part[len(comparator) :]
    if not _VERSION.fullmatch(text):
        raise Malformed("not a version range: an empty constraint, or a character that is to be percent-encoded")
    for digits in _ESCAPE.findall(text):
        if digits != digits.upper() or int(digits, 16) in _PLAIN:
            raise Malformed("not a canonical version range: its percent-encoding is not")
    try:
        version = unquote(text, errors="strict")
    except UnicodeError:
        raise Malformed("not a version range: a version is no UTF-8") from None
    return Constraint(comparator or "=", version)


def _simplified(bounds: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Of lower bounds in a row the first counts, of upper bounds in a row the last."""
    kept: list[tuple[str, Any]] = []
    for bound in bounds:
        if kept and kept[-1][0][0] == bound[0][0]:
            if bound[0][0] == "<":
                kept[-1] = bound
            continue
        kept.append(bound)
    return kept


def _between(place: tuple[Any, ...], bounds: list[tuple[str, Any]]) -> bool:
    """Bounds are lower and upper by turns: an upper one closes what the lower one before it opened."""
    opened = True
    for comparator, at in bounds:
        if comparator[0] == "<":
            if opened and (place < at or (place == at and comparator == "<=")):
                return True
            opened = False
        else:
            opened = place > at or (place == at and comparator == ">=")
    return opened and bounds[-1][0][0] == ">"
