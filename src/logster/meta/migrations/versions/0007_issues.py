"""Errors are issues, with keys that lead to them and a history."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the three tables; nothing is an issue yet."""
    _make_issues()
    _make_keys()
    _make_history()
    revisions = sa.table("revisions", sa.column("part", sa.Text), sa.column("revision", sa.Integer))
    op.bulk_insert(revisions, [{"part": "issues", "revision": 0}])


def _make_issues() -> None:
    states = "state IN ('open', 'resolved', 'ignored', 'muted', 'discarded')"
    op.create_table(
        "issues",
        sa.Column("workspace", ROW_ID, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.Text()),
        sa.Column("culprit", sa.Text()),
        sa.Column("application", sa.Text()),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("grouped_by", sa.Text(), nullable=False),
        sa.Column("first_event", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("first_release", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("state_until", sa.Text(), nullable=False),
        sa.Column("regressed_at", sa.BigInteger()),
        sa.Column("assigned_to", ROW_ID),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_issues"),
        sa.CheckConstraint(states, name="state"),
        _points("issues", "workspace", "workspaces.id", "CASCADE"),
        _points("issues", "assigned_to", "users.id", "SET NULL"),
    )
    op.create_index("ix_issues_assigned_to", "issues", ["assigned_to"])


def _make_keys() -> None:
    op.create_table(
        "issue_keys",
        sa.Column("workspace", ROW_ID, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name="pk_issue_keys"),
        _points("issue_keys", "workspace", "workspaces.id", "CASCADE"),
    )
    op.create_index("ix_issue_keys_issue", "issue_keys", ["workspace", "issue"])


def _make_history() -> None:
    op.create_table(
        "issue_history",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("workspace", ROW_ID, nullable=False),
        sa.Column("issue", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issue_history"),
        _points("issue_history", "workspace", "workspaces.id", "CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_issue_history_issue", "issue_history", ["workspace", "issue"])


def _points(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)
