"""What the portal reads: each answer of the server has the shape of the file in `tests/contract`.

The portal's own tests read the same files (`portal/src/api/contract.test.ts`), so that a member
renamed on one side alone breaks a test. A change that is meant is written by

    LOGSTER_WRITE_CONTRACT=1 python -m pytest tests/flow/test_contract.py
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logster.event import NS_PER_S, Event
from logster.ledger.ledger import Ledger
from logster.outcome import Fault, Outcome, Refused
from logster.spool.queue import Block
from support.errors import Errors
from support.spooled import put_aside
from support.stored import store_events
from support.web import csrf_of, log_in, running_site

if TYPE_CHECKING:
    import httpx

    from logster.store.engine import Engine

FOLDER = Path(__file__).parents[1] / "contract"
IS_WRITING = os.environ.get("LOGSTER_WRITE_CONTRACT") == "1"
DAY = "2026-11-24"
START_NS = 1_795_510_800 * NS_PER_S
#: What is another value every time, and in the files always this one.
STEADY: dict[str, Any] = {
    "elapsed_ms": 1.5,
    "rows_read": 100,
    "version": "0.1.0",
    "hint": "lgs_…abcd",
    "text": "lgs_a-key-that-is-shown-once",
    "dsn": "http://lgs_a-key-that-is-shown-once@127.0.0.1:8000/2",
    "password": "a-password-that-is-shown-once",
    "bytes": 1_000,
    "free_bytes": 1_000,
    "total_bytes": 1_000,
    "age_s": 1.5,
    "median_ms": 1.5,
    "p99_ms": 1.5,
}
NOW = "2026-11-24T10:00:00Z"
DATE = re.compile(r"\d{4}-\d\d-\d\d")
INSTANT = re.compile(rf"{DATE.pattern}T[\d:.]+Z")


def make_events() -> list[Event]:
    return [
        Event(
            id=1_000 + number,
            timestamp=START_NS + number * 60 * NS_PER_S,
            received_at=START_NS + number * 60 * NS_PER_S,
            severity=number % 6,
            message=f"order {number} took {number * 7} ms",
            template="order {Order} took {Ms} ms",
            application=("shop", "cart")[number % 2],
            category="Shop.Orders",
            user=f"user{number}",
            exception="TimeoutError: no answer",
            stack_trace="  at Shop.Pay(Order order) in Pay.cs:line 42",
            host="h1",
            environment="production",
            release=f"1.{number // 10}",
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
            span_id="00f067aa0ba902b7",
            properties={"ms": number * 7, "http": {"status": 200}},
            details={"threads": [{"id": number, "crashed": True}]},
            workspace=1,
            key=1,
            issue=12_345_678_901_234_567_890,
            protocol="api_log",
        )
        for number in range(30)
    ]


def make_loss() -> Event:
    """What a retention of one day would delete, whenever this runs; another workspace's."""
    days_ago_ns = time.time_ns() - 5 * 24 * 3600 * NS_PER_S
    return Event(
        id=1,
        timestamp=days_ago_ns,
        received_at=days_ago_ns,
        severity=2,
        message="kept for five days",
        workspace=2,
    )


QUESTIONS = {
    "events": "/events?limit=3",
    "event": "/events/1003",
    "histogram": "/histogram?buckets=5",
    "facets": "/facets?field=application&field=ms&limit=3",
    "fields": "/fields",
    "releases": "/releases",
    "patterns": "/patterns",
    "context": "/context/1005?before=1&after=1",
    "stats": "/stats?q=%7C+count,+max(ms)+by+application+every+10m",
    "complete": "/complete?q=appl&cursor=4",
    "searches": "/searches",
    "history": "/history",
    "session": "/session",
    "keys": "/keys",
    "newest": "/keys/1/newest",
    "users": "/users",
    "system": "/system",
    "asides": "/aside",
    "dashboards": "/dashboards",
    "receipts": "/receipts",
    "receipt": "/receipts/event?id=1003",
    "refused": "/receipts/refused",
    "refused_body": "/receipts/refused/1",
    "retention": "/retention",
    "loss": "/retention/loss?days=1",
    "refusal": "/events?q=severity>=terrible",
    "missing": "/events/5",
}
DASHBOARD = {
    "format": "logster-dashboard/1",
    "name": "Shop",
    "variables": [{"name": "app", "field": "application", "values": ["shop"]}],
    "tiles": [
        {"kind": "line", "title": "All", "q": "application:$app", "x": 0, "y": 0, "w": 6, "h": 4}
    ],
}
SETTINGS = {
    "application": "shop",
    "minimum_severity": "info",
    "filter": "-category:Health*",
    "properties": {"team": "core", "shard": 7},
    "events_per_second": 1000,
    "burst_events": 5000,
    "daily_bytes": 1_000_000_000,
    "origins": ["https://shop.example"],
}
#: method, path, what is sent
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "search": ("POST", "/searches", {"name": "slow", "q": "ms>100", "columns": ["ms"]}),
    "remembered": ("POST", "/history", {"q": "ms>100"}),
    "dashboard": ("POST", "/dashboards", DASHBOARD),
    "bound": (
        "POST",
        "/dashboards/questions",
        {"questions": ["application:$app"], "values": {"app": ["shop"]}},
    ),
    "new_key": ("POST", "/keys", {"name": "shop", "rights": ["ingest"]}),
    "key": ("PATCH", "/keys/1", {"name": "first", "settings": SETTINGS}),
    "new_user": ("POST", "/users", {"email": "ada@example.com", "role": "viewer"}),
    "user": ("PATCH", "/users/2", {"role": "member"}),
    "new_password": ("POST", "/users/2/password", {}),
    "retried": ("POST", "/receipts/refused/retry", {}),
}


