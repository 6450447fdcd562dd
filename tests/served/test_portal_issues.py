"""Issues in a real browser, with the real server and engine behind them."""

import contextlib
import json
import re
import string
import time

import pytest
from playwright.sync_api import expect

from support.browser import SCHEME, STEP_MS, fill_login, find_faults, watch
from support.served import KEY, wait_until

pytestmark = pytest.mark.timeout(120)

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 800}
MANY = 55

#: What is copied becomes the title of the page, where a test can read it.
_TO_TITLE = "navigator.clipboard.writeText = async text => { document.title = text; }"

TRACE = """Traceback (most recent call last):
  File "/srv/shop/pay.py", line 12, in pay
    charge(order)
  File "/usr/lib/python3.11/site-packages/cards/charge.py", line 30, in charge
    raise error
cards.{kind}: the card of order {number} was declined"""


@pytest.fixture(scope="module")
def shop(server):
    """Finds two issues and no others: one of three errors, one that an SDK has reported."""
    name = f"shop{time.time_ns()}"
    errors = [error_of(name, "CardDeclinedError", number) for number in range(3)]
    server.post("/api/Logs", json.dumps(errors).encode(), "application/json")
    report = json.dumps(report_of(name)).encode()
    assert server.post(f"/api/1/store/?sentry_key={KEY}", report, "application/json").status == 200
    wait_for_issues(server, name, 2)
    return name


def error_of(application, kind, number):
    trace = TRACE.format(kind=kind, number=number)
    return {
        "Message": f"{application}: order {number} was not paid",
        "Exception": trace.rpartition("\n")[2],
        "StackTrace": trace,
        "Application": application,
        "Severity": 4,
        "User": f"user{number}",
        "Release": "1.4.0",
    }


def report_of(word):
    frame = {
        "filename": "basket.py",
        "function": "add",
        "lineno": 8,
        "in_app": True,
        "pre_context": ["def add(item):"],
        "context_line": "    return prices[item]",
        "post_context": [""],
        "vars": {"item": "'tea'"},
    }
    return {
        "event_id": f"{time.time_ns():032x}",
        "platform": "python",
        "exception": {
            "values": [
                {"type": "KeyError", "value": f"'{word}'", "stacktrace": {"frames": [frame]}}
            ]
        },
        "breadcrumbs": [
            {"category": "http", "message": "GET /prices", "data": {"status_code": 500}}
        ],
        "request": {
            "url": "https://shop.example/basket",
            "method": "POST",
            "headers": {"Authorization": "Bearer hidden", "Accept": "text/html"},
        },
        "user": {"id": "ada"},
    }


def wait_for_issues(server, text, count):
    def total():
        return server.get(f"/api/v1/issues?q={text}").json()["total"]

    wait_until(lambda: total() == count, 30, lambda: f"{total()} issues of {text}, not {count}")


@contextlib.contextmanager
def visiting(server, browser, cookies, **options):
    """A page that fails the test for any error it reports; refusals are no errors of its own."""
    options = {"viewport": WIDE, "color_scheme": SCHEME, **options}
    context = browser.new_context(base_url=server.url, **options)
    context.set_default_timeout(STEP_MS)
    context.add_cookies(cookies)
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert [said for said in complaints if "Failed to load resource" not in said] == []


def log_in(server, browser, *who):
    context = browser.new_context(base_url=server.url, color_scheme=SCHEME)
    page = context.new_page()
    page.goto("/issues")
    fill_login(page, *who)
    expect(page.get_by_role("combobox", name="Search issues")).to_be_visible()
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture(scope="module")
def cookies(server, browser):
    """One session for all: logging in is slow on purpose."""
    return log_in(server, browser)


@pytest.fixture
def page(server, browser, cookies):
    with visiting(server, browser, cookies) as page:
        yield page


def row(page, words):
    return page.locator("[data-issue]").filter(has_text=words)


def find(page, text):
    box = page.get_by_role("combobox", name="Search issues")
    box.fill(text)
    box.press("Enter")


def open_issue(page, shop, words):
    page.goto(f"/issues?q={shop}")
    row(page, words).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    expect(page.get_by_role("region", name="Event")).to_contain_text("Exceptions")


