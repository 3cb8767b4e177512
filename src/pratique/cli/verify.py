"""`pratique verify SOURCE`: everything that is said about an artifact, piece by piece, in whatever form it was said."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.advice import advice_without_evidence
from pratique.app.gather import Content, Gathered, Question, ask_nobody, gather, gather_all
from pratique.app.home import find_home
from pratique.app.repair import repair_evidence
from pratique.cli.options import all_platforms_option, evidence_option, platform_option, source_argument
from pratique.cli.output import TALK, format_option, iso_time, print_fact, print_json, print_title, print_verdict
from pratique.cli.targets import parse_annotations
from pratique.cli.trust_anchors import anchor_options, chosen_anchors
from pratique.errors import InputError
from pratique.model import Cause, State
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.policy import Piece

REQUIRED = (IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE)
_NAMES = {title.replace(" ", "-").lower(): kind for kind, title in TITLES.items()}

_OURS = "Sigstore bundle"

Answer = tuple[str, Cause, str, "Piece | None"]


@click.command()
@source_argument
@anchor_options
@evidence_option
@click.option("--bundle", "bundles", type=click.Path(), multiple=True, help="A file with evidence, besides what is found.")
@click.option("--require", multiple=True, metavar="TYPE", help=f"What must be there: {', '.join(_NAMES)}, or a URI; repeatable.")
@click.option("--name", help="What the artifact is called where a trust speaks of it; default what SOURCE names.")
@click.option("--offline", is_flag=True, help="Ask no revocation server; what only they could tell is then unreachable.")
@click.option("--repair", is_flag=True, help="Attach evidence again that the catalog has, and that verifies, and the place lost.")
@click.option("--content/--no-content", default=None, help="Read every layer and blob; default what can be read as an image.")
@click.option("--annotation", "-a", "notes", multiple=True, metavar="KEY=VALUE", help="What signatures must say; repeatable.")
@platform_option
@all_platforms_option
@format_option
def command(
    source: str,
    evidence: str | None,
    bundles: tuple[str, ...],
    require: tuple[str, ...],
    name: str | None,
    offline: bool,
    repair: bool,
    content: bool | None,
    notes: tuple[str, ...],
    platform: str | None,
    all_platforms: bool,
    format_: str,
    **beliefs: Any,
) -> int:
    """Verify what is said about SOURCE: who said it, by when, in which log, and that it is about these bytes.

    Read are Sigstore bundles, cosign's tags, notation's signatures, and what stands beside a file or in it. Believed is whom the
    options name, else whom the trust that this machine follows names. Unless --require says otherwise, signature, SBOM, file
    manifest and provenance must be there; of a single file, and of what is no container image, its signature. Of a multi-platform
    index one image is verified, which is said: what is said about the index counts for it as well. Exit code 0 only if all of it
    is there and holds; 1 if something is missing or broken; 3 if something could not be asked.
    """
    if all_platforms and (platform is not None or repair):
        raise InputError(f"--all-platforms and {'--repair' if platform is None else '--platform'} contradict each other")
    return report(
        source,
        chosen_anchors(find_home(), **beliefs),
        tuple(map(predicate_type, require)),
        evidence=evidence,
        name=name,
        platform=platform,
        all_platforms=all_platforms,
        content=content,
        annotations=parse_annotations(notes),
        format_=format_,
        repair=repair,
        bundles=tuple(map(Path, bundles)),
        ask=ask_nobody if offline else None,
    )


def report(
    source: str,
    trust_anchors: "TrustAnchors",
    wanted: tuple[str, ...],
    *,
    evidence: str | None,
    name: str | None,
    platform: str | None,
    content: bool | None,
    format_: str,
    all_platforms: bool = False,
    annotations: "Mapping[str, str] | None" = None,
    repair: bool = False,
    bundles: "Sequence[Path]" = (),
    about: "Sequence[Answer]" = (),
    ask: "Callable[[str], bytes] | None" = None,
) -> int:
    """Verify and print; gives the exit code. `wanted`: predicate types that must be there; empty for those that `ship` makes, and
    for a file's signature. `content`: None to read what can be read as an image. `about`: answers that come before the artifact's
    own. `ask`: as in `appraise_asking`.
    """
    from pratique.errors import Unavailable

    home = find_home()
    restored = (
        repair_evidence(home, source, trust_anchors, evidence=evidence, name=name, platform=platform, talk=TALK) if repair else []
    )
    question = Question(
        evidence=evidence,
        content={None: Content.READABLE, True: Content.ALWAYS, False: Content.NEVER}[content],
        name=name,
        whole_store=content is not False,
        annotations=annotations,
        ask=ask,
        bundles=bundles,
    )
    if all_platforms:
        every = list(gather_all(home, source, trust_anchors, question, talk=TALK))
    else:
        every = [gather(home, source, trust_anchors, question, platform=platform, talk=TALK)]
    for gathered in every:
        if gathered.facts.gathering.state is State.UNCHECKED and not all_platforms:
            raise Unavailable(gathered.facts.gathering_detail or f"the evidence at {gathered.place} could not be read")
    judged = [
        (
            gathered,
            [
                *about,
                *_answers(gathered, wanted or (REQUIRED if gathered.has_files else (IMAGE_SIGNATURE,))),
                *_quorums(gathered, trust_anchors),
            ],
        )
        for gathered in every
    ]
    if format_ == "json":
        parts = [
            _json(gathered, answers, advice_without_evidence(home, gathered.facts, gathered.place))
            for gathered, answers in judged
        ]
        whole = {"digest": every[0].index or every[0].facts.subject, "platforms": parts} if all_platforms else parts[0]
        print_json({**whole, "restored": restored})
    else:
        for gathered, answers in judged:
            _print(gathered, answers, restored, advice_without_evidence(home, gathered.facts, gathered.place))
    states = {cause.state for _, answers in judged for _, cause, _, _ in answers}
    return 1 if State.VIOLATED in states else 3 if State.UNCHECKED in states else 0


def _print(gathered: Gathered, answers: "Sequence[Answer]", restored: "Sequence[str]", advice: str) -> None:
    facts = gathered.facts
    print_title(facts.subject_name or facts.subject)
    print_fact("digest", facts.subject)
    if gathered.platform:
        print_fact("platform", gathered.platform)
    if gathered.index is not None:
        print_fact("of the index", gathered.index)
    print_fact("evidence", gathered.place)
    for title in restored:
        print_fact("restored", title)
    for label, cause, text, _ in answers:
        print_verdict(cause, label, text)
    if advice:
        print_fact("what to do", advice)


def _json(gathered: Gathered, answers: "Sequence[Answer]", advice: str) -> dict[str, Any]:
    return {
        "digest": gathered.facts.subject,
        "index": gathered.index,
        "platform": gathered.platform or None,
        "place": gathered.place,
        "answers": [_answer_json(answer) for answer in answers],
        "advice": advice or None,
    }


def predicate_type(text: str) -> str:
    """A short name or a URI."""
    if text in _NAMES:
        return _NAMES[text]
    if ":" in text:
        return text
    raise InputError(f"not a kind of statement: {text[:80]!r}", hint=f"one of {', '.join(_NAMES)}, or a predicate type's URI")


def _answers(gathered: Gathered, wanted: tuple[str, ...]) -> list[Answer]:
    """What was asked, the cause, the detail and the piece: one for each piece, and one for each kind that is missing."""
    facts = gathered.facts
    out: list[Answer] = []
    if facts.gathering is not Cause.NONE:
        out.append(("evidence", facts.gathering, facts.gathering_detail, None))
    for kind in wanted:
        pieces = [piece for piece in facts.pieces if piece.predicate_type == kind]
        pieces.sort(key=lambda piece: piece.log_index or 0)
        title = TITLES.get(kind, kind)
        out += [(title, piece.cause, _said(piece), piece) for piece in pieces]
        if not pieces and facts.gathering is Cause.NONE:  # else nobody knows whether it is there
            out.append((title, Cause.ABSENT, "nobody says this about the artifact", None))
    others = [piece for piece in facts.pieces if piece.predicate_type not in wanted]
    out += [(TITLES.get(piece.predicate_type, "evidence"), piece.cause, _said(piece), piece) for piece in others]
    out += [("bytes", sbom.cause, sbom.detail, None) for sbom in facts.sboms]
    told = [text for _, _, text, _ in out]
    out += [("store", Cause.INVALID, damage, None) for damage in gathered.damaged if not any(damage in text for text in told)]
    if gathered.blobs and not gathered.damaged:
        out.append(("store", Cause.NONE, f"{gathered.blobs:,} blobs, each what its name says", None))
    if not gathered.read_bytes:
        why = f"not opened, {gathered.unread}" if gathered.unread else "layers not read"
        out.append(("content", Cause.NONE, f"{why}: named by the verified digest", None))
    return out


def _quorums(gathered: Gathered, trust_anchors: "TrustAnchors") -> list[Answer]:
    """Where a trust wants several authorities to agree, whether they do."""
    from pratique.errors import Untrusted
    from pratique.trust import check_quorum

    trust, facts = trust_anchors.trust, gathered.facts
    if trust is None:
        return []
    by_name = {authority.name: authority for authority in trust.authorities.items}
    kinds = {kind for rule in trust.thresholds for kind in rule.predicates if rule.covers(kind, facts.subject_name)}
    out: list[Answer] = []
    for kind in sorted(kinds):
        voices = [by_name[piece.authority] for piece in facts.of_type(kind) if piece.cause is Cause.NONE]
        try:
            names = check_quorum(trust, voices, predicate_type=kind, artifact_name=facts.subject_name)
        except Untrusted as error:
            out.append(("agreement", Cause.UNTRUSTED, error.message, None))
        else:
            out.append(("agreement", Cause.NONE, f"{TITLES.get(kind, kind)}: {', '.join(sorted(names))}", None))
    return out


def _said(piece: "Piece") -> str:
    if piece.cause is not Cause.NONE or piece.signed is None:
        return piece.detail
    places = [f"log entry {place.index}" for place in piece.signed.places] or ["not in a log we know"]
    times = [f"by {iso_time(time.at)} says {time.operator}" for time in piece.signed.times[:1]]
    signer = str(piece.signed.signer)
    who = piece.authority if piece.authority in signer else f"{piece.authority} ({signer})"
    form = [] if piece.form == _OURS else [f"as {piece.form}"]  # what we attach ourselves needs no word
    unproven = [f"not proven {text}" for text in piece.signed.unproven]
    index = ["of the index"] if piece.about is not None else []
    return ", ".join([*index, f"by {who}", *form, *times, *places, *unproven])


def _answer_json(answer: Answer) -> dict[str, Any]:
    label, cause, text, piece = answer
    out: dict[str, Any] = {"what": label, "cause": cause.value, "detail": text}
    if piece is not None:
        out |= {"form": piece.form, "predicate_type": piece.predicate_type, "bundle": piece.bundle, "about": piece.about}
    if piece is not None and piece.signed is not None:
        out |= {
            "authority": piece.authority,
            "signer": str(piece.signed.signer),
            "times": [{"at": iso_time(time.at), "source": time.source, "operator": time.operator} for time in piece.signed.times],
            "unproven": list(piece.signed.unproven),
            "logs": [{"log": item.log, "operator": item.operator, "index": item.index} for item in piece.signed.places],
        }
    return out
