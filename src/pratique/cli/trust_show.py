"""`pratique trust show`: who may say what until when, what is retired or revoked, what waits for signatures, what is stale."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import find_home
from pratique.cli.commands import Command
from pratique.cli.output import format_option, iso_time, print_fact, print_json, print_title, printable
from pratique.cli.trust_words import directory_option, now, role_json, role_text, root_changes, standing_json, standing_text
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.trust import Identity, Trust
    from pratique.trust.lifetime import Lifetime
    from pratique.tuf.folder import TrustFolder
    from pratique.tuf.value import FollowedTrust

_SOON_S = 3 * 86400


@click.command(cls=Command)
@directory_option
@click.option("--followed", is_flag=True, help="Show what this machine follows; also the default where there is no trust.yaml.")
@format_option
def show(directory: str, followed: bool, format_: str) -> int:
    """Show the trust of a folder, or the one that this machine follows.

    Exit code 3: it has expired, and nothing may be believed on its word.
    """
    at = now()
    if followed or not (Path(directory) / "trust.yaml").exists():
        return _show_followed(at, format_)
    from pratique.trust.difference import describe_changes
    from pratique.tuf.folder import TrustFolder

    folder = TrustFolder(Path(directory))
    compiled = folder.compile()
    published = folder.published_trust()
    pending = [*root_changes(folder), *describe_changes(published, compiled.trust)]
    expires = _expiries(folder)
    if format_ == "json":
        body = _trust_json(compiled.trust, at) | _folder_json(folder)
        print_json(body | {"pending": pending, "expires": {role: iso_time(end) for role, end in expires.items()}})
    else:
        _print_trust(compiled.trust, at)
        _print_folder(folder, pending, expires, at)
    return 3 if any(at >= end for end in expires.values()) else 0


def _show_followed(at: int, format_: str) -> int:
    from pratique.tuf.cache import load_cached

    anchors = load_cached(find_home().trust)
    if format_ == "json":
        fresh = {"source": anchors.source, "fetched": iso_time(anchors.fetched_at), "expired": anchors.expired(at)}
        ends = {"expires": iso_time(anchors.expires) if anchors.expires is not None else None, "versions": dict(anchors.versions)}
        print_json(_trust_json(anchors.trust, at) | fresh | ends)
    else:
        _print_trust(anchors.trust, at)
        print_fact("source", anchors.source)
        print_fact("fetched", iso_time(anchors.fetched_at))
        print_fact("good until", _until(anchors, at))
    return 3 if anchors.expired(at) else 0


def _until(anchors: "FollowedTrust", at: int) -> str:
    if anchors.expires is None:
        return "always"
    return f"{iso_time(anchors.expires)}{' — expired: run pratique trust refresh' if anchors.expired(at) else ''}"


def state_of(lifetime: "Lifetime", at: int) -> str:
    """What may be signed today: `good`, `not yet`, `ended`, `retired` or `compromised`."""
    if lifetime.compromised_at is not None and at >= lifetime.compromised_at:
        return "compromised"
    if lifetime.retired_at is not None and at > lifetime.retired_at:
        return "retired"
    if lifetime.window.since is not None and at < lifetime.window.since:
        return "not yet"
    return "ended" if lifetime.window.until is not None and at > lifetime.window.until else "good"


_MARKS = {"good": ("✔", "green"), "not yet": ("?", "yellow"), "ended": ("–", "yellow"), "retired": ("–", "yellow")}


def _print_trust(trust: "Trust", at: int) -> None:
    from pratique.trust.difference import grant_text, lifetime_text, title_text, window_text

    print_title(trust.name)
    for party in trust.authorities.items:
        click.echo(f"  {click.style(printable(party.name), bold=True)}")
        for grant in party.grants:
            click.echo(f"    may say {printable(grant_text(grant))} {window_text(grant.window)}".rstrip())
        for identity in party.signers:
            state = state_of(identity.lifetime, at)
            mark, colour = _MARKS.get(state, ("✘", "red"))
            ends = lifetime_text(identity.lifetime)
            click.echo(f"    {click.style(mark, fg=colour)} {printable(str(identity))}{f' — {ends}' if ends else ''}")
    if not trust.authorities.items:
        click.echo("  nobody may say anything yet")
    for rule in trust.thresholds:
        among = f" of {', '.join(sorted(rule.names))}" if rule.names else ""
        print_fact("threshold", f"{how_many(rule.count, 'authority', 'authorities')}{among}: {grant_text(rule)}")
    if trust.time_operators > 1:
        print_fact("times", f"count when {trust.time_operators} operators vouch")
    for label, keys in (("log", trust.logs), ("witness", trust.witnesses)):
        for key in keys:
            print_fact(label, f"{key.name} of {key.operator} {lifetime_text(key.lifetime)}".rstrip())
    for item in trust.carried:
        print_fact(item.kind, f"{item.name} {window_text(item.window)}".rstrip())
    for taken in trust.revocations:
        about = f"every {title_text(taken.predicate_type)} about {taken.subject}"
        print_fact("revoked", f"{taken.statement or about}{f': {taken.reason}' if taken.reason else ''}")


def _print_folder(folder: "TrustFolder", pending: list[str], expires: dict[str, int], at: int) -> None:
    from pratique.tuf.roles import roles_of

    click.echo("  held by")
    for role, rule in roles_of(folder.root_ahead().signed).items():
        print_fact(f"  {role}", role_text(rule))
    for role, end in expires.items():
        if at >= end:
            print_fact("expired", f"{role}, at {iso_time(end)}: clients believe nothing of it any more")
        elif end - at < _SOON_S:
            print_fact("expires soon", f"{role}, at {iso_time(end)}")
    if not expires:
        print_fact("published", "never")
    for line in pending:
        print_fact("not published", line)
    for role, item in folder.standings().items():
        print_fact(f"draft {role}", standing_text(item))


def _trust_json(trust: "Trust", at: int) -> dict[str, Any]:
    import json

    from pratique.trust.published import render_published

    document = json.loads(render_published(trust))
    states = {
        party.name: {_label(item): state_of(item.lifetime, at) for item in party.signers} for party in trust.authorities.items
    }
    return {"name": trust.name, "document": document, "states": states}


def _label(identity: "Identity") -> str:
    from pratique.trust import Key

    return identity.keyid if isinstance(identity, Key) else str(identity)


def _folder_json(folder: "TrustFolder") -> dict[str, Any]:
    from pratique.tuf.roles import roles_of

    roles = {role: role_json(rule) for role, rule in roles_of(folder.root_ahead().signed).items()}
    return {"roles": roles, "drafts": {role: standing_json(item) for role, item in folder.standings().items()}}


def _expiries(folder: "TrustFolder") -> dict[str, int]:
    """When what is published ends, by role."""
    from pratique.tuf.metadata import expires_at

    root = folder.root()
    parts = {"root": root, **{role: folder.newest(role) for role in ("targets", "snapshot", "timestamp")}}
    return {role: expires_at(part) for role, part in parts.items() if part is not None}
