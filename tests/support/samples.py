"""Random values to insert once and ask many times."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, given, settings

from support.filters import FIRST_NS, events

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from logster.event import Event

T = TypeVar("T")


def sample(strategy: st.SearchStrategy[T], size: int) -> list[T]:
    """Random values of a strategy."""
    values: list[T] = []

    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        values.append(value)

    collect()
    return values


def random_events(workspace: int, size: int, *, apart_ns: int = 1_000_000) -> list[Event]:
    """Events of one workspace, oldest first, with the ids 1 to `size`."""
    return [
        msgspec.structs.replace(
            event,
            id=number,
            workspace=workspace,
            issue=0,
            timestamp=FIRST_NS + number * apart_ns,
            received_at=FIRST_NS,
        )
        for number, event in enumerate(sample(events(), size), start=1)
    ]
