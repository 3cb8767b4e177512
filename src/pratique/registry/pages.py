"""Lists that come in pages (distribution-spec, Link header): a bounded number of them, of bytes, and of seconds."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pratique.errors import LimitExceeded, Malformed, Unavailable
from pratique.registry.challenge import next_link
from pratique.registry.transport import Transport
from pratique.registry.types import MAX_INDEX_BYTES

MAX_ITEMS = 100_000
_MAX_PAGES = 1024
_MAX_BYTES = 64 << 20
_MAX_TIME_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`content_type`: as stated. `data`: empty unless the status is 200."""

    status: int
    content_type: str
    data: bytes


def read_pages(
    transport: Transport,
    target: str,
    *,
    scope: str,
    what: str,
    where: str,
    headers: Mapping[str, str] | None = None,
    accept: tuple[int, ...] = (200,),
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Page]:
    """Each page; one of another status than 200 is the last. Raises Unavailable, Malformed, LimitExceeded."""
    seen: set[str] = set()
    size = 0
    began = clock()
    while len(seen) < _MAX_PAGES:
        seen.add(target)
        with transport.request("GET", target, scope=scope, headers=headers, accept=accept, what=what) as got:
            data = transport.read(got, MAX_INDEX_BYTES, what) if got.status_code == 200 else b""
            link = next_link(got.headers.get("Link", "")) if got.status_code == 200 else None
            following = transport.same_origin(link, got) if link else None
            page = Page(status=got.status_code, content_type=got.headers.get("Content-Type", ""), data=data)
        size += len(data)
        yield page
        if following is None:
            return
        if following in seen:
            raise Malformed(f"{what}: its pages go round in a circle", where=where)
        if size > _MAX_BYTES:
            raise LimitExceeded(f"{what}: more than {_MAX_BYTES >> 20} MiB in all", where=where)
        if clock() - began > _MAX_TIME_S:
            raise Unavailable(f"{what}: not all there after {_MAX_TIME_S:.0f} s", where=where)
        target = following
    raise LimitExceeded(f"{what}: more than {_MAX_PAGES} pages", where=where)


def check_count(count: int, *, where: str) -> None:
    """Raises LimitExceeded for a list that is too long."""
    if count > MAX_ITEMS:
        raise LimitExceeded(f"a list of more than {MAX_ITEMS}", where=where)
