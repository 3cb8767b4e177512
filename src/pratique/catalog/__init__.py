"""The ledger: which artifacts there are, where, since when, what is in them, who built them, what was said and decided.

`ledger` (`open_catalog`, `Catalog`) is the way in; `rows` are the answers; `documents` keeps the documents themselves, by
digest, on disk. A SQLite database, by SQLAlchemy Core and Alembic, so that PostgreSQL can take its place. Import from the
submodules: they load SQLAlchemy, this face does not.
"""
