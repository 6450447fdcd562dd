"""A key that sends without end leaves room in the spool for those that send little."""

import contextlib

import pytest

from logster.errors import SpoolFullError
from logster.event import Columns
from logster.ids import IdMaker
from logster.pipeline import Pipeline
from logster.spool.packing import pack
from logster.spool.spool import Spool

MAX_BYTES = 2_000_000
NOISY, QUIET = 1, 2
BODY = b'{"Message":"x"}\n'


@contextlib.asynccontextmanager
async def open_pipeline(folder):
    spool = Spool(folder / "spool-00.sqlite", pack=pack, max_bytes=MAX_BYTES)
    spool.start()
    try:
        yield Pipeline(spool, IdMaker(0), retention_days=lambda: 30), spool
    finally:
        await spool.close()


async def send(pipeline, key, count=1, message="x"):
    """One request on its whole way; SpoolFullError when it is refused."""
    size = (len(BODY) - 1 + len(str(message))) * count
    pipeline.check_room(size, key)
    columns = Columns(message=[message] * count, severity=[2] * count)
    events = pipeline.stamp(columns, workspace=1, key=key, protocol="api_log")
    await pipeline.accept(events, size)


async def send_without_end(pipeline, key):
    """Batches of tiny rows until one is refused; gives their number."""
    for number in range(1_000):
        try:
            await send(pipeline, key, 1_000)
        except SpoolFullError:
            return number
    raise AssertionError("it was never refused")


async def test_tiny_rows_count_as_what_they_take_in_the_spool(tmp_path):
    async with open_pipeline(tmp_path) as (pipeline, spool):
        await send_without_end(pipeline, NOISY)

        assert 0.75 * MAX_BYTES < spool.held_bytes <= 0.875 * MAX_BYTES
        for _ in range(10):
            await send(pipeline, QUIET)


async def test_what_a_key_holds_is_what_was_written(tmp_path):
    async with open_pipeline(tmp_path) as (pipeline, spool):
        await send(pipeline, NOISY, 1_000)
        await send(pipeline, QUIET)

        held = [spool.held_by(key) for key in (NOISY, QUIET)]
        assert sum(held) == spool.held_bytes
        assert held[0] > 100 * held[1]


async def test_after_restarts_the_spool_is_as_full_as_before(tmp_path):
    async with open_pipeline(tmp_path) as (pipeline, _):
        await send_without_end(pipeline, NOISY)
    for _ in range(3):
        async with open_pipeline(tmp_path) as (pipeline, spool):
            assert await send_without_end(pipeline, NOISY) <= 1
            for _ in range(10):
                await send(pipeline, QUIET)
            assert spool.held_bytes < 0.95 * MAX_BYTES


async def test_what_waited_before_a_restart_counts_no_more_once_it_is_stored(tmp_path):
    async with open_pipeline(tmp_path) as (pipeline, _):
        await send_without_end(pipeline, NOISY)
    async with open_pipeline(tmp_path) as (pipeline, spool):
        await spool.forget(await spool.take(MAX_BYTES, 10**6))

        assert await send_without_end(pipeline, NOISY) > 10


async def test_a_sender_whose_events_were_not_kept_is_charged_nothing(tmp_path):
    async with open_pipeline(tmp_path) as (pipeline, spool):
        with pytest.raises(TypeError):
            await send(pipeline, NOISY, 1_000, message=7)
        assert spool.held_by(NOISY) == 0

        spool._file.min_free_bytes = 1 << 60
        with pytest.raises(SpoolFullError):
            await pipeline.accept(
                pipeline.stamp(
                    Columns(message=["x"], severity=[2]), workspace=1, key=NOISY, protocol="api_log"
                ),
                16,
            )
        assert spool.held_by(NOISY) == 0
