"""Which events a question is about; all questions say it in this one way.

In: a workspace (which the caller has checked), a filter and instants, which may come from a
stranger. Out: the condition that a question puts behind its WHERE.
Promise: the workspace is the first condition and stands outside everything the filter adds.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.query.moment import MAX_INSTANT_NS
from logster.query.tree import EVERYTHING, Filter
from logster.store.conditions import condition
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.parameters import Parameters

HOUR_NS = 3600 * NS_PER_S


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The events of a workspace that a filter finds, at or after `since_ns`, before `until_ns`."""

    workspace: int
    filter: Filter = EVERYTHING
    since_ns: int | None = None
    until_ns: int | None = None

    def __post_init__(self) -> None:
        for name, instant in (("since", self.since_ns), ("until", self.until_ns)):
            # 64-bit nanoseconds since 1970 hold no others.
            if instant is not None and not 0 <= instant <= MAX_INSTANT_NS:
                raise QueryError(f"`{name}` is {instant} ns, it can be from 1970 to 2262")

    def with_filter(self, tree: Filter) -> Selection:
        """Other events of the same time."""
        return msgspec.structs.replace(self, filter=tree)

    def between(self, since_ns: int | None, until_ns: int | None) -> Selection:
        """The same events of another time."""
        return msgspec.structs.replace(self, since_ns=since_ns, until_ns=until_ns)

    def conditions(self, parameters: Parameters) -> list[str]:
        """What the events fulfil, to be joined by AND; the workspace first."""
        parts = [f"workspace = {parameters.bind(self.workspace, 'UInt32')}"]
        if self.since_ns is not None:
            parts.append(f"timestamp >= {parameters.instant(self.since_ns)}")
        if self.until_ns is not None:
            parts.append(f"timestamp < {parameters.instant(self.until_ns)}")
        if self.filter != EVERYTHING:
            parts.append(condition(self.filter, parameters))
        return parts

    def where(self, parameters: Parameters) -> str:
        """The conditions as one text."""
        return " AND ".join(self.conditions(parameters))

    def where_newest(self, parameters: Parameters, count: int) -> str:
        """The conditions when the newest `count` events are wanted: what they all fulfil.

        Without a filter, and where the newest hour has so many, it is the newest hour: of a large
        table the engine then reads that instead of the newest blocks of every part. The same
        question counts the hour, so its answer stays exact.
        """
        where = self.where(parameters)
        now_ns = time.time_ns()
        hour_ns = (now_ns if self.until_ns is None else min(self.until_ns, now_ns)) - HOUR_NS
        if self.filter != EVERYTHING or hour_ns <= (self.since_ns or 0):
            return where
        hour = self.between(hour_ns, self.until_ns).where(parameters)
        is_enough = f"count() >= {parameters.bind(count, 'UInt32')}"
        begins = f"if({is_enough}, {parameters.instant(hour_ns)}, {parameters.instant(0)})"
        return f"{where} AND timestamp >= (SELECT {begins} FROM {EVENTS.read} WHERE {hour})"
