"""Two strikes within an hour, for an hour; on the disk, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.store.embedded.lockout import Lockout

if TYPE_CHECKING:
    from pathlib import Path

HOUR_S = 3600.0


class Clock:
    """Turned by hand."""

    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("logster.store.embedded.lockout.time", clock)
    return clock


def test_the_second_strike_within_an_hour_closes_for_an_hour(clock: Clock, tmp_path: Path) -> None:
    lockout = Lockout(tmp_path / "strikes.json")
    assert lockout.record("user 1") is False
    clock.now += HOUR_S - 1
    assert lockout.closed_until("user 1") is None
    assert lockout.record("user 1") is True
    assert lockout.closed_until("user 1") == clock.now + HOUR_S
    assert lockout.closed_until("key 1") is None
    clock.now += HOUR_S + 1
    assert lockout.closed_until("user 1") is None
    # What was before has been served.
    assert lockout.record("user 1") is False


def test_strikes_far_apart_close_nothing(clock: Clock, tmp_path: Path) -> None:
    lockout = Lockout(tmp_path / "strikes.json")
    for _ in range(5):
        assert lockout.record("user 1") is False
        clock.now += HOUR_S + 1


def test_strikes_outlive_the_engine(clock: Clock, tmp_path: Path) -> None:
    Lockout(tmp_path / "strikes.json").record("user 1")
    Lockout(tmp_path / "strikes.json").record("user 1")
    assert Lockout(tmp_path / "strikes.json").closed_until("user 1") == clock.now + HOUR_S


def test_a_clock_that_was_put_back_closes_nothing_for_long(clock: Clock, tmp_path: Path) -> None:
    lockout = Lockout(tmp_path / "strikes.json")
    lockout.record("user 1")
    lockout.record("user 1")
    clock.now -= 24 * HOUR_S
    assert lockout.closed_until("user 1") is None


def test_a_file_that_is_none_counts_nothing(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "strikes.json"
    for text in ("", "{", "[]", '{"user 1": "x"}'):
        file.write_text(text)
        assert Lockout(file).closed_until("user 1") is None
    assert Lockout(file).record("user 1") is False


def test_a_disk_that_takes_nothing_stops_nobody(clock: Clock, tmp_path: Path) -> None:
    lockout = Lockout(tmp_path / "not-there" / "strikes.json")
    lockout.record("user 1")
    assert lockout.record("user 1") is True


def test_many_names_are_bounded(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logster.store.embedded.lockout.MAX_ASKERS", 5)
    lockout = Lockout(tmp_path / "strikes.json")
    for number in range(8):
        clock.now += 1
        lockout.record(f"key {number}")
    assert lockout.record("key 7") is True
    assert lockout.record("key 1") is False
