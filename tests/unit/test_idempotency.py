"""A resend with the same key waits for the first, and finds its answer."""

import asyncio
import sqlite3
import subprocess
import sys

import pytest

from logster.errors import RefusedError, RetryLaterError
from logster.ingest import idempotency
from logster.ingest.idempotency import MAX_KEY_CHARS, Receipts, digest_of


@pytest.fixture
def answers():
    return {}


@pytest.fixture
def receipts(tmp_path, answers):
    (tmp_path / "spool-00.sqlite").touch()
    receipts = Receipts(tmp_path, lambda _, digest: answers.get(digest))
    yield receipts
    receipts.close()


async def test_a_first_request_finds_no_answer(receipts):
    async with receipts.hold(b"d" * 32) as answer:
        assert answer is None


async def test_resends_at_the_same_time_go_one_after_the_other(receipts, answers):
    stored = []

    async def request():
        async with receipts.hold(b"d" * 32) as answer:
            if answer is None:
                await asyncio.sleep(0.01)
                stored.append(1)
                answers[b"d" * 32] = b"first"
            return answer

    outcomes = await asyncio.gather(*(request() for _ in range(10)))
    assert len(stored) == 1
    assert outcomes.count(b"first") == 9


async def test_other_keys_do_not_wait(receipts):
    async with receipts.hold(b"a" * 32), receipts.hold(b"b" * 32) as answer:
        assert answer is None


HOLD_FOR_EVER = """
import asyncio, pathlib, sys
from logster.ingest.idempotency import Receipts

async def hold():
    receipts = Receipts(pathlib.Path(sys.argv[1]), lambda *_: None)
    async with receipts.hold(b"d" * 32):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_a_lock_of_another_process_holds_until_that_process_dies(
    receipts, tmp_path, monkeypatch
):
    monkeypatch.setattr(idempotency, "MAX_WAIT_S", 0.05)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_FOR_EVER, tmp_path], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == b"held\n"

        with pytest.raises(RetryLaterError):
            async with receipts.hold(b"d" * 32):
                pass
        other.kill()
        await asyncio.to_thread(other.wait)
        async with receipts.hold(b"d" * 32) as answer:
            assert answer is None


def test_the_same_key_means_something_else_elsewhere():
    digests = {
        digest_of(workspace, owner, route, key)
        for workspace in (1, 2)
        for owner in (1, 2)
        for route in ("/api/log", "/api/logs")
        for key in ("a", "b")
    }
    assert len(digests) == 16


def test_a_key_that_is_too_long_is_refused():
    with pytest.raises(RefusedError, match="201"):
        digest_of(1, 1, "/api/log", "x" * (MAX_KEY_CHARS + 1))


async def test_a_damaged_spool_hides_no_answer_of_another_and_refuses_nobody(tmp_path):
    (tmp_path / "spool-00.sqlite").touch()
    (tmp_path / "spool-01.sqlite").touch()

    def find(path, _):
        if path.stem == "spool-00":
            raise sqlite3.DatabaseError("file is not a database")
        return b"first"

    receipts = Receipts(tmp_path, find)
    async with receipts.hold(b"d" * 32) as answer:
        assert answer == b"first"
    receipts.close()
