"""The portal below a path of its host, whether a proxy keeps the path or takes it off."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from logster.store.engine import Engine
from logster.web.app import STRICT_HEADERS
from support.web import ADMIN, PASSWORD, Site, absent_engine, csrf_of, log_in, running_site

ROOT = "/logs"
SHELL = """<head><meta name="logster-root" content="" />
<link rel="icon" href="./favicon.svg" /><script src="./theme.js"></script>
<script type="module" src="./assets/portal-DNANunDS.js"></script></head>"""


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with absent_engine() as opened:
        yield opened


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text(SHELL)
    (folder / "theme.js").write_text("")
    (folder / "favicon.svg").write_text("<svg/>")
    return folder


@pytest.fixture
async def site(tmp_path: Path, engine: Engine, built: Path) -> AsyncIterator[Site]:
    url = f"http://logs.test{ROOT}"
    async with running_site(tmp_path, engine, static_folder=built, public_url=url) as opened:
        yield opened


@pytest.fixture(params=["kept", "taken off"])
def browser(request: pytest.FixtureRequest, site: Site) -> httpx.AsyncClient:
    """Somebody behind a proxy that keeps the root, or takes it off.

    Cookies are those of the address that the browser knows, so it is the inside that is changed.
    """
    visitor = site.visit()
    if request.param == "taken off":
        _take_off(visitor)
    return visitor


def _take_off(visitor: httpx.AsyncClient) -> None:
    inner = visitor._transport.app  # type: ignore[attr-defined]

    async def proxied(scope: Any, receive: Any, send: Any) -> None:
        path, raw_path = scope["path"], scope["raw_path"]
        assert path.startswith(ROOT), "the proxy's other site was asked"
        scope = {
            **scope,
            "path": path[len(ROOT) :] or "/",
            "raw_path": raw_path[len(ROOT) :] or b"/",
        }
        await inner(scope, receive, send)

    visitor._transport.app = proxied  # type: ignore[attr-defined]


async def test_a_stranger_is_sent_to_the_door_below_the_root_and_back(
    browser: httpx.AsyncClient,
) -> None:
    first = await browser.get(f"{ROOT}/events/5?q=a b")
    assert first.status_code == 303
    assert first.headers["location"] == "/logs/login?next=%2Fevents%2F5%3Fq%3Da%2520b"
    page = await browser.get(first.headers["location"])
    assert 'action="/logs/login"' in page.text
    answer = await log_in(browser, goal="/events/5?q=a%20b", root=ROOT)
    assert answer.headers["location"] == "/logs/events/5?q=a%20b"
    assert (await browser.get(answer.headers["location"])).status_code == 200
    again = await browser.get(f"{ROOT}/login?next=/logs/dashboards")
    assert again.headers["location"] == "/logs/dashboards"


async def test_a_goal_in_any_letters_is_led_to(browser: httpx.AsyncClient) -> None:
    goal = "/?q=журнал 100%25"
    expected = "/logs/?q=%D0%B6%D1%83%D1%80%D0%BD%D0%B0%D0%BB%20100%25"
    assert (await log_in(browser, goal=goal, root=ROOT)).headers["location"] == expected
    answer = await browser.get(f"{ROOT}/login", params={"next": goal})
    assert answer.headers["location"] == expected


@pytest.mark.parametrize("path", ["", "/"])
async def test_the_top_of_the_root_is_the_portal(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(ROOT + path)
    assert answer.headers["location"] == "/logs/login"
    answer = await log_in(browser, root=ROOT)
    assert answer.headers["location"] == "/logs/"
    assert (await browser.get(ROOT + path)).status_code == 200


async def test_cookies_are_of_the_root_alone(browser: httpx.AsyncClient) -> None:
    page = await browser.get(f"{ROOT}/login")
    begun = await log_in(browser, root=ROOT)
    shown = await browser.get(f"{ROOT}/")
    ended = await browser.post(f"{ROOT}/logout", headers=csrf_of(browser))
    for answer in (page, begun, shown, ended):
        cookies = answer.headers.get_list("set-cookie")
        assert cookies
        assert all("; Path=/logs;" in f"{cookie};" for cookie in cookies)
    assert ended.headers["location"] == "/logs/login"
    assert not browser.cookies


async def test_the_page_of_the_portal_says_where_it_is(browser: httpx.AsyncClient) -> None:
    await log_in(browser, root=ROOT)
    text = (await browser.get(f"{ROOT}/events/5")).text
    assert '<meta name="logster-root" content="/logs" />' in text
    assert re.findall(r'(?:href|src)="([^"]*)"', text) == [
        "/logs/static/favicon.svg",
        "/logs/static/theme.js",
        "/logs/static/assets/portal-DNANunDS.js",
    ]
    assert (await browser.get(f"{ROOT}/static/theme.js")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/Help",
        "/HELP/",
        "/Help/Api/POST-api-Log",
        "/Help/ResourceModel?modelName=LogMessage",
        "/Help/nix",
        "/nix",
        "/events/nix",
    ],
)
async def test_every_address_in_a_page_is_below_the_root(
    browser: httpx.AsyncClient, path: str
) -> None:
    answer = await browser.get(ROOT + path)
    found = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
    assert found
    assert [link for link in found if not link.startswith("/logs/")] == []
    for name, value in STRICT_HEADERS.items():
        assert answer.headers[name] == value


async def test_every_link_of_the_help_leads_somewhere(browser: httpx.AsyncClient) -> None:
    page = await browser.get(f"{ROOT}/Help")
    for link in re.findall(r'href="([^"]*)"', page.text):
        assert (await browser.get(link)).status_code in (200, 303, 404), link
        assert "static" in link or (await browser.get(link)).status_code != 404


async def test_what_the_help_and_the_refusals_tell_to_type_is_below_the_root(
    browser: httpx.AsyncClient,
) -> None:
    page = (await browser.get(f"{ROOT}/Help/Api/POST-api-Log")).text
    assert "http://logs.test/logs/api/Log" in page
    browser.headers["Accept"] = "*/*"
    lost = (await browser.get(f"{ROOT}/ready")).json()["error"]["message"]
    assert lost.startswith("Nothing answers at /logs/ready.")
    assert "POST /logs/api/Log" in lost
    first = (await browser.get(f"{ROOT}/")).json()["error"]["message"]
    assert "/logs/api/v1" in first


async def test_the_document_of_the_api_names_the_root(browser: httpx.AsyncClient) -> None:
    document = (await browser.get(f"{ROOT}/api/v1/openapi.json")).json()
    assert document["servers"] == [{"url": "/logs"}]
    assert "/api/v1/events" in document["paths"]


@pytest.mark.parametrize(
    "goal",
    ["//evil.example", "/logs//evil.example", "/../other", "/logs/%2e%2e/other", "/logs/\\evil"],
)
async def test_the_door_leads_neither_to_other_hosts_nor_to_other_sites_of_this_one(
    browser: httpx.AsyncClient, goal: str
) -> None:
    assert (await log_in(browser, goal=goal, root=ROOT)).headers["location"] == "/logs/"
    answer = await browser.get(f"{ROOT}/login", params={"next": goal})
    assert answer.headers["location"] == "/logs/"


@pytest.mark.parametrize("path", ["/logsx", "/logsx/Help", "/logs.html", "/other/login"])
async def test_a_path_that_merely_begins_like_the_root_is_not_below_it(
    site: Site, path: str
) -> None:
    assert (await site.visit().get(path)).status_code == 404


async def test_the_root_in_capitals_leads_to_the_one_with_the_cookies(site: Site) -> None:
    browser = site.visit()
    await log_in(browser, root=ROOT)
    answer = await browser.get("/LOGS/events/5")
    assert answer.headers["location"] == "/logs/login?next=%2Fevents%2F5"
    assert (await browser.get(answer.headers["location"])).headers["location"] == "/logs/events/5"


async def test_a_logster_at_the_top_of_the_host_does_not_hide_the_one_below(site: Site) -> None:
    """Browsers send the cookie with the longer path first."""
    browser = site.visit()
    await log_in(browser, root=ROOT)
    own, ours = browser.cookies["logster_session"], browser.cookies["csrftoken"]
    above = "logster_session=of-the-top; csrftoken=of-the-top"
    cookies = f"logster_session={own}; csrftoken={ours}; {above}"
    stranger = site.visit()
    answer = await stranger.get(f"{ROOT}/api/v1/session", headers={"Cookie": cookies})
    assert answer.json()["email"] == ADMIN
    page = await stranger.get(f"{ROOT}/login", headers={"Cookie": f"csrftoken={ours}; {above}"})
    assert f'value="{ours}"' in page.text
    fields = {"email": ADMIN, "password": PASSWORD, "csrf_token": ours}
    headers = {"Cookie": f"csrftoken={ours}; {above}"}
    answer = await stranger.post(f"{ROOT}/login", data=fields, headers=headers)
    assert answer.status_code == 303


async def test_without_a_path_nothing_is_different(
    tmp_path: Path, engine: Engine, built: Path
) -> None:
    url = "https://logs.test/"
    async with running_site(tmp_path, engine, static_folder=built, public_url=url) as site:
        browser = site.visit()
        assert (await browser.get("/")).headers["location"] == "/login"
        page = await browser.get("/login")
        assert "; Path=/;" in page.headers["set-cookie"] + ";"
        assert 'action="/login"' in page.text
        assert (await browser.get("/logs/login")).status_code == 404
        document = (await browser.get("/api/v1/openapi.json")).json()
        assert document["servers"] == [{"url": "/"}]
        help_page = (await browser.get("/Help/Api/POST-api-Log")).text
        assert "https://logs.test/api/Log" in help_page
