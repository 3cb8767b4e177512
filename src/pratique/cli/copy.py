"""`pratique copy SRC DST`: an artifact with everything that is said about it, and the proof that nothing got lost."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.cli.commands import Command
from pratique.cli.options import place_here, stored_here
from pratique.cli.output import format_option, print_fact, print_json, print_title, print_verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pratique.registry.copy import Copied, CopiedEvidence
    from pratique.registry.types import Manifest, Repository


@click.command(cls=Command)
@click.argument("source", callback=stored_here)
@click.argument("destination", callback=place_here)
@click.option(
    "--platform", help="Only one image of an index, as os/arch[/variant], with what is said about it; default all of it."
)
@click.option(
    "--unlisted",
    type=click.Choice(["refuse", "take", "leave"]),
    default="refuse",
    show_default=True,
    help="What refers to it in a layout whose index.json does not list it.",
)
@click.option("--list-evidence", is_flag=True, help="In an archive, list the evidence in index.json, for oras; see below.")
@format_option
def command(source: str, destination: str, platform: str | None, unlisted: str, list_evidence: bool, format_: str) -> None:
    """Copy SOURCE to DESTINATION with all its referrers, theirs, and the tags of older tools; byte for byte.

    SOURCE is registry:HOST/NAME:TAG, oci-dir:PATH[:TAG] or oci-archive:PATH[:TAG]; DESTINATION registry:HOST/NAME[:TAG],
    oci-dir:PATH[:TAG] or oci-archive:PATH, by default under the same tag. All platforms of an index are copied unless --platform
    names one; then what is said about the index stays behind, and is named. At the end the destination is asked for each
    manifest, blob and referrer: exit code 1 if it lacks one.

    An archive replaces the file of that name, whole or not at all. podman, docker, skopeo, crane and cosign load it. oras loads
    the image, and the evidence only with --list-evidence, for which podman, skopeo and crane find more than one image in it.
    """
    from functools import partial

    from pratique.errors import InputError
    from pratique.registry.copy import Unlisted, copy_artifact
    from pratique.registry.open import open_repository
    from pratique.registry.types import is_tag

    scheme, _, place = destination.partition(":")
    if scheme not in ("registry", "oci-dir", "oci-archive"):
        raise InputError(f"nothing can be copied to {destination[:200]!r}", hint=_as_destination(destination))
    if list_evidence and scheme != "oci-archive":
        raise InputError("--list-evidence is for archives", hint="leave it out: a registry or folder lists it in any case")
    origin, reference = open_repository(source)
    tag = reference if reference is not None and is_tag(reference) else None
    what, indexes = _find(origin, reference or "", platform, source)
    copy = partial(copy_artifact, origin, what, indexes=indexes, unlisted=Unlisted(unlisted))
    if scheme == "oci-archive":
        refuse_onto_itself(source, place)
        _report(_to_archive(copy, place, tag, source, origin, list_evidence=list_evidence), place, None, format_)
        return
    target, named = open_repository(destination, create=True)
    tag = named if named is not None else tag
    copied = copy(target, tag)
    _report(copied, target.name, tag, format_)


def _as_destination(text: str) -> str:
    """What to write instead of a destination that says no kind of place, or one that nothing is copied to."""
    from shlex import quote

    scheme = text.partition(":")[0]
    if scheme in ("docker", "podman", "containerd", "docker-archive"):
        return "write oci-archive:PATH, which podman load and docker load take"
    if text and "/" not in text and ":" not in text:
        return f"write {quote(f'oci-archive:{text}')} for a file or {quote(f'oci-dir:{text}')} for a folder"
    return "write registry:HOST/NAME[:TAG], oci-dir:PATH or oci-archive:PATH"


def refuse_onto_itself(source: str, output: str) -> None:
    """Raises InputError for an archive that would be replaced by what is read out of it."""
    from contextlib import suppress

    from pratique.errors import InputError
    from pratique.registry.open import split_path

    scheme, _, location = source.partition(":")
    if scheme != "oci-archive":
        return
    with suppress(OSError):
        if split_path(location)[0].samefile(output):
            raise InputError("source and destination are one file", where=output, hint="name another file")


def _find(origin: "Repository", reference: str, platform: str | None, source: str) -> "tuple[str, tuple[Manifest, ...]]":
    """What to copy: all that is named, or of an index the image for one platform, with the indexes that lead to it."""
    if platform is None:
        origin.fetch_manifest(reference)  # before a place is made for it
        return reference, ()
    import os

    from pratique.artifact.index import find_named
    from pratique.artifact.limits import parse_limits

    named = find_named(origin, reference, platform=platform, where=source, limits=parse_limits(os.environ))
    return named.meant.digest, named.indexes


def _to_archive(
    copy: "Callable[[Repository, str | None], Copied]",
    place: str,
    tag: str | None,
    source: str,
    origin: "Repository",
    *,
    list_evidence: bool,
) -> "Copied":
    """Into a layout beside it first, then packed, read back, and named."""
    from pratique.errors import InputError
    from pratique.registry.archive import ArchiveLayout
    from pratique.registry.archive_write import carried_name, check_whole, engine_name, staged, write_archive
    from pratique.registry.copy import check_arrived

    if not place or "\0" in place:
        raise InputError("oci-archive: names nothing", hint="write oci-archive:PATH")
    with staged(Path(place)) as layout:
        tag = tag or "copied"
        copied = copy(layout, tag)

        def prove(archive: ArchiveLayout) -> None:
            check_whole(archive)
            check_arrived(archive, copied)

        name = engine_name(source) or carried_name(origin, copied.descriptor.digest)
        write_archive(
            Path(place), layout, copied.descriptor, tag=tag, name=name, files={}, list_evidence=list_evidence, prove=prove
        )
    return copied


def _report(copied: "Copied", place: str, tag: str | None, format_: str) -> None:
    if format_ == "json":
        print_json(
            {
                "digest": copied.descriptor.digest,
                "destination": place,
                "tag": tag,
                "manifests": copied.manifests,
                "blobs": copied.blobs,
                "said": [_row(item) for item in copied.said],
                "index": copied.index,
                "left_behind": [_row(item) for item in copied.left],
            }
        )
        return
    from pratique.model import Cause

    print_title(f"{place}{f':{tag}' if tag else ''} has it all")
    print_fact("digest", copied.descriptor.digest)
    count = len(copied.manifests)
    print_fact("artifact", f"{count} manifest{'s' if count != 1 else ''}")
    kinds = Counter(item.artifact_type for item in copied.said)
    for kind, count in sorted(kinds.items()):
        print_verdict(Cause.NONE, "said about it", f"{count} × {kind}")
    if not kinds:
        print_fact("said about it", "nothing")
    print_fact("blobs", f"{copied.blobs}, each what its name says")
    if copied.index is not None:
        print_fact("chosen from", f"index {copied.index}")
        for kind, count in sorted(Counter(item.artifact_type for item in copied.left).items()):
            print_fact("left behind", f"{count} × {kind}, said about the index as a whole")


def _row(item: "CopiedEvidence") -> dict[str, object]:
    return {"about": item.about, "digest": item.digest, "artifact_type": item.artifact_type, "tag": item.tag or None}
