"""Ranges of versions as people write them behind a package URL, for the type of that URL. Pure; linear time.

    <4.17.21    >=1,<2    >=1 <2    ^4    ~1.2    ~>2.0    ~=2.2    1.2.* || >=3    1.0 - 2.0
    [1.0,2.0)   (,1.5]    vers:npm/>=1.0.0|<2.0.0

Commas and blanks join what must hold together, `|` and `||` what may hold instead. `^` and `~` are read as the ecosystem has
them, where it counts in numbers with full stops. Bounds with fewer numbers than the ecosystem demands have zeros for the rest.

Refused: a range in an ecosystem whose order of versions is not known (a `vers:` range of a known scheme says which order is
meant), a bound that is no version of its ecosystem, and a range that holds no version.
"""

import re
from dataclasses import dataclass
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.vers import VersionRange, parse_vers
from pratique.lexicon.versions import SCHEMES, key

MAX_CHARS = 4096
MAX_CLAUSES = 256

SCHEME_OF = {
    "alpm": "alpm",
    "apk": "apk",
    "bitnami": "semver",
    "cargo": "cargo",
    "chrome-extension": "intdot",
    "clojars": "maven",
    "composer": "composer",
    "conan": "conan",
    "deb": "deb",
    "ebuild": "gentoo",
    "gem": "gem",
    "golang": "golang",
    "helm": "semver",
    "hex": "semver",
    "julia": "semver",
    "maven": "maven",
    "npm": "npm",
    "nuget": "nuget",
    "opkg": "deb",
    "pub": "semver",
    "pypi": "pypi",
    "rpm": "rpm",
    "swift": "semver",
    "terraform": "semver",
    "vscode-extension": "semver",
}
"""Type of a package URL → the scheme that orders its versions. Of other types no order is known here."""

