"""`pratique sbom diff`: what changed between two artifacts, two bills of materials, or one of each."""

from typing import TYPE_CHECKING

import click

from pratique.cli.options import platform_option
from pratique.cli.output import markdown_cell, print_json, print_table
from pratique.cli.sbom_side import load_side

if TYPE_CHECKING:
    from pratique.documents.diff import Difference, Differences

_SHOWN_IN_MARKDOWN = 200


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--format", "format_", type=click.Choice(["table", "json", "markdown"]), default="table", help="Default: table.")
@click.option("--exit-code", "by_code", is_flag=True, help="Exit with 1 when they differ.")
@platform_option
def diff(before: str, after: str, format_: str, by_code: bool, platform: str | None) -> int:
    """What changed from A to B: each a bill of materials in any format that is read, or a SOURCE to inventory.

    A word with no scheme before it that names a file is read as a bill of materials; file:PATH inventories it. Files are compared
    where both sides have them: a SOURCE, a document that lists files, or one with its PATH.files.json beside it.
    """
    from pratique.documents.diff import compare

    one, other = load_side(before, platform), load_side(after, platform)
    found = compare(one.document, other.document, one.files, other.files)
    if format_ == "json":
        print_json(_as_json(found))
    elif format_ == "markdown":
        click.echo(_as_markdown(found))
    else:
        _print(found)
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


def _print(found: "Differences") -> None:
    rows = [[one.change, one.name, one.before, one.after] for one in (*found.components, *(found.files or ()))]
    if rows:
        print_table(["CHANGE", "NAME", "BEFORE", "AFTER"], rows)
    else:
        click.echo("no differences")
    for line in _remarks(found):
        click.echo(f"pratique: {line}", err=True)


def _remarks(found: "Differences") -> list[str]:
    if found.files is None:
        return ["files were not compared: not both sides list them"]
    if found.incomparable:
        return [f"{len(found.incomparable)} files could not be compared: their digests are of different algorithms"]
    return []


def _as_markdown(found: "Differences") -> str:
    lines: list[str] = []
    for title, differences in (("Components", found.components), ("Files", found.files or ())):
        if differences:
            lines += [
                f"### {title}: {len(differences)} differences",
                "",
                "| Change | Name | Before | After |",
                "|---|---|---|---|",
            ]
            for one in differences[:_SHOWN_IN_MARKDOWN]:
                cells = " | ".join(markdown_cell(text) for text in (one.name, one.before, one.after))
                lines.append(f"| {one.change} | {cells} |")
            if len(differences) > _SHOWN_IN_MARKDOWN:
                lines += ["", f"and {len(differences) - _SHOWN_IN_MARKDOWN} more"]
            lines.append("")
    return "\n".join([*(lines or ["No differences.", ""]), *(f"_{line}_" for line in _remarks(found))]).rstrip()
