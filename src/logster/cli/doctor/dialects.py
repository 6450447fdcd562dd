"""One event by each dialect, and back by a search: `logster doctor --dialects`.

In: a server and a key. Out: a step for each dialect. Promise: each sends one event, of the
smallest form that its clients send, and is well only when that event is found as its dialect's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.cli.answer import ClientError
from logster.cli.doctor.arrival import wait_for
from logster.cli.doctor.check import Step
from logster.cli.doctor.sample import fill, find_event, make_word

if TYPE_CHECKING:
    from logster.cli.client import Client

_JSON = "application/json"
_ADVICE = (
    "The page of the dialect says what its clients need: docs/protocols. A refusal is told above, "
    "and among the *Deliveries* of the portal."
)


class Sample(msgspec.Struct, frozen=True):
    """The smallest event of a dialect; `WORD`, `ISO` and `NS` are filled in."""

    protocol: str
    path: str
    media_type: str
    body: str


SAMPLES = (
    Sample("api_log", "/api/Log", _JSON, '{"Message":"WORD"}'),
    Sample("seq", "/ingest/clef", "application/vnd.serilog.clef", '{"@t":"ISO","@m":"WORD"}'),
    Sample(
        "otlp",
        "/v1/logs",
        _JSON,
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"WORD"}}]}]}]}',
    ),
    Sample(
        "sentry",
        "/api/1/envelope/",
        "application/x-sentry-envelope",
        '{}\n{"type":"event"}\n{"level":"info","message":"WORD"}\n',
    ),
    Sample(
        "loki",
        "/loki/api/v1/push",
        _JSON,
        '{"streams":[{"stream":{"app":"logster"},"values":[["NS","WORD"]]}]}',
    ),
    Sample(
        "elasticsearch",
        "/_bulk",
        "application/x-ndjson",
        '{"create":{"_index":"logster"}}\n{"@timestamp":"ISO","message":"WORD"}\n',
    ),
    Sample(
        "gelf",
        "/gelf",
        _JSON,
        '{"version":"1.1","host":"logster","short_message":"WORD","level":6}',
    ),
    Sample("datadog", "/api/v2/logs", _JSON, '[{"message":"WORD","service":"logster"}]'),
    Sample(
        "journald",
        "/upload",
        "application/vnd.fdo.journal",
        "__CURSOR=WORD\n__REALTIME_TIMESTAMP=US\nPRIORITY=6\nMESSAGE=WORD\n\n",
    ),
    Sample(
        "reports",
        "/ingest/reports",
        "application/reports+json",
        '[{"type":"deprecation","age":0,"url":"https://WORD.example/",'
        '"body":{"id":"WORD","message":"WORD"}}]',
    ),
    Sample("syslog", "/ingest/syslog", "text/plain", "<14>1 ISO logster doctor - - - WORD\n"),
    Sample("text", "/ingest/text", "text/plain", "INFO WORD\n"),
)


def steps_of(client: Client) -> list[Step]:
    """A step for each dialect that comes by HTTP."""
    return [
        Step(name=f"send {sample.protocol}", examine=_Attempt(client, sample), advice=_ADVICE)
        for sample in SAMPLES
    ]


class _Attempt:
    """Sends one sample, and waits until it is found."""

    def __init__(self, client: Client, sample: Sample) -> None:
        self._client = client
        self._sample = sample
        self._word = make_word()

    def __call__(self) -> str:
        sample = self._sample
        headers = {"Content-Type": sample.media_type}
        answer = self._client.post(sample.path, fill(sample.body, self._word), headers)
        if rejected := answer.headers.get("logster-rejected"):
            raise ClientError(f"{sample.path} took the body, and refused {rejected} event of it.")
        wait_for(lambda: find_event(self._client, self._word, sample.protocol))
        return f"POST {sample.path} {answer.status_code}, found by {self._word}"
