"""What there is: counts over time, values of fields, fields, releases.

In: a selection. Out: JSON. Read rights are enough.
"""

import time
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.store.engine import Engine
from logster.store.facets import DEFAULT_FACETS, DEFAULT_VALUES, MAX_VALUES, facets
from logster.store.field_list import list_fields
from logster.store.histogram import (
    DEFAULT_BUCKETS,
    DEFAULT_TOP,
    MAX_BUCKETS,
    MAX_TOP,
    histogram,
)
from logster.store.input import countable_field_of
from logster.store.releases import find_releases
from logster.store.selection import Selection
from logster.web.shapes import (
    AnswerShape,
    render_optional,
)


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


SUMMARIES = (show_histogram, show_facets, show_fields, show_releases)
