"""`pratique ship SOURCE`: the whole way out."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import bases_of, find_home, open_home_catalog
from pratique.app.home_log import open_logged_signer
from pratique.app.sources import Opened, opened, opened_all, public_name
from pratique.cli.commands import Command
from pratique.cli.options import (
    key_option,
    max_entries_option,
    passphrase_option,
    place_here,
    platform_option,
    source_argument,
    timestamp_option,
)
from pratique.cli.output import (
    format_option,
    human_size,
    print_fact,
    print_json,
    print_note,
    print_title,
    print_verdict,
    progress_display,
    show_steps,
)
from pratique.cli.signers import load_chosen_signer, named_key
from pratique.cli.unread import say_what_is_not_known
from pratique.cli.voice import say
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact
    from pratique.model import Inventory
    from pratique.ship.index import IndexShipment
    from pratique.ship.shipment import Shipment


@click.command(cls=Command)
@source_argument
@key_option
@passphrase_option
@timestamp_option
@click.option(
    "--to",
    "to",
    callback=place_here,
    help="Where artifact and evidence go: HOST/NAME:TAG or oci-dir:PATH[:TAG].",
)
@click.option("--allow-empty", is_flag=True, help="Sign it although nothing was found in it and something could not be read.")
@platform_option
@max_entries_option
@format_option
def command(
    source: str,
    key: str | None,
    passphrase_file: str | None,
    timestamp_url: str | None,
    to: str | None,
    allow_empty: bool,
    platform: str | None,
    max_entries: int | None,
    format_: str,
) -> None:
    """Inventory SOURCE, sign and log what is said about it, push it with its evidence, and catalogue it.

    Killed at any point, the same command continues where it stopped. Without --to, evidence of a registry: or oci-dir: source
    is attached there, and of others kept in the catalog alone. A multi-platform index is taken whole: each image is shipped with
    an SBOM of its own, and the index is signed; --platform takes one image of it instead. Where nothing was found and
    something could not be read, nothing is signed, but with --allow-empty.
    """
    from pratique.errors import InputError
    from pratique.registry.open import open_repository
    from pratique.ship.index import IndexedImage, ship_index
    from pratique.ship.shipment import cannot_push, ship

    home = find_home()
    key = named_key(key)
    signer = load_chosen_signer(key, passphrase_file)
    began = time.monotonic()
    if to is not None and to.partition(":")[0] not in ("registry", "oci-dir"):
        raise InputError(f"nothing can be pushed to {to!r}", hint="write registry:HOST/NAME:TAG or oci-dir:PATH[:TAG]")
    with (
        _taken(source, platform, max_entries) as every,
        open_home_catalog(home) as catalog,
        progress_display() as (begin, move),
    ):
        first = every[0]
        place = to or first.home
        if to is not None and not first.indexes and first.artifact.image is None:
            raise cannot_push(first.artifact)  # before the folder is made
        destination, tag = open_repository(place, create=True) if place else (None, None)
        if to is None:
            tag = None  # evidence is added to what is there; its names stay with what they name
        elif tag is None and to.startswith("registry:"):
            tag = "latest"
        logged_signer = open_logged_signer(home, signer, timestamp_url)
        steps = show_steps(begin, move)

        def clock() -> int:
            return int(time.time())

        def ship_as(artifact: "Artifact", tag: str | None) -> "Shipment":
            shipment = ship(
                artifact,
                logged_signer=logged_signer,
                catalog=catalog,
                destination=destination,
                tag=tag,
                name=public_name(to or str(first.source)),
                environ=os.environ,
                cache=home.cache,
                journals=home.journals,
                clock=clock,
                steps=steps,
                bases=bases_of(home, artifact, say),
                allow_empty=allow_empty,
            )
            say_what_is_not_known(shipment.inventory)
            return shipment

        if platform is not None or not first.indexes or first.repository is None:
            shipment = ship_as(first.artifact, tag)
            _print(shipment, format_, time.monotonic() - began, key)
            return
        images = [
            IndexedImage(platform=item.platform, digest=item.target.digest, unreadable=item.unreadable, load=item.load)
            for item in every
        ]
        whole = ship_index(
            first.indexes[0],
            images,
            source=first.repository,
            ship_one=lambda artifact: ship_as(artifact, None),
            logged_signer=logged_signer,
            catalog=catalog,
            destination=destination,
            tag=tag,
            name=public_name(to or str(first.source)),
            clock=clock,
            journals=home.journals,
            steps=steps,
        )
    _print_index(whole, format_, time.monotonic() - began, key)


@contextmanager
def _taken(source: str, platform: str | None, max_entries: int | None) -> "Iterator[tuple[Opened, ...]]":
    """What is shipped of SOURCE: everything that it leads to, or what was chosen."""
    if platform is None:
        with opened_all(source, max_entries, say=say) as every:
            yield every
    else:
        with opened(source, platform, max_entries, say=say) as one:
            yield (one,)


def _json(shipment: "Shipment") -> dict[str, Any]:
    subject, manifest = shipment.inventory.subject, shipment.manifest
    return {
        "digest": subject.digest,
        "name": subject.name,
        "platform": subject.platform or None,
        "components": len(shipment.inventory.components),
        "files": len(manifest.entries),
        "manifest_root": manifest.root,
        "destination": shipment.destination,
        "bundles": {kind: {"digest": item.digest, "log_index": item.log_index} for kind, item in shipment.bundles.items()},
    }


def _print_index(whole: "IndexShipment", format_: str, seconds: float, key: str) -> None:
    from pratique.model import Cause
    from pratique.model.predicates import TITLES

    sealed = whole.signature.sealed
    if format_ == "json":
        print_json(
            {
                "digest": whole.index.digest,
                "name": whole.signature.request.targets[0].name,
                "destination": whole.destination,
                "bundles": {whole.signature.request.predicate_type: {"digest": sealed.digest, "log_index": sealed.log_index}},
                "platforms": [_json(shipment) for _, shipment in whole.images],
            }
        )
        return
    print_title(f"{whole.signature.request.targets[0].name} is cleared to leave, for {how_many(len(whole.images), 'platform')}")
    print_fact("index", whole.index.digest)
    print_verdict(Cause.NONE, "signature", f"of the index: log entry {sealed.log_index}, bundle {sealed.digest.short}")
    for platform, shipment in whole.images:
        subject = shipment.inventory.subject
        print_fact(platform or "image", subject.digest)
        print_fact("components", f"{len(shipment.inventory.components)}, files {len(shipment.manifest.entries):,}")
        for kind, item in sorted(shipment.bundles.items(), key=lambda pair: pair[1].log_index):
            print_verdict(Cause.NONE, TITLES[kind], f"log entry {item.log_index}, bundle {item.digest.short}")
        _print_unknowns(shipment.inventory)
    print_fact("key", key)
    print_fact("evidence", whole.destination or "in the catalog")
    print_fact("took", f"{seconds:.2f} s")


def _print_unknowns(inventory: "Inventory") -> None:
    """What was not read, and what is only remarked, each counted: the SBOM lists them."""
    from pratique.model import Cause

    unread = sum(one.unread for one in inventory.unknowns)
    if unread:
        print_verdict(Cause.UNREADABLE, "unknown", f"{how_many(unread, 'place')}, listed in the SBOM")
    if remarks := len(inventory.unknowns) - unread:
        print_note("remarks", f"{remarks}, listed in the SBOM")


def _print(shipment: "Shipment", format_: str, seconds: float, key: str) -> None:
    from pratique.model import Cause, Ownership
    from pratique.model.predicates import TITLES

    subject, manifest = shipment.inventory.subject, shipment.manifest
    if format_ == "json":
        print_json(_json(shipment))
        return
    orphans = sum(1 for owner in manifest.owners if not owner)
    modified = sum(1 for owned in shipment.inventory.ownership.values() if owned.state is Ownership.MODIFIED)
    print_title(f"{subject.name} is cleared to leave")
    print_fact("digest", subject.digest)
    print_fact("components", f"{len(shipment.inventory.components)}")
    owned = f"{len(manifest.entries) - orphans:,} owned by a component, {orphans:,} by none, {modified:,} modified"
    print_fact("files", f"{len(manifest.entries):,} ({human_size(manifest.size_bytes)}): {owned}")
    print_fact("manifest", manifest.root)
    for kind, item in sorted(shipment.bundles.items(), key=lambda pair: pair[1].log_index):
        print_verdict(Cause.NONE, TITLES[kind], f"log entry {item.log_index}, bundle {item.digest.short}")
    _print_unknowns(shipment.inventory)
    print_fact("key", key)
    print_fact("evidence", shipment.destination or "in the catalog")
    again = " (nothing new to say: the earlier evidence stands)" if shipment.reused else ""
    print_fact("took", f"{seconds:.2f} s{again}")
