"""The older form: `{"Events":[{"Timestamp":…,"Level":…,"MessageTemplate":…,"Properties":{…}}]}`.

In: plain bytes. Out: a `Reading`, in which an event's line is its place in the list.
Promise: as with CLEF, nothing of an event is lost. An event without a time is of now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import InvalidBodyError
from logster.fields.template import formats_of
from logster.ingest.columns import Rows, too_many_events
from logster.ingest.json_marks import count_items
from logster.ingest.protocols.seq.event import read_event
from logster.ingest.protocols.seq.names import text_of

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading
    from logster.ingest.protocols.seq.event import Members


class _Body(msgspec.Struct):
    events: msgspec.Raw = msgspec.field(name="Events")


_body_decoder = msgspec.json.Decoder(_Body)
_events_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])

#: Member -> what CLEF calls it.
_NAMES = {
    "Timestamp": "@t",
    "Level": "@l",
    "MessageTemplate": "@mt",
    "RenderedMessage": "@m",
    "Exception": "@x",
    "TraceId": "@tr",
    "SpanId": "@sp",
    "EventType": "@i",
}


def read_raw(body: bytes, limits: Limits) -> Reading:
    """The events of a list; raises InvalidBodyError when there is none."""
    rows = Rows(limits)
    for number, event in enumerate(_events_of(body, limits.max_events), 1):
        if not rows.has_room(number, len(event)):
            continue
        try:
            members = _as_clef(_decoder.decode(event))
            rows.add(number, **read_event(members, bytes(event), has_escapes=True))
        except (ValueError, RecursionError) as error:
            rows.reject(number, "syntax", f"The event cannot be read: {error}.")
    return rows.reading()


def _events_of(body: bytes, max_events: int) -> list[msgspec.Raw]:
    """The events as they were sent; no more of them are made than may be kept."""
    try:
        events = _body_decoder.decode(body).events
        if body.count(b",") >= max_events and count_items(bytes(events), max_events) > max_events:
            raise too_many_events(max_events)
        return _events_decoder.decode(events)
    except (ValueError, RecursionError) as error:
        sentence = (
            f'The body is no list of events, {{"Events":[…]}}: {error}. '
            "Events on lines (CLEF) go to /ingest/clef."
        )
        raise InvalidBodyError({"Events": [sentence]}, "syntax") from None


def _as_clef(event: Members) -> Members:
    """The same event under the names of CLEF."""
    members: Members = {}
    properties = event.pop("Properties", None)
    for name, value in event.items():
        members[_NAMES.get(name, name)] = value
    if properties is not None:
        for name, value in _decoder.decode(properties).items():
            members[f"@{name}" if name.startswith("@") else name] = value
    _take_renderings(members)
    return members


class _Rendering(msgspec.Struct, rename="pascal"):
    """The text of a value in a format."""

    format: str
    rendering: str


_decode_renderings = msgspec.json.Decoder(dict[str, list[_Rendering]]).decode


def _take_renderings(members: Members) -> None:
    """`{"N":[{"Format":"000","Rendering":"007"}]}` becomes what CLEF has: texts in order.

    What names a hole that the template has not stays a property, and so does what is none of these.
    """
    template = text_of(members.get("@mt"))
    if template is None or "Renderings" not in members or "@r" in members:
        return
    try:
        told = _decode_renderings(members["Renderings"])
    except (ValueError, RecursionError):
        return
    texts = {
        (name, each.format): each.rendering for name, several in told.items() for each in several
    }
    formats = formats_of(template)
    if texts and texts.keys() <= set(formats):
        del members["Renderings"]
        members["@r"] = msgspec.Raw(msgspec.json.encode([texts.get(each) for each in formats]))
