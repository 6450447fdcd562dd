"""What OTLP's clients are told, in the encoding that they have sent.

In: a receipt, or a refusal. Out: ExportLogsServiceResponse, or google.rpc.Status.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
Promise: `partial_success` is there only when something was refused or is to be said; clients send
a batch again after 429 and 503 only.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from logster.errors import InvalidBodyError, MediaTypeError
from logster.ingest.protobuf import declare
from logster.ingest.protocol import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logster.errors import LogsterError
    from logster.ingest.protocol import Receipt, Request

JSON, PROTOBUF, GRPC = "application/json", "application/x-protobuf", "application/grpc"
_ENCODINGS = {JSON: JSON, PROTOBUF: PROTOBUF, "application/protobuf": PROTOBUF}

#: HTTP's status -> the code of google.rpc; any other is INVALID_ARGUMENT.
_CODES = {
    HTTPStatus.UNAUTHORIZED: 16,
    HTTPStatus.FORBIDDEN: 7,
    HTTPStatus.NOT_FOUND: 5,
    HTTPStatus.METHOD_NOT_ALLOWED: 12,
    HTTPStatus.REQUEST_TIMEOUT: 4,
    HTTPStatus.TOO_MANY_REQUESTS: 8,
    HTTPStatus.INTERNAL_SERVER_ERROR: 13,
    HTTPStatus.SERVICE_UNAVAILABLE: 14,
}
_INVALID_ARGUMENT, _UNIMPLEMENTED = 3, 12

#: Told of so many bad records of a batch; the deliveries have all of them.
_MAX_TOLD = 5

_USE_HTTP = (
    "Logster takes OTLP over HTTP, not gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
    "(a collector: the exporter otlphttp)."
)
#: Of a message of gRPC, what is not written in hexadecimal: all of ASCII's letters but %.
_GRPC_SAFE = bytes(set(range(0x20, 0x7F)) - {ord("%")}).decode()
_ONLY_LOGS = (
    "Logster keeps logs; {0} are not kept. Send them elsewhere, or switch them off: "
    "OTEL_{1}_EXPORTER=none."
)

_Status = declare("logster.rpc", {"Status": "int32 code = 1; string message = 2"})["Status"]


def encoding_of(request: Request) -> str:
    """The media type that a request has; raises MediaTypeError for one that is not read."""
    name = _media_type(request)
    if name.startswith(GRPC):
        raise MediaTypeError(_USE_HTTP)
    if name not in _ENCODINGS:
        raise MediaTypeError(
            f"The Content-Type '{name[:80]}' is not read here; send {PROTOBUF} or {JSON}."
        )
    return _ENCODINGS[name]


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def reply(receipt: Receipt, request: Request) -> Reply:
    """The answer to a receipt."""
    if not receipt.rejections:
        return _success(request, 0, "")
    told = (f"Record {bad.line}: {_told_of(bad.faults)}" for bad in receipt.rejections[:_MAX_TOLD])
    return _success(request, len(receipt.rejections), " ".join(told))


def _told_of(faults: Mapping[str, list[str]]) -> str:
    return " ".join(chain.from_iterable(faults.values()))


async def answer_traces(request: Request) -> Reply:
    """Say that traces are not kept, so that their sender goes on without an error."""
    return _success(request, 0, _ONLY_LOGS.format("traces", "TRACES"))


async def answer_metrics(request: Request) -> Reply:
    """Say that metrics are not kept."""
    return _success(request, 0, _ONLY_LOGS.format("metrics", "METRICS"))


async def answer_grpc(_: Request) -> Reply:
    """Say to a client of gRPC, of whom something has made HTTP/1.1, what to use."""
    return _refuse_grpc(_USE_HTTP)


def refuse(error: LogsterError, request: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = str(error)
    if isinstance(error, InvalidBodyError):
        told = _told_of(error.faults)
    media_type = _media_type(request)
    if media_type.startswith(GRPC):
        return _refuse_grpc(told)
    code = _CODES.get(HTTPStatus(error.status), _INVALID_ARGUMENT)
    if _ENCODINGS.get(media_type) == PROTOBUF:
        status = _Status(code=code, message=told)
        return _reply(error.status, PROTOBUF, status.SerializeToString())
    return _json(error.status, {"code": code, "message": told})


def _success(request: Request, rejected: int, told: str) -> Reply:
    if _ENCODINGS.get(_media_type(request)) == JSON:
        # A 64-bit number is a text in JSON of protobuf.
        count = {"rejectedLogRecords": str(rejected)} if rejected else {}
        return _json(
            HTTPStatus.OK, {"partialSuccess": {**count, "errorMessage": told}} if told else {}
        )
    # The answers to traces and metrics have the same form.
    response = ExportLogsServiceResponse()
    if told:
        response.partial_success.rejected_log_records = rejected
        response.partial_success.error_message = told
    return _reply(HTTPStatus.OK, PROTOBUF, response.SerializeToString())


def _refuse_grpc(told: str) -> Reply:
    headers = [
        (b"content-type", GRPC.encode()),
        (b"grpc-status", b"%d" % _UNIMPLEMENTED),
        (b"grpc-message", quote(told, safe=_GRPC_SAFE).encode()),
    ]
    return Reply(status=HTTPStatus.OK, headers=headers, body=b"")


def _json(status: int, content: dict[str, Any]) -> Reply:
    return _reply(status, JSON, msgspec.json.encode(content))


def _reply(status: int, media_type: str, body: bytes) -> Reply:
    return Reply(status=status, headers=[(b"content-type", media_type.encode())], body=body)
