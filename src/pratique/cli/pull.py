"""`pratique pull PLACE`: a Helm chart out of a registry or layout, with its provenance file."""

import io
import os
from shlex import quote

import click

from pratique.cli.commands import Command
from pratique.cli.options import stored_here
from pratique.cli.output import format_option, named_output, print_fact, print_json, print_title
from pratique.cli.targets import replace_option
from pratique.files import is_file_with


@click.command(cls=Command)
@click.argument("place", callback=stored_here)
@click.option("--output", "-o", type=click.Path(), default=".", help="The folder to write into; default the current one.")
@replace_option
@format_option
def command(place: str, output: str, replace: bool, format_: str) -> None:
    """Write the chart at PLACE as NAME-VERSION.tgz, and its provenance file beside it.

    Bytes are held against their digests; nothing is said about who made them: that is what `pratique verify` answers, of PLACE or
    of the file.
    """
    from pratique.app.sources import PLACES
    from pratique.artifact.chart import read_chart_stream
    from pratique.artifact.limits import parse_limits
    from pratique.artifact.sidecars import PROVENANCE_SUFFIX
    from pratique.artifact.source import parse_source
    from pratique.attest.helm_prov import archive_name
    from pratique.errors import InputError
    from pratique.files import write_output
    from pratique.model import Digest
    from pratique.registry.helm import pull_chart
    from pratique.registry.open import open_repository

    source = parse_source(place)
    if source.scheme not in PLACES:
        raise InputError(f"{place[:200]} is in no registry or layout", hint="write registry:HOST/NAME:TAG or oci-dir:PATH[:TAG]")
    folder = named_output(output)
    if not folder.is_dir():
        raise InputError("no such folder", where=output, hint=f"make it: mkdir -p {quote(output)}")
    repository, reference = open_repository(str(source))
    try:
        manifest, chart = pull_chart(repository, reference or "")
    finally:
        repository.close()
    name = archive_name(read_chart_stream(io.BytesIO(chart.archive), repository.name, parse_limits(os.environ)))
    files = {folder / name: chart.archive}
    if chart.provenance:
        files[folder / (name + PROVENANCE_SUFFIX)] = chart.provenance
    for path, data in files.items():
        if not replace and path.exists() and not is_file_with(path, data):
            raise InputError("there is another file of this name", where=str(path), hint="use --replace, or move it away")
    for path, data in files.items():
        write_output(path, data)
    if format_ == "json":
        print_json({"digest": manifest.digest, "archive": Digest.of(chart.archive), "files": [str(path) for path in files]})
        return
    print_title(str(folder / name))
    print_fact("digest", manifest.digest)
    print_fact("archive", Digest.of(chart.archive))
    print_fact("provenance", f"{name}{PROVENANCE_SUFFIX}" if chart.provenance else "none came with it")
