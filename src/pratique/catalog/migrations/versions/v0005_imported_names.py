"""What an imported document calls its artifact stands with the import: it is shown, and is no name that a trust goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("imports", sa.Column("name", sa.Text(), nullable=False, server_default=""))
