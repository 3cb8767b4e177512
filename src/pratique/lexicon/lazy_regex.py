"""Regular expressions that are compiled when they are first used: an artifact needs few of them, and compiling all of them takes
longer than reading a small image."""

import re
from typing import Any, AnyStr, cast

_METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split")
_MEMBERS = (*_METHODS, "pattern", "flags", "groups", "groupindex")


def lazy(text: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """As `re.compile`, for constants of a module: a broken expression is only noticed when it is used."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))


class _Lazy:
    def __init__(self, text: Any, flags: int) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        # Asked only for what the instance does not have yet: afterwards a use costs what it costs of the compiled expression.
        if name not in _MEMBERS:
            raise AttributeError(name)
        compiled = re.compile(*self._source)
        for member in _MEMBERS:
            setattr(self, member, getattr(compiled, member))
        return getattr(self, name)
