"""What a reader did not understand, taken aside with JSON pointers (RFC 6901) and put back by a writer. Pure."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from pratique.documents.shape import escape_pointer


def rest_of(value: Mapping[str, Any], known: frozenset[str], prefix: str = "") -> dict[str, Any]:
    """The members that are not `known`, by pointer."""
    if value.keys() <= known:
        return {}
    return {f"{prefix}/{escape_pointer(name)}": one for name, one in value.items() if name not in known}


def rest_that_says(value: Mapping[str, Any], known: frozenset[str], prefix: str = "") -> dict[str, Any]:
    """The same without empty lists, which not every spelling of a format can say."""
    return {pointer: one for pointer, one in rest_of(value, known, prefix).items() if one != []}


def put_back(value: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with each extra at its pointer again; objects on the way are made. What stands there already stays."""
    for pointer, one in extra.items():
        *way, last = split_pointer(pointer)
        place = value
        for name in way:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            # A copy: what a writer takes out of its value must stay in the document.
            place.setdefault(last, deepcopy(one) if isinstance(one, dict | list) else one)
    return value


def split_pointer(pointer: str) -> list[str]:
    """The reference tokens of a pointer, unescaped."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


_SAYS_NOTHING_ELSEWHERE = frozenset({"/spdxId", "/SpdxDocument/namespaceMap", "/SpdxDocument/profileConformance"})
"""Pointers of what only names a thing, or says which parts of its own format the document keeps to."""
_USUAL = {"/software_fileKind": "file"}
"""Pointer → the value that says no more than the kind of the part does."""


def says_something(value: Any) -> bool:
    """Whether leaving this out loses anything: what is empty does not, nor what is said to be false."""
    return value is not None and value not in ([], {}, "", False)


def matters(pointer: str, value: Any) -> bool:
    """Whether leaving out what stands at that pointer loses anything for another family."""
    return says_something(value) and pointer not in _SAYS_NOTHING_ELSEWHERE and _USUAL.get(pointer) != value


def extras_that_matter(extra: Mapping[str, Any], place: str) -> Iterator[str]:
    """Pointers of what a writer of another family leaves out; `place` is the pointer or name of what carries it."""
    return (f"{place}{pointer}" for pointer, one in extra.items() if matters(pointer, one))
