"""The keys by which components are found as people write them, and what somebody's bills of materials say of artifacts.

Keys of components that are listed already are made by the same function as those of new ones: whatever it comes to, a search
asks with it. CPE names were not kept, so none are filed.
"""

import sqlalchemy as sa
from alembic import op

from pratique.catalog.component_names import names_of

revision = "0004"
down_revision = "0003"

_CHUNK = 5_000


def upgrade() -> None:
    op.create_table(
        "component_names",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["component_id"], ["components.id"], "fk_component_names_component_id"),
        sa.PrimaryKeyConstraint("key", "component_id", "name", name="pk_component_names"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, server_default=""),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifacts.id"], "fk_imports_artifact_id"),
        sa.ForeignKeyConstraint(["document"], ["documents.digest"], "fk_imports_document"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.UniqueConstraint("artifact_id", "document", name="uq_imports_artifact_id"),
    )
    op.create_table(
        "imported_components",
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["component_id"], ["components.id"], "fk_imported_components_component_id"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], "fk_imported_components_import_id"),
        sa.PrimaryKeyConstraint("component_id", "import_id", name="pk_imported_components"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_imported_components_import_id", "imported_components", ["import_id"])
    for name in ("ix_components_name", "ix_components_source", "ix_components_type_namespace_source"):
        op.drop_index(name, "components")
    _file_names(op.get_bind())


def _file_names(connection: sa.Connection) -> None:
    """In portions, each sorted, so that a million components need neither memory nor a random walk through the index."""
    components = sa.table("components", *map(sa.column, ("id", "purl", "type", "namespace", "name", "version", "source")))
    names = sa.table("component_names", *map(sa.column, ("key", "component_id", "name")))
    last = -1
    while rows := connection.execute(
        sa.select(components).where(components.c.id > last).order_by(components.c.id).limit(_CHUNK)
    ).all():
        last = rows[-1].id
        found = [
            {"key": key, "component_id": row.id, "name": name}
            for row in rows
            for key, name in names_of(
                purl=row.purl,
                type_=row.type,
                namespace=row.namespace,
                name=row.name,
                version=row.version,
                source=row.source,
            )
        ]
        if found:
            connection.execute(names.insert(), sorted(found, key=lambda one: (one["key"], one["component_id"])))
