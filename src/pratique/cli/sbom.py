"""`pratique sbom SOURCE` makes a bill of materials; its siblings are in modules of their own."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.app.home import Home, bases_of, find_home
from pratique.app.sources import opened
from pratique.cli.commands import CommandGroup
from pratique.cli.options import author_option, max_entries_option, platform_option, source_argument, supplier_option
from pratique.cli.output import progress_display, write_output
from pratique.cli.sbom_check import check
from pratique.cli.sbom_convert import convert
from pratique.cli.sbom_diff import diff
from pratique.cli.sbom_merge import merge
from pratique.cli.sbom_outputs import OUTPUT, wanted_outputs, write_document, write_rendered
from pratique.cli.sbom_score import score
from pratique.cli.sbom_source import read_if_sbom
from pratique.cli.sbom_table import print_inventory
from pratique.cli.unread import say_chosen, say_what_is_not_known
from pratique.cli.voice import FLAGS, say
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.documents.document import Document, Party
    from pratique.documents.names import OutputTarget
    from pratique.documents.naming import Naming
    from pratique.inventory.image_parts import Whole
    from pratique.model import FileManifest, Inventory


class _DefaultGroup(CommandGroup):
    """`sbom SOURCE` is short for `sbom make SOURCE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        word = next((one for one in args if one not in FLAGS), None)
        if word is not None and word not in self.commands and word not in ("-h", "--help"):
            advice = self.advice(ctx, word, self.list_commands(ctx)) if word.isalpha() else None
            if advice and not Path(word).exists() and not ctx.resilient_parsing:
                raise InputError(f"there is nothing called {word!r} here", hint=f"{advice} A source: sbom make {word}")
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultGroup)
def command() -> None:
    """Make a bill of materials (`sbom SOURCE`), check one against the bytes it is about (`sbom check SOURCE SBOM`), write
    one in another format (`sbom convert IN -o FORMAT`), make one of several (`sbom merge A B… -o FORMAT`), say what changed
    (`sbom diff A B`), or how good one is (`sbom score`).

    Options of `sbom SOURCE` (-o, --file, --platform, --production, --cpe and more): pratique sbom make --help.

    SOURCE is registry:HOST/NAME:TAG, oci-archive:PATH, oci-dir:PATH, docker-archive:PATH, podman:NAME, docker:NAME,
    containerd:NAME, chart:PATH, manifests:PATH, dir:PATH, file:PATH, or a bare word that is guessed and said.
    """


@command.command()
@source_argument
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar=OUTPUT,
    help="table (default), cyclonedx-json, cyclonedx-xml, spdx-json, spdx-tag-value, syft-json, github-json, json; repeatable.",
)
@click.option(
    "--file", "path", type=click.Path(), help="Write here instead of standard output, with the file manifest beside it."
)
@click.option(
    "--manifest", "manifest_path", type=click.Path(), help="Write the file manifest here; with --file PATH it is PATH.files.json."
)
@click.option("--files", is_flag=True, help="List every file in the document, where the format tells files from packages.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out what was found only at such paths; may be repeated.")
@click.option("--source-name", default="", help="What the artifact is called in the document; of a folder, the project's name.")
@click.option("--source-version", default="", help="The version of the artifact in the document.")
@supplier_option
@author_option
@click.option("--cpe", is_flag=True, help="Guess CPE names for components that have none, marked as guesses.")
@click.option("--images", is_flag=True, help="Fetch the images that a chart or manifests name, and list what is in each.")
@click.option("--production", is_flag=True, help="Leave out what is declared for development and tests only.")
@click.option("--no-cache", is_flag=True, help="Read every layer again, and keep nothing.")
@platform_option
@max_entries_option
def make(
    source: str,
    outputs: tuple[str, ...],
    path: str | None,
    manifest_path: str | None,
    files: bool,
    exclude: tuple[str, ...],
    source_name: str,
    source_version: str,
    supplier: "Party | None",
    authors: "tuple[Party, ...]",
    cpe: bool,
    images: bool,
    production: bool,
    no_cache: bool,
    platform: str | None,
    max_entries: int | None,
) -> int:
    """Inventory SOURCE and print its bill of materials. A file that is one already is read as one, which is said,
    and so is standard input, as -.

    With --file PATH a file manifest is written beside the SBOM, as PATH.files.json, with --manifest where that says, and else
    none: `sbom check` names single files with it. Versions: cyclonedx-json@1.4 to @1.7 (1.6 if none is said), spdx-json@2.3
    (default) and @3.0.1. With --images each image is a part of its own: `sbom check IMAGE SBOM` holds it against its part.
    Exit code 3 when one could not be fetched.
    """
    from pratique.documents.naming import Naming, named, without_excluded
    from pratique.inventory.image_parts import Whole
    from pratique.inventory.scan import ALL, ALL_WITH_SHA1, take_inventory

    wanted = wanted_outputs(outputs or ("table",), path)
    if manifest_path is None and path is not None and any(place == path and str(target) != "table" for target, place in wanted):
        manifest_path = f"{path}.files.json"
    stated = Naming(name=source_name, version=source_version, supplier=supplier, authors=authors)
    reading = read_if_sbom(source)
    if reading is not None:
        return _print_reading(source, _guessing(named(reading.document, stated), cpe), wanted)
    home = find_home()
    cache = None if no_cache else home.cache
    # A chart has no platform, its images have.
    with opened(source, None if images else platform, max_entries, say=say) as found, progress_display() as (begin, move):
        say_chosen(found)
        begin("inventory")
        selection = ALL_WITH_SHA1 if files and any(target.lists_sha1 for target, _ in wanted) else ALL
        inventory = take_inventory(
            found.artifact, cache=cache, progress=move, bases=bases_of(home, found.artifact, say), selection=selection
        )
    if production:
        from pratique.inventory.production import without_development

        inventory = without_development(inventory)
    inventory = without_excluded(inventory, exclude)
    say_what_is_not_known(inventory)
    naming = _naming(source, inventory, stated)
    whole = _with_images(inventory, platform, home, cache) if images else Whole(inventory=inventory, parts=(), failed=())
    for part in whole.parts:
        say_what_is_not_known(part.inventory)
    _print_all(whole, wanted, source=source, files=files, naming=naming, cpe=cpe, manifest_path=manifest_path)
    return 3 if whole.failed else 0


def _print_all(
    whole: "Whole",
    wanted: "list[tuple[OutputTarget, str | None]]",
    *,
    source: str,
    files: bool,
    naming: "Naming",
    cpe: bool,
    manifest_path: str | None,
) -> None:
    """Each wanted format to its place; the document is made once. The file manifest comes first, where it is wanted."""
    from pratique.model import build_manifest, manifest_predicate

    manifest = build_manifest(whole.inventory)
    if manifest_path is not None:
        write_output(manifest_path, json.dumps(manifest_predicate(manifest), separators=(",", ":")).encode())
    document: Document | None = None
    for target, place in wanted:
        if target.format == "table" and place is None:
            print_inventory(whole, manifest)
        elif target.format == "json":
            if cpe:
                say("json holds what was found: no guessed CPE name is in it")
            write_document(_native(whole, manifest), place)
        else:
            from pratique.cli.sbom_convert import say_problems
            from pratique.documents.naming import named
            from pratique.documents.write import render_document

            document = document or _guessing(named(_document(whole, manifest, files=files), naming), cpe)
            rendered = render_document(document, target, environ=os.environ, of_inventory=True)
            say_problems(f"{target} cannot say of {source}", rendered.left_out)
            write_document(rendered.data, place)


def _print_reading(source: str, document: "Document", wanted: "list[tuple[OutputTarget, str | None]]") -> int:
    """A document that was there already, in each wanted format."""
    from pratique.cli.sbom_convert import say_problems
    from pratique.documents.write import render_document

    for target, place in wanted:
        rendered = render_document(document, target, environ=os.environ)
        say_problems(f"{target} cannot say of {source}", rendered.left_out)
        write_rendered(document, rendered, target, place)
    return 0


def _guessing(document: "Document", asked: bool) -> "Document":
    if not asked:
        return document
    from pratique.documents.guessed_cpes import with_guessed_cpes

    return with_guessed_cpes(document)


def _naming(source: str, inventory: "Inventory", stated: "Naming") -> "Naming":
    """What was stated; of a folder, what its project calls itself where nothing was."""
    from pratique.artifact.source import parse_source
    from pratique.cli.sbom_source import project_in
    from pratique.model import ArtifactKind

    if stated.name or inventory.subject.kind is not ArtifactKind.DIRECTORY:
        return stated
    found = project_in(Path(parse_source(source).location))
    return replace(stated, name=found.name, version=stated.version or found.version)


def _document(whole: "Whole", manifest: "FileManifest", *, files: bool) -> "Document":
    from pratique.documents.epoch import sbom_time
    from pratique.documents.from_inventory import document_of
    from pratique.documents.nesting import embed_parts

    time = sbom_time(whole.inventory, os.environ)
    document = document_of(whole.inventory, timestamp=time, manifest_root=manifest.root, files=files)
    if not whole.parts:
        return document
    return embed_parts(
        document, {part.ref: document_of(part.inventory, timestamp=None, manifest_root=part.root) for part in whole.parts}
    )


def _native(whole: "Whole", manifest: "FileManifest") -> bytes:
    from pratique.documents.native.render import render_json, with_parts
    from pratique.model import build_manifest

    inner = {part.ref: render_json(part.inventory, build_manifest(part.inventory)) for part in whole.parts}
    return with_parts(render_json(whole.inventory, manifest), inner)


def _with_images(inventory: "Inventory", platform: str | None, home: Home, cache: Path | None) -> "Whole":
    """The inventory with the images that it names, fetched from their registries one after the other."""
    from pratique.artifact.open import open_artifact
    from pratique.artifact.source import ArtifactSource
    from pratique.inventory.image_parts import fetch_parts
    from pratique.inventory.scan import take_inventory

    with progress_display() as (begin, move):

        def fetch(reference: str) -> "Inventory":
            begin(reference)
            with open_artifact(ArtifactSource("registry", reference), platform=platform) as artifact:
                return take_inventory(artifact, cache=cache, progress=move, bases=bases_of(home, artifact, say))

        whole = fetch_parts(inventory, fetch)
    for reference, error in whole.failed:
        click.echo(f"pratique: {reference} could not be fetched: {error}", err=True)
    return whole


command.add_command(convert)
command.add_command(check)
command.add_command(diff)
command.add_command(score)
command.add_command(merge)
