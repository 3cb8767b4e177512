"""`https://pratique.dev/runtime-report/v1`: what ran in one workload during one window of time, and whether it was allowed. Pure.

Reports of a workload form a chain: each names its sequence number and the digest of the one before, so that a missing report
shows. `gaps` and `overflows` say when nobody was looking; a report never hides them. Assurance is "software": the node's kernel
and its root user are believed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pratique.attest.members import as_count, as_flag, as_instant, as_list, as_object, as_text, instant_text, refuse_unknown
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest

ASSURANCE = "software"
MAX_VIOLATIONS = 1_000
MAX_GAPS = 1_000
MAX_COMPONENTS = 100_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What ran. `image`: digest of the image manifest, None when it could not be found out, which is itself a violation."""

    engine: str
    container_id: str
    name: str
    image: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Decisions by verdict: the allow-list has the file; has the path with other content; has neither; file without a path."""

    matched: int = 0
    modified: int = 0
    unknown: int = 0
    anonymous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which nothing was watched (Unix seconds), and why."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeViolation:
    """One violation. `sha256`: 64 hex digits, "" when the content could not be read. `component`: purl, "" for none."""

    time: int
    process: str
    parent: str
    path: str
    sha256: str
    verdict: str
    action: str
    component: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeReport:
    """One report. Times are Unix seconds. `sealed`: whether what is watched could be altered without notice (False) or not.

    `violations`: the first ones; `violations_omitted` counts those beyond. `components`: purls seen running, sorted.
    `previous`: digest of the bundle before this one in the chain, None for the first. `policy`: digest of what decided.
    """

    node: str
    boot_id: str
    workload: Workload
    nonce: str
    window_start: int
    window_end: int
    mechanism: str
    sealed: bool
    counts: Counts
    policy: Digest
    sequence: int
    previous: Digest | None = None
    gaps: tuple[Gap, ...] = ()
    overflows: int = 0
    violations: tuple[RuntimeViolation, ...] = ()
    violations_omitted: int = 0
    components: tuple[str, ...] = ()


def runtime_report_predicate(report: RuntimeReport) -> dict[str, Any]:
    """The wire form. Raises Malformed, and LimitExceeded when a list is longer than `parse_runtime_report` takes."""
    _check_report(report)
    return {
        "version": 1,
        "assurance": ASSURANCE,
        "node": report.node,
        "bootId": report.boot_id,
        "workload": {
            "engine": report.workload.engine,
            "containerId": report.workload.container_id,
            "name": report.workload.name,
            "image": None if report.workload.image is None else str(report.workload.image),
        },
        "nonce": report.nonce,
        "window": {"start": instant_text(report.window_start), "end": instant_text(report.window_end)},
        "mechanism": report.mechanism,
        "sealed": report.sealed,
        "gaps": [{"start": instant_text(gap.start), "end": instant_text(gap.end), "reason": gap.reason} for gap in report.gaps],
        "overflows": report.overflows,
        "counts": {item.name: getattr(report.counts, item.name) for item in fields(Counts)},
        "violations": [_render_violation(item) for item in report.violations],
        "violationsOmitted": report.violations_omitted,
        "components": list(report.components),
        "policy": str(report.policy),
        "sequence": report.sequence,
        "previous": None if report.previous is None else str(report.previous),
    }


_MEMBERS = (
    *("version", "assurance", "node", "bootId", "workload", "nonce", "window", "mechanism", "sealed", "gaps", "overflows"),
    *("counts", "violations", "violationsOmitted", "components", "policy", "sequence", "previous"),
)


def parse_runtime_report(predicate: Mapping[str, Any]) -> RuntimeReport:
    """Read the wire form. Unknown members are refused. Raises Malformed, LimitExceeded."""
    if predicate.get("version") != 1 or predicate.get("assurance") != ASSURANCE:
        raise Malformed("runtime report of another version or assurance", hint="update pratique")
    refuse_unknown(predicate, _MEMBERS, "runtime report")
    workload = as_object(predicate.get("workload"), "workload")
    window = as_object(predicate.get("window"), "window")
    counts = as_object(predicate.get("counts"), "counts")
    refuse_unknown(counts, (item.name for item in fields(Counts)), "counts")
    report = RuntimeReport(
        node=as_text(predicate.get("node"), "node"),
        boot_id=as_text(predicate.get("bootId"), "bootId"),
        workload=Workload(
            engine=as_text(workload.get("engine"), "workload.engine"),
            container_id=as_text(workload.get("containerId"), "workload.containerId"),
            name=as_text(workload.get("name"), "workload.name"),
            image=_optional_digest(workload.get("image"), "workload.image"),
        ),
        nonce=as_text(predicate.get("nonce"), "nonce"),
        window_start=as_instant(window.get("start"), "window.start"),
        window_end=as_instant(window.get("end"), "window.end"),
        mechanism=as_text(predicate.get("mechanism"), "mechanism"),
        sealed=as_flag(predicate.get("sealed"), "sealed"),
        gaps=_rows(predicate, "gaps", MAX_GAPS, _parse_gap),
        overflows=as_count(predicate.get("overflows"), "overflows"),
        counts=Counts(**{item.name: as_count(counts.get(item.name), f"counts.{item.name}") for item in fields(Counts)}),
        violations=_rows(predicate, "violations", MAX_VIOLATIONS, _parse_violation),
        violations_omitted=as_count(predicate.get("violationsOmitted"), "violationsOmitted"),
        components=_rows(predicate, "components", MAX_COMPONENTS, as_text),
        policy=Digest.parse(as_text(predicate.get("policy"), "policy")),
        sequence=as_count(predicate.get("sequence"), "sequence"),
        previous=_optional_digest(predicate.get("previous"), "previous"),
    )
    _check_report(report)
    return report


def _check_report(report: RuntimeReport) -> None:
    if report.window_end < report.window_start:
        raise Malformed("runtime report whose window ends before it starts")
    if any(gap.end < gap.start for gap in report.gaps):
        raise Malformed("runtime report with a gap that ends before it starts")
    if (report.sequence == 0) != (report.previous is None):
        raise Malformed("the first runtime report, and only the first, has none before it")
    if report.violations_omitted and len(report.violations) == 0:
        raise Malformed("runtime report that omits all of its violations")
    for name, items, limit in (
        ("gaps", report.gaps, MAX_GAPS),
        ("violations", report.violations, MAX_VIOLATIONS),
        ("components", report.components, MAX_COMPONENTS),
    ):
        if len(items) > limit:
            raise LimitExceeded(f"runtime report with {len(items)} {name}, more than {limit}")


def _rows(predicate: Mapping[str, Any], name: str, limit: int, parse: Callable[[Any, str], _T]) -> tuple[_T, ...]:
    rows = as_list(predicate.get(name), name, limit=limit)
    return tuple(parse(row, f"{name}[{number}]") for number, row in enumerate(rows))


def _parse_gap(value: Any, where: str) -> Gap:
    row = as_object(value, where)
    return Gap(
        start=as_instant(row.get("start"), f"{where}.start"),
        end=as_instant(row.get("end"), f"{where}.end"),
        reason=as_text(row.get("reason"), f"{where}.reason"),
    )


_TEXTS = ("process", "parent", "path", "sha256", "verdict", "action", "component")


def _render_violation(item: RuntimeViolation) -> dict[str, Any]:
    return {"time": instant_text(item.time)} | {name: getattr(item, name) for name in _TEXTS}


def _parse_violation(value: Any, where: str) -> RuntimeViolation:
    row = as_object(value, where)
    refuse_unknown(row, ("time", *_TEXTS), where)
    texts = {name: as_text(row.get(name), f"{where}.{name}") for name in _TEXTS}
    return RuntimeViolation(time=as_instant(row.get("time"), f"{where}.time"), **texts)


def _optional_digest(value: Any, where: str) -> Digest | None:
    return None if value is None else Digest.parse(as_text(value, where))
