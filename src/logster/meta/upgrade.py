"""The steps that bring a meta database to the newest form (`migrations/versions`).

In: a writing transaction, while nobody else upgrades. Out: today's tables, or `ConfigError`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from logster.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Do the steps up to a revision, in the transaction of the caller; raises ConfigError."""
    from alembic import command  # noqa: PLC0415 - 80 ms of import that only a start needs
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    alembic.attributes["connection"] = connection
    try:
        command.upgrade(alembic, revision)
    except CommandError as error:
        raise ConfigError(
            "The database of keys and accounts was made by a newer Logster, or is of another "
            f"program ({error}). Run that version or newer, or restore the back-up that was made "
            "before the upgrade."
        ) from None
