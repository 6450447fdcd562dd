"""How long events are kept: seen, weighed and changed by those who look after the machine.

In: an administrator's session or key, of the first workspace: one table holds the events of
all. Out: JSON. Promise: what a shorter time would remove can be asked before it is chosen;
each change is a line in the log with who made it.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import logging
from typing import Annotated

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from logster.config import MAX_RETENTION_DAYS
from logster.errors import StoreError
from logster.meta.retention import Choice, Retention
from logster.store.engine import Engine
from logster.store.schema import EventsTable
from logster.store.usage import Day, Loss, weigh_days, weigh_loss
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.orders import Order
from logster.web.refusals import refusing
from logster.web.shapes import render_optional

log = logging.getLogger(__name__)


class RetentionShape(msgspec.Struct, frozen=True, kw_only=True):
    """How long events are kept, and what is kept now.

    `chosen_days` is null while the operator's setting (`default_days`) counts; `kept_days` is
    what the table does, and differs from `days` for a moment after a change. `held` is what
    there is by day (UTC), of all workspaces; both are null while the store is away.
    """

    days: int
    chosen_days: int | None
    default_days: int
    max_days: int
    changed_at: str | None
    changed_by: str | None
    kept_days: int | None
    held: list[Day] | None


class RetentionOrder(Order, frozen=True, kw_only=True):
    """Days an event is kept from now on; null: as the operator's setting says."""

    days: int | None


@get("/retention", summary="How long events are kept")
async def show_retention(
    operator: NamedDependency[Principal],
    retention: NamedDependency[Retention],
    engine: NamedDependency[Engine],
) -> RetentionShape:
    """Tell how long events are kept and what is kept; for the first workspace's administrators."""
    del operator
    return await _show(retention, engine)


@get("/retention/loss", summary="What a shorter time would remove")
async def show_loss(
    operator: NamedDependency[Principal],
    retention: NamedDependency[Retention],
    engine: NamedDependency[Engine],
    days: Annotated[int, QueryParameter(ge=1, le=MAX_RETENTION_DAYS)],
) -> Loss:
    """Weigh what would be deleted if events were kept for so many days."""
    del operator
    return await weigh_loss(engine, days, _days_of(await retention.find(), retention))


@put("/retention", summary="Change how long events are kept")
async def change_retention(
    operator: NamedDependency[Principal],
    retention: NamedDependency[Retention],
    engine: NamedDependency[Engine],
    data: JSONBody[RetentionOrder],
) -> RetentionShape:
    """Keep events for so many days; a shorter time deletes older ones, within seconds, for good."""
    before = _days_of(await retention.find(), retention)
    with refusing():
        choice = await retention.choose(data.days, operator.name)
    AUDIT.info(
        "%s changed the retention from %d to %d days",
        operator.name,
        before,
        _days_of(choice, retention),
    )
    return await _show(retention, engine)


async def _show(retention: Retention, engine: Engine) -> RetentionShape:
    choice = await retention.find()
    kept_days, held = await _look(engine)
    return RetentionShape(
        days=_days_of(choice, retention),
        chosen_days=choice.days,
        default_days=retention.default_days,
        max_days=MAX_RETENTION_DAYS,
        changed_at=render_optional(choice.changed_at),
        changed_by=choice.changed_by,
        kept_days=kept_days,
        held=held,
    )


def _days_of(choice: Choice, retention: Retention) -> int:
    return choice.days or retention.default_days


async def _look(engine: Engine) -> tuple[int | None, list[Day] | None]:
    try:
        return await EventsTable(engine).kept_days() or None, await weigh_days(engine)
    except StoreError as error:
        log.warning("what is kept is not known: %s", error)
        return None, None


RETENTION = (show_retention, show_loss, change_retention)
