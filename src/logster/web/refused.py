"""Bodies that were refused: listed with their reasons, looked into, tried again, given up.

In: a session or a key; whoever may read sees the list, administrators the bodies. Out: JSON.
Promise: a body is shown without its secrets (web/masking); tried again, its events are stored once,
whatever crashes when. Who does what is a line in the log.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.config import Config
from logster.errors import ConflictError, LogsterError, NotFoundError, RetryLaterError
from logster.event import NS_PER_S, render_instant
from logster.ledger.questions import (
    MAX_NUMBER,
    Choice,
    RefusedRow,
    drop_refused,
    find_refused,
    list_refused,
    record_retry,
)
from logster.meta.keys import Keys
from logster.outcome import Outcome, Refused
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.bodies import render_body
from logster.web.masking import mask
from logster.web.repeating import Retries, Taken

MAX_LIMIT = 200
#: Tried again by one order; the next one goes on with the rest.
MAX_RETRIES = 500
MAX_FAULTS = 5
MAX_SENTENCE_CHARACTERS = 500


class FaultShape(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event was not taken; `line` is 0 for a whole body."""

    line: int
    reason: str
    text: str


class RefusedShape(msgspec.Struct, frozen=True, kw_only=True):
    """A body of which something was refused.

    `events` is how many of it, null when it was all of a body that nobody has counted. `state` is
    kept (it can be tried again), whole (nobody can say which of its events are stored already),
    cut (too large: only its beginning is there) or stored (by a retry).
    """

    id: str
    at: str
    key: int
    key_name: str | None
    protocol: str
    outcome: Outcome
    reason: str
    events: int | None
    bytes: int
    faults: list[FaultShape]
    state: str
    tried_at: str | None
    tried: str | None


class RefusedListShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest refused bodies; `next` is the `before` of the older ones."""

    refused: list[RefusedShape]
    next: str | None


class RefusedBodyShape(msgspec.Struct, frozen=True, kw_only=True):
    """A refused body as it came, without its secrets.

    `text` is its beginning without its Content-Encoding; with `is_binary` what can be read of it.
    """

    refused: RefusedShape
    method: str
    path: str
    query: str
    headers: dict[str, str]
    text: str
    is_cut: bool
    is_binary: bool


class RetriedShape(msgspec.Struct, frozen=True, kw_only=True):
    """What came of bodies that were tried again: events stored, and bodies refused as before."""

    bodies: int
    stored_events: int
    refused_bodies: int
    text: str


@get("/receipts/refused", summary="Bodies that were refused")
async def list_bodies(
    principal: NamedDependency[Principal],
    choice: NamedDependency[Choice],
    config: NamedDependency[Config],
    keys: NamedDependency[Keys],
    before: Annotated[str, QueryParameter(description="`next` of a list: the older ones.")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = 50,
) -> RefusedListShape:
    """Give the newest bodies of which something was refused, with the reasons."""
    oldest = _parse_number(before) if before else MAX_NUMBER
    rows = await asyncio.to_thread(list_refused, config.ledger_path, choice, limit, before=oldest)
    names = await _names(keys, principal)
    return RefusedListShape(
        refused=[_shape(row, names) for row in rows],
        next=str(rows[-1].id) if len(rows) == limit else None,
    )


@get("/receipts/refused/{number:str}", summary="A body that was refused")
async def show_body(
    admin: NamedDependency[Principal],
    config: NamedDependency[Config],
    keys: NamedDependency[Keys],
    number: FromPath[str],
) -> RefusedBodyShape:
    """Show a body as it came, without its secrets."""
    row, body = await _find(config, admin, number)
    encoding = row.note.headers.get("content-encoding", "")
    shown = await asyncio.to_thread(render_body, body, encoding)
    return RefusedBodyShape(
        refused=_shape(row, await _names(keys, admin)),
        method=row.note.method,
        path=row.note.path,
        query=mask(row.note.query),
        headers={name: mask(text) for name, text in row.note.headers.items()},
        text=shown.text,
        is_cut=shown.is_cut or row.state == "cut",
        is_binary=shown.is_binary,
    )


@post("/receipts/refused/{number:str}/retry", summary="Try a body again", status_code=200)
async def retry_body(
    admin: NamedDependency[Principal],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    number: FromPath[str],
) -> RetriedShape:
    """Take a refused body in once more, with what its key may now."""
    row, body = await _find(config, admin, number)
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
) -> RetriedShape:
    """Take all chosen bodies in that can be tried, oldest first, while there is room."""
    chosen = msgspec.structs.replace(choice, workspaces=[admin.workspace])
    rows = await asyncio.to_thread(
        list_refused, config.ledger_path, chosen, MAX_RETRIES, is_open=True
    )
    AUDIT.info("%s tries %d refused bodies again", admin.name, len(rows))
    outcomes = []
    for row in reversed(rows):
        found = await asyncio.to_thread(find_refused, config.ledger_path, admin.workspace, row.id)
        if found is None or found[0].state != "kept":  # somebody else was faster
            continue
        outcomes.append(await _retry(config, retries, *found))
        if outcomes[-1].is_full:
            break
    return _sum(outcomes)


@delete("/receipts/refused/{number:str}", summary="Give up a body that was refused")
async def drop_body(
    admin: NamedDependency[Principal], config: NamedDependency[Config], number: FromPath[str]
) -> None:
    """Remove a body for good."""
    known = _parse_number(number)
    if not await asyncio.to_thread(drop_refused, config.ledger_path, admin.workspace, known):
        raise _unknown(number)
    AUDIT.info("%s deleted the refused body %d", admin.name, known)


log = logging.getLogger(__name__)


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
        taken = await retries.retry(_refused(row, body), f"{row.id}-{row.at}")
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


def _sum(outcomes: Sequence[_Tried]) -> RetriedShape:
    again = [tried for tried in outcomes if not tried.stored]
    return RetriedShape(
        bodies=len(outcomes),
        stored_events=sum(tried.stored for tried in outcomes),
        refused_bodies=len(again),
        text=mask(again[-1].text if again else outcomes[-1].text if outcomes else ""),
    )


async def _find(config: Config, admin: Principal, number: str) -> tuple[RefusedRow, bytes]:
    found = await asyncio.to_thread(
        find_refused, config.ledger_path, admin.workspace, _parse_number(number)
    )
    if found is None:
        raise _unknown(number)
    return found


async def _names(keys: Keys, principal: Principal) -> dict[int, str]:
    return {key.id: key.name for key in await keys.in_workspace(principal.workspace)}


def _shape(row: RefusedRow, names: dict[int, str]) -> RefusedShape:
    return RefusedShape(
        id=str(row.id),
        at=_instant(row.at),
        key=row.key,
        key_name=names.get(row.key),
        protocol=row.protocol,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        events=row.note.events,
        bytes=row.note.size,
        faults=[
            FaultShape(
                line=fault.line,
                reason=fault.reason,
                text=mask(" ".join(fault.sentences)[:MAX_SENTENCE_CHARACTERS]),
            )
            for fault in row.note.faults[:MAX_FAULTS]
        ],
        state=row.state,
        tried_at=_instant(row.tried_at) if row.tried_at else None,
        tried=mask(row.tried) if row.tried else None,
    )


def _instant(at: float) -> str:
    return render_instant(int(at) * NS_PER_S)


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < len(str(MAX_NUMBER))):
        raise _unknown(text)
    return int(text)


def _unknown(number: str) -> NotFoundError:
    return NotFoundError(f"There is no refused body {number[:30]!r} in this workspace (any more).")


REFUSED = (list_bodies, show_body, retry_body, retry_bodies, drop_body)
