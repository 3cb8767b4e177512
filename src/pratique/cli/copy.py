"""`pratique copy SRC DST`: an artifact with everything that is said about it, and the proof that nothing got lost."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from pratique.cli.output import format_option, print_fact, print_json, print_title, print_verdict

if TYPE_CHECKING:
    from pratique.registry.copy import Copied


@click.command()
@click.argument("source")
@click.argument("destination")
@format_option
def command(source: str, destination: str, format_: str) -> None:
    """Copy SOURCE to DESTINATION with all its referrers, theirs, and the tags of older tools; byte for byte.

    SOURCE is registry:HOST/NAME:TAG, oci-dir:PATH[:TAG] or oci-archive:PATH[:TAG]; DESTINATION registry:HOST/NAME[:TAG] or
    oci-dir:PATH[:TAG], by default under the same tag. All platforms of an index are copied. At the end the destination is asked
    for each manifest, blob and referrer: exit code 1 if it lacks one.
    """
    from pratique.errors import InputError
    from pratique.registry.copy import copy_artifact
    from pratique.registry.open import open_repository
    from pratique.registry.types import is_tag

    if destination.partition(":")[0] not in ("registry", "oci-dir"):
        raise InputError(f"nothing can be copied to {destination[:200]!r}", hint="write registry:HOST/NAME[:TAG] or oci-dir:PATH")
    origin, reference = open_repository(source)
    target, tag = open_repository(destination, create=True)
    if tag is None and reference is not None and is_tag(reference):
        tag = reference
    copied = copy_artifact(origin, reference or "", target, tag)
    if format_ == "json":
        print_json(
            {
                "digest": copied.descriptor.digest,
                "destination": target.name,
                "tag": tag,
                "manifests": copied.manifests,
                "blobs": copied.blobs,
                "said": [
                    {"about": item.about, "digest": item.digest, "artifact_type": item.artifact_type, "tag": item.tag or None}
                    for item in copied.said
                ],
            }
        )
        return
    _print(copied, f"{target.name}{f':{tag}' if tag else ''}")


def _print(copied: "Copied", place: str) -> None:
    from pratique.model import Cause

    print_title(f"{place} has it all")
    print_fact("digest", copied.descriptor.digest)
    count = len(copied.manifests)
    print_fact("artifact", f"{count} manifest{'s' if count != 1 else ''}")
    kinds = Counter(item.artifact_type for item in copied.said)
    for kind, count in sorted(kinds.items()):
        print_verdict(Cause.NONE, "said about it", f"{count} × {kind}")
    if not kinds:
        print_fact("said about it", "nothing")
    print_fact("blobs", f"{copied.blobs}, each what its name says")
