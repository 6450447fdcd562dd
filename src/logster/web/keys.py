"""API keys: made, named, looked after, revoked.

In: an administrator's session or key. Out: JSON.
Promise: a key's text is in the answer that made it and nowhere else.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import time
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from logster.event import render_instant
from logster.meta.grants import Right
from logster.meta.keys import KeyInfo, Keys
from logster.query.moment import Clock, parse_moment
from logster.store.engine import Engine
from logster.store.usage import newest_of_key
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.orders import Order
from logster.web.refusals import refusing
from logster.web.shapes import EventShape, KeyShape, shape_event, shape_key


class KeysShape(msgspec.Struct, frozen=True, kw_only=True):
    """Every key of the workspace, newest first."""

    keys: list[KeyShape]


class KeyOrder(Order, frozen=True, kw_only=True):
    """A key to be made."""

    name: str
    rights: list[Right]


class NameOrder(Order, frozen=True, kw_only=True):
    """What a key is called from now on."""

    name: str


class NewKeyShape(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; `text` is shown this once."""

    key: KeyShape
    text: str


class NewestShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest event of a key, null when there is none; `now` is the server's time."""

    event: EventShape | None
    now: str


@get("/keys", summary="API keys")
async def list_keys(admin: NamedDependency[Principal], keys: NamedDependency[Keys]) -> KeysShape:
    """Give every key of the workspace, without its text."""
    return KeysShape(keys=[shape_key(key) for key in await keys.in_workspace(admin.workspace)])


@post("/keys", summary="Make an API key")
async def create_key(
    admin: NamedDependency[Principal], keys: NamedDependency[Keys], data: JSONBody[KeyOrder]
) -> NewKeyShape:
    """Make a key; the answer is the only one that shows its text."""
    with refusing():
        new = await keys.create(admin.workspace, data.name, data.rights)
    AUDIT.info("%s made %s", admin.name, _name(new.info))
    return NewKeyShape(key=shape_key(new.info), text=new.text)


@patch("/keys/{key_id:int}", summary="Rename an API key")
async def rename_key(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    key_id: FromPath[int],
    data: JSONBody[NameOrder],
) -> KeyShape:
    """Call a key something else; what it may do stays."""
    with refusing():
        key = await keys.change(admin.workspace, key_id, name=data.name)
    AUDIT.info("%s renamed %s", admin.name, _name(key))
    return shape_key(key)


@delete("/keys/{key_id:int}", summary="Revoke an API key")
async def revoke_key(
    admin: NamedDependency[Principal], keys: NamedDependency[Keys], key_id: FromPath[int]
) -> None:
    """End a key for good, in every worker within a second."""
    await keys.revoke(admin.workspace, key_id)
    AUDIT.info("%s revoked %s", admin.name, _name(await keys.find(admin.workspace, key_id)))


@get("/keys/{key_id:int}/newest", summary="The newest event of an API key")
async def show_newest(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    engine: NamedDependency[Engine],
    key_id: FromPath[int],
    since: Annotated[
        str, QueryParameter(description="Stored since when; a short time is a quick question.")
    ] = "1h",
) -> NewestShape:
    """Say whether messages arrive by this key, and show the newest."""
    now_ns = time.time_ns()
    since_ns = parse_moment(since, Clock(now_ns))
    await keys.find(admin.workspace, key_id)
    event = await newest_of_key(engine, admin.workspace, key_id, since_ns)
    return NewestShape(event=shape_event(event) if event else None, now=render_instant(now_ns))


def _name(key: KeyInfo) -> str:
    return f"the key {key.id} {key.name!r} ({', '.join(sorted(key.rights))})"


KEYS = (list_keys, create_key, rename_key, revoke_key, show_newest)
