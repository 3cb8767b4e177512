"""`pratique sbom diff`: what changed between two artifacts, two bills of materials, or one of each."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.cli.home import find_home
from pratique.cli.options import opened, platform_option
from pratique.cli.output import print_json, print_table, printable, progress_display
from pratique.cli.sbom_convert import read_bounded, read_sbom, say_repairs

if TYPE_CHECKING:
    from pratique.sbom.diff import Difference, Differences, Files
    from pratique.sbom.document import Document

_SHOWN_IN_MARKDOWN = 200


@dataclass(frozen=True, slots=True)
class _Side:
    document: "Document"
    files: "Files | None"


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
    from pratique.sbom.diff import compare

    one, other = _side(before, platform), _side(after, platform)
    found = compare(one.document, other.document, one.files, other.files)
    if format_ == "json":
        print_json(_as_json(found))
    elif format_ == "markdown":
        click.echo(_as_markdown(found))
    else:
        _print(found)
    return 1 if by_code and found else 0


def _side(place: str, platform: str | None) -> _Side:
    from pratique.sbom.diff import files_of

    if Path(place).is_file():
        reading = read_sbom(place)
        say_repairs(place, reading)
        beside = Path(f"{place}.files.json")
        return _Side(reading.document, _manifest_files(beside) if beside.exists() else files_of(reading.document))
    from pratique.model import build_manifest
    from pratique.sbom.formats.own import document_of
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.time import sbom_time

    with opened(place, platform) as found, progress_display() as (begin, move):
        begin("inventory")
        inventory = take_inventory(found.artifact, cache=find_home().cache, progress=move)
    root = build_manifest(inventory).root
    document = document_of(inventory, timestamp=sbom_time(inventory, os.environ), manifest_root=root, files=True)
    # An artifact without files is known to have none.
    return _Side(document, files_of(document) or {})


def _manifest_files(path: Path) -> "Files":
    from pratique.errors import Malformed
    from pratique.model import Kind, parse_manifest
    from pratique.sbom.text import shown_path

    try:
        value = json.loads(read_bounded(path))
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON", where=str(path)) from error
    if not isinstance(value, dict):
        raise Malformed("not a file manifest", where=str(path))
    entries = parse_manifest(value).entries
    return {shown_path(one.path): {"sha256": one.sha256} for one in entries if one.kind is Kind.FILE and one.sha256}


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
                lines.append(f"| {one.change} | {_cell(one.name)} | {_cell(one.before)} | {_cell(one.after)} |")
            if len(differences) > _SHOWN_IN_MARKDOWN:
                lines += ["", f"and {len(differences) - _SHOWN_IN_MARKDOWN} more"]
            lines.append("")
    return "\n".join([*(lines or ["No differences.", ""]), *(f"_{line}_" for line in _remarks(found))]).rstrip()


def _cell(text: str) -> str:
    """As code, so that no foreign name can be markup; what would end the cell or the code is replaced."""
    shown = printable(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else ""
