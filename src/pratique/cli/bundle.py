"""`pratique bundle`: an artifact with its evidence and the trust in one archive, for where there is no network."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import Home, find_home
from pratique.app.sources import public_name
from pratique.cli.options import platform_option, source_argument
from pratique.cli.output import format_option, iso_time, print_fact, print_json, print_title
from pratique.cli.trust_anchors import anchor_options, chosen_anchors
from pratique.cli.verify import Answer, predicate_type, report
from pratique.errors import InputError
from pratique.model import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.model import Digest
    from pratique.registry.archive import ArchiveLayout
    from pratique.registry.types import Repository
    from pratique.tuf.value import FollowedTrust


@click.group()
def command() -> None:
    """Take an artifact with its evidence and the trust into one archive, and verify it where there is no network."""


@command.command()
@source_argument
@click.option("-o", "--output", type=click.Path(), required=True, help="The archive to write.")
@format_option
def export(source: str, output: str, format_: str) -> None:
    """Write SOURCE, everything that is said about it here and in the catalog, and the trust that this machine follows.

    SOURCE is registry:HOST/NAME:TAG, oci-dir:PATH[:TAG] or oci-archive:PATH[:TAG]. The archive is an OCI archive that any tool
    loads. Without a followed trust there is none in it; whoever verifies it then brings keys or a trust.
    """
    from pratique.registry.open import open_repository
    from pratique.ship.airgap import gathered, write_archive

    home, path = find_home(), Path(output)
    anchors, files = _followed(home)
    origin, reference = open_repository(source)
    now = int(time.time())
    with gathered(origin, reference or "", path) as (layout, copied, folder):
        target = copied.descriptor
        restored = sum(_from_catalog(home, layout, digest) for digest in copied.manifests)
        write_archive(
            path,
            folder,
            name=public_name(source),
            digest=target.digest,
            now=now,
            anchors=anchors,
            trust_files=files,
            answers=_answers(home, layout, copied.manifests, public_name(source), anchors),
        )
    said = len(copied.said) + restored
    if format_ == "json":
        print_json(
            {
                "file": output,
                "digest": target.digest,
                "said": said,
                "trust": {"source": anchors.source, "expires": _when(anchors)} if anchors else None,
            }
        )
        return
    print_title(output)
    print_fact("digest", target.digest)
    print_fact("evidence", f"{said} pieces" + (f", {restored} of them from the catalog" if restored else ""))
    print_fact("trust", f"{anchors.source}, good until {_when(anchors)}" if anchors else "none: this machine follows none")


@command.command()
@click.argument("path", type=click.Path())
@anchor_options
@click.option("--trust-root", type=click.Path(), help="The pinned root of the archive's trust; default the one followed here.")
@click.option("--require", multiple=True, metavar="TYPE", help="What must be there; see pratique verify.")
@click.option("--name", help="What the artifact is called where the trust speaks of it.")
@platform_option
@format_option
def verify(
    path: str,
    trust_root: str | None,
    require: tuple[str, ...],
    name: str | None,
    platform: str | None,
    format_: str,
    **beliefs: Any,
) -> int:
    """Verify an archive that `bundle export` wrote, asking nobody: its artifact, its evidence, its trust and how fresh that is.

    Believed is whom the options name, else whom the trust in the archive names, verified from the root that is pinned here. A
    trust that has expired is no answer: exit code 3.
    """
    from pratique.ship.airgap import open_bundle, stored_answers

    archive, described = open_bundle(Path(path))
    home = find_home()
    about: list[Answer] = []
    log_keys = beliefs["log_keys"]
    if any(value for option, value in beliefs.items() if option != "log_keys"):
        if trust_root:
            raise InputError("--trust-root is for the trust in the archive, which is not used beside other options")
        trust_anchors = chosen_anchors(home, **beliefs)
    else:
        trust_anchors, anchors = _carried(home, archive, trust_root, log_keys)
        text = f"{anchors.trust.name}, {_versions(anchors)}, good until {_when(anchors)}"
        about.append(("trust", Cause.NONE, text, None))
    if name is None:
        click.echo(f"pratique: the archive calls it {described.name}; --name says what it must be called", err=True)
    return report(
        f"oci-archive:{path}",
        trust_anchors,
        tuple(map(predicate_type, require)),
        evidence=f"oci-archive:{path}",
        name=name,
        platform=platform,
        content=True,
        format_=format_,
        about=about,
        ask=stored_answers(archive),
    )


def _followed(home: Home) -> "tuple[FollowedTrust | None, dict[str, bytes]]":
    if not home.trust.exists():
        return None, {}
    from pratique.tuf.client import current, repository_files

    anchors = current(home.trust, now=int(time.time()))
    return anchors, repository_files(home.trust)


def _answers(
    home: Home, layout: "Repository", digests: "Sequence[Digest]", name: str, anchors: "FollowedTrust | None"
) -> dict[str, bytes]:
    """What revocation servers say of the signatures that are taken along, asked as the verifier would ask."""
    if anchors is None:
        return {}
    from pratique.app.gather import appraise_asking
    from pratique.cli.trust_anchors import known_logs
    from pratique.evidence.collect import collect_from_repository
    from pratique.evidence.trust_anchors import anchors_of_trust

    trust_anchors = anchors_of_trust(anchors, known_logs(home))
    found: dict[str, bytes | None] = {}
    for digest in digests:
        target = layout.fetch_manifest(digest).descriptor
        found |= appraise_asking(target, name, collect_from_repository(layout, digest), trust_anchors)[1]
    return {url: data for url, data in found.items() if data is not None}


def _carried(
    home: Home, archive: "ArchiveLayout", trust_root: str | None, log_keys: tuple[str, ...]
) -> "tuple[TrustAnchors, FollowedTrust]":
    """The trust in the archive, from a root that came by another way."""
    from pratique.cli.trust_anchors import known_logs
    from pratique.evidence.trust_anchors import anchors_of_trust
    from pratique.files import read_limited
    from pratique.ship.airgap import trust_files
    from pratique.tuf.client import verify_files

    files = trust_files(archive)
    if not files:
        raise InputError("nobody is believed: there is no trust in the archive", hint="give --key K.pub or --trust trust.yaml")
    pinned = Path(trust_root) if trust_root else home.trust / "root.json"
    if not pinned.exists():
        hint = "give --trust-root FILE, which must not come with the archive"
        raise InputError("no root is pinned to verify the archive's trust from", where=str(pinned), hint=hint)
    with tempfile.TemporaryDirectory(prefix="pratique-") as scratch:
        anchors = verify_files(
            files, root=read_limited(pinned, 4 << 20), directory=Path(scratch) / "trust", now=int(time.time()), name=archive.name
        )
    return anchors_of_trust(anchors, known_logs(home, log_keys)), anchors


def _from_catalog(home: Home, layout: "Repository", digest: "Digest") -> int:
    """Put what only the catalog has beside the artifact; how much that was. It is verified where the archive is."""
    from pratique.app.gather import collect_from_home
    from pratique.evidence.collect import collect_from_repository
    from pratique.registry.attach import attach_bundles

    present = {piece.digest for piece in collect_from_repository(layout, digest).pieces}
    kept = [piece for piece in collect_from_home(home, digest).pieces if piece.cause is Cause.NONE]
    lost = [piece for piece in kept if piece.digest not in present]
    subject = layout.fetch_manifest(digest).descriptor
    attach_bundles(layout, subject, [(piece.claimed_type, piece.data) for piece in lost], created=None)
    return len(lost)


def _versions(anchors: "FollowedTrust") -> str:
    return ", ".join(f"{role} {version}" for role, version in sorted(anchors.versions.items()))


def _when(anchors: "FollowedTrust") -> str:
    return iso_time(anchors.expires) if anchors.expires is not None else "it is changed"
