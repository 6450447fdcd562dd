"""How long events are kept, as somebody chose it; accounts that may not log in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the retention with its one row; let accounts be disabled."""
    op.add_column("users", sa.Column("disabled_at", sa.BigInteger()))
    retention = op.create_table(
        "retention",
        sa.Column("table", sa.Text(), nullable=False),
        sa.Column("days", sa.BigInteger()),
        sa.Column("changed_at", sa.BigInteger()),
        sa.Column("changed_by", sa.Text()),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("table", name="pk_retention"),
    )
    op.bulk_insert(retention, [{"table": "events", "held_until": 0}])
