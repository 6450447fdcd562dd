"""An engine whose writes have failed, or that does not say so, ends before anybody believes it."""

from __future__ import annotations

import time
from typing import NoReturn

import pytest

from logster.store.embedded import writes
from logster.store.embedded.writes import WriteWatch


class EndedError(BaseException):
    """Instead of the end of this process."""


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reasons: list[str] = []

    def end(reason: str) -> NoReturn:
        reasons.append(reason)
        raise EndedError

    monkeypatch.setattr(writes, "end_process", end)
    monkeypatch.setattr(writes, "TRY_AGAIN_S", 0.0)
    return reasons


def test_without_a_failed_write_a_check_returns(ends: list[str]) -> None:
    watch = WriteWatch(lambda: 0)
    watch.check()
    watch.close()
    assert not ends


def test_a_failed_write_ends_the_process(ends: list[str]) -> None:
    watch = WriteWatch(lambda: 1)
    with pytest.raises(EndedError):
        watch.check()
    assert ends == [writes.FAILED]


def test_an_engine_that_has_no_answer_for_a_while_is_asked_again(ends: list[str]) -> None:
    busy = [RuntimeError("busy"), RuntimeError("busy")]

    def count() -> int:
        if busy:
            raise busy.pop()
        return 0

    WriteWatch(count).check()
    assert not ends


def test_an_engine_that_has_no_answer_ends(ends: list[str]) -> None:
    def count() -> int:
        raise RuntimeError("no memory")

    with pytest.raises(EndedError):
        WriteWatch(count).check()
    assert "no memory" in ends[0]


def test_a_closed_engine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "LOOK_S", 0.01)
    asked: list[float] = []

    def count() -> int:
        asked.append(time.monotonic())
        return 0

    watch = WriteWatch(count)
    watch.start()
    time.sleep(0.05)
    assert asked
    watch.close()
    before = len(asked)
    watch.check()
    time.sleep(0.05)
    assert len(asked) == before
