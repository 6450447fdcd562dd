"""Bodies that were refused, tried again: one, or all that are chosen.

In: an administrator's session or key. Out: JSON.
Promise: however often a body is tried, and whatever crashes when, its events are stored once
(docs/decisions/048). All are tried by several requests, each of which takes a few seconds and
little memory. Who tries is a line in the log.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.config import Config
from logster.errors import ConflictError, LogsterError, QueryError, RetryLaterError
from logster.ledger.questions import (
    MAX_NUMBER,
    Choice,
    RefusedRow,
    find_refused,
    list_open,
    record_retry,
)
from logster.outcome import Outcome, Refused
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.masking import mask
from logster.web.refused import MAX_SENTENCE_CHARACTERS, find_body
from logster.web.repeating import Retries, Taken

#: Tried by one request, and for how long; the next one goes on.
MAX_RETRIES = 200
MAX_RETRY_S = 3.0

log = logging.getLogger(__name__)


class RetriedShape(msgspec.Struct, frozen=True, kw_only=True):
    """What came of bodies that were tried again: events stored, and bodies refused as before.

    `next` is the `after` of the request that goes on with those that are `left`; it is null when
    all were tried, or when nothing is taken in just now, as the text says.
    """

    bodies: int
    stored_events: int
    refused_bodies: int
    text: str
    next: str | None = None
    left: int = 0


@post("/receipts/refused/{number:str}/retry", summary="Try a body again", status_code=200)
async def retry_body(
    admin: NamedDependency[Principal],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    number: FromPath[str],
) -> RetriedShape:
    """Take a refused body in once more, with what its key may now."""
    row, body = await find_body(config, admin, number)
    if row.state != "kept":
        raise ConflictError(_NOT_REPEATABLE.get(row.state, "This body cannot be tried again."))
    AUDIT.info("%s tries the refused body %d again", admin.name, row.id)
    return _sum([await _retry(config, retries, row, body)])


@post("/receipts/refused/retry", summary="Try all bodies again", status_code=200)
async def retry_bodies(
    admin: NamedDependency[Principal],
    choice: NamedDependency[Choice],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    after: Annotated[
        str, QueryParameter(description="`next` of an answer: goes on behind those.")
    ] = "",
) -> RetriedShape:
    """Take chosen bodies in that can be tried, oldest first; `next` of the answer goes on."""
    chosen = msgspec.structs.replace(choice, workspaces=[admin.workspace])
    first, last = _parse_after(after) if after else (0, MAX_NUMBER)
    numbers = await asyncio.to_thread(list_open, config.ledger_path, chosen, first, last)
    if not after:
        AUDIT.info("%s tries %d refused bodies again", admin.name, len(numbers))
    until = time.monotonic() + MAX_RETRY_S
    outcomes: list[_Tried] = []
    count = 0
    for count, number in enumerate(numbers[:MAX_RETRIES], 1):
        found = await asyncio.to_thread(find_refused, config.ledger_path, admin.workspace, number)
        if found is not None and found[0].state == "kept":  # else somebody was faster
            outcomes.append(await _retry(config, retries, *found))
            if outcomes[-1].is_full:
                return _sum(outcomes, left=len(numbers) - count + 1)
        if time.monotonic() > until:
            break
    left = len(numbers) - count
    # Not those that are refused meanwhile: it would never end.
    going_on = f"{numbers[count - 1]}-{numbers[-1]}" if left else None
    return _sum(outcomes, left=left, going_on=going_on)


def _parse_after(text: str) -> tuple[int, int]:
    """The number behind which to go on, and the last one."""
    parts = text.split("-")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 20]  # noqa: PLR2004
    if len(numbers) != len(parts) or len(numbers) != 2 or max(numbers) > MAX_NUMBER:  # noqa: PLR2004
        raise QueryError("`after` is none that an answer has given as `next`.")
    return numbers[0], numbers[1]


class _Tried(msgspec.Struct, frozen=True):
    """What came of one body; `is_full`: nothing is taken now."""

    stored: int
    text: str
    is_full: bool = False


_NOT_REPEATABLE = {
    "cut": "This body was too large to be kept whole, so it cannot be tried again.",
    "whole": "Nobody can say which events of this body are stored already. Send what is missing.",
    "stored": "This body was tried again and is stored.",
}


async def _retry(config: Config, retries: Retries, row: RefusedRow, body: bytes) -> _Tried:
    try:
        taken = await retries.retry(_refused(row, body), row.digest.hex())
        stored, left = len(taken.ids), len(taken.rejections)
        tried = _Tried(stored, _tell(taken, stored, left))
    except LogsterError as error:
        stored, left = 0, 1
        tried = _Tried(0, f"refused: {error}", isinstance(error, RetryLaterError))
    except Exception:  # a mistake of ours must not keep those behind it from their turn
        log.exception("The refused body %s could not be tried again", row.id)
        stored, left = 0, 1
        tried = _Tried(0, "refused: An error has occurred; the server's log has it.")
    await asyncio.to_thread(
        record_retry,
        config.ledger_path,
        row.workspace,
        row.id,
        tried.text,
        stored=stored,
        left=left,
    )
    return tried


def _tell(taken: Taken, stored: int, left: int) -> str:
    """What came of a retry, with the first reason of what is still refused."""
    if not left:
        return f"{stored:,} taken in"
    first = next(iter(taken.rejections[0].faults.values()), [taken.rejections[0].reason])
    told = f"{stored:,} taken in, {left:,} " if stored else ""
    return f"{told}refused: {' '.join(first)[:MAX_SENTENCE_CHARACTERS]}"


def _refused(row: RefusedRow, body: bytes) -> Refused:
    note = row.note
    return Refused(
        at=row.at,
        workspace=row.workspace,
        key=row.key,
        protocol=row.protocol,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        method=note.method,
        path=note.path,
        query=note.query,
        headers=note.headers,
        events=note.events,
        faults=note.faults,
        size=note.size,
        body=body,
        is_whole=True,
        places=note.places,
        count=note.count,
    )


def _sum(outcomes: Sequence[_Tried], *, left: int = 0, going_on: str | None = None) -> RetriedShape:
    again = [tried for tried in outcomes if not tried.stored]
    return RetriedShape(
        bodies=len(outcomes),
        stored_events=sum(tried.stored for tried in outcomes),
        refused_bodies=len(again),
        text=mask(again[-1].text if again else outcomes[-1].text if outcomes else ""),
        next=going_on,
        left=left,
    )


RETRIES = (retry_body, retry_bodies)
