"""Errors that nobody foresaw, caught where they would otherwise end the agent and set every container free.

Each is told as an event and stands as a gap in the report of the containers that it concerns: what happened meanwhile is not
known.
"""

from collections.abc import Callable, Iterable

from pratique.errors import PratiqueError
from pratique.lexicon.text import clean
from pratique.runtime.report import Tally
from pratique.runtime.workloads import RunningContainer

TELL_AGAIN_S = 10.0  # an error that comes at every turn of the loop is told this often
MAX_KNOWN = 1_000

Tell = Callable[[RunningContainer | None, str], None]


def reason_of(error: BaseException) -> str:
    """One line: an error of ours as it reads, any other with its kind."""
    text = str(error) if isinstance(error, PratiqueError) else f"{type(error).__name__}: {error}"
    return clean(text, 300) or type(error).__name__


class Mishaps:
    """Used by the event loop's thread only. `note` never raises."""

    def __init__(self, tell: Tell, clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._told: dict[tuple[str, str], float] = {}

    def note(self, doing: str, error: BaseException, concerned: Iterable[tuple[RunningContainer, Tally]]) -> None:
        """What was being done, what went wrong, and whose report is to say so."""
        try:
            reason, now = f"{doing}: {reason_of(error)}", self._clock()
            rows = list(concerned)
            for workload, tally in rows:
                tally.gap(now, now, reason)
                self._once(workload, reason, now)
            if not rows:
                self._once(None, reason, now)
        except Exception:  # noqa: S110 - the last border: whoever is to be told cannot be reached, and the loop must go on
            pass

    def _once(self, workload: RunningContainer | None, reason: str, now: float) -> None:
        key = (workload.id if workload is not None else "", reason)
        if now - self._told.get(key, -TELL_AGAIN_S) < TELL_AGAIN_S:
            return
        if len(self._told) >= MAX_KNOWN:
            self._told.clear()
        self._told[key] = now
        self._tell(workload, reason)
