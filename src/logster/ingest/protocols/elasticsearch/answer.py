"""Answers as Elasticsearch gives them: JSON, with the header by which its clients know it.

In: what is to be said. Out: `Reply`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import RetryLaterError, UnauthorizedError
from logster.ingest.protocol import Reply

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.event import Rejection
    from logster.ingest.protocol import Receipt

#: Without the second one its clients talk to nobody.
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"x-elastic-product", b"Elasticsearch"),
)
_CREATED = (
    '","_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},'
    '"_seq_no":0,"_primary_term":1,"status":201}}'
)
#: A note that ends so says no id: the event's own one stands there.
NO_ID = '"_id":"'

#: Status -> what Elasticsearch calls it.
_TYPES = {
    400: "illegal_argument_exception",
    401: "security_exception",
    403: "security_exception",
    413: "content_too_large_exception",
    415: "media_type_header_exception",
    429: "es_rejected_execution_exception",
    500: "exception",
    503: "es_rejected_execution_exception",
}


def answer(status: int, content: dict[str, Any]) -> Reply:
    """An answer with any content."""
    return answer_text(status, msgspec.json.encode(content))


def answer_text(status: int, body: bytes) -> Reply:
    """An answer that is JSON already."""
    return Reply(status=status, headers=list(_HEADERS), body=body)


def answer_items(receipt: Receipt) -> Reply:
    """What became of each item, in the order and under the names in which they came.

    The notes of a receipt are the beginnings of the items, up to the id.
    """
    notes = receipt.notes or []
    if receipt.rejections:
        items = _items_in_order(receipt, notes)
    elif len(set(notes)) == 1 and notes[0].endswith(NO_ID):  # thousands, quickly
        between = f"{_CREATED},{notes[0]}"
        items = f"{notes[0]}{between.join(map(str, receipt.ids))}{_CREATED}"
    else:
        items = ",".join(map(_render_created, notes, receipt.ids))
    errors = "true" if receipt.rejections else "false"
    return answer_text(200, f'{{"took":0,"errors":{errors},"items":[{items}]}}'.encode())


def _items_in_order(receipt: Receipt, notes: list[str]) -> str:
    outcomes: list[tuple[int, int | Rejection]] = [
        *zip(receipt.lines or [], receipt.ids, strict=True),
        *((rejection.line, rejection) for rejection in receipt.rejections),
    ]
    outcomes.sort(key=lambda outcome: outcome[0])
    return ",".join(
        _render_created(note, outcome)
        if isinstance(outcome, int)
        else _render_rejected(note, outcome)
        for note, (_, outcome) in zip(notes, outcomes, strict=True)
    )


def _render_created(note: str, event_id: int) -> str:
    return f"{note}{event_id if note.endswith(NO_ID) else ''}{_CREATED}"


def _render_rejected(note: str, rejection: Rejection) -> str:
    reason = " ".join(sentence for told in rejection.faults.values() for sentence in told)
    error = msgspec.json.encode({"type": "document_parsing_exception", "reason": reason})
    return f'{note}","status":400,"error":{error.decode()}}}}}'


def answer_error(error: LogsterError) -> Reply:
    """The answer to a request that is turned away whole."""
    reason = error.sentence
    kind = _TYPES.get(error.status, "exception")
    cause = {"type": kind, "reason": reason}
    content = {"error": {"root_cause": [cause], **cause}, "status": error.status}
    reply = answer(error.status, content)
    if isinstance(error, UnauthorizedError):
        reply.headers.append((b"www-authenticate", b"ApiKey"))
    if isinstance(error, RetryLaterError):
        reply.headers.append((b"retry-after", str(error.retry_after_s).encode()))
    return reply
