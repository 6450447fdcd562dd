"""Where one event is: by its id here, or by the one that its client gave it.

In: a session or a key with the right to read. Out: JSON.
Promise: a caller learns of their own workspace alone, and it takes a moment whatever waits.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.config import Config
from logster.ids import find_digest_ranges
from logster.spool.lookup import ASIDE, UNSEEN, WAITING, find_numbered, find_waiting
from logster.store.engine import Engine
from logster.store.search import find
from logster.web.access import Principal
from logster.web.repeating import Retries
from logster.web.shapes import EventShape, parse_event_id, shape_event

#: Ids of `_bulk` have up to 512 bytes, and the name of an index 255.
MAX_ID_CHARACTERS = 800


class ReceiptShape(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event: `stored`, `waiting` for the store, `aside`, or `unknown`.

    `id` is that of the event here, when it has one.
    """

    outcome: str
    id: str | None
    text: str
    event: EventShape | None


@get("/receipts/event", summary="What became of one event, by any id")
async def find_receipt(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    event_id: Annotated[
        str,
        QueryParameter(
            name="id",
            description="Its MessageId, or the id that its client gave it: Sentry's event_id, a "
            "journal's cursor, the _id of _bulk alone or as index/_id.",
        ),
    ],
) -> ReceiptShape:
    """Say where an event is; ids that have a slash are told so."""
    return await _find(engine, config, retries, principal.workspace, event_id)


@get("/receipts/{event_id:str}", summary="What became of one event")
async def show_receipt(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    event_id: FromPath[str],
) -> ReceiptShape:
    """Say where an event is; by its id here, or by the one that its client gave it."""
    return await _find(engine, config, retries, principal.workspace, event_id)


async def _find(
    engine: Engine, config: Config, retries: Retries, workspace: int, text: str
) -> ReceiptShape:
    told = _UNKNOWN
    number = parse_event_id(text)
    if number is not None:
        told = await _show(engine, config, workspace, number)
        if told.outcome != UNKNOWN:
            return told
    ranges = [
        each
        for protocol in retries.protocols
        for each in find_digest_ranges(workspace, protocol, text[:MAX_ID_CHARACTERS])
    ]
    found = await asyncio.to_thread(find_numbered, config.spool_path, ranges)
    return told if found is None else await _show(engine, config, workspace, found)


UNKNOWN = "unknown"
_UNKNOWN_TEXT = (
    "No event with this id is in the store, on its way to it or set aside. It was never accepted, "
    "or it has expired, or its key filters it out: look at the counts and the refused bodies of "
    "the time at which it was sent."
)
_UNSEEN_TEXT = (
    "It is not in the store, and more waits in the spool than can be looked through, so nobody can "
    "say whether it is there. Ask again when the store has caught up (Set-up / System)."
)
_UNKNOWN = ReceiptShape(outcome=UNKNOWN, id=None, text=_UNKNOWN_TEXT, event=None)
_TEXTS = {
    WAITING: "It is accepted and safe on disk, and waits for the store.",
    ASIDE: "The store refused it, and it was set aside (Set-up / System).",
}


async def _show(engine: Engine, config: Config, workspace: int, number: int) -> ReceiptShape:
    event = await find(engine, workspace, number)
    if event is not None:
        text = "It is stored."
        return ReceiptShape(outcome="stored", id=str(number), text=text, event=shape_event(event))
    place = await asyncio.to_thread(find_waiting, config.spool_path, workspace, number)
    if place == UNSEEN:
        return msgspec.structs.replace(_UNKNOWN, text=_UNSEEN_TEXT)
    if place is None:
        return _UNKNOWN
    return ReceiptShape(outcome=place, id=str(number), text=_TEXTS[place], event=None)


WHEREABOUTS = (find_receipt, show_receipt)
