"""SUBJECT arguments of `sign` and `attest`: images, files, folders, charts and bare digests."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.cli.options import place_here, spelled_here

if TYPE_CHECKING:
    from pratique.artifact.source import ArtifactSource
    from pratique.registry.types import Repository
    from pratique.ship.sign import Published, SigningTarget

subjects_argument = click.argument("subjects", nargs=-1, required=True, callback=spelled_here)
beside_option = click.option("--file", "beside", is_flag=True, help="Write beside each file instead of into registry or catalog.")
output_option = click.option("--output", "-o", type=click.Path(), help="Write the one signature into this file instead.")
replace_option = click.option("--replace", is_flag=True, help="Overwrite signature files that are there.")
one_platform_option = click.option("--platform", help="One image of a multi-platform index, as os/arch; default all of it.")
evidence_place_option = click.option(
    "--evidence",
    envvar="PRATIQUE_EVIDENCE",
    callback=place_here,
    help="Keep the evidence in this registry: or oci-dir: instead of beside SUBJECT; default PRATIQUE_EVIDENCE.",
)
MAX_SUBJECTS = 1_000


def parse_annotations(notes: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE each. Raises InputError, also for a key that is given two values."""
    from pratique.errors import InputError

    out: dict[str, str] = {}
    for note in notes:
        name, equals, text = note.partition("=")
        if not equals or not name:
            raise InputError(f"not an annotation: {note[:80]!r}", hint="write KEY=VALUE")
        if out.setdefault(name, text) != text:
            raise InputError(f"the annotation {name[:80]} is given two values")
    return out


@contextmanager
def open_targets(
    subjects: Sequence[str], platform: str | None, *, recursive: bool = False, evidence: str | None = None
) -> "Iterator[list[SigningTarget]]":
    """Each subject with its digest, valid until the context is left. An image is what its name names: an index as a whole, or
    with `platform` one image of it. `recursive`: an index, the indexes in it, and every image that it leads to. `evidence`: the
    repository where evidence is kept instead of beside the subject. Raises InputError for one that is named twice, for evidence
    of what no registry or layout holds, and what opening them raises.
    """
    from pratique.errors import InputError, LimitExceeded

    if len(subjects) > MAX_SUBJECTS:
        raise InputError(f"{len(subjects)} subjects, at most {MAX_SUBJECTS} at once")
    if recursive and platform is not None:
        raise InputError("--recursive and --platform contradict each other")
    with ExitStack() as stack:
        elsewhere = _open(evidence, stack, create=True)[0] if evidence else None
        targets: list[SigningTarget] = []
        seen: set[tuple[str, str]] = set()
        for text in subjects:
            found = _targets(text, platform, stack, recursive=recursive)
            if elsewhere is not None:
                found = [_kept_in(elsewhere, target) for target in found]
            for number, target in enumerate(found):
                key = (target.digest, target.repository.name if target.repository else str(target.path or ""))
                if key in seen and number == 0:
                    raise InputError(f"{target.name or target.digest} is named twice")
                if key not in seen:  # two indexes may lead to one image
                    targets.append(target)
                seen.add(key)
            if len(targets) > MAX_SUBJECTS:
                raise LimitExceeded(f"the indexes lead to {len(targets)} subjects, at most {MAX_SUBJECTS} at once")
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
            print_verdict(Cause.NONE, "signed", f"{target.name} {target.digest}".strip())
        again = ", said before" if item.reused else ""
        bare = "" if item.carries_proof else ", of which this form carries no proof: who demands a log entry will not find it"
        print_fact("log entry", f"{item.sealed.log_index}{again}{bare}")
        for place in item.places or ("in the catalog" if item.request.predicate_type else "in the log",):
            print_fact("evidence", place)
    print_fact("key", key)


def _targets(text: str, platform: str | None, stack: ExitStack, *, recursive: bool) -> "list[SigningTarget]":
    from pratique.app.sources import PLACES, opened, public_name
    from pratique.artifact.source import parse_source, understood
    from pratique.cli.voice import say
    from pratique.model import Digest
    from pratique.ship.sign import SigningTarget

    source = parse_source(text)
    if source.is_digest:
        return [SigningTarget(digest=Digest(source.location), name="")]
    if source.guessed:
        say(understood(text, source))
    name = public_name(str(source))
    if source.scheme in PLACES:
        return _images(source, name, platform, stack, recursive=recursive)
    found = stack.enter_context(opened(str(source), platform, say=say))
    path = Path(source.location)
    is_file = source.scheme in ("file", "chart", "manifests") and path.is_file()
    descriptor = found.target if found.artifact.image is not None else None
    return [SigningTarget(digest=found.target.digest, name=name, path=path if is_file else None, descriptor=descriptor)]


def _images(
    source: "ArtifactSource", name: str, platform: str | None, stack: ExitStack, *, recursive: bool
) -> "list[SigningTarget]":
    """What the name names; with `platform` one image of it, with `recursive` everything that it leads to, the named first."""
    import os

    from pratique.artifact.index import find_all, find_named
    from pratique.artifact.limits import parse_limits
    from pratique.ship.sign import SigningTarget

    repository, reference = _open(str(source), stack)
    if recursive:
        chains = [named.chain for named in find_all(repository, reference, where=name)]
        manifests = list({manifest.digest: manifest for chain in chains for manifest in chain}.values())
    elif platform is not None:
        named = find_named(repository, reference, platform=platform, where=name, limits=parse_limits(os.environ))
        manifests = [named.meant]
    else:
        manifests = [repository.fetch_manifest(reference)]
    writable = source.scheme != "oci-archive"
    return [
        SigningTarget(
            digest=manifest.digest,
            name=name,
            repository=repository if writable else None,
            descriptor=manifest.descriptor,
            reference=repository.name,
        )
        for manifest in manifests
    ]


def _open(place: str, stack: ExitStack, *, create: bool = False) -> "tuple[Repository, str]":
    from pratique.registry.open import open_repository

    repository, reference = open_repository(place, create=create)
    stack.callback(repository.close)
    return repository, reference or ""


def _kept_in(repository: "Repository", target: "SigningTarget") -> "SigningTarget":
    from pratique.errors import InputError

    if target.descriptor is None:
        hint = "name it where it is, for instance DIGEST@registry:HOST/NAME; or leave out --evidence"
        raise InputError(f"{target.name or target.digest} is in no registry or layout, so it has no referrers", hint=hint)
    return replace(target, repository=repository)
