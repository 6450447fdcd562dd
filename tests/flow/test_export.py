"""Exports hold exactly what a search finds, in every form."""

from __future__ import annotations

import csv
import io
import json
import time
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow.parquet
import pytest

from logster.errors import QueryError, StoreUnavailableError
from logster.event import NS_PER_MS, Event
from logster.query.parse import parse_filter
from logster.store.engine import Engine
from logster.store.export import paging
from logster.store.export.columns import choose_columns
from logster.store.export.form import Form
from logster.store.export.paging import export
from logster.store.selection import Selection
from logster.web.shapes import shape_event, shape_whole_event
from support.samples import random_events
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS, THEIRS = 7, 8


async def whole(
    engine: Engine,
    form: Form,
    text: str = "",
    columns: Sequence[str] = (),
    limit: int | None = None,
) -> bytes:
    selection = Selection(workspace=OURS, filter=parse_filter(text))
    pieces = export(engine, selection, form, choose_columns(columns), limit=limit)
    return b"".join([piece async for piece in pieces])


def newest_first(stored: Sequence[Event]) -> list[Event]:
    return sorted(stored, key=lambda event: (event.timestamp, event.id), reverse=True)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FIRST_PAGE_ROWS", 7)
    monkeypatch.setattr(paging, "MAX_PAGE_ROWS", 11)


async def test_a_line_of_ndjson_is_an_event_of_the_api(engine: Engine, small_pages: None) -> None:
    stored = random_events(OURS, 150)
    await store_events(engine, stored)
    lines = (await whole(engine, Form.NDJSON)).decode().removesuffix("\n").split("\n")
    expected = [
        msgspec.to_builtins(
            shape_whole_event(msgspec.structs.replace(event, received_at=stored[0].received_at))
        )
        for event in newest_first(stored)
    ]
    for each in expected:  # they are read when an event is shown; a file has their texts
        del each["exceptions"]
    assert [json.loads(line) for line in lines] == expected


async def test_times_of_every_precision_are_written_like_the_apis(engine: Engine) -> None:
    start = 1_790_000_000_000_000_000
    stored = [event_at(n, start + 10**n) for n in range(1, 12)] + [event_at(20, start)]
    await store_events(engine, stored)
    lines = (await whole(engine, Form.NDJSON, columns=["timestamp"])).splitlines()
    assert [json.loads(line)["timestamp"] for line in lines] == [
        shape_event(event).timestamp for event in newest_first(stored)
    ]


async def test_json_over_several_lines_stays_one_line(engine: Engine) -> None:
    await store_events(engine, [event_at(1)])
    pretty = json.dumps({"a": {"b": "x\ny", "c": [1]}}, indent=2)
    await engine.command(
        "INSERT INTO events (id, timestamp, workspace, properties)"
        " VALUES (2, now64(9), 7, {p:String})",
        {"p": pretty},
    )
    lines = (await whole(engine, Form.NDJSON, "id:2")).splitlines()
    assert [json.loads(line)["properties"] for line in lines] == [json.loads(pretty)]
    (line,) = (await whole(engine, Form.NDJSON, "id:2", ["a"])).splitlines()
    assert json.loads(line) == {"a": {"b": "x\ny", "c": [1]}}


async def test_details_are_in_every_kind_of_file(engine: Engine) -> None:
    details = {"exception": {"values": [{"type": "ValueError", "n": 9007199254740993}]}}
    await store_events(engine, [event_at(1, details=details), event_at(2)])
    columns = ["id", "details"]
    lines = (await whole(engine, Form.NDJSON, columns=columns)).splitlines()
    assert [json.loads(line)["details"] for line in lines] == [None, details]
    text = (await whole(engine, Form.CSV, columns=columns)).decode()
    _, *rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [json.loads(cell or "null") for _, cell in rows] == [None, details]
    table = pyarrow.parquet.read_table(
        io.BytesIO(await whole(engine, Form.PARQUET, columns=columns))
    )
    found = [row["details"] for row in table.to_pylist()]
    assert [json.loads(each or "null") for each in found] == [None, details]


async def test_csv_holds_every_event_once_and_runs_no_formula(
    engine: Engine, small_pages: None
) -> None:
    texts = [
        "=1+1",
        "+1",
        "-1",
        "-x",
        "@SUM(A1)",
        "\tx",
        'say "hi"',
        "a,b\r\nc",
        "ä",
        "'",
        "-2.5e3",
        "\uff1d1+1",
        "\uff0d1",
        "\n=1+1",
        "\ufeff=1+1",
        "\u200b \u3000@SUM(A1)",
        " \x01=1",
        "\u22121",
        "\rx",
        " x=1",
    ]
    stored = [
        event_at(number, message=text, properties={"n": -5, "t": text, "o": {"a": 1}})
        for number, text in enumerate(texts, start=1)
    ]
    await store_events(engine, stored)
    columns = ["id", "timestamp", "severity", "message", "user", "n", "t", "o", "nothing"]
    columns += ["=x", "\uff1dx"]
    text = (await whole(engine, Form.CSV, columns=columns)).decode()
    head, *rows = list(csv.reader(io.StringIO(text, newline="")))
    assert head == [*columns[:-2], "'=x", "'\uff1dx"]

    def safe(cell: str) -> str:
        is_formula = cell not in ("-1", "-2.5e3", 'say "hi"', "a,b\r\nc", "ä", "'", " x=1")
        return "'" + cell if is_formula else cell

    assert rows == [
        [
            str(event.id),
            shape_event(event).timestamp,
            "2",
            safe(event.message),
            "",
            "-5",
            safe(event.message),
            '{"a":1}',
            "",
            "",
            "",
        ]
        for event in newest_first(stored)
    ]


