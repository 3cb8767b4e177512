"""`pratique tree SOURCE`: everything that hangs on an artifact, as its place lists it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pratique.cli.commands import Command
from pratique.cli.options import stored_here
from pratique.cli.output import format_option, print_json, printable

if TYPE_CHECKING:
    from pratique.app.tree import Branch


@click.command(cls=Command)
@click.argument("source", callback=stored_here)
@format_option
def command(source: str, format_: str) -> None:
    """Show the images of an index, what refers to each of them, what refers to that, and the tags of cosign beside them.

    SOURCE is in a registry or layout. Nothing is verified: that is what `pratique verify` does.
    """
    from pratique.app.sources import PLACES
    from pratique.app.tree import look_around
    from pratique.artifact.source import parse_source
    from pratique.errors import InputError
    from pratique.registry.open import open_repository

    parsed = parse_source(source)
    if parsed.scheme not in PLACES:
        hint = "write registry:HOST/NAME:TAG, oci-dir:PATH[:TAG] or oci-archive:PATH[:TAG]"
        raise InputError(f"{source[:200]} is in no registry or layout", hint=hint)
    repository, reference = open_repository(str(parsed))
    try:
        tree = look_around(repository, reference or "")
    finally:
        repository.close()
    if format_ == "json":
        print_json(_json(tree))
        return
    click.secho(printable(str(parsed.location)), bold=True)
    for line in _lines(tree, "", ""):
        click.echo(line)
    click.echo("listed, not verified")


def _json(branch: "Branch") -> dict[str, Any]:
    return {
        "kind": branch.kind,
        "digest": branch.digest,
        "type": branch.what,
        "note": branch.note or None,
        "missing": branch.missing,
        "branches": [_json(item) for item in branch.branches],
    }


def _lines(branch: "Branch", first: str, rest: str) -> Iterator[str]:
    """`first`: what stands before the branch itself, `rest`: before what is below it."""
    words = [branch.digest, branch.what, branch.note, "missing" if branch.missing else ""]
    yield first + printable("  ".join(word for word in words if word))
    for number, item in enumerate(branch.branches):
        last = number == len(branch.branches) - 1
        yield from _lines(item, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   "))
