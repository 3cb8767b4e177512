"""`pratique push CHART PLACE`: a packed Helm chart, with its provenance file, into a registry or layout."""

import os
from pathlib import Path

import click

from pratique.cli.commands import Command
from pratique.cli.options import told_place
from pratique.cli.output import format_option, print_fact, print_json, print_title


@click.command(cls=Command)
@click.argument("chart")
@click.argument("place")
@format_option
def command(chart: str, place: str, format_: str) -> None:
    """Push the packed CHART, and the provenance file that stands beside it, to PLACE, as Helm does.

    PLACE is registry:HOST/NAME[:TAG] or oci-dir:PATH[:TAG]; the tag is by default the chart's version. As Helm has it,
    oci://HOST/PATH is the folder above the chart's own name. Sign what was pushed with `pratique sign PLACE`.
    """
    from pratique.artifact.chart import read_chart_file
    from pratique.artifact.limits import parse_limits
    from pratique.artifact.sidecars import PROVENANCE_SUFFIX
    from pratique.attest.helm_prov import archive_name, chart_metadata
    from pratique.errors import DigestMismatch, InputError
    from pratique.files import read_limited
    from pratique.model import Digest
    from pratique.registry.helm import MAX_ARCHIVE_BYTES, MAX_PROVENANCE_BYTES, PackedChart, push_chart, tag_of_version
    from pratique.registry.open import open_repository

    above = place.lower().startswith("oci://")
    place = told_place(place)
    if place.partition(":")[0] not in ("registry", "oci-dir"):
        raise InputError(f"nothing can be pushed to {place[:200]!r}", hint="write registry:HOST/NAME[:TAG] or oci-dir:PATH[:TAG]")
    path = Path(chart.removeprefix("chart:").removeprefix("file:"))
    if path.is_dir():
        raise InputError("a chart that is not packed", where=str(path), hint="pack it with: helm package")
    digest, chart_yaml = read_chart_file(str(path), parse_limits(os.environ))
    metadata = chart_metadata(chart_yaml)
    if above:
        place = f"{place.rstrip('/')}/{metadata['name']}"
    archive_name(chart_yaml)  # what nobody could pull again is not pushed
    archive = read_limited(path, MAX_ARCHIVE_BYTES)
    if Digest.of(archive) != digest:
        raise DigestMismatch("the chart changed while it was read", where=str(path))
    beside = path.with_name(path.name + PROVENANCE_SUFFIX)
    provenance = read_limited(beside, MAX_PROVENANCE_BYTES) if beside.exists() else b""
    repository, tag = open_repository(place, create=True)
    try:
        pushed = push_chart(repository, PackedChart(archive=archive, provenance=provenance), metadata, tag)
    finally:
        repository.close()
    named = tag or tag_of_version(str(metadata["version"]))
    if format_ == "json":
        print_json(
            {"digest": pushed.digest, "archive": digest, "place": f"{repository.name}:{named}", "signed": bool(provenance)}
        )
        return
    print_title(f"{repository.name}:{named} has it")
    print_fact("digest", pushed.digest)
    print_fact("archive", digest)
    print_fact("provenance", str(beside) if provenance else "none beside the chart")
