"""The spool: durable before append returns, claims that keep their token, nothing dropped."""

import asyncio
import sqlite3

import pytest

from logster.answer import Answer
from logster.errors import SpoolFullError
from logster.spool import claims, receipts, room, writer
from logster.spool.receipts import find_receipt
from logster.spool.spool import Spool
from support.spooled import open_spool, pack_words, take_all, words_on_disk


async def test_an_item_is_on_disk_when_append_returns(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("hello", 5)

        assert words_on_disk(spool.path) == ["hello"]


async def test_everybody_who_waits_shares_few_commits(tmp_path):
    commits = []

    def pack(words):
        commits.append(len(words))
        return pack_words(words)

    async with open_spool(tmp_path, pack=pack) as spool:
        await asyncio.gather(*(spool.append(f"w{n}", 2) for n in range(200)))

        assert sum(commits) == 200
        assert len(commits) < 20
        assert sorted(words_on_disk(spool.path)) == sorted(f"w{n}" for n in range(200))


async def test_one_item_that_cannot_be_packed_fails_alone(tmp_path):
    async with open_spool(tmp_path) as spool:
        outcomes = await asyncio.gather(
            *(spool.append(word, 5) for word in ("a", "unpackable", "b")), return_exceptions=True
        )

        assert isinstance(outcomes[1], ValueError)
        assert outcomes[::2] == [{}, {}]
        assert sorted(words_on_disk(spool.path)) == ["a", "b"]


async def test_a_full_spool_refuses_and_says_which_setting(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)

        with pytest.raises(SpoolFullError, match="LOGSTER_MAX_SPOOL_BYTES") as refusal:
            await spool.append("y" * 30, 30)
        assert refusal.value.retry_after_s > 0


async def refused_retry_after_s(spool):
    with pytest.raises(SpoolFullError) as refusal:
        await spool.append("y" * 90, 90)
    return refusal.value.retry_after_s


async def test_who_waits_for_a_store_that_stands_still_is_told_to_wait_ever_longer(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        await spool.forget(await take_all(spool))
        await spool.append("x" * 80, 80)
        claim = await take_all(spool)
        assert await refused_retry_after_s(spool) == 1

        now = spool._room._taken_at
        spool._room._taken_at = spool._room._forgot_at = now - 25
        assert 25 <= await refused_retry_after_s(spool) <= 30
        spool._room._taken_at = spool._room._forgot_at = now - 3600
        assert await refused_retry_after_s(spool) == room.MAX_RETRY_AFTER_S

        spool._room._taken_at = now
        await spool.forget(claim)
        await spool.append("x" * 80, 80)
        assert await refused_retry_after_s(spool) <= 2


async def test_a_drain_that_cannot_even_take_stands_still(tmp_path, monkeypatch):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        spool._room._taken_at = spool._room._forgot_at = spool._room._taken_at - 25

        def fail(*_):
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(spool._claims, "take", fail)
        with pytest.raises(SpoolFullError):
            await take_all(spool)
        assert await refused_retry_after_s(spool) >= 25


async def test_a_spool_has_room_again_after_forgetting(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        await spool.forget(await take_all(spool))

        await spool.append("y" * 80, 80)
        assert words_on_disk(spool.path) == ["y" * 80]


async def test_a_full_disk_refuses_and_says_which_setting(tmp_path):
    spool = Spool(
        tmp_path / "spool-00.sqlite", pack=pack_words, max_bytes=1, min_free_bytes=1 << 60
    )

    with pytest.raises(SpoolFullError, match="LOGSTER_MIN_FREE_DISK_BYTES"):
        spool.check_room(0)
    spool._file.database.close()


async def test_a_failing_disk_refuses_and_keeps_nothing(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:

        def fail(*_):
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr(spool._writer.commits, "_write", fail)
            with pytest.raises(SpoolFullError, match="disk I/O error"):
                await spool.append("lost", 4)
            assert "disk I/O error" in spool.state.fault  # health says so, though nobody sends
        await spool.append("kept", 4)
        assert spool.state.fault is None

        assert words_on_disk(spool.path) == ["kept"]


async def test_a_spool_that_could_not_be_written_looks_by_itself_whether_it_can_be(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(writer, "FAULT_LOOK_S", 0.01)
    async with open_spool(tmp_path) as spool:
        spool._file.database.execute("PRAGMA query_only = ON")
        with pytest.raises(SpoolFullError, match="readonly"):
            await spool.append("lost", 4)
        await asyncio.sleep(0.1)
        assert "readonly" in spool.state.fault
        spool._file.database.execute("PRAGMA query_only = OFF")
        async with asyncio.timeout(30):
            while spool.state.fault:
                await asyncio.sleep(0.01)


async def test_a_claim_is_given_again_with_its_token_until_it_is_forgotten(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("first", 5)
        claim = await take_all(spool)
        await spool.append("second", 6)

        assert await take_all(spool) == claim
        await spool.forget(claim)
        following = await take_all(spool)
        assert following.bodies == [b"second"]
        assert following.token != claim.token


async def test_a_claim_survives_a_restart_unchanged(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("first", 5)
        claim = await take_all(spool)
        await spool.append("second", 6)

    async with open_spool(tmp_path) as spool:
        assert await take_all(spool) == claim


async def test_claims_are_oldest_first_and_cut_to_measure(tmp_path):
    async with open_spool(tmp_path) as spool:
        for word in ("one", "two", "three"):
            await spool.append(word, 3)

        claim = await spool.take(7, 100)
        assert claim.bodies == [b"one", b"two"]
        await spool.forget(claim)
        assert (await spool.take(1, 1)).bodies == [b"three"]


async def test_claims_are_small_when_the_disk_has_little_room_for_the_store(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:
        for word in ("one", "two", "three"):
            await spool.append(word, 3)
        monkeypatch.setattr(claims, "free_bytes", lambda _: 7 * 8)

        assert (await take_all(spool)).bodies == [b"one", b"two"]


async def test_an_empty_spool_has_nothing_to_take(tmp_path):
    async with open_spool(tmp_path) as spool:
        assert await take_all(spool) is None


async def test_a_receipt_is_kept_in_the_same_commit_for_a_day(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:
        await spool.append("hello", 5, receipt=Answer(b"digest", b"answer"))

        assert find_receipt(spool.path, b"digest") == b"answer"
        assert find_receipt(spool.path, b"another") is None
        monkeypatch.setattr(receipts, "ANSWER_LIFE_S", 0)
        assert find_receipt(spool.path, b"digest") is None


async def test_ids_continue_above_the_highest_one_after_a_restart(tmp_path):
    async with open_spool(tmp_path) as spool:
        spool.remember_clock(lambda: 5_000_000)
        await spool.append("hello", 5)

    async with open_spool(tmp_path) as spool:
        assert spool.last_ms == 5_000_000


async def test_counts_are_right_after_a_restart(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("a b", 3)
        before = spool.state

    async with open_spool(tmp_path) as spool:
        assert spool.state == before
        assert (before.events, before.bytes) == (1, 3)


async def test_a_sender_that_leaves_does_not_harm_the_others(tmp_path):
    async with open_spool(tmp_path) as spool:
        leaving = asyncio.create_task(spool.append("leaving", 7))
        staying = asyncio.create_task(spool.append("staying", 7))
        await asyncio.sleep(0)
        leaving.cancel()

        await staying
        assert "staying" in words_on_disk(spool.path)
        assert spool.held_bytes == spool.state.bytes
