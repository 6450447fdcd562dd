"""Two Logsters below two paths of one host, behind a real proxy: one path is kept on the way to
its server, the other one is taken off."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from support.browser import SCHEME, STEP_MS, fill_login, watch
from support.proxy import Way, proxying
from support.served import KEY, serving

pytestmark = pytest.mark.timeout(240)

ROOTS = ("/logs/kept", "/s")


@pytest.fixture(scope="module")
def proxy():
    with proxying() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def servers(proxy, tmp_path_factory):
    """The servers by their roots."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("roots")
        found = {}
        for number, root in enumerate(ROOTS):
            url = proxy.url + root
            server = stack.enter_context(serving(folder / f"data-{number}", public_url=url))
            proxy.ways.append(Way(root=root, port=server.port, is_kept=number == 0))
            found[root] = server
        yield found


@pytest.fixture
def context(proxy, browser):
    context = browser.new_context(
        base_url=proxy.url, viewport={"width": 1280, "height": 800}, color_scheme=SCHEME
    )
    context.set_default_timeout(STEP_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context, proxy):
    """A page that fails the test for any error, and for any address that is not below a root."""
    page = context.new_page()
    complaints = watch(page)
    yield page
    page.close()
    assert [said for said in complaints if "favicon" not in said] == []
    assert [target for target in proxy.strayed if target != "/favicon.ico"] == []


def ask(url, body=None, **headers):
    """A program's request; the answer's status and text."""
    content = None if body is None else json.dumps(body).encode()
    names = {"ApiKey": KEY, "Content-Type": "application/json"} | headers
    request = urllib.request.Request(url, content, names)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read().decode()


def send(url, message):
    told = ask(f"{url}/api/Log", {"Message": message, "Severity": 4, "Application": "shop"})
    return json.loads(told[1])["MessageId"]


def main_link(page, name):
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=name)


@pytest.mark.parametrize("root", ROOTS)
def test_everything_of_the_portal_works_below_a_path(proxy, servers, page, root):
    url = proxy.url + root
    word = f"below{time.time_ns()}"
    first = send(url, f"{word} first")
    servers[root].wait_for(word, 1)
    page.goto(f"{root}/?q={word}")
    assert page.url == f"{url}/login?next=%2F%3Fq%3D{word}"
    fill_login(page)
    expect(page.get_by_label("Search events")).to_have_value(word)
    assert page.url == f"{url}/?q={word}"

    visit_events(page, url, word, first)
    visit_dashboards(page, url)
    visit_set_up(page, url)
    visit_help(page, url)

    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{url}/login")
    page.goto(f"{root}/dashboards")
    assert page.url == f"{url}/login?next=%2Fdashboards"


def visit_events(page, url, word, first):
    """The list, the tail, an export, an event and its link."""
    row = page.get_by_role("option").filter(has_text=word)
    expect(row).to_have_count(1)
    live = page.get_by_role("button", name="Live", exact=True)
    live.click()
    expect(live).to_have_attribute("title", re.compile("new events appear"))
    send(url, f"{word} second")
    expect(row).to_have_count(2)
    live.click()

    page.get_by_role("button", name="Export these events").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name=re.compile("NDJSON")).click()
    assert word in Path(saved.value.path()).read_text()

    row.filter(has_text="first").click()
    detail = page.get_by_role("region", name="Event detail")
    expect(detail).to_contain_text("shop")
    page.get_by_role("button", name="Copy a link").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == f"{url}/events/{first}"
    page.reload()
    expect(detail).to_contain_text(f"{word} first")
    page.go_back()
    expect(page.get_by_label("Search events")).to_have_value(word)


def visit_dashboards(page, url):
    """They are another script and another style."""
    main_link(page, "Dashboards").click()
    assert page.url == f"{url}/dashboards"
    page.get_by_role("button", name="New overview").click()
    errors = page.get_by_role("article", name="Errors by application")
    expect(errors).to_contain_text("shop")
    assert re.fullmatch(re.escape(url) + r"/dashboards/\d+.*", page.url)
    page.reload()
    expect(errors).to_contain_text("shop")
    errors.get_by_role("link").first.click()
    expect(page.get_by_label("Search events")).to_be_visible()
    assert page.url.startswith(f"{url}/?q=")


