"""Which outcomes a question is about: a time, a key, a dialect, an outcome, a reason.

In: a request. Out: a `Choice`, as a dependency of the handlers. Promise: it never leaves the
caller's workspace; whose key is not known is told to those who look after the machine.

Litestar reads the annotations of the dependency when it starts, so they are real imports.
"""

from typing import Annotated

from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.ledger.questions import Choice
from logster.meta.grants import Right
from logster.meta.members import Members
from logster.outcome import Outcome
from logster.query.moment import Clock, parse_range
from logster.web.access import Principal
from logster.web.selection import Since, Until

MINUTE_NS = 60 * NS_PER_S
#: Without a time, and the most: counts are kept for so long.
DEFAULT_MINUTES, MAX_MINUTES = 24 * 60, 31 * 24 * 60

OutcomeName = Annotated[
    Outcome | None,
    QueryParameter(
        description="stored, repeated, rejected, filtered, limited, refused (bodies), lost; aside."
    ),
]


#: A key's number is 32 bits wide in the store.
KeyNumber = Annotated[
    int | None, QueryParameter(ge=0, lt=1 << 32, description="The number of a key.")
]


async def provide_choice(  # noqa: PLR0917 - each is a parameter of the address
    principal: NamedDependency[Principal],
    members: NamedDependency[Members],
    clock: NamedDependency[Clock],
    since: Since = "",
    until: Until = "",
    key: KeyNumber = None,
    protocol: Annotated[str | None, QueryParameter(description="A dialect: seq, otlp.")] = None,
    outcome: OutcomeName = None,
    reason: Annotated[str | None, QueryParameter(description="Why: syntax, too_large.")] = None,
) -> Choice:
    """Which outcomes a question is about, of the caller's workspace."""
    since_ns, until_ns = parse_range(since, until, clock)
    until_minute = -(-min(until_ns or clock.now_ns, clock.now_ns + MINUTE_NS) // MINUTE_NS)
    first = until_minute - DEFAULT_MINUTES
    since_minute = first if since_ns is None else since_ns // MINUTE_NS
    if since_minute >= until_minute:
        raise QueryError("The time is empty: `since` must be before `until`, and not to come.")
    return Choice(
        workspaces=await _workspaces(principal, members),
        since_minute=max(since_minute, until_minute - MAX_MINUTES),
        until_minute=until_minute,
        key=key,
        protocol=protocol,
        outcome=outcome.value if outcome else None,
        reason=reason,
    )


async def _workspaces(principal: Principal, members: Members) -> list[int]:
    """The caller's own; 0, for keys that nobody knows, for those who look after the machine."""
    is_operator = Right.ADMIN in principal.rights and await members.is_first(principal.workspace)
    return [principal.workspace, 0] if is_operator else [principal.workspace]


CHOICE = Provide(provide_choice)
