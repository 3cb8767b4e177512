"""This home's transparency log: opened, made when there is none, and refused when it is not the one that was here.

Its name is a bare host name, by default one that stands for every machine: logs of two homes differ by their keys.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.app.home import Home, load_or_make_key, open_stamp
from pratique.errors import InputError, Malformed, PratiqueError, ProofInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from pratique.attest.logkeys import LogKey
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.keys.signer import Signer
    from pratique.tlog.checkpoint import Checkpoint
    from pratique.tlog.log import TileLog
    from pratique.tlog.memory import FileMemory
    from pratique.tlog.notes import VerifierKey

_MAX_CHAIN_BYTES = 1 << 20
LOG_ORIGIN = "pratique.local"
"""What a new log is called, unless PRATIQUE_LOG_ORIGIN says another name: a host's, or nobody else could verify its entries."""


def open_home_log(home: Home) -> "TileLog":
    """This home's log to write into, made when there is none. Raises InputError when it has another key or name than it should
    have, ProofInvalid when it was put back, or is gone.
    """
    from pratique.tlog.log import create_log, open_log

    check_not_only_read(home)
    signer = load_or_make_key(home.log_key, "ed25519")
    public = signer.public_key.raw
    chosen = chosen_origin()
    if not log_is_here(home):
        _check_no_other_log(home, chosen or LOG_ORIGIN)
        memory = log_memory(home, chosen or LOG_ORIGIN, public)
        return create_log(home.log_directory, origin=chosen or LOG_ORIGIN, public_key=public, sign=signer.sign, memory=memory)
    key = home_log_vkey(home)
    if key.public_key != public:
        raise InputError("this log was made with another key", where=str(home.log_key), hint="restore the log's own key")
    if chosen and chosen != key.name:
        hint = f"pratique log move --origin {chosen}, or leave the variable out"
        raise InputError(
            f"this log is {key.name}, not {chosen} as PRATIQUE_LOG_ORIGIN says", where=str(home.log_directory), hint=hint
        )
    return open_log(home.log_directory, sign=signer.sign, memory=log_memory(home, key.name, public))


def open_logged_signer(home: Home, signer: "Signer", timestamp_url: str | None = None) -> "LoggedSigner":
    """The signer together with this home's log and a timestamp authority: what makes a statement into a logged bundle."""
    from pratique.keys.logged_signer import LoggedSigner

    return LoggedSigner(signer=signer, log=open_home_log(home), stamp=open_stamp(timestamp_url))


def log_is_here(home: Home) -> bool:
    """Whether this home has a log."""
    return (home.log_directory / "checkpoint").exists()


def check_not_only_read(home: Home) -> None:
    """Raises InputError for a home with a log whose private key is elsewhere: `backup --without-keys` makes such homes."""
    if log_is_here(home) and not home.log_key.exists():
        hint = "put it back, or sign in a home of your own: set PRATIQUE_HOME"
        raise InputError("the log's private key is not here, so this home is only read", where=str(home.log_key), hint=hint)


def home_log_vkey(home: Home) -> "VerifierKey":
    """The key that this home's log says is its own. Raises NotFound, Malformed."""
    from pratique.tlog.log import load_vkey
    from pratique.tlog.store import DirectoryStore

    return load_vkey(DirectoryStore(home.log_directory))


def chosen_origin() -> str:
    """The name that PRATIQUE_LOG_ORIGIN gives a log, "" without one. Raises InputError."""
    from pratique.tlog.checkpoint import check_host_origin

    chosen = os.environ.get("PRATIQUE_LOG_ORIGIN", "")
    return check_host_origin(chosen) if chosen else ""


def log_memory(home: Home, origin: str, public_key: bytes) -> "FileMemory":
    """What this machine remembers of a log: in the home, beside the log's folder, and beyond the home, in the user's state.

    So a log that is put back is noticed, and so is the whole home. Beyond it nothing is remembered where nothing can be written.
    """
    from pratique.tlog.checkpoint import log_id
    from pratique.tlog.memory import FileMemory

    name = log_id(origin, public_key).hex()
    state = os.environ.get("XDG_STATE_HOME", "")
    beyond = Path(state) if Path(state).is_absolute() else _user_state()
    return FileMemory((home.seen_logs / name,), () if beyond is None else (beyond / "pratique" / "seen-logs" / name,))


