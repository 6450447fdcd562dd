"""Which events a question is about."""

from __future__ import annotations

import pytest
from hypothesis import given

from logster.errors import QueryError
from logster.query.tree import EVERYTHING, Filter
from logster.store.parameters import Parameters
from logster.store.selection import Selection
from support.filters import filters


@given(filters)
def test_whatever_is_asked_the_workspace_stays_first(tree: Filter) -> None:
    selection = Selection(workspace=7).with_filter(tree).between(1, 2)
    for where in (
        selection.where(parameters := Parameters()),
        selection.where_newest(parameters := Parameters(), 10),
    ):
        assert where.startswith("workspace = {p1:UInt32} AND timestamp >= ")
        assert parameters.values["p1"] == 7


def test_everything_of_a_workspace_is_one_condition() -> None:
    assert Selection(workspace=7).conditions(Parameters()) == ["workspace = {p1:UInt32}"]


def test_the_newest_hour_is_looked_at_when_nothing_else_is_said() -> None:
    newest = Selection(workspace=7).where_newest(Parameters(), 10)
    assert newest.count("workspace = {p1:UInt32}") == 2
    narrow = Selection(workspace=7, filter=EVERYTHING, since_ns=5, until_ns=6)
    assert narrow.where_newest(Parameters(), 10) == narrow.where(Parameters())


@pytest.mark.parametrize("instant", [-1, 2**63])
def test_an_instant_that_no_event_has_is_refused(instant: int) -> None:
    with pytest.raises(QueryError, match=r"`since` is .* from 1970 to 2262"):
        Selection(workspace=7, since_ns=instant)
    with pytest.raises(QueryError, match=r"`until` is .* from 1970 to 2262"):
        Selection(workspace=7, until_ns=instant)
