"""How fast the portal is in a real browser: `make bench-portal`.

In: a fresh server with `EVENTS` events, Chromium without a GPU. Out: one JSON line per measurement.
Promise: every figure is taken inside the page, by its own clock; nothing is thrown away.

First paint and first rows come from a browser that has cached nothing. Frames are the
distances between calls of requestAnimationFrame: 16.7 ms is what a 60 Hz screen shows.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from bench.rows import make_rows
from bench.screenshots import ARGUMENTS, CHROMIUM, WIDE, open_portal
from support.served import Served, serving, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EVENTS = 100_000
BATCH = 2_000
COLD_STARTS = 5
SCROLL_MS = 5_000
TAIL_PER_S, TAIL_S = 1_000, 10
ASSETS = Path(__file__).parents[1] / "src/logster/web/static/assets"

#: Collects the distances between frames for a while, doing `step` in each.
FRAMES = """
async ({ms, step}) => {
  const view = document.querySelector('[role=listbox][tabindex]');
  const frames = [];
  const end = performance.now() + ms;
  let last = performance.now();
  while (last < end) {
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
    view.scrollTop += step;
  }
  return frames.slice(1);
}
"""
#: Scrolls to the end until everything is loaded.
LOAD_ALL = """
async (count) => {
  const view = document.querySelector('[role=listbox][tabindex]');
  const start = performance.now();
  while (view.scrollHeight < count * 28 && performance.now() - start < 120000) {
    view.scrollTop = view.scrollHeight;
    await new Promise((done) => setTimeout(done, 20));
  }
  return performance.now() - start;
}
"""
ROWS = "Math.round(document.querySelector('[role=listbox][tabindex]').scrollHeight / 28)"
PAINTS = """
() => Object.fromEntries(
  performance.getEntriesByType('paint').map(({name, startTime}) => [name, startTime]))
"""


def main() -> None:
    """All measurements, one after the other."""
    say("javascript", bytes=_size("*.js"), css_bytes=_size("*.css"))
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data") as served,
        sync_playwright() as playwright,
    ):
        fill(served)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        measure_first_paint(browser, served)
        page = open_portal(browser, served, WIDE, "light")
        measure_scrolling(page)
        measure_tail(page, served)
        browser.close()


def fill(served: Served) -> None:
    """Post the events and wait until all are found."""
    rows = list(make_rows(EVENTS, seed=7))
    for start in range(0, EVENTS, BATCH):
        post(served, rows[start : start + BATCH])
    wait_until(lambda: _count(served) >= EVENTS, 120)


def measure_first_paint(browser: Browser, served: Served) -> None:
    """A new browser profile each time: no cache, no connection, only the session."""
    page = open_portal(browser, served, WIDE, "light")
    cookies: Any = page.context.cookies()
    page.context.close()
    paints, rows = [], []
    for _ in range(COLD_STARTS):
        context = browser.new_context(base_url=served.url)
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto("/", wait_until="commit")
        page.get_by_role("option").first.wait_for()
        rows.append(page.evaluate("performance.now()"))
        paints.append(page.evaluate(PAINTS)["first-contentful-paint"])
        context.close()
    say("cold start", first_paint_ms=_rounded(paints), first_rows_ms=_rounded(rows))


def measure_scrolling(page: Page) -> None:
    """Everything loaded by cursor, then up through it at 100 rows a frame and at 3."""
    load_ms = page.evaluate(LOAD_ALL, EVENTS)
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    say("load", events=EVENTS, seconds=round(load_ms / 1000, 1), heap_mb=round(heap / 1e6))
    for name, step in (("idle", 0), ("scroll", -84), ("scroll fast", -2_800)):
        frames = page.evaluate(FRAMES, {"ms": SCROLL_MS, "step": step})
        say(name, rows_a_frame=abs(step) // 28, **_summarize(frames))


def measure_tail(page: Page, served: Served) -> None:
    """A thousand messages a second while the list shows them."""
    page.goto("/?live=1")
    page.get_by_role("option").first.wait_for()
    rows = list(make_rows(TAIL_PER_S * TAIL_S, seed=8))
    size = TAIL_PER_S // 10

    def send() -> None:
        started = time.monotonic()
        for number in range(TAIL_S * 10):
            time.sleep(max(0.0, started + number / 10 - time.monotonic()))
            post(served, rows[number * size : (number + 1) * size])

    sender = threading.Thread(target=send)
    sender.start()
    frames = page.evaluate(FRAMES, {"ms": TAIL_S * 1000, "step": 0})
    sender.join()
    rows_shown = page.evaluate(ROWS)
    say("tail", messages_per_s=TAIL_PER_S, rows_shown=rows_shown, **_summarize(frames))


def post(served: Served, rows: list[bytes]) -> None:
    """One request of many messages."""
    answer = served.post("/api/Logs", b"\n".join(rows), "application/x-ndjson")
    if answer.status != HTTPStatus.OK:
        raise SystemExit(f"the server refused: {answer}")


def say(name: str, **figures: object) -> None:
    """One line."""
    print(json.dumps({"measured": name, **figures}), flush=True)


def _count(served: Served) -> int:
    answer = served.get("/api/v1/histogram?buckets=1")
    return int(answer.json()["total"]) if answer.status == HTTPStatus.OK else 0


def _size(pattern: str) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in ASSETS.glob(pattern))


def _rounded(values: list[float]) -> list[int]:
    return sorted(round(value) for value in values)


def _summarize(frames: list[float]) -> dict[str, float]:
    ordered = sorted(frames)
    return {
        "frames": len(ordered),
        "p50_ms": round(ordered[len(ordered) // 2], 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 1),
        "max_ms": round(ordered[-1], 1),
    }


if __name__ == "__main__":
    main()
