"""What `verify` answers: whether each kind that must be there is, and what else is there.

Each kind is asked as a policy asks (`policy.requirement`), so that `verify` and `gate` agree. What is attached besides decides
nothing.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.lexicon.text import how_many
from pratique.model import Cause, State
from pratique.model.predicates import (
    CYCLONEDX,
    FILE_MANIFEST,
    IMAGE_SIGNATURE,
    SBOM_TYPES,
    SHORT_NAMES,
    SLSA_PROVENANCE,
    SLSA_VSA,
    TITLES,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pratique.app.gather import Gathered
    from pratique.model import Digest
    from pratique.policy import Facts, Piece

SHIPPED = (IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE)
_EVER_DEMANDED = frozenset((*SHIPPED, *SBOM_TYPES))
_OURS = "Sigstore bundle"  # what we attach ourselves needs no word


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line. `what`: what was asked; `decides`: whether the verdict rests on it; `piece`: the evidence that it is about."""

    what: str
    cause: Cause
    detail: str
    decides: bool = True
    piece: "Piece | None" = None


def state_of(answers: "Iterable[Answer]") -> State:
    """The verdict over all: violated if anything that decides is, else unchecked if anything is; never verified by nothing."""
    states = {answer.cause.state for answer in answers if answer.decides}
    if State.VIOLATED in states:
        return State.VIOLATED
    return State.VERIFIED if states == {State.VERIFIED} else State.UNCHECKED


def answers_of(gathered: "Gathered", wanted: tuple[str, ...], *, by_trust: bool = False) -> list[Answer]:
    """The answers about an artifact. `wanted`: predicate types that must be there; empty for what is demanded where nobody said
    what: see `_demanded`; then what is announced as one of those kinds and cannot be had is no absence, and decides.
    `by_trust`: a trust says who is believed, and not keys or an identity alone.
    """
    facts = gathered.facts
    unsaid = not wanted
    wanted = wanted or _demanded(gathered, by_trust=by_trust)
    out: list[Answer] = []
    told: set[int] = set()
    decided: set[Digest] = set()
    for kind in dict.fromkeys(wanted):
        out += _required(kind, facts, wanted, told, decided)
    if unsaid and gathered.has_files:
        out += _not_demanded(wanted)
    out += [
        _noted(piece, decides=unsaid and piece.lost and piece.predicate_type in _EVER_DEMANDED)
        for piece in facts.pieces
        if id(piece) not in told
    ]
    out += [
        Answer(what="agreement", cause=item.cause, detail=item.detail, decides=item.predicate_type in wanted)
        for item in facts.agreements
    ]
    if facts.gathering is not Cause.NONE:
        out.append(Answer(what="evidence", cause=facts.gathering, detail=facts.gathering_detail, decides=False))
    out += [
        Answer(what="bytes", cause=item.cause, detail=item.detail, decides=item.bundle in decided)
        for item in facts.sboms or facts.manifests
    ]
    said = [answer.detail for answer in out if answer.decides]
    out += [
        Answer(what="store", cause=Cause.INVALID, detail=damage)
        for damage in gathered.damaged
        if not any(damage in text for text in said)
    ]
    if gathered.blobs and not gathered.damaged:
        out.append(Answer(what="store", cause=Cause.NONE, detail=f"{how_many(gathered.blobs, 'blob')}, each what its name says"))
    out = _once(out)
    if not gathered.read_bytes:
        why = f"not opened, {gathered.unread}" if gathered.unread else "layers not read"
        out.append(Answer(what="content", cause=Cause.NONE, detail=f"{why}: named by the verified digest"))
    return out


def _once(answers: list[Answer]) -> list[Answer]:
    """The same bundle, beside a file and in the catalog, is one; of two bundles of which the same is to be said, both stay."""
    unique = {
        (one.what, one.cause, one.detail, one.decides, one.piece.bundle if one.piece is not None else None): one
        for one in reversed(answers)
    }
    return list(reversed(unique.values()))


def _demanded(gathered: "Gathered", *, by_trust: bool) -> tuple[str, ...]:
    """The kinds that must be there where nobody said which (docs/decisions/0035): the signature always; under a trust, of what
    has files, all that `ship` makes; else what is there of that by whoever is believed, which then has to hold.
    """
    if by_trust and gathered.has_files:
        return SHIPPED
    there = {piece.predicate_type for piece in gathered.facts.pieces if piece.cause is Cause.NONE}
    return tuple(kind for kind in SHIPPED if kind == IMAGE_SIGNATURE or there & set(_kinds(kind)))


