"""API keys: made, named, set, looked after, revoked.

In: an administrator's session or key. Out: JSON.
Promise: a key's text is in the answer that made it and nowhere else.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import time
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from logster.config import Config
from logster.event import render_instant
from logster.meta.grants import Right
from logster.meta.key_settings import Level
from logster.meta.key_text import dsn_of
from logster.meta.keys import KeyInfo, Keys
from logster.meta.quota import find_used_bytes
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


class SettingsOrder(Order, frozen=True, kw_only=True):
    """What to set of a key; null, or empty, takes it away, and what is not here stays as it is.

    What an event gets that does not say it itself: `application`, `environment`, `category`,
    `properties`. What is not kept: events less severe than `minimum_severity`, and those that a
    search with `filter` would not find. How much may come: `events_per_second`, `burst_events` at
    once (as many as in a second unless set), `daily_bytes` in a day of UTC. From where: pages of
    these `origins` alone (`https://shop.example`, `https://*.shop.example`).
    """

    application: str | UnsetType | None = UNSET
    environment: str | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET
    minimum_severity: Level | UnsetType | None = UNSET
    filter: str | UnsetType | None = UNSET
    properties: dict[str, str | int | float | bool] | UnsetType | None = UNSET
    events_per_second: float | UnsetType | None = UNSET
    burst_events: int | UnsetType | None = UNSET
    daily_bytes: int | UnsetType | None = UNSET
    origins: list[str] | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        """What was said."""
        said = msgspec.structs.asdict(self)
        return {name: value for name, value in said.items() if value is not UNSET}


class KeyOrder(Order, frozen=True, kw_only=True):
    """A key to be made."""

    name: str
    rights: list[Right]
    settings: SettingsOrder = SettingsOrder()


class ChangeOrder(Order, frozen=True, kw_only=True):
    """What a key is called from now on, and what to set of it; what it may do stays."""

    name: str | None = None
    settings: SettingsOrder = SettingsOrder()


class NewKeyShape(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; `text` is shown this once, and in `dsn` as Sentry's SDKs want it."""

    key: KeyShape
    text: str
    dsn: str


class NewestShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest event of a key, null when there is none; `now` is the server's time."""

    event: EventShape | None
    now: str


@get("/keys", summary="API keys")
async def list_keys(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    config: NamedDependency[Config],
) -> KeysShape:
    """Give every key of the workspace, without its text."""
    return KeysShape(keys=_shape(await keys.in_workspace(admin.workspace), config))


@get("/keys/{key_id:int}", summary="One API key")
async def show_key(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    config: NamedDependency[Config],
    key_id: FromPath[int],
) -> KeyShape:
    """Give one key with its settings, without its text."""
    return _shape([await keys.find(admin.workspace, key_id)], config)[0]


@post("/keys", summary="Make an API key")
async def create_key(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    config: NamedDependency[Config],
    data: JSONBody[KeyOrder],
) -> NewKeyShape:
    """Make a key; the answer is the only one that shows its text."""
    with refusing():
        new = await keys.create(admin.workspace, data.name, data.rights, data.settings.changes())
    AUDIT.info("%s made %s%s", admin.name, _name(new.info), _say(data.settings))
    return NewKeyShape(
        key=_shape([new.info], config)[0],
        text=new.text,
        dsn=dsn_of(new.text, new.info.id, config.address),
    )


@patch("/keys/{key_id:int}", summary="Rename an API key, or set what it does")
async def change_key(
    admin: NamedDependency[Principal],
    keys: NamedDependency[Keys],
    config: NamedDependency[Config],
    key_id: FromPath[int],
    data: JSONBody[ChangeOrder],
) -> KeyShape:
    """Change a key's name or some of its settings, in every worker within two seconds."""
    changes = data.settings.changes()
    with refusing():
        key = await keys.change(admin.workspace, key_id, name=data.name, settings=changes)
    if data.name is not None:
        AUDIT.info("%s renamed %s", admin.name, _name(key))
    if changes:
        AUDIT.info("%s set %s%s", admin.name, _name(key), _say(data.settings))
    return _shape([key], config)[0]


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


def _shape(keys: list[KeyInfo], config: Config) -> list[KeyShape]:
    limited = [key.id for key in keys if key.settings.daily_bytes is not None]
    used = find_used_bytes(config.data_path, limited)
    return [shape_key(key, used.get(key.id)) for key in keys]


def _say(settings: SettingsOrder) -> str:
    """What was set, for the log."""
    said = (f"{name}={value!r}" for name, value in settings.changes().items())
    told = ", ".join(said)
    return f": {told}" if told else ""


def _name(key: KeyInfo) -> str:
    return f"the key {key.id} {key.name!r} ({', '.join(sorted(key.rights))})"


KEYS = (list_keys, show_key, create_key, change_key, revoke_key, show_newest)
