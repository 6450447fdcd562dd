"""The thread that writes a spool: what nobody expected costs its own group alone."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from logster.errors import RetryLaterError
from logster.ids import IdMaker
from logster.spool.repeats import Once, Repeats
from support.spooled import open_spool, words_on_disk

ids = IdMaker(0)


def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("nobody expected this")


async def soon(waiting):
    return await asyncio.wait_for(waiting, 5)


async def test_an_error_that_nobody_expected_is_told_and_the_next_are_kept(
    tmp_path, monkeypatch, caplog
):
    async with open_spool(tmp_path) as spool:
        with monkeypatch.context() as patch:
            patch.setattr("logster.spool.commits.portions", fail)
            told = await soon(
                asyncio.gather(*(spool.append(word, 1) for word in "ab"), return_exceptions=True)
            )
        assert [type(error) for error in told] == [RetryLaterError] * 2
        assert "RuntimeError" in str(told[0])
        assert "nobody expected this" in caplog.text
        assert "RuntimeError" in (spool.state.fault or "")

        await soon(spool.append("c", 1))
        assert spool.state.fault is None
        assert spool.held_bytes == spool.state.bytes
        assert words_on_disk(spool.path) == ["c"]


async def test_an_error_while_ids_are_looked_up_hangs_nobody_and_the_lock_is_free(
    tmp_path, monkeypatch
):
    async with open_spool(tmp_path) as spool:
        once: Once[Any] = Once([b"a" * 16], ids.take(1), lambda _: (None, None))
        with monkeypatch.context() as patch:
            patch.setattr("logster.spool.repeats.Repeats.find", fail)
            with pytest.raises(RetryLaterError):
                await soon(spool.append("a", 1, once=once))
        others = Repeats(tmp_path)
        assert others.try_lock()
        others.close()
        assert await soon(spool.append("a", 1, once=once)) == {}


async def test_who_cannot_be_written_without_what_came_before_fails_alone(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("a", 1, once=Once([b"a" * 16], ids.take(1), lambda _: (None, None)))
        bad: Once[Any] = Once([b"a" * 16, b"b" * 16], ids.take(2), fail)
        good: Once[Any] = Once([b"b" * 16], ids.take(1), lambda _: (None, None))
        told = await soon(
            asyncio.gather(
                spool.append("a b", 3, once=bad), spool.append("x", 1), return_exceptions=True
            )
        )
        assert isinstance(told[0], RuntimeError)
        assert told[1] == {}
        assert await soon(spool.append("b", 1, once=good)) == {}, "the failed one did not come"
        assert words_on_disk(spool.path) == ["a", "x", "b"]


async def test_an_error_while_nobody_waits_ends_nothing(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.ERROR)
    async with open_spool(tmp_path) as spool:
        with monkeypatch.context() as patch:
            patch.setattr("logster.spool.file.SpoolFile.sync_mark", fail)
            spool._writer.look()
            await asyncio.sleep(0.05)
        await soon(spool.append("a", 1))
        assert words_on_disk(spool.path) == ["a"]
