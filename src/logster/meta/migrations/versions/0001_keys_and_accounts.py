"""Workspaces, users, memberships, sessions, keys, revisions.

A step never imports `tables.py`: it says what the tables were on its day.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "workspaces",
        sa.Column("id", row_id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("name", name="uq_workspaces_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", row_id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "memberships",
        _workspace(row_id),
        _user(row_id),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "user", name="pk_memberships"),
        sa.CheckConstraint(
            "role IN ('viewer', 'member', 'admin')", name=op.f("ck_memberships_role")
        ),
        _workspace_exists("memberships"),
        _user_exists("memberships"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _user(row_id),
        _workspace(row_id),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        _user_exists("sessions"),
        _workspace_exists("sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "keys",
        sa.Column("id", row_id, nullable=False),
        _workspace(row_id),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("digest", name="uq_keys_digest"),
        _workspace_exists("keys"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_keys_workspace", "keys", ["workspace"])
    revisions = op.create_table(
        "revisions",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_revisions"),
    )
    op.bulk_insert(revisions, [{"part": "keys", "revision": 0}])


def _workspace(row_id: sa.types.TypeEngine[int]) -> sa.Column[int]:
    return sa.Column("workspace", row_id, nullable=False)


def _user(row_id: sa.types.TypeEngine[int]) -> sa.Column[int]:
    return sa.Column("user", row_id, nullable=False)


def _workspace_exists(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_workspace"
    return sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], name=name, ondelete="CASCADE")


def _user_exists(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user"
    return sa.ForeignKeyConstraint(["user"], ["users.id"], name=name, ondelete="CASCADE")
