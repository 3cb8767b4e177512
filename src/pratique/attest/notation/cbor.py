"""CBOR (RFC 8949) of one spelling only, in bounded depth. Pure.

Read: maps, arrays, text, bytes, integers, booleans, null, and the tags a caller allows. Refused: indefinite lengths, a key
twice, lengths and numbers that are not in their shortest form (§4.1), floats, other tags, anything after the value. The order
of a map's keys is not held to anything.
"""

from collections.abc import Collection, Mapping
from typing import Any

import cbor2
from cbor2 import CBORTag

from pratique.errors import LimitExceeded, Malformed

MAX_DEPTH = 16

# Tags that the library turns into dates, fractions, patterns, sets, references to other parts … on sight, some of them at a cost
# that their size does not show. Those it does not know stay tags by themselves.
_SEMANTIC = (*range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)


def load_cbor(data: bytes, *, what: str, max_size: int, tags: Collection[int] = ()) -> Any:
    """The value these bytes spell; a tag in `tags` stays a `cbor2.CBORTag`. `what` names it in errors.

    Arrays are lists or, within a tag, tuples; maps are mappings.

    Raises Malformed, LimitExceeded.
    """
    if len(data) > max_size:
        raise LimitExceeded(f"{what} has {len(data)} bytes, more than the limit of {max_size}")
    try:
        value = cbor2.loads(
            data,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders={number: (lambda value, _, number=number: CBORTag(number, value)) for number in _SEMANTIC},
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        cause = str(error).partition("\n")[0][:120]
        raise Malformed(f"{what} is not CBOR: {cause}") from error
    _check(value, what, tags)
    if cbor2.dumps(value) != data:
        raise Malformed(f"{what} is not CBOR in its shortest form, or has bytes after its end")
    return value


def dump_cbor(value: Any) -> bytes:
    """CBOR in shortest form, with the keys of maps in order (RFC 8949 §4.2.3): the same value, the same bytes."""
    return cbor2.dumps(value, canonical=True)


def _check(value: Any, what: str, tags: Collection[int]) -> None:
    """Only what is listed above; depth was bounded while reading."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Mapping):
            if any(type(key) not in (str, int) for key in item):  # True would pass for 1
                raise Malformed(f"{what} holds a map whose key is neither text nor a whole number")
            todo += item.values()
        elif isinstance(item, list | tuple):
            todo += item
        elif isinstance(item, CBORTag):
            if item.tag not in tags:
                raise Malformed(f"{what} holds the tag {item.tag}")
            todo.append(item.value)
        elif item is not None and type(item) not in (str, bytes, int, bool):
            raise Malformed(f"{what} holds a {type(item).__name__}, which has no place in it")
