"""The database behind the ledger: how SQLite is opened, and what its failures are called here."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pratique.errors import Locked, Malformed, PratiqueError, StorageError

WRITING = "pratique_writing"
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL: "no space left on device",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_IOERR: "the disk is full or failed",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_AUTH: "permission denied",
}


def make_engine(path: Path, *, busy_timeout_s: float) -> Engine:
    """An engine for one SQLite file. Connects only when used.

    A connection marked WRITING begins with BEGIN IMMEDIATE: it waits for its turn at the start, and never fails half way
    because somebody else wrote in between.
    """
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": busy_timeout_s, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA case_sensitive_like = ON")  # as in PostgreSQL; and only so can a prefix use an index
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def use_wal(engine: Engine) -> None:
    """Let readers and a writer work side by side. Kept in the file, so it is done once."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        mode = cursor.execute("PRAGMA journal_mode").fetchone()
        if mode != ("wal",):
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()


@contextmanager
def translated(place: Path) -> Iterator[None]:
    """Say the database's failures in our words: Locked, StorageError, Malformed."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error, place) from error


def translate(error: Exception, place: Path) -> PratiqueError:
    """The error to raise for one of the database's."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    where = str(place)
    if code in _BUSY:
        return Locked("another process is writing to the catalog", where=where, hint="try again in a moment")
    if code in _UNWRITABLE:
        hint = "free some space, or choose a writable directory with PRATIQUE_HOME; then run the same command again"
        reason = _UNWRITABLE[code]
        if code in _CLOSED and not os.access(place.parent, os.W_OK, effective_ids=True):
            reason = "the folder is read-only, and even readers of the catalog keep a lock in it"
            hint = "copy it to a writable directory, and name that with PRATIQUE_HOME"
        return StorageError(f"cannot write: {reason}", where=where, hint=hint)
    if code in _BROKEN:
        hint = "move it away and ship again, or restore it: documents and log are not affected"
        return Malformed("the catalog's database is damaged", where=where, hint=hint)
    return PratiqueError(f"the catalog's database failed: {str(original).splitlines()[0]}", where=where)
