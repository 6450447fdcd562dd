"""Numbers that no 64 bits hold, on their whole way: kept, shown, found, counted, exported."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from logster.block import build_block, pack_block, read_block
from logster.event import NS_PER_S, Columns
from logster.ingest.normalize import normalize
from logster.store.engine import Engine
from logster.store.insert import insert
from support.web import KEY, Site, running_site

WORKSPACE = 1
NOW_NS = 1_790_000_000 * NS_PER_S
WEI = "123456789012345678901234567890"
LONG = "7" * 5_000
#: By their ids, which begin at 1; the last two have no number in any 64 bits, not even a float.
PROPERTIES = (
    f'{{"wei":{WEI},"coin":"ether"}}',
    '{"wei":18446744073709551616}',
    '{"wei":5}',
    '{"wei":1e400,"coin":"huge"}',
    f'{{"wei":{LONG}}}',
)


def block_of(*properties: str) -> bytes:
    count = len(properties)
    columns = Columns(
        message=["paid"] * count,
        severity=[2] * count,
        timestamp=[NOW_NS] * count,
        properties=[text.encode() for text in properties],
    )
    batch = build_block(
        columns,
        ids=range(1, count + 1),
        received_at_ns=NOW_NS,
        workspace=WORKSPACE,
        key=1,
        protocol="api_log",
    )
    return pack_block([batch])


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    await insert(engine, block_of(*PROPERTIES), "large")
    async with running_site(tmp_path, engine) as opened:
        yield opened


async def get(site: Site, path: str, **params: Any) -> Any:
    answer = await site.visit(key=KEY).get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


async def ids_of(site: Site, q: str) -> list[int]:
    page = (await get(site, "events", q=q)).json()
    return sorted(int(event["id"]) for event in page["events"])


async def test_every_event_is_shown_with_all_digits(site: Site) -> None:
    page = (await get(site, "events")).json()
    shown = {int(event["id"]): event["properties"] for event in page["events"]}
    assert shown[1] == {"wei": int(WEI), "coin": "ether"}
    assert shown[2] == {"wei": 2**64}
    # No number of JSON's usual readers: their text, so that nothing is lost.
    assert (shown[4]["wei"], shown[5]["wei"]) == ("1e400", LONG)
    for number, properties in shown.items():
        event = (await get(site, f"events/{number}")).json()
        assert event["properties"] == properties


async def test_they_are_found(site: Site) -> None:
    assert await ids_of(site, f"wei:{WEI}") == [1]
    assert await ids_of(site, "wei:18446744073709551616") == [2]
    assert await ids_of(site, "wei:18446744073709551617") == []
    assert await ids_of(site, "coin:ether") == [1]
    assert await ids_of(site, "wei>6 wei<1e300") == [1, 2]
    assert await ids_of(site, "wei:1844674407370955*") == [2]


async def test_they_are_counted(site: Site) -> None:
    q = "wei<1e300 | count, max(wei), p50(wei)"
    ((count, highest, middle),) = (await get(site, "stats", q=q)).json()["rows"]
    assert (count, highest) == (3, float(WEI))
    assert middle == pytest.approx(2**64, rel=0.0101)
    groups = (await get(site, "stats", q="wei<1e300 | count by wei")).json()["rows"]
    assert sorted(row[0] for row in groups) == [WEI, "18446744073709551616", "5"]


@pytest.mark.parametrize(
    "q", ["| avg(wei)", "| p99(wei), sum(wei), min(wei)", "| count distinct wei", "| count by wei"]
)
async def test_numbers_without_end_break_no_question(site: Site, q: str) -> None:
    await get(site, "stats", q=q)


async def test_no_other_question_is_broken(site: Site) -> None:
    for path in ("fields", "patterns", "histogram"):
        await get(site, path)
    await get(site, "facets", field="wei")
    await get(site, "context/4", scope="all")


async def test_a_percentile_is_of_the_numbers_that_have_an_end(site: Site, engine: Engine) -> None:
    values = ("1", "2", "3", "1e-310", "0", '"1e999"', '"-1e999"', "1e308", "-1.79e308")
    await insert(engine, block_of(*(f'{{"size":{value}}}' for value in values)), "sizes")
    q = "has:size | p50(size)"
    ((middle,),) = (await get(site, "stats", q=q)).json()["rows"]
    assert middle == pytest.approx(2, rel=0.0101)  # of 0, 1, 2, 3 and 1e308


async def test_a_text_without_end_takes_no_number_from_the_others(
    site: Site, engine: Engine
) -> None:
    values = ("1", '"1e999"', "2", '"-1e999"', "6")
    await insert(engine, block_of(*(f'{{"size":{value}}}' for value in values)), "sizes")
    q = "has:size | sum(size), avg(size), min(size), max(size), count"
    assert (await get(site, "stats", q=q)).json()["rows"] == [[9, 3, 1, 6, 5]]
    q = 'size:"1e999" | max(size), count'
    assert (await get(site, "stats", q=q)).json()["rows"] == [[None, 1]]


async def test_a_sum_beyond_all_numbers_is_none(site: Site, engine: Engine) -> None:
    await insert(engine, block_of('{"size":1.7e308}', '{"size":1.6e308}'), "sizes")
    q = "has:size | sum(size), max(size)"
    assert (await get(site, "stats", q=q)).json()["rows"] == [[None, 1.7e308]]


async def test_every_export_has_all_digits(site: Site) -> None:
    lines = (await get(site, "export", format="ndjson")).text.splitlines()
    assert len(lines) == len(PROPERTIES)
    for text in PROPERTIES:
        assert any(f'"properties":{text}' in line for line in lines)
    table = (await get(site, "export", format="csv", column=["id", "wei"])).text
    assert f'1,"{WEI}"' in table
    parquet = await get(site, "export", format="parquet", column=["id", "wei"], q="wei<1e300")
    rows = pyarrow.parquet.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert {row["id"]: row["wei"] for row in rows} == {
        1: WEI,
        2: "18446744073709551616",
        3: "5",
    }


def test_a_property_that_is_added_leaves_them_as_they_are() -> None:
    columns = Columns(
        message=["old"],
        severity=[2],
        timestamp=[0],
        properties=[f'{{"wei":{WEI},"huge":1e400}}'.encode()],
    )
    normalize(columns, received_at=NOW_NS, retention_days=30)
    assert columns.properties == [
        f'{{"wei":{WEI},"huge":"1e400","OriginalTimestamp":"1970-01-01T00:00:00Z"}}'.encode()
    ]


def test_a_set_aside_block_can_be_looked_at() -> None:
    events = read_block(block_of(*PROPERTIES))
    assert [event.properties["wei"] for event in events] == [int(WEI), 2**64, 5, "1e400", LONG]
