"""The portal in a real browser, with the real server and engine behind it."""

import re
import time

import pytest
from playwright.sync_api import expect, sync_playwright

from support.served import EMAIL, PASSWORD, quote

pytestmark = pytest.mark.timeout(180)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
STEP_MS = 15_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """What a page reports: errors, broken rules of its content policy, dialogs."""
    return []


@pytest.fixture
def stranger(server, browser, complaints):
    """A page of somebody who has not logged in; fails the test for any error it reports."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(STEP_MS)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    yield page
    context.close()
    assert complaints == []


def log_in(page, path="/"):
    page.goto(path)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Search events")).to_be_visible()


@pytest.fixture
def page(stranger):
    log_in(stranger)
    return stranger


def search_for(page, text):
    box = page.get_by_label("Search events")
    box.fill(text)
    box.press("Enter")


def row_with(page, text):
    return page.get_by_role("option").filter(has_text=text)


def test_strangers_are_sent_to_the_door_and_back(server, stranger):
    stranger.goto("/?q=anything")
    assert "/login" in stranger.url
    log_in(stranger, "/?q=anything")
    expect(stranger.get_by_label("Search events")).to_have_value("anything")


def test_a_posted_message_arrives_in_the_tail_and_opens_with_all_it_has(server, page):
    word = f"portal{time.time_ns()}"
    search_for(page, word)
    live = page.get_by_role("button", name="Live", exact=True)
    live.click()
    expect(live).to_have_attribute("title", re.compile("new events appear"))
    server.log_message(
        Message=f"{word} payment failed",
        Severity=4,
        Application="shop",
        Exception="TimeoutError: no answer",
        StackTrace="   at Shop.Pay(Order order) in Pay.cs:line 42",
        Properties={"OrderId": 4711, "Customer": {"Name": "Ada"}},
    )

    row = row_with(page, word)
    expect(row).to_be_visible()
    row.click()
    detail = page.get_by_role("region", name="Event detail")
    for text in ("TimeoutError: no answer", "Pay.cs:line 42", "OrderId", "4711", "Ada", "shop"):
        expect(detail).to_contain_text(text)
    assert "/events/" in page.url
    page.reload()
    expect(page.get_by_role("region", name="Event detail")).to_contain_text("Pay.cs:line 42")


def test_text_and_severity_narrow_the_list(server, page):
    word = f"narrow{time.time_ns()}"
    server.log_message(Message=f"{word} quiet", Severity=2)
    server.log_message(Message=f"{word} loud", Severity=5)
    server.wait_for(word, 2)
    search_for(page, word)
    expect(row_with(page, word)).to_have_count(2)

    page.get_by_role("button", name=re.compile("Error and above")).click()
    expect(row_with(page, word)).to_have_count(1)
    expect(row_with(page, word)).to_contain_text("loud")


def test_a_mistake_is_shown_with_what_was_expected(server, page, complaints):
    text = "severity>=terrible"
    answer = server.get(f"/api/v1/events?q={quote(text)}")
    assert answer.status == 400
    search_for(page, text)
    said = re.escape(answer.json()["error"]["message"])
    expect(page.get_by_text(re.compile(said, re.IGNORECASE)).first).to_be_visible()
    # The browser itself notes every answer that is no success.
    assert [said for said in complaints if "status of 400" not in said] == []
    complaints.clear()


def test_everything_can_be_done_with_the_keyboard(server, page):
    word = f"keys{time.time_ns()}"
    for number in range(3):
        server.log_message(Message=f"{word} number {number}", Severity=2)
    server.wait_for(word, 3)
    page.keyboard.press("/")
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(3)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Event detail")).to_contain_text(word)
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Event detail")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_what_a_message_says_is_only_ever_text(server, page):
    word = f"markup{time.time_ns()}"
    evil = f"{word} <img src=x onerror=alert(1)> <script>alert(2)</script> \x1b[31mred\x1b[0m \x07"
    server.log_message(Message=evil, Severity=3, Properties={"<b>": "<i>x</i>"}, Exception=evil)
    server.wait_for(word, 1)
    search_for(page, word)
    row_with(page, word).click()

    expect(page.get_by_role("region", name="Event detail")).to_contain_text("<script>")
    assert page.locator("main img[src=x]").count() == 0


def test_one_can_leave(server, page):
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto("/")
    assert "/login" in page.url
