"""`pratique catalog`: the ledger of this home."""

from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import existing, find_home, open_home_catalog
from pratique.cli.artifact_choice import UNSIGNED, did_you_mean, the_one
from pratique.cli.commands import CommandGroup
from pratique.cli.output import format_option, iso_time, print_fact, print_json, print_title
from pratique.cli.tables import Column, print_table
from pratique.errors import NotFound, PratiqueError
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.app.import_sbom import Imported
    from pratique.catalog.rows import ArtifactRow, SearchRow
    from pratique.model import Digest

IMPORT_WAIT_S = 600.0
"""How long an import waits for others: a bill of materials of half a million components takes a good part of a minute."""
ITSELF = "(the artifact itself)"
_ARTIFACTS = (Column("ARTIFACT", "name"), Column("DIGEST", "digest"), Column("SINCE", "time", spare=1))


@click.group(cls=CommandGroup)
def command() -> None:
    """Search the ledger of artifacts, components and decisions, and import bills of materials into it."""


@command.command()
@click.argument("pattern")
@format_option
def search(pattern: str, format_: str) -> int:
    """Which artifacts hold a component, where they are, and since when.

    PATTERN is a name as tables show it, with or without a version: Flask, PyYAML@6.0, group:artifact, @scope/name,
    github.com/BurntSushi/toml; a purl: "pkg:deb/debian/openssl", "pkg:pypi/requests@2.3*"; a CPE name; a digest or its first
    digits; or an artifact's name. Names are compared as their ecosystem compares them, * stands for any characters. A package is
    found by the name of its source, too: libssl3 was built from openssl, and the output says so. Exit code 1 if nothing is found;
    what is near is named then.
    """
    home = find_home()
    existing(home, home.catalog_directory, "catalog")
    with open_home_catalog(home) as catalog:
        rows = catalog.search(pattern)
        near = [] if rows else catalog.near(pattern)
    if format_ == "json":
        print_json([_as_json(row) for row in rows])
    elif rows:
        _print_rows(rows)
    if not rows:
        hint = did_you_mean(near)
        _err(f"nothing in the catalog matches {pattern}{f'; {hint}' if hint else ''}")
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
        print_json(
            [
                {
                    "digest": row.digest,
                    "name": row.name,
                    "since": iso_time(row.first_seen),
                    "imported_from": list(row.imported_from),
                }
                for row in rows
            ]
        )
    else:
        columns = list(_ARTIFACTS)
        table = [[row.name, row.digest, iso_time(row.first_seen)] for row in rows]
        said = [f"{', '.join(row.imported_from)}, imported, {UNSIGNED}" if _is_only_imported(row) else "" for row in rows]
        if any(said):
            columns.append(Column("SAID BY", "name", spare=2))
            table = [[*line, by] for line, by in zip(table, said, strict=True)]
        print_table(columns, table)


def _is_only_imported(row: "ArtifactRow") -> bool:
    """Whether nothing is known of it but what somebody's documents say: neither what it is nor where."""
    return bool(row.imported_from and not row.kind and not row.locations)


