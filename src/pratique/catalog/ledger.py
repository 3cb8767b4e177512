"""The catalog as an object: open it, write to it in transactions, ask it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from pratique.catalog import artifact_names, near, queries, search
from pratique.catalog.bases import DATABASE
from pratique.catalog.documents import DocumentStore
from pratique.catalog.engine import WRITING, make_engine, translated, use_wal
from pratique.catalog.migrate import migrate
from pratique.catalog.records import Transaction
from pratique.catalog.rows import ArtifactRow, BuildRow, DecisionRow, DocumentRow, ImportRow, ObservationRow, SearchRow
from pratique.catalog.search_pattern import parse_pattern
from pratique.files import storage_error
from pratique.model import Digest

__all__ = ["Catalog", "Transaction", "open_catalog"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def open_catalog(directory: Path, *, busy_timeout_s: float = 2.0) -> "Catalog":
    """Open the catalog in a directory, made or migrated when needed.

    `busy_timeout_s`: how long to wait for another writer. Raises Locked when it takes longer, StorageError, and Malformed
    for a damaged database or one of a newer version.
    """
    path = directory / DATABASE
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, directory) from error
    engine = make_engine(path, busy_timeout_s=busy_timeout_s)
    with translated(path):
        use_wal(engine)
        migrate(engine, path)
    return Catalog(engine, path, DocumentStore(directory / "documents"))


class Catalog:
    """An open ledger. `documents`: the documents themselves, by digest."""

    def __init__(self, engine: Engine, path: Path, documents: DocumentStore) -> None:
        self._engine = engine
        self._path = path
        self.documents = documents

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write several things or none. Durable when it ends. Raises Locked, StorageError."""
        with (
            translated(self._path),
            self._engine.connect().execution_options(**{WRITING: True}) as connection,
            connection.begin(),
        ):
            yield Transaction(connection, self.documents)

    def search(self, pattern: str) -> list[SearchRow]:
        """Which artifacts hold a component, where they are, and since when (`search_pattern`). Raises InputError."""
        return self._ask(search.search, parse_pattern(pattern))

    def near(self, pattern: str) -> list[str]:
        """What may be meant by a pattern that finds nothing, at most five; components first, then artifacts."""
        return self._ask(near.near_things, parse_pattern(pattern))

    def list_artifacts(self) -> list[ArtifactRow]:
        """All artifacts, the newest first."""
        return self._ask(queries.list_artifacts)

    def find_artifacts(self, text: str, *, whole: bool = False) -> list[ArtifactRow]:
        """By digest, image ID or six digits or more of either, or by name (`artifact_names`); several where each can be meant,
        the newest first. `whole`: by no less than the whole name."""
        return self._ask(artifact_names.find_artifacts, text, whole=whole)

    def near_artifacts(self, text: str) -> list[str]:
        """Names of artifacts that may be meant by what is none's name, at most five."""
        return self._ask(near.near_artifacts, text)

    def imports_of(self, artifact: Digest) -> list[ImportRow]:
        """Bills of materials about an artifact that somebody imported, the newest first."""
        return self._ask(queries.imports_of, artifact)

    def count_components(self, artifact: Digest) -> int:
        """How many components an artifact is made of; 0 for one that is not known."""
        return self._ask(queries.count_components, artifact)

    def documents_of(self, artifact: Digest, role: str | None = None) -> list[DocumentRow]:
        """Documents about an artifact, the newest first; of one role if given."""
        return self._ask(queries.documents_of, artifact, role)

    def signed_documents(self) -> list[Digest]:
        """The digests of all bundles, whatever they are about: signed statements, decisions and reports."""
        return self._ask(queries.signed_documents)

    def builds_of(self, artifact: Digest) -> list[BuildRow]:
        """Builds of an artifact, the newest first."""
        return self._ask(queries.builds_of, artifact)

    def decisions_of(self, artifact: Digest) -> list[DecisionRow]:
        """Decisions about an artifact, the newest first."""
        return self._ask(queries.decisions_of, artifact)

    def observations_of(self, artifact: Digest) -> list[ObservationRow]:
        """Where an artifact was seen running, the latest first."""
        return self._ask(queries.observations_of, artifact)

    def _ask(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with translated(self._path), self._engine.connect() as connection:
            return query(connection, *args, **kwargs)
