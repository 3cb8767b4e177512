"""Regular expressions that are compiled when they are first used: an artifact needs few of them, and compiling all of them takes
longer than reading a small image."""

import re
from collections.abc import Callable, Iterator
from typing import Any, AnyStr, Generic

_METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split")
_MEMBERS = (*_METHODS, "pattern", "flags", "groups", "groupindex")


class LazyRegex(Generic[AnyStr]):
    """Has the members of `re.Pattern` that are declared here; they are the compiled expression's own once one was asked for."""

    match: "Callable[..., re.Match[AnyStr] | None]"
    fullmatch: "Callable[..., re.Match[AnyStr] | None]"
    search: "Callable[..., re.Match[AnyStr] | None]"
    findall: Callable[..., list[Any]]
    finditer: "Callable[..., Iterator[re.Match[AnyStr]]]"
    sub: Callable[..., AnyStr]
    subn: Callable[..., tuple[AnyStr, int]]
    split: Callable[..., list[AnyStr]]
    pattern: AnyStr
    flags: int
    groups: int
    groupindex: dict[str, int]

    def __init__(self, text: AnyStr, flags: int = 0) -> None:
        self._source: tuple[AnyStr, int] = (text, flags)

    def __getattr__(self, name: str) -> Any:
        # Asked only for what the instance does not have yet: afterwards a use costs what it costs of the compiled expression.
        if name not in _MEMBERS:
            raise AttributeError(name)
        compiled = re.compile(*self._source)
        for member in _MEMBERS:
            setattr(self, member, getattr(compiled, member))
        return getattr(self, name)


def lazy(text: AnyStr, flags: int = 0) -> LazyRegex[AnyStr]:
    """As `re.compile`, for constants of a module: a broken expression is only noticed when it is used."""
    return LazyRegex(text, flags)
