import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy

from logster.errors import ConfigError, UnauthorizedError
from logster.meta import tables
from logster.meta.accounts import Accounts
from logster.meta.bootstrap import FirstStart, bootstrap
from logster.meta.database import Database, open_database
from logster.meta.grants import ALL_RIGHTS, Grant, Grants, Right
from logster.meta.keys import Keys
from logster.meta.live import LiveValues
from logster.meta.sessions import Role
from support.meta import FAST_HASHER

KEY = "an-operators-own-key"


def start(database: Database, *, admin: str = "", api_key: str = "") -> FirstStart | None:
    return bootstrap(database, admin=admin, api_key=api_key, hasher=FAST_HASHER)


def grant_of(database: Database, text: str) -> Grant:
    live = LiveValues(database)
    grants = Grants(database, live)
    live.refresh()
    return grants.check(text, Right.READ)


def rights_of(database: Database, text: str) -> frozenset[Right]:
    return grant_of(database, text).rights


async def test_a_first_start_without_a_word_makes_everything_up(database: Database) -> None:
    first = start(database)
    assert first is not None
    assert first.email == "admin@localhost"
    assert first.password
    assert first.key
    assert rights_of(database, first.key) == ALL_RIGHTS
    accounts = Accounts(database, session_days=1, hasher=FAST_HASHER)
    session = (await accounts.log_in(first.email, first.password, "::1")).session
    accounts.close()
    assert (session.role, session.workspace_name) == (Role.ADMIN, "default")


async def test_what_the_operator_chose_is_used_and_not_shown(database: Database) -> None:
    first = start(database, admin="Ops@example.com:pass:word", api_key=KEY)
    assert first == FirstStart(email="ops@example.com", password=None, key=None)
    assert rights_of(database, KEY) == ALL_RIGHTS
    accounts = Accounts(database, session_days=1, hasher=FAST_HASHER)
    assert await accounts.log_in("ops@example.com", "pass:word", "::1")
    accounts.close()


def test_a_second_start_changes_nothing(database: Database) -> None:
    start(database, admin="ops@example.com:password", api_key=KEY)
    assert start(database, admin="ops@example.com:password", api_key=KEY) is None
    with database.reading() as connection:
        for table in (tables.workspaces, tables.users, tables.keys, tables.memberships):
            count = sqlalchemy.select(sqlalchemy.func.count()).select_from(table)
            assert connection.execute(count).scalar() == 1


def test_a_changed_admin_is_said_to_change_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    start(database, admin="ops@example.com:password")
    with caplog.at_level(logging.INFO):
        start(database, admin="new@example.com:another-password")
    assert "counts on the first start only" in caplog.text
    assert "another-password" not in caplog.text
    with database.reading() as connection:
        emails = connection.execute(sqlalchemy.select(tables.users.c.email)).scalars().all()
    assert emails == ["ops@example.com"]


def test_a_key_that_was_never_known_is_added_later(database: Database) -> None:
    start(database)
    start(database, api_key=KEY)
    assert rights_of(database, KEY) == ALL_RIGHTS


async def test_a_revoked_bootstrap_key_stays_revoked(database: Database) -> None:
    start(database, api_key=KEY)
    grant = grant_of(database, KEY)
    await Keys(database).revoke(grant.workspace, grant.key)
    start(database, api_key=KEY)
    with pytest.raises(UnauthorizedError):
        rights_of(database, KEY)


def test_many_starters_make_one_of_each(new_meta_url: str) -> None:
    def run(_: int) -> FirstStart | None:
        database = open_database(new_meta_url)
        try:
            return start(database)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(run, range(8)))
    assert len([first for first in results if first]) == 1


def test_no_secret_is_logged(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        first = start(database)
        start(database, api_key=KEY)
    assert first is not None
    for secret in (first.password, first.key):
        assert secret
        assert secret not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("admin", ["ada", ":", "ada@x", "ada@x:", ":password", "a b@c:password"])
def test_an_unreadable_admin_stops_the_start(database: Database, admin: str) -> None:
    with pytest.raises(ConfigError, match="LOGSTER_BOOTSTRAP_ADMIN must be email:password"):
        start(database, admin=admin)


@pytest.mark.parametrize("key", ["short", " " + KEY, "ü" * 20, "a\nb" * 10, "x" * 513])
def test_an_unusable_key_stops_the_start_unseen(database: Database, key: str) -> None:
    with pytest.raises(ConfigError, match="LOGSTER_BOOTSTRAP_API_KEY") as caught:
        start(database, api_key=key)
    assert key not in str(caught.value)


def test_a_short_password_is_taken_with_a_warning(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert start(database, admin="ada@example.com:pw")
    assert "change it" in caplog.text
