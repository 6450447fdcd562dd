"""What holds for every reader, whatever the bytes: a refusal, or events that can be stored."""

from __future__ import annotations

import json
import re

from logster.errors import RefusedError
from logster.event import TEXT_FIELDS
from logster.fields.instant import END_NS, FIRST_NS
from logster.ingest.protocol import ANY_METHOD, Protocol, Reading, Reply, Request, Route
from logster.ingest.protocols import PROTOCOLS
from support.native import rows
from support.recorded import LIMITS, receipt_of

#: Each way into each dialect.
INTAKES = [
    (protocol, route) for protocol in PROTOCOLS for route in protocol.routes if route.answer is None
]


def request_to(route: Route, content_type: str) -> Request:
    """A request to a route, all that its path leaves open filled in."""
    path = re.sub(r"\{[a-z_]+(\.\.\.)?\}", "7", route.path)
    return Request(
        method="POST" if ANY_METHOD in route.methods else route.methods[0],
        path=path,
        query="",
        uri=path,
        headers={"content-type": content_type},
        route=route,
        params=dict.fromkeys(re.findall(r"\{([a-z_]+)", route.path), "7"),
    )


def check_read(protocol: Protocol, request: Request, body: bytes) -> None:
    """Read a body; nothing but a refusal may be raised, and whatever comes out can be stored."""
    try:
        if protocol.check is not None:
            protocol.check(request)
        if protocol.count_parts is not None:
            assert protocol.count_parts(body, request) >= 0
        reading = protocol.read(body, request, LIMITS)
    except RefusedError as error:
        reply = protocol.refuse(error, request)
        assert reply.status >= 400
    else:
        check_reading(reading)
        reply = protocol.reply(receipt_of(reading), request)
    assert isinstance(reply, Reply)


def check_reading(reading: Reading) -> None:
    """Whether it can be stored and answered."""
    count = len(reading.columns)
    assert reading.lines is None or len(reading.lines) == count
    assert reading.identities is None or len(reading.identities) == count
    for event in rows(reading.columns):
        assert event["message"] is not None
        assert event["severity"] in range(7)
        assert event["timestamp"] is None or FIRST_NS <= event["timestamp"] < END_NS
        for field in TEXT_FIELDS:
            assert event[field] is None or event[field].encode() is not None
        if event["properties"] is not None:
            assert isinstance(json.loads(event["properties"].decode()), dict)
