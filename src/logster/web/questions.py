"""The questions beside the search: counts, facets, fields, releases, patterns, context, files, SQL.

In: `q`, `since` and `until`, the same for all, and what each asks besides. Out: JSON, or a file.
Promise: read rights are enough (SQL needs an administrator); whatever is asked stays inside
the caller's workspace; a question nobody waits for is cancelled (`web/cancellation`).
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from logster.errors import NotFoundError, UnauthorizedError
from logster.query.language import parse_filter
from logster.query.moment import Clock, parse_range
from logster.query.pipes import equals_in
from logster.store.context import (
    DEFAULT_NEIGHBOURS,
    MAX_NEIGHBOURS,
    SCOPES,
    find_context,
)
from logster.store.engine import Engine
from logster.store.export import MEDIA_TYPES, Form, choose_columns, export, parse_form
from logster.store.facets import DEFAULT_FACETS, DEFAULT_VALUES, MAX_VALUES, facets
from logster.store.patterns import DEFAULT_LIMIT, find_patterns
from logster.store.patterns import MAX_LIMIT as MAX_PATTERNS
from logster.store.question import Selection, countable_field_of
from logster.store.raw_sql import run
from logster.store.releases import find_releases
from logster.store.suggestion import find_hint
from logster.store.summary import (
    DEFAULT_BUCKETS,
    DEFAULT_TOP,
    MAX_BUCKETS,
    MAX_TOP,
    histogram,
    list_fields,
)
from logster.web.access import Access, Principal
from logster.web.orders import Order
from logster.web.places import Places
from logster.web.shapes import (
    AnswerShape,
    EventShape,
    HintShape,
    parse_event_id,
    render_optional,
    shape_event,
    shape_hint,
)

#: Of an export, between two looks at whether it may go on.
MAX_SENT_BYTES = 256 * 1024

Text = Annotated[str, QueryParameter(description="A search text; empty finds all.")]
Since = Annotated[
    str,
    QueryParameter(
        description="A time, 2026-11-24T08:00Z or yesterday 13:00, or how long ago: 15m, 2h, 7d."
    ),
]
Until = Annotated[str, QueryParameter(description="The same; the end of the time.")]

Wanted = Annotated[
    bool, QueryParameter(description="false: do not look for what else may be meant.")
]


class SeriesShape(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one value; `kind` is value, other (beyond the top) or missing."""

    name: str
    kind: str
    counts: list[int]


class HistogramShape(AnswerShape, frozen=True, kw_only=True):
    """Counts by time. Bucket i begins at `starts[i]` (ms since 1970) and lasts `interval_ms`.

    Every bucket of the range is there, the empty ones too.
    """

    interval_ms: int
    since: str | None
    until: str | None
    starts: list[int]
    series: list[SeriesShape]
    total: int


class ValueShape(msgspec.Struct, frozen=True, kw_only=True):
    """A value and how many events have it."""

    value: str
    count: int


class FacetShape(msgspec.Struct, frozen=True, kw_only=True):
    """The most frequent values of a field; `missing` events have none.

    The field is counted without the conditions that choose or exclude values of it, and these
    values are there too. `has_more`: there are values beyond.
    """

    field: str
    values: list[ValueShape]
    missing: int
    has_more: bool


class FacetsShape(AnswerShape, frozen=True, kw_only=True):
    """Top values of several fields."""

    facets: list[FacetShape]
    total: int


class FieldShape(msgspec.Struct, frozen=True, kw_only=True):
    """A field as it is typed in a search, the kinds of its values, and how many events have it."""

    name: str
    is_property: bool
    type: str
    types: dict[str, int]
    count: int
    share: float


class FieldsShape(AnswerShape, frozen=True, kw_only=True):
    """The fields of the newest `looked_at` events."""

    fields: list[FieldShape]
    looked_at: int


class ReleaseShape(msgspec.Struct, frozen=True, kw_only=True):
    """A release and when its first event came."""

    name: str
    first_seen: str


class ReleasesShape(AnswerShape, frozen=True, kw_only=True):
    """The newest releases that appeared in the range, at most 20, the newest first."""

    releases: list[ReleaseShape]


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


class ContextShape(AnswerShape, frozen=True, kw_only=True):
    """Events newest first, with the one asked for; `q` finds them all, cursors as in a page."""

    events: list[EventShape]
    q: str
    next: str | None
    previous: str | None


class SqlOrder(Order, frozen=True, kw_only=True):
    """One SELECT over `events`, which are those from `since` to `until` (as in a search)."""

    sql: str
    since: str = ""
    until: str = ""


class SqlShape(msgspec.Struct, frozen=True, kw_only=True):
    """Names and rows as the engine gives them.

    How many rows it looked at is not told: blocks of rows are shared with other workspaces.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    elapsed_ms: float


async def provide_selection(
    principal: NamedDependency[Principal],
    clock: NamedDependency[Clock],
    q: Text = "",
    since: Since = "",
    until: Until = "",
) -> Selection:
    """The events a question is about, inside the caller's workspace."""
    since_ns, until_ns = parse_range(since, until, clock)
    return Selection(
        workspace=principal.workspace,
        filter=parse_filter(q, clock.zone),
        since_ns=since_ns,
        until_ns=until_ns,
    )


