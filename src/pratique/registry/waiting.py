"""Who is told that a place has not answered yet. Nobody, until a door says so; light, so that every door can."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SAID_AFTER_S = 2.0

_listeners: list[Callable[[str], None]] = []


def tell_of_waiting(say: Callable[[str], None]) -> None:
    """Have `say` told, once a wait, that something is waited for longer than SAID_AFTER_S. It is called in another thread."""
    _listeners[:] = [say]


@contextmanager
def waiting_for(what: str, *, after_s: float | None = None) -> Iterator[None]:
    """What takes longer than `after_s` (by default SAID_AFTER_S) in here is said to be waited for."""
    if not _listeners:
        yield
        return
    say = _listeners[0]
    timer = threading.Timer(SAID_AFTER_S if after_s is None else after_s, lambda: say(f"waiting for {what}"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
