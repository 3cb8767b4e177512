"""Changes to a `trust.yaml` that leave its comments and its order: what a command does, a person could have done by hand.

After each change the whole document is compiled again; one that would not be valid is not written.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pratique.attest.keyfile import parse_public_key
from pratique.attest.publickey import PublicKey
from pratique.errors import InputError, Malformed
from pratique.files import write_atomic
from pratique.trust.difference import describe_changes
from pratique.tuf.compile import compile_source, read_source

_KINDS = ("keys", "workloads", "certified")
KEY_FOLDER = "keys"  # beside the document
_MIN_PREFIX = 8  # hex digits of a key ID that name it

Change = Callable[[Any], None]


def edit_source(path: Path, change: Change, *, keys: Iterable[PublicKey] = (), write: bool = True) -> list[str]:
    """Apply `change` to the document in `path`; returns what it comes to, in words. Raises InputError when it changes nothing.

    `keys`: kept beside it under the names of `key_file`, unless the change fails. `write`: False only tries it. The file is
    replaced at once, or not touched: when the result is no valid trust document, this raises what `compile_source` raises.
    """
    before = compile_source(path)
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_bytes())
    change(document)
    out = io.BytesIO()
    yaml.dump(document, out)
    # Beside the document, for what it names is relative to it.
    trial = path.with_name(f".{path.name}.trial")
    new = {path.parent / key_file(key): key.pem for key in keys if not (path.parent / key_file(key)).exists()}
    folder_is_new = bool(new) and not (path.parent / KEY_FOLDER).exists()
    kept = False
    try:
        for file, pem in new.items():
            write_atomic(file, pem)
        write_atomic(trial, out.getvalue())
        after = compile_source(trial)
    except (InputError, Malformed) as error:
        error.where = str(path) if error.where == str(trial) else error.where
        raise
    else:
        lines = describe_changes(before.trust, after.trust)
        if not lines:
            raise InputError("that changes nothing", where=str(path), hint="pratique trust show tells what is there")
        if write:
            write_atomic(path, out.getvalue())
            kept = True
        return lines
    finally:
        for file in [trial] if kept else [trial, *new]:
            file.unlink(missing_ok=True)
        if folder_is_new and not kept:
            with suppress(OSError):  # somebody else put something into it
                (path.parent / KEY_FOLDER).rmdir()


def key_file(key: PublicKey) -> str:
    """Under which name a key is kept beside the document."""
    return f"{KEY_FOLDER}/{key.keyid[:16]}.pub"


def add_signers(name: str, signers: Sequence[tuple[str, Mapping[str, Any]]], says: Mapping[str, Any] | None) -> Change:
    """Give an authority, new or known, these signers (`keys`, `workloads` or `certified`, and the entry) and a permission."""

    def change(document: Any) -> None:
        party = document.setdefault("authorities", CommentedMap()).setdefault(name, CommentedMap())
        for kind, entry in signers:
            party.setdefault(kind, CommentedSeq()).append(_flow(entry))
        if says:
            party.setdefault("says", CommentedSeq()).append(_flow(says))

    return change


def set_event(path: Path, who: str, event: str, at: str) -> Change:
    """Say of a signer that it was `retired` or `compromised` at that time. `who`: as in `find_signer`.

    A compromise is not moved to a later time by a command: that would make trusted again what was not.
    """

    def change(document: Any) -> None:
        _, entry = find_signer(path, document, who)
        if event == "compromised" and event in entry and str(entry[event]) < at:
            hint = "if that was wrong, correct the document by hand"
            raise InputError(f"{who} is known to be compromised since {entry[event]}", where=str(path), hint=hint)
        entry[event] = at

    return change


def replace_key(path: Path, old: str, file: str, at: str) -> Change:
    """Retire a signer at that time and give its authority a key in its place."""

    def change(document: Any) -> None:
        name, entry = find_signer(path, document, old)
        entry["retired"] = at
        add_signers(name, [("keys", {"file": file})], None)(document)

    return change


def add_revocation(entry: Mapping[str, str]) -> Change:
    """Take a statement back, or all of a type about a subject."""

    def change(document: Any) -> None:
        document.setdefault("revoked", CommentedSeq()).append(_flow(entry))

    return change


def find_signer(path: Path, document: Any, who: str) -> tuple[str, Any]:
    """The authority and entry of a signer, named by a key's file, the beginning of its key ID, a subject, or a certificate.

    Raises InputError when nobody or more than one is meant.
    """
    found = [
        (name, entry)
        for name, party in document.get("authorities", {}).items()
        for kind in _KINDS
        for entry in party.get(kind) or ()
        if who in _names(path, entry) or (len(who) >= _MIN_PREFIX and _keyid(path, entry).startswith(who))
    ]
    if len(found) != 1:
        problem = "no signer" if not found else f"{len(found)} signers"
        hint = "name a key's file, the beginning of its key ID, a subject or a certificate's name"
        raise InputError(f"{problem} called {who[:200]!r}", where=str(path), hint=hint)
    return found[0]


def key_of_signer(path: Path, who: str) -> PublicKey:
    """The public key of a signer in `path`. `who`: as in `find_signer`. Raises InputError when it is no key; as `read_source`."""
    document = YAML(typ="rt").load(path.read_bytes())
    _, entry = find_signer(path, document, who)
    keyid = _keyid(path, entry)
    if not keyid:
        raise InputError(f"{who[:200]!r} is an identity without a key of its own", where=str(path))
    return read_source(path, now=0).keys[keyid]


def _names(path: Path, entry: Mapping[str, Any]) -> set[str]:
    names = {str(entry[field]) for field in ("file", "subject", "subject-pattern", "name") if field in entry}
    return names | {str(path.parent / str(entry["file"]))} if "file" in entry else names


def _keyid(path: Path, entry: Mapping[str, Any]) -> str:
    """Empty for what is no key."""
    if "file" in entry:
        return parse_public_key((path.parent / str(entry["file"])).read_bytes()).keyid
    if "spki" in entry:
        import base64
        import hashlib

        return hashlib.sha256(base64.b64decode(entry["spki"])).hexdigest()
    return ""


def _flow(entry: Mapping[str, Any]) -> CommentedMap:
    """On one line, as people write such entries."""
    made = CommentedMap(entry)
    made.fa.set_flow_style()
    return made
