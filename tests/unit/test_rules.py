"""What the settings of a key do with its events, before and after they are stamped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import OPTIONAL_COLUMNS, Batch, Columns, Event
from logster.ingest.rules import complete, find_filtered
from logster.ingest.sieve import find_matches
from logster.meta.key_settings import NOTHING, Rules, change_settings, read_rules, render_settings
from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.query.tree import Field, fields_in
from support.filters import events, filters

if TYPE_CHECKING:
    from logster.query.tree import Filter


def rules_of(**settings: Any) -> Rules:
    rules = read_rules(render_settings(change_settings(NOTHING, settings)))
    assert rules is not None
    return rules


def batch_of(columns: Columns) -> Batch:
    return Batch(columns, list(range(1, len(columns) + 1)), 5, 1, 2, "seq")


def columns_of(*messages: str, **others: list[Any]) -> Columns:
    severity = others.pop("severity", [2] * len(messages))
    return Columns(message=list(messages), severity=severity, **others)


def as_batch(several: list[Event]) -> Batch:
    """Events as they are before they are stored; what they share is that of the first."""
    columns: dict[str, Any] = {
        name: [getattr(event, name) for event in several] for name in OPTIONAL_COLUMNS
    }
    for name in ("properties", "details"):
        columns[name] = [msgspec.json.encode(value) if value else None for value in columns[name]]
    for name, values in columns.items():
        if values.count(None) == len(values):
            columns[name] = None
    return Batch(
        Columns(
            message=[event.message for event in several],
            severity=[event.severity for event in several],
            **columns,
        ),
        [event.id for event in several],
        several[0].received_at,
        several[0].workspace,
        several[0].key,
        several[0].protocol,
    )


@given(several=st.lists(events(), min_size=1, max_size=5), tree=filters)
def test_a_filter_means_the_same_before_events_are_stored(
    several: list[Event], tree: Filter
) -> None:
    if Field("issue") in fields_in(tree):
        return
    shared = {name: getattr(several[0], name) for name in ("received_at", "protocol")}
    several = [msgspec.structs.replace(event, **shared) for event in several]
    expected = {index for index, event in enumerate(several) if matches(tree, event)}
    assert find_matches(tree, as_batch(several)) == expected


def test_a_pattern_takes_no_longer_than_the_text_is_long() -> None:
    batch = batch_of(columns_of("a" * 200_000))
    started = time.process_time()
    assert find_matches(parse_filter("/(a+)+b/ or message:a*a*a*b"), batch) == set()
    assert time.process_time() - started < 2


def test_half_a_character_in_a_property_fits_no_pattern() -> None:
    columns = columns_of("m", properties=[b'{"a":"x\\ud800"}'])
    assert find_matches(parse_filter("a:/x/"), batch_of(columns)) == {0}


def test_defaults_are_for_events_that_say_nothing_themselves() -> None:
    columns = columns_of("a", "b", "c", application=["own", "", None])
    complete(columns, rules_of(application="shop", environment="production"))
    assert columns.application == ["own", "shop", "shop"]
    assert columns.environment == ["production"] * 3
    assert columns.category is None


def test_properties_are_added_where_the_client_has_none_of_that_name() -> None:
    columns = columns_of("a", "b", properties=[b'{"team":"x","n":1.50}', None])
    complete(columns, rules_of(properties={"team": "core", "shard": 7}))
    assert columns.properties is not None
    first, second = columns.properties
    assert msgspec.json.decode(first or b"") == {"team": "x", "shard": 7, "n": 1.5}
    assert b"1.50" in (first or b""), "a number stays as it was sent"
    assert msgspec.json.decode(second or b"") == {"team": "core", "shard": 7}


def test_what_is_less_severe_or_not_found_is_filtered_with_its_reason() -> None:
    columns = columns_of("keep", "low", "drop", "low drop", severity=[3, 1, 4, 0])
    rules = rules_of(minimum_severity="info", filter="-drop")
    assert find_filtered(batch_of(columns), rules) == {
        1: "severity",
        2: "filter",
        3: "severity",
    }


@pytest.mark.parametrize(
    "settings", [{"minimum_severity": "trace"}, {"filter": ""}, {"application": "shop"}]
)
def test_what_asks_for_nothing_filters_nothing(settings: dict[str, Any]) -> None:
    rules = rules_of(**{"category": "x", **settings})
    assert find_filtered(batch_of(columns_of("a", severity=[0])), rules) == {}


def test_off_is_above_every_minimum() -> None:
    batch = batch_of(columns_of("a", severity=[6]))
    assert find_filtered(batch, rules_of(minimum_severity="fatal")) == {}


def test_a_filter_sees_defaults_and_what_the_server_knows() -> None:
    columns = columns_of("a", "b", application=[None, "own"])
    rules = rules_of(
        application="shop", properties={"team": "core"}, filter="application:shop team:core id:1"
    )
    complete(columns, rules)
    assert find_filtered(batch_of(columns), rules) == {1: "filter"}
