"""The name of the source that a package was built from, by which a search finds it, too.

Of packages that are listed already it is in the purl: deb and apk have its name, perhaps with a version after an at sign; rpm
has the name of the source package's file.
"""

import re
from urllib.parse import parse_qs

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_RPM = re.compile(r"(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm")


def upgrade() -> None:
    op.add_column("components", sa.Column("source", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_components_type_namespace_source", "components", ["type", "namespace", "source"])
    op.create_index("ix_components_source", "components", ["source"])
    table = sa.table("components", sa.column("id", sa.Integer), sa.column("purl", sa.Text), sa.column("source", sa.Text))
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c.purl).where(table.c.purl.like("%upstream=%"))).all()
    change = table.update().where(table.c.id == sa.bindparam("number")).values(source=sa.bindparam("name"))
    changes = [{"number": number, "name": name} for number, purl in rows if (name := _source(purl))]
    if changes:
        connection.execute(change, changes)


def _source(purl: str) -> str:
    upstream = parse_qs(purl.partition("?")[2].partition("#")[0]).get("upstream", [""])[0]
    built = _RPM.fullmatch(upstream)
    name = built[1] if built else upstream.partition("@")[0]
    return "" if purl.startswith("pkg:rpm/") and name == purl.partition("@")[0].rpartition("/")[2] else name
