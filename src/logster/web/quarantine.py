"""Events that were set aside: looked at, tried again, downloaded, given up.

The store refused them for their content, a sick disk has changed them, or they are lost and this
is the note of it.

In: an administrator's session or key, of the first workspace: the events may be of any. Out: JSON,
NDJSON. Promise: a block is either in line or set aside, whatever crashes when; it is lost on
a person's word alone, and that is a line in the log.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from logster.config import Config
from logster.errors import ConflictError, NotFoundError
from logster.event import Event
from logster.meta.keys import Keys
from logster.spool.packing import unpack
from logster.spool.quarantine import AsideBlock, drop_aside, find_aside, note_aside, replay_aside
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.refusals import refusing
from logster.web.shapes import EventShape, render_spooled, shape_event

#: More are seen once these are settled, or by `logster spool aside`.
MAX_ASIDE = 200
#: The engine's reason may go on with a stack.
MAX_REASON_CHARACTERS = 2_000
#: What is shown of a block: enough to see what is wrong with it, little enough for a page.
MAX_SHOWN = 10
MAX_TEXT_CHARACTERS = 2_000
MAX_PROPERTIES_BYTES = 8_000
CUT_MARK = "…"
#: What a person sees of events that are not there any more.
LOST = "These events are lost: there is nothing to show. Delete this note once you have seen it."


class AsideShape(msgspec.Struct, frozen=True, kw_only=True):
    """A block of events that was set aside, and why; with `is_lost` it is a note of a loss."""

    spool: str
    number: int
    events: int
    bytes: int
    set_aside_at: str
    reason: str
    is_lost: bool


class AsidesShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest set-aside blocks of this machine."""

    blocks: list[AsideShape]


class SpooledShape(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was accepted, and by which key; `is_cut` says that the file has more of it."""

    event: EventShape
    workspace: int
    key: int
    key_name: str | None
    is_cut: bool


class PreviewShape(msgspec.Struct, frozen=True, kw_only=True):
    """The first events of a set-aside block of `count`; `fault` says why none can be shown."""

    count: int
    events: list[SpooledShape]
    fault: str | None


@get("/aside", summary="Events that were set aside")
async def list_aside(
    operator: NamedDependency[Principal], config: NamedDependency[Config]
) -> AsidesShape:
    """Give the blocks the store refused, newest first; for the first workspace's administrators."""
    del operator
    notes = await asyncio.to_thread(note_aside, config.spool_path, MAX_ASIDE)
    return AsidesShape(
        blocks=[
            AsideShape(
                spool=note.spool,
                number=note.number,
                events=note.events,
                bytes=note.bytes,
                set_aside_at=f"{datetime.fromtimestamp(note.set_aside_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
                reason=note.reason[:MAX_REASON_CHARACTERS],
                is_lost=note.is_lost,
            )
            for note in notes[:MAX_ASIDE]
        ]
    )


@get("/aside/{spool:str}/{number:int}", summary="What a set-aside block holds")
async def preview(
    operator: NamedDependency[Principal],
    config: NamedDependency[Config],
    keys: NamedDependency[Keys],
    spool: FromPath[str],
    number: FromPath[int],
) -> PreviewShape:
    """Show the first events of a block as they were accepted; long ones are cut."""
    del operator
    block = await _find(config, spool, number)
    if not block.body:
        return PreviewShape(count=block.events, events=[], fault=LOST)
    try:
        events = await asyncio.to_thread(unpack, block.body)
    except ValueError as error:
        return PreviewShape(count=block.events, events=[], fault=str(error))
    return PreviewShape(
        count=block.events,
        events=[await _shape(event, keys) for event in events[:MAX_SHOWN]],
        fault=None,
    )


@get(
    "/aside/{spool:str}/{number:int}/events",
    summary="The events of a set-aside block as a file",
    media_type="application/x-ndjson",
)
async def download(
    operator: NamedDependency[Principal],
    config: NamedDependency[Config],
    spool: FromPath[str],
    number: FromPath[int],
) -> Response[bytes]:
    """Give every event of a block, one JSON object a line."""
    block = await _find(config, spool, number)
    with refusing(422):
        if not block.body:
            raise ValueError(LOST)
        body = await asyncio.to_thread(_render, block.body)
    AUDIT.info("%s downloaded the set-aside block %s/%d", operator.name, spool, number)
    name = f"{spool}-{number}.ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/x-ndjson")


@post("/aside/{spool:str}/{number:int}/replay", summary="Try again", status_code=204)
async def replay(
    operator: NamedDependency[Principal],
    config: NamedDependency[Config],
    spool: FromPath[str],
    number: FromPath[int],
) -> None:
    """Put a set-aside block back in line, once the cause is gone."""
    block = await _find(config, spool, number)
    if not block.body:
        raise ConflictError(LOST)
    if not await asyncio.to_thread(replay_aside, config.spool_path, spool, number):
        raise _unknown(spool, number)
    AUDIT.info("%s put the set-aside block %s/%d back in line", operator.name, spool, number)


@delete("/aside/{spool:str}/{number:int}", summary="Give up events that were set aside")
async def drop(
    operator: NamedDependency[Principal],
    config: NamedDependency[Config],
    spool: FromPath[str],
    number: FromPath[int],
) -> None:
    """Remove a set-aside block; its events are lost."""
    if not await asyncio.to_thread(drop_aside, config.spool_path, spool, number):
        raise _unknown(spool, number)
    AUDIT.info("%s deleted the set-aside block %s/%d", operator.name, spool, number)


async def _find(config: Config, spool: str, number: int) -> AsideBlock:
    block = await asyncio.to_thread(find_aside, config.spool_path, spool, number)
    if block is None:
        raise _unknown(spool, number)
    return block


def _render(body: bytes) -> bytes:
    return b"".join(map(render_spooled, unpack(body)))


async def _shape(event: Event, keys: Keys) -> SpooledShape:
    whole = shape_event(event)
    shown = _cut(whole)
    try:
        name = (await keys.find(event.workspace, event.key)).name
    except NotFoundError:
        name = None
    return SpooledShape(
        event=shown,
        workspace=event.workspace,
        key=event.key,
        key_name=name,
        is_cut=shown != whole,
    )


def _cut(event: EventShape) -> EventShape:
    """The event with no text longer than a page can show."""
    cut: dict[str, Any] = {
        name: value[:MAX_TEXT_CHARACTERS] + CUT_MARK
        for name, value in msgspec.structs.asdict(event).items()
        if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS
    }
    properties = msgspec.json.encode(event.properties)
    if len(properties) > MAX_PROPERTIES_BYTES:
        cut["properties"] = {CUT_MARK: f"{len(properties):,} bytes of properties"}
    return msgspec.structs.replace(event, **cut)


def _unknown(spool: str, number: int) -> NotFoundError:
    return NotFoundError(f"There is no set-aside block {spool[:30]}/{number}.")


ASIDE = (list_aside, preview, download, replay, drop)
