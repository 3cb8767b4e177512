"""What PHP's serialize() writes, without objects (PHP manual, serialize). Pure; nothing is made but text and tables.

Arrays become tables by key as text, in their order. Numbers and booleans become text. Raises Malformed, with the offset.
"""

from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import MAX_DEPTH

_SCALAR = lazy(rb"(?:N|[bi]:(-?\d{1,20})|d:([-+0-9.eE]{1,40}|-?INF|NAN));")
_STRING = lazy(rb's:(\d{1,9}):"')
_ARRAY = lazy(rb"a:(\d{1,9}):\{")


def read_serialized(data: bytes) -> Any:
    """The value. Time and memory: linear."""
    result: dict[str, Any] = {}
    stack: list[dict[str, Any]] = [result]
    key: str | None = ""  # the value as a whole is the only one of a table
    at = 0
    while True:
        if data[at : at + 1] == b"}" and len(stack) > 1 and key is None:
            stack.pop()
            at += 1
        else:
            value, at = _value(data, at)
            if key is None:
                if isinstance(value, dict):
                    raise Malformed(f"serialized PHP with a key that is none, offset {at}")
                key = value
                continue
            stack[-1].setdefault(key, value)
            key = None
            if isinstance(value, dict):
                stack.append(value)
                if len(stack) > MAX_DEPTH:
                    raise LimitExceeded(f"serialized PHP nested deeper than {MAX_DEPTH}")
        if len(stack) == 1:
            return result[""]


def _value(data: bytes, at: int) -> tuple[Any, int]:
    """A value and where it ends; of an array only its beginning."""
    found = _SCALAR.match(data, at)
    if found:
        return (found[1] or found[2] or b"").decode(), found.end()
    found = _STRING.match(data, at)
    if found:
        end = found.end() + int(found[1])
        if data[end : end + 2] != b'";':
            raise Malformed(f"serialized PHP with a text of another length, offset {at}")
        return data[found.end() : end].decode("utf-8", "replace"), end + 2
    found = _ARRAY.match(data, at)
    if found:
        return {}, found.end()
    raise Malformed(f"not serialized PHP, offset {at}")