@get("/histogram", summary="Counts over time")
async def show_histogram(
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    buckets: Annotated[int, QueryParameter(ge=1, le=MAX_BUCKETS)] = DEFAULT_BUCKETS,
    split: Annotated[
        str, QueryParameter(description="A field or property; a series for each value.")
    ] = "severity",
    top: Annotated[int, QueryParameter(ge=1, le=MAX_TOP)] = DEFAULT_TOP,
) -> HistogramShape:
    """Count the events that match, by time and by the values of a field."""
    found = await histogram(
        engine,
        selection,
        now_ns=time.time_ns(),
        split=countable_field_of(split),
        buckets=buckets,
        top=top,
    )
    return HistogramShape(
        interval_ms=found.interval_ms,
        since=render_optional(found.since_ns),
        until=render_optional(found.until_ns),
        starts=found.starts_ms,
        series=[
            SeriesShape(name=series.name, kind=series.kind, counts=series.counts)
            for series in found.series
        ],
        total=found.total,
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


@get("/facets", summary="Top values of fields")
async def show_facets(
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    field: Annotated[
        list[str] | None, QueryParameter(description="Fields or properties; may be repeated.")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_VALUES)] = DEFAULT_VALUES,
    holding: Annotated[
        str, QueryParameter(description="Only values of the one field that hold this text.")
    ] = "",
) -> FacetsShape:
    """Count the values of several fields among the events that match."""
    names = field or DEFAULT_FACETS
    fields = list(dict.fromkeys(countable_field_of(name) for name in names))
    found = await facets(engine, selection, fields, limit=limit, holding=holding)
    return FacetsShape(
        facets=[
            FacetShape(
                field=facet.field,
                values=[ValueShape(value=value, count=count) for value, count in facet.values],
                missing=facet.missing,
                has_more=facet.has_more,
            )
            for facet in found.facets
        ],
        total=found.total,
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


@get("/fields", summary="Which fields there are")
async def show_fields(
    engine: NamedDependency[Engine], selection: NamedDependency[Selection]
) -> FieldsShape:
    """List the fields and properties of the newest events that match."""
    found = await list_fields(engine, selection)
    return FieldsShape(
        fields=[
            FieldShape(
                name=info.name,
                is_property=info.field.is_property,
                type=max(info.types, key=lambda kind: info.types[kind]),
                types=info.types,
                count=info.count,
                share=info.count / found.looked_at,
            )
            for info in found.fields
        ],
        looked_at=found.looked_at,
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


@get("/releases", summary="Which releases appeared")
async def show_releases(
    engine: NamedDependency[Engine], selection: NamedDependency[Selection]
) -> ReleasesShape:
    """List the releases whose first event is in the range, by `application` and `environment`.

    All other conditions of the search are left out: a release appears with its first event,
    whatever that says.
    """
    found = await find_releases(engine, selection)
    return ReleasesShape(
        releases=[
            ReleaseShape(name=release.name, first_seen=render_optional(release.first_ns) or "")
            for release in found.releases
        ],
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


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
    told = await find_hint(engine, selection) if hint and not found.looked_at else None
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


@get("/context/{event_id:str}", summary="What happened around an event")
async def show_context(
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    event_id: FromPath[str],
    shared: Annotated[
        str,
        QueryParameter(name="scope", description=f"What they share: {', '.join(SCOPES)}, or all."),
    ] = "application",
    before: Annotated[int, QueryParameter(ge=0, le=MAX_NEIGHBOURS)] = DEFAULT_NEIGHBOURS,
    after: Annotated[int, QueryParameter(ge=0, le=MAX_NEIGHBOURS)] = DEFAULT_NEIGHBOURS,
) -> ContextShape:
    """Give the event with its neighbours of the same application, host, user or trace."""
    number = parse_event_id(event_id)
    if number is None:
        raise NotFoundError(f"There is no event {event_id[:30]!r} in this workspace (yet).")
    found = await find_context(engine, selection, number, scope=shared, before=before, after=after)
    return ContextShape(
        events=[shape_event(event) for event in found.events],
        q=found.filter,
        next=found.next,
        previous=found.previous,
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


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


@post("/sql", summary="A question in SQL", status_code=200)
async def ask_sql(
    admin: NamedDependency[Principal],
    clock: NamedDependency[Clock],
    engine: NamedDependency[Engine],
    data: JSONBody[SqlOrder],
) -> SqlShape:
    """Answer one SELECT over the table `events` of the workspace; at most 10,000 rows."""
    since_ns, until_ns = parse_range(data.since, data.until, clock)
    answer = await run(
        engine,
        admin.workspace,
        data.sql,
        asker=f"user {admin.session.user}" if admin.session else f"key {admin.key}",
        since_ns=since_ns,
        until_ns=until_ns,
    )
    return SqlShape(columns=list(answer.names), rows=answer.rows, elapsed_ms=answer.elapsed_ms)


QUESTIONS = (
    show_histogram,
    show_facets,
    show_fields,
    show_releases,
    show_patterns,
    show_context,
    export_events,
    ask_sql,
)
SELECTION = Provide(provide_selection)
