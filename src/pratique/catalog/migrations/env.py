"""How Alembic reaches the database: on the connection that `pratique.catalog.migrate` holds, inside its transaction."""

from alembic import context

from pratique.catalog.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
