"""A key has settings: what its events get, which are kept, how many there may be."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no key has any."""
    with op.batch_alter_table("keys") as keys:
        keys.add_column(sa.Column("settings", sa.Text()))
