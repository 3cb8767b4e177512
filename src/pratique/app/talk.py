"""How a use case talks to whoever asked: a word beside the result, and how far it is. By default it says nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

Steps = tuple[Callable[[str], None], Callable[[int, int], None]]
"""A step begins; bytes done of all."""


def _no_progress() -> AbstractContextManager[Steps]:
    return nullcontext((lambda _step: None, lambda _done, _all: None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`say`: one line for people. `progress`: a display that lives as long as its context."""

    say: Callable[[str], None] = lambda _line: None
    progress: Callable[[], AbstractContextManager[Steps]] = _no_progress


SILENT = Talk()
