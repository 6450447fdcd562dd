"""What other programs call the fields of every event."""

from __future__ import annotations

import pytest

from logster.event import Event
from logster.fields.aliases import ALIASES, WRITTEN_NAMES, field_for, find_fields


@pytest.mark.parametrize(
    ("name", "field"),
    [("LogLevel", "severity"), ("user_id", "user"), ("service.version", "release"), ("x", None)],
)
def test_a_name_that_is_typed_may_mean_a_field(name: str, field: str | None) -> None:
    assert field_for(name) == field


def test_of_the_names_in_a_log_the_surest_holds_the_field() -> None:
    assert find_fields(["event", "Message", "log.level", "LEVEL", "x"]) == {
        "message": "Message",
        "severity": "LEVEL",
    }


def test_of_equal_names_the_last_one_counts() -> None:
    assert find_fields(["msg", "MSG"]) == {"message": "MSG"}


def test_what_a_program_may_mean_otherwise_is_no_field() -> None:
    assert find_fields(["version", "error", "service", "node", "trace"]) == {}


def test_every_field_is_one_of_an_event_and_no_name_is_that_of_two() -> None:
    assert set(WRITTEN_NAMES) | set(ALIASES) <= set(Event.__struct_fields__)
    for table in (WRITTEN_NAMES, ALIASES):
        names = [name for each in table.values() for name in each]
        assert len(set(names)) == len(names)
