import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from logster.errors import StoreRefusedError
from logster.event import Event
from logster.store.tail import Step
from logster.web import live
from logster.web.access import Principal
from logster.web.live import TailStreams


def step(number: int, *, skipped: int = 0) -> Step:
    event = Event(id=number, timestamp=number, received_at=0, severity=2, message=f"<b>{number}\n")
    return Step(events=[event], cursor=f"c{number}", skipped=skipped)


VIEWER = Principal(workspace=1, rights=frozenset(), key=1)
START = Step(events=[], cursor="c0", skipped=0)
#: How every stream begins: where it is, before there is anything to show.
BEGINNING = "retry: 2000\n: still here\nid: c0\n\n"


async def steps_of(*steps: Step) -> AsyncGenerator[Step, None]:
    for one in steps:
        yield one


async def silence() -> AsyncGenerator[Step, None]:
    await asyncio.sleep(3_600)
    yield step(0)


async def admitted() -> bool:
    return True


async def read(stream: AsyncIterator[bytes], count: int = 100) -> list[str]:
    found = []
    async for text in stream:
        found.append(text.decode())
        if len(found) == count:
            break
    return found


async def test_a_step_is_one_message_with_its_cursor() -> None:
    stream = live._write(
        START, steps_of(step(1), step(2, skipped=7)), TailStreams(), VIEWER, admitted
    )
    first, one, two = await read(stream)
    assert first == BEGINNING
    assert one.startswith("id: c1\nevent: events\ndata: {")
    assert one.endswith("}\n\n")
    assert one.count("\n") == 4, "a line end inside the data would break the stream"
    data = json.loads(two.split("data: ")[1])
    assert data["skipped"] == 7
    assert data["events"][0]["id"] == "2"
    assert data["events"][0]["message"] == "<b>2\n"


async def test_how_a_sign_was_read_is_said_before_all_else_and_once() -> None:
    told = 'Read "="\n'
    stream = live._write(START, steps_of(step(1)), TailStreams(), VIEWER, admitted, notice=told)
    first, one = await read(stream)
    beginning, rest = first.split("event: notice\n")
    assert (beginning, rest) == (
        "retry: 2000\n",
        'data: "Read \\"=\\"\\n"\n\n: still here\nid: c0\n\n',
    )
    assert "notice" not in one


async def test_silence_is_broken_by_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)
    texts = await read(live._write(START, silence(), TailStreams(), VIEWER, admitted), 3)
    assert texts[1:] == [": still here\n\n"] * 2


async def test_signs_of_life_come_often_enough_for_the_contract() -> None:
    assert live.HEARTBEAT_S <= 15


async def test_an_empty_step_moves_the_cursor_of_a_quiet_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.0)
    quiet = Step(events=[], cursor="c9", skipped=0)
    texts = await read(live._write(START, steps_of(quiet), TailStreams(), VIEWER, admitted))
    assert ": still here\nid: c9\n\n" in texts


async def test_a_stream_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)

    async def revoked() -> bool:
        return False

    streams = TailStreams()
    texts = await asyncio.wait_for(
        read(live._write(START, silence(), streams, VIEWER, revoked)), 30
    )
    assert texts == [BEGINNING]
    assert streams.count == 0


async def test_a_client_that_leaves_frees_its_place_and_its_question() -> None:
    asked, closed = asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncGenerator[Step, None]:
        try:
            asked.set()
            await asyncio.sleep(3_600)
            yield step(1)
        finally:
            closed.set()

    streams = TailStreams()
    watching = asyncio.create_task(read(live._write(START, waiting(), streams, VIEWER, admitted)))
    await asyncio.wait_for(asked.wait(), 30)
    assert streams.count == 1
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await asyncio.wait_for(closed.wait(), 30)
    assert streams.count == 0


async def test_a_store_that_fails_ends_the_stream_quietly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing() -> AsyncGenerator[Step, None]:
        yield step(1)
        raise StoreRefusedError("Code: 47. DB::Exception: secret")

    texts = await read(live._write(START, failing(), TailStreams(), VIEWER, admitted))
    assert len(texts) == 2
    assert "secret" not in "".join(texts)
    assert "secret" in caplog.text
