"""A spool on a disk that is full gives its space back as it is drained, and accepts again."""

import asyncio
import contextlib
import os

import pytest

from logster.errors import SpoolFullError
from logster.spool.queue import Block
from logster.spool.spool import Spool
from support.disk import filled, small_disk

MEGABYTE = 1_000_000
DISK_BYTES = 96 * MEGABYTE
MIN_FREE_BYTES = 16 * MEGABYTE


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path, DISK_BYTES):
        yield tmp_path


@contextlib.asynccontextmanager
async def open_spool(folder):
    spool: Spool[bytes] = Spool(
        folder / "spool-00.sqlite",
        pack=lambda bodies: Block(len(bodies), b"".join(bodies), sum(map(len, bodies))),
        max_bytes=1 << 30,
        min_free_bytes=MIN_FREE_BYTES,
    )
    spool.start()
    try:
        yield spool
    finally:
        await spool.close()


async def fill(spool):
    """Append until it is refused; gives the number of acknowledged items."""
    count = 0
    with contextlib.suppress(SpoolFullError):
        while True:
            await spool.append(os.urandom(MEGABYTE), MEGABYTE)
            count += 1
            spool._room.look_again()  # the disk is small: look at it each time
    return count


async def drain(spool):
    """Forget everything in claims of 8 MB; gives the number of items."""
    count = 0
    while claim := await spool.take(8 * MEGABYTE, 100):
        count += claim.events
        await spool.forget(claim)
    return count


def free_bytes(folder):
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


@pytest.mark.parametrize("left", [3 * MEGABYTE, 0])
async def test_a_full_disk_heals_as_the_spool_is_drained(disk, left):
    async with open_spool(disk) as spool:
        count = await fill(spool)
        with filled(disk, left):
            assert await drain(spool) == count > 30
            async with asyncio.timeout(30):
                while free_bytes(disk) < MIN_FREE_BYTES:
                    await asyncio.sleep(0.01)
            spool._room.look_again()
            await spool.append(b"accepted again", 14)


async def test_a_full_disk_heals_after_a_restart_in_between(disk):
    async with open_spool(disk) as spool:
        count = await fill(spool)
        spool._file.give_back = lambda: False  # as if it was killed before
        assert await drain(spool) == count
    with filled(disk, 3 * MEGABYTE):
        async with open_spool(disk) as spool, asyncio.timeout(30):
            while free_bytes(disk) < MIN_FREE_BYTES:
                await asyncio.sleep(0.01)
