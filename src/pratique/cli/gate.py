"""`pratique gate SOURCE --policy FILE`: may this be deployed?"""

import time
from pathlib import Path

import click

from pratique import __version__
from pratique.app.advice import advice_without_evidence
from pratique.app.gather import gather
from pratique.app.home import find_home, open_home_catalog, open_logged_signer
from pratique.cli.options import key_option, passphrase_option, platform_option, source_argument
from pratique.cli.output import TALK, format_option, iso_time, print_fact, print_json, print_title, print_verdict
from pratique.cli.signers import load_chosen_signer
from pratique.cli.trust_anchors import known_logs
from pratique.model import Result

EXIT_CODES = {Result.ALLOWED: 0, Result.DENIED: 1, Result.UNDECIDED: 3}


@click.command()
@source_argument
@click.option("--policy", "policy_path", required=True, type=click.Path(), help="The YAML policy.")
@click.option("--evidence", help="Where the evidence is: registry:…, oci-dir:…, or catalog; default beside SOURCE.")
@click.option("--content/--no-content", default=None, help="Compare every file; by default only when SOURCE is on this machine.")
@key_option
@passphrase_option
@platform_option
@format_option
def command(
    source: str,
    policy_path: str,
    evidence: str | None,
    content: bool | None,
    key: str | None,
    passphrase_file: str | None,
    platform: str | None,
    format_: str,
) -> int:
    """Decide by policy whether SOURCE may be deployed. The decision is signed, logged and catalogued, whatever it is.

    Exit code 0: allowed; 1: denied; 3: could not be decided.
    """
    from pratique.gate.decide import decide, load_policy

    home = find_home()
    loaded = load_policy(Path(policy_path), logs=known_logs(home))
    gathered = gather(home, source, loaded.trust_anchors, platform=platform, evidence=evidence, read=content, talk=TALK)
    logged_signer = open_logged_signer(home, load_chosen_signer(home, key, passphrase_file))
    with open_home_catalog(home) as catalog:
        decision, sealed = decide(
            loaded, gathered.facts, logged_signer=logged_signer, catalog=catalog, now=int(time.time()), tool_version=__version__
        )
    advice = advice_without_evidence(home, gathered.facts, gathered.place) if decision.result is not Result.ALLOWED else ""
    if format_ == "json":
        print_json(
            {
                "result": decision.result.value,
                "digest": decision.subject,
                "policy": {"name": decision.policy_name, "digest": decision.policy_digest},
                "decided": iso_time(decision.decided_at),
                "verdicts": [
                    {"rule": item.rule, "state": item.state.value, "cause": item.cause.value, "detail": item.detail}
                    for item in decision.verdicts
                ],
                "bundle": sealed.digest,
                "log_index": sealed.log_index,
                "advice": advice or None,
            }
        )
    else:
        print_title(f"{decision.subject_name}: {decision.result.value} by policy {decision.policy_name}")
        print_fact("digest", decision.subject)
        for item in decision.verdicts:
            print_verdict(item.cause, item.rule, item.detail)
        if advice:
            print_fact("what to do", advice)
        print_fact("decision", f"signed, log entry {sealed.log_index}, bundle {sealed.digest.short}")
    return EXIT_CODES[decision.result]
