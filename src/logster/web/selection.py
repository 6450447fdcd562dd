"""Which events a question is about: `q`, `since` and `until`, the same for all questions.

In: a request. Out: a `Selection`, as a dependency of the handlers or from a filter that they read.
Promise: it never leaves the caller's workspace.
"""

from typing import Annotated

from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from logster.query.moment import Clock, parse_range
from logster.query.parse import parse_filter
from logster.query.tree import Filter
from logster.store.selection import Selection
from logster.track.aliases import NOTHING, Aliases, Merged
from logster.web.access import Principal

Text = Annotated[str, QueryParameter(description="A search text; empty finds all.")]
Since = Annotated[
    str,
    QueryParameter(
        description="A time, 2026-11-24T08:00Z or yesterday 13:00, or how long ago: 15m, 2h, 7d."
    ),
]
Until = Annotated[str, QueryParameter(description="The same; the end of the time.")]

Wanted = Annotated[
    bool, QueryParameter(description="false: do not look for what else may be meant.")
]


async def provide_selection(
    principal: NamedDependency[Principal],
    clock: NamedDependency[Clock],
    merged: NamedDependency[Merged],
    q: Text = "",
    since: Since = "",
    until: Until = "",
) -> Selection:
    """The events a question is about, inside the caller's workspace."""
    tree = parse_filter(q, clock.zone)
    return select(principal, clock, tree, since, until, merged=merged)


def select(
    principal: Principal,
    clock: Clock,
    tree: Filter,
    since: str = "",
    until: str = "",
    *,
    merged: Merged = NOTHING,
) -> Selection:
    """The events that a filter finds, inside the caller's workspace.

    An issue that it names stands for all that was merged into it.
    """
    since_ns, until_ns = parse_range(since, until, clock)
    return Selection(
        workspace=principal.workspace,
        filter=merged.spell_out(tree),
        since_ns=since_ns,
        until_ns=until_ns,
    )


async def provide_merged(
    principal: NamedDependency[Principal], aliases: NamedDependency[Aliases]
) -> Merged:
    """Which issues of the caller's workspace are one."""
    return aliases.within(principal.workspace)


SELECTION = Provide(provide_selection)
MERGED = Provide(provide_merged)
