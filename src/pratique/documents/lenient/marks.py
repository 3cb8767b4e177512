"""What all formats share of putting errors right: changes that are noted with their place. Pure but for the documents given."""

from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from pratique.documents.shape import Problem, escape_pointer
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

EPOCH = "1970-01-01T00:00:00Z"
_TIME = lazy(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Marks:
    """What was changed."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, pointer: str, reason: str) -> None:
        """One more change."""
        self.problems.append(Problem(pointer, reason))

    def put(self, value: MutableMapping[str, Any], name: str, new: Any, pointer: str) -> None:
        """Put what stands in the place of a wrong or absent member, and say so; nothing where it stands already."""
        if name in value and value[name] == new and type(value[name]) is type(new):
            return
        was = "is wrong" if name in value else "is absent"
        was = f"is {clean(value[name], 60)!r}" if isinstance(value.get(name), str) else was
        value[name] = new
        shown = f"{clean(new, 80)!r} stands there" if isinstance(new, str) else "put right"
        self.note(f"{pointer}/{escape_pointer(name)}", f"{was}: {shown}")

    def move(self, value: MutableMapping[str, Any], name: str, to: str, pointer: str) -> None:
        """Call a member by its right name."""
        value[to] = value.pop(name)
        self.note(f"{pointer}/{escape_pointer(name)}", f"is called {to}")


def without_nulls(value: Any, depth: int = 0) -> Any:
    """The same without members that are null, by which some tools say that they know nothing; changed in place."""
    if isinstance(value, dict):
        for name in [name for name, one in value.items() if one is None]:
            del value[name]
        for one in value.values():
            without_nulls(one, depth + 1)
    elif isinstance(value, list):
        value[:] = [one for one in value if one is not None]
        for one in value:
            without_nulls(one, depth + 1)
    return value


def time_of(text: Any) -> str:
    """RFC 3339 in UTC of whole seconds for what begins like ISO 8601, "" for what is no time."""
    if not isinstance(text, str):
        return ""
    if _TIME.fullmatch(text):
        return text
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC").replace("z", "Z").replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return ""
