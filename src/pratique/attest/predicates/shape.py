"""Forms of predicates: small checks that are put together, and say where a document is not of its form. Pure.

The rules are in-toto's (in-toto/attestation, spec/v1): members that are not known are passed over, one that is optional may be
null, which is absent; URIs have a scheme in lower case, times are RFC 3339 in UTC, a resource has at least one of `uri`,
`digest` and `content`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pratique.attest.members import as_bytes, as_instant, as_list, as_object, as_text
from pratique.errors import Malformed

Check = Callable[[Any, str], None]
"""Takes a value and its place in the document. Raises Malformed."""

MAX_ITEMS = 100_000

_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


def anything(_value: Any, _where: str) -> None:
    """Any JSON value."""


def text(value: Any, where: str) -> None:
    """A string."""
    as_text(value, where)


def name(value: Any, where: str) -> None:
    """A string that is not empty."""
    if not as_text(value, where):
        raise Malformed(f"{where} is empty")


def uri(value: Any, where: str) -> None:
    """A URI (field_types.md, ResourceURI and TypeURI)."""
    if not _URI.fullmatch(as_text(value, where)):
        raise Malformed(f"{where} is no URI: {value[:80]!r}")


def instant(value: Any, where: str) -> None:
    """A time in UTC (field_types.md, Timestamp)."""
    as_instant(value, where)
    if not value.endswith(("Z", "+00:00")):
        raise Malformed(f"{where} is not in UTC")


def number(value: Any, where: str) -> None:
    """A number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{where} is not a number")


def encoded(value: Any, where: str) -> None:
    """Bytes in base64."""
    as_bytes(value, where)


def mapping(value: Any, where: str) -> None:
    """An object with any members."""
    as_object(value, where)


def digests(value: Any, where: str) -> None:
    """A digest set (digest_set.md): at least one, in lower-case hex."""
    for algorithm, digits in as_object(value, where).items():
        if not algorithm or not isinstance(digits, str) or not _HEX.fullmatch(digits):
            raise Malformed(f"{where} has a digest that is not lower-case hex")
    if not value:
        raise Malformed(f"{where} has no digest")


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(value: Any, where: str) -> None:
        if value not in allowed:
            raise Malformed(f"{where} is {str(value)[:40]!r}, not one of {', '.join(allowed)}")

    return check


def listed(item: Check, *, least: int = 0) -> Check:
    """A list of at least so many."""

    def check(value: Any, where: str) -> None:
        items = as_list(value, where, limit=MAX_ITEMS)
        if len(items) < least:
            raise Malformed(f"{where} has {len(items)} items, not at least {least}")
        for index, entry in enumerate(items):
            item(entry, f"{where}[{index}]")

    return check


def members(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these members, and any others."""

    def check(value: Any, where: str) -> None:
        found = as_object(value, where)
        for key, inner in required.items():
            if key not in found:
                raise Malformed(f"{_path(where, key)} is missing")
            inner(found[key], _path(where, key))
        for key, inner in (optional or {}).items():
            if found.get(key) is not None:
                inner(found[key], _path(where, key))

    return check


def resource(*required: str) -> Check:
    """A ResourceDescriptor (resource_descriptor.md) in which these members are present as well."""
    known: dict[str, Check] = {
        "name": text,
        "uri": uri,
        "digest": digests,
        "content": encoded,
        "downloadLocation": uri,
        "mediaType": text,
        "annotations": mapping,
    }
    inner = members({key: known[key] for key in required}, known)

    def check(value: Any, where: str) -> None:
        inner(value, where)
        if all(value.get(key) is None for key in ("uri", "digest", "content")):
            raise Malformed(f"{where} has none of uri, digest and content")

    return check


def either(value: Mapping[str, Any], where: str, names: Collection[str]) -> None:
    """At least one of these members is there and not null."""
    if all(value.get(key) is None for key in names):
        raise Malformed(f"{where} has none of {', '.join(names)}")


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
