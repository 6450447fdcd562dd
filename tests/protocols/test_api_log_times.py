"""Times in many spellings; one that cannot be read costs no message."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from logster.event import NS_PER_MS, NS_PER_S
from logster.fields.instant import read_instant
from support.native import ask

NOON = 1_796_126_400 * NS_PER_S  # 2026-12-01T12:00:00Z
MIDNIGHT = NOON - 12 * 3600 * NS_PER_S
PLAIN = [
    ("20261201T120000Z", NOON),
    ("20261201T120000.5Z", NOON + NS_PER_S // 2),
    ("20261201T120000,5Z", NOON + NS_PER_S // 2),
    ("20261201T1200Z", NOON),
    ("20261201T12Z", NOON),
    ("20261201T120000", NOON),
    ("20261201T130000+0100", NOON),
    ("20261201T130000+01:00", NOON),
    ("20261201T130000+01", NOON),
    ("2026-12-01T120000Z", NOON),
    ("20261201 12:00:00", NOON),
    ("20261201", MIDNIGHT),
    ("2026-11-30T24:00:00Z", MIDNIGHT),
    ("2026-11-30 24:00", MIDNIGHT),
    ("2026-11-30T24:00:00.000Z", MIDNIGHT),
    ("20261130T240000Z", MIDNIGHT),
    ("2026-12-31T24:00:00+01:00", NOON + (30 * 24 + 11) * 3600 * NS_PER_S),
    ("2026-335T12:00:00Z", NOON),
    ("2026335T120000Z", NOON),
    ("2026-W49-2T12:00:00Z", NOON),
    ("2026W492T120000Z", NOON),
    ("2026-335", MIDNIGHT),
    ("/Date(1796126400000)/", NOON),
    ("/Date(1796126400123+0100)/", NOON + 123 * NS_PER_MS),
    ("/Date(1796126400123-0530)/", NOON + 123 * NS_PER_MS),
    ("\\/Date(1796126400000)\\/", NOON),
    ("/Date(-1000)/", -NS_PER_S),
    (" 20261201T120000Z ", NOON),
]
UNREADABLE = [
    '"yesterday"', '"2026-13-01"', '"0000-01-01"', '"2026-12-01T24:00:01Z"',
    '"2026-12-01T25:00:00Z"',
    '"2026-366"', '"2026-000"', '"2026-W60-1"', '"20261301"', '"2026-12-01T12:00:00+25:00"',
    '"/Date(x)/"', '"/Date(999999999999999)/"', '"12/01/2026"', '"2026335"', "true", "{}", "[]",
    '{"$date":"2026-12-01"}', "1e400", "1e30", "-99999999999", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "instant"), PLAIN)
def test_a_plain_time_is_taken(text: str, instant: int) -> None:
    assert read_instant(text) == instant
    stored = ask(json.dumps({"Message": "m", "Timestamp": text})).stored
    assert (stored["timestamp"], stored["properties"]) == (instant, None)


@pytest.mark.parametrize("raw", UNREADABLE, ids=lambda raw: raw[:20])
@pytest.mark.parametrize("name", ["Timestamp", "timestamp"])
def test_any_other_is_kept_with_the_message(raw: str, name: str) -> None:
    stored = ask(f'{{"Message":"m","{name}":{raw},"a":1}}').stored
    assert stored["timestamp"] is None
    assert stored["properties"] == f'{{"a":1,"OriginalTimestamp":{raw}}}'.encode()


@pytest.mark.parametrize("raw", ["null", '""', '"  "', '"\\t\\u00a0"'])
def test_no_time_is_the_time_of_arrival(raw: str) -> None:
    stored = ask(f'{{"Message":"m","Timestamp":{raw}}}').stored
    assert (stored["timestamp"], stored["properties"]) == (None, None)


def test_the_last_of_two_times_counts() -> None:
    stored = ask('{"Message":"m","Timestamp":"x","timestamp":"2026-12-01T12:00:00Z"}').stored
    assert (stored["timestamp"], stored["properties"]) == (NOON, None)


def test_a_property_of_that_name_stays_the_senders() -> None:
    body = '{"Message":"m","Timestamp":"x","Properties":{"OriginalTimestamp":"mine"}}'
    assert ask(body).stored["properties"] == b'{"OriginalTimestamp":"mine"}'


def test_batches_forms_and_xml_keep_them_too() -> None:
    kept: Any = b'{"OriginalTimestamp":"soon"}'
    batch = '[{"Message":"a"},{"Message":"b","Timestamp":"soon"}]'
    answer = ask(batch, path="/api/Logs")
    assert answer.status == 200
    assert [event["properties"] for event in answer.events] == [None, kept]
    form = "application/x-www-form-urlencoded"
    assert ask("Message=m&Timestamp=soon", content_type=form).stored["properties"] == kept
    assert ask("Message=m&Timestamp=+", content_type=form).stored["properties"] is None
    slashed = quote("/Date(1796126400000)/", safe="")
    assert ask(f"Message=m&Timestamp={slashed}", content_type=form).stored["timestamp"] == NOON
    for element, properties in (
        ("<Timestamp>soon</Timestamp>", kept),
        ("<Timestamp><Y>1</Y></Timestamp>", b'{"OriginalTimestamp":{"Y":"1"}}'),
        ("<Timestamp> </Timestamp>", None),
    ):
        body = f"<LogMessage><Message>m</Message>{element}</LogMessage>"
        assert ask(body, content_type="text/xml").stored["properties"] == properties
