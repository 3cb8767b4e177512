"""`pratique sbom SOURCE` makes a bill of materials; `pratique sbom check SOURCE SBOM` holds one against the bytes."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.cli.home import find_home
from pratique.cli.options import max_entries_option, opened, platform_option, source_argument
from pratique.cli.output import format_option, human_size, print_json, print_table, print_title, progress_display
from pratique.cli.sbom_convert import convert, read_bounded, read_sbom, say_repairs
from pratique.cli.sbom_diff import diff

if TYPE_CHECKING:
    from pratique.model import FileManifest, Inventory
    from pratique.sbom.document import Document
    from pratique.sbom.formats.names import Target


class _DefaultGroup(click.Group):
    """`sbom SOURCE` is short for `sbom make SOURCE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultGroup)
def command() -> None:
    """Make a bill of materials (`sbom SOURCE`), check one against the bytes it is about (`sbom check SOURCE SBOM`), write
    one in another format (`sbom convert IN -o FORMAT`), or say what changed (`sbom diff A B`).

    SOURCE is registry:HOST/NAME:TAG, oci-archive:PATH, oci-dir:PATH, docker-archive:PATH, podman:NAME, dir:PATH, file:PATH,
    or a bare word that is guessed and said.
    """


@command.command()
@source_argument
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[@VERSION][=PATH]",
    help="table (default), cyclonedx-json, cyclonedx-xml, spdx-json, spdx-tag-value, github-json, json; may be repeated.",
)
@click.option(
    "--file", "path", type=click.Path(), help="Write here instead of standard output, with the file manifest beside it."
)
@click.option("--files", is_flag=True, help="List every file in the document, where the format tells files from packages.")
@click.option("--no-cache", is_flag=True, help="Read every layer again, and keep nothing.")
@platform_option
@max_entries_option
def make(
    source: str,
    outputs: tuple[str, ...],
    path: str | None,
    files: bool,
    no_cache: bool,
    platform: str | None,
    max_entries: int | None,
) -> None:
    """Inventory SOURCE and print its bill of materials.

    A file manifest is written beside each SBOM that goes to a file, as PATH.files.json: `sbom check` names single files with
    it. Versions: cyclonedx-json@1.4 to @1.7 (1.6 if none is said), spdx-json@2.3 (default) and @3.0.1.
    """
    from pratique.model import build_manifest
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.time import sbom_time

    wanted = _wanted(outputs, path)
    with opened(source, platform, max_entries) as found, progress_display() as (begin, move):
        begin("inventory")
        inventory = take_inventory(found.artifact, cache=None if no_cache else find_home().cache, progress=move)
    manifest = build_manifest(inventory)
    document: Document | None = None
    for target, place in wanted:
        if target.format == "table" and place is None:
            _print_inventory(inventory, manifest)
            continue
        if target.format == "json":
            from pratique.sbom.formats.native import render_json

            _write(render_json(inventory, manifest), place, manifest)
            continue
        from pratique.cli.sbom_convert import say
        from pratique.sbom.formats.own import document_of
        from pratique.sbom.formats.write import render_document

        if document is None:
            timestamp = sbom_time(inventory, os.environ)
            document = document_of(inventory, timestamp=timestamp, manifest_root=manifest.root, files=files)
        rendered = render_document(document, target, environ=os.environ)
        say(f"{target} cannot say of {source}", rendered.left_out)
        _write(rendered.data, place, manifest)


def _wanted(outputs: tuple[str, ...], path: str | None) -> "list[tuple[Target, str | None]]":
    """Formats and where they go. Two that go to standard output would run into each other."""
    from pratique.errors import InputError
    from pratique.sbom.formats.names import parse_target

    found: list[tuple[Target, str | None]] = []
    for text in outputs or ("table",):
        name, equals, place = text.partition("=")
        if equals and not place:
            raise InputError(f"-o {text[:80]} names no file")
        found.append((parse_target(name), place or path))
    places = [place for _, place in found]
    if len(set(places)) < len(places):
        raise InputError("several formats would go to the same place", hint="give each a file: -o FORMAT=PATH")
    return found


def _print_inventory(inventory: "Inventory", manifest: "FileManifest") -> None:
    rows = [[item.type, item.name, item.version, " AND ".join(item.licences)] for item in inventory.components]
    print_table(["TYPE", "NAME", "VERSION", "LICENCES"], rows)
    if sys.stdout.isatty():
        size = human_size(manifest.size_bytes)
        click.echo(f"{len(rows)} components, {len(manifest.entries):,} files, {size}, manifest {manifest.root}")


def _write(data: bytes, path: str | None, manifest: "FileManifest") -> None:
    """To standard output, or to a file with the file manifest beside it."""
    from pratique.files import write_atomic
    from pratique.model import manifest_predicate

    if path is None:
        click.echo(data, nl=not data.endswith(b"\n"))
        return
    write_atomic(Path(f"{path}.files.json"), json.dumps(manifest_predicate(manifest), separators=(",", ":")).encode())
    write_atomic(Path(path), data.rstrip(b"\n") + b"\n")


@command.command()
@source_argument
@click.argument("sbom", type=click.Path())
@click.option("--manifest", "manifest_path", type=click.Path(), help="The file manifest; default SBOM.files.json if it is there.")
@click.option("--lenient", is_flag=True, help="Read an SBOM with errors, without what is wrong in it.")
@platform_option
@format_option
def check(source: str, sbom: str, manifest_path: str | None, lenient: bool, platform: str | None, format_: str) -> int:
    """Does SBOM, in any format that is read, describe exactly the bytes of SOURCE?

    Exit code 1 and every difference by name if not.
    """
    from pratique.errors import Malformed
    from pratique.model import parse_manifest
    from pratique.sbom.check import check_sbom
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.stated import stated_by

    reading = read_sbom(sbom, lenient=lenient)
    say_repairs(sbom, reading)
    parsed = stated_by(reading.document)
    beside = Path(manifest_path or f"{sbom}.files.json")
    manifest = None
    if manifest_path or beside.exists():
        try:
            document: Any = json.loads(read_bounded(beside))
        except (ValueError, RecursionError) as error:
            raise Malformed("not JSON", where=str(beside)) from error
        if not isinstance(document, dict):
            raise Malformed("not a file manifest", where=str(beside))
        manifest = parse_manifest(document)
    with opened(source, platform) as found, progress_display() as (begin, move):
        begin("inventory")
        # Without the cache: the question is about the bytes that are there now.
        inventory = take_inventory(found.artifact, cache=None, progress=move)
    findings = check_sbom(inventory, parsed, manifest)
    if format_ == "json":
        print_json([{"kind": item.kind, "place": item.place, "detail": item.detail} for item in findings])
    elif findings:
        print_title(f"{sbom} does not describe {inventory.subject.name}: {len(findings)} differences")
        print_table(["DIFFERENCE", "PLACE", "DETAIL"], [[item.kind, item.place, item.detail] for item in findings])
    else:
        files = len(inventory.tree.entries)
        click.secho(f"{sbom} describes exactly {inventory.subject.name}: ", nl=False)
        click.echo(f"{len(inventory.components)} components, {files:,} files, {inventory.subject.digest}")
    return 1 if findings else 0


command.add_command(convert)
command.add_command(diff)
