"""What a key's settings may be, and how they come back from the table."""

from __future__ import annotations

from typing import Any

import pytest

from logster.errors import QueryError
from logster.meta.key_settings import (
    NOTHING,
    KeySettings,
    change_settings,
    read_rules,
    read_settings,
    render_settings,
)


def test_a_change_leaves_the_other_settings_as_they_are() -> None:
    settings = change_settings(NOTHING, {"application": "shop", "daily_bytes": 1000})
    changed = change_settings(settings, {"daily_bytes": None, "minimum_severity": "warn"})
    assert changed == KeySettings(application="shop", minimum_severity="warn")


@pytest.mark.parametrize(
    "empty",
    [
        {"application": ""},
        {"application": "  "},
        {"filter": None},
        {"filter": ""},
        {"properties": {}},
        {"properties": None},
        {"origins": []},
        {"burst_events": None, "events_per_second": None},
        {},
    ],
)
def test_nothing_is_nothing_however_it_is_said(empty: dict[str, Any]) -> None:
    assert change_settings(NOTHING, empty) == NOTHING
    assert render_settings(change_settings(NOTHING, empty)) is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"application": "x" * 201}, "application has at most 200"),
        ({"category": "a\nb"}, "category"),
        ({"minimum_severity": "loud"}, "minimum_severity"),
        ({"properties": {"": 1}}, "A property's name"),
        ({"properties": {"a": [1]}}, "properties"),
        ({"properties": {str(number): 1 for number in range(51)}}, "at most 50"),
        ({"properties": {"a": "x" * 9000}}, "8192"),
        ({"properties": {"a": "\ud800"}}, "half of a character"),
        ({"events_per_second": -1}, "events_per_second"),
        ({"events_per_second": 0}, "0 lets nothing in"),
        ({"burst_events": 5}, "set both"),
        ({"events_per_second": 1, "burst_events": -1}, "burst_events"),
        ({"daily_bytes": -5}, "daily_bytes"),
        ({"daily_bytes": 1.5}, "daily_bytes"),
        ({"origins": ["shop.example"]}, "no origin"),
        ({"origins": ["https://shop.example/path"]}, "no origin"),
        ({"origins": [f"https://{number}.example" for number in range(51)]}, "at most 50"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        change_settings(NOTHING, wrong)


def test_a_mistake_in_a_filter_has_its_place() -> None:
    with pytest.raises(QueryError, match="The filter: ") as caught:
        change_settings(NOTHING, {"filter": "severity>=error and ("})
    assert caught.value.position == len("severity>=error and (")


@pytest.mark.parametrize("text", ["issue:7", "severity:error or -issue>3", "x" * 2001])
def test_a_filter_asks_for_what_is_known_when_an_event_comes(text: str) -> None:
    with pytest.raises(QueryError, match=r"[Tt]he filter"):
        change_settings(NOTHING, {"filter": text})


def test_settings_come_back_from_the_table_as_they_were() -> None:
    settings = change_settings(
        NOTHING,
        {
            "application": "shop",
            "minimum_severity": "info",
            "filter": "-category:Health*",
            "properties": {"team": "a", "n": 5, "f": 1.5, "yes": True},
            "events_per_second": 10,
            "burst_events": 50,
            "daily_bytes": 10**9,
            "origins": ["https://Shop.example/", "http://localhost:3000"],
        },
    )
    assert settings.origins == ("https://shop.example", "http://localhost:3000")
    assert read_settings(render_settings(settings)) == settings
    rules = read_rules(render_settings(settings))
    assert rules is not None
    assert rules.minimum_severity == 2
    assert rules.defaults == (("application", "shop"),)
    assert rules.has_limits


def test_what_a_newer_version_wrote_is_left_out() -> None:
    assert read_settings('{"application": "shop", "moon": "full"}').application == "shop"
    assert read_rules('{"minimum_severity": "loud"}') is None
    rules = read_rules('{"application": "shop", "filter": "(new ~~ syntax"}')
    assert rules is not None
    assert rules.filter is None
    assert rules.defaults == (("application", "shop"),)


@pytest.mark.parametrize(
    ("origins", "origin", "is_allowed"),
    [
        ([], "https://any.example", True),
        (["https://shop.example"], "https://shop.example", True),
        (["https://shop.example"], "HTTPS://SHOP.example", True),
        (["https://shop.example"], "https://shop.example:8443", False),
        (["https://shop.example"], "http://shop.example", False),
        (["https://shop.example"], "https://shop.example.evil.example", False),
        (["https://*.shop.example"], "https://eu.shop.example", True),
        (["https://*.shop.example"], "https://a.b.shop.example", True),
        (["https://*.shop.example"], "https://shop.example", False),
        (["https://*.shop.example"], "https://evilshop.example", False),
        (["https://*.shop.example"], "http://eu.shop.example", False),
        (["https://shop.example"], "null", False),
        (["null"], "null", True),
    ],
)
def test_which_pages_may_send(origins: list[str], origin: str, is_allowed: bool) -> None:
    settings = change_settings(NOTHING, {"origins": origins, "application": "x"})
    rules = read_rules(render_settings(settings))
    assert rules is not None
    assert rules.allows(origin) == is_allowed