async def answers_of(browser: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (method, path, body) in CHANGES.items():
        answer = await browser.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, (name, answer.text)
        if answer.content:
            found[name] = answer.json()
    for name, path in QUESTIONS.items():
        answer = await browser.get(f"/api/v1{path}")
        assert answer.is_success == (name not in ("refusal", "missing")), (name, answer.text)
        found[name] = answer.json()
    return found


async def issue_answers_of(browser: httpx.AsyncClient, errors: Errors) -> dict[str, Any]:
    """After the others: its error is an event that they would count."""
    await errors.raise_(77, user="ada")
    people = (await browser.get("/api/v1/issues/members")).json()
    me = people["members"][0]["email"]
    order = {"state": "muted", "more": 100, "assigned_to": me, "comment": "later"}
    return {
        "issue_members": people,
        "issue": (await browser.patch("/api/v1/issues/77", json=order)).json(),
        "issues": (await browser.get("/api/v1/issues?q=is:muted")).json(),
        "issues_changed": (
            await browser.post("/api/v1/issues/bulk", json={"issues": ["77"], "state": "open"})
        ).json(),
    }


def set_aside(folder: Path) -> None:
    put_aside(folder / "spool" / "spool-00.sqlite", Block(3, b"block", 5), "no such column")


async def refuse_some(folder: Path) -> None:
    """What a key sent in vain, and when nobody has a key."""
    ledger = Ledger(folder / "ledger" / "ledger.sqlite", max_bytes=1 << 20)
    told: dict[str, Any] = {"outcome": Outcome.REFUSED, "protocol": "api_log"}
    ledger.count(**told, workspace=1, key=1, reason="syntax", requests=1)
    ledger.count(**told, workspace=0, key=0, reason="unauthorized", requests=2)
    ledger.count(Outcome.REJECTED, workspace=1, key=1, protocol="seq", reason="time", events=3)
    body = b'{"Message": "no end'
    ledger.keep(
        Refused(
            **told,
            at=time.time(),
            workspace=1,
            key=1,
            reason="syntax",
            method="POST",
            path="/api/Log",
            query="application=shop",
            headers={"content-type": "application/json"},
            events=None,
            faults=[Fault(1, "syntax", ["It ends in the middle."])],
            size=len(body),
            body=body,
            is_whole=True,
        )
    )
    await ledger.close()


async def test_each_answer_has_the_shape_that_the_portal_reads(
    tmp_path: Path, engine: Engine
) -> None:
    set_aside(tmp_path)
    await refuse_some(tmp_path)
    await store_events(engine, [*make_events(), make_loss()])
    async with running_site(tmp_path, engine) as site:
        browser = site.visit()
        await log_in(browser)
        browser.headers.update(csrf_of(browser))
        answers = await answers_of(browser)
        errors = Errors(engine, site.meta.database, workspace=1)
        answers |= await issue_answers_of(browser, errors)
    if IS_WRITING:
        write(answers)
    known = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    assert known.keys() == answers.keys()
    for name, answer in answers.items():
        assert shape_of(answer) == shape_of(known[name]), name


def write(answers: dict[str, Any]) -> None:
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, answer in answers.items():
        text = json.dumps(steady(answer), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(f"{text}\n", "utf-8")


def steady(value: Any, name: str = "") -> Any:
    """The same value whenever and wherever it is written."""
    if isinstance(value, dict):
        return {key: steady(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [steady(item) for item in value]
    is_said = name == "text" and not str(value).startswith("lgs_")  # a sentence, and no key's text
    if name in STEADY and not is_said and shape_of(value) == shape_of(STEADY[name]):
        return STEADY[name]
    if isinstance(value, str) and not value.startswith(DAY):
        return NOW if INSTANT.fullmatch(value) else DAY if DATE.fullmatch(value) else value
    return value


def shape_of(value: Any) -> Any:
    """Names of members and kinds of values; how many there are in a list says nothing."""
    if isinstance(value, dict):
        return {name: shape_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape_of(item), sort_keys=True) for item in value})
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "text" if isinstance(value, str) else "number"
