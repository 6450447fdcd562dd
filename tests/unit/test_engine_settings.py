"""Settings of the engine, as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logster.store.embedded.settings import render_settings


@given(st.text())
def test_a_settings_value_cannot_leave_its_quotes(value: str) -> None:
    text = render_settings({"a": value}).removeprefix("SET a = ")
    inside = text[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inside
    assert "\\" not in inside
