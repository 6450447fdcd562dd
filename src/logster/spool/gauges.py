"""What spools hold, as gauges of /metrics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from logster import metrics

if TYPE_CHECKING:
    from logster.spool.state import SpoolState


def show_spool(state: SpoolState) -> None:
    """Tell what a spool holds; whoever looked last is believed."""
    name, oldest_at = state.name, state.oldest_at
    metrics.SPOOL_EVENTS.labels(name).set(state.events)
    metrics.SPOOL_BYTES.labels(name).set(state.bytes)
    metrics.SPOOL_AGE_S.labels(name).set(max(time.time() - oldest_at, 0.0) if oldest_at else 0.0)


def show_aside(state: SpoolState) -> None:
    """Tell what of a spool is set aside or lost."""
    metrics.SPOOL_ASIDE.labels(state.name).set(state.aside_events)
    metrics.SPOOL_LOST.labels(state.name).set(state.lost_events)
