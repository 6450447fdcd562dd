"""The types of the native API, as the help and OpenAPI tell them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from logster.event import Severity

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
        Member(
            "Template",
            "The message before its values were filled in.",
            sample="Order {OrderId} failed",
        ),
        Member(
            "Fingerprint",
            "Which errors are one issue, when the program knows better: a text or a list of them. "
            "{{ default }} stands for what would be taken otherwise.",
            sample=["{{ default }}", "card"],
            schema={
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}},
                ]
            },
        ),
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
