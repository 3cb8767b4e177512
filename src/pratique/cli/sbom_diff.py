"""`pratique sbom diff`: what changed between two artifacts, two bills of materials, or one of each."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from pratique.cli.commands import Command
from pratique.cli.options import platform_option
from pratique.cli.output import markdown_cell, print_json
from pratique.cli.sbom_side import load_side
from pratique.cli.tables import Column, print_table
from pratique.cli.voice import say
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.documents.diff import Difference, Differences

_MAX_MARKDOWN = 59_000  # bytes of rows
_FEW_FILES = 20
_STEPS = 3  # of a path, by which files are summed up


@click.command(cls=Command)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--format", "format_", type=click.Choice(["table", "json", "markdown"]), default="table", help="Default: table.")
@click.option("--files", "all_files", is_flag=True, help="Name every file that differs, not only how many do by folder.")
@click.option("--exit-code", "by_code", is_flag=True, help="Exit with 1 when they differ.")
@platform_option
def diff(before: str, after: str, format_: str, all_files: bool, by_code: bool, platform: str | None) -> int:
    """What changed from A to B: each a bill of materials in any format that is read, or a SOURCE to inventory.

    A word with no scheme before it that names a file is read as a bill of materials; file:PATH inventories it. Files are compared
    where both sides have them: a SOURCE, a document that lists files, or one with its PATH.files.json beside it. Components come
    first, then files: more than twenty are summed up by folder, unless --files asks for all; JSON has all of them always.
    """
    from pratique.documents.diff import compare

    one, other = load_side(before, platform), load_side(after, platform)
    found = compare(one.document, other.document, one.files, other.files)
    if format_ == "json":
        print_json(_as_json(found))
    elif format_ == "markdown":
        click.echo(_as_markdown(found, all_files))
    else:
        _print(found, all_files)
    return 1 if by_code and found else 0


def _as_json(found: "Differences") -> dict[str, object]:
    def rows(differences: "tuple[Difference, ...]") -> list[dict[str, str]]:
        return [{"change": one.change, "name": one.name, "before": one.before, "after": one.after} for one in differences]

    files = None if found.files is None else rows(found.files)
    return {
        "differ": bool(found),
        "components": rows(found.components),
        "files": files,
        "incomparable_files": list(found.incomparable),
    }


def _print(found: "Differences", all_files: bool) -> None:
    rows = [[one.change, one.name, one.before, one.after] for one in found.components]
    rows += _file_rows(found, all_files)
    if rows:
        print_table([Column("CHANGE", "whole"), Column("NAME", "purl"), "BEFORE", "AFTER"], rows)
    else:
        click.echo("no differences")
    for line in _remarks(found):
        say(line)


def _remarks(found: "Differences") -> list[str]:
    if found.files is None:
        return ["files were not compared: not both sides list them"]
    if found.incomparable:
        return [f"{how_many(len(found.incomparable), 'file')} could not be compared: the digests are of different algorithms"]
    return []


def _file_rows(found: "Differences", all_files: bool) -> list[list[str]]:
    """A row for each file, or for each folder of them where they are many."""
    files = found.files or ()
    if all_files or len(files) <= _FEW_FILES:
        return [[one.change, one.name, one.before, one.after] for one in files]
    counts = Counter((one.change, _folder(one.name)) for one in files)
    rows = sorted(counts.items(), key=lambda row: (row[0][1], row[0][0]))
    return [[change, f"{folder}/", "", f"{number} {'file' if number == 1 else 'files'}"] for (change, folder), number in rows]


def _folder(path: str) -> str:
    return "/".join(path.split("/")[:-1][:_STEPS]) or "."


def _as_markdown(found: "Differences", all_files: bool) -> str:
    """At most 60 kB, since that is what a comment on a pull request holds."""
    lines: list[str] = []
    room = _MAX_MARKDOWN
    components = [[one.change, one.name, one.before, one.after] for one in found.components]
    for title, count, rows in (
        ("Components", len(components), components),
        ("Files", len(found.files or ()), _file_rows(found, all_files)),
    ):
        if rows:
            table = [
                f"### {title}: {how_many(count, 'difference')}",
                "",
                "| Change | Name | Before | After |",
                "|---|---|---|---|",
            ]
            shown = 0
            for row in rows:
                line = f"| {row[0]} | {' | '.join(markdown_cell(text) for text in row[1:])} |"
                room -= len(line.encode()) + 1
                if room < 0:
                    break
                table.append(line)
                shown += 1
            if shown < len(rows):
                table += ["", f"and {len(rows) - shown} more"]
            lines += [*table, ""]
    return "\n".join([*(lines or ["No differences.", ""]), *(f"_{line}_" for line in _remarks(found))]).rstrip()
