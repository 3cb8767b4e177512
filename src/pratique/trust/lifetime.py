"""When a signer counts: its window, its retirement, its compromise, and by when a signature is proven to have existed. Pure.

All times are Unix seconds, arguments, and never what a signature says of itself. A trusted time bounds a signature from above:
it existed by then. The verifier is itself a witness that it exists now, so `now` bounds it where nobody else does; that is why
a retired key's signature without any trusted time is refused, and one with a time before the retirement is not.

A signer does not vouch for its own time: what a notation signing authority writes into its signature is its own word, and whoever
has stolen its key writes what he likes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pratique.errors import Expired, Malformed, Revoked
from pratique.model.signer import TrustedTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` to `until`, both included; None is open. Raises Malformed when it ends before it begins."""

    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise Malformed("a window that ends before it begins")

    def check(self, at: int, who: str) -> None:
        """Return if `at` lies in the window. Raises Expired, naming `who`."""
        if self.since is not None and at < self.since:
            raise Expired(f"signed by {when(at)}, but {who} counts from {when(self.since)} on")
        if self.until is not None and at > self.until:
            raise Expired(f"not proven to have been signed by {when(self.until)}, when {who} ended")


ANY_TIME = Window()
_INDEPENDENT = frozenset({"timestamp authority", "log"})  # `TrustedTime.source` of those who are not the signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A window, and what happened since.

    `retired_at`: the last second in which it signed; what is proven to be that old stays good. `compromised_at`: from this
    second on somebody else may have signed; only what is proven to be older stays good.
    """

    window: Window = ANY_TIME
    retired_at: int | None = None
    compromised_at: int | None = None

    def check(self, at: int, who: str) -> None:
        """Return if a signature proven to have existed at `at` counts. Raises Revoked, Expired, naming `who`."""
        self.check_compromise(at, who)
        self.window.check(at, who)
        if self.retired_at is not None and at > self.retired_at:
            hint = "a trusted timestamp from before its retirement would prove it"
            raise Expired(f"not proven to have been signed by {when(self.retired_at)}, when {who} was retired", hint=hint)

    def check_compromise(self, at: int, who: str) -> None:
        """Raises Revoked unless `at` is before the compromise."""
        if self.compromised_at is not None and at >= self.compromised_at:
            raise Revoked(f"{who} was compromised at {when(self.compromised_at)}, and nothing proves that this is older")


ALWAYS = Lifetime()


def proven_at(times: Iterable[TrustedTime], *, now: int, operators: int = 1) -> int:
    """The earliest second by which at least `operators` different operators vouch that the signature existed, at most `now`.

    Two times of one operator are one voice. With fewer operators than asked, nobody vouches, and what is left is `now`. Times of
    any other source than a timestamp authority or a log are passed over.
    """
    earliest: dict[str, int] = {}
    for time in times:
        if time.source not in _INDEPENDENT:
            continue
        earliest[time.operator] = min(time.at, earliest.get(time.operator, time.at))
    ordered = sorted(earliest.values())
    return min(ordered[operators - 1], now) if len(ordered) >= operators else now


def when(seconds: int) -> str:
    """RFC 3339 in UTC, for people; a number that is no time of this calendar as it is."""
    if not 0 <= seconds < 253_402_300_800:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
