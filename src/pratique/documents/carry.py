"""Members of the neutral value that a format has no place for, carried in properties named `pratique:part:…` or
`pratique:document:…`, and restored from them. Pure.

Text is carried as it is, anything else as compact JSON; a list takes one property for each item. What does not decode stays a
property: a stranger may use the name, too.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from pratique.documents.document import Basis, Document, ExternalReference, Hash, Licence, Part, Property

Carrier = TypeVar("Carrier", Part, Document)
PREFIX = "pratique:"
"""Of every property that is ours."""
_PREFIXES: dict[type, str] = {Part: f"{PREFIX}part:", Document: f"{PREFIX}document:"}
_ORDER = {basis: index for index, basis in enumerate(Basis)}
_WHOLE = frozenset({"authors", "originators", "tools"})
"""Lists that are carried whole where a format says only some of them."""
_NEVER = frozenset({"properties", "parts", "files", "subject", "extra", "family"})


def carried(value: Part | Document, names: Iterable[str]) -> list[Property]:
    """Properties that say these fields of a part or a document, in the order of `names`; fields that say nothing give none."""
    prefix = _PREFIXES[type(value)]
    found: list[Property] = []
    for name in names:
        one = getattr(value, name)
        if one:
            found += carried_items(prefix + name, one if isinstance(one, tuple) else (one,))
    return found


def carried_items(name: str, items: Iterable[Any]) -> list[Property]:
    """One property an item."""
    return [Property(name, one if isinstance(one, str) else _encode(one)) for one in items]


def carried_part(field: str, items: Iterable[Hash | Licence | ExternalReference | str]) -> list[Property]:
    """Only some items of a part's field, where the format has a place for the others."""
    return carried_items(f"pratique:part:{field}", items)


def restored(value: Carrier) -> Carrier:
    """The value with the fields its properties carry. Of lists, what is carried follows what is there, or is the whole list."""
    prefix = _PREFIXES[type(value)]
    if not any(one.name.startswith(prefix) for one in value.properties):
        return value
    known = _fields("part" if isinstance(value, Part) else "document")
    found: dict[str, Any] = {}
    kept: list[Property] = []
    for one in value.properties:
        name = one.name.removeprefix(prefix) if one.name.startswith(prefix) else ""
        many, decode = known.get(name, _UNKNOWN)
        item: Any = decode(one.value)
        if item is None or (not many and name in found):
            kept.append(one)
        elif many:
            found.setdefault(name, []).append(item)
        else:
            found[name] = item
    return replace(value, properties=tuple(kept), **{key: _joined(value, key, said) for key, said in found.items()})


def carried_fields(properties: Iterable[Property], kind: type[Part] | type[Document] = Part) -> frozenset[str]:
    """The fields of a part or a document that properties carry, before they are restored."""
    prefix = _PREFIXES[kind]
    return frozenset(one.name.removeprefix(prefix) for one in properties if one.name.startswith(prefix))


def _joined(value: Part | Document, name: str, said: Any) -> Any:
    if not isinstance(said, list):
        return said
    rows = (*(() if name in _WHOLE else getattr(value, name)), *said)
    return tuple(sorted(rows, key=lambda one: _ORDER[one.basis])) if isinstance(value, Part) and name == "licences" else rows


def _encode(value: Any) -> str:
    if not is_dataclass(value):
        return msgspec.json.encode(value).decode()
    # What has no default cannot be read without it.
    plain = {
        one.name: said
        for one in fields(value)
        if (said := getattr(value, one.name)) or (one.default is MISSING and one.default_factory is MISSING)
    }
    try:
        return msgspec.json.encode(plain, order="deterministic").decode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(msgspec.to_builtins(plain), sort_keys=True, separators=(",", ":"))


@cache
def _fields(what: str) -> dict[str, tuple[bool, Callable[[str], Any]]]:
    """name → whether it is a list, and how one item is read."""
    kind: Any = Part if what == "part" else Document
    hints = get_type_hints(kind)
    found: dict[str, tuple[bool, Callable[[str], Any]]] = {}
    for name in [one.name for one in fields(kind) if one.name not in _NEVER]:
        hint = hints[name]
        arguments = get_args(hint)
        many = getattr(hint, "__origin__", None) is tuple
        inner = arguments[0] if many else next((one for one in arguments if one is not type(None)), hint)
        found[name] = (many, _text if inner is str else _decoder(inner))
    return found


def _nothing(_: str) -> None:
    return None


_UNKNOWN: tuple[bool, Callable[[str], Any]] = (False, _nothing)


def _text(value: str) -> str:
    return value


def _decoder(kind: Any) -> Callable[[str], Any]:
    decoder: Any = None

    def decode(text: str) -> Any:
        nonlocal decoder
        if decoder is None:
            decoder = msgspec.json.Decoder(kind)
        try:
            return decoder.decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            return None

    return decode