def visit_set_up(page, url):
    """What is shown there can be sent as it is."""
    main_link(page, "Set-up").click()
    assert page.url == f"{url}/settings/sources"
    snippet = page.get_by_label("Snippet", exact=True)
    expect(snippet).to_contain_text(f"curl {url}/api/Log ")
    page.get_by_role("button", name="Fluent Bit", exact=True).click()
    expect(snippet).to_contain_text(re.compile(rf"URI +{urlsplit(url).path}/api/Logs\n"))
    ways = page.get_by_role("navigation", name="Set-up")
    for name in ("Keys", "Users", "Retention", "System"):
        ways.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        assert page.url == f"{url}/settings/{name.lower()}"
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("System")
    page.get_by_role("link", name="shop").first.click()
    expect(page.get_by_label("Search events")).to_have_value('application:"shop"')


def visit_help(page, url):
    """From the portal, and back."""
    page.get_by_role("button", name="Account").click()
    page.get_by_role("link", name="API help").click()
    page.get_by_role("link", name="POST api/Log", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(f"{url}/api/Log")
    assert page.url == f"{url}/Help/Api/POST-api-Log"
    page.get_by_role("link", name="Portal").click()
    expect(page.get_by_label("Search events")).to_be_visible()


def test_two_logsters_of_one_host_share_no_session(proxy, servers, page, context):
    one, other = ROOTS
    page.goto(f"{one}/")
    fill_login(page)
    expect(page.get_by_label("Search events")).to_be_visible()
    page.goto(f"{other}/")
    assert page.url == f"{proxy.url}{other}/login"
    fill_login(page)
    expect(page.get_by_label("Search events")).to_be_visible()
    paths = {(cookie["name"], cookie["path"]) for cookie in context.cookies()}
    names = ("logster_session", "csrftoken")
    assert paths == {(name, root) for name in names for root in ROOTS}

    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{proxy.url}{other}/login")
    page.goto(f"{one}/")
    expect(page.get_by_label("Search events")).to_be_visible()


@pytest.mark.parametrize("root", ROOTS)
def test_programs_are_served_below_a_path(proxy, servers, root, tmp_path):
    url = proxy.url + root
    word = f"program{time.time_ns()}"
    number = send(url, word)
    assert json.loads(ask(f"{url}/health/live")[1])["status"] == "live"
    assert json.loads(ask(f"{url}/health/ready")[1])["status"] == "ready"
    assert "logster_" in ask(f"{url}/metrics")[1]
    servers[root].wait_for(word, 1)
    assert word in ask(f"{url}/api/Log/{number}")[1]
    assert word in ask(f"{url}/api/v1/events?q={word}")[1]
    assert json.loads(ask(f"{url}/api/v1/openapi.json")[1])["servers"] == [{"url": root}]

    logster = Path(sys.executable).with_name("logster")
    environment = {**os.environ, "HOME": str(tmp_path), "LOGSTER_URL": url, "LOGSTER_API_KEY": KEY}
    for command, found in (
        (["send", f"{word} again"], ""),
        (["search", word], word),
        (["doctor"], url),
    ):
        done = subprocess.run(
            [logster, *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert found in done.stdout


def test_the_first_start_tells_the_public_address(proxy, servers):
    for root, server in servers.items():
        text = server.log.read_text()
        assert f"Portal    {proxy.url}{root}\n" in text
        assert f"curl {proxy.url}{root}/api/Log " in text


def test_who_asks_the_server_itself_needs_no_root(servers):
    for root, server in servers.items():
        assert server.get("/health/ready").status == 200
        answer = server.request("GET", "/", Accept="text/html")
        assert answer.headers["location"] == f"{root}/login"
