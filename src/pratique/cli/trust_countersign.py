"""`--countersign` of `pratique trust rotate|retire`: an old key's statements, said again by another before it goes out of use."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.cli.options import passphrase_option, timestamp_option
from pratique.cli.output import print_fact, print_json, print_note, print_title, print_verdict
from pratique.cli.trust_words import now
from pratique.errors import InputError
from pratique.lexicon.text import how_many
from pratique.model import Cause, State

if TYPE_CHECKING:
    from pratique.app.countersign import Countersigned, LeftOut
    from pratique.attest.publickey import PublicKey
    from pratique.keys.signer import Signer
    from pratique.trust import Trust
    from pratique.tuf.value import FollowedTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersigning:
    """What the options say. `key`: the reference of the private key that signs, None for the one beside the new public key."""

    key: str | None
    passphrase_file: str | None
    timestamp_url: str | None


def countersign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`countersign`, `key`, `passphrase_file`, `timestamp_url`; to be read by `chosen`."""
    for option in reversed(
        (
            click.option(
                "--countersign",
                is_flag=True,
                help="First sign again, by the new key, what the old one said that is in the catalog and still counts.",
            ),
            click.option("--key", help="With --countersign, the private key that signs: a FILE or a reference."),
            passphrase_option,
            timestamp_option,
        )
    ):
        command = option(command)
    return command


def chosen(
    countersign: bool,
    key: str | None,
    passphrase_file: str | None,
    timestamp_url: str | None,
) -> Countersigning | None:
    """What the options come to. Raises InputError for those that would do nothing."""
    if not countersign:
        if key or passphrase_file:
            raise InputError("--key and --passphrase-file are for --countersign")
        return None
    return Countersigning(key=key, passphrase_file=passphrase_file, timestamp_url=timestamp_url)


def run_countersigning(path: Path, old: str, how: Countersigning, new: "PublicKey | None", new_file: str = "") -> "Countersigned":
    """Have the new key say what `old`, a signer of the trust.yaml in `path`, said.

    `new`, `new_file`: the public key that comes into the trust, and where it lies; None where the one that signs is in the trust.
    Raises InputError for a key that may not sign, and what opening it raises.
    """
    from pratique.app.countersign import countersign
    from pratique.app.home import find_home, open_home_catalog
    from pratique.app.home_log import open_logged_signer
    from pratique.cli.signers import load_chosen_signer
    from pratique.cli.trust_anchors import known_logs
    from pratique.evidence.trust_anchors import anchors_of_trust
    from pratique.tuf.compile import read_source
    from pratique.tuf.edit import key_of_signer

    home = find_home()
    old_key = key_of_signer(path, old)
    followed = read_source(path, now=now())
    private = how.key or (os.path.splitext(new_file)[0] if new_file.endswith(".pub") else None)  # noqa: PTH122
    if private is None:
        raise InputError("by which key?", hint="name its private key with --key")
    signer = load_chosen_signer(private, how.passphrase_file)
    trust = _trust_with(followed, old_key, signer, new)
    with open_home_catalog(home) as catalog:
        return countersign(
            catalog,
            old_key,
            open_logged_signer(home, signer, how.timestamp_url),
            anchors=anchors_of_trust(followed, known_logs(home)),
            trust=trust,
            journals=home.journals,
            clock=now,
        )


def _trust_with(followed: "FollowedTrust", old: "PublicKey", signer: "Signer", new: "PublicKey | None") -> "Trust":
    """The trust in which the signing key is to count: with `new` beside the old key, or as it is. Raises InputError."""
    from pratique.model.signer import KeySigner
    from pratique.trust import Authorities, Key

    trust, key = followed.trust, signer.public_key
    if key.spki == old.spki:
        raise InputError("this is the key that goes out of use", hint="name another with --key")
    if new is None:
        if trust.authorities.find(KeySigner(keyid=key.keyid)) is None:
            raise InputError(f"key {key.keyid[:12]}… is nobody's in this trust", hint="pratique trust add AUTHORITY --key K.pub")
        return trust
    if key.spki != new.spki:
        raise InputError(f"--key is key {key.keyid[:12]}…, and the new one is {new.keyid[:12]}…")
    found = trust.authorities.find(KeySigner(keyid=old.keyid))
    items = tuple(
        replace(authority, signers=(*authority.signers, Key(keyid=new.keyid)))
        if found is not None and authority.name == found[0].name
        else authority
        for authority in trust.authorities.items
    )
    return replace(trust, authorities=Authorities(items))


def countersigned_json(done: "Countersigned") -> dict[str, Any]:
    """For programs."""
    return {
        "countersigned": [
            {
                "subjects": [target.digest for target in item.request.targets],
                "predicate_type": item.request.predicate_type,
                "bundle": item.sealed.digest,
                "log_index": item.sealed.log_index,
                "places": list(item.places),
                "reused": item.reused,
            }
            for item in done.said
        ],
        "left_out": [_left_json(item) for item in done.left],
        "did_not_count": [_left_json(item) for item in done.uncounted],
    }


def _left_json(item: "LeftOut") -> dict[str, Any]:
    return {"name": item.name, "digest": item.digest, "what": item.what, "cause": item.cause.value, "detail": item.why}


def refuse_for(done: "Countersigned", format_: str) -> int:
    """Say what was left out, for which the old key stays; gives the exit code: 3 where all of it only could not be asked."""
    if format_ == "json":
        print_json({"changes": [], **countersigned_json(done)})
    else:
        print_countersigned(done)
        for item in done.left:
            print_verdict(item.cause, item.what, _left_text(item))
        print_note("not changed", "the old key stays as it is: run this again, or without --countersign to give these up")
    return 3 if all(item.cause.state is State.UNCHECKED for item in done.left) else 1


def print_countersigned(done: "Countersigned") -> None:
    """What the new key says now."""
    from pratique.model.predicates import TITLES

    print_title(f"{how_many(len(done.said), 'statement')} countersigned")
    for item in done.said:
        title = TITLES.get(item.request.predicate_type, item.request.predicate_type)
        names = ", ".join(dict.fromkeys(target.name or target.digest for target in item.request.targets))
        again = ", said before" if item.reused else ""
        print_verdict(Cause.NONE, title, f"{names}: log entry {item.sealed.log_index}{again}")
        for place in item.places:
            print_fact("at", place)
    if done.uncounted:
        print_title(f"{len(done.uncounted)} did not count before either, and are not said again")
    for lost in done.uncounted:
        print_fact(lost.what, _left_text(lost))


def _left_text(item: "LeftOut") -> str:
    return f"{item.name or 'an artifact without a name'} {item.digest}: {item.why}"
