"""When an artifact was watched running: the windows of its runtime reports, those that follow each other joined."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pratique.errors import PratiqueError
from pratique.runtime.allowlist import Seen

if TYPE_CHECKING:
    from pratique.catalog.ledger import Catalog
    from pratique.model import Digest

MAX_REPORTS = 10_000  # of an artifact, the newest: a month of one workload at the interval that is the default


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One workload, watched without a break. Unix seconds. `mode`: observe or enforce. `violations`, `refused`: of all windows.

    `judged`: its manifest was verified in every window. `gaps`: how often, in between, something could have run unseen.
    """

    workload: str
    node: str
    mode: str
    since: float
    until: float
    judged: bool
    violations: int
    refused: int
    gaps: int


def watched_spans(catalog: "Catalog", artifact: "Digest") -> list[Span]:
    """The spans of an artifact, the latest first, as the reports in the catalog say, which nobody verified. A report that cannot
    be read, or is of a form that is not known, says nothing.
    """
    predicates = []
    for row in catalog.documents_of(artifact, role="report")[:MAX_REPORTS]:
        try:
            predicates.append(_predicate(catalog.documents.get(row.digest)))
        except PratiqueError:
            continue
    return join_windows(predicates)


def join_windows(predicates: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Pure. One window begins where the one before ended, when they are of one agent and one container."""
    windows: dict[tuple[str, ...], list[Span]] = defaultdict(list)
    for predicate in predicates:
        try:
            key = tuple(str(predicate[name]) for name in ("engine", "workload_id", "node", "boot_id", "mode"))
            windows[key].append(_window(predicate))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # of another version than we know
    spans = []
    for found in windows.values():
        found.sort(key=lambda one: (one.since, one.until))
        joined = found[:1]
        for one in found[1:]:
            if one.since <= joined[-1].until:
                joined[-1] = _join(joined[-1], one)
            else:
                joined.append(one)
        spans += joined
    return sorted(spans, key=lambda span: (-span.until, span.workload, span.node))


def _predicate(bundle: bytes) -> Mapping[str, Any]:
    from pratique.attest.bundle import parse_bundle
    from pratique.attest.statement import parse_statement

    return parse_statement(parse_bundle(bundle).envelope.payload).predicate


def _window(predicate: Mapping[str, Any]) -> Span:
    counts = predicate["counts"]
    return Span(
        workload=f"{predicate['engine']}:{predicate['workload_name']}",
        node=str(predicate["node"]),
        mode=str(predicate["mode"]),
        since=datetime.fromisoformat(predicate["started_at"]).timestamp(),
        until=datetime.fromisoformat(predicate["ended_at"]).timestamp(),
        judged=predicate["manifest_root"] is not None,
        violations=sum(int(counts.get(verdict.value, 0)) for verdict in Seen if verdict.violates),
        refused=int(predicate["refused"]),
        gaps=len(predicate["gaps"]) + int(predicate["gaps_dropped"]),
    )


def _join(one: Span, other: Span) -> Span:
    return Span(
        workload=other.workload,
        node=one.node,
        mode=one.mode,
        since=one.since,
        until=max(one.until, other.until),
        judged=one.judged and other.judged,
        violations=one.violations + other.violations,
        refused=one.refused + other.refused,
        gaps=one.gaps + other.gaps,
    )
