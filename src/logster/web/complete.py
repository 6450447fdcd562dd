"""Completion of a search: GET /api/v1/complete.

In: a search and the place of the cursor. Out: what may stand there.
Promise: as of every question, names and values are those of the caller's workspace.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.query.complete import gap_in
from logster.query.limits import check_text
from logster.query.moment import Clock
from logster.store.complete import complete
from logster.store.engine import Engine
from logster.web.access import Principal


class SuggestionShape(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is how many of the newest events have it; null where nobody counted."""

    text: str
    count: int | None


class CompletionShape(msgspec.Struct, frozen=True, kw_only=True):
    """What replaces the text from `start` to the cursor."""

    start: int
    suggestions: list[SuggestionShape]


@get("/complete", summary="Complete a search")
async def complete_search(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    clock: NamedDependency[Clock],  # noqa: ARG001  all questions take a zone, and check it
    q: Annotated[str, QueryParameter(description="A search, finished or not.")] = "",
    cursor: Annotated[
        int | None, QueryParameter(ge=0, description="In characters; the end of `q` if left out.")
    ] = None,
) -> CompletionShape:
    """Suggest fields, values and words for the place of the cursor, from the newest events."""
    check_text(q)
    left = q if cursor is None else q[:cursor]
    gap = gap_in(left)
    if gap is None:
        return CompletionShape(start=len(left), suggestions=[])
    found = await complete(engine, principal.workspace, gap)
    return CompletionShape(
        start=gap.start,
        suggestions=[SuggestionShape(text=each.text, count=each.count) for each in found],
    )