_NUMBERED = frozenset({"cargo", "composer", "conan", "gem", "golang", "intdot", "npm", "nuget", "pypi", "semver"})
_LAST_BUT_ONE = frozenset({"composer", "gem", "pypi"})  # whose `~1.2` ends before 2, not before 1.3
_EPOCHS = frozenset({"alpm", "deb", "rpm"})
_RANGE = lazy(r"[<>|,()\[\]{}\s]|^[~=!^]|\.[xX]$|^vers:")
_CLAUSE = lazy(r"\s*,?\s*(<=|>=|<|>|===?|=|!=|\^|~>|~=|~)?\s*([0-9A-Za-z][0-9A-Za-z.+_:~^!-]*(?:\.\*)?|\*)(?=[\s,<>=!]|$)")
_HYPHEN = lazy(r"\s*(\S+)\s+-\s+(\S+)\s*")
_INTERVAL = lazy(r"\s*,?\s*([\[(])\s*([^\s,\[\]()]*)\s*(,?)\s*([^\s,\[\]()]*)\s*([\])])")
_NUMBERS = lazy(r"[vV=]?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
_EPOCH = lazy(r"[0-9]+:(?=.)")
_PLACEHOLDER = lazy(r"[${}%\s]|^[^0-9]*$")
_MAX_DIGITS = 256

Clauses = tuple[tuple[str, str], ...]
"""Comparator (`<`, `<=`, `=`, `!=`, `>=`, `>`) and version; all of them hold."""


@dataclass(frozen=True, slots=True)
class Range:
    """Alternatives, of which a version in the range is in one. `scheme`: one of `SCHEMES`. `vers`: instead of them."""

    scheme: str
    alternatives: tuple[Clauses, ...] = ()
    vers: VersionRange | None = None

    def contains(self, version: str) -> bool:
        """Whether a version is in the range. Raises Malformed where that is not known: it cannot be ordered."""
        full = padded(self.scheme, version)
        place = place_of(self.scheme, version)
        if self.vers is not None:
            return self.vers.contains(full)
        return any(all(_holds(place, sign, key(self.scheme, at)) for sign, at in one) for one in self.alternatives)


def is_range(text: str) -> bool:
    """Whether a version has characters that no single version has, or asks for many."""
    return _RANGE.search(text) is not None


def parse_range(type_: str, text: str) -> Range:
    """The range that `text` means for packages of a type. Raises Malformed, which says why it can hold nothing; LimitExceeded."""
    if len(text) > MAX_CHARS:
        raise LimitExceeded(f"a version range of more than {MAX_CHARS} characters")
    own = SCHEME_OF.get(type_, "")
    if text.startswith("vers:"):
        return _vers(type_, own, text)
    if not own:
        hint = f"say which order is meant: @vers:SCHEME/…, of {', '.join(sorted(SCHEMES))}"
        raise Malformed(f"the order of versions of {type_!r} packages is not known", hint=hint)
    alternatives = tuple(_conjunction(own, part) for part in re.split(r"\|\|?", text))
    if sum(map(len, alternatives)) > MAX_CLAUSES:
        raise LimitExceeded(f"a version range of more than {MAX_CLAUSES} clauses")
    if not any(_possible(own, one) for one in alternatives):
        raise Malformed("it is a range that holds no version")
    return Range(own, alternatives)


def place_of(scheme: str, version: str) -> tuple[Any, ...]:
    """The key of what really is a version. Raises Malformed for what only stands in its place: `latest`, `${version}`."""
    text = padded(scheme, version)
    if _PLACEHOLDER.search(text):
        raise Malformed("not a version")
    found = key(scheme, text)
    if scheme == "pypi" and found[0] == 0:
        raise Malformed("not a version by PEP 440")  # whose order only says what setuptools did with it
    return found


def padded(scheme: str, version: str) -> str:
    """With zeros for numbers that the scheme demands and the text leaves out: `4.17` is 4.17.0 to npm."""
    text = version.strip()
    if SCHEMES[scheme] is not SCHEMES["semver"]:
        return text
    found = _NUMBERS.fullmatch(text)
    if found is None or found[1].count(".") >= 2 or (found[2] and found[2][0] not in "-+"):
        return text
    return ".".join([*found[1].split("."), "0", "0"][:3]) + found[2]


def without_epoch(scheme: str, version: str) -> str:
    """`1:2.0` is 2.0, in ecosystems that have epochs: people leave them out."""
    return _EPOCH.sub("", version, count=1) if scheme in _EPOCHS and _EPOCH.match(version) else version


def _vers(type_: str, own: str, text: str) -> Range:
    found = parse_vers(text, canonical=False)
    if found.scheme == "none":
        raise Malformed("it is a range that holds no version")
    scheme = own if found.scheme == "all" else found.scheme
    if found.scheme != "all" and own and SCHEMES[own] is not SCHEMES[scheme]:
        raise Malformed(f"versions of {type_} packages are not ordered as vers:{found.scheme} says", hint=f"write vers:{own}/…")
    constraints = tuple(type(one)(one.comparator, padded(scheme, one.version)) for one in found.constraints)
    for one in constraints:
        if one.comparator != "*":
            _bound(scheme, one.version)
    return Range(scheme or "lexicographic", vers=VersionRange(found.scheme, constraints))


def _conjunction(scheme: str, text: str) -> Clauses:
    if not text.strip():
        raise Malformed("it is a range with an empty alternative")
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        return (*_clause(scheme, ">=", hyphen[1]), *_clause(scheme, "<=", hyphen[2]))
    pattern = _INTERVAL if text.lstrip()[0] in "[(" else _CLAUSE
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        one = pattern.match(text, at)
        if one is None:
            raise Malformed("it is no range that is understood", hint="such as <4.17.21, >=1,<2, ^4, 1.2.* or vers:npm/<4.17.21")
        if pattern is _INTERVAL and found:
            raise Malformed("it has several intervals, of which it is not said how they are joined", hint="write || between them")
        found += _interval(scheme, one) if pattern is _INTERVAL else _clause(scheme, one[1] or "", one[2])
        at = one.end()
    return tuple(found)


def _interval(scheme: str, found: "re.Match[str]") -> Clauses:
    opening, low, comma, high, closing = found.groups()
    if not comma:
        if opening + closing != "[]" or not low:
            raise Malformed("it is no interval of versions")
        return _clause(scheme, "=", low)
    lower = _clause(scheme, ">=" if opening == "[" else ">", low) if low else ()
    return (*lower, *(_clause(scheme, "<=" if closing == "]" else "<", high) if high else ()))


def _clause(scheme: str, sign: str, text: str) -> Clauses:
    if text == "*":
        if sign not in ("", "=", "==", ">="):
            raise Malformed(f"it says {sign}*, which holds no version")
        return ()
    if re.search(r"\.[xX*]$", text):
        numbers = _numbers(text[:-2], scheme)
        if sign not in ("", "=", "==") or not numbers:
            raise Malformed(f"it says {sign}{text}, which is not understood")
        return _between(scheme, text[:-2], numbers, len(numbers) - 1)
    if sign in ("^", "~", "~>", "~="):
        return _about(scheme, sign, text)
    sign = "=" if sign in ("", "==", "===") else sign
    bare = sign == "=" and SCHEMES[scheme] is SCHEMES["semver"] and padded(scheme, text) != text.strip()
    if bare and (numbers := _numbers(text, scheme)):
        return _between(scheme, text, numbers, len(numbers) - 1)  # 4 is 4.x to npm and Cargo
    return ((sign, _bound(scheme, text)),)


def _about(scheme: str, sign: str, text: str) -> Clauses:
    numbers = _numbers(text, scheme)
    if scheme not in _NUMBERED or not numbers:
        raise Malformed(f"it says {sign}{text}, which versions of {scheme} do not have", hint="write >= and < instead")
    if sign == "^":
        at = next((place for place, one in enumerate(numbers) if one.strip("0")), len(numbers) - 1)
    elif sign == "~" and scheme not in _LAST_BUT_ONE:
        at = min(1, len(numbers) - 1)
    else:
        at = max(0, len(numbers) - 2)
    return _between(scheme, text, numbers, at)


def _between(scheme: str, low: str, numbers: list[str], at: int) -> Clauses:
    """From `low` to before the next number at that place."""
    after = ".".join([*numbers[:at], str(int(numbers[at]) + 1)])
    if scheme == "conan":
        after += "-"  # before its pre-releases, too (Conan 2, "Version ranges")
    return ((">=", _bound(scheme, low)), ("<", _bound(scheme, after)))


def _numbers(text: str, scheme: str) -> list[str]:
    found = _NUMBERS.fullmatch(text)
    if found is None or scheme not in _NUMBERED or max(map(len, found[1].split("."))) > _MAX_DIGITS:
        return []
    return found[1].split(".")


def _bound(scheme: str, text: str) -> str:
    """The version as it is compared with. Raises Malformed."""
    try:
        place_of(scheme, text)
    except Malformed as error:
        raise Malformed(f"its bound {text!r} is no version of the scheme {scheme}") from error
    return padded(scheme, text)


def _possible(scheme: str, clauses: Clauses) -> bool:
    """Whether any version can hold all of these: one of the bounds, or one between the lowest and the highest."""
    placed = [(sign, key(scheme, version)) for sign, version in clauses]
    exact = [at for sign, at in placed if sign == "="]
    if exact:
        return any(all(_holds(at, sign, other) for sign, other in placed) for at in exact)
    lows, highs = ([at for sign, at in placed if sign[0] == side] for side in "><")
    if not lows or not highs:
        return True
    low, high = max(lows), min(highs)
    return low < high or (low == high and all(_holds(low, sign, at) for sign, at in placed))


def _holds(place: tuple[Any, ...], sign: str, at: tuple[Any, ...]) -> bool:
    if sign == "=":
        return place == at
    if sign == "!=":
        return place != at
    if sign[0] == "<":
        return place < at or (sign == "<=" and place == at)
    return place > at or (sign == ">=" and place == at)
