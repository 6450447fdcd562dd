"""The help pages of the native API, and its part of the OpenAPI document.

In: one description of the model and the operations, below. Out: pages at `/Help…`, whose
addresses, headings and tables follow the original's; and OpenAPI paths and schemas.
Promise: the samples are real: each of them, posted as it stands, is accepted (a test posts them).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import msgspec
from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from logster.config import Config
from logster.event import Severity
from logster.web.document import render_document
from logster.web.pages import READ_METHODS

NAMESPACE = "http://schemas.datacontract.org/2004/07/Logster.Core"
JSON = "application/json, text/json"
XML = "application/xml, text/xml"
FORM = "application/x-www-form-urlencoded"
NDJSON = "application/x-ndjson"
CURL = "curl"
NONE = "None."


class Member(msgspec.Struct, frozen=True):
    """One member of a model. `type` is a word, or the name of another model in `link`."""

    name: str
    description: str
    type: str = "string"
    information: tuple[str, ...] = ()
    link: str = ""
    sample: Any = None
    schema: Mapping[str, Any] = msgspec.field(default_factory=lambda: {"type": "string"})


class Model(msgspec.Struct, frozen=True):
    """A type of the native API; `values` makes it an enumeration, neither makes it a word."""

    name: str
    description: str
    members: tuple[Member, ...] = ()
    values: tuple[tuple[str, int, str], ...] = ()


class Sample(msgspec.Struct, frozen=True):
    """A body as it goes over the wire, or a command that sends it."""

    media: str
    text: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A method and a path, and all that its page says."""

    method: str
    path: str
    description: str
    uri_parameters: tuple[Member, ...] = ()
    headers: tuple[Member, ...] = ()
    body_text: str = ""
    body_model: str = ""
    requests: tuple[Sample, ...] = ()
    response_model: str = ""
    response_text: str = ""
    responses: tuple[Sample, ...] = ()
    statuses: Mapping[str, str] = {}

    @property
    def title(self) -> str:
        """As the original wrote it: no slash in front."""
        return f"{self.method} {self.path.lstrip('/')}"

    @property
    def page(self) -> str:
        """The last part of the page's address: `POST-api-Log`."""
        return self.title.replace("{", "").replace("}", "").replace(" ", "-").replace("/", "-")


_SEVERITY_TEXTS = {
    Severity.TRACE: "Every step, for whoever debugs.",
    Severity.DEBUG: "What helps to understand the program.",
    Severity.INFO: "What an operator likes to know. 2 is what a new program should send.",
    Severity.WARN: "Something is odd, and it went on.",
    Severity.ERROR: "Something failed.",
    Severity.FATAL: "The program cannot go on.",
    Severity.OFF: "Accepted and shown; not a level of its own.",
}

LOG_MESSAGE = Model(
    "LogMessage",
    "One message of a program. Member names are matched without case; members that are not "
    "listed here are kept as properties.",
    (
        Member(
            "Exception",
            "The type of the exception or error, with its text.",
            sample="System.TimeoutException: The payment service did not answer.",
        ),
        Member("Message", "What happened.", "string", ("Required",), sample="Order 4711 failed"),
        Member(
            "StackTrace",
            "Where it happened, in the program's own form.",
            sample="   at Shop.Payment.Charge(Order order)",
        ),
        Member(
            "Severity",
            "How bad it is. A number, or a name in any case; 0 when it is not sent.",
            "integer",
            ("Range: inclusive between 0 and 6",),
            link="Severity",
            sample=4,
            schema={"type": "integer", "minimum": 0, "maximum": 6, "default": 0},
        ),
        Member("Category", "The part of the program.", sample="Checkout"),
        Member("Application", "The program.", sample="Shop"),
        Member("User", "Who used it.", sample="ada@example.com"),
        Member(
            "Timestamp",
            "When it happened: ISO 8601, or a number since 1970. Otherwise the time of arrival; "
            "what was sent is kept as the property OriginalTimestamp.",
            "date",
            sample="2026-01-31T08:15:30.123Z",
            schema={"type": "string", "format": "date-time"},
        ),
        Member(
            "Properties",
            "Anything else, as an object.",
            "Dictionary of string [key] and value [value]",
            sample={"OrderId": 4711, "DurationMs": 30012.5},
            schema={"type": "object", "additionalProperties": True},
        ),
        Member("Host", "The machine.", sample="web-1"),
        Member("Environment", "Where the program runs.", sample="production"),
        Member("Release", "The program's version.", sample="2.4.1"),
        Member("TraceId", "The trace this belongs to.", sample="4bf92f3577b34da6a3ce929d0e0e4736"),
        Member("SpanId", "The span within the trace.", sample="00f067aa0ba902b7"),
    ),
)

