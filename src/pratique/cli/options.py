"""Options that several commands share."""

from typing import Any

import click

from pratique.registry.waiting import tell_of_waiting


def spelled_here(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """For arguments and options that name a place or a source, one or several: as we spell what others spell otherwise."""
    from pratique.registry.spelling import as_spelled_here

    if isinstance(value, str):
        return as_spelled_here(value)
    return tuple(map(as_spelled_here, value)) if isinstance(value, tuple) else value


platform_option = click.option("--platform", help="Which platform of a multi-platform image, as os/arch; default this machine's.")
all_platforms_option = click.option(
    "--all-platforms", is_flag=True, help="Every image of a multi-platform index; one that fails, fails it."
)
evidence_option = click.option(
    "--evidence",
    envvar="PRATIQUE_EVIDENCE",
    callback=spelled_here,
    help="Where the evidence is: registry:…, oci-dir:…, or catalog; default beside SOURCE, or PRATIQUE_EVIDENCE.",
)
source_argument = click.argument("source", callback=spelled_here)
key_option = click.option(
    "--key", help="The private key to sign with, a FILE or a reference (docs/keys.md); default this machine's service key."
)
timestamp_option = click.option(
    "--timestamp-url",
    envvar="PRATIQUE_TIMESTAMP_URL",
    help="An RFC 3161 timestamp authority to ask, so that signatures outlive their key; default PRATIQUE_TIMESTAMP_URL.",
)
passphrase_option = click.option("--passphrase-file", type=click.Path(), help="Read the key's passphrase or PIN from this file.")
max_entries_option = click.option("--max-entries", type=int, help="Read artifacts with more files than the default allows.")


def say(line: str) -> None:
    """A word to the user beside the result, on stderr."""
    click.echo(f"pratique: {line}", err=True)


tell_of_waiting(say)
