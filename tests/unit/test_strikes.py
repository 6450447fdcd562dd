"""Two strikes within an hour, for an hour; on the disk, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.store.strikes import Strikes

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
    monkeypatch.setattr("logster.store.strikes.time", clock)
    return clock


def test_the_second_strike_within_an_hour_closes_for_an_hour(clock: Clock, tmp_path: Path) -> None:
    strikes = Strikes(tmp_path / "strikes.json")
    assert strikes.record("user 1") is False
    clock.now += HOUR_S - 1
    assert strikes.closed_until("user 1") is None
    assert strikes.record("user 1") is True
    assert strikes.closed_until("user 1") == clock.now + HOUR_S
    assert strikes.closed_until("key 1") is None
    clock.now += HOUR_S + 1
    assert strikes.closed_until("user 1") is None
    # What was before has been served.
    assert strikes.record("user 1") is False


def test_strikes_far_apart_close_nothing(clock: Clock, tmp_path: Path) -> None:
    strikes = Strikes(tmp_path / "strikes.json")
    for _ in range(5):
        assert strikes.record("user 1") is False
        clock.now += HOUR_S + 1


def test_strikes_outlive_the_engine(clock: Clock, tmp_path: Path) -> None:
    Strikes(tmp_path / "strikes.json").record("user 1")
    Strikes(tmp_path / "strikes.json").record("user 1")
    assert Strikes(tmp_path / "strikes.json").closed_until("user 1") == clock.now + HOUR_S


def test_a_clock_that_was_put_back_closes_nothing_for_long(clock: Clock, tmp_path: Path) -> None:
    strikes = Strikes(tmp_path / "strikes.json")
    strikes.record("user 1")
    strikes.record("user 1")
    clock.now -= 24 * HOUR_S
    assert strikes.closed_until("user 1") is None


def test_a_file_that_is_none_counts_nothing(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "strikes.json"
    for text in ("", "{", "[]", '{"user 1": "x"}'):
        file.write_text(text)
        assert Strikes(file).closed_until("user 1") is None
    assert Strikes(file).record("user 1") is False


def test_a_disk_that_takes_nothing_stops_nobody(clock: Clock, tmp_path: Path) -> None:
    strikes = Strikes(tmp_path / "not-there" / "strikes.json")
    strikes.record("user 1")
    assert strikes.record("user 1") is True


def test_many_names_are_bounded(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logster.store.strikes.MAX_ASKERS", 5)
    strikes = Strikes(tmp_path / "strikes.json")
    for number in range(8):
        clock.now += 1
        strikes.record(f"key {number}")
    assert strikes.record("key 7") is True
    assert strikes.record("key 1") is False
