"""OpenTelemetry over HTTP: `POST /v1/logs`, in protobuf or JSON.

In: ExportLogsServiceRequest. Out: events, and the answers that exporters wait for.
Wire contract: https://opentelemetry.io/docs/specs/otlp/; for people: docs/protocols/otlp.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere
from logster.ingest.protocol import Protocol, Route
from logster.ingest.protocols.otlp.answers import (
    JSON,
    answer_grpc,
    answer_metrics,
    answer_traces,
    encoding_of,
    refuse,
    reply,
)
from logster.ingest.protocols.otlp.json_body import read_json
from logster.ingest.protocols.otlp.protobuf_body import read_protobuf

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading, Request

CORS = permit(
    sent=("Content-Type", "Content-Encoding", "ApiKey", "X-Api-Key", "Authorization"),
    read=("Logster-Rejected", "Retry-After"),
)
#: Seq's own address for it, and Loki's, stand beside the standard's.
PREFIXES = ("", "/ingest/otlp", "/otlp")
LOGS, *LOGS_ALIASES = (f"{prefix}/v1/logs" for prefix in PREFIXES)
TRACES, *TRACES_ALIASES = (f"{prefix}/v1/traces" for prefix in PREFIXES)
METRICS, *METRICS_ALIASES = (f"{prefix}/v1/metrics" for prefix in PREFIXES)

#: In protobuf, what stands before a record, and before an attribute of it.
_TAGS = (b"\x12", b"\x32")


def check(request: Request) -> None:
    """Refuse a Content-Type that is not read; what is gRPC is told to use HTTP."""
    encoding_of(request)


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body."""
    if encoding_of(request) == JSON:
        return read_json(body, limits)
    return read_protobuf(body, limits)


def count_parts(body: bytes, request: Request) -> int:
    """About how many values a body has; letters that look like a tag count, too."""
    if request.headers.get("content-type", "").startswith(JSON):
        return body.count(b",")
    return sum(map(body.count, _TAGS))


PROTOCOL = Protocol(
    name="otlp",
    routes=(
        Route(path=LOGS, aliases=tuple(LOGS_ALIASES), is_batch=True, cors=CORS),
        Route(path=TRACES, aliases=tuple(TRACES_ALIASES), answer=answer_traces, cors=CORS),
        Route(path=METRICS, aliases=tuple(METRICS_ALIASES), answer=answer_metrics, cors=CORS),
        Route(
            path="/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            answer=answer_grpc,
        ),
    ),
    credentials=anywhere,
    check=check,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