async def test_parquet_keeps_types_and_what_is_missing(engine: Engine, small_pages: None) -> None:
    stored = random_events(OURS, 60)
    await store_events(engine, stored)
    table = pyarrow.parquet.read_table(io.BytesIO(await whole(engine, Form.PARQUET)))
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == [event.id for event in newest_first(stored)]
    assert str(table.schema.field("timestamp").type) == "timestamp[ns, tz=UTC]"
    assert table["timestamp"].cast("int64").to_pylist() == [
        event.timestamp for event in newest_first(stored)
    ]
    for row, event in zip(rows, newest_first(stored), strict=True):
        for name in ("message", "application", "user", "exception", "trace_id"):
            assert row[name] == getattr(event, name)
        assert json.loads(row["properties"]) == event.properties
    empty = pyarrow.parquet.read_table(
        io.BytesIO(await whole(engine, Form.PARQUET, "nothing_like_it"))
    )
    assert (empty.num_rows, empty.column_names) == (0, table.column_names)


async def test_a_limit_is_kept_across_pages(engine: Engine, small_pages: None) -> None:
    await store_events(engine, [event_at(number) for number in range(1, 31)])
    for form, limit in product(Form, (1, 7, 8, 29, 100)):
        body = await whole(engine, form, columns=["id"], limit=limit)
        if form is Form.PARQUET:
            count = pyarrow.parquet.read_table(io.BytesIO(body)).num_rows
        else:
            count = len(body.splitlines()) - (form is Form.CSV)
        assert count == min(limit, 30)


async def test_events_that_arrive_meanwhile_change_nothing(
    engine: Engine, small_pages: None
) -> None:
    start = time.time_ns() // NS_PER_MS * NS_PER_MS
    await store_events(engine, [event_at(number, start) for number in range(1, 41)])
    selection = Selection(workspace=OURS)
    seen: list[int] = []
    number = 1_000
    async for piece in export(engine, selection, Form.NDJSON, choose_columns(["id"])):
        seen += [int(json.loads(line)["id"]) for line in piece.splitlines()]
        number += 1
        await store_events(engine, [event_at(number)])
    assert [event_id for event_id in seen if event_id < 1_000] == list(range(40, 0, -1))


async def test_large_events_make_smaller_pages(engine: Engine) -> None:
    text = "x" * 2_000_000
    for number in range(1, 40):
        await store_events(engine, [event_at(number, message=text)])
    selection = Selection(workspace=OURS)
    sizes = [
        len(piece)
        async for piece in export(engine, selection, Form.NDJSON, choose_columns(["message"]))
    ]
    assert sum(sizes) > 39 * len(text)
    assert max(sizes) <= 39 * (len(text) + 20)


async def test_a_store_that_restarts_in_the_middle_is_waited_for(
    engine: Engine, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LOOK_AGAIN_S", 0.01)
    await store_events(engine, [event_at(number) for number in range(1, 31)])
    fetch, calls = Engine.fetch, 0

    async def fetch_or_fail(self: Engine, *arguments: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailableError
        return await fetch(self, *arguments)

    monkeypatch.setattr(Engine, "fetch", fetch_or_fail)
    lines = (await whole(engine, Form.NDJSON, columns=["id"])).splitlines()
    assert [int(json.loads(line)["id"]) for line in lines] == list(range(30, 0, -1))


ATTACKS = (
    "x' OR 1=1 --",
    "secret",
    "message",
    "properties",
    "details",
    "') FROM events --",
    '"',
    "{p1:String}",
)


async def test_no_column_reaches_another_workspace(engine: Engine) -> None:
    await store_events(
        engine,
        [
            event_at(1),
            event_at(2, workspace=THEIRS, message="a secret", properties={"secret": "a secret"}),
        ],
    )
    for form, attack in product(Form, ATTACKS):
        assert b"a secret" not in await whole(engine, form, columns=["id", attack])


def test_columns_that_cannot_be_are_refused() -> None:
    for wrong in (["x"] * 101, [""], ["a." * 20], ["x" * 501]):
        with pytest.raises(QueryError):
            choose_columns(wrong)
    assert [column.heading for column in choose_columns(["id", "id", "x"])] == ["id", "x"]
