"""The chain ID of an image's layers, by which images built on it know it for their base. Images shipped before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("artifacts", sa.Column("chain_id", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_artifacts_chain_id", "artifacts", ["chain_id"])
