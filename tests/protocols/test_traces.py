"""A stack trace behind a message fills its fields, whichever dialect has carried it."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest

from logster.fields.exception import find_trace
from protocols.test_hostile_bodies import read
from support.recorded import events_of

if TYPE_CHECKING:
    from collections.abc import Callable

TIME_NS = 1_796_068_806_000_000_000
SAID = "2026-11-30 12:00:00 ERROR payment failed"
TRACES = {
    "python": (
        'Traceback (most recent call last):\n  File "shop.py", line 3, in pay\nValueError: no',
        "ValueError: no",
    ),
    "java": (
        "java.io.IOException: gone\n\tat shop.Pay.run(Pay.java:3)\n\tat shop.Main.main(Main.java)",
        "java.io.IOException: gone",
    ),
    "node": ("TypeError: no\n    at pay (/app/shop.js:3:9)", "TypeError: no"),
    "php": ("RuntimeException: no\n#0 /app/shop.php(3): pay()\n#1 {main}", "RuntimeException: no"),
}
TEXTS = {name: f"{SAID}\n{trace}" for name, (trace, _) in TRACES.items()}


def journal(text: str) -> bytes:
    return b"PRIORITY=3\nMESSAGE\n" + struct.pack("<Q", len(text)) + text.encode() + b"\n\n"


DIALECTS: dict[str, tuple[str, str, Callable[[str], str | bytes]]] = {
    "text": ("/ingest/text", "text/plain", lambda text: f"before\n{text}\nINFO behind\n"),
    "journald": ("/upload", "", journal),
    "loki": (
        "/loki/api/v1/push",
        "application/json",
        lambda text: json.dumps({"streams": [{"stream": {}, "values": [[str(TIME_NS), text]]}]}),
    ),
    "gelf": ("/gelf", "", lambda text: json.dumps({"short_message": text})),
    "gelf full": (
        "/gelf",
        "",
        lambda text: json.dumps({"short_message": SAID, "full_message": text}),
    ),
    "datadog": ("/api/v2/logs", "application/json", lambda text: json.dumps([{"message": text}])),
    "datadog error": (
        "/api/v2/logs",
        "application/json",
        lambda text: json.dumps(
            [{"message": SAID, "error": {"stack": text.removeprefix(SAID + "\n")}}]
        ),
    ),
    "bulk": (
        "/_bulk",
        "application/json",
        lambda text: '{"create":{}}\n' + json.dumps({"message": text}) + "\n",
    ),
    "otlp": (
        "/v1/logs",
        "application/json",
        lambda text: json.dumps(
            {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": text}}]}]}]}
        ),
    ),
    "clef": (
        "/ingest/clef",
        "",
        lambda text: json.dumps({"@t": "2026-01-01T00:00:00Z", "@m": text}),
    ),
    "syslog": ("/ingest/syslog", "", lambda text: f"<11>1 - - - - - - {text}\0<11>1 - - - - - - x"),
}


@pytest.mark.parametrize("language", TRACES)
@pytest.mark.parametrize("name", DIALECTS)
def test_a_trace_behind_a_message_fills_its_fields(name: str, language: str) -> None:
    path, media_type, body_of = DIALECTS[name]
    trace, exception = TRACES[language]
    reading = read(path, body_of(TEXTS[language]), media_type)
    [event] = [event for event in events_of(reading) if "payment" in event["message"]]
    assert (event["exception"], event["stack_trace"]) == (exception, trace)
    assert event["message"] in (SAID, TEXTS[language])


def test_a_trace_alone_is_its_message_and_fills_its_fields() -> None:
    for trace, exception in TRACES.values():
        [event] = events_of(read("/ingest/text", trace, "text/plain"))
        assert event["exception"] == exception
        assert event["stack_trace"] == trace


@pytest.mark.parametrize(
    "text", ["a\nb", "#0 is\n#1 no trace", "goods from a:1 in\n  store", "x\n"]
)
def test_lines_that_are_no_trace_stay_what_they_are(text: str) -> None:
    assert find_trace(text) is None
    [event] = events_of(read("/gelf", json.dumps({"short_message": text})))
    assert event["message"] == text
    assert "exception" not in event


def test_hostile_lines_are_looked_at_soon() -> None:
    for text in (" " * 500_000, "#0 " * 200_000, " from a:1" * 100_000, "\t" * 40 + "\n" * 500_000):
        assert find_trace(f"x\n{text}") is None
