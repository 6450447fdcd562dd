"""An export, page by page: each page is one question, whatever the kind of file.

In: a `Selection`, a `Form`, columns. Out: the pieces of the file.
Promise: constant memory on every side, however many events and however slow the reader;
each event that was there at the start exactly once (it pages like `store/search`).

A slow reader holds no place in the engine, and no export is too long for the time of one question.
The engine writes the text of whole pages; of a page this process sees its last key alone.
Reasons and figures: docs/decisions/007.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from logster.errors import QueryTooHeavyError, StoreUnavailableError
from logster.store.export.form import Form
from logster.store.export.page import Place
from logster.store.export.parquet import ParquetFile
from logster.store.export.text import TextFile
from logster.store.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from logster.store.engine import Engine
    from logster.store.export.columns import Column
    from logster.store.export.page import File, Page
    from logster.store.selection import Selection

FIRST_PAGE_ROWS, MAX_PAGE_ROWS = 2_000, 50_000
#: A store that is away in the middle of an export is waited for this long: it restarts.
MAX_WAIT_S = 30.0
LOOK_AGAIN_S = 0.5


async def export(
    engine: Engine,
    selection: Selection,
    form: Form,
    columns: Sequence[Column],
    *,
    limit: int | None = None,
) -> AsyncIterator[bytes]:
    """The pieces of the file; the first one comes when the store has answered."""
    file: File = ParquetFile(columns) if form is Form.PARQUET else TextFile(form, columns)
    rows, left, before = FIRST_PAGE_ROWS, limit, None
    while left is None or left > 0:
        asked = rows if left is None else min(rows, left)
        place = Place(selection, before, asked)
        try:
            page = await (
                _ask(engine, file, place) if before is None else _insist(engine, file, place)
            )
        except QueryTooHeavyError:
            if asked == 1:
                raise
            rows = max(asked // 8, 1)
            continue
        if page.piece:
            yield page.piece
        if page.count < asked:
            break
        left, before = None if left is None else left - page.count, page.last
        fitting = file.page_bytes * page.count // max(page.size, 1)
        rows = min(max(fitting, 1), rows * 4, MAX_PAGE_ROWS)
    if end := file.end():
        yield end


async def _ask(engine: Engine, file: File, place: Place) -> Page:
    parameters = Parameters()
    sql, answer_format = file.sql(parameters, place)
    return await file.write(await engine.fetch(sql, parameters.values, answer_format))


async def _insist(engine: Engine, file: File, place: Place) -> Page:
    """Ask until the store is back: the reader has a part of the file already."""
    until = time.monotonic() + MAX_WAIT_S
    while True:
        try:
            return await _ask(engine, file, place)
        except StoreUnavailableError:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(LOOK_AGAIN_S)
