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

_SHOWN_UNKNOWNS = 10
if TYPE_CHECKING:
    from pratique.model import Inventory
    from pratique.sbom.parts import Whole


class _DefaultGroup(click.Group):
    """`sbom SOURCE` is short for `sbom make SOURCE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultGroup)
def command() -> None:
    """Make a bill of materials (`sbom SOURCE`), or check one against the bytes it is about (`sbom check SOURCE SBOM`).

    SOURCE is registry:HOST/NAME:TAG, oci-archive:PATH, oci-dir:PATH, docker-archive:PATH, podman:NAME, docker:NAME,
    containerd:NAME, chart:PATH, manifests:PATH, dir:PATH, file:PATH, or a bare word that is guessed and said.
    """


@command.command()
@source_argument
@click.option(
    "-o", "--output", "format_", type=click.Choice(["table", "cyclonedx-json", "json"]), default="table", show_default=True
)
@click.option(
    "--file", "path", type=click.Path(), help="Write here instead of standard output, with the file manifest beside it."
)
@click.option("--images", is_flag=True, help="Fetch the images that a chart or manifests name, and list what is in each.")
@click.option("--no-cache", is_flag=True, help="Read every layer again, and keep nothing.")
@platform_option
@max_entries_option
def make(
    source: str,
    format_: str,
    path: str | None,
    images: bool,
    no_cache: bool,
    platform: str | None,
    max_entries: int | None,
) -> int:
    """Inventory SOURCE and print its bill of materials.

    With --file SBOM the file manifest is written to SBOM.files.json: `sbom check` names single files with it. With --images
    each image is a part of its own: `sbom check IMAGE SBOM` holds it against its part. Exit code 3 when one could not be fetched.
    """
    from pratique.files import write_atomic
    from pratique.model import build_manifest, manifest_predicate
    from pratique.sbom.coverage import cover
    from pratique.sbom.formats.cyclonedx import render_cyclonedx
    from pratique.sbom.formats.cyclonedx_parts import embed_parts
    from pratique.sbom.formats.native import render_json
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.parts import Whole
    from pratique.sbom.text import clean, shown_path
    from pratique.sbom.time import sbom_time

    cache = None if no_cache else find_home().cache
    # A chart has no platform, its images have.
    with opened(source, None if images else platform, max_entries) as found, progress_display() as (begin, move):
        begin("inventory")
        inventory = take_inventory(found.artifact, cache=cache, progress=move)
    whole = _with_images(inventory, platform, cache) if images else Whole(inventory=inventory, parts=(), failed=())
    inventory = whole.inventory
    manifest = build_manifest(inventory)
    code = 3 if whole.failed else 0
    if format_ == "table":
        rows = [[item.type, item.name, item.version, " AND ".join(item.licences)] for item in inventory.components]
        print_table(["TYPE", "NAME", "VERSION", "LICENCES"], rows)
        for part in whole.parts:
            click.echo()
            print_title(f"{part.inventory.subject.name}: {part.inventory.subject.digest}, manifest {part.root}")
            inner = [[one.type, one.name, one.version, " AND ".join(one.licences)] for one in part.inventory.components]
            print_table(["TYPE", "NAME", "VERSION", "LICENCES"], inner)
        if sys.stdout.isatty():
            size = human_size(manifest.size_bytes)
            click.echo(f"{len(rows)} components, {len(manifest.entries):,} files, {size}, manifest {manifest.root}")
            for line in cover(inventory).lines():
                click.echo(line)
            for unknown in inventory.unknowns[:_SHOWN_UNKNOWNS]:
                click.echo(f"unknown: {shown_path(unknown.path) or '/'}: {clean(unknown.reason)}")
            if len(inventory.unknowns) > _SHOWN_UNKNOWNS:
                click.echo(f"and {len(inventory.unknowns) - _SHOWN_UNKNOWNS} more unknowns: they are in the document")
        return code
    if format_ == "json":
        data = render_json(inventory, manifest)
        if whole.parts:
            inner_json = {
                part.ref: json.loads(render_json(part.inventory, build_manifest(part.inventory))) for part in whole.parts
            }
            document = {**json.loads(data), "parts": inner_json}
            data = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    else:
        data = render_cyclonedx(inventory, timestamp=sbom_time(inventory, os.environ), manifest_root=manifest.root)
        nested = {part.ref: render_cyclonedx(part.inventory, timestamp=None, manifest_root=part.root) for part in whole.parts}
        data = embed_parts(data, nested) if nested else data
    if path is None:
        click.echo(data)
        return code
    write_atomic(Path(f"{path}.files.json"), json.dumps(manifest_predicate(manifest), separators=(",", ":")).encode())
    write_atomic(Path(path), data + b"\n")
    return code


def _with_images(inventory: "Inventory", platform: str | None, cache: Path | None) -> "Whole":
    """The inventory with the images that it names, fetched from their registries one after the other."""
    from pratique.artifact.open import open_artifact
    from pratique.artifact.source import Source
    from pratique.sbom.inventory import take_inventory
    from pratique.sbom.parts import fetch_parts

    with progress_display() as (begin, move):

        def fetch(reference: str) -> "Inventory":
            begin(reference)
            with open_artifact(Source("registry", reference), platform=platform) as artifact:
                return take_inventory(artifact, cache=cache, progress=move)

        whole = fetch_parts(inventory, fetch)
    for reference, error in whole.failed:
        click.echo(f"pratique: {reference} could not be fetched: {error}", err=True)
    return whole


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
    from pratique.sbom.formats.cyclonedx import parse_cyclonedx, read_cyclonedx
    from pratique.sbom.formats.cyclonedx_parts import extract_part, without_parts
    from pratique.sbom.inventory import take_inventory

    data = read_bounded(Path(sbom))
    parsed = parse_cyclonedx(data)
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
    whole = json.loads(data)
    part = extract_part(whole, str(inventory.subject.digest))
    parsed, manifest = (read_cyclonedx(part), None) if part else (read_cyclonedx(without_parts(whole)), manifest)
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
