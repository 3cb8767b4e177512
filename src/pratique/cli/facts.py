"""Gather the facts about a SOURCE for `verify`, `gate` and `trace`: open it, collect its evidence, read its bytes, weigh."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.cli.home import Home
from pratique.cli.options import opened
from pratique.cli.output import progress_display

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.evidence.collect import Collection
    from pratique.evidence.weigh import TrustedKeys
    from pratique.model import Digest, Subject
    from pratique.policy import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The subject, the facts, and the place that was asked for evidence."""

    subject: "Subject"
    facts: "Facts"
    place: str
    read_bytes: bool


def gather(
    home: Home, source: str, trust: "TrustedKeys", *, platform: str | None, evidence: str | None, content: bool | None
) -> Gathered:
    """Facts about SOURCE. `evidence`: a repository, `catalog`, or None for where the source itself keeps it.

    `content`: whether to read every layer; by default only when that needs no network.
    """
    from pratique.artifact.wants import Wants
    from pratique.evidence.collect import collect_from_repository
    from pratique.evidence.weigh import weigh
    from pratique.registry.open import open_repository

    with opened(source, platform) as found, progress_display() as (begin, move):
        place = evidence or found.home or "catalog"
        artifact = found.artifact
        if place == "catalog":
            collection = collect_from_home(home, artifact.subject.digest)
        else:
            repository, _ = open_repository(place)
            collection = collect_from_repository(repository, artifact.subject.digest)
        tree = None
        if content if content is not None else found.local:
            begin("reading every byte")
            # Neither cache nor cataloger: the question is whether the bytes that are there now are the ones signed for.
            tree = artifact.read_tree(Wants(), cache=None, progress=move)
        facts = weigh(artifact.subject.digest, artifact.subject.name, [collection], trust, tree=tree)
        return Gathered(subject=artifact.subject, facts=facts, place=place, read_bytes=tree is not None)


def collect_from_home(home: Home, subject: "Digest") -> "Collection":
    """What this home's catalog holds about the subject."""
    from pratique.catalog.bundles import collect_from_catalog
    from pratique.cli.home import open_home_catalog

    with open_home_catalog(home) as catalog:
        return collect_from_catalog(catalog, subject)


def home_logs(home: Home) -> "dict[bytes, PublicKey]":
    """The key of this home's log, if there is one."""
    from pathlib import Path

    from pratique.keys.file import load_public_key
    from pratique.tlog.log import log_id

    path = Path(f"{home.log_key}.pub")
    if not path.exists():
        return {}
    key = load_public_key(path)
    return {log_id(key.raw): key}
