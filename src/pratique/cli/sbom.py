"""`pratique sbom SOURCE` makes a bill of materials; `pratique sbom check SOURCE SBOM` holds one against the bytes."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from pratique.cli.home import find_home
from pratique.cli.options import max_entries_option, opened, platform_option, source_argument
from pratique.cli.output import format_option, human_size, print_json, print_table, print_title, progress_display

_SHOWN_UNKNOWNS = 10


class _DefaultGroup(click.Group):
    """`sbom SOURCE` is short for `sbom make SOURCE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultGroup)
def command() -> None:
    """Make a bill of materials (`sbom SOURCE`), or check one against the bytes it is about (`sbom check SOURCE SBOM`).

    SOURCE is registry:HOST/NAME:TAG, oci-archive:PATH, oci-dir:PATH, docker-archive:PATH, podman:NAME, dir:PATH, file:PATH,
    or a bare word that is guessed and said.
    """


@command.command()
@source_argument
@click.option(
    "-o", "--output", "format_", type=click.Choice(["table", "cyclonedx-json", "json"]), default="table", show_default=True
)
@click.option(
    "--file", "path", type=click.Path(), help="Write here instead of standard output, with the file manifest beside it."
)
@click.option("--no-cache", is_flag=True, help="Read every layer again, and keep nothing.")
@platform_option
@max_entries_option
def make(source: str, format_: str, path: str | None, no_cache: bool, platform: str | None, max_entries: int | None) -> None:
    """Inventory SOURCE and print its bill of materials.

    With --file SBOM the file manifest is written to SBOM.files.json: `sbom check` names single files with it.
    """
    from pratique.files import write_atomic
    from pratique.model import build_manifest, manifest_predicate
    from pratique.sbom.coverage import cover
    from pratique.sbom.formats.cyclonedx import render_cyclonedx
    from pratique.sbom.formats.native import render_json
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.text import clean, shown_path
    from pratique.sbom.time import sbom_time

    with opened(source, platform, max_entries) as found, progress_display() as (begin, move):
        begin("inventory")
        inventory = take_inventory(found.artifact, cache=None if no_cache else find_home().cache, progress=move)
    manifest = build_manifest(inventory)
    if format_ == "table":
        rows = [[item.type, item.name, item.version, " AND ".join(item.licences)] for item in inventory.components]
        print_table(["TYPE", "NAME", "VERSION", "LICENCES"], rows)
        if sys.stdout.isatty():
            size = human_size(manifest.size_bytes)
            click.echo(f"{len(rows)} components, {len(manifest.entries):,} files, {size}, manifest {manifest.root}")
            for line in cover(inventory).lines():
                click.echo(line)
            for unknown in inventory.unknowns[:_SHOWN_UNKNOWNS]:
                click.echo(f"unknown: {shown_path(unknown.path) or '/'}: {clean(unknown.reason)}")
            if len(inventory.unknowns) > _SHOWN_UNKNOWNS:
                click.echo(f"and {len(inventory.unknowns) - _SHOWN_UNKNOWNS} more unknowns: they are in the document")
        return
    if format_ == "json":
        data = render_json(inventory, manifest)
    else:
        data = render_cyclonedx(inventory, timestamp=sbom_time(inventory, os.environ), manifest_root=manifest.root)
    if path is None:
        click.echo(data)
        return
    write_atomic(Path(f"{path}.files.json"), json.dumps(manifest_predicate(manifest), separators=(",", ":")).encode())
    write_atomic(Path(path), data + b"\n")


@command.command()
@source_argument
@click.argument("sbom", type=click.Path())
@click.option("--manifest", "manifest_path", type=click.Path(), help="The file manifest; default SBOM.files.json if it is there.")
@platform_option
@format_option
def check(source: str, sbom: str, manifest_path: str | None, platform: str | None, format_: str) -> int:
    """Does SBOM describe exactly the bytes of SOURCE? Exit code 1 and every difference by name if not."""
    from pratique.errors import Malformed
    from pratique.model import parse_manifest
    from pratique.sbom.check import check_sbom
    from pratique.sbom.formats.cyclonedx import parse_cyclonedx
    from pratique.sbom.inventory import take_inventory

    parsed = parse_cyclonedx(read_bounded(Path(sbom)))
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


def read_bounded(path: Path, limit: int = 256 << 20) -> bytes:
    """A foreign file, if it is not larger than `limit` bytes. Raises NotFound, InputError, LimitExceeded."""
    from pratique.errors import InputError, LimitExceeded, NotFound

    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise NotFound("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
    if len(data) > limit:
        raise LimitExceeded(f"more than {limit} bytes", where=str(path))
    return data
