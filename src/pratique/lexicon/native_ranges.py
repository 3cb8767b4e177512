"""Ranges in the notation of an ecosystem, as vers. Pure; linear time.

    npm, conan     node-semver, "Ranges"; Conan 2, "Version ranges": `>=1 <2 || ^3.2`
    gem, pypi      Gem::Requirement (`~> 2.0.8`); PEP 440, "Version specifiers" (`~=2.2, !=2.3`)
    maven, nuget   intervals: `[1.0,2.0)`; a bare version is that one (Maven), or that one and later (NuGet)
    nginx, openssl the lists of their security advisories: `1.5.0+, 1.4.1+`; `3.0.0, 1.0.1b`

Refuses what vers cannot say.
"""

import re
from collections.abc import Callable
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.vers import MAX_CHARS, MAX_CONSTRAINTS, Constraint, VersionRange, simplified
from pratique.lexicon.versions import key

_WORD = re.compile(r"\s*(<=|>=|<|>|=|\^|~>?)?\s*([^\s<>=^~|,]+)")
_CLAUSE = re.compile(r"\s*(~>|===|~=|==|!=|<=|>=|<|>|=)?\s*([^\s<>=!~,]+)\s*")
_INTERVAL = re.compile(r"\s*([\[(])\s*([^\s,\[\]()]*)\s*(,?)\s*([^\s,\[\]()]*)\s*([\])])\s*(?:,|$)")
_PARTIAL = re.compile(r"[v=]*([0-9]+|[xX*])(?:\.([0-9]+|[xX*]))?(?:\.([0-9]+|[xX*]))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_MAX_DIGITS = 256
_TIES = ("<", "<=", "=", "!=", ">=", ">")

Pairs = list[tuple[str, str]]
Placed = tuple[str, Any, str]


def from_native(scheme: str, text: str) -> VersionRange:
    """A range of a scheme in `NOTATIONS`, in its native notation, as vers. Raises Malformed."""
    if len(text) > MAX_CHARS:
        raise LimitExceeded(f"a version range of more than {MAX_CHARS} characters")
    if scheme not in NOTATIONS:
        raise Malformed("a version range in a notation that is not known")
    alternatives = [one for one in NOTATIONS[scheme](text) if one]
    pairs = [pair for one in alternatives for pair in one]
    if not pairs:
        raise Malformed("an empty version range")
    if len(pairs) > MAX_CONSTRAINTS:
        raise LimitExceeded(f"a version range of more than {MAX_CONSTRAINTS} constraints")
    if any(comparator == "*" for comparator, _ in pairs):
        return VersionRange(scheme, (Constraint("*", ""),))
    placed = [(comparator, key(scheme, version), version) for comparator, version in pairs]
    # Where one range ends as the next begins, the end comes first.
    placed.sort(key=lambda one: (one[1], _TIES.index(one[0])))
    for one in alternatives:
        lows, highs = ([key(scheme, version) for sign, version in one if sign[0] == side] for side in "><")
        if lows and highs and min(lows) > max(highs):
            raise Malformed("a version range that holds no version")
    kept = _merged(placed, alternatives)
    # vers knows no overlap: where what is listed flat would mean something else than the union, the union is written.
    if _meaning(placed) == _meaning(kept):
        kept = placed
    if not kept:
        return VersionRange(scheme, (Constraint("*", ""),))
    return VersionRange(scheme, tuple(Constraint(comparator, version) for comparator, _, version in kept))


def _merged(placed: list[Placed], alternatives: list[Pairs]) -> list[Placed]:
    """Without the bounds and single versions that lie within another alternative."""
    shapes = [{sign[0] for sign, _ in one if sign[0] in "<>"} for one in alternatives]
    open_now, kept = shapes.count({"<"}), []
    for one in placed:
        side = one[0][0]
        if side == "<":
            open_now -= 1
        if side == "!" or open_now == 0:
            kept.append(one)
        if side == ">":
            open_now += 1
    return kept


def _meaning(placed: list[Placed]) -> list[tuple[str, Any]]:
    return simplified([(comparator, at) for comparator, at, _ in placed if comparator[0] in "<>"])


def _tokens(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        one = pattern.match(text, at)
        if one is None:
            raise Malformed("not a version range of its ecosystem")
        found.append(one)
        at = one.end()
    return found


def _next(parts: list[str], at: int) -> list[str]:
    """The first version after all that begin with these parts up to `at`."""
    if not (parts[at].isascii() and parts[at].isdigit()) or len(parts[at]) > _MAX_DIGITS:
        raise Malformed("not a version range of its ecosystem: a number is missing")
    return [*parts[:at], str(int(parts[at]) + 1)]


def _npm(text: str) -> list[Pairs]:
    pairs: list[Pairs] = []
    for part in text.split("||"):
        hyphen = _HYPHEN.fullmatch(part)
        if hyphen:
            pairs.append([*_npm_one(">=", hyphen[1]), *_npm_one("<=", hyphen[2])])
        elif not part.strip():
            pairs.append([("*", "")])
        else:
            found = [pair for one in _tokens(_WORD, part) for pair in _npm_one(one[1] or "", one[2])]
            # In a conjunction with others, `*` says nothing.
            pairs.append(_exact([pair for pair in found if pair[0] != "*"] or found))
    return pairs


def _npm_one(sign: str, text: str) -> Pairs:
    found = _PARTIAL.fullmatch(text)
    if found is None:
        raise Malformed("not a version range of npm")
    given: list[str] = []
    for one in found.group(1, 2, 3):
        if one is None or one in "xX*":
            break
        given.append(one)
    if not given:
        if sign in {"<", ">"}:
            raise Malformed("a version range of npm that holds no version")
        return [("*", "")]
    full = ".".join([*given, "0", "0"][:3])
    lowest = full + (found[4] or "" if len(given) == 3 else "")
    if sign == "^":
        at = next((place for place, one in enumerate(given) if one.strip("0")), len(given) - 1)
    elif sign in {"~", "~>"}:
        at = min(1, len(given) - 1)
    elif len(given) == 3:
        return [(sign or "=", lowest)]
    else:
        at = len(given) - 1
    after = ".".join([*_next(given, at), "0", "0"][:3])
    if sign in {">=", "<"}:
        return [(sign, full)]
    if sign in {">", "<="}:
        return [(">=" if sign == ">" else "<", after)]
    return [(">=", lowest), ("<", after)]


def _conan(text: str) -> list[Pairs]:
    pairs: list[Pairs] = []
    for part in text.split(",", maxsplit=1)[0].split("||"):
        found: Pairs = []
        for one in _tokens(_WORD, part):
            sign, version = one[1] or "=", one[2].removesuffix("-")
            if sign == "~>":
                raise Malformed("not a version range of Conan")
            if version == "*":
                found.append((">=", "0.0.0"))
            elif sign in {"^", "~"}:
                parts = version.partition("-")[0].split(".")
                first = next((place for place, item in enumerate(parts) if item.strip("0")), len(parts) - 1)
                at = first if sign == "^" else min(1, len(parts) - 1)
                found += [(">=", version), ("<", ".".join(_next(parts, at)) + "-")]
            else:
                found.append((sign, version))
        pairs.append(_exact(found))
    return pairs


def _clauses(text: str) -> Pairs:
    found: Pairs = []
    for part in text.split(","):
        one = _CLAUSE.fullmatch(part)
        if one is None:
            raise Malformed("not a version range of its ecosystem")
        found.append((one[1] or "=", one[2]))
    return found


def _gem(text: str) -> list[Pairs]:
    pairs: Pairs = []
    for sign, version in _clauses(text):
        if sign == "~>":
            parts = version.split(".")
            numbers = parts[: next((at for at, one in enumerate(parts) if not one.isdigit()), len(parts))]
            if not numbers:
                raise Malformed("not a version range of gems")
            pairs += [(">=", version), ("<", ".".join(_next(numbers, max(0, len(numbers) - 2))))]
        elif sign in _TIES:
            pairs.append((sign, version))
        else:
            raise Malformed("not a version range of gems")
    return [_exact(pairs)]


def _pypi(text: str) -> list[Pairs]:
    pairs: Pairs = []
    for sign, version in _clauses(text):
        if version.endswith(".*") and sign == "==":
            parts = version[:-2].split(".")
            pairs += [(">=", ".".join(parts) + ".dev0"), ("<", ".".join(_next(parts, len(parts) - 1)) + ".dev0")]
        elif sign == "~=":
            release = re.match(r"[0-9]+(?:\.[0-9]+)+", version)
            if release is None:
                raise Malformed("not a version range of Python packages: ~= needs two numbers")
            parts = release[0].split(".")
            pairs += [(">=", version), ("<", ".".join(_next(parts, len(parts) - 2)) + ".dev0")]
        elif "*" in version or sign == "~>":
            raise Malformed("a version range of Python packages that vers cannot say")
        else:
            pairs.append(("=" if sign in {"==", "==="} else sign, version))
    return [_exact(pairs)]


def _intervals(text: str, bare: str) -> list[Pairs]:
    if not re.search(r"[\[(]", text):
        return [[(bare, text.strip())]] if text.strip() else []
    pairs: list[Pairs] = []
    for one in _tokens(_INTERVAL, text):
        opening, low, comma, high, closing = one.groups()
        if not comma:
            if opening + closing != "[]" or not low or high:
                raise Malformed("not an interval of versions")
            pairs.append([("=", low)])
        elif not low and not high:
            pairs.append([("*", "")])
        else:
            found: Pairs = [(">=" if opening == "[" else ">", low)] if low else []
            found += [("<=" if closing == "]" else "<", high)] if high else []
            pairs.append(_exact(found))
    return pairs


def _maven(text: str) -> list[Pairs]:
    return _intervals(text, "=")


def _nuget(text: str) -> list[Pairs]:
    return _intervals(text, ">=")


def _nginx(text: str) -> list[Pairs]:
    """`1.4.1+` means the stable branch 1.4 from there on; of an odd, mainline branch, all that follows."""
    pairs: list[Pairs] = []
    for part in text.split(","):
        low, hyphen, high = part.strip().partition("-")
        if hyphen:
            pairs.append(_exact([(">=", low), ("<=", high)]))
        elif low.endswith("+"):
            parts = low[:-1].split(".")
            if len(parts) != 3:
                raise Malformed("not a version range of nginx")
            found = [(">=", low[:-1])]
            after = _next(parts, 1)
            if int(parts[1]) % 2 == 0:
                found.append(("<", ".".join([*after, "0"])))
            pairs.append(found)
        else:
            pairs.append([("=", low)])
    return pairs


def _openssl(text: str) -> list[Pairs]:
    return [[("=", part.strip())] for part in text.split(",")]


def _exact(pairs: Pairs) -> Pairs:
    """`>=1 <=1` is 1: apart, in the order of a range, they would mean all versions."""
    if len(pairs) == 2 and {pairs[0][0], pairs[1][0]} == {">=", "<="} and pairs[0][1] == pairs[1][1]:
        return [("=", pairs[0][1])]
    return pairs


NOTATIONS: dict[str, Callable[[str], list[Pairs]]] = {
    "conan": _conan,
    "gem": _gem,
    "maven": _maven,
    "nginx": _nginx,
    "npm": _npm,
    "nuget": _nuget,
    "openssl": _openssl,
    "pypi": _pypi,
}
