"""The tables. Portable between SQLite and PostgreSQL; every change needs a migration (`migrations/versions`).

Artifacts and components have numbers of their own beside their names: the table that joins them is by far the largest, and
two numbers are a tenth of a digest and a purl. A component's `source` is the name of the source package where it is another
than its own. `component_names` are the keys by which components are found (`pratique.catalog.component_names`). What somebody's
bill of materials says of an artifact (`imports`) stands beside what was found in it, never among it. Digests are
`algorithm:hex`; times Unix seconds; absent text is empty.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

SUPERSEDED = "superseded"
"""A role beside `bundle` of the same document: its key has stated something else in its place since."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _artifact(*, primary_key: bool = False, index: bool = False) -> Column[int]:
    return Column("artifact_id", ForeignKey("artifacts.id"), nullable=False, primary_key=primary_key, index=index)


artifacts = Table(
    "artifacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    _text("kind"),
    _text("name"),
    _text("platform"),
    Column("config_digest", Text, nullable=False, server_default="", index=True),
    _text("manifest_root"),
    Column("chain_id", Text, nullable=False, server_default="", index=True),
    _time("first_seen"),
    _time("last_seen"),
)

locations = Table(
    "locations",
    metadata,
    _artifact(primary_key=True),
    Column("location", Text, primary_key=True),
    _time("first_seen"),
    _time("last_seen"),
)

builds = Table(
    "builds",
    metadata,
    Column("id", Integer, primary_key=True),
    _artifact(),
    _text("builder_id"),
    _text("build_number"),
    _text("release_tag"),
    _text("commit"),
    _text("repository"),
    _time("started"),
    UniqueConstraint("artifact_id", "builder_id", "build_number", "release_tag", "commit", "repository"),
)

documents = Table(
    "documents",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("media_type"),
    Column("size_bytes", BigInteger, nullable=False),
)

artifact_documents = Table(
    "artifact_documents",
    metadata,
    _artifact(primary_key=True),
    Column("role", Text, primary_key=True),
    Column("document", ForeignKey("documents.digest"), primary_key=True),
    _text("predicate_type"),
    _text("keyid"),
    _time("created"),
)

components = Table(
    "components",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purl", Text, nullable=False, unique=True),
    _text("type"),
    _text("namespace"),
    _text("name"),
    _text("version"),
    Column("licences", Text, nullable=False, server_default="[]"),
    _text("source"),
    Index(None, "type", "namespace", "name"),
)

component_names = Table(
    "component_names",
    metadata,
    Column("key", Text, primary_key=True),
    Column("component_id", ForeignKey("components.id"), primary_key=True),
    Column("name", Text, primary_key=True, server_default=""),
    sqlite_with_rowid=False,
)

artifact_components = Table(
    "artifact_components",
    metadata,
    Column("component_id", ForeignKey("components.id"), primary_key=True),
    _artifact(primary_key=True, index=True),
    _text("layer"),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    _artifact(),
    Column("document", ForeignKey("documents.digest"), nullable=False),
    _text("file"),
    _text("title"),
    _time("first_seen"),
    _time("last_seen"),
    _text("name"),
    UniqueConstraint("artifact_id", "document"),
)

imported_components = Table(
    "imported_components",
    metadata,
    Column("component_id", ForeignKey("components.id"), primary_key=True),
    Column("import_id", ForeignKey("imports.id"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    _artifact(),
    _text("policy_name"),
    _text("policy_digest"),
    _text("result"),
    _text("verdicts"),
    _time("decided_at"),
    _text("bundle"),
    UniqueConstraint("artifact_id", "decided_at", "policy_digest", "bundle"),
)

observations = Table(
    "observations",
    metadata,
    Column("id", Integer, primary_key=True),
    _artifact(),
    _text("workload"),
    _text("node"),
    _text("engine"),
    _time("first_seen"),
    _time("last_seen"),
    _text("report"),
    UniqueConstraint("artifact_id", "workload", "node", "engine"),
)
