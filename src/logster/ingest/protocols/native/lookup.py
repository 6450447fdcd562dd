"""`GET /api/Log/{MessageId}`: a stored message, as the native API gives it.

In: the id of a message and a key that may read. Out: the message, in JSON or XML.
Promise: a message that was accepted a moment ago is waited for.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from logster.errors import NotFoundError
from logster.event import NS_PER_MS, NS_PER_S
from logster.ids import ms_of_id
from logster.ingest.negotiation import choose_format
from logster.ingest.protocol import Route, Spelling
from logster.ingest.protocols.native.answer import NAMESPACES, NIL, answer, render_json
from logster.ingest.protocols.native.api_log import CORS, credentials
from logster.ingest.xml_text import render_element, render_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from logster.event import Event
    from logster.ingest.protocol import Reply, Request
    from logster.meta.grants import Grant

    #: Checks a key for reading; raises RefusedError.
    Admit = Callable[[str | None], Awaitable[Grant]]
    #: The event of a workspace with an id, if it is in the store.
    Find = Callable[[int, int], Awaitable[Event | None]]

#: A message that was accepted a moment ago is still on its way to the store: a question for it
#: waits this long for it to arrive, and only when it is younger than that.
ARRIVAL_S = 3.0
LOOK_AGAIN_S = 0.05
#: What is older than this has arrived.
YOUNG_S = 60.0
#: Of the largest id.
_MAX_DIGITS = 20


def build_routes(admit: Admit, find: Find) -> tuple[Route, ...]:
    """The routes that give stored messages back."""

    async def show(request: Request) -> Reply:
        grant = await admit(credentials(request))
        message_id = request.params["id"]
        event = await _find_arriving(message_id, lambda number: find(grant.workspace, number))
        if event is None:
            raise NotFoundError(f"There is no message with the MessageId '{message_id[:20]}'.")
        return reply_message(event, request)

    return (
        Route(
            path="/api/log/{id}",
            methods=("GET",),
            spelling=Spelling.ANY_CASE,
            answer=show,
            cors=CORS,
        ),
    )


async def _find_arriving(
    message_id: str, find: Callable[[int], Awaitable[Event | None]]
) -> Event | None:
    """A stored message; one that is on its way to the store is waited for."""
    if not (message_id.isascii() and message_id.isdecimal() and len(message_id) <= _MAX_DIGITS):
        return None
    number = int(message_id)
    age_s = time.time() - ms_of_id(number) / 1000
    deadline = time.monotonic() + (ARRIVAL_S if -ARRIVAL_S < age_s < YOUNG_S else 0)
    event = await find(number)
    while event is None and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_AGAIN_S)
        event = await find(number)
    return event


def reply_message(event: Event, request: Request) -> Reply:
    """The answer to `GET /api/Log/{MessageId}`: the stored message under the native names."""
    form = choose_format(request.headers)
    members: dict[str, Any] = {
        "MessageId": str(event.id),
        "Exception": event.exception,
        "Message": event.message,
        "StackTrace": event.stack_trace,
        "Severity": event.severity,
        "Category": event.category,
        "Application": event.application,
        "User": event.user,
        "Timestamp": render_instant(event.timestamp),
        "ReceivedAt": render_instant(event.received_at),
        "Host": event.host,
        "Environment": event.environment,
        "Release": event.release,
        "TraceId": event.trace_id,
        "SpanId": event.span_id,
        "Properties": event.properties,
    }
    # The original has not got these: they are told where somebody sent them.
    more = {"Template": event.template, "Fingerprint": _fingerprint_of(event)}
    members |= {name: value for name, value in more.items() if value is not None}
    text = _message_xml(members) if form.family == "xml" else render_json(members)
    return answer(200, form, text, request)


def _fingerprint_of(event: Event) -> list[str] | None:
    """What the client has said itself, in whichever dialect."""
    said = event.details.get("fingerprint")
    if isinstance(said, str):
        return [said]
    is_list = isinstance(said, list) and all(isinstance(text, str) for text in said)
    return said if is_list else None


def _message_xml(members: dict[str, Any]) -> str:
    """The alphabetical order makes this a body that `POST /api/Log` takes back."""
    return render_element("LogMessage", "".join(_member_elements(members)), NAMESPACES)


def _member_elements(members: dict[str, Any]) -> Iterator[str]:
    for name, value in sorted(members.items()):
        if value is None:
            yield f"<{name}{NIL}/>"
        elif isinstance(value, list):
            texts = (render_element("string", render_text(text)) for text in value)
            yield render_element(name, "".join(texts))
        elif isinstance(value, dict):
            yield render_element(name, render_text(render_json(value)))
        else:
            yield render_element(name, render_text(str(value)))


def render_instant(instant: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC, with as many digits as they need."""
    seconds, rest = divmod(instant, NS_PER_S)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if rest % NS_PER_MS == 0:
        return f"{text}.{rest // NS_PER_MS:03d}Z"
    return f"{text}.{rest:09d}".rstrip("0") + "Z"
