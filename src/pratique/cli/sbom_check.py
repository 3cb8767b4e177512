"""`pratique sbom check SOURCE SBOM`: does this SBOM, or the part of it that is about SOURCE, describe exactly these bytes?"""

import json
from pathlib import Path
from typing import Any

import click

from pratique.app.sources import opened
from pratique.cli.commands import Command
from pratique.cli.options import platform_option, source_argument
from pratique.cli.output import format_option, print_json, print_title, progress_display
from pratique.cli.sbom_convert import read_sbom, say_repairs
from pratique.cli.tables import Column, print_table
from pratique.cli.unread import say_chosen
from pratique.cli.voice import say
from pratique.lexicon.text import how_many


@click.command(cls=Command)
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
    from pratique.documents.check import check_sbom
    from pratique.documents.claims import stated_by
    from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
    from pratique.documents.nesting import extract_part, without_parts
    from pratique.documents.read import MAX_BYTES
    from pratique.errors import Malformed
    from pratique.files import read_limited
    from pratique.inventory.production import without_development
    from pratique.inventory.scan import take_inventory
    from pratique.model import LEFT_OUT, parse_manifest

    reading = read_sbom(sbom, lenient=lenient)
    say_repairs(sbom, reading)
    beside = Path(manifest_path or f"{sbom}.files.json")
    manifest = None
    if manifest_path or beside.exists():
        try:
            document: Any = json.loads(read_limited(beside, MAX_BYTES))
        except (ValueError, RecursionError) as error:
            raise Malformed("not JSON", where=str(beside)) from error
        if not isinstance(document, dict):
            raise Malformed("not a file manifest", where=str(beside))
        manifest = parse_manifest(document)
    with opened(source, platform, say=say) as found, progress_display() as (begin, move):
        say_chosen(found)
        begin("inventory")
        # Without the cache: the question is about the bytes that are there now.
        inventory = take_inventory(found.artifact, cache=None, progress=move)
    part = extract_part(reading.document, inventory.subject.digest)
    if part is not None:
        manifest = None  # it is the whole's, and says nothing of the part's files
    stated = part or without_parts(reading.document)
    if stated.subject is not None and stated.subject.property(OWN_PREFIX + LEFT_OUT):
        inventory = without_development(inventory)
    parsed = stated_by(stated)
    findings = check_sbom(inventory, parsed, manifest)
    if format_ == "json":
        print_json([{"kind": item.kind, "place": item.place, "detail": item.detail} for item in findings])
    elif findings:
        print_title(f"{sbom} does not describe {inventory.subject.name}: {how_many(len(findings), 'difference')}")
        print_table(
            [Column("DIFFERENCE", "whole"), Column("PLACE", "purl"), "DETAIL"],
            [[item.kind, item.place, item.detail] for item in findings],
        )
    else:
        files = len(inventory.tree.entries)
        click.secho(f"{sbom} describes exactly {inventory.subject.name}: ", nl=False)
        click.echo(f"{how_many(len(inventory.components), 'component')}, {how_many(files, 'file')}, {inventory.subject.digest}")
    return 1 if findings else 0
