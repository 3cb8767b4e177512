"""The runtime report: what was seen of one workload in one window of time, and where the agent was blind. Pure.

A component that is not in `components` was "not observed in this window"; it does not follow that it is not used.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pratique.model import Digest, escape_path
from pratique.runtime.allowlist import Judgement, Seen
from pratique.runtime.process import Process

MECHANISMS = ("permission-events", "scan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which something could have run unseen, or a place that is not watched. Unix seconds."""

    since: float
    until: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationSeen:
    """One refused or reported file. `path` is escaped for documents. `count`: how often in this window. `first_at` (Unix s),
    `process` and `parent` (their comm) tell of the first time.
    """

    first_at: float
    process: str
    parent: str
    path: str
    sha256: str
    verdict: str
    component: str | None
    action: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeReport:
    """Everything the predicate needs. Times are Unix seconds; `manifest_root` is None where no manifest was verified.

    `image`: digest of the image manifest, None where the engine knows none. `previous`: digest of this workload's report before.
    """

    node: str
    boot_id: str
    engine: str
    workload_id: str
    workload_name: str
    image: Digest | None
    image_id: str
    nonce: str
    mode: str
    started_at: float
    ended_at: float
    mechanism: tuple[str, ...]
    sealed: bool
    remembered: bool
    manifest_root: str | None
    unverified: str
    gaps: tuple[Gap, ...]
    gaps_dropped: int
    not_watched: tuple[str, ...]
    overflows: int
    outside: int
    counts: dict[str, int]
    refused: int
    violations: tuple[ViolationSeen, ...]
    violations_dropped: int
    components: tuple[str, ...]
    policy_digest: Digest | None
    sequence: int
    previous: Digest | None
    final: bool

    def to_predicate(self) -> dict[str, Any]:
        """The predicate of `https://pratique.dev/runtime-report/v1`: version 1, plain values fit for JSON, times in RFC 3339.

        `assurance` is `software`: nothing but the agent's own word vouches for the machine it ran on.
        """
        values = asdict(self)
        for name in ("started_at", "ended_at"):
            values[name] = instant(values[name])
        values["gaps"] = [{**gap, "since": instant(gap["since"]), "until": instant(gap["until"])} for gap in values["gaps"]]
        values["violations"] = [{**item, "first_at": instant(item["first_at"])} for item in values["violations"]]
        return {"version": 1, "assurance": "software", **values}


def instant(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one window; `take` hands them over and begins the next. Not thread-safe: only the event loop touches it."""

    started_at: float
    limit: int = 100
    counts: Counter[str] = field(default_factory=Counter)
    components: set[str] = field(default_factory=set)
    refused: int = 0
    overflows: int = 0
    outside: int = 0
    gaps: list[Gap] = field(default_factory=list)
    gaps_dropped: int = 0
    violations: dict[tuple[str, str, str, str], ViolationSeen] = field(default_factory=dict)
    violations_dropped: int = 0

    def add(
        self, judgement: Judgement, *, path: str, sha256: str, action: str, at: float, process: Process | None = None
    ) -> None:
        """Count one observation made at `at`; keep it by name if it violates, up to `limit` different ones."""
        self.counts[judgement.verdict.value] += 1
        self.refused += action == "refused"
        if judgement.component and judgement.verdict is Seen.MATCHED:
            self.components.add(judgement.component)
        if not judgement.verdict.violates:
            return
        key = (escape_path(path), sha256, judgement.verdict.value, action)
        known = self.violations.get(key)
        if known is not None:
            self.violations[key] = replace(known, count=known.count + 1)
        elif len(self.violations) < self.limit:
            self.violations[key] = ViolationSeen(
                first_at=at,
                process=process.name if process else "",
                parent=process.parent if process else "",
                path=key[0],
                sha256=sha256,
                verdict=judgement.verdict.value,
                component=judgement.component,
                action=action,
                count=1,
            )
        else:
            self.violations_dropped += 1

    def gap(self, since: float, until: float, reason: str) -> None:
        """Note a time of blindness."""
        if len(self.gaps) < self.limit:
            self.gaps.append(Gap(since=min(since, until), until=until, reason=reason))
        else:
            self.gaps_dropped += 1

    def take(self, now: float) -> dict[str, Any]:
        """The fields of `RuntimeReport` that are counted, for the window that ends now."""
        values: dict[str, Any] = {
            "started_at": self.started_at,
            "ended_at": now,
            "gaps": tuple(self.gaps),
            "gaps_dropped": self.gaps_dropped,
            "overflows": self.overflows,
            "outside": self.outside,
            "counts": {verdict.value: self.counts[verdict.value] for verdict in Seen},
            "refused": self.refused,
            "violations": tuple(self.violations.values()),
            "violations_dropped": self.violations_dropped,
            "components": tuple(sorted(self.components)),
        }
        fresh = Tally(started_at=now, limit=self.limit)
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))
        return values
