"""Saved searches, and what each person has asked."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of searches."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "saved_searches",
        sa.Column("id", row_id, nullable=False),
        sa.Column("workspace", row_id, nullable=False),
        sa.Column("owner", row_id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_searches"),
        _points("saved_searches", "workspace", "workspaces.id"),
        _points("saved_searches", "owner", "users.id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_saved_searches_workspace", "saved_searches", ["workspace"])
    op.create_index("ix_saved_searches_owner", "saved_searches", ["owner"])
    op.create_table(
        "query_history",
        sa.Column("workspace", row_id, nullable=False),
        sa.Column("user", row_id, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "user", "digest", name="pk_query_history"),
        _points("query_history", "workspace", "workspaces.id"),
        _points("query_history", "user", "users.id"),
    )
    op.create_index("ix_query_history_user", "query_history", ["user"])


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete="CASCADE")
