"""`pratique sbom merge`: one bill of materials of a product from those of its parts, and by name where they disagree."""

import hashlib
import json
import os
from typing import TYPE_CHECKING

import click

from pratique.cli.commands import Command
from pratique.cli.options import author_option, supplier_option
from pratique.cli.output import format_option, printable
from pratique.cli.sbom_convert import SHOWN, parse_sbom, say_problems, say_repairs, sbom_bytes
from pratique.cli.sbom_outputs import OUTPUT, one_output, write_rendered
from pratique.cli.tables import Column, print_table
from pratique.cli.voice import VOICE, say
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.documents.document import Family, Party
    from pratique.documents.merge.merge import Merged
    from pratique.documents.merge.parts import Conflict, StatedValue
    from pratique.documents.names import OutputTarget
    from pratique.documents.read import Reading

_WIDTH = 60
_HEADINGS: list[Column | str] = [
    "CONFLICT",
    Column("COMPONENT", "name"),
    "KEPT",
    Column("IN", "name"),
    "ALSO SAID",
    Column("IN", "name"),
]


@click.command(cls=Command)
@click.argument("documents", metavar="A B…", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", required=True, metavar=OUTPUT, help="The format to write, and the file; default standard output.")
@click.option("--name", default="", help="What the whole is called; made of the names of the parts where it is not given.")
@click.option("--version", default="", help="Its version.")
@supplier_option
@author_option
@click.option("--file", "path", type=click.Path(), help="The same as -o FORMAT=PATH.")
@click.option("--lenient", is_flag=True, help="Read documents with errors, without what is wrong in them.")
@format_option
def merge(
    documents: tuple[str, ...],
    output: str,
    name: str,
    version: str,
    supplier: "Party | None",
    authors: "tuple[Party, ...]",
    path: str | None,
    lenient: bool,
    format_: str,
) -> None:
    """One bill of materials of a product from those of its parts: A, B and so on, in any formats that are read.

    The product contains what each document is about, with the document's digest, and depends on it. Without --name, documents
    that are all about one thing become one about that thing. One document alone is allowed; - is standard input.

    Components whose package URLs name one package are one, however they are spelled, as are those without one of the same kind,
    name, version and hashes; what states neither version nor hash stays for itself. Where documents disagree, the word of the
    first one given stands; what others say is kept beside it, in properties named pratique:conflict:…, and listed on standard
    error, as is what has no place
    in the format. With --format json the lists are one JSON document.
    """
    from pratique.documents.epoch import stated_epoch
    from pratique.documents.merge.merge import Input, merge_documents
    from pratique.documents.naming import Naming, named
    from pratique.documents.write import render_document
    from pratique.errors import InputError

    wanted, place = one_output(output, path)
    epoch = stated_epoch(os.environ)
    if version and not name:
        raise InputError("--version without --name", hint="a version is one of something: give its name")
    if not (name + version).isprintable():
        raise InputError("--name or --version has characters that do not print")
    if documents.count("-") > 1:
        raise InputError("standard input can be read only once")
    inputs: list[Input] = []
    readings: list[Reading] = []
    for one in documents:
        data = sbom_bytes(one)
        readings.append(parse_sbom(one, data, lenient=lenient))
        # SPDX 2 knows other documents by their SHA-1.
        sha256, sha1 = hashlib.sha256(data).hexdigest(), hashlib.sha1(data, usedforsecurity=False).hexdigest()
        inputs.append(Input(document=readings[-1].document, sha256=sha256, sha1=sha1, label=_label(one)))
    merged = merge_documents(inputs, family=_family(wanted), name=name, version=version, epoch=epoch)
    document = named(merged.document, Naming(supplier=supplier, authors=authors))
    rendered = render_document(document, wanted, environ=os.environ)
    write_rendered(document, rendered, wanted, place)
    left_out = (*merged.left_out, *rendered.left_out)
    if format_ == "json":
        repeated = [documents[number] for number in merged.repeated]
        report = {
            "written": str(wanted),
            "read": [_read(one, reading) for one, reading in zip(documents, readings, strict=True)],
            "repeated": repeated,
            "conflicts": [_as_json(one, documents) for one in merged.conflicts],
            "left_out": [{"place": one.pointer, "reason": one.reason} for one in left_out],
        }
        click.echo(json.dumps(report, sort_keys=True), err=True)
        return
    for one, reading in zip(documents, readings, strict=True):
        say_repairs(one, reading)
    for number in merged.repeated:
        say(f"{printable(documents[number])} is byte for byte a document given before: it counts once")
    _say_conflicts(merged, documents)
    say_problems(f"has no place in {wanted}", left_out)


def _label(path: str) -> str:
    return "standard input" if path == "-" else path


def _family(wanted: "OutputTarget") -> "Family | None":
    """Whose words can be said in that format; None where it has none of its own."""
    from pratique.documents.document import Family

    if wanted.format.startswith("cyclonedx"):
        return Family.CYCLONEDX
    if wanted.format.startswith("spdx"):
        return Family.SPDX3 if wanted.version >= "3" else Family.SPDX2
    return None


def _read(path: str, reading: "Reading") -> dict[str, object]:
    lists = (("repaired", reading.repaired), ("passed_over", reading.passed_over))
    problems = {name: [{"place": one.pointer, "reason": one.reason} for one in found] for name, found in lists}
    return {"document": path, "title": reading.title, **problems}


def _as_json(one: "Conflict", documents: tuple[str, ...]) -> dict[str, object]:
    def said(value: "StatedValue") -> dict[str, object]:
        return {"value": value.value, "in": [documents[number] for number in value.by if number >= 0]}

    return {
        "component": one.component,
        "field": one.field,
        "kept": said(one.kept),
        "others": [said(other) for other in one.others],
    }


def _say_conflicts(merged: "Merged", documents: tuple[str, ...]) -> None:
    """A short table on standard error; nothing where there are none."""
    if not merged.conflicts or VOICE.quiet:
        return
    count = len(merged.conflicts)
    say(f"the documents disagree in {how_many(count, 'place')}; the first one's word stands:")
    rows = [
        [
            one.field,
            one.component,
            _short(one.kept.value),
            _names(one.kept, documents),
            _short(other.value),
            _names(other, documents),
        ]
        for one in merged.conflicts[:SHOWN]
        for other in one.others
    ]
    print_table(_HEADINGS, rows, err=True)
    if count > SHOWN:
        click.echo(f"  and {count - SHOWN} more (--format json names all)", err=True)


def _names(said: "StatedValue", documents: tuple[str, ...]) -> str:
    return ", ".join(documents[number] for number in said.by if number >= 0)


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
