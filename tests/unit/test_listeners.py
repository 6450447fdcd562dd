"""Who listens is told within a bounded time, and never stands in the way."""

import asyncio
import time

import pytest

from logster.faults import Faults
from logster.notice import Listener, Notice, Stored
from logster.spool import listeners as listeners_module
from logster.spool.listeners import Listeners

BLOCK, TOKEN = b"block", "spool-00-1-1-a"
MISSED = {"ear": Notice("earlier", {7: Stored(2, 10, 20)})}


def read_notice(_block, token):
    return Notice(token, {7: Stored(1, 15, 30)})


@pytest.fixture
def faults():
    return Faults("test")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(listeners_module, "HOLD_S", 0.1)
    monkeypatch.setattr(listeners_module, "HOLD_AGAIN_S", 0.05)
    monkeypatch.setattr(listeners_module, "BACK_OFF_S", 0.01)


def listeners_of(faults, *hear, name="ear"):
    listeners = [Listener(name if not n else f"{name}{n}", each) for n, each in enumerate(hear)]
    return Listeners(listeners, read_notice=read_notice, faults=faults)


async def test_a_failure_that_is_over_within_the_hold_is_nobodys_concern(
    faults, caplog, monkeypatch
):
    monkeypatch.setattr(listeners_module, "HOLD_S", 10)
    heard = []

    async def fail_twice(notice):
        heard.append(notice)
        if len(heard) < 3:
            raise ConnectionError("restarting")

    assert await listeners_of(faults, fail_twice).tell(BLOCK, TOKEN, {}) == {}
    assert heard == [read_notice(BLOCK, TOKEN)] * 3
    assert not caplog.text


async def test_a_block_that_cannot_be_read_holds_nothing_back_and_is_told_as_anything(faults):
    def fail(_block, _token):
        raise ValueError("bad block")

    heard = []

    async def hear(notice):
        heard.append(notice)

    listeners = Listeners([Listener("ear", hear)], read_notice=fail, faults=faults)
    assert await listeners.tell(BLOCK, TOKEN, {}) == {}
    assert heard == [Notice(TOKEN, None)]
    assert "bad block" in faults.list()[0].detail


async def test_one_that_hangs_holds_a_claim_for_a_bounded_time(faults):
    async def hang(_notice):
        await asyncio.Event().wait()

    started = time.monotonic()
    missed = await listeners_of(faults, hang).tell(BLOCK, TOKEN, {})
    assert 0.1 <= time.monotonic() - started < 30
    assert missed == {"ear": read_notice(BLOCK, TOKEN)}
    assert "has not answered within" in faults.list()[0].detail


async def test_one_that_heeds_no_cancellation_is_not_called_a_second_time(faults, monkeypatch):
    monkeypatch.setattr(listeners_module, "AGAIN_S", 0.0)
    calls, go_on = [], asyncio.Event()

    async def hang(notice):
        calls.append(notice)
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    listeners = listeners_of(faults, hang)
    missed = await listeners.tell(BLOCK, TOKEN, {})
    missed = await listeners.tell(BLOCK, TOKEN, missed)
    assert len(calls) == 1

    go_on.set()
    monkeypatch.setattr(listeners_module, "HOLD_AGAIN_S", 10)
    assert await listeners.tell_missed(missed) == {}
    assert calls[-1].workspaces[7].count == 2


async def test_one_that_hangs_takes_no_time_from_the_others(faults):
    heard = []

    async def hang(_notice):
        await asyncio.Event().wait()

    async def hear(notice):
        heard.append(notice)

    missed = await listeners_of(faults, hang, hear).tell(BLOCK, TOKEN, {})
    assert list(missed) == ["ear"]
    assert heard == [read_notice(BLOCK, TOKEN)]


async def test_what_was_missed_is_told_with_what_is_new_as_one(faults):
    heard = []

    async def hear(notice):
        heard.append(notice)

    assert await listeners_of(faults, hear).tell(BLOCK, TOKEN, MISSED) == {}
    assert heard == [Notice(None, {7: Stored(3, 10, 30)})]


async def test_one_that_is_behind_is_tried_now_and_then_only(faults):
    calls = []

    async def fail(notice):
        calls.append(notice)
        raise RuntimeError("away")

    listeners = listeners_of(faults, fail)
    missed = await listeners.tell(BLOCK, TOKEN, MISSED)
    count = len(calls)
    for _ in range(3):
        missed = await listeners.tell(BLOCK, TOKEN, missed)
        assert await listeners.tell_missed(missed) == missed
    assert len(calls) == count
    assert missed == {"ear": Notice(None, {7: Stored(6, 10, 30)})}


async def test_a_listener_that_cancels_itself_has_not_heard(faults):
    async def cancel(_notice):
        raise asyncio.CancelledError

    assert list(await listeners_of(faults, cancel).tell(BLOCK, TOKEN, {})) == ["ear"]
