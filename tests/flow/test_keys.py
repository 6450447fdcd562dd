import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
import sqlalchemy

from logster.errors import ForbiddenError, NotFoundError, UnauthorizedError
from logster.meta import live, tables
from logster.meta.database import Database, open_database
from logster.meta.grants import ALL_RIGHTS, Grants, Right
from logster.meta.key_text import digest_of, make_key
from logster.meta.keys import Keys
from logster.meta.meta import Meta
from support.meta import add_workspace


@pytest.fixture
def workspace(database: Database) -> int:
    return add_workspace(database, "default")


@pytest.fixture
def keys(meta: Meta) -> Keys:
    return meta.keys


@pytest.fixture
def grants(meta: Meta) -> Grants:
    return meta.grants


@pytest.fixture
def other_worker(beside: Meta) -> Grants:
    return beside.grants


async def test_a_new_key_grants_its_rights_in_its_workspace(
    keys: Keys, grants: Grants, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    grant = grants.check(new.text, Right.INGEST)
    assert (grant.workspace, grant.key) == (workspace, new.info.id)
    assert grant.rights == {Right.INGEST}


async def test_a_key_without_the_right_is_forbidden(
    keys: Keys, grants: Grants, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    with pytest.raises(ForbiddenError, match="read") as refusal:
        grants.check(new.text, Right.READ)
    assert refusal.value.sender == (workspace, new.info.id)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "x", "lgs_", "ü" * 40, "x" * 100_000, "\ud800"),
        pytest.param(make_key(), id="well made"),
    ],
)
async def test_an_unknown_key_is_unauthorized(grants: Grants, text: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        grants.check(text, Right.INGEST)
    with pytest.raises(UnauthorizedError):
        await grants.admit(text, Right.INGEST)


async def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(
    keys: Keys, grants: Grants, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    await keys.revoke(workspace, new.info.id)
    with pytest.raises(UnauthorizedError):
        grants.check(new.text, Right.READ)


async def test_a_revoked_key_is_soon_refused_by_another_worker(
    keys: Keys, other_worker: Grants, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    await other_worker.admit(new.text, Right.READ)
    await keys.revoke(workspace, new.info.id)
    deadline = time.monotonic() + 10  # half a second on a quiet machine
    while time.monotonic() < deadline:
        try:
            other_worker.check(new.text, Right.READ)
        except UnauthorizedError:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the revoked key still works")


async def test_a_key_made_a_moment_ago_works_at_once_in_another_worker(
    keys: Keys, other_worker: Grants, workspace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REFRESH_INTERVAL_S", 3_600)
    for number in range(5):  # the first may still meet an ordinary refresh
        new = await keys.create(workspace, f"shop {number}", [Right.INGEST])
        assert (await other_worker.admit(new.text, Right.INGEST)).key == new.info.id


async def test_a_flood_of_unknown_keys_asks_the_database_no_more_often(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    original = live._load_revisions

    def counting(connection: sqlalchemy.Connection) -> dict[str, int]:
        asked.append(1)
        return original(connection)

    monkeypatch.setattr(live, "_load_revisions", counting)

    async def knock() -> None:
        with pytest.raises(UnauthorizedError):
            await grants.admit(make_key(), Right.INGEST)

    started = time.monotonic()
    await asyncio.gather(*(knock() for _ in range(500)))
    elapsed = time.monotonic() - started
    assert len(asked) <= elapsed / live.MIN_REFRESH_INTERVAL_S + 2


async def test_a_mistyped_key_is_told_by_its_checksum_and_never_looked_up(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = []
    monkeypatch.setattr(grants._live, "hasten", lambda: woken.append(1))
    good = make_key()
    swapped = good[:10] + good[11] + good[10] + good[12:]
    mistyped = swapped if swapped != good else good[:-1] + ("a" if good[-1] != "a" else "b")
    with pytest.raises(UnauthorizedError):
        grants.check(mistyped, Right.INGEST)
    assert woken == []


async def test_known_keys_work_while_the_database_is_away(
    meta: Meta, workspace: int, outage: Callable[[], AbstractContextManager[None]]
) -> None:
    new = await meta.keys.create(workspace, "shop", [Right.INGEST])
    with outage():
        assert not meta.live.refresh()
        assert meta.grants.check(new.text, Right.INGEST).key == new.info.id
    assert meta.live.refresh()


async def test_the_text_of_a_key_is_nowhere_in_the_database(
    keys: Keys, workspace: int, database: Database
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    with database.reading() as connection:
        rows = [connection.execute(table.select()).all() for table in tables.METADATA.sorted_tables]
    assert "shop" in repr(rows)
    assert new.text[8:] not in repr(rows)
    assert new.text not in repr(new.info)


async def test_the_list_shows_keys_of_one_workspace_alone(
    keys: Keys, workspace: int, database: Database
) -> None:
    other = add_workspace(database, "other")
    await keys.create(other, "theirs", [Right.READ])
    first = await keys.create(workspace, "first", [Right.READ])
    second = await keys.create(workspace, "second", [Right.INGEST, Right.READ])
    await keys.revoke(workspace, first.info.id)
    listed = await keys.in_workspace(workspace)
    assert [info.name for info in listed] == ["second", "first"]
    assert listed[0] == second.info
    assert listed[1].revoked_at is not None
    assert listed[0].hint == second.text[:8] + "…"


async def test_a_key_of_another_workspace_cannot_be_revoked(
    keys: Keys, grants: Grants, workspace: int, database: Database
) -> None:
    theirs = await keys.create(add_workspace(database, "other"), "theirs", [Right.READ])
    with pytest.raises(NotFoundError):
        await keys.revoke(workspace, theirs.info.id)
    assert grants.check(theirs.text, Right.READ)


async def test_revoking_twice_keeps_the_first_moment(keys: Keys, workspace: int) -> None:
    new = await keys.create(workspace, "shop", [Right.READ])
    await keys.revoke(workspace, new.info.id)
    first = (await keys.in_workspace(workspace))[0].revoked_at
    await keys.revoke(workspace, new.info.id)
    assert (await keys.in_workspace(workspace))[0].revoked_at == first


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\x00b"])
async def test_a_name_that_cannot_be_shown_is_refused(
    keys: Keys, workspace: int, name: str
) -> None:
    with pytest.raises(ValueError, match="name"):
        await keys.create(workspace, name, [Right.READ])


async def test_a_key_without_rights_is_refused(keys: Keys, workspace: int) -> None:
    with pytest.raises(ValueError, match="at least one right"):
        await keys.create(workspace, "idle", [])


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE keys; --", '<script>alert("x")</script>', "Ünïcödé 🔑"]
)
async def test_a_name_is_only_a_name(keys: Keys, workspace: int, name: str) -> None:
    await keys.create(workspace, name, [Right.READ])
    assert [info.name for info in await keys.in_workspace(workspace)] == [name]


async def test_use_is_written_down_lazily(keys: Keys, grants: Grants, workspace: int) -> None:
    used = await keys.create(workspace, "used", [Right.INGEST])
    await keys.create(workspace, "idle", [Right.INGEST])
    for _ in range(100):
        grants.check(used.text, Right.INGEST)
    idle_before, used_before = await keys.in_workspace(workspace)
    assert used_before.last_used_at is None
    await grants.record_use()
    idle, used_after = await keys.in_workspace(workspace)
    assert used_after.last_used_at is not None
    assert idle == idle_before


async def test_a_check_costs_next_to_nothing(keys: Keys, grants: Grants, workspace: int) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    started = time.process_time()
    for _ in range(20_000):
        grants.check(new.text, Right.INGEST)
    assert (time.process_time() - started) / 20_000 < 50e-6


def test_made_keys_are_all_different_and_carry_190_bits() -> None:
    made = {make_key() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(text) == 42 and text.startswith("lgs_") for text in made)


def test_the_digest_is_sha_256_so_that_other_tools_can_make_it() -> None:
    assert digest_of("abc").hex().startswith("ba7816bf8f01cfea")


def test_keys_made_at_once_by_many_workers_are_all_there(
    meta: Meta, database: Database, meta_url: str, workspace: int
) -> None:
    def make(number: int) -> str:
        own = open_database(meta_url)
        opened = Keys(own)
        text = asyncio.run(opened.create(workspace, str(number), [Right.READ])).text
        own.close()
        return text

    with ThreadPoolExecutor(6) as threads:
        texts = list(threads.map(make, range(12)))
    with database.reading() as connection:
        revision = live._load_revisions(connection)["keys"]
    meta.live.refresh()
    assert all(meta.grants.check(text, Right.READ) for text in texts)
    assert revision == 12
