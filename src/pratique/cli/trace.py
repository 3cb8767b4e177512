"""`pratique trace DIGEST|NAME|CONTAINER|SOURCE`: the chain of custody of one thing, on one screen."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import Home, existing, find_home, open_home_catalog
from pratique.app.verification import said
from pratique.app.watched import watched_spans
from pratique.cli.artifact_choice import UNSIGNED, did_you_mean, the_one
from pratique.cli.commands import Command
from pratique.cli.output import format_option, iso_time, print_fact, print_json, print_note, print_title, print_verdict
from pratique.cli.trust_anchors import anchor_options, chosen_anchors
from pratique.cli.voice import say
from pratique.errors import InputError, NotFound, Unavailable
from pratique.lexicon.text import how_many
from pratique.model import Cause
from pratique.model.predicates import TITLES

if TYPE_CHECKING:
    from pratique.catalog.ledger import Catalog
    from pratique.catalog.rows import ArtifactRow
    from pratique.model import Digest
    from pratique.policy import Piece

RECORDED = "recorded"
MAX_SHOWN = 10  # spans in which it was watched
SUPERSEDED = "superseded"  # by what the same key stated in its place


@click.command(cls=Command)
@click.argument("thing")
@anchor_options
@click.option("--name", help="What the artifact is called where a trust speaks of it; default what the catalog calls it.")
@format_option
def command(thing: str, name: str | None, format_: str, **beliefs: Any) -> None:
    """Who built it, what is in it, who said so, who let it in, and where it was seen running.

    THING is a digest, the first digits of one, an image ID, the name of an artifact as the catalog has it or a part of it that
    means no other (an image with or without registry and tag, a file), the name of a running container, or a SOURCE. Where it
    can mean several, they are listed, and the exit code is 2. What is said about it is verified under whom the options name, else
    under the trust that this machine follows; without either, and for all else that the catalog holds, it is only recorded, and
    is marked so.
    """
    home = find_home()
    if not thing.strip():
        raise InputError("nothing to trace", hint="name a digest, an artifact or a running container")
    existing(home, home.catalog_directory, "catalog")
    with open_home_catalog(home) as catalog:
        artifact = _find(catalog, thing)
        chain = _chain(catalog, artifact)
    pieces = _verified(home, artifact, name, beliefs)
    for item in chain["evidence"]:
        piece = pieces.get(item["bundle"])
        item["state"] = piece.cause.state.value if piece is not None else SUPERSEDED if item["superseded"] else RECORDED
        if piece is not None:
            item |= {"cause": piece.cause.value, "detail": said(piece)}
    if format_ == "json":
        print_json(chain)
        return
    print_title(chain["name"])
    for label in ("digest", "image_id", "platform", "manifest_root", "since"):
        if chain[label]:
            print_fact(label.replace("_", " "), chain[label])
    for place in chain["locations"]:
        print_fact("at", place)
    if chain["components"] or not chain["imports"]:
        inventoried = chain["components"] or chain["manifest_root"]
        print_fact("components", str(chain["components"]) if inventoried else "not inventoried here")
    for build in chain["builds"]:
        parts = [f"{name} {build[name]}" for name in ("builder", "number", "release", "commit") if build[name]]
        print_fact("built", ", ".join(parts))
    for item in chain["evidence"]:
        if item["state"] in (RECORDED, SUPERSEDED):
            what = f"{item['state']}, not verified: by key {item['keyid'][:12]}, {item['at']}, bundle {item['bundle'][7:19]}"
            print_note(item["title"], what)
        else:
            print_verdict(Cause(item["cause"]), item["title"], f"{item['detail']}, bundle {item['bundle'][7:19]}")
    for item in chain["imports"]:
        about = "" if item["document"] != chain["digest"] else ", which names no digest, so this is its own"
        count = how_many(item["components"], "component")
        what = f"imported, {UNSIGNED}: {item['file']}, {item['format']}, {count}, {item['at']}{about}"
        print_note("SBOM", what)
    for item in chain["decisions"]:
        print_note("decision", f"{RECORDED}: {item['result']} by {item['policy']}, {item['at']}")
    _print_spans(chain["observations"])


def _print_spans(spans: list[dict[str, Any]]) -> None:
    for item in spans[:MAX_SHOWN]:
        held = "not judged: without a verified manifest"
        if item["judged"]:
            held = "held to its manifest" if item["mode"] == "enforce" else "only watched"
        seen = f"{how_many(item['violations'], 'violation')}, {item['refused']} refused, {how_many(item['gaps'], 'gap')}"
        where = f"{item['workload']} on {item['node']}"
        print_fact("ran", f"{RECORDED}: {where}, {item['from']} to {item['to']}, {held}, {seen}")
    if len(spans) > MAX_SHOWN:
        print_fact("ran", f"{how_many(len(spans) - MAX_SHOWN, 'time')} more, earlier: --format json lists them")


def _verified(home: Home, artifact: "ArtifactRow", name: str | None, beliefs: dict[str, Any]) -> "dict[Digest, Piece]":
    """Each bundle of the catalog as it verifies now; nothing where nobody is believed, or nobody can say who is."""
    if not any(beliefs.values()) and not home.trust.exists():
        return {}
    from pratique.app.gather import appraise_asking, collect_from_home
    from pratique.registry.types import Descriptor

    try:
        trust_anchors = chosen_anchors(home, **beliefs)
    except Unavailable as error:
        if any(beliefs.values()):
            raise
        click.echo(f"pratique: nothing is verified: {error}", err=True)
        return {}
    target = Descriptor(media_type="", digest=artifact.digest, size=0)
    called = name or ("" if artifact.is_named_by_import else artifact.name)  # what a stranger's document says is no name
    facts, _ = appraise_asking(target, called, collect_from_home(home, artifact.digest), trust_anchors)
    return {piece.bundle: piece for piece in facts.pieces}


def _find(catalog: "Catalog", thing: str) -> "ArtifactRow":
    """The artifact by digest or whole name; else of the running container of this name; else by a part of its name; else what a
    source that is here holds.
    """
    found = catalog.find_artifacts(thing, whole=True) or _run_by(catalog, thing) or catalog.find_artifacts(thing)
    found = found or _held_by(catalog, thing)
    if found:
        return the_one(thing, found)
    hint = did_you_mean(catalog.near_artifacts(thing)) or "see pratique catalog list"
    raise NotFound(f"neither an artifact in the catalog nor a running container: {thing[:200]}", hint=hint)


def _held_by(catalog: "Catalog", thing: str) -> "list[ArtifactRow]":
    """The artifact that this source is, when it is named as one or is a file or folder that is here."""
    from pratique.app.sources import opened
    from pratique.artifact.source import SCHEMES

    if thing.partition(":")[0] not in SCHEMES and not Path(thing).exists():
        return []
    with opened(thing, None, say=say) as source:
        digest = source.target.digest
    found = catalog.find_artifacts(str(digest))
    if not found:
        raise NotFound(f"{digest} is not in the catalog", where=thing[:200], hint="see pratique catalog list")
    return found


def _run_by(catalog: "Catalog", thing: str) -> "list[ArtifactRow]":
    """What the running container of this name runs; nothing where there is none, or no engine."""
    from pratique.runtime.workloads import PodmanEngine

    try:
        running = PodmanEngine(only=[thing]).running()
    except Unavailable:
        running = []  # no engine here: then it can only have been meant as an artifact
    for workload in running:
        if workload.image is None:
            raise NotFound(f"the container {thing} runs an image without a digest")
        found = catalog.find_artifacts(workload.image)
        if not found and not catalog.find_artifacts(thing):
            raise NotFound(f"the container {thing} runs {workload.image}, which is not in the catalog")
        return found
    return []


def _chain(catalog: "Catalog", artifact: "ArtifactRow") -> dict[str, Any]:
    """Everything the ledger knows, as plain values."""
    digest = artifact.digest
    return {
        "name": artifact.name,
        "digest": digest,
        "image_id": artifact.config or "",
        "platform": artifact.platform,
        "manifest_root": artifact.manifest_root or "",
        "since": iso_time(artifact.first_seen),
        "locations": list(artifact.locations),
        "components": catalog.count_components(digest),
        "builds": [
            {"builder": row.builder_id, "number": row.build_number, "release": row.release_tag, "commit": row.commit}
            for row in catalog.builds_of(digest)
        ],
        "evidence": [
            {
                "title": TITLES.get(row.predicate_type, row.predicate_type),
                "keyid": row.keyid,
                "bundle": row.digest,
                "at": iso_time(row.created),
                "superseded": row.superseded,
            }
            for row in catalog.documents_of(digest, role="bundle")
        ],
        "imports": [
            {
                "document": row.document,
                "file": row.file,
                "format": row.title,
                "components": row.components,
                "at": iso_time(row.first_seen),
            }
            for row in catalog.imports_of(digest)
        ],
        "decisions": [
            {
                "result": row.result.value,
                "policy": row.policy_name,
                "at": iso_time(row.decided_at),
                "verdicts": [{"rule": item.rule, "cause": item.cause.value, "detail": item.detail} for item in row.verdicts],
            }
            for row in catalog.decisions_of(digest)
        ],
        "observations": [
            {
                "workload": span.workload,
                "node": span.node,
                "from": iso_time(int(span.since)),
                "to": iso_time(math.ceil(span.until)),
                "mode": span.mode,
                "judged": span.judged,
                "violations": span.violations,
                "refused": span.refused,
                "gaps": span.gaps,
            }
            for span in watched_spans(catalog, digest)
        ],
    }
