"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from pratique.cli.voice import say
from pratique.registry.waiting import tell_of_waiting


def spelled_here(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """For arguments and options that name a place or a source, one or several: as we spell what others spell otherwise."""
    from pratique.registry.spelling import as_spelled_here

    if isinstance(value, str):
        return as_spelled_here(value)
    return tuple(map(as_spelled_here, value)) if isinstance(value, tuple) else value


def stored_here(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """For arguments that name what is in a registry, layout or archive: guessed where no scheme says it, and the guess said."""
    from pratique.artifact.source import parse_source, understood

    source = parse_source(value, engines=False)
    if source.guessed:
        say(understood(value, source))
    return str(source)


def place_here(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """For arguments and options that name a registry, layout or archive to ask or to write to; `catalog` is a place, too."""
    return value if value is None or value == "catalog" else told_place(value)


def told_place(text: str) -> str:
    """The place as we spell it; one without a scheme is guessed, and the guess said."""
    from pratique.registry.open import as_place
    from pratique.registry.spelling import as_spelled_here

    place = as_place(text)
    if place != as_spelled_here(text):
        say(f"taking {text} as {place}")
    return place


def _parties(kind: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """For options that name persons or organisations, one or several: as values. `kind`: what one is that does not say."""

    def parsed(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if not value:
            return () if isinstance(value, tuple) else None
        from pratique.documents.parties import parse_party

        return tuple(parse_party(one, kind=kind) for one in value) if isinstance(value, tuple) else parse_party(value, kind=kind)

    return parsed


author_option = click.option(
    "--author",
    "authors",
    multiple=True,
    metavar="'NAME [<MAIL|URL>]'",
    callback=_parties("person"),
    help="Who the document is by, a person, or 'Organization: NAME …'; may be repeated.",
)
supplier_option = click.option(
    "--supplier",
    metavar="'NAME [<MAIL|URL>]'",
    callback=_parties("organization"),
    help="The organization that supplies the artifact, or 'Person: NAME …'.",
)
platform_option = click.option("--platform", help="Which platform of a multi-platform image, as os/arch; default this machine's.")
all_platforms_option = click.option(
    "--all-platforms", is_flag=True, help="Every image of a multi-platform index; one that fails, fails it."
)
evidence_option = click.option(
    "--evidence",
    envvar="PRATIQUE_EVIDENCE",
    callback=place_here,
    help="Where the evidence is: registry:…, oci-dir:…, or catalog; default beside SOURCE, or PRATIQUE_EVIDENCE.",
)
source_argument = click.argument("source", callback=spelled_here)
key_option = click.option(
    "--key",
    envvar="PRATIQUE_KEY",
    help="The private key to sign with, a FILE or a reference (docs/keys.md); default PRATIQUE_KEY.",
)
timestamp_option = click.option(
    "--timestamp-url",
    envvar="PRATIQUE_TIMESTAMP_URL",
    help="An RFC 3161 timestamp authority to ask, so that signatures outlive their key; default PRATIQUE_TIMESTAMP_URL.",
)
passphrase_option = click.option("--passphrase-file", type=click.Path(), help="Read the key's passphrase or PIN from this file.")
max_entries_option = click.option(
    "--max-entries", type=click.IntRange(min=1), help="Read artifacts with more files than the default allows."
)


tell_of_waiting(say)
