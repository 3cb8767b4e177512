"""How long a busy or slow place is waited for: a bounded number of tries, a bounded time, and answers that keep coming."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from pratique.errors import LimitExceeded, Unavailable
from pratique.registry.connections import MIN_BYTES_PER_S, PATIENCE_S

ATTEMPTS = 5
MAX_WAIT_S = 30.0
BUSY = frozenset((429, 502, 503, 504))
_MIN_WHOLE_BYTES_PER_S = 64 << 10  # of what is read into memory: nobody waits an hour for a list


@dataclass(slots=True)
class Tries:
    """Tries of one request. `waited`: seconds, in all."""

    made: int = 1
    waited: float = 0.0

    @property
    def usual_delay(self) -> float:
        """Seconds before the next try when the place does not name a time."""
        return float(0.5 * 2 ** (self.made - 1))

    def may_wait(self, delay: float) -> bool:
        """Whether one more try after `delay` seconds keeps within the bounds; then it counts as made."""
        if self.made >= ATTEMPTS or self.waited + delay > MAX_WAIT_S:
            return False
        self.made += 1
        self.waited += delay
        return True


def read_chunks(
    response: httpx.Response, *, what: str, where: str, clock: Callable[[], float] = time.monotonic, whole: bool = False
) -> Iterator[bytes]:
    """The body in pieces, as sent. `whole`: it is read into memory, so it must come faster.

    Raises Unavailable when it breaks, or trickles so that it might never end.
    """
    least = _MIN_WHOLE_BYTES_PER_S if whole else MIN_BYTES_PER_S
    waited = 0.0
    received = 0
    try:
        pieces = response.iter_raw()
        while True:
            began = clock()
            chunk = next(pieces, None)
            waited += clock() - began  # the time the registry took, not the reader of the pieces
            if chunk is None:
                return
            received += len(chunk)
            if waited > PATIENCE_S and received < waited * least:
                raise Unavailable(f"{what}: the answer trickles", where=where)
            yield chunk
    except httpx.HTTPError as error:
        raise Unavailable(f"the connection broke while reading {what}", where=where) from error


def read_whole(
    response: httpx.Response, limit: int, *, what: str, where: str, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """The whole body of at most `limit` bytes, as sent. Raises LimitExceeded, Unavailable."""
    out = bytearray()
    for chunk in read_chunks(response, what=what, where=where, clock=clock, whole=True):
        out += chunk
        if len(out) > limit:
            raise LimitExceeded(f"{what}: the answer has more than {limit} bytes", where=where)
    return bytes(out)
