"""Filters as text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given

from logster.query.parse import parse_filter
from logster.query.render import render_filter
from support.filters import filters

if TYPE_CHECKING:
    from logster.query.tree import Filter

BERLIN = ZoneInfo("Europe/Berlin")


@given(filters)
def test_a_rendered_tree_parses_to_itself(tree: Filter) -> None:
    assert tree == parse_filter(render_filter(tree))


def test_what_is_written_without_a_zone_is_rendered_with_one() -> None:
    tree: Filter = parse_filter("timestamp>=2026-12-01T00:20", BERLIN)
    assert parse_filter(render_filter(tree)) == tree