MESSAGE_ID = Member(
    "MessageId",
    "The id of the stored message: decimal text, growing with time.",
    sample="311294829748225",
)
LOG_RESULT = Model("LogResult", "The answer to an accepted message.", (MESSAGE_ID,))

STORED_MESSAGE = Model(
    "StoredMessage",
    "A message as it is kept; what was not sent is null.",
    (
        MESSAGE_ID,
        Member(
            "ReceivedAt",
            "When it arrived.",
            "date",
            sample="2026-01-31T08:15:30.201Z",
            schema={"type": "string", "format": "date-time"},
        ),
        *LOG_MESSAGE.members,
    ),
)

BATCH_RESULT = Model(
    "BatchResult",
    "The answer to a batch.",
    (
        Member(
            "MessageIds",
            "One id per message, in order; null where a message was refused.",
            "Collection of string",
            schema={"type": "array", "items": {"type": ["string", "null"]}},
        ),
        Member(
            "Errors",
            "Only when a message was refused: its line, and what is wrong with it.",
            "Collection of object",
            schema={"type": "array", "items": {"type": "object"}},
        ),
    ),
)

SEVERITY = Model(
    "Severity",
    "How bad it is. Information, Warning, Critical and None are understood as well.",
    values=tuple((level.name.title(), int(level), text) for level, text in _SEVERITY_TEXTS.items()),
)

MODELS = (
    LOG_MESSAGE,
    LOG_RESULT,
    STORED_MESSAGE,
    BATCH_RESULT,
    SEVERITY,
    Model("String", "string"),
    Model("Int32", "integer"),
)


