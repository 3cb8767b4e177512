"""Asking revocation servers, for verification that says what to ask: CRLs and OCSP over HTTP, within bounds.

It refuses: other schemes than HTTP, redirects, answers longer than their limit or slower than a deadline, and more questions than
a chain can need. What could not be had is kept as such and never as a clearance. Answers are signed, so plain HTTP, by which
nearly all of them are published, takes nothing away.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import httpx

from pratique.attest.notation.crl import MAX_CRL_SIZE
from pratique.errors import Unavailable
from pratique.registry.connections import Connections, tls_context

TIMEOUT_S = 5.0
DEADLINE_S = 20.0
MAX_QUESTIONS = 32
MAX_ROUNDS = 16
_CHUNK = 64 << 10


class _Outcome(Protocol):
    @property
    def wanted(self) -> tuple[str, ...]:
        """URLs to ask before the next call."""
        ...


Answers = dict[str, bytes | None]
T = TypeVar("T", bound=_Outcome)


def verify_asking(
    verify: Callable[[dict[str, bytes | None]], T], ask: Callable[[str], bytes]
) -> tuple[T, dict[str, bytes | None]]:
    """Call `verify` with the answers so far until it wants no more, asking `ask` for what it wants; its last outcome and all
    answers, which give the same outcome again without a network.

    `ask`: the answer of a URL, or raises Unavailable. Past MAX_QUESTIONS the rest counts as not to be had.
    """
    answers: Answers = {}
    for _ in range(MAX_ROUNDS):
        outcome = verify(answers)
        questions = [url for url in outcome.wanted if url not in answers]
        if not questions:
            return outcome, answers
        for url in questions:
            answers[url] = None
            if len(answers) <= MAX_QUESTIONS:
                try:
                    answers[url] = ask(url)
                except Unavailable:
                    continue
    return verify(answers), answers


def ask_http(
    url: str,
    *,
    limit: int = MAX_CRL_SIZE,
    clock: Callable[[], float] = time.monotonic,
    handler: httpx.BaseTransport | None = None,
) -> bytes:
    """GET a list or response of at most `limit` bytes. Raises Unavailable, for everything else as well.

    `clock`: monotonic seconds; `handler`: replaces sockets.
    """
    where, begin, data = url[:200], clock(), bytearray()
    transport = handler or Connections(tls=tls_context)
    try:
        place = httpx.URL(url)
        if place.scheme not in ("http", "https") or not place.host:
            raise Unavailable("not asked: it is no HTTP URL", where=where)
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, transport=transport, trust_env=False) as client,
            client.stream("GET", place, headers={"accept-encoding": "identity"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Unavailable(f"it answered {response.status_code}", where=where)
            for chunk in response.iter_raw():
                data += chunk
                if len(data) > limit or clock() - begin > DEADLINE_S:
                    raise Unavailable("its answer is too long or too slow", where=where)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"it could not be asked: {type(error).__name__}", where=where) from error
    return bytes(data)
