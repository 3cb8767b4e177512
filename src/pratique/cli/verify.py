"""`pratique verify SOURCE --key K.pub`: everything that is said about an artifact, piece by piece."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.cli.facts import Gathered, gather, home_logs
from pratique.cli.home import find_home
from pratique.cli.options import platform_option, source_argument
from pratique.cli.output import format_option, print_fact, print_json, print_title, print_verdict
from pratique.model import Cause, State

if TYPE_CHECKING:
    from pratique.evidence.weigh import TrustedKeys
    from pratique.policy import Piece


@click.command()
@source_argument
@click.option("--key", "keys", type=click.Path(), multiple=True, required=True, help="A public key to believe; may be repeated.")
@click.option("--log-key", "log_keys", type=click.Path(), multiple=True, help="A log's public key; default this home's log.")
@click.option("--evidence", help="Where the evidence is: registry:…, oci-dir:…, or catalog; default beside SOURCE.")
@click.option("--content/--no-content", default=True, help="Whether to read every layer and every other blob of a store.")
@platform_option
@format_option
def command(
    source: str,
    keys: tuple[str, ...],
    log_keys: tuple[str, ...],
    evidence: str | None,
    content: bool,
    platform: str | None,
    format_: str,
) -> int:
    """Verify signature, SBOM, file manifest and provenance of SOURCE, their log proofs, and that they are about these bytes.

    Exit code 0 only if all are there and hold; 1 if one is missing or broken; 3 if something could not be asked.
    """
    from pratique.errors import Unavailable

    trust = trust_keys(keys, log_keys)
    gathered = gather(find_home(), source, trust, platform=platform, evidence=evidence, content=content, whole_store=content)
    facts = gathered.facts
    if facts.gathering.state is State.UNCHECKED:
        raise Unavailable(facts.gathering_detail or f"the evidence at {gathered.place} could not be read")
    answers = _answers(gathered)
    if format_ == "json":
        print_json(
            {
                "digest": facts.subject,
                "place": gathered.place,
                "answers": [{"what": label, "cause": cause.value, "detail": text} for label, cause, text in answers],
            }
        )
    else:
        print_title(f"{facts.subject_name}")
        print_fact("digest", facts.subject)
        print_fact("evidence", gathered.place)
        for label, cause, text in answers:
            print_verdict(cause, label, text)
    states = {cause.state for _, cause, _ in answers}
    return 1 if State.VIOLATED in states else 3 if State.UNCHECKED in states else 0


def trust_keys(keys: tuple[str, ...], log_keys: tuple[str, ...]) -> "TrustedKeys":
    """Each key file is an authority of its own, named by the file."""
    from pratique.evidence.weigh import TrustedKeys
    from pratique.keys.file import load_public_key
    from pratique.tlog.log import log_id
    from pratique.trust.authorities import Authorities, Authority

    loaded = {path: load_public_key(Path(path)) for path in keys}
    logs = home_logs(find_home())
    for path in log_keys:
        key = load_public_key(Path(path))
        logs[log_id(key.raw)] = key
    authorities = Authorities(tuple(Authority.of_keys(path, [key.keyid]) for path, key in loaded.items()))
    return TrustedKeys(keys={key.keyid: key for key in loaded.values()}, authorities=authorities, logs=logs)


def _answers(gathered: Gathered) -> list[tuple[str, Cause, str]]:
    """What was asked, the cause, and the detail: one line for each piece, and one for each kind that is missing."""
    from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, TITLES

    facts = gathered.facts
    out: list[tuple[str, Cause, str]] = []
    if facts.gathering is not Cause.NONE:
        out.append(("evidence", facts.gathering, facts.gathering_detail))
    for kind in (IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE):
        pieces = [piece for piece in facts.pieces if piece.predicate_type == kind]
        pieces.sort(key=lambda piece: piece.log_index or 0)
        out += [(TITLES[kind], piece.cause, _said(piece)) for piece in pieces]
        if not pieces and facts.gathering is Cause.NONE:  # else nobody knows whether it is there
            out.append((TITLES[kind], Cause.ABSENT, "nobody says this about the artifact"))
    known = (IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE)
    others = [piece for piece in facts.pieces if piece.predicate_type not in known]
    out += [(TITLES.get(piece.predicate_type, "evidence"), piece.cause, _said(piece)) for piece in others]
    out += [("bytes", sbom.cause, sbom.detail) for sbom in facts.sboms]
    out += [("store", Cause.INVALID, damage) for damage in gathered.damaged if not any(damage in text for _, _, text in out)]
    if gathered.blobs and not gathered.damaged:
        out.append(("store", Cause.NONE, f"{gathered.blobs:,} blobs, each what its name says"))
    if not gathered.read_bytes:
        out.append(("content", Cause.NONE, "layers not read: named by the verified digest"))
    return out


def _said(piece: "Piece") -> str:
    if piece.cause is not Cause.NONE:
        return piece.detail
    logged = f"log entry {piece.log_index}" if piece.log_index is not None else "not in a log we know"
    return f"by {piece.authority}, {logged}"
