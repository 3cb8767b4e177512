"""`pratique catalog`: the ledger of this home."""

import click

from pratique.app.home import existing, find_home, open_home_catalog
from pratique.cli.commands import CommandGroup
from pratique.cli.output import format_option, iso_time, print_json, print_table


@click.group(cls=CommandGroup)
def command() -> None:
    """Search the ledger of artifacts, components and decisions."""


@command.command()
@click.argument("pattern")
@format_option
def search(pattern: str, format_: str) -> int:
    """Which artifacts hold a component, where they are, and since when.

    PATTERN is a purl, optionally with a version or *: "pkg:deb/debian/openssl", "pkg:pypi/requests@2.3*", or a bare name. A
    package is found by the name of its source, too: libssl3 was built from openssl, and the output says so.
    Exit code 1 if nothing is found.
    """
    home = find_home()
    existing(home, home.catalog_directory, "catalog")
    with open_home_catalog(home) as catalog:
        rows = catalog.search(pattern)
    if format_ == "json":
        print_json(
            [
                {
                    "component": row.purl,
                    "source": row.source,
                    "artifact": row.name,
                    "digest": row.artifact,
                    "locations": list(row.locations),
                    "since": iso_time(row.first_seen),
                }
                for row in rows
            ]
        )
    elif rows:
        head = ["COMPONENT", "ARTIFACT", "DIGEST", "WHERE", "SINCE"]
        table = [[row.purl, row.name, row.artifact[:19], ", ".join(row.locations), iso_time(row.first_seen)] for row in rows]
        if any(row.source for row in rows):
            head = [*head, "BUILT FROM"]
            table = [[*line, row.source] for line, row in zip(table, rows, strict=True)]
        print_table(head, table)
    else:
        click.echo(f"nothing in the catalog matches {pattern}", err=True)
    return 0 if rows else 1


@command.command("list")
@format_option
def list_(format_: str) -> None:
    """All artifacts, the newest first."""
    home = find_home()
    existing(home, home.catalog_directory, "catalog")
    with open_home_catalog(home) as catalog:
        rows = catalog.list_artifacts()
    if format_ == "json":
        print_json([{"digest": row.digest, "name": row.name, "since": iso_time(row.first_seen)} for row in rows])
    else:
        print_table(["ARTIFACT", "DIGEST", "SINCE"], [[row.name, row.digest, iso_time(row.first_seen)] for row in rows])
