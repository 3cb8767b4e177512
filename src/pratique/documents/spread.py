"""How much a value says, each place counted, against how much of it stands there for itself. Pure.

Formats say by reference what others say in place: a small document in which thousands of things refer to one large one would
become a large one ("billion laughs"). What is put in place counts against a bound: ten times what was said, or 16 MiB more.
"""

from collections.abc import Iterable
from typing import Any

from pratique.errors import LimitExceeded

TIMES = 10
ALLOWED_CHARS = 16 << 20
"""What any document may grow by, however small it is: texts of licences that hundreds of components have."""
_NAME_CHARS = 128
"""What names something is spelt wherever it is referred to: as many characters of a repeated text count as said there."""
_FIELDS = ("supplier", "manufacturer", "originators", "authors", "properties", "references", "attributions", "extra")


class Scale:
    """Weighs values of JSON and dataclasses, in characters. `said`: what was weighed, each list, mapping and text once."""

    def __init__(self) -> None:
        self.said = 0
        self._known: dict[int, int] = {}  # of the lists and mappings weighed, which must outlive this, by their identity
        self._texts: set[int] = set()

    def weigh(self, value: Any) -> int:
        """What it takes to write the value out, with all that it holds."""
        if isinstance(value, str):
            return self._text(value)
        fields = getattr(type(value), "__dataclass_fields__", None)
        if fields is None and not isinstance(value, dict | list | tuple):
            self.said += 4
            return 4
        if not value:
            self.said += 2
            return 2
        if (known := self._known.get(id(value))) is not None:
            return known
        inner: Iterable[Any]
        if isinstance(value, dict):
            own, inner = sum(map(len, value)) + 6 * len(value), value.values()
        elif fields is not None:
            inner = [one for name in fields if (one := getattr(value, name)) or one == 0]
            own = 6 * len(inner)
        else:
            own, inner = 3 * len(value), value
        self.said += own
        for one in inner:
            own += self._text(one) if type(one) is str else self.weigh(one)
        self._known[id(value)] = own
        return own

    def _text(self, text: str) -> int:
        length = len(text)
        if length > _NAME_CHARS and id(text) in self._texts:
            self.said += _NAME_CHARS
        else:
            self.said += length
            if length > _NAME_CHARS:
                self._texts.add(id(text))
        return length


class Allowance:
    """How much may be put in place of references in a document that says so many characters."""

    def __init__(self, said: int) -> None:
        self.said = said
        self.left = (TIMES - 1) * said + ALLOWED_CHARS

    def take(self, chars: int) -> None:
        """Put so much in place. Raises LimitExceeded."""
        self.left -= chars
        if self.left < 0:
            raise LimitExceeded(
                f"grows to more than {TIMES} times its {max(1, self.said // 1024)} KiB with what it refers to put in each place",
                hint="one large thing is referred to too often: split the document, or leave that thing out",
            )


def check_spread(value: Any) -> None:
    """Raises LimitExceeded for a value to write out of which too much stands in more than one place."""
    scale = Scale()
    written = scale.weigh(value)
    Allowance(scale.said).take(written - scale.said)


def check_spread_of_parts(parts: Iterable[Any]) -> None:
    """The same of what parts may refer to and writers make anew of it: who made them, properties, whatever else is said."""
    scale = Scale()
    written = 0
    for part in parts:
        for name in _FIELDS:
            if one := getattr(part, name):
                written += scale.weigh(one)
        written += 400  # of its own
        scale.said += 400
    Allowance(scale.said).take(written - scale.said)
