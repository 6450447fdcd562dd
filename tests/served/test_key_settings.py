"""The settings of a key in a server of two workers: in force in both, and after a restart."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.served import KEY, Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

EVENT = b'{"@t":"2026-12-01T00:00:00Z","@m":"hello","@l":"Error"}\n'
#: New connections: the kernel gives each to either worker, never all to one.
MANY = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data", workers=2) as served:
        yield served


def ask(server: Served, method: str, path: str, content: Any) -> Any:
    body = json.dumps(content).encode()
    answer = server.request(method, path, body, ApiKey=KEY, content_type="application/json")
    assert answer.status in (200, 201), answer
    return answer.json()


def test_two_workers_go_by_a_change_and_a_restart_forgets_no_byte(server: Served) -> None:
    made = ask(server, "POST", "/api/v1/keys", {"name": "shop", "rights": ["ingest"]})
    path = f"/api/v1/keys/{made['key']['id']}"

    def send() -> Any:
        return server.request("POST", "/ingest/clef", EVENT, ApiKey=made["text"])

    def levels() -> set[str | None]:
        return {send().json()["MinimumLevelAccepted"] for _ in range(MANY)}

    assert levels() == {None}
    ask(server, "PATCH", path, {"settings": {"minimum_severity": "warn", "application": "shop"}})
    time.sleep(2)
    assert levels() == {"Warning"}

    limit = 10 * len(EVENT)
    ask(server, "PATCH", path, {"settings": {"daily_bytes": limit}})
    time.sleep(2)
    statuses = [send().status for _ in range(MANY)]
    assert statuses.count(201) == 10, "both workers share one count"
    assert set(statuses) == {201, 429}
    assert int(send().headers["retry-after"]) > 0

    server.stop()
    server.start()
    assert send().status == 429
    shown = server.get(path).json()
    assert shown["used_today_bytes"] == limit
    assert len(server.wait_for("application:shop", MANY + 10)) == MANY + 10
