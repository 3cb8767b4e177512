"""`pratique trust add|retire|revoke|rotate|role`: changes to trust.yaml, and to who holds the trust itself."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.cli.commands import Command
from pratique.cli.output import format_option, iso_time, print_json, printable
from pratique.cli.trust_countersign import (
    Countersigning,
    chosen,
    countersign_options,
    countersigned_json,
    print_countersigned,
    refuse_for,
    run_countersigning,
)
from pratique.cli.trust_words import at_option, directory_option, now, read_key, root_changes
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.tuf.edit import Change

ROLES = ("root", "targets", "online")
role_option = click.option("--role", "role_name", type=click.Choice(ROLES), help="Of those who hold the trust itself.")


@click.command(cls=Command)
@click.argument("authority")
@directory_option
@click.option("--key", "keys", multiple=True, type=click.Path(), help="A public key that speaks for it. Repeat it.")
@click.option("--issuer", help="The OIDC issuer of a workload or person, its URL in full.")
@click.option("--subject", help="The certificate's subject, exact: a workflow's URI or an e-mail address.")
@click.option(
    "--subject-pattern", help="A URI in which * stands for part of a segment: https://github.com/acme/app/…@refs/tags/*"
)
@click.option("--claim", "claims", multiple=True, metavar="NAME=VALUE", help="A certificate extension it must have. Repeat it.")
@click.option("--store", help="A notation trust store, TYPE:NAME.")
@click.option("--certificate-name", help="The whole subject of its certificates in that store.")
@click.option("--from", "since", help="From when on it counts: 2026-01-31 or 2026-01-31T12:00:00Z.")
@click.option("--until", help="Until when, that day or second included.")
@click.option(
    "--says", multiple=True, metavar="TYPE", help="What it may say: signature, sbom, provenance, … or a URI. Repeat it."
)
@click.option("--about", multiple=True, metavar="SCOPE", help="About which artifacts: HOST/REPOSITORY and all below it, or *.")
@format_option
def add(
    authority: str,
    directory: str,
    keys: tuple[str, ...],
    issuer: str | None,
    subject: str | None,
    subject_pattern: str | None,
    claims: tuple[str, ...],
    store: str | None,
    certificate_name: str | None,
    since: str | None,
    until: str | None,
    says: tuple[str, ...],
    about: tuple[str, ...],
    format_: str,
) -> None:
    """Let AUTHORITY, a new one or a known one, have another signer, or say more."""
    from pratique.tuf.edit import add_signers, key_file

    window = {name: at for name, at in (("from", since), ("until", until)) if at}
    signers: list[tuple[str, Mapping[str, Any]]] = []
    if issuer or subject or subject_pattern:
        named = {"issuer": issuer, "subject": subject, "subject-pattern": subject_pattern, "claims": _claims(claims)}
        signers.append(("workloads", {name: value for name, value in named.items() if value} | window))
    if store or certificate_name:
        if not (store and certificate_name):
            raise InputError("a certified signer needs both --store and --certificate-name")
        signers.append(("certified", {"store": store, "name": certificate_name, **window}))
    if bool(says) != bool(about):
        raise InputError("a permission needs both --says and --about", hint="--about '*' means every artifact")
    permission = {"predicates": list(says), "about": list(about)} if says else None
    if not keys and not signers and not permission:
        raise InputError("nothing to add", hint="name a --key, an --issuer with a --subject, a --store, or --says with --about")
    loaded = [read_key(key) for key in keys]
    signers += [("keys", {"file": key_file(key), **window}) for key in loaded]
    _edit(_source(directory), add_signers(authority, signers, permission), format_, keys=loaded)


@click.command(cls=Command)
@click.argument("who")
@directory_option
@at_option
@countersign_options
@format_option
def retire(who: str, directory: str, at: str | None, format_: str, **countersigning: Any) -> int:
    """Say that WHO signs no more. What is proven to have been signed by then stays good.

    WHO is a key's file, the beginning of a key ID, a subject, or a certificate's name. With --countersign, the key of --key,
    which is in the trust, first signs again what WHO said that is in this machine's catalog and counts now, logs it and attaches
    it where the artifacts lie. Unless all of it could be, nothing is changed: exit code 1 or 3, and the same command goes on.
    """
    from pratique.tuf.edit import set_event

    path = _source(directory)
    signer = _signer(who)
    change = set_event(path, signer, "retired", at or iso_time(now()))
    return _go_out(path, signer, change, chosen(**countersigning), format_)


@click.command(cls=Command)
@click.argument("who", required=False)
@directory_option
@click.option("--compromised-at", help="Since when somebody else may have signed as WHO; what is not proven older is void.")
@click.option("--statement", metavar="FILE|DIGEST", help="One statement: its file, or the SHA-256 digest of what it signs.")
@click.option("--predicate", metavar="TYPE", help="With --subject: all statements of this type …")
@click.option("--subject", metavar="DIGEST", help="… about this artifact.")
@click.option("--reason", help="Why; whoever meets the revocation reads it.")
@format_option
def revoke(
    who: str | None,
    directory: str,
    compromised_at: str | None,
    statement: str | None,
    predicate: str | None,
    subject: str | None,
    reason: str | None,
    format_: str,
) -> None:
    """Take something back: a signer that was compromised, one statement, or all of a type about an artifact."""
    from pratique.tuf.edit import add_revocation, set_event

    path = _source(directory)
    if [bool(who), bool(statement), bool(predicate or subject)].count(True) != 1:
        raise InputError("say what to take back", hint="WHO with --compromised-at, or --statement, or --predicate with --subject")
    if who:
        if not compromised_at:
            raise InputError("since when?", hint="name the earliest time it may have happened with --compromised-at")
        _edit(path, set_event(path, _signer(who), "compromised", compromised_at), format_)
        return
    what = {"statement": _statement(statement)} if statement else {"predicate": predicate, "subject": subject}
    entry = {name: text for name, text in (what | {"reason": reason}).items() if text}
    _edit(path, add_revocation(entry), format_)


@click.command(cls=Command)
@click.argument("old")
@click.argument("new", type=click.Path())
@directory_option
@at_option
@role_option
@click.option(
    "--succession", type=click.Path(), help="OLD's own statement that NEW follows it, as pratique key rotate writes it."
)
@countersign_options
@format_option
def rotate(
    old: str,
    new: str,
    directory: str,
    at: str | None,
    role_name: str | None,
    succession: str | None,
    format_: str,
    **countersigning: Any,
) -> int:
    """Put the public key in file NEW in the place of OLD, which retires at --at.

    What OLD signed without a trusted time counts no more from then on. With --countersign, NEW first signs again what OLD said
    that is in this machine's catalog and counts now, logs it and attaches it where the artifacts lie; its private key is that of
    --key, else the file NEW without .pub. Unless all of it could be, nothing is changed: exit code 1 or 3, and the same command
    goes on.

    With --succession, both keys must have said so themselves, and OLD retires when they said.

    With --role, a holder of the trust itself is replaced: both the old holders and the new must then sign.
    """
    from pratique.tuf.edit import key_file, replace_key

    key = read_key(new)
    if role_name:
        if at or succession or countersigning["countersign"]:
            hint = f"leave out {'--at' if at else '--succession' if succession else '--countersign'}"
            raise InputError("a role changes hands when the new root is published", hint=hint)
        _change_role(directory, role_name, [key], [old], None, format_)
        return 0
    path = _source(directory)
    signer = _signer(old)
    if succession:
        at = _succeeded(path, signer, key, Path(succession), at)
    change = replace_key(path, signer, key_file(key), at or iso_time(now()))
    return _go_out(path, signer, change, chosen(**countersigning), format_, new=key, new_file=new)


@click.command("role", cls=Command)
@click.argument("role_name", metavar="ROLE", type=click.Choice(ROLES))
@directory_option
@click.option("--add", "added", multiple=True, type=click.Path(), help="The public key of a new holder. Repeat it.")
@click.option(
    "--remove", "removed", multiple=True, metavar="KEY", help="A holder's file or the beginning of its key ID. Repeat it."
)
@click.option("--threshold", type=int, help="How many of the holders must sign.")
@format_option
def change_role(
    role_name: str, directory: str, added: tuple[str, ...], removed: tuple[str, ...], threshold: int | None, format_: str
) -> None:
    """Change who holds the trust itself: root, targets (trust.yaml), or online (snapshot and timestamp).

    The change is the next root: the old holders and the new must sign it before it is published.
    """
    if not added and not removed and threshold is None:
        raise InputError("nothing to change", hint="use --add, --remove or --threshold")
    _change_role(directory, role_name, list(map(read_key, added)), list(removed), threshold, format_)


def _change_role(
    directory: str, name: str, added: "list[PublicKey]", removed: list[str], threshold: int | None, format_: str
) -> None:
    from pratique.tuf.folder import TrustFolder
    from pratique.tuf.roles import RoleKeys, roles_of

    folder = TrustFolder(Path(directory))
    roles = ("snapshot", "timestamp") if name == "online" else (name,)
    held = roles_of(folder.root_ahead().signed)[roles[0]]
    gone = {_holder(held.keys, who) for who in removed}
    keys = tuple(key for key in held.keys if key not in gone) + tuple(added)
    rule = RoleKeys(keys=keys, threshold=held.threshold if threshold is None else threshold)
    folder.change_roles(dict.fromkeys(roles, rule), now=now())
    _say(root_changes(folder), format_)


def _holder(keys: "tuple[PublicKey, ...]", who: str) -> "PublicKey":
    wanted = _signer(who)
    found = [key for key in keys if len(wanted) >= 8 and key.keyid.startswith(wanted)]
    if len(found) != 1:
        raise InputError(
            f"{len(found) or 'no'} holders called {who[:200]!r}", hint="name a key's file, or 8 digits of its key ID"
        )
    return found[0]


def _go_out(
    path: Path,
    signer: str,
    change: "Change",
    countersigning: Countersigning | None,
    format_: str,
    *,
    new: "PublicKey | None" = None,
    new_file: str = "",
) -> int:
    """A signer goes out of use, once what it said was said again if that is asked for; gives the exit code."""
    from pratique.tuf.edit import edit_source

    keys = [new] if new is not None else []
    if countersigning is None:
        _warn_of_what_is_void(signer)
        _edit(path, change, format_, keys=keys)
        return 0
    edit_source(path, change, keys=keys, write=False)  # what cannot be changed costs no signature
    done = run_countersigning(path, signer, countersigning, new, new_file)
    if done.left:
        return refuse_for(done, format_)
    lines = edit_source(path, change, keys=keys)
    if format_ == "json":
        print_json({"changes": lines, **countersigned_json(done)})
    else:
        print_countersigned(done)
        _say(lines, format_)
    return 0


def _warn_of_what_is_void(signer: str) -> None:
    """Say what stops counting before the change is written: nothing proves that it was signed before the signer retired."""
    from pratique.app.home import find_home
    from pratique.app.unstamped import count_unstamped
    from pratique.cli.voice import say

    count = count_unstamped(find_home(), signer)
    if count:
        say(
            f"{count} statements by {signer[:12]}… in this catalog have no trusted time, and count no more once it has retired: "
            "before you publish this, ship or sign them again with --timestamp-url, which adds a timestamp to what is signed, "
            "or have another key say them too: --countersign"
        )


def _edit(path: Path, change: "Change", format_: str, *, keys: "Iterable[PublicKey]" = ()) -> None:
    from pratique.tuf.edit import edit_source

    _say(edit_source(path, change, keys=keys), format_)


def _say(lines: list[str], format_: str) -> None:
    if format_ == "json":
        print_json({"changes": lines})
        return
    for line in lines:
        click.echo(f"  {printable(line)}")
    click.echo("next: pratique trust sign, by as many holders as needed, then pratique trust publish")


def _claims(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if any(not name or not equals or not value for name, equals, value in pairs):
        raise InputError("a claim is written NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _succeeded(path: Path, old: str, new: "PublicKey", statement: Path, at: str | None) -> str:
    """When `old` gave way to `new`, as both keys say. Raises InputError when they say something else; as `verify_succession`."""
    from pratique.attest.predicates.succession import MAX_SIZE, verify_succession
    from pratique.files import read_limited
    from pratique.tuf.edit import key_of_signer

    said = verify_succession(read_limited(statement, MAX_SIZE), key_of_signer(path, old))
    if said.new.spki != new.spki:
        raise InputError(f"the statement names key {said.new.keyid[:12]}…, not {new.keyid[:12]}…", where=str(statement))
    told = iso_time(said.at)
    if at is not None and at != told:
        raise InputError(f"the statement says {told}, and --at {at}", where=str(statement), hint="leave out --at")
    return told


def _signer(who: str) -> str:
    """A key's file stands for its key ID, wherever it lies."""
    return read_key(who).keyid if Path(who).is_file() else who


def _statement(text: str) -> str:
    """The digest of what a file of evidence says. It stays the same however the file around it is written."""
    from pratique.attest.bundle import MAX_BUNDLE_SIZE
    from pratique.attest.signed_digest import signed_digest
    from pratique.files import read_limited
    from pratique.model.digest import Digest, is_digest

    if is_digest(text):
        if Digest(text).algorithm != "sha256":
            raise InputError("a statement is named by its SHA-256 digest, and this is another", where=text[:200])
        return text
    if not Path(text).is_file():
        raise InputError("neither a digest nor a bundle that can be read", where=text[:200])
    try:
        return str(signed_digest(read_limited(Path(text), MAX_BUNDLE_SIZE)))
    except InputError as error:
        raise InputError(error.message, where=text[:200], hint=error.hint) from error


def _source(directory: str) -> Path:
    from pratique.errors import NotFound

    path = Path(directory) / "trust.yaml"
    if not path.is_file():
        raise NotFound("no trust is kept here", where=directory, hint="run: pratique trust init, or name the folder with -C")
    return path
