"""A body that was refused, tried again: the same reader and intake, with what its key may now.

In: a body as the ledger has kept it. Out: a receipt, or the refusal of today.
Promise: however often it is tried, and whatever crashes when, its events are stored once: a retry
is a request with an `Idempotency-Key` of its own, whose answer outlives the body in the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.errors import ConflictError, ForbiddenError
from logster.event import NS_PER_S
from logster.ingest.body import Body
from logster.ingest.delivery import Delivery
from logster.ingest.protocol import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from logster.ingest.intake import Intake
    from logster.ingest.protocol import Protocol, Receipt
    from logster.ingest.routes import Routes
    from logster.meta.grants import Grant
    from logster.outcome import Refused

#: Apart from all routes, whose keys their clients choose.
ROUTE = "retry"
#: A body is kept for seven days; while it can be tried, what came of a try is known.
ANSWER_LIFE_S = 8 * 86_400


class Retries:
    """Tries bodies again, in one worker."""

    def __init__(
        self,
        routes: Routes,
        protocols: Iterable[Protocol],
        *,
        intake: Intake,
        find_grant: Callable[[int, int], Grant | None],
        max_bytes: int,
        zone: str = "",
    ) -> None:
        """`find_grant` gives what a key of a workspace may now; None when it was revoked.

        `zone` is that of times in syslog that say none.
        """
        self._zone = zone
        self._routes = routes
        self._protocols = {protocol.name: protocol for protocol in protocols}
        self._intake = intake
        self._find_grant = find_grant
        self._max_bytes = max_bytes

    @property
    def protocols(self) -> tuple[str, ...]:
        """The names of all dialects."""
        return tuple(self._protocols)

    async def retry(self, refused: Refused, name: str) -> Receipt:
        """Take a body in; `name` is its own, the same each time. Raises RefusedError."""
        grant = self._find_grant(refused.workspace, refused.key)
        if grant is None:
            raise ForbiddenError("Its key was revoked, or may not send any more.")
        protocol, request = self._read_head(refused)
        if protocol.check is not None:
            protocol.check(request)
        body = Body(self._max_bytes, "LOGSTER_MAX_BATCH_BYTES")
        body.add(refused.body)
        self._intake.check_room(body.size, grant.key)
        try:
            self._intake.hold(body.size, grant.key)
            return await self._intake.keep(
                Delivery(
                    protocol=protocol,
                    request=request,
                    grant=grant,
                    body=body,
                    encoding=request.headers.get("content-encoding", ""),
                    route=ROUTE,
                    idempotency_key=name,
                    is_retry=True,
                    answer_life_s=ANSWER_LIFE_S,
                    places=None if refused.places is None else frozenset(refused.places),
                    count=refused.count,
                )
            )
        finally:
            self._intake.release(body.size, grant.key)

    def _read_head(self, refused: Refused) -> tuple[Protocol, Request]:
        """Who reads it, and what may be known of its request."""
        match = self._routes.find(refused.path, refused.method) if refused.path else None
        is_route = match and match.is_intake and match.protocol.name == refused.protocol
        request = Request(
            method=refused.method,
            path=refused.path,
            query=refused.query,
            uri=refused.path,
            headers=refused.headers,
            route=match.route if match and is_route else None,
            params=match.params if match and is_route else {"zone": self._zone},
            received_at=round(refused.at * NS_PER_S),
        )
        protocol = self._protocols.get(refused.protocol)
        if protocol is None or (refused.path and not is_route):
            raise ConflictError(f"{refused.path} is not read as {refused.protocol} any more.")
        return protocol, request
