"""Bodies that were refused: listed with their reasons, looked into, given up.

In: a session or a key; whoever may read sees the list, administrators the bodies. Out: JSON.
Promise: a body is shown without its secrets (web/masking). Who gives one up is a line in the log.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
from typing import Annotated

import msgspec
from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.config import Config
from logster.errors import NotFoundError
from logster.event import NS_PER_S, render_instant
from logster.ledger.questions import (
    MAX_NUMBER,
    Choice,
    RefusedRow,
    drop_refused,
    find_refused,
    list_refused,
)
from logster.meta.keys import Keys
from logster.outcome import Outcome
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.bodies import render_body
from logster.web.masking import mask

MAX_LIMIT = 200
MAX_FAULTS = 5
MAX_SENTENCE_CHARACTERS = 500


class FaultShape(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event was not taken; `line` is 0 for a whole body."""

    line: int
    reason: str
    text: str


class RefusedShape(msgspec.Struct, frozen=True, kw_only=True):
    """A body of which something was refused.

    The same body of a key, refused several `times`, is one: `at` is when it came first, `last_at`
    when last. `events` is how many of it, null when it was all of a body that nobody has counted.
    `state` is kept (it can be tried again), whole (nobody can say which of its events are stored
    already), cut (too large: only its beginning is there) or stored (by a retry).
    """

    id: str
    times: int
    at: str
    last_at: str
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
    row, body = await find_body(config, admin, number)
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


@delete("/receipts/refused/{number:str}", summary="Give up a body that was refused")
async def drop_body(
    admin: NamedDependency[Principal], config: NamedDependency[Config], number: FromPath[str]
) -> None:
    """Remove a body for good."""
    known = _parse_number(number)
    if not await asyncio.to_thread(drop_refused, config.ledger_path, admin.workspace, known):
        raise _unknown(number)
    AUDIT.info("%s deleted the refused body %d", admin.name, known)


async def find_body(config: Config, admin: Principal, number: str) -> tuple[RefusedRow, bytes]:
    """A body of the workspace, as it was sent; raises NotFoundError."""
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
        times=row.times,
        at=_instant(row.at),
        last_at=_instant(row.last_at),
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


REFUSED = (list_bodies, show_body, drop_body)
