"""The file of a spool gives back to the disk what it does not need."""

import asyncio

from logster.spool import file
from support.spooled import open_spool, take_all, words_on_disk


async def append_large(spool, count):
    """Items of 1 MB that follow from their number."""
    for number in range(count):
        await spool.append(f"{number}" * 1_000_000, 1_000_000)


async def test_a_drained_spool_gives_the_disk_back_what_steady_traffic_does_not_need(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(file, "SPARE_PAGES", 1024)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await take_all(spool))

    assert 4_000_000 < spool.path.stat().st_size < 4_500_000


async def test_a_spool_gives_back_what_is_free_in_the_middle_and_keeps_what_waits(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(file, "SPARE_PAGES", 0)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await spool.take(7_000_000, 100))

    assert spool.path.stat().st_size < 2_500_000
    assert [word[0] for word in words_on_disk(spool.path)] == ["7", "8"]


async def test_a_spool_on_a_short_disk_keeps_no_free_pages(tmp_path):
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 2)
        spool._file.min_free_bytes = 1 << 60
        await spool.forget(await take_all(spool))

    assert spool.path.stat().st_size < 100_000


async def test_a_spool_gives_back_while_it_lives_and_nothing_is_asked_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "SPARE_PAGES", 0)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await take_all(spool))

        async with asyncio.timeout(30):
            while spool.path.stat().st_size > 100_000:
                await asyncio.sleep(0.01)
        assert spool.path.with_suffix(".sqlite-wal").stat().st_size <= 33_554_432
