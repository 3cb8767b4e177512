"""SUBJECT arguments of `sign` and `attest`: images, files, folders, charts and bare digests."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pratique.artifact.source import ArtifactSource
    from pratique.ship.sign import Published, SigningTarget

subjects_argument = click.argument("subjects", nargs=-1, required=True)
beside_option = click.option("--file", "beside", is_flag=True, help="Write beside each file instead of into registry or catalog.")
output_option = click.option("--output", "-o", type=click.Path(), help="Write the one signature into this file instead.")
replace_option = click.option("--replace", is_flag=True, help="Overwrite signature files that are there.")
one_platform_option = click.option("--platform", help="One image of a multi-platform index, as os/arch; default all of it.")
MAX_SUBJECTS = 1_000


@contextmanager
def open_targets(subjects: Sequence[str], platform: str | None) -> "Iterator[list[SigningTarget]]":
    """Each subject with its digest, valid until the context is left. An image is what its name names: an index as a whole, or
    with `platform` one image of it. Raises InputError for one that is named twice, and what opening them raises.
    """
    from pratique.errors import InputError

    if len(subjects) > MAX_SUBJECTS:
        raise InputError(f"{len(subjects)} subjects, at most {MAX_SUBJECTS} at once")
    with ExitStack() as stack:
        targets = [_target(text, platform, stack) for text in subjects]
        seen: set[tuple[str, str]] = set()
        for target in targets:
            key = (target.digest, target.repository.name if target.repository else str(target.path or ""))
            if key in seen:
                raise InputError(f"{target.name or target.digest} is named twice")
            seen.add(key)
        yield targets


def print_said(said: "Sequence[Published]", title: str, key: str, format_: str) -> None:
    """What was signed and where it is."""
    from pratique.cli.output import print_fact, print_json, print_title, print_verdict
    from pratique.model import Cause

    if format_ == "json":
        rows = [
            {
                "subjects": [{"name": target.name, "digest": target.digest} for target in item.request.targets],
                "predicate_type": item.request.predicate_type or None,
                "bundle": item.sealed.digest,
                "log_index": item.sealed.log_index,
                "places": list(item.places),
                "reused": item.reused,
            }
            for item in said
        ]
        print_json({"key": key, "signed": rows})
        return
    print_title(title)
    for item in said:
        for target in item.request.targets:
            again = ", said before" if item.reused else ""
            print_verdict(Cause.NONE, "signed", f"{target.name} {target.digest}".strip())
        print_fact("log entry", f"{item.sealed.log_index}{again}")
        for place in item.places or ("in the catalog" if item.request.predicate_type else "in the log",):
            print_fact("evidence", place)
    print_fact("key", key)


def _target(text: str, platform: str | None, stack: ExitStack) -> "SigningTarget":
    from pratique.app.sources import public_name
    from pratique.artifact.source import parse_source
    from pratique.model import Digest, is_digest
    from pratique.ship.sign import SigningTarget

    if is_digest(text):
        return SigningTarget(digest=Digest(text), name="")
    source = parse_source(text)
    if source.guessed:
        click.echo(f"pratique: reading {text} as {source.scheme}:{source.location}", err=True)
    name = public_name(str(source))
    if source.scheme in ("registry", "oci-dir"):
        return _image(source, name, platform, stack)
    from pratique.app.sources import opened
    from pratique.cli.options import say

    found = stack.enter_context(opened(str(source), platform, say=say))
    path = Path(source.location)
    is_file = source.scheme in ("file", "chart", "manifests") and path.is_file()
    return SigningTarget(digest=found.artifact.subject.digest, name=name, path=path if is_file else None)


def _image(source: "ArtifactSource", name: str, platform: str | None, stack: ExitStack) -> "SigningTarget":
    import os

    from pratique.artifact.image import load_image
    from pratique.artifact.limits import parse_limits
    from pratique.registry.open import open_repository
    from pratique.ship.sign import SigningTarget

    repository, reference = open_repository(str(source))
    stack.callback(repository.close)
    if platform is not None:
        image = load_image(repository, reference or "", name=name, platform=platform, limits=parse_limits(os.environ)).image
        reference = image.digest
    descriptor = repository.fetch_manifest(reference or "").descriptor
    return SigningTarget(digest=descriptor.digest, name=name, repository=repository, descriptor=descriptor)
