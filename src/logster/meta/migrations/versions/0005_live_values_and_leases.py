"""The retention is a value that every worker follows; who does what is a lease."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count the changes of the retention; make the table of leases."""
    revisions = sa.table("revisions", sa.column("part", sa.Text), sa.column("revision", sa.Integer))
    op.bulk_insert(revisions, [{"part": "retention", "revision": 0}])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    with op.batch_alter_table("retention") as retention:
        retention.drop_column("held_until")
