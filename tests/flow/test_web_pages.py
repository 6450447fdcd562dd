import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logster.meta.sessions import Role
from logster.meta.throttle import MAX_FAILURES_OF_EMAIL
from logster.store.engine import Engine
from logster.web.app import STRICT_HEADERS
from support.web import ADMIN, KEY, PASSWORD, Site, absent_engine, csrf_of, log_in, running_site

HASHED, PLAIN = "assets/portal-DNANunDS.js", "pages.css"


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with absent_engine() as opened:
        yield opened


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the portal</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / HASHED).write_text("console.log('portal');" * 100)
    (folder / PLAIN).write_text("body {}")
    (folder / ".sources").write_text("stamp")
    return folder


@pytest.fixture
async def site(tmp_path: Path, engine: Engine, built: Path) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine, static_folder=built) as opened:
        yield opened


async def test_a_stranger_is_sent_to_the_door_and_back_to_where_they_wanted(site: Site) -> None:
    browser = site.visit()
    first = await browser.get("/events/5?q=a b")
    assert first.status_code == 303
    assert first.headers["location"] == "/login?next=%2Fevents%2F5%3Fq%3Da%2520b"
    page = await browser.get(first.headers["location"])
    assert 'name="next" value="/events/5?q=a%20b"' in page.text
    answer = await log_in(browser, goal="/events/5?q=a%20b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/events/5?q=a%20b")
    assert "the portal" in (await browser.get("/events/5?q=a%20b")).text


async def test_the_portal_opens_at_every_path_of_its_router(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    for path in ("/", "/events/7", "/issues/7", "/issues", "/settings/keys", "/dashboards/5?q=x"):
        assert "the portal" in (await browser.get(path)).text


async def test_who_is_logged_in_need_not_log_in_again(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    answer = await browser.get("/login?next=/events/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/events/1")


@pytest.mark.parametrize(
    "goal", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/e"]
)
async def test_the_door_never_sends_anyone_elsewhere(site: Site, goal: str) -> None:
    browser = site.visit()
    assert (await log_in(browser, goal=goal)).headers["location"] == "/"
    assert (await browser.get("/login", params={"next": goal})).headers["location"] == "/"


async def test_a_path_that_looks_like_another_host_is_not_carried_along(site: Site) -> None:
    answer = await site.visit().get("http://logs.test//settings//evil.example/")
    assert "%2F%2F" not in answer.headers["location"]


async def test_a_wrong_password_is_told_with_the_email_kept_and_escaped(site: Site) -> None:
    browser = site.visit()
    answer = await log_in(browser, email='"><script>alert(1)</script>', password="wrong")
    assert answer.status_code == 401
    assert "The email or the password is not right." in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "logster_session" not in browser.cookies


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    answer = await log_in(site.visit())
    session, token = answer.headers.get_list("set-cookie")
    assert session.startswith("logster_session=")
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=1209600"):
        assert part in session
    assert "HttpOnly" not in token, "the portal's script must read it"
    assert "Secure" not in session, "plain http, on a developer's machine"


async def test_over_https_cookies_are_secure(tmp_path: Path, engine: Engine) -> None:
    async with running_site(tmp_path, engine, public_url="https://logs.example.com") as site:
        answer = await log_in_behind_proxy(site)
        assert all("Secure" in cookie for cookie in answer)


async def log_in_behind_proxy(site: Site) -> list[str]:
    """The proxy speaks plain http to us, so a test's browser would keep a Secure cookie back."""
    page = await site.visit().get("/login")
    cookie = re.findall(r"csrftoken=(\w+)", page.headers["set-cookie"])[0]
    fields = {"email": ADMIN, "password": PASSWORD, "csrf_token": cookie}
    headers = {"Cookie": f"csrftoken={cookie}"}
    answer = await site.visit().post("/login", data=fields, headers=headers)
    assert answer.status_code == 303
    return answer.headers.get_list("set-cookie")


async def test_a_log_in_needs_the_form_of_our_own_page(site: Site) -> None:
    fields = {"email": ADMIN, "password": PASSWORD, "next": "/"}
    for extra in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}):
        browser = site.visit()
        answer = await browser.post("/login", data={**fields, **extra})
        assert answer.status_code == 403
        assert "logster_session" not in browser.cookies


async def test_a_session_planted_before_the_log_in_is_worth_nothing_after(site: Site) -> None:
    attacker, victim = site.visit(), site.visit()
    await site.add_user("eve@example.com", 1, Role.VIEWER)
    await log_in(attacker, "eve@example.com")
    planted = attacker.cookies["logster_session"]
    page = await victim.get("/login")
    fields = {
        "email": ADMIN,
        "password": PASSWORD,
        "csrf_token": victim.cookies["csrftoken"],
    }
    assert page.status_code == 200
    victim.cookies.set("logster_session", planted, domain="logs.test")
    answer = await victim.post("/login", data=fields)
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    assert (await attacker.get("/api/v1/session")).status_code == 401


