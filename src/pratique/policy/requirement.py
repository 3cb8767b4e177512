"""One requirement, held against facts: met by enough good pieces, whatever else is there. Pure.

`verify` and every policy ask here, so that they agree. What a stranger attached, what is broken and what could not be had is
reported by whoever prints; it decides only where a requirement says so (`no_others`), or where it might be what is missing: then
the answer is that it could not be checked, and never that there is nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pratique.errors import InputError
from pratique.model import Cause, State, Verdict
from pratique.model.predicates import FILE_MANIFEST, SBOM_TYPES
from pratique.policy.facts import Facts, Piece

Objection = tuple[Cause, str]
"""Why a piece does not meet a requirement, and a line about it; cause NONE when it does."""

# When several things went wrong, the one a person should hear of first.
_GRAVEST = (Cause.MISMATCH, Cause.DENIED, Cause.INVALID, Cause.REVOKED, Cause.EXPIRED, Cause.UNTRUSTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """`threshold` authorities of `allowed` (None: of all who are believed) said one of `kinds`.

    `rule`: its name in the verdict; `what`: the same in words, as in "no SBOM". `logged`: only pieces that are proven to be in a
    log count. `bound`: an SBOM counts only when it names a file manifest that agrees, and so proves something about bytes.
    `no_others`: any other piece of these kinds is a refusal. `accepts`: a further look at a verified piece.
    """

    rule: str
    what: str
    kinds: tuple[str, ...]
    allowed: frozenset[str] | None = None
    threshold: int = 1
    logged: bool = False
    bound: bool = False
    no_others: bool = False
    accepts: Callable[[Piece], Objection] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The verdict, and the pieces that it rests on when it is yes."""

    verdict: Verdict
    counted: tuple[Piece, ...] = ()


def answer(requirement: Requirement, facts: Facts) -> Answer:
    """Whether the facts meet the requirement. Every question has exactly one verdict."""
    judged = [(piece, _objection(requirement, piece, facts)) for piece in facts.of_type(*requirement.kinds)]
    good = [(piece, detail) for piece, (cause, detail) in judged if cause is Cause.NONE]
    rest = [item for item in judged if item[1][0] is not Cause.NONE]
    # Authorities are counted, not signatures: two keys of one authority are one voice.
    names = sorted({piece.authority for piece, _ in good})
    if len(names) < requirement.threshold:
        cause, detail = _why(requirement, names, rest, facts)
        return Answer(verdict=Verdict(rule=requirement.rule, cause=cause, detail=detail))
    if requirement.no_others:
        other = _other(requirement, rest, facts)
        if other is not None:
            return Answer(verdict=other)
    detail = next((detail for _, detail in good if detail), f"signed by {', '.join(names)}")
    verdict = Verdict(rule=requirement.rule, cause=Cause.NONE, detail=detail)
    return Answer(verdict=verdict, counted=tuple(piece for piece, _ in good))


def said_of(piece: Piece, facts: Facts) -> Objection | None:
    """What comparing it with the other pieces and the bytes came to, for an SBOM or a file manifest; else None."""
    found = [(item.bundle, (item.cause, item.detail)) for item in facts.sboms]
    found += [(item.bundle, (item.cause, item.detail)) for item in facts.manifests]
    return next((objection for bundle, objection in found if bundle == piece.bundle), None)


def _objection(requirement: Requirement, piece: Piece, facts: Facts) -> Objection:
    if piece.cause is not Cause.NONE:
        return piece.cause, piece.detail
    if requirement.allowed is not None and piece.authority not in requirement.allowed:
        return Cause.UNTRUSTED, f"only from {piece.authority}"
    if requirement.logged and piece.log_index is None:
        reasons = "; ".join(piece.unproven) or "it has no entry of any log"
        return Cause.INVALID, f"not proven to be in the log: {reasons}"
    detail = ""
    if piece.predicate_type in SBOM_TYPES or piece.predicate_type == FILE_MANIFEST:
        compared = said_of(piece, facts)
        if compared is None:
            return Cause.UNREADABLE, "it was verified but could not be compared"
        if compared[0] is not Cause.NONE:
            return compared
        if requirement.bound and not any(item.bundle == piece.bundle and item.bound for item in facts.sboms):
            return Cause.UNREADABLE, compared[1]
        detail = compared[1]
    if requirement.accepts is not None:
        try:
            return requirement.accepts(piece)
        except InputError as error:
            return Cause.INVALID, str(error)
    return Cause.NONE, detail


def _why(requirement: Requirement, names: list[str], rest: list[tuple[Piece, Objection]], facts: Facts) -> Objection:
    """Why what is there is not enough; `absent` only when nothing is there and every place could be asked."""
    asked = f" from {', '.join(sorted(requirement.allowed))}" if requirement.allowed is not None else ""
    if requirement.threshold > 1 or requirement.rule == "signature":
        short = f"{len(names)} of {requirement.threshold} needed {requirement.what}s{asked}"
    else:
        short = f"no {requirement.what}{asked}"
    reasons = [objection for _, objection in rest]
    # Bytes that are not those of the SBOM are a violation whatever else may be somewhere.
    mismatch = next((detail for cause, detail in reasons if cause is Cause.MISMATCH), None)
    if mismatch is not None:
        return Cause.MISMATCH, f"{short}: {mismatch}"
    # What could not be had may be just what is missing. Nobody knows, and nobody may say that it is not there.
    for cause, detail in reasons:
        if cause is Cause.UNREACHABLE:
            return cause, f"{short}: {detail}"
    if facts.gathering is not Cause.NONE:
        return facts.gathering, f"{short}: {facts.gathering_detail}"
    for cause, detail in reasons:
        if cause is Cause.UNREADABLE:
            return cause, f"{short}: {detail}"
    for grave in _GRAVEST:
        details = list(dict.fromkeys(detail for cause, detail in reasons if cause is grave))
        if details:
            more = f" and {len(details) - 3} more" if len(details) > 3 else ""
            return grave, f"{short}: {'; '.join(details[:3])}{more}"
    if reasons:
        return reasons[0][0], f"{short}: {reasons[0][1]}"
    return Cause.ABSENT, short


def _other(requirement: Requirement, rest: list[tuple[Piece, Objection]], facts: Facts) -> Verdict | None:
    """What is there beside those who count, where nobody else may have signed."""
    if facts.gathering is not Cause.NONE:
        return Verdict(rule=requirement.rule, cause=facts.gathering, detail=f"others may have signed: {facts.gathering_detail}")

    def order(item: tuple[Piece, Objection]) -> tuple[bool, bool]:
        cause, _ = item[1]
        return cause.state is not State.VIOLATED, cause is not Cause.UNTRUSTED  # who else signed, before what is broken

    for piece, (cause, detail) in sorted(rest, key=order):
        what = f"there is another {requirement.what}, and policy says no others"
        return Verdict(rule=requirement.rule, cause=cause, detail=f"{what}: {detail or piece.bundle}")
    return None
