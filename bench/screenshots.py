"""Take the pictures of docs/images from a fresh server: `make screenshots`."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import sync_playwright

from bench.rows import make_rows
from logster.event import Batch, Columns
from logster.spool.packing import pack
from logster.spool.queue import transaction
from logster.spool.schema import connect
from support.served import EMAIL, KEY, PASSWORD, Served, quote, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, PHONE = (1280, 800), (390, 780)


def fill(served: Served) -> None:
    """Some hundred messages of the last hour, the newest an error with all it can have."""
    rows = b"\n".join(make_rows(400, seed=7))
    served.post("/api/Logs", rows, "application/x-ndjson")
    served.log_message(
        Message="Could not settle charge 9a1f for order 8812: gateway timed out",
        Severity=4,
        Application="payments-api",
        Category="Payments.Api.Client",
        User="ada@example.org",
        Exception="payments.gateway.GatewayTimeout: pay-3.internal did not answer within 5000 ms",
        StackTrace="Traceback (most recent call last):\n"
        '  File "/srv/payments/charges.py", line 214, in settle\n'
        "    receipt = await gateway.capture(charge.token, amount=charge.amount)\n"
        '  File "/srv/payments/gateway.py", line 88, in capture\n'
        "    raise GatewayTimeout(self.host, elapsed)\n",
        Properties={
            "DurationMs": 5003.2,
            "http": {"method": "POST", "route": "/v1/charges", "status": 504},
            "OrderId": 8812,
            "retry": True,
        },
        Host="pay-3",
        Release="2026.11.2",
    )
    served.wait_for("settle", 1)


def fill_days(served: Served) -> None:
    """Four weeks of the past, for the pages that show what is kept."""
    for days in range(1, 29):
        then = time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime(time.time() - days * 86_400))
        rows = [json.loads(row) for row in make_rows(300 + 40 * (days % 7), seed=days)]
        body = b"\n".join(json.dumps({**row, "Timestamp": then}).encode() for row in rows)
        served.post("/api/Logs", body, "application/x-ndjson")


def add_people(served: Served) -> None:
    """A colleague, and one who has left."""
    for email in ("grace@example.org", "kay@example.org"):
        body = json.dumps({"email": email}).encode()
        made = served.post("/api/v1/users", body, "application/json").json()
    served.post(f"/api/v1/users/{made['user']['id']}/disable", b"", "application/json")


def set_aside(served: Served) -> None:
    """An event that the store did not take."""
    columns = Columns(
        message=["Invoice 4711 sent"],
        severity=[2],
        timestamp=[time.time_ns()],
        application=["billing"],
        properties=[b'{"Amount": 129.9, "Currency": "EUR"}'],
    )
    block = pack([Batch(columns, [1], time.time_ns(), 1, 1, "api_log")])
    spool = next((served.data / "spool").glob("spool-*.sqlite"))
    with contextlib.closing(connect(spool)) as database, transaction(database) as queue:
        queue.set_aside(block, "Cannot read a value: out of the range of its column")


def refuse_some(served: Served) -> None:
    """What senders did wrong: a batch with bad lines, a body that never ends, and no key."""
    made = json.dumps({"name": "storefront", "rights": ["ingest"]}).encode()
    key = served.post("/api/v1/keys", made, "application/json").json()
    settings = {"minimum_severity": "warn", "application": "storefront", "daily_bytes": 10**9}
    path = f"{served.url}/api/v1/keys/{key['key']['id']}"
    httpx.patch(path, json={"settings": settings}, headers={"ApiKey": KEY})
    for number in range(40):
        rows = [{"Message": f"order {number}", "Severity": number % 6}] * (5 + number % 7)
        if number % 3 == 0:
            rows[1] = {"Severity": 3, "password": "hunter22", "order": number}
        body = b"\n".join(json.dumps(row).encode() for row in rows)
        send(served, "/api/Logs", body, key["text"])
    for _ in range(12):
        send(served, "/api/Log", b'{"Message": "no end', key["text"])
    send(served, "/ingest/clef", b'{"@mt": "no time"}\n', key["text"])
    for _ in range(7):
        send(served, "/v1/logs", b"{}", "lgs_nobody")
    time.sleep(2.5)  # the ledger is written every second


def send(served: Served, path: str, body: bytes, key: str) -> None:
    """Whatever is answered."""
    headers = {"ApiKey": key, "content-type": "application/json"}
    if path == "/api/Logs":
        headers["content-type"] = "application/x-ndjson"
    httpx.post(f"{served.url}{path}", content=body, headers=headers)


def open_portal(browser: Browser, served: Served, size: tuple[int, int], scheme: str) -> Page:
    """A logged-in page."""
    context = browser.new_context(
        base_url=served.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Events, newest first").wait_for()
    return page


def shoot(page: Page, name: str) -> None:
    """One picture, once the page is at rest."""
    page.wait_for_load_state("networkidle")
    time.sleep(0.3)
    page.screenshot(path=IMAGES / f"{name}.png")
    print(json.dumps({"picture": name, "bytes": (IMAGES / f"{name}.png").stat().st_size}))


def shoot_explorer(page: Page, scheme: str) -> None:
    """The states of the explorer on a wide screen."""
    shoot(page, f"explore-{scheme}")
    page.get_by_label("Events, newest first").get_by_role("option").first.click()
    shoot(page, f"event-{scheme}")
    page.get_by_role("button", name="Context").click()
    shoot(page, f"context-{scheme}")
    page.goto("/?view=patterns")
    shoot(page, f"patterns-{scheme}")
    page.goto("/?view=bar&q=" + quote("| count by severity every 1h"))
    shoot(page, f"numbers-{scheme}")
    page.goto("/")
    page.get_by_label("Search events").focus()
    page.keyboard.type("severity>=warn application:")
    page.get_by_role("option", name="payments-api").first.wait_for()
    shoot(page, f"completion-{scheme}")
    page.get_by_label("Search events").fill("timeout severity>=terrible")
    page.keyboard.press("Enter")
    shoot(page, f"mistake-{scheme}")
    page.goto("/")
    page.get_by_role("button", name="Time range").click()
    shoot(page, f"range-{scheme}")


def shoot_setup(page: Page, suffix: str) -> None:
    """The set-up pages."""
    for name in ("sources", "keys", "users", "system"):
        page.goto(f"/settings/{name}")
        page.get_by_role("heading", level=1).wait_for()
        shoot(page, f"{name}-{suffix}")
    page.get_by_role("button", name="Look into").click()
    page.get_by_text("129.9").scroll_into_view_if_needed()
    shoot(page, f"aside-{suffix}")
    page.goto("/settings/retention")
    page.get_by_label("Days an event is kept").fill("14")
    page.get_by_text("will be deleted").wait_for()
    shoot(page, f"retention-{suffix}")


def shoot_deliveries(page: Page, suffix: str) -> None:
    """What became of events, and what a key may be told."""
    page.goto("/settings/deliveries")
    page.get_by_role("img", name="Not stored over time").wait_for()
    shoot(page, f"deliveries-{suffix}")
    page.get_by_role("button", name="Look into body").first.click()
    page.locator("pre").scroll_into_view_if_needed()
    shoot(page, f"refused-{suffix}")
    page.goto("/settings/keys")
    page.get_by_role("button", name="Settings of storefront").click()
    shoot(page, f"key-settings-{suffix}")


def shoot_dashboards(page: Page, scheme: str) -> None:
    """The overview, and how it is changed; one board for all pictures."""
    page.goto("/dashboards")
    if scheme == "light":
        page.get_by_role("button", name="New overview").click()
    else:
        page.get_by_role("link", name="Overview").click()
    page.get_by_role("slider", name="Events by severity").wait_for()
    shoot(page, f"dashboard-{scheme}")
    if scheme != "390":
        page.get_by_role("button", name="Edit", exact=True).click()
        shoot(page, f"dashboard-edit-{scheme}")


def shoot_phone(page: Page) -> None:
    """The same on a telephone."""
    shoot(page, "explore-390")
    page.get_by_role("button", name="Filters").click()
    shoot(page, "filters-390")
    page.get_by_role("button", name="Close the filters").click()
    page.get_by_label("Events, newest first").get_by_role("option").first.click()
    shoot(page, "event-390")
    page.goto("/?view=bar&q=" + quote("| count by severity every 1h"))
    shoot(page, "numbers-390")


def main() -> None:
    """All pictures."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data") as served,
        sync_playwright() as playwright,
    ):
        fill(served)
        fill_days(served)
        add_people(served)
        set_aside(served)
        refuse_some(served)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            page = open_portal(browser, served, WIDE, scheme)
            shoot_explorer(page, scheme)
            shoot_setup(page, scheme)
            shoot_deliveries(page, scheme)
            shoot_dashboards(page, scheme)
            page.context.close()
        page = open_portal(browser, served, PHONE, "light")
        shoot_phone(page)
        shoot_setup(page, "390")
        shoot_deliveries(page, "390")
        shoot_dashboards(page, "390")
        page.goto("/Help/Api/POST-api-Log")
        shoot(page, "help-390")
        page.context.clear_cookies()
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.goto("/login")
        shoot(page, "login")
        page.goto("/Help")
        shoot(page, "help")
        browser.close()


if __name__ == "__main__":
    main()