def _sample_of(model: Model, names: Sequence[str] = ()) -> dict[str, Any]:
    return {
        member.name: member.sample
        for member in model.members
        if member.sample is not None and (not names or member.name in names)
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _xml(root: str, members: Mapping[str, Any]) -> str:
    """Members in alphabetical order, as the original's reader wants them."""
    head = f'<{root} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">'
    lines = [f"  <{name}>{escape(str(value))}</{name}>" for name, value in sorted(members.items())]
    return "\n".join([head, *lines, f"</{root}>"])


# The members of the original; the extensions are in the JSON sample.
_CORE = _sample_of(LOG_MESSAGE, [member.name for member in LOG_MESSAGE.members[:7]])
_SHORT = {"Message": "Order 4711 failed", "Severity": 4, "Application": "Shop"}
_BATCH = [_SHORT, {"Message": "Order 4712 paid", "Severity": 2, "Application": "Shop"}]
_IDS = ["311294829748225", "311294829748226"]
_ORIGIN = "{origin}"
_KEY_LINE = "  -H 'ApiKey: YOUR-KEY'"

# OpenAPI says these three itself, or forbids to say them here.
_UNLISTED = ("ApiKey", "Content-Type", "Accept")
SENDING_HEADERS = (
    Member("ApiKey", "The key, with the right to ingest.", "string", ("Required",)),
    Member(
        "Content-Type",
        "What the body is; a charset of a form or of XML is heeded. curl says form unless it is "
        "told another one.",
        "string",
        ("Required",),
    ),
    Member(
        "Content-Encoding",
        "How the body is compressed: gzip, deflate, zstd or br.",
        schema={"type": "string", "enum": ["gzip", "deflate", "zstd", "br"]},
    ),
    Member(
        "Idempotency-Key",
        "A word of your own for this body, for instance a UUID. Sent again with the same word "
        "within 24 hours, it is stored once and gets the first answer; another body with that "
        "word is a 409.",
        "string",
        ("Max length: 200",),
        schema={"type": "string", "maxLength": 200},
    ),
    Member("Accept", "application/xml for an answer in XML; else it is JSON."),
)
_CONFLICT = "The Idempotency-Key was used for another body; this one is not stored."

POST_LOG = Operation(
    method="POST",
    path="/api/Log",
    description="Takes one message. The answer comes when the message is safe on disk.",
    headers=SENDING_HEADERS,
    body_model="LogMessage",
    requests=(
        Sample(JSON, _json(_sample_of(LOG_MESSAGE))),
        Sample(XML, _xml("LogMessage", _CORE)),
        Sample(FORM, urlencode(_CORE)),
        Sample(
            CURL,
            f"curl {_ORIGIN}/api/Log \\\n{_KEY_LINE} -H 'Content-Type: application/json' \\\n"
            f"  -d '{json.dumps(_SHORT)}'",
        ),
    ),
    response_model="LogResult",
    responses=(
        Sample(JSON, _json(_sample_of(LOG_RESULT))),
        Sample(XML, _xml("LogResult", _sample_of(LOG_RESULT))),
    ),
    statuses={
        "200": "Accepted: safe on disk.",
        "400": "The message cannot be read; ModelState says what and where.",
        "401": "No key, or one that is unknown or revoked.",
        "409": _CONFLICT,
        "413": "The message is too large.",
        "415": "The body is of a type that is not understood.",
        "429": "Too much for this key; Retry-After says when to send again.",
        "503": "Not just now; Retry-After says when to send again.",
    },
)

POST_LOGS = Operation(
    method="POST",
    path="/api/Logs",
    description="Takes many messages: a JSON array, or one JSON object per line. "
    "Good messages are kept even when others are refused. gzip and zstd are welcome.",
    headers=SENDING_HEADERS,
    body_text="A collection of",
    body_model="LogMessage",
    requests=(
        Sample(JSON, _json(_BATCH)),
        Sample(NDJSON, "\n".join(json.dumps(message) for message in _BATCH)),
        Sample(
            CURL,
            f"gzip -c messages.ndjson | curl {_ORIGIN}/api/Logs \\\n{_KEY_LINE} "
            "-H 'Content-Type: application/x-ndjson' \\\n"
            "  -H 'Content-Encoding: gzip' --data-binary @-",
        ),
    ),
    response_model="BatchResult",
    responses=(Sample(JSON, _json({"MessageIds": _IDS})),),
    statuses={
        "200": "All are accepted: safe on disk.",
        "207": "Some are accepted; Errors says which are not, and why.",
        "400": "None is accepted.",
        "401": "No key, or one that is unknown or revoked.",
        "409": _CONFLICT,
        "413": "The batch is too large.",
        "415": "The body is of a type that is not understood.",
        "429": "Too much for this key; Retry-After says when to send again.",
        "503": "Not just now; Retry-After says when to send again.",
    },
)

GET_LOG = Operation(
    method="GET",
    path="/api/Log/{id}",
    description="Gives a stored message back. The key needs the right to read.",
    uri_parameters=(Member("id", "The MessageId.", "string", ("Required",)),),
    requests=(Sample(CURL, f"curl {_ORIGIN}/api/Log/311294829748225 \\\n{_KEY_LINE}"),),
    response_model="StoredMessage",
    responses=(Sample(JSON, _json(_sample_of(STORED_MESSAGE))),),
    statuses={
        "200": "The message.",
        "401": "No key, or one that is unknown or revoked.",
        "403": "The key may not read.",
        "404": "There is no such message in the key's workspace.",
    },
)

OPERATIONS = (POST_LOG, POST_LOGS, GET_LOG)

_MODEL_BY_NAME = {model.name.lower(): model for model in MODELS}
_OPERATION_BY_PAGE = {operation.page.lower(): operation for operation in OPERATIONS}


@route("/help", http_method=READ_METHODS, include_in_schema=False)
async def show_help(request: Request[Any, Any, Any]) -> Response[str]:
    """The index."""
    return render_document(request, "help_index.html", operations=OPERATIONS)


@route("/help/api/{page:path}", http_method=READ_METHODS, include_in_schema=False)
async def show_operation(
    request: Request[Any, Any, Any], page: FromPath[str], config: NamedDependency[Config]
) -> Response[str]:
    """The page of one operation."""
    operation = _OPERATION_BY_PAGE.get(page.strip("/").lower())
    if operation is None:
        return _show_unknown(request, "operation", page.strip("/"))
    origin = config.address if config.public_url else str(request.base_url).rstrip("/")
    samples = [
        Sample(sample.media, sample.text.replace(_ORIGIN, origin)) for sample in operation.requests
    ]
    return render_document(
        request,
        "help_operation.html",
        operation=operation,
        requests=samples,
        body=_model_named(operation.body_model),
        resource=_model_named(operation.response_model),
    )


@route("/help/resourcemodel", http_method=READ_METHODS, include_in_schema=False)
async def show_model(request: Request[Any, Any, Any]) -> Response[str]:
    """The page of one type."""
    named = {name.lower(): value for name, value in request.query_params.items()}
    name = str(named.get("modelname", ""))
    model = _model_named(name)
    if model is None:
        return _show_unknown(request, "type", name)
    return render_document(request, "help_model.html", model=model)


@route("/help/{path:path}", http_method=READ_METHODS, include_in_schema=False)
async def show_lost(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[str]:
    """Whatever else is asked for below the help."""
    return _show_unknown(request, "page", path.lstrip("/"))


def _model_named(name: str) -> Model | None:
    return _MODEL_BY_NAME.get(name.lower())


def _show_unknown(request: Request[Any, Any, Any], kind: str, name: str) -> Response[str]:
    # Status 200, as the original answered: its clients' link checkers know no other.
    return render_document(
        request, "help_unknown.html", kind=kind, name=name[:100], operations=OPERATIONS
    )


HELP_PAGES: Sequence[BaseRouteHandler] = (show_help, show_operation, show_model, show_lost)


# -- the same description as OpenAPI --------------------------------------------------------


def describe_paths() -> dict[str, Any]:
    """The operations as OpenAPI paths."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return paths


def describe_schemas() -> dict[str, Any]:
    """The models as OpenAPI schemas."""
    return {
        model.name: {
            "type": "object",
            "description": model.description,
            "properties": {
                member.name: {**member.schema, "description": member.description}
                for member in model.members
            },
            "required": [m.name for m in model.members if "Required" in m.information],
        }
        for model in MODELS
        if model.members
    }


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.title,
        "description": operation.description,
        "operationId": operation.page,
        "tags": ["native"],
        "parameters": [
            {
                "name": parameter.name,
                "in": "path",
                "required": True,
                "description": parameter.description,
                "schema": parameter.schema,
            }
            for parameter in operation.uri_parameters
        ]
        + [
            {
                "name": header.name,
                "in": "header",
                "required": False,
                "description": header.description,
                "schema": header.schema,
            }
            for header in operation.headers
            if header.name not in _UNLISTED
        ],
        "responses": {status: {"description": text} for status, text in operation.statuses.items()},
    }
    schema = {"$ref": f"#/components/schemas/{operation.response_model}"}
    described["responses"]["200"]["content"] = {"application/json": {"schema": schema}}
    if operation.body_model:
        described["requestBody"] = {"required": True, "content": _describe_body(operation)}
    return described


def _describe_body(operation: Operation) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{operation.body_model}"}
    schema = {"type": "array", "items": one} if operation.body_text else one
    return {
        media.strip(): {"schema": schema, "example": sample.text}
        for sample in operation.requests
        if sample.media != CURL
        for media in sample.media.split(",")
    }
