"""Any text in the order of its UTF-8 bytes (vers specification, scheme `lexicographic`). Pure. No normalisation."""

from typing import Any

from pratique.errors import Malformed


def lexicographic_key(version: str) -> tuple[Any, ...]:
    """Raises Malformed for an empty text, or one that is no Unicode text."""
    try:
        found = version.encode()
    except UnicodeEncodeError:
        raise Malformed("a version with half a surrogate pair") from None
    if not found:
        raise Malformed("an empty version")
    return (found,)
