"""What keys may send: one count for all workers, known after a restart."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from logster.errors import KeyLimitError
from logster.event import NS_PER_S
from logster.meta.grants import Grant, Right
from logster.meta.key_settings import NOTHING, change_settings, read_rules, render_settings
from logster.meta.quota import DAY_S, FILE_NAME, Quota, find_used_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON_NS = (20_000 * DAY_S + DAY_S // 2) * NS_PER_S


def grant_of(key: int = 7, **settings: Any) -> Grant:
    rules = read_rules(render_settings(change_settings(NOTHING, settings)))
    return Grant(workspace=1, key=key, rights=frozenset({Right.INGEST}), rules=rules)


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = NOON_NS

    def __call__(self) -> int:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += round(seconds * NS_PER_S)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota(tmp_path: Path, clock: Clock) -> Iterator[Quota]:
    opened = Quota(tmp_path, clock)
    yield opened
    opened.close()


def refusal(quota: Quota, grant: Grant, events: int = 1, size: int = 1) -> KeyLimitError:
    with pytest.raises(KeyLimitError) as caught:
        quota.take(grant, events=events, size=size)
    return caught.value


def test_a_burst_is_taken_and_then_the_rate(quota: Quota, clock: Clock) -> None:
    grant = grant_of(events_per_second=10, burst_events=20)
    for _ in range(20):
        quota.take(grant, events=1, size=1)
    error = refusal(quota, grant)
    assert (error.status, error.reason, error.retry_after_s) == (429, "rate", 1)
    assert "10 events a second, 20 at once" in str(error)
    assert "events_per_second" in str(error)
    clock.turn(0.1)
    quota.take(grant, events=1, size=1)
    refusal(quota, grant)


def test_a_batch_above_the_burst_is_taken_whole_and_waited_for(quota: Quota, clock: Clock) -> None:
    grant = grant_of(events_per_second=10)
    quota.take(grant, events=110, size=1)
    wait_s = refusal(quota, grant).retry_after_s
    assert wait_s == 11
    clock.turn(wait_s - 1)
    refusal(quota, grant)
    clock.turn(1)
    quota.take(grant, events=1, size=1)


def test_over_time_the_rate_holds_whatever_the_batches(quota: Quota, clock: Clock) -> None:
    grant = grant_of(events_per_second=100, burst_events=50)
    taken = 0
    for step in range(10_000):
        events = 1 + step * 7 % 90
        try:
            quota.take(grant, events=events, size=1)
            taken += events
        except KeyLimitError:
            pass
        clock.turn(0.01)
    assert 9_900 <= taken <= 100 * 100 + 50 + 90


def test_a_rate_below_one_a_second_is_one(quota: Quota, clock: Clock) -> None:
    grant = grant_of(events_per_second=0.1)
    quota.take(grant, events=1, size=1)
    assert refusal(quota, grant).retry_after_s == 10
    clock.turn(10)
    quota.take(grant, events=1, size=1)


def test_a_day_has_so_many_bytes_and_ends_at_midnight_of_utc(quota: Quota, clock: Clock) -> None:
    grant = grant_of(daily_bytes=1000)
    quota.take(grant, events=1, size=999)
    quota.take(grant, events=1, size=500)
    error = refusal(quota, grant)
    assert error.reason == "daily_bytes"
    assert error.retry_after_s == DAY_S // 2
    assert "1499 of 1000 bytes" in str(error)
    clock.turn(error.retry_after_s)
    quota.take(grant, events=1, size=1)


def test_a_body_that_could_not_be_kept_is_not_counted(quota: Quota) -> None:
    grant = grant_of(daily_bytes=1000, events_per_second=1)
    quota.take(grant, events=1, size=1000)
    quota.give_back(grant, events=1, size=1000)
    quota.take(grant, events=1, size=1000)


def test_looking_takes_nothing(quota: Quota) -> None:
    grant = grant_of(daily_bytes=1, events_per_second=1)
    for _ in range(5):
        quota.check(grant)
    quota.take(grant, events=1, size=1)
    with pytest.raises(KeyLimitError):
        quota.check(grant)


def test_keys_do_not_count_for_each_other_and_a_key_without_limits_for_nobody(
    quota: Quota, tmp_path: Path
) -> None:
    quota.take(grant_of(daily_bytes=10), events=1, size=10)
    quota.take(grant_of(key=8, daily_bytes=10), events=1, size=9)
    for _ in range(10):
        quota.take(grant_of(key=9), events=1000, size=1000)
        quota.take(grant_of(key=9, application="shop"), events=1000, size=1000)
    assert (tmp_path / FILE_NAME).stat().st_size == 9 * 32


def test_it_is_known_after_a_restart_and_shown(tmp_path: Path) -> None:
    first = Quota(tmp_path)
    first.take(grant_of(daily_bytes=1000), events=1, size=700)
    first.close()
    assert find_used_bytes(tmp_path, [7, 8]) == {7: 700, 8: 0}
    second = Quota(tmp_path)
    second.take(grant_of(daily_bytes=1000), events=1, size=700)
    refusal(second, grant_of(daily_bytes=1000))
    second.close()
    assert find_used_bytes(tmp_path / "nowhere", [7]) == {7: 0}


@pytest.mark.parametrize(
    "record",
    [
        struct.pack("<qdqq", 2**62, 5.0, 20_000, 0),
        struct.pack("<qdqq", NOON_NS, float("nan"), 20_000, 0),
        struct.pack("<qdqq", NOON_NS, -1e300, 20_000, 0),
        struct.pack("<qdqq", -(2**62), float("inf"), -5, 2**60),
        b"short",
    ],
)
def test_a_clock_set_back_or_a_sick_disk_locks_nobody_out(
    quota: Quota, tmp_path: Path, record: bytes
) -> None:
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek(7 * 32)
        file.write(record)
    grant = grant_of(events_per_second=5, daily_bytes=100)
    quota.take(grant, events=5, size=1)
    refusal(quota, grant)


def test_a_file_that_cannot_be_used_limits_nobody(
    quota: Quota, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    for _ in range(5):
        quota.take(grant_of(daily_bytes=1), events=1, size=5)
    assert caplog.text.count("No space left") == 1


def _send(folder: Path, taken: Any) -> None:
    quota = Quota(folder)
    grant = grant_of(events_per_second=0.001, burst_events=2_000, daily_bytes=10**9)
    count = 0
    for _ in range(2_000):
        try:
            quota.take(grant, events=1, size=10)
            count += 1
        except KeyLimitError:
            pass
    quota.close()
    taken.put(count)


def test_workers_at_the_same_time_share_one_count(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken = context.Queue()
    workers = [context.Process(target=_send, args=(tmp_path, taken)) for _ in range(3)]
    for worker in workers:
        worker.start()
    counts = [taken.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(counts) == 2_000
    assert find_used_bytes(tmp_path, [7]) == {7: 20_000}


def test_counting_costs_microseconds(quota: Quota) -> None:
    grant = grant_of(daily_bytes=10**12, events_per_second=10**8)
    started = time.process_time()
    for _ in range(2_000):
        quota.take(grant, events=1, size=1)
    assert (time.process_time() - started) / 2_000 < 200e-6


def test_a_worker_that_is_stopped_with_the_lock_holds_up_nobody(
    quota: Quota, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holder = os.open(tmp_path / FILE_NAME, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    begun = time.monotonic()
    for _ in range(100):
        quota.take(grant_of(daily_bytes=1), events=1, size=1)
    assert time.monotonic() - begun < 2, "it is waited for once"
    assert len(caplog.records) == 1

    os.close(holder)
    quota.take(grant_of(daily_bytes=1), events=1, size=1)
    assert refusal(quota, grant_of(daily_bytes=1)).reason == "daily_bytes"
