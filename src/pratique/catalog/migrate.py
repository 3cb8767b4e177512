"""Bringing a database to this program's version of the schema, under the database's own write lock."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from pratique.catalog.engine import WRITING
from pratique.errors import Malformed

HEAD = "0005"
VERSIONS = ("0001", "0002", "0003", "0004", HEAD)
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine, place: Path) -> None:
    """Create or upgrade the schema; a no-op for a current one. Raises Malformed for a database this program cannot know.

    All of it is one transaction: a kill leaves the old schema, and the next run begins again.
    """
    with engine.connect() as connection:
        if _version(connection, place) == HEAD:  # Alembic is slow to load; mostly there is nothing for it to do
            return
    with engine.connect().execution_options(**{WRITING: True}) as connection, connection.begin():
        if _version(connection, place) != HEAD:  # another process may have been first
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _version(connection: Connection, place: Path) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise Malformed("this database is not a catalog", where=str(place), hint="choose another PRATIQUE_HOME")
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version not in VERSIONS:
        raise Malformed(
            f"this catalog is of version {version}, newer than {HEAD}, the newest known here",
            where=str(place),
            hint="update pratique",
        )
    return version
