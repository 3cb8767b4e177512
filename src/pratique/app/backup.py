"""A copy of this machine's state that is a home itself, made while others write to it, and looked at before it has its name.

The order makes it whole: the ledger as one transaction left it, then the documents that it names (they are there before their
rows, and never change), then the log, which holds whatever the ledger knows of it. What may be lost is left out: the cache of
layers, and the journals of unfinished shipments, whose sources are elsewhere and whose entries the log has.

Whole is what holds every document that the ledger names, with the bytes that it was named for, and a log that is recomputed. What
is a private key is told by content: files are called as people like.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pratique.app.home import Home
from pratique.errors import DigestMismatch, InputError
from pratique.files import check_folder_above, read_limited, storage_error, sync_directory
from pratique.model import Digest
from pratique.private_keys import file_holds_private_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was copied. `entries`: of the log, -1 without one. `artifacts`: in the ledger. `private_keys`: files that hold one."""

    folder: Path
    artifacts: int
    documents: int
    entries: int
    private_keys: int


def back_up(home: Home, folder: Path, *, keys: bool) -> Backup:
    """Copy `home` into `folder`, which appears whole and verified, or not at all. `keys`: private ones too.

    Writers of the log wait while its files are copied. Raises InputError when there is nothing to copy or `folder` is there
    already, or where a private key lies where none belongs and none is to be copied; DigestMismatch, ProofInvalid and Malformed
    when what is copied does not hold; Locked, StorageError.
    """
    if not home.root.is_dir() or not any(home.root.iterdir()):
        raise InputError("there is nothing to copy here", where=str(home.root), hint="set PRATIQUE_HOME")
    if folder.exists() or folder.is_symlink():
        raise InputError(
            "it is there already", where=str(folder), hint="name a new folder: a backup is never written over another"
        )
    if Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(home.root)):
        raise InputError(
            "a backup inside of what it is of", where=str(folder), hint="name a folder elsewhere, best on another disk"
        )
    check_folder_above(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".pratique-backup-", dir=folder.parent) as work:
            target = Home(Path(work) / "home")
            target.root.mkdir(mode=0o700)
            artifacts, documents = _copy(home, target, keys=keys)
            private = _private_keys(target)
            if private and not keys:
                there = home.root / private[0].relative_to(target.root)
                hint = "move it out of the home, or leave out --without-keys"
                raise InputError("holds a private key, which is not to be copied", where=str(there), hint=hint)
            _check_documents(home, target)
            entries = _check_log(target)
            for path in (target.root, *(path for path in target.root.rglob("*") if path.is_dir())):
                sync_directory(path)
            target.root.rename(folder)
            sync_directory(folder.parent)
    except OSError as error:
        raise storage_error(error, folder) from error
    return Backup(folder=folder, entries=entries, artifacts=artifacts, documents=documents, private_keys=len(private))


def _copy(home: Home, target: Home, *, keys: bool) -> tuple[int, int]:
    """Artifacts and documents that were copied. Of `keys/` without `keys` only what is the public half of one."""
    from pratique.app.home_log import log_is_here
    from pratique.tlog.store import lock

    artifacts = _copy_ledger(home, target)
    documents = _copy_tree(home.catalog_directory / "documents", target.catalog_directory / "documents")
    if log_is_here(home):
        with lock(home.log_directory):
            _copy_tree(home.log_directory, target.log_directory)
            _copy_tree(home.seen_logs, target.seen_logs)
    for name in (home.former_logs, home.trust):
        _copy_tree(name, target.root / name.name)
    _copy_tree(home.log_key.parent, target.log_key.parent, wanted=None if keys else _is_public_half)
    return artifacts, documents


def _copy_ledger(home: Home, target: Home) -> int:
    from pratique.catalog.engine import translated

    source, copy = _ledger(home), _ledger(target)
    if not source.exists():
        return 0
    copy.parent.mkdir(mode=0o700)
    with (
        translated(source),
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as reader,
        closing(sqlite3.connect(copy)) as writer,
    ):
        reader.backup(writer)  # one moment of it, whatever is being written (sqlite.org/backup.html)
        (told,) = writer.execute("PRAGMA quick_check").fetchone()
        if told != "ok":
            raise sqlite3.DatabaseError(told)
        writer.execute("PRAGMA journal_mode = WAL")
        return int(writer.execute("SELECT count(*) FROM artifacts").fetchone()[0])


def _copy_tree(source: Path, target: Path, *, wanted: Callable[[Path], bool] | None = None) -> int:
    """Copy the regular files of a folder, with their modes, and count them. Locks stay behind, and what is not `wanted`."""
    if not source.is_dir():
        return 0
    count = 0
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_symlink() or not path.is_file() or path.name == "lock" or path.suffix == ".lock":
            continue
        for folder in reversed([folder for folder in (copy.parent, *copy.parent.parents) if not folder.exists()]):
            folder.mkdir(mode=0o700)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            continue  # a temporary file of somebody who writes
        if wanted is not None and not wanted(copy):  # asked of the copy: what is looked at is what is handed on
            copy.unlink()
            continue
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        count += 1
    return count


def _is_public_half(path: Path) -> bool:
    """One as it is written here: nothing may stand beside it in the file."""
    from pratique.attest.publickey import MAX_KEY_SIZE, PublicKey

    try:
        PublicKey.from_pem(read_limited(path, MAX_KEY_SIZE))
    except InputError:
        return False
    return True


def _holds_private_key(path: Path) -> bool:
    with path.open("rb") as file:
        return file_holds_private_key(file)


def _private_keys(target: Home) -> list[Path]:
    """The files of the copy that hold one. The ledger is made of rows, and no file that somebody put there."""
    ledger = _ledger(target)
    return [path for path in sorted(target.root.rglob("*")) if path.is_file() and path != ledger and _holds_private_key(path)]


def _ledger(home: Home) -> Path:
    from pratique.catalog.bases import DATABASE

    return home.catalog_directory / DATABASE


def _check_documents(home: Home, target: Home) -> None:
    """Read every document that the copied ledger names. Raises DigestMismatch for one that is not there, or another."""
    from pratique.catalog.documents import DocumentStore
    from pratique.catalog.engine import translated

    ledger = _ledger(target)
    if not ledger.exists():
        return
    with translated(ledger), closing(sqlite3.connect(ledger)) as reader:
        named = [Digest.parse(text) for (text,) in reader.execute("SELECT digest FROM documents ORDER BY digest")]
    for digest in named:
        path = DocumentStore(target.catalog_directory / "documents").path_of(digest)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, digest.algorithm).hexdigest()
        except FileNotFoundError:
            found = ""
        if found != digest.hex:
            what = "is changed" if found else "is not there"
            hint = "put it back from an older backup, or run again what made it: shipping mends what is damaged"
            where = str(home.root / path.relative_to(target.root))
            raise DigestMismatch(f"a document that the catalog names {what}", where=where, hint=hint)


def _check_log(target: Home) -> int:
    """Recompute the log of the copy; its number of entries, -1 where there is none."""
    from pratique.app.home_log import home_log_vkey, log_is_here
    from pratique.tlog.verify import verify_log

    if not log_is_here(target):
        return -1
    key = home_log_vkey(target)
    return verify_log(target.log_directory, public_key=key.public_key, origin=key.name).size