def history_check(home: Home, public_key: bytes) -> "Callable[[str, str], None]":
    """What holds an origin and a signed checkpoint of a log of this key against what this machine knows of that log.

    That is what was remembered of it when it was signed here, in the home and beyond, and the log's own tree, where its folder is
    in this home and has come that far. It raises ProofInvalid for another tree, and nothing where nobody here can tell: what is
    damaged here is `log verify`'s to say.
    """

    def check(origin: str, checkpoint: str) -> None:
        from pratique.tlog.checkpoint import verify_checkpoint

        try:
            signed = verify_checkpoint(checkpoint, public_key=public_key, origin=origin)
            remembered = log_memory(home, origin, public_key).recall(origin)
        except PratiqueError:
            return  # no checkpoint of this log proves nothing, as whoever verifies it says; and a memory may be damaged
        if any(known.size == signed.size and known.root != signed.root for known in remembered):
            forked = f"the log {origin} was forked: this machine remembers another tree of {signed.size} entries"
            raise ProofInvalid(forked, hint="pratique log verify")
        for folder in (home.log_directory, home.former_logs / folder_of(origin)):
            if _contradicts(folder, checkpoint, signed, public_key):
                forked = f"the log {origin} was forked: the one here does not continue this tree of {signed.size} entries"
                raise ProofInvalid(forked, where=str(folder), hint="pratique log verify")

    return check


def _contradicts(folder: Path, note: str, signed: "Checkpoint", public_key: bytes) -> bool:
    """Whether the log in a folder, sound and at least as long, has another tree of that size."""
    from pratique.tlog.checkpoint import verify_checkpoint
    from pratique.tlog.log import CHECKPOINT
    from pratique.tlog.store import DirectoryStore
    from pratique.tlog.verify import verify_consistency, verify_log

    try:
        data = DirectoryStore(folder).read(CHECKPOINT)
        if data is None or verify_checkpoint(data, public_key=public_key, origin=signed.origin).size < signed.size:
            return False
        verify_consistency(note, folder, public_key=public_key)
    except ProofInvalid:
        try:  # of the two, the log here may be the damaged one
            verify_log(folder, public_key=public_key, origin=signed.origin)
        except PratiqueError:
            return False
        return True
    except PratiqueError:
        return False
    return False


def _user_state() -> Path | None:
    try:
        return Path.home() / ".local" / "state"
    except RuntimeError:  # an account without a home
        return None


def _check_no_other_log(home: Home, origin: str) -> None:
    """A home whose log is gone does not silently begin another one under another name."""
    from pratique.files import read_limited
    from pratique.tlog.memory import MAX_MEMORY_BYTES

    for path in sorted(home.seen_logs.glob("*")):
        name = read_limited(path, 2 * MAX_MEMORY_BYTES).partition(b"\n")[0].decode("utf-8", "replace")
        if name != origin and not (home.former_logs / folder_of(name)).exists():
            hint = (
                f"put its folder back, or: pratique log recover; or go on under another name: pratique log move --origin {origin}"
            )
            raise ProofInvalid(f"the log {name} is gone", where=str(home.log_directory), hint=hint)


def folder_of(origin: str) -> str:
    """A log's name as a folder's."""
    return origin.replace("/", "_")


def load_log_keys(path: Path) -> "tuple[LogKey, ...]":
    """The keys of logs in a file, as people have them (`attest.logkeys`). Raises NotFound, Malformed naming the file."""
    from pratique.attest.logkeys import MAX_LOG_KEY_SIZE, parse_log_keys
    from pratique.files import read_limited

    try:
        return parse_log_keys(read_limited(path, MAX_LOG_KEY_SIZE))
    except Malformed as error:
        raise type(error)(error.message, where=error.where or str(path), hint=error.hint) from error


def own_trusted_root(home: Home, stampers: Sequence[Path] = ()) -> bytes:
    """A Sigstore trusted root of this home's log, under its former names too where these are names for others.

    `stampers`: files with the certificate chains of timestamp authorities. Raises InputError for a log that others cannot find.
    """
    from pratique.attest.notation.stores import parse_certificates
    from pratique.attest.publickey import PublicKey
    from pratique.attest.sigstore.render_root import NamedLog, render_trusted_root
    from pratique.attest.x509 import parse_certificate
    from pratique.files import read_limited
    from pratique.tlog.checkpoint import check_host_origin, spki_of
    from pratique.tlog.log import load_vkey
    from pratique.tlog.store import DirectoryStore

    own = home_log_vkey(home)
    logs = [NamedLog(name=own.name, key=PublicKey.from_der(spki_of(own.public_key)))]
    try:
        check_host_origin(own.name)
    except InputError as error:
        hint = "pratique log move --origin HOST gives it a name that is"
        message = f"the log's name {own.name} is no host's: others cannot find it"
        raise InputError(message, where=str(home.log_directory), hint=hint) from error
    for folder in sorted(home.former_logs.glob("*")):
        former = load_vkey(DirectoryStore(folder))
        with suppress(InputError):
            logs.append(NamedLog(name=check_host_origin(former.name), key=PublicKey.from_der(spki_of(former.public_key))))
    chains = []
    for path in stampers:
        ders = parse_certificates(read_limited(path, _MAX_CHAIN_BYTES), str(path))
        chains.append([parse_certificate(der, str(path)) for der in ders])
    return render_trusted_root(logs, chains)
