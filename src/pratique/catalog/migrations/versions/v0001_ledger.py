"""The first ledger: artifacts, where they are, builds, documents, components, decisions, observations.

Written out, not taken from `schema`: a migration says what was true when it was made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _artifact(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = f"fk_{table}_artifact_id"
    return sa.Column("artifact_id", sa.Integer(), nullable=False), sa.ForeignKeyConstraint(
        ["artifact_id"], ["artifacts.id"], name
    )


def upgrade() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        *(_text(name) for name in ("kind", "name", "platform", "config_digest", "manifest_root")),
        _time("first_seen"),
        _time("last_seen"),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
        sa.UniqueConstraint("digest", name="uq_artifacts_digest"),
    )
    op.create_index("ix_artifacts_config_digest", "artifacts", ["config_digest"])
    op.create_table(
        "locations",
        *_artifact("locations"),
        sa.Column("location", sa.Text(), nullable=False),
        _time("first_seen"),
        _time("last_seen"),
        sa.PrimaryKeyConstraint("artifact_id", "location", name="pk_locations"),
    )
    build = ("builder_id", "build_number", "release_tag", "commit", "repository")
    op.create_table(
        "builds",
        sa.Column("id", sa.Integer(), nullable=False),
        *_artifact("builds"),
        *(_text(name) for name in build),
        _time("started"),
        sa.PrimaryKeyConstraint("id", name="pk_builds"),
        sa.UniqueConstraint("artifact_id", *build, name="uq_builds_artifact_id"),
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.Text(), nullable=False),
        _text("media_type"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_documents"),
    )
    op.create_table(
        "artifact_documents",
        *_artifact("artifact_documents"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        _text("predicate_type"),
        _text("keyid"),
        _time("created"),
        sa.ForeignKeyConstraint(["document"], ["documents.digest"], "fk_artifact_documents_document"),
        sa.PrimaryKeyConstraint("artifact_id", "role", "document", name="pk_artifact_documents"),
    )
    op.create_table(
        "components",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purl", sa.Text(), nullable=False),
        *(_text(name) for name in ("type", "namespace", "name", "version")),
        _text("licences", "[]"),
        sa.PrimaryKeyConstraint("id", name="pk_components"),
        sa.UniqueConstraint("purl", name="uq_components_purl"),
    )
    op.create_index("ix_components_type_namespace_name", "components", ["type", "namespace", "name"])
    op.create_index("ix_components_name", "components", ["name"])
    op.create_table(
        "artifact_components",
        sa.Column("component_id", sa.Integer(), nullable=False),
        *_artifact("artifact_components"),
        _text("layer"),
        sa.ForeignKeyConstraint(["component_id"], ["components.id"], "fk_artifact_components_component_id"),
        sa.PrimaryKeyConstraint("component_id", "artifact_id", name="pk_artifact_components"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_artifact_components_artifact_id", "artifact_components", ["artifact_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        *_artifact("decisions"),
        *(_text(name) for name in ("policy_name", "policy_digest", "result", "verdicts")),
        _time("decided_at"),
        _text("bundle"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint(
            "artifact_id",
            "decided_at",
            "policy_digest",
            "bundle",
            name="uq_decisions_artifact_id",
        ),
    )
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        *_artifact("observations"),
        *(_text(name) for name in ("workload", "node", "engine")),
        _time("first_seen"),
        _time("last_seen"),
        _text("report"),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
        sa.UniqueConstraint("artifact_id", "workload", "node", "engine", name="uq_observations_artifact_id"),
    )
