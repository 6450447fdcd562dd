"""Every table of the meta database: workspaces, people, keys, what they keep, issues, leases.

In: nothing. Out: SQLAlchemy tables, the same for SQLite and PostgreSQL.
Promise: a database upgraded step by step (`migrations/`) equals these tables; a test compares them.

Secrets are kept as hashes alone. Instants are nanoseconds since 1970 (UTC), as everywhere.
Ids are never used twice, even after a row is deleted: stored events carry the ids of their
workspace and key, and a new workspace must not inherit the events of an old one.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite numbers rows by itself for the exact type INTEGER only.
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")

workspaces = Table(
    "workspaces",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    # Lower case, so that one person has one account however the address is typed.
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Since when nobody may log in with it; everything else stays.
    Column("disabled_at", BigInteger),
    sqlite_autoincrement=True,
)

memberships = Table(
    "memberships",
    METADATA,
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, nullable=False),
    CheckConstraint("role IN ('viewer', 'member', 'admin')", name="role"),
)

sessions = Table(
    "sessions",
    METADATA,
    # SHA-256 of the cookie's token: who reads this table cannot log in with it.
    Column("digest", LargeBinary, primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "user"),
    Index(None, "expires_at"),
)

keys = Table(
    "keys",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    # SHA-256 of the key's text; unique with revoked keys too, so that none comes back to life.
    Column("digest", LargeBinary, nullable=False, unique=True),
    # The first characters, by which a person recognises the key.
    Column("hint", Text, nullable=False),
    # Names of the rights, sorted, separated by blanks.
    Column("rights", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    # What its events get and which are kept (`key_settings`), as JSON: read and written whole.
    Column("settings", Text),
    Index(None, "workspace"),
    sqlite_autoincrement=True,
)

# How often a part was changed: one row read by its primary key tells every worker whether
# its copy in memory still holds, on SQLite and PostgreSQL alike.
revisions = Table(
    "revisions",
    METADATA,
    Column("part", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

saved_searches = Table(
    "saved_searches",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("owner", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    # Names of columns, as a JSON list.
    Column("columns", Text, nullable=False),
    # As people give times: "", an instant, or how long ago.
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Index(None, "workspace"),
    Index(None, "owner"),
    sqlite_autoincrement=True,
)

dashboards = Table(
    "dashboards",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("owner", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    # What it shows, as JSON: read and written whole.
    Column("board", Text, nullable=False),
    Column("is_shared", Boolean, nullable=False),
    # Counts the changes, so that two people do not overwrite each other.
    Column("version", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Index(None, "workspace"),
    Index(None, "owner"),
    sqlite_autoincrement=True,
)

query_history = Table(
    "query_history",
    METADATA,
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    # SHA-256 of the query: PostgreSQL's index cannot hold the longest texts themselves.
    Column("digest", LargeBinary, primary_key=True),
    Column("query", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Index(None, "user"),
)

# One row, made with the table: how long events are kept, as somebody chose it.
retention = Table(
    "retention",
    METADATA,
    # Of the store; there is one that people decide about.
    Column("table", Text, primary_key=True),
    # None: as the operator's setting says.
    Column("days", BigInteger),
    Column("changed_at", BigInteger),
    Column("changed_by", Text),
)

# Which worker does what one of all does; see `lease`.
leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    # Made up by the worker.
    Column("holder", Text, nullable=False),
    # By the database's own clock.
    Column("expires_at", BigInteger, nullable=False),
)

# A group of errors, from the first of them on; how many there are is asked of the store.
issues = Table(
    "issues",
    METADATA,
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    # The key of its first event: no two servers can number the same errors differently.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("type", Text),
    Column("culprit", Text),
    Column("application", Text),
    # Of languages; "" where no trace says it.
    Column("family", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    # What its key was made of, as JSON: shown, never asked for.
    Column("grouped_by", Text, nullable=False),
    Column("first_event", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    # A minute old at the most.
    Column("last_at", BigInteger, nullable=False),
    Column("first_release", Text),
    Column("state", Text, nullable=False),
    # Since when, and what ends it, as JSON (`track/states`).
    Column("state_at", BigInteger, nullable=False),
    Column("state_until", Text, nullable=False),
    Column("regressed_at", BigInteger),
    Column("assigned_to", ForeignKey("users.id", ondelete="SET NULL")),
    CheckConstraint("state IN ('open', 'resolved', 'ignored', 'muted', 'discarded')", name="state"),
    Index(None, "assigned_to"),
)

# Which issue the errors of a key belong to: its own, unless it was merged into another.
issue_keys = Table(
    "issue_keys",
    METADATA,
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("issue", BigInteger, nullable=False),
    Index("ix_issue_keys_issue", "workspace", "issue"),
)

# What became of an issue: who did what, comments, and what Logster itself noticed.
issue_history = Table(
    "issue_history",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("workspace", ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("issue", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    # An address, the name of a key, or "" for Logster.
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    # As JSON.
    Column("detail", Text, nullable=False),
    Index("ix_issue_history_issue", "workspace", "issue"),
    sqlite_autoincrement=True,
)
