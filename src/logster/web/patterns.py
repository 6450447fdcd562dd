"""Messages by their shape: GET /api/v1/patterns."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.query.question import equals_in
from logster.store.engine import Engine
from logster.store.patterns import DEFAULT_LIMIT, find_patterns
from logster.store.patterns import MAX_LIMIT as MAX_PATTERNS
from logster.store.selection import Selection
from logster.store.suggestion import find_suggestion
from logster.web.selection import Text, Wanted
from logster.web.shapes import (
    AnswerShape,
    HintShape,
    render_optional,
    shape_hint,
)


class PatternShape(msgspec.Struct, frozen=True, kw_only=True):
    """A shape of messages. `q` finds its events; null when it holds no word to search by."""

    pattern: str
    count: int
    share: float
    first_seen: str
    last_seen: str
    severities: dict[str, int]
    example: str
    example_id: str
    q: str | None


class PatternsShape(AnswerShape, frozen=True, kw_only=True):
    """The most frequent of `distinct` shapes among the newest `looked_at` events.

    `hint` and `notice` are those of a page of events.
    """

    patterns: list[PatternShape]
    distinct: int
    looked_at: int
    hint: HintShape | None
    notice: str | None


@get("/patterns", summary="Messages by their shape")
async def show_patterns(
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    q: Text = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PATTERNS)] = DEFAULT_LIMIT,
    hint: Wanted = True,
) -> PatternsShape:
    """Collapse the newest messages that match to their shapes, the most frequent first."""
    found = await find_patterns(engine, selection, limit=limit)
    told = await find_suggestion(engine, selection) if hint and not found.looked_at else None
    return PatternsShape(
        patterns=[
            PatternShape(
                pattern=pattern.pattern,
                count=pattern.count,
                share=pattern.count / found.looked_at,
                first_seen=render_optional(pattern.first_ns) or "",
                last_seen=render_optional(pattern.last_ns) or "",
                severities=pattern.severities,
                example=pattern.example,
                example_id=str(pattern.example_id),
                q=pattern.filter,
            )
            for pattern in found.patterns
        ],
        distinct=found.distinct,
        looked_at=found.looked_at,
        hint=shape_hint(told),
        notice=equals_in(q),
        elapsed_ms=found.elapsed_ms + (told.elapsed_ms if told else 0),
        rows_read=found.rows_read + (told.rows_read if told else 0),
    )
