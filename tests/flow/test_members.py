"""Who belongs to a workspace: what holds however many change it at the same moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from logster.errors import ForbiddenError, NotFoundError
from logster.meta.accounts import Accounts
from logster.meta.members import LastAdministratorError, Members
from logster.meta.sessions import Role
from support.meta import FAST_HASHER, add_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.meta.database import Database

PASSWORD = "correct horse"


@pytest.fixture
def accounts(database: Database) -> Iterator[Accounts]:
    opened = Accounts(database, session_days=1, hasher=FAST_HASHER)
    yield opened
    opened.close()


@pytest.fixture
def members(database: Database) -> Members:
    return Members(database)


@pytest.fixture
def workspace(database: Database) -> int:
    return add_workspace(database, "default")


async def test_a_member_is_shown_with_role_and_newest_log_in(
    members: Members, accounts: Accounts, workspace: int
) -> None:
    ada = await accounts.create_user("ada@x.org", PASSWORD, workspace, Role.ADMIN)
    await accounts.create_user("bob@x.org", PASSWORD, workspace, Role.VIEWER)
    await accounts.log_in("ada@x.org", PASSWORD, "::1")
    first, second = await members.in_workspace(workspace)
    assert (first.id, first.role, second.role) == (ada, Role.ADMIN, Role.VIEWER)
    assert first.logged_in_at is not None
    assert second.logged_in_at is None
    assert await members.is_first(workspace)
    assert (await members.change_role(workspace, second.id, Role.MEMBER)).role is Role.MEMBER


async def test_who_is_disabled_is_logged_out_and_kept_out(
    members: Members, accounts: Accounts, workspace: int
) -> None:
    await accounts.create_user("ada@x.org", PASSWORD, workspace, Role.ADMIN)
    bob = await accounts.create_user("bob@x.org", PASSWORD, workspace, Role.ADMIN)
    token = (await accounts.log_in("bob@x.org", PASSWORD, "::1")).token
    assert (await members.disable(workspace, bob)).disabled_at is not None
    assert await accounts.session_of(token) is None
    assert (await members.enable(workspace, bob)).disabled_at is None
    assert await accounts.log_in("bob@x.org", PASSWORD, "::1")
    await members.disable_account("bob@x.org")
    with pytest.raises(LastAdministratorError):
        await members.disable_account("ada@x.org")
    await members.enable_account("bob@x.org")


async def test_an_account_goes_with_its_last_workspace(
    members: Members, accounts: Accounts, database: Database, workspace: int
) -> None:
    other = add_workspace(database, "other")
    await accounts.create_user("ada@x.org", PASSWORD, workspace, Role.ADMIN)
    bob = await accounts.create_user("bob@x.org", PASSWORD, workspace, Role.MEMBER)
    with pytest.raises(NotFoundError):
        await members.remove(other, bob)
    await members.remove(workspace, bob)
    with pytest.raises(NotFoundError):
        await members.find(workspace, bob)
    assert await accounts.create_user("bob@x.org", PASSWORD, other, Role.MEMBER) != bob


async def test_a_workspace_keeps_an_administrator_when_all_leave_at_once(
    members: Members, accounts: Accounts, workspace: int
) -> None:
    users = [
        await accounts.create_user(f"{number}@x.org", PASSWORD, workspace, Role.ADMIN)
        for number in range(4)
    ]
    leaving = (members.remove(workspace, user) for user in users)
    results = await asyncio.gather(*leaving, return_exceptions=True)
    assert [type(result) for result in results].count(LastAdministratorError) == 1
    assert issubclass(LastAdministratorError, ForbiddenError)
    assert len(await members.in_workspace(workspace)) == 1