@command.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path())
@click.option("--subject", metavar="ARTIFACT", help="What they are about: a digest, or the name of an artifact in the catalog.")
@click.option("--lenient", is_flag=True, help="Read documents with errors, without what is wrong in them.")
@format_option
def import_(files: tuple[str, ...], subject: str | None, lenient: bool, format_: str) -> int:
    """Take bills of materials that other tools made into the catalog, to search them with all others (- for standard input).

    Read is whatever `sbom convert` reads, also within a statement, an envelope or a bundle, and compressed with gzip. Each is
    about the digest it names; without one it stands by the name it gives, under its own digest. It is kept as it came and stays
    marked as imported, by nobody signed: it proves nothing to verify and gate, and changes nothing that was found in the artifact
    itself. The same file again changes nothing. Each FILE is tried; the exit code is that of the worst.
    """
    from pratique.app.import_sbom import bring_in, read_imported
    from pratique.cli.advice import advise

    home = find_home()
    about: Digest | None = None
    if subject is not None:
        about = _subject(subject)
    done: list[dict[str, Any]] = []
    worst = 0
    for file in files:
        try:
            imported = read_imported(file, lenient=lenient)
            with open_home_catalog(home, busy_timeout_s=IMPORT_WAIT_S) as catalog:
                result = bring_in(catalog, imported, about)
        except PratiqueError as error:
            error.where = error.where or _shown(file)
            advise(error, click.get_current_context())
            _err(str(error))
            worst = max(worst, error.exit_code)
            done.append({"file": _shown(file), "error": str(error)})
            continue
        if not all(one.is_named for one in result):
            _err(f"{_shown(file)}: it says that it is about {imported.subjects[0]}")
        for line in imported.remarks:
            _err(f"{_shown(file)}: {line}")
        rows = [{"digest": one.digest, "name": one.name, "new": one.is_new} for one in result]
        done.append(
            {
                "file": _shown(file),
                "format": imported.title,
                "document": imported.digest,
                "components": len(imported.components),
                "subjects": rows,
            }
        )
        if format_ == "text":
            _print_imported(imported, rows)
    if format_ == "json":
        print_json(done)
    return worst


def _print_imported(imported: "Imported", rows: list[dict[str, Any]]) -> None:
    count = how_many(len(imported.components), "component")
    new = any(row["new"] for row in rows)
    print_title(f"{imported.file}: {count} imported, {UNSIGNED}" if new else f"{imported.file}: was imported before, {count}")
    for row in rows:
        own = row["digest"] == imported.digest
        print_fact("about", row["name"] or "what has no name")
        print_fact("digest", f"{row['digest']}{' (its own: it names none of what it is about)' if own else ''}")
    print_fact("format", imported.title)


def _subject(text: str) -> "Digest":
    """The digest of what --subject names. Raises NotFound, InputError when it can mean several."""
    from pratique.model import Digest, is_digest

    if is_digest(text):
        return Digest(text)
    home = find_home()
    existing(home, home.catalog_directory, "catalog")
    with open_home_catalog(home) as catalog:
        found = catalog.find_artifacts(text, whole=True) or catalog.find_artifacts(text)
        if not found:
            hint = did_you_mean(catalog.near_artifacts(text)) or "name it by its digest"
            raise NotFound(f"no artifact in the catalog is called {text[:200]!r}", hint=hint)
        return the_one(text, found).digest


def _as_json(row: "SearchRow") -> dict[str, Any]:
    return {
        "component": row.purl,
        "source": row.source,
        "artifact": row.name,
        "digest": row.artifact,
        "locations": list(row.locations),
        "since": iso_time(row.first_seen),
        "imported": row.document,
    }


def _print_rows(rows: "list[SearchRow]") -> None:
    columns = [
        Column("COMPONENT", "purl"),
        Column("ARTIFACT", "name", spare=1),
        Column("DIGEST", "digest"),
        Column("WHERE", "name", spare=2),
        Column("SINCE", "time", spare=4),
    ]
    table = [[row.purl or ITSELF, row.name, row.artifact, ", ".join(row.locations), iso_time(row.first_seen)] for row in rows]
    imported = any(row.document for row in rows)
    if imported or any(row.source for row in rows):  # each has its own place in a pipe
        columns.append(Column("BUILT FROM", "name", spare=5))
        table = [[*line, row.source] for line, row in zip(table, rows, strict=True)]
    if imported:
        columns.append(Column("SAID BY", "name", spare=3))
        said = [f"{row.file}, imported, {UNSIGNED}" if row.document else "" for row in rows]
        table = [[*line, by] for line, by in zip(table, said, strict=True)]
    print_table(columns, table)


def _shown(file: str) -> str:
    return "standard input" if file == "-" else file or "''"


def _err(line: str) -> None:
    from pratique.cli.output import printable

    click.echo(f"pratique: {printable(line)[:2000]}", err=True)
