"""The operations of the native API, with samples.

Promise: the samples are real: each of them, posted as it stands, is accepted (a test posts them).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from logster.web.help.models import (
    CURL,
    FORM,
    JSON,
    LOG_MESSAGE,
    LOG_RESULT,
    NAMESPACE,
    NDJSON,
    STORED_MESSAGE,
    XML,
    Member,
    Model,
    Operation,
    Sample,
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
#: Where a sample is sent: replaced by the address of this server.
ORIGIN = "{origin}"
_KEY_LINE = "  -H 'ApiKey: YOUR-KEY'"

# OpenAPI says these three itself, or forbids to say them here.
UNLISTED = ("ApiKey", "Content-Type", "Accept")
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
            f"curl {ORIGIN}/api/Log \\\n{_KEY_LINE} -H 'Content-Type: application/json' \\\n"
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
            f"gzip -c messages.ndjson | curl {ORIGIN}/api/Logs \\\n{_KEY_LINE} "
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
    requests=(Sample(CURL, f"curl {ORIGIN}/api/Log/311294829748225 \\\n{_KEY_LINE}"),),
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
