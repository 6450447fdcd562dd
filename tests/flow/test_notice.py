"""Who listens learns of every event that the real engine has, by whatever way it came there."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from logster.block import read_block
from logster.errors import StoreRefusedError
from logster.event import NS_PER_MS, Batch, Columns
from logster.faults import Faults
from logster.notice import Listener, Notice, merge
from logster.pipeline import build_drain
from logster.spool.orphans import Orphans
from logster.spool.packing import pack
from logster.spool.quarantine import list_aside, replay_aside
from logster.spool.slots import acquire_own_slot
from logster.spool.spool import Spool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.spool.drain import Drain
    from logster.spool.slots import Slot
    from logster.store.engine import Engine

NOW_NS = time.time_ns() // NS_PER_MS * NS_PER_MS
#: Enough that a group is packed as an Arrow block, which can be halved.
MANY = 600


class Recorder:
    """Remembers what it is told, and what the store had at that moment."""

    def __init__(self, engine: Engine) -> None:
        self.notices: list[Notice] = []
        self.rows: list[int] = []
        self._engine = engine

    async def hear(self, notice: Notice) -> None:
        answer = await self._engine.ask("SELECT count() FROM events", {})
        self.rows.append(answer.rows[0][0])
        self.notices.append(notice)

    @property
    def summary(self) -> dict[int, tuple[int, int, int, set[str]]]:
        """By workspace: events, first and last time, applications."""
        whole: Notice | None = None
        for notice in self.notices:
            whole = merge(whole, notice)
        assert whole is not None
        assert whole.workspaces is not None
        return {
            workspace: (held.count, held.first_at, held.last_at, set(held.applications or ()))
            for workspace, held in whole.workspaces.items()
        }


async def summary_of(engine: Engine) -> dict[int, tuple[int, int, int, set[str]]]:
    answer = await engine.ask(
        "SELECT workspace, count(), toUnixTimestamp64Nano(min(timestamp)),"
        " toUnixTimestamp64Nano(max(timestamp)), groupUniqArray(application)"
        " FROM events GROUP BY workspace",
        {},
    )
    return {
        workspace: (count, first, last, set(names) - {""})
        for workspace, count, first, last, names in answer.rows
    }


@pytest.fixture
def recorder(engine: Engine) -> Recorder:
    return Recorder(engine)


@contextlib.asynccontextmanager
async def open_spool(path: Path, slot: Slot | None = None) -> AsyncIterator[Spool[Batch]]:
    spool: Spool[Batch] = Spool(path, pack=pack, max_bytes=1 << 26, slot=slot)
    spool.start()
    try:
        yield spool
    finally:
        await spool.close()


def drain_of(spool: Spool[Batch], engine: Engine, recorder: Recorder) -> Drain:
    listeners = (Listener("recorder", recorder.hear),)
    return build_drain(spool, engine, Faults("test"), listeners)


def batch_of(count: int, *, first_id: int, workspace: int = 1, message: str = "m") -> Batch:
    columns = Columns(
        message=[f"{message} {number}" for number in range(count)],
        severity=[2] * count,
        timestamp=[NOW_NS - number * NS_PER_MS for number in range(count)],
        application=[("cart", "shop", None)[number % 3] for number in range(count)],
    )
    ids = list(range(first_id, first_id + count))
    return Batch(columns, ids, NOW_NS, workspace, 1, "api_log")


async def test_each_stored_claim_is_told_with_what_the_store_has_of_it(
    tmp_path: Path, engine: Engine, recorder: Recorder
) -> None:
    async with open_spool(tmp_path / "spool-00.sqlite") as spool:
        drain = drain_of(spool, engine, recorder)
        for workspace, count in ((1, 5), (2, MANY), (1, MANY)):
            batch = batch_of(count, first_id=1 + workspace * 10_000 + count, workspace=workspace)
            await spool.append(batch, 100)
        assert await drain.drain_once()
        await spool.append(batch_of(1, first_id=7, workspace=3), 100)
        assert await drain.drain_all(30)

    assert recorder.rows == [2 * MANY + 5, 2 * MANY + 6]
    assert recorder.summary == await summary_of(engine)
    assert len({notice.token for notice in recorder.notices}) == 2


async def test_the_halves_of_a_block_and_what_is_replayed_of_it_are_told(
    tmp_path: Path, engine: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_block = engine.insert_block

    async def refuse_bad(table: str, block: bytes, token: str) -> None:
        if any(event.message == "m 7" for event in read_block(block)):
            raise StoreRefusedError("no such type")
        await insert_block(table, block, token)

    async with open_spool(tmp_path / "spool-00.sqlite") as spool:
        drain = drain_of(spool, engine, recorder)
        await spool.append(batch_of(MANY, first_id=1), 100)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "insert_block", refuse_bad)
            assert await drain.drain_all(60)
        assert recorder.rows[-1] == MANY - 1
        assert recorder.summary == await summary_of(engine)

        [aside] = list_aside(tmp_path)["spool-00"]
        assert replay_aside(tmp_path, "spool-00", aside.number)
        assert await drain.drain_all(30)
    assert recorder.rows[-1] == MANY
    assert recorder.summary == await summary_of(engine)


async def test_what_an_adopted_spool_held_or_had_still_to_tell_is_told(
    tmp_path: Path, engine: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_notice: Notice) -> None:
        raise RuntimeError("away")

    for number, is_stored in ((0, True), (1, False)):  # workers that are gone
        async with open_spool(tmp_path / f"spool-{number:02}.sqlite") as spool:
            await spool.append(batch_of(3, first_id=1 + 10 * number, workspace=number + 1), 100)
            if is_stored:
                deaf = Listener("recorder", fail)
                with monkeypatch.context() as patch:
                    patch.setattr("logster.spool.listeners.HOLD_S", 0.01)
                    assert await build_drain(spool, engine, Faults("gone"), (deaf,)).drain_all(30)

    async def drain_whole(slot: Slot) -> None:
        async with open_spool(slot.path, slot) as spool:
            drain = drain_of(spool, engine, recorder)
            while await drain.drain_once():
                pass
            await drain.tell_missed()

    orphans = Orphans(tmp_path, drain_whole, Faults("test"))
    await orphans.visit(can_adopt=True)
    assert recorder.summary == await summary_of(engine)
    count = len(recorder.notices)
    await orphans.visit(can_adopt=True)
    assert len(recorder.notices) == count
    acquire_own_slot(tmp_path).release()  # the files are sound


async def test_a_crash_before_the_spool_forgets_tells_again_and_stores_nothing_twice(
    tmp_path: Path, engine: Engine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def die(*_: object) -> None:
        raise Killed

    path = tmp_path / "spool-00.sqlite"
    async with open_spool(path) as spool:
        await spool.append(batch_of(MANY, first_id=1), 100)
        monkeypatch.setattr(spool, "forget", die)
        with pytest.raises(Killed):
            await drain_of(spool, engine, recorder).drain_once()
    async with open_spool(path) as spool:
        assert await drain_of(spool, engine, recorder).drain_all(30)

    assert recorder.rows == [MANY, MANY]
    [first, second] = recorder.notices
    assert first == second
