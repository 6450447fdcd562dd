"""Dashboards."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of dashboards."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "dashboards",
        sa.Column("id", row_id, nullable=False),
        sa.Column("workspace", row_id, nullable=False),
        sa.Column("owner", row_id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dashboards"),
        _points("workspace", "workspaces.id"),
        _points("owner", "users.id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dashboards_workspace", "dashboards", ["workspace"])
    op.create_index("ix_dashboards_owner", "dashboards", ["owner"])


def _points(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_dashboards_{column}"
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete="CASCADE")