def test_issues_are_worked_off_by_keys(page, shop):
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Issues").click()
    find(page, f"is:open {shop}")
    expect(page.locator("[data-issue]")).to_have_count(2)
    card = row(page, "CardDeclinedError")
    expect(card.locator("strong")).to_have_text("cards.CardDeclinedError")
    expect(card).to_contain_text("3 errors")
    expect(card).to_contain_text("3 users")
    # The search gave the focus to the first row.
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.get_by_role("status").filter(has_text="1 selected")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("e")
    expect(page.get_by_text("2 issues resolved")).to_be_visible()
    expect(page.locator("[data-issue]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-issue]")).to_have_count(2)
    card.get_by_role("link").focus()
    page.keyboard.press("m")
    page.get_by_role("dialog").get_by_role("button", name="Until 100 more errors").click()
    expect(card).to_have_count(0)
    find(page, f"is:muted {shop}")
    expect(card).to_contain_text("until 100 more errors")
    card.get_by_role("link").focus()
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_role("button", name="Me").click()
    expect(card).to_contain_text("ada@example.org")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_role("heading", name="Nothing is found")).to_be_visible()
    expect(page.get_by_role("link", name="Add a source")).to_be_visible()


def test_all_that_a_search_finds_is_changed_at_once_beyond_its_page(server, page):
    name = f"many{time.time_ns()}"
    letters = string.ascii_lowercase
    kinds = [f"{letters[n // 26]}{letters[n % 26]}Error".title() for n in range(MANY)]
    errors = [error_of(name, kind, n) for n, kind in enumerate(kinds)]
    server.post("/api/Logs", json.dumps(errors).encode(), "application/json")
    wait_for_issues(server, name, MANY)
    page.goto(f"/issues?q=is:open {name}")
    expect(page.locator("[data-issue]")).to_have_count(50)
    page.get_by_role("button", name="More", exact=True).click()
    expect(page.locator("[data-issue]")).to_have_count(MANY - 50)
    page.go_back()
    expect(page.locator("[data-issue]")).to_have_count(50)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"All {MANY} that the search finds").click()
    page.get_by_role("button", name="Ignore").click()
    expect(page.get_by_text(f"{MANY} issues ignored")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    wait_for_issues(server, f"is:ignored+{name}", MANY)


def test_an_issue_tells_what_happened_and_takes_comments(page, shop):
    open_issue(page, shop, "KeyError")
    event = page.get_by_role("region", name="Event")
    expect(event).to_contain_text("return prices[item]")
    expect(event).to_contain_text("'tea'")
    expect(event).to_contain_text("GET /prices")
    expect(event).to_contain_text("status_code")
    page.evaluate(_TO_TITLE)
    page.get_by_role("button", name=re.compile("Copy as curl")).click()
    command = page.title()
    assert command.startswith("curl --globoff -X 'POST' 'https://shop.example/basket'")
    assert "Authorization: ***" in command
    page.get_by_role("button", name="Copy as Markdown").click()
    assert "GET /prices" in page.title()
    assert "hidden" not in page.title()

    page.get_by_label("Comment").fill("ask *Bob* <b>")
    page.get_by_role("button", name="Comment").click()
    history = page.get_by_role("region", name="History")
    expect(history).to_contain_text("ask *Bob* <b>")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(history).to_contain_text("resolved")
    page.get_by_role("button", name="Open again").click()
    page.get_by_role("button", name="In the next release").click()
    expect(page.get_by_role("alert")).to_contain_text("names a release")
    page.get_by_role("button", name="Discard the issue").click()
    expect(page.get_by_text("counted and not kept")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()


def test_keys_lead_from_event_to_event_and_to_the_explorer_and_back(page, shop):
    open_issue(page, shop, "CardDeclinedError")
    event = page.get_by_role("region", name="Event")
    expect(event).to_contain_text("order 2")
    expect(page.get_by_role("region", name="Where they come from")).to_contain_text("1.4.0")
    page.keyboard.press("j")
    expect(event).to_contain_text("order 1")
    page.keyboard.press("j")
    expect(event).to_contain_text("order 0")
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.keyboard.press("k")
    expect(event).to_contain_text("order 1")
    issue = page.url
    page.keyboard.press("o")
    expect(page.get_by_role("complementary", name=re.compile("Event"))).to_contain_text("order 1")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", level=1)).to_contain_text("CardDeclinedError")
    assert page.url.split("?")[0] == issue.split("?")[0]
    page.get_by_role("link", name="All its events").click()
    expect(page.get_by_role("option").filter(has_text="not paid")).to_have_count(3)


def test_issues_are_merged_and_split_again(page, shop):
    open_issue(page, shop, "CardDeclinedError")
    page.get_by_role("button", name="Merge…").click()
    form = page.get_by_role("dialog")
    form.get_by_label("A search, or an id").fill(f"{shop} KeyError")
    form.get_by_role("checkbox", name=re.compile("KeyError")).check()
    form.get_by_role("button", name="Merge 1 issue").click()
    history = page.get_by_role("region", name="History")
    expect(history).to_contain_text("merged 1 issue into it")
    expect(page.get_by_role("complementary")).to_contain_text(re.compile(r"Errors\s*4"))
    page.get_by_role("button", name=re.compile("Split .* off")).click()
    page.keyboard.press("Enter")
    expect(history).to_contain_text("split 1 key off")
    expect(page.get_by_role("complementary")).to_contain_text(re.compile(r"Errors\s*3"))


def test_whoever_may_only_look_sees_no_way_to_change_anything(server, browser, shop):
    email, password = f"{shop}@example.org", "correct horse battery"
    order = json.dumps({"email": email, "password": password, "role": "viewer"}).encode()
    assert server.post("/api/v1/users", order, "application/json").status == 201
    with visiting(server, browser, log_in(server, browser, email, password)) as page:
        page.goto(f"/issues?q={shop}")
        expect(page.locator("[data-issue]")).to_have_count(2)
        expect(page.get_by_role("checkbox")).to_have_count(0)
        row(page, "KeyError").get_by_role("link").press("e")
        row(page, "KeyError").get_by_role("link").press("Enter")
        expect(page.get_by_role("region", name="History")).to_be_visible()
        expect(page.get_by_role("button", name="Resolve")).to_have_count(0)
        expect(page.get_by_label("Comment")).to_have_count(0)


def test_a_server_that_is_away_is_said_and_asked_again(page, shop):
    page.route("**/api/v1/issues?*", lambda route: route.abort())
    page.goto(f"/issues?q={shop}")
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    page.unroute("**/api/v1/issues?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-issue]")).to_have_count(2)
    find(page, "is:opne")
    expect(page.get_by_role("alert")).to_contain_text(
        re.compile("no issue is 'opne'", re.IGNORECASE)
    )
    page.goto("/issues/5")
    expect(page.get_by_role("alert")).to_contain_text("no such issue")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_thumb_reaches_all_of_it_and_axe_finds_nothing_serious(
    server, browser, cookies, shop, scheme
):
    with visiting(
        server, browser, cookies, viewport=NARROW, color_scheme=scheme, has_touch=True
    ) as page:

        def check(what):
            assert page.evaluate("document.documentElement.scrollWidth") == 390, what
            assert find_faults(page) == [], what

        page.goto(f"/issues?q={shop}")
        expect(page.locator("[data-issue]")).to_have_count(2)
        field = page.get_by_role("combobox", name="Search issues")
        frame = page.get_by_role("search").bounding_box()
        assert field.bounding_box()["y"] < frame["y"] + 4, "the field is within its frame"
        row(page, "KeyError").get_by_role("checkbox").tap()
        check("the list")
        bar = page.get_by_role("group", name="What is selected")
        for button in bar.get_by_role("button").all():
            assert button.bounding_box()["height"] >= 44
        bar.get_by_role("button", name="Mute…").tap()
        check("the dialog")
        page.keyboard.press("Escape")
        row(page, "KeyError").get_by_role("link").tap()
        expect(page.get_by_role("region", name="Event")).to_contain_text("Breadcrumbs")
        check("the page")
        change = page.get_by_role("group", name="Change the issue")
        for button in change.get_by_role("button").all():
            assert button.bounding_box()["height"] >= 44


def test_a_share_is_of_all_errors_though_not_all_values_are_shown(server, page):
    word = f"share{time.time_ns()}"
    many = [
        {"Message": f"{word} is full", "Severity": 4, "Application": word, "User": f"user{number}"}
        for number in range(10)
    ]
    server.post("/api/Logs", json.dumps(many).encode(), "application/json")
    wait_for_issues(server, word, 1)
    page.goto(f"/issues?q={word}")
    row(page, word).get_by_role("link").click()
    users = page.get_by_role("region", name="Where they come from").get_by_role("list").last
    expect(users).to_contain_text("and others")
    expect(users).to_contain_text("10 %")
    expect(users).not_to_contain_text("20 %")