async def test_logging_out_ends_the_session_on_the_server(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    kept = browser.cookies["logster_session"]
    answer = await browser.post("/logout", headers={**csrf_of(browser), "Accept": "*/*"})
    assert answer.status_code == 204
    assert "logster_session" not in browser.cookies
    browser.cookies.set("logster_session", kept, domain="logs.test")
    assert (await browser.get("/")).status_code == 303


async def test_another_site_cannot_log_anyone_out(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    assert (await browser.post("/logout")).status_code == 403
    assert (await browser.get("/")).status_code == 200


async def test_logging_out_by_a_form_leads_to_the_door(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    fields = {"csrf_token": browser.cookies["csrftoken"]}
    answer = await browser.post("/logout", data=fields, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_too_many_failures_are_told_to_wait(site: Site) -> None:
    browser = site.visit()
    for _ in range(MAX_FAILURES_OF_EMAIL):
        assert (await log_in(browser, password="wrong")).status_code == 401
    answer = await log_in(browser)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 301


@pytest.mark.parametrize(
    "path", ["/", "/login", "/Help", "/nix/../x", "/api/v1/session", "/api/v1/nix", "/static/nix"]
)
async def test_every_answer_has_the_strict_headers(site: Site, path: str) -> None:
    answer = await site.visit().get(path)
    for name, value in STRICT_HEADERS.items():
        assert answer.headers[name] == value


async def test_pages_hold_no_inline_script_or_style(site: Site) -> None:
    for path in ("/login", "/Help", "/Help/Api/POST-api-Log", "/Help/Api/nix"):
        text = (await site.visit().get(path)).text
        assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=|javascript:", text)


async def test_hashed_files_are_kept_for_ever_and_others_are_asked_for(site: Site) -> None:
    browser = site.visit()
    hashed = await browser.get(f"/static/{HASHED}")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = await browser.get(f"/static/{PLAIN}")
    assert plain.headers["cache-control"] == "no-cache"
    etag = {"If-None-Match": plain.headers["etag"]}
    assert (await browser.get(f"/static/{PLAIN}", headers=etag)).status_code == 304


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", ""), ("", "")],
)
async def test_files_are_sent_in_the_best_encoding_that_is_understood(
    site: Site, accepted: str, sent: str
) -> None:
    answer = await site.visit().get(f"/static/{HASHED}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding", "") == sent
    assert answer.text == "console.log('portal');" * 100
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name", ["nix.js", "../meta.sqlite", "%2e%2e/meta.sqlite", "..%2fmeta.sqlite", ".sources", ""]
)
async def test_only_built_files_can_be_had(site: Site, name: str) -> None:
    answer = await site.visit().get(f"/static/{name}")
    assert answer.status_code in (303, 404)
    assert b"SQLite" not in answer.content


async def test_a_portal_that_is_not_built_says_so(tmp_path: Path, engine: Engine) -> None:
    async with running_site(tmp_path, engine, static_folder=tmp_path / "nix") as site:
        browser = site.visit()
        await log_in(browser)
        answer = await browser.get("/")
        assert answer.status_code == 503
        assert "make portal" in answer.text


async def test_a_key_does_not_open_pages(site: Site) -> None:
    assert (await site.visit(key=KEY).get("/")).status_code == 401


async def test_head_is_answered_like_get(site: Site) -> None:
    assert (await site.visit().head(f"/static/{PLAIN}")).status_code == 200
    assert (await site.visit().head("/")).status_code == 303


async def fail_to_log_in(site: Site, address: str, client: str, count: int) -> int:
    """The status of the last of so many wrong passwords that a proxy brings from a client."""
    browser = site.visit(address=address)
    browser.headers["X-Forwarded-For"] = f"203.0.113.77, {client}"
    answers = [await log_in(browser, f"{client}-{n}@example.com", "wrong") for n in range(count)]
    return answers[-1].status_code


async def test_log_in_limits_count_the_people_behind_a_trusted_proxy(
    tmp_path: Path, engine: Engine
) -> None:
    proxy = "10.0.0.5"
    async with running_site(tmp_path, engine, trusted_proxies=proxy) as site:
        assert await fail_to_log_in(site, proxy, "198.51.100.1", 51) == 429
        assert await fail_to_log_in(site, proxy, "198.51.100.2", 1) == 401
        # Who is no proxy cannot speak for others, nor hide behind them.
        assert await fail_to_log_in(site, "192.0.2.9", "198.51.100.3", 51) == 429
        assert await fail_to_log_in(site, "192.0.2.9", "198.51.100.4", 1) == 429
        assert await fail_to_log_in(site, proxy, "198.51.100.3", 1) == 401