def _kinds(kind: str) -> tuple[str, ...]:
    return SBOM_TYPES if kind == CYCLONEDX else (kind,)


def _not_demanded(wanted: tuple[str, ...]) -> list[Answer]:
    """The line that says what of all that `ship` makes is not there, and how to demand it."""
    missing = [kind for kind in SHIPPED if kind not in wanted]
    if not missing:
        return []
    options = " ".join(f"--require {next(name for name, kind in SHORT_NAMES.items() if kind == one)}" for one in SHIPPED)
    what = ", ".join(f"no {TITLES[kind]}" for kind in missing)
    detail = f"{what} by whom you believe; where they must be there: {options}"
    return [Answer(what="not demanded", cause=Cause.ABSENT, detail=detail, decides=False)]


def _required(kind: str, facts: "Facts", wanted: tuple[str, ...], told: set[int], decided: "set[Digest]") -> list[Answer]:
    """The pieces that a kind's answer rests on, or why there are not enough; and those of the kind that count for nothing.

    Notes in `told` which pieces are spoken of, and in `decided` the bundles of those that the answer rests on.
    """
    from pratique.policy.requirement import Requirement, answer

    title = TITLES.get(kind, kind)
    kinds = _kinds(kind)
    # Where the file manifest is asked for, bytes are: then the SBOM is held to it.
    bound = kind in SBOM_TYPES and FILE_MANIFEST in wanted
    accepts = _passed if kind == SLSA_VSA else None
    found = answer(Requirement(rule=title, what=title, kinds=kinds, bound=bound, accepts=accepts), facts)
    pieces = sorted((piece for piece in facts.pieces if piece.predicate_type in kinds), key=lambda piece: piece.log_index or 0)
    told |= {id(piece) for piece in pieces}
    decided |= {piece.bundle for piece in found.counted or pieces}
    if found.verdict.cause is Cause.NONE:
        counted = {id(piece) for piece in found.counted}
        lines = [
            Answer(what=title, cause=Cause.NONE, detail=said(piece), piece=piece) for piece in pieces if id(piece) in counted
        ]
        return lines + [_noted(piece) for piece in pieces if id(piece) not in counted]
    cause, detail = found.verdict.cause, found.verdict.detail
    if cause is Cause.ABSENT and not pieces:
        return [Answer(what=title, cause=cause, detail="nobody says this about the artifact")]
    same = [piece for piece in pieces if piece.cause is cause]
    if same:
        lines = [Answer(what=title, cause=cause, detail=piece.detail, piece=piece) for piece in same]
        return lines + [_noted(piece) for piece in pieces if piece.cause is not cause]
    return [Answer(what=title, cause=cause, detail=detail), *(_noted(piece) for piece in pieces)]


def _passed(piece: "Piece") -> "tuple[Cause, str]":
    """What a decision came to, ours or another tool's: asked for is one that lets the artifact pass. Raises Malformed."""
    from pratique.attest.predicates.vsa import parse_vsa
    from pratique.model import Result

    summary = parse_vsa(piece.predicate)
    by = f"by {summary.verifier_id}, {_iso_time(summary.verified_at)}, policy {summary.policy_uri or 'without a name'}"
    match summary.result:
        case Result.ALLOWED:
            return Cause.NONE, f"allowed {by}"
        case Result.DENIED:
            return Cause.DENIED, f"denied {by}"
        case Result.UNDECIDED:
            return Cause.UNREADABLE, f"undecided {by}"


def _noted(piece: "Piece", *, decides: bool = False) -> Answer:
    title = TITLES.get(piece.predicate_type, piece.predicate_type or "evidence")
    return Answer(what=title, cause=piece.cause, detail=said(piece), decides=decides, piece=piece)


def said(piece: "Piece") -> str:
    """Who said it, in which form, by when, and where it is logged; or what is wrong with it."""
    if piece.cause is not Cause.NONE or piece.signed is None:
        return piece.detail
    places = [f"log entry {place.index}" for place in piece.signed.places]
    if not places:
        places = [f"not in a log we know ({piece.unproven[0]})" if piece.unproven else "not in a log we know"]
    times = [f"by {_iso_time(time.at)} says {time.operator}" for time in piece.signed.times[:1]]
    signer = str(piece.signed.signer)
    who = piece.authority if piece.authority in signer else f"{piece.authority} ({signer})"
    form = [] if piece.form == _OURS else [f"as {piece.form}"]
    unproven = [f"not proven {text}" for text in piece.signed.unproven]
    index = ["of the index"] if piece.about is not None else []
    return ", ".join([*index, f"by {who}", *form, *times, *places, *unproven])


def _iso_time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
