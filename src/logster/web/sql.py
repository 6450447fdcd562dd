"""A question in SQL: POST /api/v1/sql, for administrators."""

from typing import Any

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from logster.query.moment import Clock, parse_range
from logster.store.embedded.scope import Scope
from logster.store.engine import Engine
from logster.store.raw_sql import run
from logster.web.access import Principal
from logster.web.orders import Order


class SqlOrder(Order, frozen=True, kw_only=True):
    """One SELECT over `events`, which are those from `since` to `until` (as in a search)."""

    sql: str
    since: str = ""
    until: str = ""


class SqlShape(msgspec.Struct, frozen=True, kw_only=True):
    """Names and rows as the engine gives them.

    How many rows it looked at is not told: blocks of rows are shared with other workspaces.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    elapsed_ms: float


@post("/sql", summary="A question in SQL", status_code=200)
async def ask_sql(
    admin: NamedDependency[Principal],
    clock: NamedDependency[Clock],
    engine: NamedDependency[Engine],
    data: JSONBody[SqlOrder],
) -> SqlShape:
    """Answer one SELECT over the table `events` of the workspace; at most 10,000 rows."""
    since_ns, until_ns = parse_range(data.since, data.until, clock)
    scope = Scope(
        workspace=admin.workspace,
        asker=f"user {admin.session.user}" if admin.session else f"key {admin.key}",
        since_ns=since_ns,
        until_ns=until_ns,
    )
    answer = await run(engine, scope, data.sql)
    return SqlShape(columns=list(answer.names), rows=answer.rows, elapsed_ms=answer.elapsed_ms)
