"""The keys that sockets stand for: found by name, made once, closed when they are revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.errors import ForbiddenError, UnauthorizedError
from logster.meta.bootstrap import bootstrap
from logster.meta.grants import Right
from logster.meta.socket_keys import make_own_keys
from support.meta import FAST_HASHER, started_meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.meta.database import Database
    from logster.meta.meta import Meta


@pytest.fixture
def meta(database: Database) -> Iterator[Meta]:
    bootstrap(database, hasher=FAST_HASHER)
    make_own_keys(database, ["syslog", "gelf"])
    with started_meta(database) as meta:
        yield meta


def here(meta: Meta) -> int:
    """The first workspace."""
    return meta.socket_keys.check("", "gelf").workspace


async def own_key(meta: Meta, name: str) -> int:
    (key,) = [info for info in await meta.keys.in_workspace(here(meta)) if info.name == name]
    assert key.rights == {Right.INGEST}
    return key.id


async def test_an_own_key_may_send_and_has_no_text(meta: Meta) -> None:
    grant = meta.socket_keys.check("", "syslog")
    assert grant.key == await own_key(meta, "syslog")
    assert meta.socket_keys.check("", "gelf").key == await own_key(meta, "GELF")
    for text in ("syslog", "socket:syslog", "(socket)"):
        with pytest.raises(UnauthorizedError):
            meta.grants.check(text, Right.INGEST)


async def test_it_is_made_once(meta: Meta, database: Database) -> None:
    key = await own_key(meta, "syslog")
    await meta.keys.change(here(meta), key, name="routers")
    make_own_keys(database, ["syslog"])
    await meta.live.catch_up()
    assert meta.socket_keys.check("", "syslog").key == key
    await meta.keys.revoke(here(meta), key)
    make_own_keys(database, ["syslog"])
    await meta.live.catch_up()
    with pytest.raises(UnauthorizedError, match="own key 'syslog' was revoked"):
        meta.socket_keys.check("", "syslog")


async def test_a_named_key_is_followed(meta: Meta) -> None:
    with pytest.raises(UnauthorizedError, match="no key named 'shop'"):
        meta.socket_keys.check("shop", "syslog")
    shop = (await meta.keys.create(here(meta), "cart", [Right.INGEST])).info.id
    await meta.keys.change(here(meta), shop, name="shop")
    await meta.live.catch_up()
    assert meta.socket_keys.check("shop", "syslog").key == shop
    await meta.keys.create(here(meta), "shop", [Right.INGEST])
    with pytest.raises(UnauthorizedError, match="2 keys named 'shop'"):
        meta.socket_keys.check("shop", "syslog")
    await meta.keys.revoke(here(meta), shop)
    assert meta.socket_keys.check("shop", "syslog").key != shop


async def test_a_named_key_that_may_not_send_is_told(meta: Meta) -> None:
    await meta.keys.create(here(meta), "reader", [Right.READ])
    with pytest.raises(ForbiddenError, match="ingest"):
        meta.socket_keys.check("reader", "gelf")
