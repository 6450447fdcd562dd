import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy

from logster.errors import ForbiddenError, NotFoundError, UnauthorizedError
from logster.meta import keys as keys_module
from logster.meta import tables
from logster.meta.database import Database, open_database
from logster.meta.keys import ALL_RIGHTS, Keys, Right, digest_of, make_key
from support.meta import add_workspace


@pytest.fixture
def workspace(database: Database) -> int:
    return add_workspace(database, "default")


@pytest.fixture
def keys(database: Database) -> Iterator[Keys]:
    opened = Keys(database).start()
    yield opened
    opened.close()


@pytest.fixture
def other_worker(database: Database, tmp_path: Path) -> Iterator[Keys]:
    """Another process would open its own database, too."""
    own = open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}")
    opened = Keys(own).start()
    yield opened
    opened.close()
    own.close()


async def test_a_new_key_grants_its_rights_in_its_workspace(keys: Keys, workspace: int) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    grant = keys.check(new.text, Right.INGEST)
    assert (grant.workspace, grant.key) == (workspace, new.info.id)
    assert grant.rights == {Right.INGEST}


async def test_a_key_without_the_right_is_forbidden(keys: Keys, workspace: int) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    with pytest.raises(ForbiddenError, match="read"):
        keys.check(new.text, Right.READ)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "x", "lgs_", "ü" * 40, "x" * 100_000, "\ud800"),
        pytest.param(make_key(), id="well made"),
    ],
)
async def test_an_unknown_key_is_unauthorized(keys: Keys, text: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        keys.check(text, Right.INGEST)
    with pytest.raises(UnauthorizedError):
        await keys.admit(text, Right.INGEST)


async def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(
    keys: Keys, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    await keys.revoke(workspace, new.info.id)
    with pytest.raises(UnauthorizedError):
        keys.check(new.text, Right.READ)


async def test_a_revoked_key_is_refused_within_a_second_by_another_worker(
    keys: Keys, other_worker: Keys, workspace: int
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    await other_worker.admit(new.text, Right.READ)
    await keys.revoke(workspace, new.info.id)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            other_worker.check(new.text, Right.READ)
        except UnauthorizedError:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the revoked key still worked after a second")


async def test_a_key_made_a_moment_ago_works_at_once_in_another_worker(
    keys: Keys, other_worker: Keys, workspace: int
) -> None:
    for number in range(5):
        new = await keys.create(workspace, f"shop {number}", [Right.INGEST])
        started = time.monotonic()
        assert (await other_worker.admit(new.text, Right.INGEST)).key == new.info.id
        assert time.monotonic() - started < 0.4, "that was the ordinary refresh"


async def test_a_flood_of_unknown_keys_asks_the_database_no_more_often(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    original = keys_module._revision

    def counting(connection: sqlalchemy.Connection) -> int:
        asked.append(1)
        return original(connection)

    monkeypatch.setattr(keys_module, "_revision", counting)

    async def knock() -> None:
        with pytest.raises(UnauthorizedError):
            await keys.admit(make_key(), Right.INGEST)

    started = time.monotonic()
    await asyncio.gather(*(knock() for _ in range(500)))
    elapsed = time.monotonic() - started
    assert len(asked) <= elapsed / keys_module.MIN_REFRESH_INTERVAL_S + 2


async def test_a_mistyped_key_is_told_by_its_checksum_and_never_looked_up(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = []
    monkeypatch.setattr(keys._wake, "set", lambda: woken.append(1))
    good = make_key()
    swapped = good[:10] + good[11] + good[10] + good[12:]
    mistyped = swapped if swapped != good else good[:-1] + ("a" if good[-1] != "a" else "b")
    with pytest.raises(UnauthorizedError):
        keys.check(mistyped, Right.INGEST)
    assert woken == []


async def test_known_keys_work_while_the_database_is_away(
    keys: Keys, workspace: int, database: Database, tmp_path: Path
) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    file, elsewhere = tmp_path / "meta.sqlite", tmp_path / "elsewhere"
    database._engine.dispose()
    file.rename(elsewhere)
    file.mkdir()
    assert not keys._try_refresh()
    assert keys.check(new.text, Right.INGEST).key == new.info.id
    file.rmdir()
    elsewhere.rename(file)
    assert keys._try_refresh()


async def test_the_text_of_a_key_is_nowhere_in_the_database(
    keys: Keys, workspace: int, tmp_path: Path
) -> None:
    new = await keys.create(workspace, "shop", ALL_RIGHTS)
    for file in tmp_path.iterdir():
        assert new.text.encode() not in file.read_bytes()
        assert new.text[8:].encode() not in file.read_bytes()
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
    keys: Keys, workspace: int, database: Database
) -> None:
    theirs = await keys.create(add_workspace(database, "other"), "theirs", [Right.READ])
    with pytest.raises(NotFoundError):
        await keys.revoke(workspace, theirs.info.id)
    assert keys.check(theirs.text, Right.READ)


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


async def test_use_is_written_down_lazily(keys: Keys, workspace: int) -> None:
    used = await keys.create(workspace, "used", [Right.INGEST])
    await keys.create(workspace, "idle", [Right.INGEST])
    for _ in range(100):
        keys.check(used.text, Right.INGEST)
    idle_before, used_before = await keys.in_workspace(workspace)
    assert used_before.last_used_at is None
    keys._record_use()
    idle, used_after = await keys.in_workspace(workspace)
    assert used_after.last_used_at is not None
    assert idle == idle_before


async def test_a_check_costs_next_to_nothing(keys: Keys, workspace: int) -> None:
    new = await keys.create(workspace, "shop", [Right.INGEST])
    started = time.perf_counter()
    for _ in range(20_000):
        keys.check(new.text, Right.INGEST)
    assert (time.perf_counter() - started) / 20_000 < 50e-6


def test_made_keys_are_all_different_and_carry_190_bits() -> None:
    made = {make_key() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(text) == 42 and text.startswith("lgs_") for text in made)


def test_the_digest_is_sha_256_so_that_other_tools_can_make_it() -> None:
    assert digest_of("abc").hex().startswith("ba7816bf8f01cfea")


def test_keys_made_at_once_by_many_workers_are_all_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'meta.sqlite'}"
    database = open_database(url)
    workspace = add_workspace(database, "default")

    def make(number: int) -> str:
        own = open_database(url)
        opened = Keys(own)
        text = asyncio.run(opened.create(workspace, str(number), [Right.READ])).text
        own.close()
        return text

    with ThreadPoolExecutor(6) as threads:
        texts = list(threads.map(make, range(12)))
    with database.reading() as connection:
        revision = connection.execute(sqlalchemy.select(tables.revisions.c.revision)).scalar_one()
    keys = Keys(database).start()
    assert all(keys.check(text, Right.READ) for text in texts)
    assert revision == 12
    keys.close()
    database.close()
