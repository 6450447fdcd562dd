"""What is spooled comes out as the same events, however it was written."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.block import is_block, read_block, read_notice
from logster.errors import StoreRefusedError
from logster.event import Batch, Columns, Event
from logster.faults import Faults
from logster.spool import packing
from logster.spool.drain import Drain
from logster.spool.listeners import Listeners
from logster.spool.packing import holds, join, pack, split
from logster.spool.quarantine import list_aside
from logster.spool.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.queue import Block

optional_texts = st.one_of(st.none(), st.text(max_size=5))
instants = st.integers(min_value=0, max_value=2**62)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    count = draw(st.integers(1, 4))

    def column(values: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(values, min_size=count, max_size=count))

    columns = msgspec.convert(
        {
            "message": column(st.text(max_size=5)),
            "severity": column(st.integers(0, 6)),
            "timestamp": column(instants),
            "user": column(optional_texts) if draw(st.booleans()) else None,
            "issue": column(st.integers(0, 2**64 - 1)) if draw(st.booleans()) else None,
            "properties": column(st.sampled_from([None, b'{"a": 1}'])),
            "details": column(st.sampled_from([None, b"{}", b'{"threads": []}'])),
        },
        Columns,
    )
    ids = [number + 1 for number in column(st.integers(0, 2**63)) if isinstance(number, int)]
    return Batch(columns, ids, draw(instants), draw(st.integers(1, 2)), 3, "api_log")


def events_of(group: list[Batch]) -> list[Event]:
    body = pack(group).body
    return read_block(join([body]))


@given(st.lists(batches(), min_size=1, max_size=4))
def test_a_small_group_and_a_block_hold_the_same_events(group: list[Batch]) -> None:
    as_rows = events_of(group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MIN_BLOCK_EVENTS", 0)
        assert is_block(pack(group).body)
        as_block = events_of(group)

    assert as_rows == as_block
    assert [event.id for event in as_rows] == [number for part in group for number in part.ids]


def test_few_events_that_a_version_without_keys_of_errors_has_spooled_are_read() -> None:
    batch = Batch(Columns(message=["one"], severity=[4]), [1], 5, 1, 3, "api_log")
    rows = msgspec.msgpack.decode(msgspec.msgpack.encode([batch]))
    del rows[0]["columns"]["issue"]
    keyed = Columns(message=["two"], severity=[4], issue=[2**64 - 1])
    new = pack([Batch(keyed, [2], 5, 1, 3, "api_log")]).body

    events = read_block(join([msgspec.msgpack.encode(rows), new]))
    assert [(event.message, event.issue) for event in events] == [("one", 0), ("two", 2**64 - 1)]


def test_what_a_version_without_details_has_spooled_is_read() -> None:
    columns = Columns(message=["one", "two"], severity=[2, 2], details=[None, b'{"a": 1}'])
    group = [Batch(columns, [1, 2], 5, 1, 3, "api_log")]
    rows = msgspec.msgpack.decode(msgspec.msgpack.encode(group))
    del rows[0]["columns"]["details"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MIN_BLOCK_EVENTS", 0)
        new = pack(group).body
    table = pa.ipc.open_stream(new).read_all().drop_columns(["details"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    old = [msgspec.msgpack.encode(rows), sink.getvalue().to_pybytes()]

    events = read_block(join([*old, new]))
    assert sorted(event.message for event in events) == ["one"] * 3 + ["two"] * 3
    assert [event.details for event in events if event.details] == [{"a": 1}]
    assert [event.message for event in packing.unpack(old[1])] == ["one", "two"]
    assert len(read_block(join([old[1], old[1]]))) == 4
    assert [len(read_block(half.body)) for half in split(old[1])] == [1, 1]


@given(st.lists(batches(), min_size=1, max_size=3))
def test_halves_hold_every_event_once(group: list[Batch]) -> None:
    parts = [pack(group)]
    done: list[Block] = []
    while parts:
        halves = split(parts.pop().body)
        (done if len(halves) == 1 else parts).extend(halves)

    assert all(part.events == 1 for part in done)
    found = [event.id for part in done for event in read_block(join([part.body]))]
    assert sorted(found) == sorted(number for part in group for number in part.ids)


@pytest.mark.parametrize("body", [b"", b"\x00garbage", b"\xff\xff\xff\xffgarbage"])
def test_bytes_that_hold_no_events_are_refused_and_come_back_whole(body: bytes) -> None:
    good = pack([Batch(Columns(message=["m"], severity=[1]), [1], 5, 1, 1, "api_log")]).body
    with pytest.raises(StoreRefusedError):
        join([good, body])
    assert [(half.events, half.body) for half in split(body)] == [(1, body)]


@pytest.mark.parametrize("damaged", [b"\x00garbage", b"\xff\xff\xff\xffgarbage"])
async def test_a_block_that_a_sick_disk_has_changed_stands_in_nobodys_way(
    tmp_path: Path, damaged: bytes
) -> None:
    spool: Spool[Batch] = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    spool.start()
    stored: list[int] = []

    async def insert(block: bytes, _token: str) -> None:
        try:
            stored.extend(event.id for event in read_block(block))
        except pa.ArrowInvalid as error:
            raise StoreRefusedError(str(error)) from error

    faults = Faults("test")
    listeners = Listeners((), read_notice=read_notice, faults=faults)
    drain = Drain(spool, join=join, insert=insert, split=split, listeners=listeners, faults=faults)
    try:
        for number in (1, 2, 3):
            events = Batch(Columns(message=["m"], severity=[1]), [number], 5, 1, 1, "api_log")
            await spool.append(events, 100)
            if number == 2:
                damage_newest(spool.path, damaged)
        while await drain.drain_once():
            pass
    finally:
        await spool.close()
    assert stored == [1, 3]
    [aside] = list_aside(tmp_path)["spool-00"]
    assert (aside.body, aside.events) == (damaged, 1)


def damage_newest(path: Path, body: bytes) -> None:
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
        number = "(SELECT max(number) FROM block)"
        database.execute(f"UPDATE block SET body = ? WHERE number = {number}", (body,))
        database.commit()


def test_events_that_make_no_block_are_refused_and_come_back_whole() -> None:
    bad = Batch(Columns(message=["m"], severity=[999]), [1], 5, 1, 1, "api_log")
    body = pack([bad]).body

    with pytest.raises(StoreRefusedError):
        join([body])
    assert [(half.events, half.body) for half in split(body)] == [(1, body)]


@given(st.lists(batches(), min_size=1, max_size=3), st.integers(1, 2), st.data())
def test_an_event_is_looked_for_by_its_id_alone_in_either_form(group, workspace, data):
    ids = iter(range(1, 100))
    group = [msgspec.structs.replace(batch, ids=[next(ids) for _ in batch.ids]) for batch in group]
    number = data.draw(st.integers(1, next(ids)))
    is_there = any((each.workspace, each.id) == (workspace, number) for each in events_of(group))
    plain = pack(group).body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MIN_BLOCK_EVENTS", 0)
        block = pack(group).body

    assert holds(plain, workspace, number) == holds(block, workspace, number) == is_there
    assert not holds(b"no events", workspace, number)
    for cut in (plain, block):
        holds(cut[: data.draw(st.integers(0, len(cut)))], workspace, number)  # a sick disk
