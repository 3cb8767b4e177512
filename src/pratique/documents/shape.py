"""What a format allows, as a table, and a document held against it: every problem with its JSON pointer. Pure.

A shape is `s`, `b`, `i`, `n` (text, boolean, integer, number), `*` (anything), or an object of demands:

    ref      the name of another shape            members, open, needs   an object: its members, whether others may be, which must
    list, least, most, unique   an array           enum, pattern, format, is, minimum, maximum, minLength, maxLength   a scalar
    one, any, all, not          shapes of which exactly one, one, all, none must fit       licence   an SPDX licence identifier
    if, then                    what fits the first must fit the second     values   an object whose members are all of one shape
    node, names                 what is referred to by the shape `@id`, or by one of these names; or an object of one of these
                                shapes, which its `type` names

The tables in `shapes/` are derived from the published schemas by `tools/make_cyclonedx_shapes.py` and `make_spdx3_shapes.py`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from pratique.lexicon.iri import is_iri_reference, is_mail_address, is_uri
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES
from pratique.lexicon.text import clean

MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """`pointer`: RFC 6901, "" for the whole document. `reason`: one line that follows it."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'} {self.reason}"


Found = list[tuple[str, str]]
Check = Callable[[Any], Found]

_DATE_TIME = lazy(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_DATE = lazy(r"\d{4}-\d\d-\d\d", re.ASCII)


def is_time(text: str) -> bool:
    """Whether it is a time as RFC 3339 has it, of a day that there is."""
    return bool(_DATE_TIME.fullmatch(text)) and _in_calendar(text.upper())


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and _in_calendar(text)


def _in_calendar(text: str) -> bool:
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        return False
    return offset is None or abs(offset.total_seconds()) <= 14 * 3600  # as far as XML Schema goes


_FORMATS: dict[str, Callable[[str], bool]] = {"date-time": is_time, "date": _is_date, "uri": is_uri}
_EXACT_FORMATS = _FORMATS | {"iri-reference": is_iri_reference, "idn-email": is_mail_address}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    # To JSON Schema 2.0 is an integer.
    "integer": lambda value: not isinstance(value, bool) and isinstance(value, int | float) and value == value // 1,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_NAMES = {"string": "text", "object": "an object", "array": "a list"}
_SHORT = {"s": "string", "b": "boolean", "i": "integer", "n": "number"}
_NOTHING: Found = []


@cache
def load_shapes(name: str) -> Mapping[str, Any]:
    """The table `shapes/NAME.json`."""
    found: Mapping[str, Any] = json.loads(resources.files(__package__).joinpath("shapes", f"{name}.json").read_bytes())
    return found


@cache
def cyclonedx_check(version: str, *, xml: bool = False, exact: bool = False) -> Check:
    """The check of a whole CycloneDX document of that version (`1.2` to `1.7`), in the layout of JSON.

    `xml`: of what is or will be XML. There a signature is an element of another name space, so that none is missed here; and
    its schema, unlike that of JSON, lets the same thing be listed twice. `exact`: addresses and mail addresses must be some, as
    in what is written; to a reader any text is one.
    """
    shape = compile_shape({"ref": "bom"}, load_shapes(f"cyclonedx-{version}"), exact=exact)
    if not xml:
        return shape
    return lambda document: [one for one in shape(document) if one[1] not in ("lacks signature", "is listed twice")]


def problems_of(check: Check, document: Any) -> tuple[Problem, ...]:
    """At most 200 problems, in the order of the document."""
    return tuple(Problem(pointer, reason) for pointer, reason in check(document)[:MAX_PROBLEMS])


def compile_shape(shape: Any, shapes: Mapping[str, Any], *, exact: bool = False) -> Check:
    """A function from a value to what is wrong with it: pointers relative to the value, and reasons."""
    formats = _EXACT_FORMATS if exact else _FORMATS
    known: dict[str, Check] = {}

    def named(name: str) -> Check:
        if name not in known:
            known[name] = _later(known, name)  # shapes may contain themselves
            known[name] = build(shapes[name])
        return known[name]

    def build(node: Any) -> Check:
        if isinstance(node, str):
            return _typed(_SHORT[node]) if node in _SHORT else _anything
        if "ref" in node:
            return named(node["ref"])
        checks: list[Check] = []
        if "is" in node:
            checks.append(_typed(node["is"]))
        if "members" in node:
            members = {name: build(one) for name, one in node["members"].items()}
            checks.append(_object(members, "open" in node, node.get("needs", ())))
        elif "needs" in node:
            checks.append(_needs(node["needs"]))
        if "values" in node:
            checks.append(_values(build(node["values"])))
        if "node" in node:
            checks.append(_node({name: named(name) for name in node["node"]}, named("@id"), node.get("names", ())))
        if "list" in node:
            checks.append(_list(build(node["list"]), node))
        checks += _scalars(node, formats)
        checks += [_choice([build(one) for one in node[word]], exactly=word == "one") for word in ("one", "any") if word in node]
        checks += [build(one) for one in node.get("all", ())]
        if "not" in node:
            checks.append(_not(build(node["not"]), node["not"]))
        if "if" in node:
            checks.append(_if(build(node["if"]), build(node["then"])))
        return checks[0] if len(checks) == 1 else _all(checks)

    return build(shape)


def _later(known: Mapping[str, Check], name: str) -> Check:
    def check(value: Any) -> Found:
        return known[name](value)

    return check


def _anything(_: Any) -> Found:
    return _NOTHING


def _typed(kinds: str | list[str]) -> Check:
    names = [kinds] if isinstance(kinds, str) else kinds
    tests = [_TYPES[name] for name in names]
    text = " or ".join(_NAMES.get(name, f"a {name}") for name in names)
    wrong = [("", f"is not {text}")]
    if kinds == "string":
        return lambda value: _NOTHING if isinstance(value, str) else wrong
    return lambda value: _NOTHING if any(test(value) for test in tests) else wrong


def _object(members: Mapping[str, Check], is_open: bool, needs: Iterable[str]) -> Check:
    def check(value: Any) -> Found:
        if not isinstance(value, dict):
            return [("", "is not an object")]
        found: Found = []
        for name, one in value.items():
            inner = members.get(name)
            if inner is not None:
                for pointer, reason in inner(one):
                    found.append((f"/{escape_pointer(name)}{pointer}", reason))
            elif not is_open:
                found.append((f"/{escape_pointer(name)}", "is not known here"))
        found += [("", f"lacks {name}") for name in needs if name not in value]
        return found

    return check


def _values(inner: Check) -> Check:
    def check(value: Any) -> Found:
        if not isinstance(value, dict):
            return [("", "is not an object")]
        return [(f"/{escape_pointer(name)}{place}", reason) for name, one in value.items() for place, reason in inner(one)]

    return check


def _node(classes: Mapping[str, Check], identifier: Check, names: Iterable[str]) -> Check:
    known = frozenset(names)

    def check(value: Any) -> Found:
        if isinstance(value, str):
            return _NOTHING if value in known or not identifier(value) else [("", f"is {clean(value, 60)!r}, no identifier")]
        if not isinstance(value, dict):
            return [("", "is neither an identifier nor an object")]
        kind = value.get("type")
        if isinstance(kind, str) and kind in classes:
            return classes[kind](value)
        return [("/type", f"is {clean(kind, 60)!r}, which has no place here")] if isinstance(kind, str) else [("", "lacks type")]

    return check


def _needs(needs: list[str]) -> Check:
    def check(value: Any) -> Found:
        return [("", f"lacks {name}") for name in needs if not isinstance(value, dict) or name not in value]

    return check


def _list(inner: Check, node: Mapping[str, Any]) -> Check:
    least, most, unique = node.get("least", 0), node.get("most"), "unique" in node

    def check(value: Any) -> Found:
        if not isinstance(value, list):
            return [("", "is not a list")]
        found: Found = []
        for index, one in enumerate(value):
            for pointer, reason in inner(one):
                found.append((f"/{index}{pointer}", reason))
        if len(value) < least or (most is not None and len(value) > most):
            found.append(("", f"has {len(value)} items"))
        if unique and len(value) > 1:
            seen: set[str] = set()
            for index, one in enumerate(value):
                key = one if isinstance(one, str) else json.dumps(one, sort_keys=True)
                if key in seen:
                    found.append((f"/{index}", "is listed twice"))
                seen.add(key)
        return found

    return check


def _scalars(node: Mapping[str, Any], formats: Mapping[str, Callable[[str], bool]]) -> Iterable[Check]:
    def when(test: Callable[[Any], bool], reason: Callable[[Any], str]) -> Check:
        return lambda value: _NOTHING if test(value) else [("", reason(value))]

    def shown(value: Any) -> str:
        return f"is {clean(value, 60)!r}" if isinstance(value, str) else "is no text"

    if "enum" in node:
        allowed = node["enum"]
        yield when(
            lambda value: value in allowed and not (value == 0 and value is not False),
            lambda value: f"{shown(value)}, which is none of the values allowed here",
        )
    if "licence" in node:
        yield when(
            lambda value: isinstance(value, str) and (value in LICENCES or value in EXCEPTIONS),
            lambda value: f"{shown(value)}, which is no SPDX licence identifier",
        )
    if "pattern" in node:
        pattern = re.compile(node["pattern"])
        yield when(
            lambda value: not isinstance(value, str) or bool(pattern.search(value)), lambda value: f"{shown(value)}: wrong form"
        )
    if node.get("format") in formats:
        name = node["format"]
        fits = formats[name]
        yield when(lambda value: not isinstance(value, str) or fits(value), lambda value: f"{shown(value)}, no {name}")
    if "minimum" in node or "maximum" in node:
        low, high = node.get("minimum", float("-inf")), node.get("maximum", float("inf"))
        yield when(lambda value: not isinstance(value, int | float) or low <= value <= high, lambda _: "is out of range")
    if "minLength" in node or "maxLength" in node:
        short, long = node.get("minLength", 0), node.get("maxLength", float("inf"))
        yield when(lambda value: not isinstance(value, str) or short <= len(value) <= long, lambda _: "is too short or too long")


def _choice(alternatives: list[Check], *, exactly: bool) -> Check:
    def check(value: Any) -> Found:
        fits, best = 0, None
        for one in alternatives:
            found = one(value)
            if not found:
                fits += 1
                if not exactly:
                    return _NOTHING
            elif best is None or (len(found), -len(found[0][0])) < (len(best), -len(best[0][0])):
                best = found
        if fits == 1:
            return _NOTHING
        return (best or []) if fits == 0 else [("", "could be read in two ways")]

    return check


def _all(checks: list[Check]) -> Check:
    def check(value: Any) -> Found:
        for one in checks:
            found = one(value)
            if found:
                return found
        return _NOTHING

    return check


def _not(inner: Check, node: Any) -> Check:
    # Where members exclude each other it is enough that the last of them goes.
    last = node["needs"][-1] if isinstance(node, dict) and node.keys() == {"needs"} else ""
    wrong = [(f"/{escape_pointer(last)}" if last else "", "says what excludes each other")]
    return lambda value: _NOTHING if inner(value) else wrong


def _if(condition: Check, consequence: Check) -> Check:
    return lambda value: _NOTHING if condition(value) else consequence(value)


def escape_pointer(name: str) -> str:
    """One reference token of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name
