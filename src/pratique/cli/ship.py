"""`pratique ship SOURCE`: the whole way out."""

import os
import time

import click

from pratique.app.home import bases_of, find_home, open_home_catalog, open_logged_signer
from pratique.app.sources import opened, public_name
from pratique.cli.options import (
    key_option,
    max_entries_option,
    passphrase_option,
    platform_option,
    say,
    source_argument,
    timestamp_option,
)
from pratique.cli.output import (
    format_option,
    human_size,
    print_fact,
    print_json,
    print_title,
    print_verdict,
    progress_display,
    show_steps,
)
from pratique.cli.signers import load_chosen_signer


@click.command()
@source_argument
@key_option
@passphrase_option
@timestamp_option
@click.option("--to", "to", help="Where artifact and evidence go: registry:HOST/NAME:TAG or oci-dir:PATH[:TAG].")
@platform_option
@max_entries_option
@format_option
def command(
    source: str,
    key: str | None,
    passphrase_file: str | None,
    timestamp_url: str | None,
    to: str | None,
    platform: str | None,
    max_entries: int | None,
    format_: str,
) -> None:
    """Inventory SOURCE, sign and log what is said about it, push it with its evidence, and catalogue it.

    Killed at any point, the same command continues where it stopped. Without --to, evidence for a registry: or oci-dir:
    source is attached there, and for others kept in the catalog alone.
    """
    from pratique.errors import InputError
    from pratique.registry.open import open_repository
    from pratique.ship.shipment import cannot_push, ship

    home = find_home()
    signer = load_chosen_signer(home, key, passphrase_file)
    began = time.monotonic()
    if to is not None and to.partition(":")[0] not in ("registry", "oci-dir"):
        raise InputError(f"nothing can be pushed to {to!r}", hint="write registry:HOST/NAME:TAG or oci-dir:PATH[:TAG]")
    with (
        opened(source, platform, max_entries, say=say) as found,
        open_home_catalog(home) as catalog,
        progress_display() as (begin, move),
    ):
        place = to or found.home
        if to is not None and found.artifact.image is None:
            raise cannot_push(found.artifact)  # before the folder is made
        destination, tag = open_repository(place, create=True) if place else (None, None)
        if to is None:
            tag = None  # evidence is added to what is there; its names stay with what they name
        elif tag is None and to.startswith("registry:"):
            tag = "latest"
        shipment = ship(
            found.artifact,
            logged_signer=open_logged_signer(home, signer, timestamp_url),
            catalog=catalog,
            destination=destination,
            tag=tag,
            name=public_name(to or source),
            environ=os.environ,
            cache=home.cache,
            journals=home.journals,
            clock=lambda: int(time.time()),
            steps=show_steps(begin, move),
            bases=bases_of(home, found.artifact, say),
        )
    _print(shipment, format_, time.monotonic() - began, key or str(home.service_key))


def _print(shipment: object, format_: str, seconds: float, key: str) -> None:
    from pratique.model import Cause, Ownership
    from pratique.model.predicates import TITLES
    from pratique.ship.shipment import Shipment

    assert isinstance(shipment, Shipment)  # noqa: S101
    subject, manifest = shipment.inventory.subject, shipment.manifest
    if format_ == "json":
        print_json(
            {
                "digest": subject.digest,
                "name": subject.name,
                "components": len(shipment.inventory.components),
                "files": len(manifest.entries),
                "manifest_root": manifest.root,
                "destination": shipment.destination,
                "bundles": {
                    kind: {"digest": item.digest, "log_index": item.log_index} for kind, item in shipment.bundles.items()
                },
            }
        )
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
    if shipment.inventory.unknowns:
        print_verdict(Cause.UNREADABLE, "unknown", f"{len(shipment.inventory.unknowns)} places, listed in the SBOM")
    print_fact("key", key)
    print_fact("evidence", shipment.destination or "in the catalog")
    again = " (nothing new to say: the earlier evidence stands)" if shipment.reused else ""
    print_fact("took", f"{seconds:.2f} s{again}")
