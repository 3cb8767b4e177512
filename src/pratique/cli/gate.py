"""`pratique gate SOURCE --policy FILE`: may this be deployed?"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique import __version__
from pratique.app.advice import advice_without_evidence, advice_without_log
from pratique.app.gather import Content, Gathered, Question, gather, gather_all
from pratique.app.home import Home, find_home, open_home_catalog
from pratique.app.home_log import open_logged_signer
from pratique.cli.commands import Command
from pratique.cli.options import (
    all_platforms_option,
    evidence_option,
    passphrase_option,
    platform_option,
    source_argument,
)
from pratique.cli.output import TALK, format_option, iso_time, print_fact, print_json, print_note, print_title, print_verdict
from pratique.cli.signers import load_machine_signer
from pratique.cli.trust_anchors import known_logs, trust_in_force, trust_options
from pratique.cli.verify import piece_json
from pratique.errors import InputError
from pratique.model import Cause, Decision, Result
from pratique.model.predicates import TITLES

if TYPE_CHECKING:
    from pratique.keys.logged_signer import LoggedBundle

EXIT_CODES = {Result.ALLOWED: 0, Result.DENIED: 1, Result.UNDECIDED: 3}


@click.command(cls=Command)
@source_argument
@click.option("--policy", "policy_path", required=True, type=click.Path(), help="The YAML policy.")
@evidence_option
@click.option("--content/--no-content", default=None, help="Compare every file; by default only when SOURCE is on this machine.")
@trust_options
@click.option("--key", help="The private key to sign the decision with; default this machine's own.")
@passphrase_option
@platform_option
@all_platforms_option
@format_option
def command(
    source: str,
    policy_path: str,
    trust: str | None,
    log_keys: tuple[str, ...],
    evidence: str | None,
    content: bool | None,
    key: str | None,
    passphrase_file: str | None,
    platform: str | None,
    all_platforms: bool,
    format_: str,
) -> int:
    """Decide by policy whether SOURCE may be deployed. The decision is signed, logged and catalogued, whatever it is.

    The policy names authorities of the trust, or defines them by keys of its own; what the trust takes back or ends is out either
    way. What is attached beside enough good evidence decides nothing, unless the policy says so.

    Of a multi-platform index it is about the image for one platform, or with --all-platforms about each of them. Exit code 0:
    allowed; 1: denied; 3: could not be decided.

    A policy to begin with, beside the key that it names:

    \b
      version: 1
      name: first
      authorities: {release: {keys: [release.pub]}}
      require:
        signature: {from: [release]}
        sbom: {from: [release]}
        log: true
    """
    from pratique.gate.decide import decide, load_policy

    if all_platforms and platform is not None:
        raise InputError("--all-platforms and --platform contradict each other")

    home = find_home()
    loaded = load_policy(Path(policy_path), logs=known_logs(home, log_keys), base=trust_in_force(home, trust))
    content_read = {None: Content.LOCAL, True: Content.ALWAYS, False: Content.NEVER}[content]
    question = Question(evidence=evidence, content=content_read)
    if all_platforms:
        every = list(gather_all(home, source, loaded.trust_anchors, question, talk=TALK))
    else:
        every = [gather(home, source, loaded.trust_anchors, question, platform=platform, talk=TALK)]
    logged_signer = open_logged_signer(home, load_machine_signer(home, key, passphrase_file))
    with open_home_catalog(home) as catalog:
        decided = [
            (
                gathered,
                *decide(
                    loaded,
                    gathered.facts,
                    logged_signer=logged_signer,
                    catalog=catalog,
                    now=int(time.time()),
                    tool_version=__version__,
                ),
            )
            for gathered in every
        ]
    results = {decision.result for _, decision, _ in decided}
    worst = next(result for result in (Result.DENIED, Result.UNDECIDED, Result.ALLOWED) if result in results)
    if format_ == "json":
        parts = [_json(*item, _advice(home, *item)) for item in decided]
        print_json({"result": worst.value, "platforms": parts} if all_platforms else parts[0])
    else:
        for item in decided:
            _print(*item, _advice(home, *item))
    return EXIT_CODES[worst]


def _advice(home: Home, gathered: Gathered, decision: Decision, _: "LoggedBundle") -> str:
    if decision.result is Result.ALLOWED:
        return ""
    of_log = advice_without_log(gathered.facts) if any(item.cause is Cause.INVALID for item in decision.verdicts) else ""
    return of_log or advice_without_evidence(home, gathered.facts, gathered.place)


def _json(gathered: Gathered, decision: Decision, sealed: "LoggedBundle", advice: str) -> dict[str, Any]:
    return {
        "result": decision.result.value,
        "digest": decision.subject,
        "index": gathered.index,
        "platform": gathered.platform or None,
        "policy": {"name": decision.policy_name, "digest": decision.policy_digest},
        "decided": iso_time(decision.decided_at),
        "verdicts": [
            {"rule": item.rule, "state": item.state.value, "cause": item.cause.value, "detail": item.detail}
            for item in decision.verdicts
        ],
        "evidence": [piece_json(piece) for piece in gathered.facts.pieces],
        "bundle": sealed.digest,
        "log_index": sealed.log_index,
        "advice": advice or None,
    }


def _print(gathered: Gathered, decision: Decision, sealed: "LoggedBundle", advice: str) -> None:
    print_title(f"{decision.subject_name or decision.subject}: {decision.result.value} by policy {decision.policy_name}")
    print_fact("digest", decision.subject)
    if gathered.platform:
        print_fact("platform", gathered.platform)
    if gathered.index is not None:
        print_fact("of the index", gathered.index)
    for item in decision.verdicts:
        print_verdict(item.cause, item.rule, item.detail)
    for piece in gathered.facts.pieces:
        if piece.cause is not Cause.NONE:
            print_note(TITLES.get(piece.predicate_type, "evidence"), f"{piece.cause.value}: {piece.detail}")
    if advice:
        print_fact("what to do", advice)
    print_fact("decision", f"signed, log entry {sealed.log_index}, bundle {sealed.digest.short}")
