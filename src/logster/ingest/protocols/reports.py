"""Browser reports: `POST /ingest/reports`, and `/api/{project}/security/` as Sentry has it.

In: violations of a content policy in either form, and what else browsers report: deprecations,
interventions, crashes, and any other type. Out: an event of severity Warn for each.
Sources: https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/reporting-1/
Promise: a violation has the same properties in both forms; every other member keeps its name.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import InvalidBodyError, LogsterError
from logster.event import NS_PER_MS, Severity
from logster.ingest.columns import Rows
from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere
from logster.ingest.json_items import check_items
from logster.ingest.json_text import replace_halves
from logster.ingest.protocol import Protocol, Reply, Route

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

    Members = dict[str, msgspec.Raw]

CORS = permit(sent=("Content-Type", "ApiKey", "X-Api-Key", "Authorization", "X-Sentry-Auth"))

CSP = "csp-violation"
#: What `report-uri` calls the members of a violation -> what the Reporting API calls them.
_CSP_NAMES = {
    "document-uri": "documentURL",
    "referrer": "referrer",
    "blocked-uri": "blockedURL",
    "effective-directive": "effectiveDirective",
    "violated-directive": "violatedDirective",
    "original-policy": "originalPolicy",
    "source-file": "sourceFile",
    "status-code": "statusCode",
    "script-sample": "sample",
    "line-number": "lineNumber",
    "column-number": "columnNumber",
    "disposition": "disposition",
}
#: The one member of other bodies -> the type of the report in it.
_WRAPPERS = {
    "csp-report": CSP,
    "expect-ct-report": "expect-ct",
    "expect-staple-report": "expect-staple",
}
#: Of a report without a type: HTTP public key pinning had no wrapper.
_PINS = "known-pins"
#: Longer ages are not of a report: browsers keep none for days.
_MAX_AGE_MS = 30 * 24 * 3600 * 1000
#: What a report of any type says in words.
_WORDS = ("message", "reason", "type", "id")

_decode = msgspec.json.Decoder().decode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_body_decoder: msgspec.json.Decoder[list[msgspec.Raw] | dict[str, msgspec.Raw]]
_body_decoder = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body; raises InvalidBodyError, BodyTooLargeError."""
    rows = Rows(limits)
    for number, raw in enumerate(_reports_of(body, limits), 1):
        if not rows.has_room(number, len(raw)):
            continue
        try:
            rows.add(number, **_read_report(_members_of(raw), request.received_at))
        except (ValueError, RecursionError) as error:
            rows.reject(number, "syntax", f"The report cannot be read: {error}.")
    return rows.reading()


def _reports_of(body: bytes, limits: Limits) -> list[Any]:
    body = body.strip()
    is_list = body.startswith(b"[")
    if is_list:
        check_items(body, limits.max_events)
    elif len(body) > limits.max_message_bytes:  # refused as it stands
        return [body]
    try:
        return _decode_mended(body) if is_list else [msgspec.json.encode(_decode_mended(body))]
    except (ValueError, RecursionError) as error:
        sentence = f"The body is neither a report nor a list of reports: {error}."
        raise InvalidBodyError({"body": [sentence]}, "syntax") from None


def _decode_mended(body: bytes) -> Any:
    try:
        return _body_decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _body_decoder.decode(replace_halves(body))


def _read_report(members: Members, received_at: int) -> dict[str, Any]:
    """The fields of a report, in whichever form it came."""
    kind, content, envelope = _open(members)
    if kind == CSP:
        content = {_CSP_NAMES.get(name, name): value for name, value in content.items()}
    fields: dict[str, Any] = {
        "severity": Severity.WARN,
        "category": kind,
    }
    if isinstance(stack := _value(content, "stack"), str) and stack:
        fields["stack_trace"] = stack
    age_ms = _value(envelope, "age")
    if type(age_ms) in {int, float} and 0 <= age_ms <= _MAX_AGE_MS and received_at:
        fields["timestamp"] = received_at - int(age_ms * NS_PER_MS)
        del envelope["age"]
    properties: dict[str, Any] = {"type": kind, **envelope}
    for name, value in content.items():
        properties[f"body.{name}" if name in properties else name] = value
    return fields | {"message": _describe(kind, properties), "properties": properties}


def _open(members: Members) -> tuple[str, Members, Members]:
    """A report's type, what it says, and what is said of it."""
    kind = _value(members, "type")
    if isinstance(kind, str) and (content := _object(members, "body")) is not None:
        envelope = {name: members[name] for name in members if name not in ("type", "body")}
        return kind, content, envelope
    for name, meant in _WRAPPERS.items():
        if (content := _object(members, name)) is not None:
            return meant, content, {other: members[other] for other in members if other != name}
    if isinstance(kind, str) and kind:
        return kind, {}, {name: members[name] for name in members if name != "type"}
    return "hpkp" if _PINS in members else "report", {}, members


def _object(members: Members, name: str) -> Members | None:
    if name not in members:
        return None
    try:
        return _members_of(members[name])
    except msgspec.ValidationError:
        return None


def _value(members: Members, name: str) -> Any:
    return _decode(members[name]) if name in members else None


def _describe(kind: str, properties: dict[str, Any]) -> str:
    """What happened, in words that people read."""

    def text(*names: str) -> str:
        for name in names:
            value = properties.get(name)
            told = _decode(value) if isinstance(value, msgspec.Raw) else None
            if isinstance(told, str) and told:
                return told
        return ""

    page = text("documentURL", "url", "hostname")
    at = f" at {page}" if page else ""
    if kind == CSP:
        directive = text("effectiveDirective", "violatedDirective") or "a directive"
        verb = "would block" if text("disposition") == "report" else "blocked"
        return f"{directive} {verb} {text('blockedURL') or 'something'}{at}"
    words = text(*(f"body.{name}" for name in _WORDS), *_WORDS)
    return f"{kind}: {words}{at}" if words else f"{kind}{at}"


def count_parts(body: bytes, _: Request) -> int:
    """About how many reports there are, and members of them."""
    return body.count(b":")


def reply(receipt: Receipt, _: Request) -> Reply:
    """The answer to a receipt, which no browser reads."""
    if receipt.rejections and not receipt.ids:
        first = receipt.rejections[0]
        return _refusal(HTTPStatus.BAD_REQUEST, next(iter(first.faults.values()))[0])
    return Reply(status=HTTPStatus.NO_CONTENT, headers=[], body=b"")


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = error.sentence
    return _refusal(error.status, told)


def _refusal(status: int, told: str) -> Reply:
    headers = [(b"content-type", b"application/json")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode({"error": told}))


PROTOCOL = Protocol(
    name="reports",
    routes=(
        Route(
            path="/ingest/reports",
            aliases=("/api/{project}/security/",),
            is_batch=True,
            cors=CORS,
        ),
    ),
    credentials=anywhere,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
