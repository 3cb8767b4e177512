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
    try:
        text = str(error) if isinstance(error, PratiqueError) else f"{type(error).__name__}: {error}"
    except Exception:  # one that cannot even be written out
        text = type(error).__name__
    return clean(text, 300) or type(error).__name__


class Mishaps:
    """Used by the event loop's thread only. `note` never raises."""

    def __init__(self, tell: Tell, clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._told: dict[tuple[str, str], float] = {}
        self._last = 0.0
        self._untold = 0

    def note(self, doing: str, error: BaseException, concerned: Iterable[tuple[RunningContainer, Tally]]) -> None:
        """What was being done, what went wrong, and whose report is to say so: reports first, whoever can be told now or not."""
        reason, now, rows = f"{doing}: {reason_of(error)}", self._now(), list(concerned)
        for _, tally in rows:
            tally.gap(now, now, reason)
        concerns: list[RunningContainer | None] = [workload for workload, _ in rows]
        for workload in concerns or [None]:
            try:
                self._once(workload, reason, now)
            except Exception:  # the last border: the loop must go on, and who can be told next is told how many were not
                self._untold += 1

    def _now(self) -> float:
        """Unix seconds; as they were last read where the clock fails."""
        try:
            self._last = self._clock()
        except Exception:
            return self._last
        return self._last

    def _once(self, workload: RunningContainer | None, reason: str, now: float) -> None:
        key = (workload.id if workload is not None else "", reason)
        if now - self._told.get(key, -TELL_AGAIN_S) < TELL_AGAIN_S:
            return
        if len(self._told) >= MAX_KNOWN:
            self._told.clear()
        self._tell(workload, f"{reason} (after {self._untold} errors that could not be told)" if self._untold else reason)
        self._untold = 0
        self._told[key] = now
