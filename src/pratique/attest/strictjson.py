"""JSON (RFC 8259) that has one meaning only, in bounded time and depth. Pure.

Refused, at every level: members named twice (two readers would see two documents), NaN and infinities, numbers that overflow
a double, unpaired surrogates, byte order marks, anything after the value, other encodings than UTF-8.
"""

import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any, NoReturn

from pratique.errors import LimitExceeded, Malformed

MAX_SIZE = 256 * 1024 * 1024  # a file manifest of two million files fits; memory for the parsed value is several times this
MAX_DEPTH = 64

_LARGE = 32 * 1024  # from here on another parser pays, and its import

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def load_json(
    data: bytes, *, what: str, max_size: int = MAX_SIZE, max_depth: int = MAX_DEPTH, max_items: int | None = None
) -> Any:
    """The value these bytes spell. `what` names the document in errors. O(size). Raises Malformed, LimitExceeded.

    `max_items`: how many members and items there may be in all, for documents that are large by their strings only: a value of
    many small things takes fifty times the memory of its spelling. What stands in strings counts too.
    """
    if len(data) > max_size:
        raise LimitExceeded(f"{what} has {len(data)} bytes, more than the limit of {max_size}")
    if max_items is not None and data.count(b",") + data.count(b"{") + data.count(b"[") > max_items:
        raise LimitExceeded(f"{what} has more than {max_items} members and items")
    if len(data) >= _LARGE and (swift := _load_swiftly(data)):
        check_depth(swift[0], what, max_depth)
        return swift[0]
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite_float
        )
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # pairs are joined while parsing; what is left does not encode
    except RecursionError as error:
        raise LimitExceeded(f"{what} is nested deeper than {max_depth}") from error
    except UnicodeEncodeError as error:
        raise Malformed(f"{what} holds half of a surrogate pair") from error
    except Malformed as error:
        raise Malformed(f"{what} {error.message}") from error
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError, and integers past Python's digit limit
        raise Malformed(f"{what} is not JSON: {_reason(error)}") from error
    check_depth(value, what, max_depth)
    return value


def _load_swiftly(data: bytes) -> tuple[Any] | None:
    """The value, if a parser several times as fast writes it back byte by byte: then it lost no member, and no digit.

    None where it does not, as for every spelling but the compact one: that says nothing, and the slow way is gone.
    """
    import msgspec

    try:
        value = msgspec.json.decode(data)
        return (value,) if msgspec.json.encode(value) == data else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return None


def dump_json(value: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON with sorted members: the same value, the same bytes. Raises Malformed for what JSON cannot hold."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"cannot be written as JSON: {_reason(error)}") from error


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """The canonical form of RFC 8785, for bytes that others must be able to rebuild. Raises Malformed."""
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Malformed(f"cannot be written as canonical JSON: {_reason(error)}") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Malformed(f"names {name[:80]!r} twice in one object")
            seen.add(name)
    return members


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"holds {name}, which is no JSON number")


def _finite_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Malformed(f"holds {text[:40]}, which no double can hold")
    return number


def check_depth(value: Any, what: str, max_depth: int = MAX_DEPTH) -> None:
    """Raise LimitExceeded if lists and objects stand in each other more than `max_depth` levels deep. O(size)."""
    # Level by level rather than by recursion: bounded by the limit, and each level is one fast loop.
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        if not level:
            return
        items = chain.from_iterable(item if type(item) is list else item.values() for item in level)
        level = [item for item in items if type(item) is dict or type(item) is list]
    if level:
        raise LimitExceeded(f"{what} is nested deeper than {max_depth}")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair"
    return (str(error) or type(error).__name__).splitlines()[0][:120]
