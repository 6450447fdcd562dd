"""What became of messages: an id for each that was accepted, and what is wrong with the others.

In: a receipt. Out: `Reply`, for a single message or a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.ingest.negotiation import choose_format
from logster.ingest.protocols.native.answer import (
    NAMESPACES,
    NIL,
    answer,
    render_json,
    render_members,
)
from logster.ingest.protocols.native.refusals import INVALID, choose_words, refuse_message
from logster.ingest.xml_text import render_element

if TYPE_CHECKING:
    from logster.ingest.protocol import Receipt, Reply, Request

_ARRAYS = ' xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"'


class _BadLine(msgspec.Struct, rename="pascal", gc=False):
    """A line that was not kept; a dict of it takes six times the memory."""

    line: int
    model_state: dict[str, list[str]]


def reply_one(receipt: Receipt, request: Request) -> Reply:
    """The answer to a single message: its id, or what is wrong with it."""
    form = choose_format(request.headers)
    if receipt.rejections:
        rejection = receipt.rejections[0]
        return refuse_message(rejection.faults, rejection.reason, request, form)
    message_id = str(receipt.ids[0])
    if form.family == "xml":
        content = render_element("MessageId", message_id)
        return answer(200, form, render_element("LogResult", content, NAMESPACES), request)
    return answer(200, form, f'{{"MessageId":"{message_id}"}}', request)


def reply_many(receipt: Receipt, request: Request) -> Reply:
    """The answer to a batch: an id or null per message in order, and the bad ones by line."""
    form = choose_format(request.headers)
    if receipt.ids and not receipt.rejections and form.family == "json":  # thousands, quickly
        ids = '","'.join(map(str, receipt.ids))
        return answer(200, form, f'{{"MessageIds":["{ids}"]}}', request)
    if not receipt.rejections:
        status = 200
        content: dict[str, Any] = {"MessageIds": [str(event_id) for event_id in receipt.ids]}
    else:
        status = 207 if receipt.ids else 400
        content = {} if receipt.ids else {"Message": INVALID}
        content["MessageIds"] = _ids_in_order(receipt)
        content["Errors"] = [
            _BadLine(
                rejection.line, choose_words(rejection.faults, rejection.reason, request, form)
            )
            for rejection in receipt.rejections
        ]
    text = _batch_xml(content) if form.family == "xml" else render_json(content)
    return answer(status, form, text, request)


def _ids_in_order(receipt: Receipt) -> list[str | None]:
    lines = receipt.lines or []
    places: list[tuple[int, str | None]] = [
        (line, str(event_id)) for line, event_id in zip(lines, receipt.ids, strict=True)
    ]
    places += [(rejection.line, None) for rejection in receipt.rejections]
    places.sort(key=lambda place: place[0])
    return [event_id for _, event_id in places]


def _batch_xml(content: dict[str, Any]) -> str:
    ids = "".join(
        f"<a:string{NIL}/>" if event_id is None else f"<a:string>{event_id}</a:string>"
        for event_id in content["MessageIds"]
    )
    errors = "".join(
        render_element(
            "Error", render_members({"Line": str(bad.line), "ModelState": bad.model_state})
        )
        for bad in content.get("Errors", ())
    )
    inner = render_element("Message", content["Message"]) if "Message" in content else ""
    inner += f"<MessageIds{_ARRAYS}>{ids}</MessageIds>"
    inner += render_element("Errors", errors) if errors else ""
    return render_element("LogResults", inner, NAMESPACES)
