"""A data folder as this release leaves it behind, for every later one to open.

In: the server of this tree, run on an empty folder. Out: tests/releases/VERSION.tar.xz, which
holds that folder (`data`) and what was told about it (`told.json`): the events, the keys, the
retention, what people keep. Promise: the server was stopped in order, with events of every kind
stored and others waiting in the spools of two workers.

`make release-folder` runs it; docs/release.md says when.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from logster import __version__
from support.served import EMAIL, KEY, PASSWORD, Served, serving, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = Path(__file__).parents[1] / "releases"
#: Nobody listens there: what is accepted waits.
AWAY = "clickhouse://127.0.0.1:9/logster"
#: As long as can be chosen, so that the events are still young when the test is old.
RETENTION_DAYS = 10_000
SENT_DAYS_AGO = 400

BOARD = {
    "format": "logster-dashboard/1",
    "name": "Shop",
    "since": "7d",
    "until": "",
    "refresh_s": 60,
    "variables": [{"name": "app", "field": "application", "values": ["shop"], "is_multiple": True}],
    "tiles": [
        {"kind": "line", "title": "All", "q": "application:$app", "x": 0, "y": 0, "w": 6, "h": 4},
    ],
}
SEARCH = {"name": "slow", "q": "ms>500", "columns": ["ms"], "since": "1h", "is_shared": True}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was told about a folder before it was packed."""

    #: As `GET /api/Log/{MessageId}` gave each stored event, by its MessageId.
    stored: dict[str, dict[str, Any]]
    #: The message of each event that was accepted and not stored, by its MessageId.
    spooled: dict[str, str]
    #: A key that may ingest and read, and one that was revoked.
    key: str
    revoked_key: str
    email: str
    password: str
    retention_days: int
    #: What people keep, as the API gave it.
    search: dict[str, Any]
    dashboard: dict[str, Any]


def unpack(archive: Path, folder: Path) -> Told:
    """Put a folder of a release at `folder`/data, and give what was told about it."""
    with tarfile.open(archive) as packed:
        # Not an argument: Python 3.11.2 does not know it.
        packed.extraction_filter = getattr(tarfile, "data_filter", None)
        packed.extractall(folder)
    return msgspec.json.decode((folder / "told.json").read_bytes(), type=Told)


@contextlib.contextmanager
def logged_in(served: Served, email: str, password: str) -> Iterator[httpx.Client]:
    """A person's session, as a browser has it."""
    with httpx.Client(base_url=served.url, timeout=30) as browser:
        found = re.search(r'name="csrf_token" value="([^"]*)"', browser.get("/login").text)
        assert found
        fields = {"email": email, "password": password, "csrf_token": found[1], "next": "/"}
        answer = browser.post("/login", data=fields)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer
        browser.headers["X-CSRF-Token"] = browser.cookies["csrftoken"]
        yield browser


def make_release(folder: Path) -> Told:
    """Run the server of this tree on `folder`/data until it holds something of everything."""
    data = folder / "data"
    with serving(data) as served:
        kept = _keep(served)
        stored = {number: _wait_for(served, number) for number in _send(served)}
        assert served.stop() == 0
    away = Served(data, workers=2, store_url=AWAY)
    try:
        away.start_up()
        wait_until(lambda: away.get("/health/live").status == 200, 100)
        spooled = _spool(away)
        assert away.stop() == 0
    finally:
        if away.is_running:
            away.kill_everything()
    return Told(stored=stored, spooled=spooled, **kept)


def _keep(served: Served) -> dict[str, Any]:
    """Make what the meta database holds."""
    _order(served, "PUT", "/api/v1/retention", {"days": RETENTION_DAYS})
    with logged_in(served, EMAIL, PASSWORD) as browser:
        key = _make(browser, "keys", {"name": "shop", "rights": ["ingest", "read"]})
        revoked = _make(browser, "keys", {"name": "gone", "rights": ["read"]})
        browser.delete(f"/api/v1/keys/{revoked['key']['id']}").raise_for_status()
        search, dashboard = _make(browser, "searches", SEARCH), _make(browser, "dashboards", BOARD)
    return {
        "key": key["text"],
        "revoked_key": revoked["text"],
        "email": EMAIL,
        "password": PASSWORD,
        "retention_days": RETENTION_DAYS,
        "search": search,
        "dashboard": dashboard,
    }


def _make(browser: httpx.Client, what: str, order: dict[str, Any]) -> Any:
    return browser.post(f"/api/v1/{what}", json=order).raise_for_status().json()


def _send(served: Served) -> list[str]:
    """Events in every form there is; gives their numbers."""
    then = time.strftime("%Y-%m-%dT%H:%M:%S.123Z", time.gmtime(time.time() - SENT_DAYS_AGO * 86400))
    whole = {
        "Message": "Payment {Order} failed: naïve 支払い 💥",
        "Severity": 4,
        "Timestamp": then,
        "Application": "shop",
        "Category": "shop.payments",
        "User": "ada",
        "Exception": "TimeoutError: no answer after 30 s",
        "StackTrace": 'Traceback (most recent call last):\n  File "pay.py", line 7, in pay\n',
        "Properties": {"Order": 17, "ms": 512.5, "tags": ["a", "b"], "deep": {"er": None}},
    }
    numbers = [
        served.log_message(**whole),
        served.log_message(Message="\x1b[31mred\x1b[0m words"),
        served.log_message(Message="long " + "word " * 20_000),
    ]
    batch = [{"Message": f"stored {i}", "Severity": i % 6, "Application": "b"} for i in range(100)]
    return [*numbers, *_order(served, "POST", "/api/Logs", batch)["MessageIds"]]


def _spool(served: Served) -> dict[str, str]:
    """Events that no store takes: one by one, each on a connection of its own, and a batch."""
    messages = {served.log_message(Message=f"waits {i}"): f"waits {i}" for i in range(20)}
    batch = [{"Message": f"waits in a batch {i}"} for i in range(80)]
    numbers = _order(served, "POST", "/api/Logs", batch)["MessageIds"]
    return messages | dict(zip(numbers, (item["Message"] for item in batch), strict=True))


def _order(served: Served, method: str, path: str, body: Any) -> Any:
    data = json.dumps(body).encode()
    answer = served.request(method, path, data, ApiKey=KEY, Content_Type="application/json")
    assert answer.status == 200, answer
    return answer.json()


def _wait_for(served: Served, number: str) -> dict[str, Any]:
    """One event as it is read back; the answer waits for one that is on its way."""
    answer = served.get(f"/api/Log/{number}")
    assert answer.status == 200, answer
    told: dict[str, Any] = answer.json()
    return told


def main() -> None:
    """`make release-folder`."""
    archive = RELEASES / f"{__version__}.tar.xz"
    if archive.exists():
        sys.exit(f"{archive} is there; it is never made anew once its release is out.")
    RELEASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = make_release(folder)
        (folder / "told.json").write_bytes(msgspec.json.format(msgspec.json.encode(told)))
        with tarfile.open(archive, "w:xz") as packed:
            for part in ("data", "told.json"):
                packed.add(folder / part, part, filter=_anonymous)
    sys.stdout.write(f"{archive}: {archive.stat().st_size:,} bytes\n")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Who made it, and on which machine, is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
