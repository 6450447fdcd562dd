"""People of the workspace, for its administrators; and everybody's own password.

In: an administrator's session or key; for one's own password, one's session. Out: JSON.
Promise: a password that was made up is in the answer that made it and nowhere else; who may
be changed by whom is decided in `meta/members`.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

from typing import Any

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from logster.errors import ForbiddenError
from logster.event import render_instant
from logster.meta.accounts import Accounts
from logster.meta.members import Member, Members
from logster.meta.passwords import make_password
from logster.meta.sessions import Role
from logster.web.access import Principal, token_of
from logster.web.audit import AUDIT
from logster.web.orders import Order
from logster.web.refusals import refusing
from logster.web.shapes import render_optional


class UserShape(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `is_me` marks the one who asks, `logged_in_at` the newest living log-in."""

    id: int
    email: str
    role: Role
    created_at: str
    logged_in_at: str | None
    disabled_at: str | None
    is_me: bool


class UsersShape(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody of the workspace, by email."""

    users: list[UserShape]


class UserOrder(Order, frozen=True, kw_only=True):
    """A person to be added; without a password one is made up."""

    email: str
    role: Role = Role.MEMBER
    password: str | None = None


class NewUserShape(msgspec.Struct, frozen=True, kw_only=True):
    """A person just added; `password` is one that was made up, shown this once."""

    user: UserShape
    password: str | None


class RoleOrder(Order, frozen=True, kw_only=True):
    """What a person may do from now on."""

    role: Role


class PasswordOrder(Order, frozen=True, kw_only=True):
    """A password for somebody; without one it is made up."""

    password: str | None = None


class PasswordShape(msgspec.Struct, frozen=True, kw_only=True):
    """A password that was made up, shown this once; null when it was chosen."""

    password: str | None


class OwnPasswordOrder(Order, frozen=True, kw_only=True):
    """One's own password, and the one to come."""

    current: str
    password: str


@get("/users", summary="People of the workspace")
async def list_users(
    admin: NamedDependency[Principal], members: NamedDependency[Members]
) -> UsersShape:
    """Give everybody who may log in to this workspace."""
    found = await members.in_workspace(admin.workspace)
    return UsersShape(users=[_shape(member, admin) for member in found])


@post("/users", summary="Add a person")
async def create_user(
    admin: NamedDependency[Principal],
    members: NamedDependency[Members],
    accounts: NamedDependency[Accounts],
    data: JSONBody[UserOrder],
) -> NewUserShape:
    """Make an account in this workspace; a password made up is shown in this answer alone."""
    made = None if data.password else make_password()
    password = data.password or made or ""
    with refusing():
        user = await accounts.create_user(data.email, password, admin.workspace, data.role)
    member = await members.find(admin.workspace, user)
    AUDIT.info("%s added %s as %s", admin.name, member.email, member.role)
    return NewUserShape(user=_shape(member, admin), password=made)


@patch("/users/{user_id:int}", summary="Give a person another role")
async def change_user(
    admin: NamedDependency[Principal],
    members: NamedDependency[Members],
    user_id: FromPath[int],
    data: JSONBody[RoleOrder],
) -> UserShape:
    """Change a role, at once for their open sessions too; the last administrator stays one."""
    before = await members.find(admin.workspace, user_id)
    member = await members.change_role(admin.workspace, user_id, data.role)
    AUDIT.info("%s made %s %s, who was %s", admin.name, member.email, member.role, before.role)
    return _shape(member, admin)


@post("/users/{user_id:int}/password", summary="Give a person a new password", status_code=200)
async def reset_password(
    admin: NamedDependency[Principal],
    members: NamedDependency[Members],
    accounts: NamedDependency[Accounts],
    user_id: FromPath[int],
    data: JSONBody[PasswordOrder],
) -> PasswordShape:
    """Set a password and end the person's sessions."""
    member = await members.find_own(admin.workspace, user_id)
    made = None if data.password else make_password()
    with refusing():
        await accounts.set_password(member.email, data.password or made or "")
    AUDIT.info("%s gave %s a new password", admin.name, member.email)
    return PasswordShape(password=made)


@post("/users/{user_id:int}/disable", summary="Disable a person's account", status_code=200)
async def disable_user(
    admin: NamedDependency[Principal], members: NamedDependency[Members], user_id: FromPath[int]
) -> UserShape:
    """End a person's sessions at once and refuse their log-ins; the last administrator stays."""
    member = await members.disable(admin.workspace, user_id)
    AUDIT.info("%s disabled the account %s", admin.name, member.email)
    return _shape(member, admin)


@post("/users/{user_id:int}/enable", summary="Enable a person's account", status_code=200)
async def enable_user(
    admin: NamedDependency[Principal], members: NamedDependency[Members], user_id: FromPath[int]
) -> UserShape:
    """Let a person log in again, with the password they had."""
    member = await members.enable(admin.workspace, user_id)
    AUDIT.info("%s enabled the account %s", admin.name, member.email)
    return _shape(member, admin)


@delete("/users/{user_id:int}", summary="Remove a person")
async def remove_user(
    admin: NamedDependency[Principal], members: NamedDependency[Members], user_id: FromPath[int]
) -> None:
    """Let a person leave the workspace at once; the last administrator stays."""
    member = await members.find(admin.workspace, user_id)
    await members.remove(admin.workspace, user_id)
    AUDIT.info("%s removed %s", admin.name, member.email)


@post("/password", summary="Change my password", status_code=204)
async def change_own_password(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    accounts: NamedDependency[Accounts],
    data: JSONBody[OwnPasswordOrder],
) -> None:
    """Choose a new password; one's other sessions end."""
    if principal.session is None:
        raise ForbiddenError("A key has no password: log in.")
    with refusing():
        await accounts.change_password(
            principal.session, token_of(request), data.current, data.password
        )
    AUDIT.info("%s chose a new password", principal.name)


def _shape(member: Member, principal: Principal) -> UserShape:
    return UserShape(
        id=member.id,
        email=member.email,
        role=member.role,
        created_at=render_instant(member.created_at),
        logged_in_at=render_optional(member.logged_in_at),
        disabled_at=render_optional(member.disabled_at),
        is_me=principal.session is not None and principal.session.user == member.id,
    )


USERS = (
    list_users,
    create_user,
    change_user,
    reset_password,
    disable_user,
    enable_user,
    remove_user,
    change_own_password,
)
