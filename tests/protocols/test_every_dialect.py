"""What holds for each route of each dialect: no key, a wrong one, no room, too much, no method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from logster.config import Config
from logster.errors import (
    ForbiddenError,
    LogsterError,
    QuotaError,
    SpoolFullError,
    UnauthorizedError,
)
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import ANY_METHOD, Limits, Protocol, Route
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from logster.meta.grants import Grant, Right
from logster.meta.key_settings import Rules, read_rules
from support.asgi import Answer, ask
from support.ledger import MemoryLedger

if TYPE_CHECKING:
    from pathlib import Path

    from logster.event import Batch, Columns

MAX_BYTES = 1000
INTAKES = [
    (protocol, route) for protocol in PROTOCOLS for route in protocol.routes if route.answer is None
]


def each_of(intakes: list[tuple[Protocol, Route]]) -> pytest.MarkDecorator:
    names = [f"{protocol.name} {route.path}" for protocol, route in intakes]
    return pytest.mark.parametrize("route", [route for _, route in intakes], ids=names)


every_route = each_of(INTAKES)


class FullSink:
    """A spool that says no."""

    def __init__(self, error: LogsterError) -> None:
        self._error = error

    def check_room(self, size: int, key: int) -> None:
        raise self._error

    async def pace(self) -> None:
        raise AssertionError

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Batch:
        raise AssertionError

    async def accept(self, events: Batch, size: int, **_: Any) -> dict[int, int]:
        raise AssertionError


class Front:
    """The receiver of all dialects, in front of a spool that takes nothing."""

    def __init__(self, folder: Path, error: LogsterError) -> None:
        limits = Limits(max_events=10, max_message_bytes=MAX_BYTES)
        receipts = Receipts(folder, lambda *_: None)
        self.rules: Rules | None = None
        self._receiver = Receiver(
            Routes(PROTOCOLS),
            admit=self._admit,
            intake=Intake(
                FullSink(error),
                receipts,
                limits=limits,
                max_pending_bytes=10_000,
                outcomes=Outcomes(MemoryLedger()),
            ),
            config=Config(max_message_bytes=MAX_BYTES, max_batch_bytes=MAX_BYTES),
        )

    async def _admit(self, key: str | None) -> Grant:
        if not key:
            raise UnauthorizedError("A key is needed.")
        if key == "reader":
            raise ForbiddenError("The key lacks the right to send.")
        if key != "good":
            raise UnauthorizedError("The key is unknown.")
        return Grant(workspace=1, key=1, rights=frozenset({Right.INGEST}), rules=self.rules)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        match = self._receiver.find(scope)
        assert match is not None, scope["path"]
        await self._receiver.receive(match, scope, receive, send)

    async def send(self, route: Route, body: bytes = b"{}", /, **headers: str) -> Answer:
        return await ask(self, method_of(route), path_of(route), body, **headers)


def path_of(route: Route) -> str:
    return re.sub(r"\{[a-z_]+(\.\.\.)?\}", "7", route.path.replace("{key}", "good"))


def method_of(route: Route) -> str:
    return "POST" if ANY_METHOD in route.methods else route.methods[0]


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path, SpoolFullError("The spool is full.", 7))


@each_of([(protocol, route) for protocol, route in INTAKES if "{key}" not in route.path])
async def test_without_a_good_key_nothing_is_taken(route: Route, front: Front) -> None:
    assert (await front.send(route)).status in (401, 403)
    for key in ("", "unknown-secret", "reader"):
        answer = await front.send(route, apikey=key)
        assert answer.status in (401, 403), (key, answer)
        assert b"secret" not in answer.body
    assert (await front.send(route, apikey="reader")).status == 403


@every_route
async def test_a_full_spool_is_told_with_the_time_to_wait(route: Route, front: Front) -> None:
    answer = await front.send(route, apikey="good", content_type="application/json")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "7"


@every_route
async def test_who_sends_more_than_the_key_may_is_told_the_time_to_wait(
    route: Route, tmp_path: Path
) -> None:
    front = Front(tmp_path, QuotaError("The key may send 5 events a second.", 3))
    answer = await front.send(route, apikey="good", content_type="application/json")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "3"


@every_route
async def test_a_page_that_the_key_does_not_name_is_refused(route: Route, front: Front) -> None:
    front.rules = read_rules('{"origins": ["https://shop.example"]}')
    answer = await front.send(
        route, apikey="good", content_type="application/json", origin="https://evil.example"
    )
    assert answer.status == 403
    for named in ({"origin": "https://shop.example"}, {}):
        answer = await front.send(route, apikey="good", content_type="application/json", **named)
        assert answer.status == 503, "it comes as far as the full spool"


@every_route
async def test_a_body_over_the_limit_names_its_setting(route: Route, front: Front) -> None:
    large = b" " * (MAX_BYTES + 1)
    answer = await front.send(
        route, large, apikey="good", content_type="application/json", content_length=str(len(large))
    )
    assert answer.status == 413
    setting = "LOGSTER_MAX_BATCH_BYTES" if route.is_batch else "LOGSTER_MAX_MESSAGE_BYTES"
    assert setting.encode() in answer.body


@each_of([(protocol, route) for protocol, route in INTAKES if route.cors is not None])
async def test_a_page_may_ask_before_it_sends_the_key(route: Route, front: Front) -> None:
    answer = await ask(
        front,
        "OPTIONS",
        path_of(route),
        origin="https://shop.example",
        access_control_request_method=method_of(route),
        access_control_request_headers="apikey, content-type",
    )
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert allowed == "*" or {"apikey", "content-type"} <= set(re.split(", ?", allowed))
