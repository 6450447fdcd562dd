"""The same rows in the words of every dialect, in batches as their clients send them.

In: rows in the native form. Out: a body; the path and the Content-Type are in `DIALECTS`.
Promise: each dialect brings the same texts, times and properties, in the places that its clients
have for them, so that rows per second can be compared with the native path at the same size.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cramjam import snappy
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logster.ingest.protocols.loki.protobuf_body import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = list[dict[str, Any]]

SERILOG = ("Verbose", "Debug", "Information", "Warning", "Error", "Fatal", "Fatal")
SENTRY = ("debug", "debug", "info", "warning", "error", "fatal", "fatal")
SYSLOG = (7, 7, 6, 4, 3, 2, 2)
#: Of OTLP, by severity.
NUMBERS = (1, 5, 9, 13, 17, 21, 21)


@dataclass(frozen=True)
class Dialect:
    """Where a body goes, and how it is made."""

    path: str
    media_type: str
    encode: Callable[[Rows], bytes]


def encode_rows(form: str, rows: list[bytes]) -> bytes:
    """A body in the form of a dialect."""
    return DIALECTS[form].encode([json.loads(row) for row in rows])


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(_dump(row) + b"\n" for row in rows)


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _exception_of(row: dict[str, Any]) -> str:
    return f"{row['Exception']}\n{row['StackTrace']}" if "Exception" in row else ""


def _encode_clef(rows: Rows) -> bytes:
    return _lines(
        [
            {
                "@t": row["Timestamp"],
                "@mt": row["Message"].replace("{", "{{").replace("}", "}}"),
                "@l": SERILOG[row["Severity"]],
                **({"@x": _exception_of(row)} if "Exception" in row else {}),
                "SourceContext": row["Category"],
                "Application": row["Application"],
                "User": row["User"],
                **row["Properties"],
            }
            for row in rows
        ]
    )


def _encode_bulk(rows: Rows) -> bytes:
    lines: list[dict[str, Any]] = []
    for row in rows:
        error = {"error.message": row.get("Exception"), "error.stack_trace": row.get("StackTrace")}
        source = {
            "@timestamp": row["Timestamp"],
            "message": row["Message"],
            "log.level": SERILOG[row["Severity"]],
            "log.logger": row["Category"],
            "service.name": row["Application"],
            "user.name": row["User"],
            **(error if "Exception" in row else {}),
            **row["Properties"],
        }
        lines += [{"create": {"_index": "logs"}}, source]
    return _lines(lines)


def _nanoseconds(row: dict[str, Any]) -> int:
    return round(datetime.fromisoformat(row["Timestamp"]).timestamp() * 1000) * 1_000_000


def _encode_loki_json(rows: Rows) -> bytes:
    return _dump(
        {
            "streams": [
                {
                    "stream": labels,
                    "values": [[str(time), line, meta] for time, line, meta in lines],
                }
                for labels, lines in _streams_of(rows)
            ]
        }
    )


def _encode_loki(rows: Rows) -> bytes:
    """As Promtail and Alloy pack it."""
    push = MESSAGES["PushRequest"]()
    for labels, lines in _streams_of(rows):
        text = ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
        stream = MESSAGES["Stream"](labels=f"{{{text}}}")
        for time, line, meta in lines:
            entry = MESSAGES["Entry"](line=line)
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(time, 10**9)
            for name, value in meta.items():
                entry.metadata.add(name=name, value=value)
            stream.entries.append(entry.SerializeToString())
        push.streams.append(stream.SerializeToString())
    return bytes(snappy.compress_raw(push.SerializeToString()))


def _streams_of(rows: Rows) -> list[tuple[dict[str, str], list[tuple[int, str, dict[str, str]]]]]:
    """Labels, and the times, lines and metadata of each stream."""
    streams: dict[tuple[str, int], list[tuple[int, str, dict[str, str]]]] = {}
    for row in rows:
        meta = {"user": row["User"], "category": row["Category"]}
        meta |= {name: str(value) for name, value in row["Properties"].items()}
        line = "\n".join(filter(None, (row["Message"], _exception_of(row))))
        stream = streams.setdefault((row["Application"], row["Severity"]), [])
        stream.append((_nanoseconds(row), line, meta))
    return [
        ({"app": application, "level": SENTRY[severity]}, lines)
        for (application, severity), lines in streams.items()
    ]


def _encode_otlp_json(rows: Rows) -> bytes:
    return _dump(_otlp_of(rows))


def _encode_otlp(rows: Rows) -> bytes:
    """The same in protobuf; `ParseDict` would take ten times as long."""
    request = ExportLogsServiceRequest()
    for said in _otlp_of(rows)["resourceLogs"]:
        group = request.resource_logs.add()
        _add_attributes(group.resource.attributes, said["resource"]["attributes"])
        for scope in said["scopeLogs"]:
            inner = group.scope_logs.add()
            inner.scope.name = scope["scope"]["name"]
            for row in scope["logRecords"]:
                record = inner.log_records.add(
                    time_unix_nano=int(row["timeUnixNano"]), severity_number=row["severityNumber"]
                )
                record.body.string_value = row["body"]["stringValue"]
                _add_attributes(record.attributes, row["attributes"])
    return request.SerializeToString()


def _add_attributes(attributes: Any, said: list[dict[str, Any]]) -> None:
    for each in said:
        value = attributes.add(key=each["key"]).value
        ((kind, held),) = each["value"].items()
        if kind == "intValue":
            value.int_value = int(held)
        elif kind == "doubleValue":
            value.double_value = held
        else:
            value.string_value = held


def _otlp_of(rows: Rows) -> dict[str, Any]:
    """A resource for each application, and in it a scope for each category."""
    records: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        attributes = {"enduser.id": row["User"], **row["Properties"]}
        if "Exception" in row:
            attributes |= {"exception.message": row["Exception"]}
            attributes |= {"exception.stacktrace": row["StackTrace"]}
        record = {
            "timeUnixNano": str(_nanoseconds(row)),
            "severityNumber": NUMBERS[row["Severity"]],
            "body": {"stringValue": row["Message"]},
            "attributes": [_attribute(*each) for each in attributes.items()],
        }
        scopes = records.setdefault(row["Application"], {})
        scopes.setdefault(row["Category"], []).append(record)
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": [_attribute("service.name", application)]},
                "scopeLogs": [
                    {"scope": {"name": category}, "logRecords": logs}
                    for category, logs in scopes.items()
                ],
            }
            for application, scopes in records.items()
        ]
    }


def _attribute(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, int):
        return {"key": name, "value": {"intValue": str(value)}}
    kind = "doubleValue" if isinstance(value, float) else "stringValue"
    return {"key": name, "value": {kind: value}}


def _encode_sentry(rows: Rows) -> bytes:
    """One event each, with an exception of as many frames as an SDK sends."""
    (row,) = rows
    frames = [
        {
            "filename": f"shop/part_{number}.py",
            "abs_path": f"/srv/app/shop/part_{number}.py",
            "function": f"step_{number}",
            "module": f"shop.part_{number}",
            "lineno": 10 + number,
            "in_app": number % 3 == 0,
            "context_line": "    return run(order)",
            "pre_context": ["def step(order):", "    check(order)"],
            "post_context": ["", ""],
            "vars": {"order": "4711", "user": row["User"]},
        }
        for number in range(12)
    ]
    identity = row["Properties"]["RequestId"].replace("-", "")
    event = {
        "event_id": identity,
        "timestamp": row["Timestamp"],
        "platform": "python",
        "level": "error",
        "logger": row["Category"],
        "release": "shop@1.2.3",
        "environment": "production",
        "server_name": row["Properties"]["Host"],
        "exception": {
            "values": [
                {
                    "type": "TimeoutError",
                    "value": row["Message"],
                    "module": "builtins",
                    "mechanism": {"type": "logging", "handled": True},
                    "stacktrace": {"frames": frames},
                }
            ]
        },
        "user": {"id": row["User"]},
        "tags": {"path": row["Properties"].get("Path", "/")},
        "contexts": {"trace": {"trace_id": identity, "span_id": identity[:16]}},
        "breadcrumbs": {
            "values": [
                {"type": "log", "category": "shop", "message": f"step {number}", "level": "info"}
                for number in range(5)
            ]
        },
        "sdk": {"name": "sentry.python", "version": "2.75.0"},
    }
    payload = _dump(event)
    head = {"event_id": identity, "sent_at": row["Timestamp"]}
    item = {"type": "event", "content_type": "application/json", "length": len(payload)}
    return b"\n".join([_dump(head), _dump(item), payload, b""])


def _encode_gelf(rows: Rows) -> bytes:
    (row,) = rows
    return _dump(
        {
            "version": "1.1",
            "host": row["Properties"]["Host"],
            "short_message": row["Message"],
            **({"full_message": _exception_of(row)} if "Exception" in row else {}),
            "timestamp": _nanoseconds(row) / 1e9,
            "level": SYSLOG[row["Severity"]],
            "_application": row["Application"],
            "_category": row["Category"],
            "_user": row["User"],
            **{f"_{name}": value for name, value in row["Properties"].items()},
        }
    )


def _encode_datadog(rows: Rows) -> bytes:
    return _dump(
        [
            {
                "message": row["Message"],
                "status": SENTRY[row["Severity"]],
                "timestamp": _nanoseconds(row) // 1_000_000,
                "service": row["Application"],
                "hostname": row["Properties"]["Host"],
                "ddsource": "csharp",
                "ddtags": f"user:{row['User']},category:{row['Category']}",
            }
            for row in rows
        ]
    )


def _encode_text(rows: Rows) -> bytes:
    return b"".join(
        f"{row['Timestamp']} {SENTRY[row['Severity']].upper()} [{row['Category']}] "
        f"{row['Message']} user={row['User']}\n".encode()
        for row in rows
    )


DIALECTS: dict[str, Dialect] = {
    "clef": Dialect("/ingest/clef", "application/vnd.serilog.clef", _encode_clef),
    "otlp": Dialect("/v1/logs", "application/x-protobuf", _encode_otlp),
    "otlp json": Dialect("/v1/logs", "application/json", _encode_otlp_json),
    "loki": Dialect("/loki/api/v1/push", "application/x-protobuf", _encode_loki),
    "loki json": Dialect("/loki/api/v1/push", "application/json", _encode_loki_json),
    "bulk": Dialect("/_bulk", "application/x-ndjson", _encode_bulk),
    "sentry": Dialect("/api/1/envelope/", "application/x-sentry-envelope", _encode_sentry),
    "gelf": Dialect("/gelf", "application/json", _encode_gelf),
    "datadog": Dialect("/api/v2/logs", "application/json", _encode_datadog),
    "text": Dialect("/ingest/text", "text/plain", _encode_text),
}
