"""A bill of materials that is given as a document, or made of a SOURCE: what several commands take either of."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.app.home import find_home
from pratique.app.sources import opened
from pratique.cli.output import progress_display
from pratique.cli.sbom_convert import read_bounded, read_sbom, say_repairs
from pratique.cli.unread import say_chosen, say_what_is_not_known
from pratique.cli.voice import say

if TYPE_CHECKING:
    from pratique.documents.diff import Files
    from pratique.documents.document import Document
    from pratique.documents.read import Reading


@dataclass(frozen=True, slots=True)
class DiffSide:
    """A document, and the digests of the files it is about; None where nothing says which there are."""

    document: "Document"
    files: "Files | None"


def load_side(place: str, platform: str | None) -> DiffSide:
    """The document in a file, or the inventory of a SOURCE. A word with no scheme that names a file is a document."""
    from pratique.documents.diff import files_of

    reading = load_reading(place)
    if reading is not None:
        beside = Path(f"{place}.files.json")
        return DiffSide(reading.document, _manifest_files(beside) if beside.exists() else files_of(reading.document))
    document = scan(place, platform, files=True)
    # An artifact without files is known to have none.
    return DiffSide(document, files_of(document) or {})


def load_reading(place: str, *, lenient: bool = False) -> "Reading | None":
    """The document in a file, or on standard input (`-`); None if this names neither. Says what was repaired."""
    if place != "-" and not Path(place).is_file():
        return None
    reading = read_sbom(place, lenient=lenient)
    say_repairs(place, reading)
    return reading


def scan(source: str, platform: str | None, *, files: bool = False) -> "Document":
    """The document that `sbom SOURCE` makes. `files`: with every file in it."""
    from pratique.documents.epoch import sbom_time
    from pratique.documents.from_inventory import document_of
    from pratique.inventory.scan import take_inventory
    from pratique.model import build_manifest

    with opened(source, platform, say=say) as found, progress_display() as (begin, move):
        say_chosen(found)
        begin("inventory")
        inventory = take_inventory(found.artifact, cache=find_home().cache, progress=move)
    say_what_is_not_known(inventory)
    root = build_manifest(inventory).root
    return document_of(inventory, timestamp=sbom_time(inventory, os.environ), manifest_root=root, files=files)


def _manifest_files(path: Path) -> "Files":
    from pratique.errors import Malformed
    from pratique.lexicon.text import shown_path
    from pratique.model import FileKind, parse_manifest

    try:
        value = json.loads(read_bounded(path))
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON", where=str(path)) from error
    if not isinstance(value, dict):
        raise Malformed("not a file manifest", where=str(path))
    entries = parse_manifest(value).entries
    return {shown_path(one.path): {"sha256": one.sha256} for one in entries if one.kind is FileKind.FILE and one.sha256}
