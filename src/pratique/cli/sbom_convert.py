"""`pratique sbom convert`: a bill of materials of any tool in another format, and by name what that format cannot say."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.cli.commands import Command
from pratique.cli.output import format_option, printable
from pratique.cli.sbom_outputs import OUTPUT, one_output, write_rendered
from pratique.cli.voice import VOICE, say

if TYPE_CHECKING:
    from pratique.documents.read import Reading
    from pratique.documents.shape import Problem

SHOWN = 20


@click.command(cls=Command)
@click.argument("document", metavar="IN", type=click.Path())
@click.option("-o", "--output", required=True, metavar=OUTPUT, help="The format to write, and the file; default standard output.")
@click.option("--file", "path", type=click.Path(), help="The same as -o FORMAT=PATH.")
@click.option("--lenient", is_flag=True, help="Read a document with errors, without what is wrong in it.")
@click.option("--cpe", is_flag=True, help="Guess CPE names for components that have none, marked as guesses.")
@format_option
def convert(document: str, output: str, path: str | None, lenient: bool, cpe: bool, format_: str) -> None:
    """Write the bill of materials IN (- for standard input) in another format.

    IN is CycloneDX 1.0 to 1.7 (JSON, XML), SPDX 2.1 to 2.3 (JSON, tag-value) or 3.0 (JSON), Pratique's own JSON, syft's,
    trivy's, or a snapshot of GitHub's, recognised by its content.
    What the other format cannot say is listed on standard error; with --format json, as one JSON document.
    """
    from pratique.documents.write import render_document

    wanted, place = one_output(output, path)
    reading = read_sbom(document, lenient=lenient)
    value = reading.document
    if cpe:
        from pratique.documents.guessed_cpes import with_guessed_cpes

        value = with_guessed_cpes(value)
    rendered = render_document(value, wanted, environ=os.environ)
    write_rendered(value, rendered, wanted, place)
    if format_ == "json":
        lists = (("repaired", reading.repaired), ("passed_over", reading.passed_over), ("left_out", rendered.left_out))
        report = {name: [{"place": one.pointer, "reason": one.reason} for one in found] for name, found in lists}
        click.echo(json.dumps({"read": reading.title, "written": str(wanted), **report}, sort_keys=True), err=True)
        return
    say_repairs(document, reading)
    say_problems(f"{wanted} cannot say of {document}", rendered.left_out)


def read_sbom(path: str, *, lenient: bool = False) -> "Reading":
    """The document at a path, `-` for standard input. Raises NotFound, InputError, Malformed with the path."""
    return parse_sbom(path, sbom_bytes(path), lenient=lenient)


def sbom_bytes(path: str) -> bytes:
    """The bytes at a path, `-` for standard input, if they are not too many to be read. Raises NotFound, InputError."""
    from pratique.documents.read import MAX_BYTES
    from pratique.files import read_limited

    return sys.stdin.buffer.read(MAX_BYTES + 1) if path == "-" else read_limited(Path(path), MAX_BYTES)


def parse_sbom(path: str, data: bytes, *, lenient: bool = False) -> "Reading":
    """The document that the bytes at a path are. Raises Malformed with the path."""
    from pratique.documents.read import read_document
    from pratique.errors import PratiqueError

    try:
        return read_document(data, lenient=lenient)
    except PratiqueError as error:
        error.where = error.where or ("standard input" if path == "-" else path)
        raise


def say_repairs(path: str, reading: "Reading") -> None:
    """What was taken out of a document with errors, and what was passed over."""
    say_problems(f"{path} is {reading.title} with errors, read without", reading.repaired)
    say_problems(f"{path} has extensions that were passed over", reading.passed_over)


def say_problems(heading: str, problems: "Sequence[Problem]") -> None:
    """A short list on standard error; nothing for an empty one."""
    if not problems or VOICE.quiet:
        return
    say(f"{printable(heading)}:")
    for one in problems[:SHOWN]:
        click.echo(f"  {printable(str(one))}", err=True)
    if len(problems) > SHOWN:
        click.echo(f"  and {len(problems) - SHOWN} more (--format json names all)", err=True)
