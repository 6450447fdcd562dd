"""Everything that matches, as a file: GET /api/v1/export.

In: a selection, a format, columns. Out: a stream of bytes, piece by piece.
Promise: so many at a time (`web/places`); who may no longer look gets a file that is visibly cut.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from logster.errors import UnauthorizedError
from logster.store.engine import Engine
from logster.store.export.columns import choose_columns
from logster.store.export.form import MEDIA_TYPES, Form, parse_form
from logster.store.export.paging import export
from logster.store.selection import Selection
from logster.web.access import Access, Principal
from logster.web.places import Places

#: Of an export, between two looks at whether it may go on.
MAX_SENT_BYTES = 256 * 1024


@get("/export", summary="Everything that matches, as a file")
async def export_events(
    *,
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    access: NamedDependency[Access],
    exports: NamedDependency[Places],
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    chosen: Annotated[
        str, QueryParameter(name="format", description=f"One of {', '.join(Form)}.")
    ] = Form.NDJSON,
    column: Annotated[
        list[str] | None,
        QueryParameter(description="Fields or properties; may be repeated. Default: all fields."),
    ] = None,
    limit: Annotated[
        int | None, QueryParameter(ge=1, description="At most so many events; default: all.")
    ] = None,
) -> Stream:
    """Stream the events that match, newest first, as NDJSON, CSV or Parquet."""
    form = parse_form(chosen)
    exports.check_room(principal)
    pieces = export(engine, selection, form, choose_columns(column or []), limit=limit)
    with exports.place(principal):
        # The first piece before the status, so that a refusal can still be said by one.
        first = await anext(pieces, b"")
    name = f"logster-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    return Stream(
        _chain(first, pieces, exports.place(principal), access.watch(request, principal)),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            # nginx would collect the file in a buffer otherwise.
            "X-Accel-Buffering": "no",
        },
    )


async def _chain(
    first: bytes,
    pieces: AsyncIterator[bytes],
    place: AbstractContextManager[None],
    is_still_admitted: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """The pieces; whoever may no longer look gets a file that is visibly cut."""
    with place:
        async for sent in _cut(first, pieces):
            if not await is_still_admitted():
                raise UnauthorizedError("The session or key of this export has ended.")
            yield sent


async def _cut(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, none of them long: who takes one slowly would go on with it for hours."""
    piece: bytes | None = first
    while piece is not None:
        for start in range(0, len(piece), MAX_SENT_BYTES):
            yield piece[start : start + MAX_SENT_BYTES]
        piece = await anext(pieces, None)
