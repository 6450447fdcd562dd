"""The sockets of one worker: opened as the settings say, watched, and closed at the end.

In: the settings, what the keys grant, the intake. Out: nothing; events go to the intake.
Promise: what was read is kept before the end, for as long as the spool takes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from logster import metrics
from logster.errors import RefusedError
from logster.ingest.protocol import Request
from logster.ingest.sockets.inbox import MAX_DATAGRAM_BYTES, MAX_STREAM_BYTES, Inbox
from logster.ingest.sockets.losses import Losses
from logster.ingest.sockets.tcp import Connections
from logster.ingest.sockets.tls import build_context
from logster.ingest.sockets.udp import Datagrams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from logster.config import Config
    from logster.endpoint import Endpoint
    from logster.faults import Faults
    from logster.ingest.intake import Intake
    from logster.ingest.sockets.dialect import Dialect
    from logster.meta.grants import Grant

    OnDone = Callable[[asyncio.Task[None]], None]

#: How often drops, pauses and revoked keys are looked for.
LOOK_S = 0.5
#: What waits at the end has so long to be kept.
LAST_FRAMES_S = 8.0


class Sockets:
    """Everything one worker listens on beside HTTP."""

    def __init__(
        self,
        config: Config,
        dialects: Mapping[str, Dialect],
        *,
        intake: Intake,
        admit: Callable[[str, str], Grant],
        faults: Faults,
        most: int,
    ) -> None:
        """`dialects` are by the name of their setting.

        `admit` gives what the key of an endpoint grants: of that name, or of the dialect's own.
        """
        self._config = config
        self._intake = intake
        self._admit = admit
        self._faults = faults
        self._most = most
        self._tls = build_context(config) if config.syslog_tls else None
        self.datagrams: list[tuple[Datagrams, Losses]] = []
        self.connections: list[tuple[Connections, Losses]] = []
        self._inboxes: list[Inbox] = []
        for setting, endpoints in config.sockets.items():
            for endpoint in endpoints:
                self._open(setting, dialects[setting], endpoint)

    def begin(self, on_done: OnDone) -> None:
        """Read; `on_done` hears of a part that has ended by a fault."""
        for datagrams, _ in self.datagrams:
            datagrams.begin()
        for connections, _ in self.connections:
            connections.begin(on_done)

    async def watch(self) -> None:
        """Look after them, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Count what was lost, and say what is wrong."""
        now = asyncio.get_running_loop().time()
        for datagrams, losses in self.datagrams:
            losses.look(now, datagrams.take_drops() + datagrams.expire(now))
        for connections, losses in self.connections:
            connections.look(now)
            if not losses.look(now, 0, is_full=connections.is_full):
                connections.end_all()

    async def close(self) -> None:
        """Listen no more, and keep what was read."""
        for datagrams, _ in self.datagrams:
            datagrams.close()
        for connections, _ in self.connections:
            await connections.close()
        await asyncio.gather(*(inbox.close(LAST_FRAMES_S) for inbox in self._inboxes))

    def _open(self, setting: str, dialect: Dialect, endpoint: Endpoint) -> None:
        if setting.endswith("_tls"):
            self._open_stream(dialect, endpoint, setting, "tls")
            return
        inbox, losses = self._build_inbox(dialect, endpoint, setting, "udp")
        self.datagrams.append((Datagrams(endpoint, inbox, dialect.assembler()), losses))
        self._open_stream(dialect, endpoint, setting, "tcp")

    def _open_stream(
        self, dialect: Dialect, endpoint: Endpoint, setting: str, transport: str
    ) -> None:
        inbox, losses = self._build_inbox(dialect, endpoint, setting, transport)
        connections = Connections(
            endpoint,
            inbox,
            dialect.framing,
            max_bytes=self._config.max_message_bytes,
            most=self._most,
            tls=self._tls if transport == "tls" else None,
        )
        self.connections.append((connections, losses))

    def _build_inbox(
        self, dialect: Dialect, endpoint: Endpoint, setting: str, transport: str
    ) -> tuple[Inbox, Losses]:
        protocol = dialect.protocol
        own = dialect.protocol.name

        def admit() -> Grant:
            return self._admit(endpoint.key, own)

        def is_admitted() -> str:
            try:
                admit()
            except RefusedError as error:
                return str(error)
            return ""

        def make_request() -> Request:
            return Request(
                method=transport.upper(),
                path="",
                query="",
                uri=f"{transport}://{endpoint.address}",
                headers={},
                params={"zone": self._config.syslog_zone},
                received_at=time.time_ns(),
            )

        inbox = Inbox(
            protocol,
            make_request,
            admit=admit,
            intake=self._intake,
            max_bytes=MAX_DATAGRAM_BYTES if transport == "udp" else MAX_STREAM_BYTES,
        )
        self._inboxes.append(inbox)
        losses = Losses(
            protocol.name, setting, f"{endpoint.address}/{transport}", is_admitted, self._faults
        )
        return inbox, losses


@contextlib.asynccontextmanager
async def opened(sockets: Sockets, on_done: OnDone) -> AsyncIterator[None]:
    """Let them work for as long as it is entered."""
    sockets.begin(on_done)
    watching = asyncio.create_task(sockets.watch(), name="sockets")
    watching.add_done_callback(on_done)
    try:
        yield
    finally:
        watching.cancel()
        await sockets.close()
        metrics.flush()
