"""Which images of the ledger others are built on: those whose layers are the beginning of theirs.

Asked before every inventory of an image, and answered without SQLAlchemy, which takes longer to load than all of it.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from pratique.errors import StorageError
from pratique.model import Digest
from pratique.model.chain import Base, Bases, chain_ids

DATABASE = "catalog.db"
"""The database's name in the catalog's directory."""
_MAX_LAYERS = 900  # SQLite takes 999 parameters
_MAX_IMAGES = 1_000
_NO_COLUMN = "no such column"


def known_bases(directory: Path, diff_ids: Sequence[Digest]) -> Bases:
    """The images that consist of the lowest of these layers, but not of all of them. None without a catalog.

    `diff_ids`: of the layers, the lowest first. Nothing is made or changed; a catalog that an older version wrote knows no
    layers. Raises StorageError for one that cannot be read.
    """
    chains = chain_ids(diff_ids)[:-1][-_MAX_LAYERS:]
    database = directory / DATABASE
    if not chains or not database.exists():
        return {}
    marks = ", ".join("?" * len(chains))
    query = f"SELECT chain_id, name, digest FROM artifacts WHERE chain_id IN ({marks}) LIMIT {_MAX_IMAGES}"  # noqa: S608
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
        try:
            rows = connection.execute(query, chains).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        if str(error).startswith(_NO_COLUMN):
            return {}
        raise StorageError(f"the catalog could not be asked for base images: {error}", where=str(database)) from error
    found: dict[Digest, list[Base]] = {}
    for chain, name, digest in rows:
        found.setdefault(Digest(chain), []).append(Base(name=name, digest=Digest(digest)))
    return found
