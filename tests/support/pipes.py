"""Random pipes over the vocabulary of `support.filters`."""

from __future__ import annotations

from hypothesis import strategies as st

from logster.query.stats import Aggregate, Stats
from logster.query.tree import NAME_FIELDS, NUMBER_FIELDS, PROSE_FIELDS, TIME_FIELDS, Field
from support.filters import PATHS

properties = st.sampled_from((*PATHS, "severity", "")).map(
    lambda path: Field(path, is_property=True)
)
keys = st.sampled_from((*NAME_FIELDS, *NUMBER_FIELDS, *PROSE_FIELDS)).map(Field) | properties
fields = keys | st.sampled_from(TIME_FIELDS).map(Field)
aggregates = st.one_of(
    st.just(Aggregate("count")),
    st.builds(Aggregate, st.just("distinct"), fields),
    st.builds(
        Aggregate,
        st.sampled_from(("sum", "avg", "min", "max", "p1", "p50", "p90", "p95", "p99", "p99.9")),
        properties | st.just(Field("severity")),
    ),
    st.builds(Aggregate, st.sampled_from(("min", "max")), st.sampled_from(TIME_FIELDS).map(Field)),
)


@st.composite
def pipes(draw: st.DrawFn) -> Stats:
    """What may stand behind a pipe."""
    numbers = tuple(draw(st.lists(aggregates, min_size=1, max_size=3, unique=True)))
    every_s = draw(st.none() | st.sampled_from((1, 60, 420, 3_600, 86_400, 172_800, 604_800)))
    return Stats(
        numbers,
        tuple(draw(st.lists(keys, max_size=2, unique=True))),
        every_s,
        draw(st.none() | st.integers(1, 5)),
    )
