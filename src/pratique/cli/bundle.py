"""`pratique bundle`: an artifact with its evidence and the trust in one archive, for where there is no network."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import Home, find_home
from pratique.app.verification import Answer
from pratique.cli.commands import CommandGroup
from pratique.cli.copy import refuse_onto_itself
from pratique.cli.options import platform_option, stored_here
from pratique.cli.output import format_option, iso_time, named_output, print_fact, print_json, print_title
from pratique.cli.trust_anchors import anchor_options, chosen_anchors
from pratique.cli.verify import predicate_type, report
from pratique.cli.voice import say
from pratique.errors import InputError
from pratique.model import Cause

if TYPE_CHECKING:
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.registry.archive import ArchiveLayout
    from pratique.tuf.value import FollowedTrust


@click.group(cls=CommandGroup)
def command() -> None:
    """Take an artifact with its evidence and the trust into one archive, and verify it where there is no network."""


@command.command()
@click.argument("source", callback=stored_here)
@click.option("-o", "--output", type=click.Path(), required=True, help="The archive to write.")
@anchor_options
@click.option("--require", multiple=True, metavar="TYPE", help="What must verify in the archive; see pratique verify.")
@click.option("--name", help="What the artifact is called where a trust speaks of it; default, of a registry, its name there.")
@click.option("--unverified", is_flag=True, help="Write it even if nobody who is believed says anything about the artifact.")
@click.option("--list-evidence", is_flag=True, help="List the evidence in index.json, for oras; see pratique copy.")
@format_option
def export(
    source: str,
    output: str,
    require: tuple[str, ...],
    name: str | None,
    unverified: bool,
    list_evidence: bool,
    format_: str,
    **beliefs: Any,
) -> None:
    """Write SOURCE, everything that is said about it here and in the catalog, and the trust that this machine follows.

    SOURCE is registry:HOST/NAME:TAG, oci-dir:PATH[:TAG] or oci-archive:PATH[:TAG]. The archive is an OCI archive that any engine
    loads. Before it gets its name it is read back and verified as by somebody who has nothing else: everything that was gathered
    must be found in it, and verify for whom the options name, or else for the trust that travels along. Without a followed trust
    there is none in it; whoever verifies it then brings keys or a trust.
    """
    from pratique.app.export_bundle import Believed, Demands, export_bundle

    refuse_onto_itself(source, output)
    home = find_home()
    named = _says_who(beliefs)
    trust, files = _followed(home, needed=not named)
    believed = None
    if named:
        chosen = chosen_anchors(home, **beliefs)
        believed = Believed(chosen, lambda _: chosen)
    elif trust is not None:
        log_keys = beliefs["log_keys"]
        believed = Believed(_anchors_of(home, trust, log_keys), lambda archive: _carried(home, archive, None, log_keys)[0])
    exported = export_bundle(
        home,
        source,
        named_output(output),
        trust=trust,
        trust_files=files,
        believed=believed,
        demands=Demands(name=name, required=tuple(map(predicate_type, require)), unverified=unverified),
        list_evidence=list_evidence,
        now=int(time.time()),
    )
    if format_ == "json":
        print_json(
            {
                "file": output,
                "digest": exported.digest,
                "said": exported.said,
                "verified": exported.verified,
                "trust": {"source": trust.source, "expires": _when(trust)} if trust else None,
            }
        )
        return
    print_title(output)
    print_fact("digest", exported.digest)
    restored = f", {exported.restored} of them from the catalog" if exported.restored else ""
    print_fact("evidence", f"{exported.said} pieces{restored}")
    without = "none: it has expired" if home.trust.exists() else "none: this machine follows none"
    print_fact("trust", f"{trust.source}, good until {_when(trust)}" if trust else without)
    told = (
        "nobody is believed here, so nothing was verified" if exported.verified is None else f"{exported.verified} pieces verify"
    )
    print_fact("read back", f"everything is in it; {told}")


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
    trust that has expired is no answer: exit code 3. One that is older than what this machine has seen of the same is refused.
    """
    from pratique.ship.airgap import open_bundle, stored_answers

    archive, described = open_bundle(Path(path))
    home = find_home()
    about: list[Answer] = []
    log_keys = beliefs["log_keys"]
    if _says_who(beliefs):
        if trust_root:
            raise InputError("--trust-root is for the trust in the archive, which is not used beside other options")
        trust_anchors = chosen_anchors(home, **beliefs)
    else:
        trust_anchors, anchors = _carried(home, archive, trust_root, log_keys)
        text = f"{anchors.trust.name}, {_versions(anchors)}, good until {_when(anchors)}"
        about.append(Answer(what="trust", cause=Cause.NONE, detail=text))
    if name is None:
        say(f"the archive calls it {described.name}; --name says what it must be called")
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


def _followed(home: Home, *, needed: bool) -> "tuple[FollowedTrust | None, dict[str, bytes]]":
    """The trust to take along. Where it is not `needed`, one that expired and cannot be refreshed stays behind, which is said."""
    if not home.trust.exists():
        return None, {}
    from pratique.errors import Unavailable
    from pratique.tuf.client import current, repository_files

    try:
        anchors = current(home.trust, now=int(time.time()))
    except Unavailable as error:
        if needed:
            raise
        say(f"no trust is in the archive: {error.message}")
        return None, {}
    return anchors, repository_files(home.trust)


def _says_who(beliefs: dict[str, Any]) -> bool:
    """Whether the options say who is believed; a log's key says only which log is."""
    return any(value for option, value in beliefs.items() if option != "log_keys")


def _anchors_of(home: Home, anchors: "FollowedTrust", log_keys: tuple[str, ...]) -> "TrustAnchors":
    from pratique.cli.trust_anchors import known_logs
    from pratique.evidence.trust_anchors import anchors_of_trust

    return anchors_of_trust(anchors, known_logs(home, log_keys))


def _carried(
    home: Home, archive: "ArchiveLayout", trust_root: str | None, log_keys: tuple[str, ...]
) -> "tuple[TrustAnchors, FollowedTrust]":
    """The trust in the archive, from a root that came by another way."""
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
            files,
            root=read_limited(pinned, 4 << 20),
            directory=Path(scratch) / "trust",
            now=int(time.time()),
            name=archive.name,
            followed=home.trust,
        )
    return _anchors_of(home, anchors, log_keys), anchors


def _versions(anchors: "FollowedTrust") -> str:
    return ", ".join(f"{role} {version}" for role, version in sorted(anchors.versions.items()))


def _when(anchors: "FollowedTrust") -> str:
    return iso_time(anchors.expires) if anchors.expires is not None else "it is changed"
