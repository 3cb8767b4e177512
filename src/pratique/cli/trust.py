"""`pratique trust`: keep, sign, publish and follow what a team believes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pratique.app.home import find_home
from pratique.cli.commands import CommandGroup
from pratique.cli.options import passphrase_option
from pratique.cli.output import format_option, iso_time, print_fact, print_json, print_title, printable
from pratique.cli.signers import load_chosen_signer, load_machine_signer
from pratique.cli.trust_edit import add, change_role, retire, revoke, rotate
from pratique.cli.trust_show import show
from pratique.cli.trust_words import (
    directory_option,
    keys_option,
    now,
    read_key,
    role_json,
    role_text,
    root_changes,
    standing_json,
    standing_text,
)
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.tuf.value import FollowedTrust

TEMPLATE = """\
# Who may say what, about which artifacts, until when. docs/trust.md explains every field.
# After a change: pratique trust sign, by as many holders as needed, then pratique trust publish.
version: 1
name: {name}
authorities: {{}}
"""


@click.group(cls=CommandGroup)
def command() -> None:
    """Say who may say what about which artifacts; sign, publish and follow it."""


@command.command()
@directory_option
@click.option("--name", help="What this trust is called; default the folder's name.")
@click.option(
    "--root-key", "root_keys", multiple=True, type=click.Path(), help="The public key of a holder of the root. Repeat it."
)
@click.option("--threshold", type=int, default=1, show_default=True, help="How many of the holders must sign.")
@click.option(
    "--targets-key", "targets_keys", multiple=True, type=click.Path(), help="Who signs trust.yaml; default the holders."
)
@click.option("--targets-threshold", type=int, help="How many of those must sign; default 1, or --threshold for the holders.")
@click.option("--online-key", type=click.Path(), help="The public key of the machine that publishes; default this machine's.")
@format_option
def init(
    directory: str,
    name: str | None,
    root_keys: tuple[str, ...],
    threshold: int,
    targets_keys: tuple[str, ...],
    targets_threshold: int | None,
    online_key: str | None,
    format_: str,
) -> None:
    """Begin a trust: a trust.yaml, and a root that its holders must sign before it is published."""
    from pratique.tuf.folder import TrustFolder
    from pratique.tuf.roles import RoleKeys

    if not root_keys:
        raise InputError("nobody would hold the root", hint="name the public key of each holder with --root-key")
    root = RoleKeys(keys=tuple(map(read_key, root_keys)), threshold=threshold)
    usual = 1 if targets_keys else threshold
    targets = RoleKeys(
        keys=tuple(map(read_key, targets_keys)) or root.keys,
        threshold=usual if targets_threshold is None else targets_threshold,
    )
    folder = TrustFolder(Path(directory))
    folder.check_vacant()
    # The machine's key last: it is made where there is none, and nothing is made for what is refused.
    online = read_key(online_key) if online_key else load_machine_signer(find_home(), None, None).public_key
    machine = RoleKeys(keys=(online,))
    title = name or folder.path.resolve().name
    roles = {"root": root, "targets": targets, "snapshot": machine, "timestamp": machine}
    folder.start(roles, TEMPLATE.format(name=json.dumps(title, ensure_ascii=False)), now=now())
    if format_ == "json":
        print_json({"directory": directory, "roles": {role: role_json(rule) for role, rule in roles.items()}})
        return
    print_title(f"{folder.source} and {folder.draft_path('root')}")
    for role, rule in roles.items():
        print_fact(role, role_text(rule))
    click.echo("next: say who may say what (pratique trust add), then pratique trust sign")


@command.command()
@directory_option
@keys_option
@passphrase_option
@click.option("--renew", is_flag=True, help="Sign the next version although nothing changed: the present one is about to expire.")
@format_option
def sign(directory: str, keys: tuple[str, ...], passphrase_file: str | None, renew: bool, format_: str) -> None:
    """Sign what waits: the next root, and trust.yaml when it changed. First shows, in words, what that changes.

    Holders do this one after another, each on their own machine: the drafts travel with the folder.
    """
    from pratique.model import Digest
    from pratique.trust.difference import describe_changes
    from pratique.tuf.folder import TrustFolder

    if not keys:
        raise InputError("no key is named to sign with", hint="name the private key of a holder with --key")
    folder = TrustFolder(Path(directory))
    compiled = folder.compile()
    changes = [*root_changes(folder), *describe_changes(folder.published_trust(), compiled.trust)]
    if format_ == "text":
        print_title(f"{compiled.trust.name}: what you sign")
        for line in changes or ["nothing changes; it is signed for a longer time"]:
            click.echo(f"  {printable(line)}")
        if first := folder.roots().get("metadata/1.root.json"):
            print_fact("first root", f"{Digest.of(first)}: the trust that this belongs to")
    for key in keys:
        signer = load_chosen_signer(key, passphrase_file)
        folder.check_followed(find_home().trust, signer.public_key)
        standings = folder.sign(signer, now=now(), renew=renew)
    if format_ == "json":
        print_json({"changes": changes, "signed": {role: standing_json(item) for role, item in standings.items()}})
        return
    for role, item in standings.items():
        print_fact(role, standing_text(item))
    if all(item.enough for item in folder.standings().values()):
        click.echo("next: pratique trust publish")


@command.command()
@directory_option
@keys_option
@passphrase_option
@click.option("--to", "places", multiple=True, help="Where to publish to, besides published/: file:DIR, registry:…, oci-dir:…")
@format_option
def publish(directory: str, keys: tuple[str, ...], passphrase_file: str | None, places: tuple[str, ...], format_: str) -> None:
    """Publish what is signed, and renew the timestamp: run it after every change, and regularly from a machine.

    Each place changes at one instant. What is not signed by enough holders is not published.
    """
    from pratique.files import check_folder_above
    from pratique.model import Digest
    from pratique.tuf.folder import TrustFolder
    from pratique.tuf.places import DirectoryPlace, open_place
    from pratique.tuf.publish import check_signed
    from pratique.tuf.publish import publish as publish_folder

    folder = TrustFolder(Path(directory))
    check_signed(folder)
    opened = [open_place(place, create=True) for place in places]
    for place in opened:
        if isinstance(place, DirectoryPlace):
            check_folder_above(place.root)
    signers = [load_machine_signer(find_home(), key, passphrase_file) for key in keys or (None,)]
    out = publish_folder(folder, signers, opened, now=now())
    anchor = Digest.of(out.first_root)
    if format_ == "json":
        expires = {role: iso_time(at) for role, at in out.expires.items()}
        print_json({"versions": out.versions, "expires": expires, "root": anchor, "places": places, "unsigned": out.unsigned})
        return
    print_title(f"published: {folder.published}" + "".join(f", {place}" for place in places))
    for role, version in out.versions.items():
        print_fact(role, f"version {version}, good until {iso_time(out.expires[role])}")
    print_fact("first root", f"{anchor}")
    if out.unsigned:
        click.echo("trust.yaml has changes that are not signed yet: they were not published (see pratique trust show)")
    click.echo(f"others follow it with: pratique trust follow SOURCE --root-digest {anchor}")


@command.command()
@click.argument("source")
@click.option("--root", type=click.Path(), help="The first root, 1.root.json, which came to you by a way you trust.")
@click.option("--root-digest", help="Or its digest: the root is then fetched from SOURCE and compared.")
@format_option
def follow(source: str, root: str | None, root_digest: str | None, format_: str) -> None:
    """Trust, on this machine, what SOURCE publishes: file:DIR, https://…, registry:HOST/NAME[:TAG], oci-dir:PATH[:TAG].

    Everything follows from the root you name; without one nothing is believed. It replaces what was followed before.
    """
    from pratique.tuf.client import follow as follow_source

    if (root is None) == (root_digest is None):
        raise InputError(
            "name the root by --root or by --root-digest", hint="whoever publishes the trust can tell you its digest"
        )
    source = _absolute(source)
    data = _read_root(root) if root else _fetch_root(source, root_digest or "")
    _print_anchors(follow_source(find_home().trust, source, root=data, now=now()), format_)


@command.command()
@format_option
def refresh(format_: str) -> None:
    """Ask the place that is followed for the newest trust."""
    from pratique.tuf.client import refresh as refresh_followed

    _print_anchors(refresh_followed(find_home().trust, now=now()), format_)


for _other in (add, retire, revoke, rotate, change_role, show):
    command.add_command(_other)


def _print_anchors(anchors: "FollowedTrust", format_: str) -> None:
    if format_ == "json":
        expires = iso_time(anchors.expires) if anchors.expires is not None else None
        print_json({"name": anchors.trust.name, "source": anchors.source, "versions": anchors.versions, "expires": expires})
        return
    print_title(f"following {anchors.trust.name}")
    print_fact("source", anchors.source)
    print_fact("authorities", ", ".join(sorted(anchors.trust.authorities.names)))
    print_fact("good until", iso_time(anchors.expires) if anchors.expires is not None else "always")


def _fetch_root(source: str, digest: str) -> bytes:
    from pratique.errors import DigestMismatch, NotFound, Unavailable
    from pratique.model import Digest
    from pratique.tuf.metadata import MAX_METADATA_BYTES
    from pratique.tuf.places import open_place, read_file

    wanted = Digest.parse(digest)
    try:
        data = read_file(open_place(source), "metadata/1.root.json", MAX_METADATA_BYTES)
    except NotFound as error:
        raise Unavailable("there is no first root", where=source) from error
    if Digest.of(data) != wanted:
        raise DigestMismatch(f"its first root is {Digest.of(data)}, not {wanted}", where=source)
    return data


def _read_root(path: str) -> bytes:
    from pratique.files import read_limited
    from pratique.tuf.metadata import MAX_METADATA_BYTES

    return read_limited(Path(path), MAX_METADATA_BYTES)


def _absolute(source: str) -> str:
    """A followed folder is found from everywhere."""
    from pratique.tuf.places import spelled_place

    source = spelled_place(source)
    scheme, _, rest = source.partition(":")
    if scheme in ("file", "oci-dir", "oci-archive") and rest and not rest.startswith("/"):
        return f"{scheme}:{Path(rest).absolute()}"
    return source
