"""Sentry's SDKs and sentry-cli send to the program, as they send to Sentry."""

import contextlib
import functools
import http.server
import json
import shutil
import threading
from urllib.parse import urlencode

import pytest

from support.browser import chromium
from support.clients import FOLDER, NESTED, NUMBER, SCRIPTS, check_error, check_info
from support.served import KEY

#: What JavaScript's numbers hold.
SMALLER = 1_234_567_890_123


@pytest.fixture
def dsn(server):
    """That of a key made for this; JavaScript's SDKs take no key with a dash in it."""
    order = json.dumps({"name": "sentry", "rights": ["ingest"]}).encode()
    made = server.post("/api/v1/keys", order, "application/json")
    assert made.status == 201, made
    return made.json()["dsn"]


def find(events, message):
    [found] = [event for event in events if event["message"].startswith(message)]
    return found


def details_of(clients, event):
    answer = clients.served.request("GET", f"/api/v1/events/{event['id']}", ApiKey=KEY)
    return answer.json()["details"]


def test_sentry_sdk(clients, dsn):
    events = clients.send("sentry/sdk.py", count=6, environment={"LOGSTER_DSN": dsn})
    assert {event["protocol"] for event in events} == {"sentry"}
    info = find(events, "order placed")
    check_info(info, number=NUMBER, nested=NESTED)
    assert (info["user"], info["release"], info["host"]) == ("ada", "shop@1.0", "till-1")
    assert info["properties"]["till"] == "7"
    [error] = [event for event in events if event["exception"]]
    check_error(error, exception="ValueError: card declined", frame="in pay")
    assert error["stack_trace"].startswith("Traceback (most recent call last):")
    assert "KeyError: 'card'" in error["stack_trace"]
    assert (error["category"], error["template"]) == ("shop.orders", "order failed %s")
    details = details_of(clients, error)
    assert len(details["exception"]["values"]) == 2
    assert details["breadcrumbs"]["values"][0]["message"] == "basket opened"
    log = find(events, "stock is low")
    assert (log["severity"], log["template"]) == (3, "stock is low {run}")
    assert log["properties"]["left"] == 3
    states = [event["properties"]["status"] for event in events if "check-in" in event["message"]]
    assert states == ["in_progress", "ok"]


def test_sentry_node(clients, dsn):
    events = clients.send("sentry/node.mjs", count=3, environment={"LOGSTER_DSN": dsn})
    check_info(find(events, "order placed"), number=SMALLER, nested=NESTED)
    error = find(events, "TypeError: card declined")
    assert (error["severity"], error["environment"]) == (4, "tests")
    assert "at pay (" in error["stack_trace"]
    assert "[cause]: RangeError: no money" in error["stack_trace"]
    log = find(events, "stock is low")
    assert (log["severity"], log["properties"]["left"]) == (3, 3)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder."""

    def log_message(self, *_):
        """Nobody reads it."""


@contextlib.contextmanager
def pages(folder):
    """A site with the page and the modules of npm."""
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_sentry_browser(clients, dsn, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    shutil.copy(SCRIPTS / "sentry" / "page.html", site)
    (site / "node_modules").symlink_to(FOLDER / "node_modules")
    asked = urlencode({"dsn": dsn, "run": clients.run_word})
    with pages(site) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{url}/page.html?{asked}")
        page.wait_for_function("document.title == 'sent'", timeout=30_000)
    events = clients.collect(2)
    check_info(find(events, "order placed"), number=SMALLER, nested=NESTED)
    error = find(events, "TypeError: card declined")
    assert error["severity"] == 4
    assert "at pay (" in error["stack_trace"]
    assert error["properties"]["request"]["url"].startswith("http://127.0.0.1:")


def test_sentry_cli(clients, dsn):
    program = FOLDER / "node_modules" / "@sentry" / "cli-linux-x64" / "bin" / "sentry-cli"
    environment = {"SENTRY_DSN": dsn}
    message = f"order placed {clients.run_word}"
    sent = clients.execute(
        [str(program), "send-event", "-m", message, "-l", "info", "-e", f"number:{NUMBER}"],
        environment,
    )
    assert sent.returncode == 0, sent.stderr
    slug = f"nightly-{clients.run_word}"
    done = clients.execute([str(program), "monitors", "run", slug, "--", "true"], environment)
    assert done.returncode == 0, done.stderr
    info, *states = clients.collect(3)
    assert (info["message"], info["severity"]) == (message, 2)
    assert info["properties"]["number"] == str(NUMBER)  # sentry-cli sends text
    assert [event["properties"]["status"] for event in states] == ["in_progress", "ok"]


@pytest.mark.parametrize(
    "command",
    [
        "info",
        "releases new v1",
        "releases set-commits v1 --commit r@abc",
        "releases finalize v1",
        "releases list",
        "deploys new --release v1 -e prod",
        "sourcemaps upload --release v1 .",
    ],
)
def test_sentry_cli_is_told_what_is_not_here(clients, command):
    program = FOLDER / "node_modules" / "@sentry" / "cli-linux-x64" / "bin" / "sentry-cli"
    environment = {"SENTRY_URL": clients.served.url, "SENTRY_AUTH_TOKEN": KEY}
    environment |= {"SENTRY_ORG": "us", "SENTRY_PROJECT": "shop"}
    done = clients.execute([str(program), *command.split()], environment)
    assert done.returncode != 0
    if command != "info":  # which tells no more than that it has failed
        assert "This is Logster, which keeps no releases" in done.stderr
