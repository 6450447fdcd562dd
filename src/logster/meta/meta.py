"""All that one worker has of the meta database, as one value to be handed around.

In: an open database. Out: its parts: what is followed, and what is asked and changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.meta.accounts import Accounts
from logster.meta.dashboards import Dashboards
from logster.meta.database import open_database
from logster.meta.grants import Grants
from logster.meta.keys import Keys
from logster.meta.live import LiveValues
from logster.meta.members import Members
from logster.meta.retention import Retention
from logster.meta.searches import Searches
from logster.meta.socket_keys import SocketKeys

if TYPE_CHECKING:
    import argon2

    from logster.config import Config
    from logster.meta.database import Database


class Meta:
    """The meta database, open."""

    def __init__(
        self,
        database: Database,
        *,
        session_days: int,
        retention_days: int,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        """The live values begin when they are told to."""
        self.database = database
        self.live = LiveValues(database)
        self.grants = Grants(database, self.live)
        self.socket_keys = SocketKeys(self.grants, self.live)
        self.keys = Keys(database, self.live)
        self.accounts = Accounts(database, session_days=session_days, hasher=hasher)
        self.members = Members(database)
        self.searches = Searches(database)
        self.dashboards = Dashboards(database)
        self.retention = Retention(database, self.live, default_days=retention_days)

    def close(self) -> None:
        """Let the threads and connections go."""
        self.live.close()
        self.accounts.close()
        self.database.close()


def open_meta(config: Config) -> Meta:
    """Open the database, upgrade it when that is needed, and follow what is followed.

    Raises ConfigError or MetaUnavailableError.
    """
    meta = Meta(
        open_database(config.meta_address),
        session_days=config.session_days,
        retention_days=config.retention_days,
    )
    try:
        meta.live.start()
        meta.retention.begin()
    except BaseException:
        meta.close()
        raise
    return meta
