"""The bill of materials as a person reads it: components, what accounts for the files, and what is not known."""

import sys
from typing import TYPE_CHECKING

import click

from pratique.cli.output import human_size, print_title
from pratique.cli.tables import Column, print_table
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.documents.document import Document
    from pratique.inventory.image_parts import Whole
    from pratique.model import FileManifest, Inventory

_SHOWN_UNKNOWNS = 10
_HEAD = [
    Column("TYPE", "whole", spare=1),
    Column("NAME", "name"),
    Column("VERSION", "whole"),
    Column("LICENCES", spare=2),
]


def print_document(document: "Document") -> None:
    """The components of a document that was there already."""
    from pratique.documents.table import document_rows

    print_table(_HEAD, document_rows(document))


def print_inventory(whole: "Whole", manifest: "FileManifest") -> None:
    """Components and those of each part; on a terminal, what they come to as well."""
    from pratique.lexicon.text import clean, shown_path
    from pratique.model.coverage import cover

    inventory = whole.inventory
    print_table(_HEAD, _rows(inventory))
    for part in whole.parts:
        click.echo()
        print_title(f"{part.inventory.subject.name}: {part.inventory.subject.digest}, manifest {part.root}")
        print_table(_HEAD, _rows(part.inventory))
    if not sys.stdout.isatty():
        return
    counts = f"{how_many(len(inventory.components), 'component')}, {how_many(len(manifest.entries), 'file')}"
    click.echo(f"{counts}, {human_size(manifest.size_bytes)}, manifest {manifest.root}")
    for line in cover(inventory).lines():
        click.echo(line)
    for unknown in inventory.unknowns[:_SHOWN_UNKNOWNS]:
        click.echo(f"unknown: {shown_path(unknown.path) or '/'}: {clean(unknown.reason)}")
    if len(inventory.unknowns) > _SHOWN_UNKNOWNS:
        click.echo(f"and {len(inventory.unknowns) - _SHOWN_UNKNOWNS} more unknowns: they are in the document")


def _rows(inventory: "Inventory") -> list[list[str]]:
    return [[item.type, item.name, item.version, " AND ".join(item.licences)] for item in inventory.components]
