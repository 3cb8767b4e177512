"""A copy of this machine's state that is a home itself, made while others write to it, and looked at before it has its name.

The order makes it whole: the ledger as one transaction left it, then the documents that it names (they are there before their
rows, and never change), then the log, which holds whatever the ledger knows of it. What may be lost is left out: the cache of
layers, and the journals of unfinished shipments, whose sources are elsewhere and whose entries the log has.
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pratique.app.home import Home
from pratique.errors import InputError
from pratique.files import check_folder_above, storage_error, sync_directory

_PRIVATE = ".key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was copied. `entries`: of the log, -1 without one. `artifacts`: in the ledger. `private_keys`: files of them."""

    folder: Path
    artifacts: int
    documents: int
    entries: int
    private_keys: int


def back_up(home: Home, folder: Path, *, keys: bool) -> Backup:
    """Copy `home` into `folder`, which appears whole and verified, or not at all. `keys`: private ones too.

    Writers of the log wait while its files are copied. Raises InputError when there is nothing to copy or `folder` is there
    already, ProofInvalid and Malformed when what is copied does not hold, Locked, StorageError.
    """
    if not home.root.is_dir() or not any(home.root.iterdir()):
        raise InputError("there is nothing to copy here", where=str(home.root), hint="set PRATIQUE_HOME")
    if folder.exists() or folder.is_symlink():
        raise InputError(
            "it is there already", where=str(folder), hint="name a new folder: a backup is never written over another"
        )
    if folder.absolute().is_relative_to(home.root):
        raise InputError(
            "a backup inside of what it is of", where=str(folder), hint="name a folder elsewhere, best on another disk"
        )
    check_folder_above(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".pratique-backup-", dir=folder.parent) as work:
            target = Home(Path(work) / "home")
            target.root.mkdir(mode=0o700)
            copied = _copy(home, target, keys=keys)
            entries = _check(target)
            for path in (target.root, *(path for path in target.root.rglob("*") if path.is_dir())):
                sync_directory(path)
            target.root.rename(folder)
            sync_directory(folder.parent)
    except OSError as error:
        raise storage_error(error, folder) from error
    return Backup(folder=folder, entries=entries, artifacts=copied[0], documents=copied[1], private_keys=copied[2])


def _copy(home: Home, target: Home, *, keys: bool) -> tuple[int, int, int]:
    """Artifacts, documents and private keys that were copied."""
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
    private = _copy_tree(home.log_key.parent, target.log_key.parent, without="" if keys else _PRIVATE)
    return artifacts, documents, private if keys else 0


def _copy_ledger(home: Home, target: Home) -> int:
    from pratique.catalog.bases import DATABASE
    from pratique.catalog.engine import translated

    source, copy = home.catalog_directory / DATABASE, target.catalog_directory / DATABASE
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


def _copy_tree(source: Path, target: Path, *, without: str = "") -> int:
    """Copy the regular files of a folder, with their modes, and count them: of `keys`, private ones. Locks stay behind."""
    if not source.is_dir():
        return 0
    count = 0
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_symlink() or not path.is_file() or path.name == "lock" or path.suffix == ".lock":
            continue
        if without and path.suffix == without:
            continue
        for folder in reversed([folder for folder in (copy.parent, *copy.parent.parents) if not folder.exists()]):
            folder.mkdir(mode=0o700)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            continue  # a temporary file of somebody who writes
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        count += path.suffix == _PRIVATE if source.name == "keys" else 1
    return count


def _check(target: Home) -> int:
    """Recompute the log of the copy; its number of entries, -1 where there is none."""
    from pratique.app.home_log import home_log_vkey, log_is_here
    from pratique.tlog.verify import verify_log

    if not log_is_here(target):
        return -1
    key = home_log_vkey(target)
    return verify_log(target.log_directory, public_key=key.public_key, origin=key.name).size
