"""`pratique verify SOURCE`: everything that is said about an artifact, piece by piece, in whatever form it was said."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.advice import advice_without_evidence
from pratique.app.gather import Content, Gathered, Question, ask_nobody, gather, gather_all
from pratique.app.home import find_home
from pratique.app.repair import repair_evidence
from pratique.app.verification import Answer, answers_of, state_of
from pratique.cli.commands import Command
from pratique.cli.options import all_platforms_option, evidence_option, platform_option, source_argument
from pratique.cli.output import TALK, format_option, iso_time, print_fact, print_json, print_note, print_title, print_verdict
from pratique.cli.targets import parse_annotations
from pratique.cli.trust_anchors import anchor_options, chosen_anchors
from pratique.errors import InputError
from pratique.model import Cause, State
from pratique.model.predicates import IMAGE_SIGNATURE, SHORT_NAMES
from pratique.model.signer import CertifiedSigner, KeySigner, OpenPgpSigner, Signer, WorkloadSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.policy import Piece

EXIT_CODES = {State.VERIFIED: 0, State.VIOLATED: 1, State.UNCHECKED: 3}


@click.command(cls=Command)
@source_argument
@anchor_options
@evidence_option
@click.option("--bundle", "bundles", type=click.Path(), multiple=True, help="A file with evidence, besides what is found.")
@click.option(
    "--require",
    multiple=True,
    metavar="TYPE",
    help="What must be there: signature, sbom, file-manifest, provenance, spdxjson, vuln …, or a URI; repeatable.",
)
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
    options name, else whom the trust that this machine follows names. What must be there is what --require names; without it the
    signature, and under a trust also SBOM, file manifest and provenance of whatever has files. What whoever is believed says of
    these must hold in any case; what is not there is named in a line. Of a multi-platform index one image is verified, which is
    said: what is said about the index counts for it as well. Exit code 0 only if all of it is there and holds; 1 if it is missing
    or broken; 3 if it could not be asked for. What else is attached is shown, and decides nothing.
    """
    if all_platforms and (platform is not None or repair):
        raise InputError(f"--all-platforms and {'--repair' if platform is None else '--platform'} contradict each other")
    wanted = tuple(map(predicate_type, require))
    return report(
        source,
        chosen_anchors(find_home(), **beliefs),
        # notation signs artifacts, and states nothing else about them.
        wanted or ((IMAGE_SIGNATURE,) if beliefs["notation_config"] else ()),
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
    """Verify and print; gives the exit code. `wanted`: predicate types that must be there; empty for what `answers_of` then
    demands. `content`: None to read what can be read as an image. `about`: answers that come before the artifact's
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
        if gathered.facts.gathering.state is State.UNCHECKED and not gathered.facts.pieces and not all_platforms:
            raise Unavailable(gathered.facts.gathering_detail or f"the evidence at {gathered.place} could not be read")
    judged = [
        (
            gathered,
            [*about, *answers_of(gathered, wanted, by_trust=trust_anchors.trust is not None)],
        )
        for gathered in every
    ]
    state = state_of(answer for _, answers in judged for answer in answers)
    if format_ == "json":
        parts = [
            _json(gathered, answers, advice_without_evidence(home, gathered.facts, gathered.place))
            for gathered, answers in judged
        ]
        whole = {"digest": every[0].index or every[0].facts.subject, "platforms": parts} if all_platforms else parts[0]
        print_json({**whole, "result": state.value, "restored": restored})
    else:
        for gathered, answers in judged:
            _print(gathered, answers, restored, advice_without_evidence(home, gathered.facts, gathered.place))
    return EXIT_CODES[state]


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
    for answer in answers:
        if answer.decides:
            print_verdict(answer.cause, answer.what, answer.detail)
        else:
            reason = "" if answer.cause is Cause.NONE else f"{answer.cause.value}: "
            print_note(answer.what, f"{reason}{answer.detail}")
    if advice:
        print_fact("what to do", advice)


def _json(gathered: Gathered, answers: "Sequence[Answer]", advice: str) -> dict[str, Any]:
    return {
        "digest": gathered.facts.subject,
        "index": gathered.index,
        "platform": gathered.platform or None,
        "place": gathered.place,
        "name": gathered.facts.subject_name,
        "result": state_of(answers).value,
        "answers": [answer_json(answer) for answer in answers],
        "advice": advice or None,
    }


def predicate_type(text: str) -> str:
    """A short name or a URI."""
    if text in SHORT_NAMES:
        return SHORT_NAMES[text]
    if ":" in text:
        return text
    raise InputError(
        f"not a kind of statement: {text[:80]!r}", hint=f"one of {', '.join(sorted(SHORT_NAMES))}, or a predicate type's URI"
    )


def answer_json(answer: Answer) -> dict[str, Any]:
    """One answer for programs."""
    out: dict[str, Any] = {
        "what": answer.what,
        "cause": answer.cause.value,
        "state": answer.cause.state.value,
        "decides": answer.decides,
        "detail": answer.detail,
    }
    return {**(piece_json(answer.piece) if answer.piece is not None else {}), **out}


def piece_json(piece: "Piece") -> dict[str, Any]:
    """One piece of evidence for programs: key IDs are whole."""
    out: dict[str, Any] = {
        "form": piece.form,
        "predicate_type": piece.predicate_type,
        "bundle": piece.bundle,
        "about": piece.about,
        "cause": piece.cause.value,
        "detail": piece.detail,
    }
    if piece.signed is not None:
        out |= {
            "authority": piece.authority,
            **_signer_json(piece.signed.signer),
            "times": [{"at": iso_time(time.at), "source": time.source, "operator": time.operator} for time in piece.signed.times],
            "logs": [{"log": item.log, "operator": item.operator, "index": item.index} for item in piece.signed.places],
            "unproven": [*piece.signed.unproven, *piece.unproven],
        }
    return out


def _signer_json(signer: Signer) -> dict[str, str]:
    """Who signed, with whatever identifies a key or certificate written out."""
    match signer:
        case KeySigner():
            return {"signer": f"key {signer.keyid}", "keyid": signer.keyid}
        case OpenPgpSigner():
            return {"signer": str(signer), "fingerprint": signer.fingerprint}
        case CertifiedSigner():
            return {"signer": str(signer), "thumbprint": signer.thumbprint}
        case WorkloadSigner():
            return {"signer": str(signer), "identity": signer.subject, "issuer": signer.issuer}
