"""The portal in a real browser, with the real server and engine behind it."""

import contextlib
import gzip
import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect

from support.browser import SCHEME, STEP_MS, fill_login, find_faults, watch
from support.served import quote

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
MAX_SCRIPT_BYTES = 150_000


@pytest.fixture
def context(server, browser):
    """A browser of its own for each test."""
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 800}, color_scheme=SCHEME
    )
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


@pytest.fixture
def forgiven():
    """Words of what a page may report: the browser itself notes every answer that is no success."""
    return []


@pytest.fixture
def stranger(context, forgiven):
    """A page of somebody who has not logged in; fails the test for any error it reports."""
    page = context.new_page()
    complaints = watch(page)
    yield page
    page.close()
    assert [said for said in complaints if not any(word in said for word in forgiven)] == []


def log_in(page, path="/"):
    page.goto(path)
    fill_login(page)
    expect(page.get_by_label("Search events")).to_be_visible()


@pytest.fixture(scope="module")
def cookies(server, browser):
    """A session for all tests that do not end it; logging in is slow on purpose."""
    context = browser.new_context(base_url=server.url, color_scheme=SCHEME)
    log_in(context.new_page())
    yield context.cookies()
    context.close()


@pytest.fixture
def page(context, cookies, stranger):
    context.add_cookies(cookies)
    stranger.goto("/")
    return stranger


def search_for(page, text):
    box = page.get_by_label("Search events")
    box.fill(text)
    box.press("Enter")


def row_with(page, text):
    return page.get_by_role("option").filter(has_text=text)


def unique(name):
    return f"{name}{time.time_ns()}"


def log_at(server, word, hours_ago, **members):
    """Log an event of so many hours ago; its time."""
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    members = {"Severity": 2, "Timestamp": at.isoformat(), **members}
    server.log_message(Message=f"{word} {hours_ago} hours ago", **members)
    return at


def histogram(page):
    return page.get_by_role("slider", name="Events over time")


def facet(page, field):
    return page.get_by_role("region", name=field, exact=True)


def shown_count(page):
    return page.locator(".summary")


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
    for text in ("TimeoutError: no answer", "Pay.cs:42", "OrderId", "4711", "Ada", "shop"):
        expect(detail).to_contain_text(text)
    assert "/events/" in page.url
    page.reload()
    expect(page.get_by_role("region", name="Event detail")).to_contain_text("Pay.cs:42")


JAVA_TRACE = """com.shop.PaymentDeclined: <b>card</b> refused
\tat com.shop.Gateway.charge(Gateway.java:42)
\tat org.springframework.aop.CglibAopProxy.intercept(CglibAopProxy.java:703)
\tat java.base/java.lang.Thread.run(Thread.java:833)
Caused by: java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
\tat com.shop.Http.read(Http.java:7)
\t... 12 more"""


def test_a_stack_trace_folds_what_is_not_the_applications_own(server, page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    word = unique("trace")
    server.log_message(Message=word, Severity=4, StackTrace=JAVA_TRACE)
    found = server.wait_for(word, 1)[0]
    page.goto(f"/events/{found['id']}?q={word}")
    detail = page.get_by_role("region", name="Event detail")
    expect(detail).to_contain_text("com.shop.PaymentDeclined: <b>card</b> refused")
    expect(detail.get_by_text("com.shop.Gateway.charge")).to_be_visible()
    folded = detail.get_by_text("org.springframework.aop.CglibAopProxy.intercept")
    expect(folded).to_be_hidden()
    detail.get_by_text("2 library frames").click()
    expect(folded).to_be_visible()
    expect(detail.get_by_text("Caused by")).to_be_visible()
    expect(detail.get_by_text("... 12 more")).to_be_hidden()
    detail.get_by_role("button", name="Copy Gateway.java:42").click()
    assert page.evaluate("navigator.clipboard.readText()") == "Gateway.java:42"
    detail.get_by_role("button", name="Raw").click()
    expect(detail.locator(".raw")).to_have_text(JAVA_TRACE, use_inner_text=True)


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


def test_a_mistake_is_shown_with_what_was_expected(server, page, forgiven):
    forgiven.append("status of 400")
    text = "severity>=terrible"
    answer = server.get(f"/api/v1/events?q={quote(text)}")
    assert answer.status == 400
    search_for(page, text)
    said = re.escape(answer.json()["error"]["message"])
    expect(page.get_by_text(re.compile(said, re.IGNORECASE)).first).to_be_visible()


def test_a_misspelt_field_is_told_and_mended_by_a_click(server, page):
    word = unique("hint")
    server.log_message(Message=word, User="alice")
    server.wait_for(word, 1)
    search_for(page, f"{word} usr:alice")
    expect(page.get_by_text("did you mean `user`?")).to_be_visible()
    page.get_by_role("button", name=f"Search {word} user:alice").click()
    expect(row_with(page, word)).to_have_count(1)
    expect(page.get_by_label("Search events")).to_have_value(f"{word} user:alice")


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


def test_a_coloured_word_is_found_and_shown_in_its_colour(server, page):
    word = unique("colour")
    server.log_message(Message=f"\x1b[31m{word}\x1b[0m\x1b[K behind", Severity=3)
    server.wait_for(word, 1)
    search_for(page, word)

    expect(row_with(page, word).locator(".ansi-1")).to_have_text(word)
    row_with(page, word).click()
    detail = page.get_by_role("region", name="Event detail")
    expect(detail.locator(".message .ansi-1")).to_have_text(word)
    expect(detail.locator(".message")).to_have_text(f"{word} behind")


def test_one_can_leave(stranger):
    page = stranger
    log_in(page)
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto("/")
    assert "/login" in page.url


def test_dragging_over_the_histogram_zooms_and_a_double_click_goes_back(server, page):
    word = unique("brush")
    for hours in (1, 10, 11, 20):
        log_at(server, word, hours)
    server.wait_for(word, 4)
    page.goto(f"/?q={word}&range=24h")
    expect(row_with(page, word)).to_have_count(4)
    plot = histogram(page)
    expect(page.locator(".histogram svg path").first).to_have_attribute("d", re.compile("M"))
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.65, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(row_with(page, word)).to_have_count(2)
    assert "range=20" in page.url
    plot.dblclick()
    expect(row_with(page, word)).to_have_count(4)
    assert "range=24h" in page.url


def test_the_histogram_is_read_and_zoomed_by_keys(server, page):
    word = unique("histokeys")
    log_at(server, word, 20, Severity=4)
    log_at(server, word, 0, Severity=2)
    server.wait_for(word, 2)
    page.goto(f"/?q={word}")
    expect(row_with(page, word)).to_have_count(2)
    page.keyboard.press("h")
    plot = histogram(page)
    expect(plot).to_be_focused()
    expect(plot).not_to_have_attribute("aria-valuemax", "0")  # it is loaded after the list
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("1 events, 1 error"))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(1)
    expect(row_with(page, word)).to_contain_text("20 hours ago")
    page.keyboard.press("h")
    page.keyboard.press("Backspace")
    expect(row_with(page, word)).to_have_count(2)


def test_keys_before_the_histogram_is_there_stand_nowhere(server, page):
    word = unique("earlykeys")
    log_at(server, word, 20)
    log_at(server, word, 0)
    server.wait_for(word, 2)
    held = []
    page.route("**/api/v1/histogram?*", lambda route: held.append(route))  # noqa: PLW0108
    page.goto(f"/?q={word}")
    expect(row_with(page, word)).to_have_count(2)
    page.keyboard.press("h")
    for key in ("Home", "End", "ArrowRight"):
        page.keyboard.press(key)
    for route in held:
        route.continue_()
    plot = histogram(page)
    expect(plot).not_to_have_attribute("aria-valuemax", "0")
    expect(plot).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("End")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("1 events"))


def test_the_histogram_says_where_a_release_appeared(server, page):
    word = unique("released")
    for hours, release in ((30, "1.0"), (20, "1.0"), (10, "1.1"), (9, "1.1"), (2, "2.0")):
        log_at(server, word, hours, Application=word, Release=f"{release}-{word}")
    server.wait_for(word, 5)
    page.goto(f"/?q=application:{word}+hours&range=24h")
    appeared = page.get_by_role("list", name="Releases that appeared").get_by_role("listitem")
    expect(appeared).to_have_count(2)
    expect(appeared.first).to_contain_text(f"1.1-{word}")
    expect(page.locator(".histogram line.release")).to_have_count(2)
    histogram(page).focus()
    page.keyboard.press("End")
    for _ in range(12):
        page.keyboard.press("Shift+ArrowLeft")
    expect(histogram(page)).to_have_attribute("aria-valuetext", re.compile(f"release 2.0-{word}"))


def test_a_facet_includes_excludes_and_counts_what_is_asked(server, page):
    word = unique("facet")
    for application, count in (("shop", 3), ("cart", 1)):
        for _ in range(count):
            properties = {"Region": "eu" if application == "shop" else "us"}
            members = {"Application": application, "Properties": properties}
            server.log_message(Message=f"{word} {application}", **members)
    server.wait_for(word, 4)
    search_for(page, word)
    shop = facet(page, "application").get_by_role("button", name=re.compile("^shop"))
    expect(shop).to_contain_text("3")
    shop.click()
    expect(page.get_by_label("Search events")).to_have_value(f"{word} application:shop")
    expect(row_with(page, word)).to_have_count(3)
    expect(shop).to_have_attribute("aria-pressed", "true")
    shop.click()
    expect(row_with(page, word)).to_have_count(4)
    shop.click(modifiers=["Alt"])
    expect(page.get_by_label("Search events")).to_have_value(f"{word} -application:shop")
    expect(row_with(page, word)).to_have_count(1)

    search_for(page, f"{word} | count by application")
    facet(page, "application").get_by_role("button", name="Without application cart").click()
    expected = f"{word} -application:cart | count by application"
    expect(page.get_by_label("Search events")).to_have_value(expected)

    page.get_by_role("button", name="Add a field").click()
    chooser = page.get_by_label("Field or property to count")
    expect(chooser.get_by_role("option", name=re.compile("Region"))).to_be_attached()
    chooser.select_option("Region")
    expect(facet(page, "Region").get_by_role("button", name=re.compile("^eu"))).to_contain_text("3")


def test_the_box_completes_fields_and_values(server, page):
    word = unique("complete")
    server.log_message(Message=word, Application=f"{word}-api")
    server.wait_for(word, 1)
    box = page.get_by_label("Search events")
    box.focus()
    page.keyboard.type("appli")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(box).to_have_value("application:")
    page.keyboard.type(word[:12])
    # Not the event's own row, which is an option as well.
    option = page.locator("#suggestions").get_by_role("option", name=f"{word}-api")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(box).to_have_value(f"application:{word}-api")
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(1)


def test_typing_does_not_wait_for_the_server(page):
    page.route("**/api/v1/complete*", lambda _never_answered: None)
    box = page.get_by_label("Search events")
    box.focus()
    page.keyboard.type("severity>=error")
    expect(box).to_have_value("severity>=error")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("severity"))
    page.unroute_all(behavior="ignoreErrors")


def test_a_time_range_is_typed_and_the_zone_is_switched(server, page):
    word = unique("range")
    log_at(server, word, 1)
    older = log_at(server, word, 5)
    server.wait_for(word, 2)
    search_for(page, word)
    page.keyboard.press("t")
    page.get_by_label("From").fill("3h ago")
    page.get_by_role("button", name="Apply").click()
    expect(row_with(page, word)).to_have_count(1)
    assert "range=3h" in page.url

    page.get_by_role("button", name=re.compile("^Time range")).click()
    page.get_by_role("button", name="UTC", exact=True).click()
    page.get_by_label("From").fill((older - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M"))
    page.get_by_role("textbox", name="To").fill("3h ago")
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(1)
    expect(row_with(page, word)).to_contain_text(older.strftime("%H:%M:%S"))

    page.keyboard.press("t")
    page.get_by_label("From").fill("soon")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“soon” is no time")).to_be_visible()


def test_other_readings_are_offered_with_what_they_find(server, page):
    word = unique("reading")
    server.log_message(Message="order paid", Properties={"RequestId": word})
    server.log_message(Message=f"用户登录失败 {word}", Severity=4)
    server.wait_for(word, 1)
    search_for(page, f"RequestId={word}")
    expect(row_with(page, "order paid")).to_have_count(1)
    expect(page.get_by_text(f"Read `=` as `:`: `RequestId={word}`")).to_be_visible()
    search_for(page, f"level:error {word} 登录")
    expect(page.get_by_text("did you mean `severity`?")).to_be_visible()
    page.get_by_role("button", name=f"Search severity:error {word} 登录 1 event").click()
    expect(row_with(page, "用户登录失败")).to_have_count(1)


def test_a_time_in_a_search_is_one_of_the_zone_that_is_shown(server, browser, cookies):
    word = unique("zone")
    sent = log_at(server, word, 5)
    server.wait_for(word, 1)
    context = browser.new_context(base_url=server.url, timezone_id="Asia/Kolkata")
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto("/")
    shown = (sent + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M")
    search_for(page, f"{word} timestamp:{shown}")
    expect(row_with(page, word)).to_have_count(1)
    expect(row_with(page, word)).to_contain_text(shown[-5:])
    page.keyboard.press("t")
    page.get_by_role("button", name="UTC", exact=True).click()
    expect(page.get_by_text("No events match")).to_be_visible()
    context.close()


def test_numbers_of_a_misspelt_name_offer_the_right_one(server, page):
    word = unique("misspelt")
    log_at(server, word, 0, Application="shop")
    server.wait_for(word, 1)
    search_for(page, f"{word} | count by aplication")
    page.get_by_role("button", name=re.compile("^Ask")).click()
    box = page.get_by_label("Search events")
    expect(box).to_have_value(f"{word} | count by application")
    numbers = page.get_by_role("region", name="Numbers")
    expect(numbers.get_by_role("button", name="shop", exact=True)).to_be_visible()
    expect(page.get_by_text("did you mean")).to_have_count(0)


def test_the_address_restores_everything(server, page):
    word = unique("address")
    members = {"Application": "shop", "Host": "web-7", "Properties": {"OrderId": 4711}}
    log_at(server, word, 1, **members)
    found = server.wait_for(word, 1)[0]
    path = f"/events/{found['id']}?q={word}&range=24h&column=host&column=OrderId"
    page.goto(path)
    row = row_with(page, word)
    expect(row).to_contain_text("web-7")
    expect(row).to_contain_text("4711")
    expect(row).not_to_contain_text("shop")
    expect(page.get_by_role("region", name="Event detail")).to_contain_text("web-7")
    expect(page.get_by_role("button", name="Time range: Last 24 hours")).to_be_visible()
    assert page.url.endswith(path)

    page.goto(f"/?q={word}&view=patterns")
    expect(page.get_by_role("region", name="Patterns")).to_contain_text("hours ago")


def test_a_pattern_leads_to_its_events(server, page):
    word = unique("patterned")
    for number in range(3):
        server.log_message(Message=f"{word} order {number} shipped")
    server.log_message(Message=f"{word} cart emptied")
    server.wait_for(word, 4)
    search_for(page, word)
    page.keyboard.press("v")
    patterns = page.get_by_role("region", name="Patterns")
    expect(patterns.get_by_role("row")).to_have_count(3)
    patterns.get_by_role("button", name=re.compile("shipped")).click()
    expect(row_with(page, word)).to_have_count(3)


def test_numbers_are_a_chart_and_a_table_and_lead_back_to_events(server, page):
    word = unique("numbers")
    for application, hours in (("shop", 1), ("shop", 2), ("shop", 4), ("cart", 1)):
        log_at(server, word, hours, Application=application)
    server.wait_for(word, 4)
    search_for(page, f"{word} | count by application every 1h")
    chart = page.get_by_role("slider", name="count over time")
    expect(chart).to_be_visible()
    expect(page.locator(".chart path.stroke")).to_have_count(2)
    page.get_by_role("button", name="Bars").click()
    expect(page.locator(".chart path.fill")).to_have_count(2)
    chart.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("shop 1, cart 0"))
    page.get_by_role("button", name="Table", exact=True).click()
    expect(chart).to_have_count(0)
    assert "view=table" in page.url

    search_for(page, f"{word} | count by application")
    table = page.get_by_role("region", name="Numbers").get_by_role("table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("shop3")
    table.get_by_role("button", name="cart").click()
    expect(page.get_by_label("Search events")).to_have_value(f"{word} application:cart")
    expect(row_with(page, word)).to_have_count(1)


def test_a_value_filters_and_groups_and_its_surroundings_are_shown(server, page):
    word = unique("surround")
    for number in range(3):
        server.log_message(Message=f"{word} step {number}", Application=word, Host=f"h{number}")
    server.wait_for(word, 3)
    search_for(page, f"{word} step 1")
    row_with(page, word).first.click()
    page.get_by_role("button", name="Context").click()
    around = page.get_by_role("region", name="Event context")
    for number in range(3):
        expect(around).to_contain_text(f"step {number}")
    around.get_by_role("button", name=re.compile("step 2")).click()
    page.get_by_role("button", name="Context").click()
    detail = page.get_by_role("region", name="Event detail")
    expect(detail).to_contain_text("h2")
    detail.get_by_role("button", name="Group by host").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Search events")).to_have_value(f"{word} step 1 | count by host")
    expect(page.get_by_role("region", name="Numbers")).to_be_visible()


def test_columns_are_chosen_and_a_search_is_kept_with_them(server, page):
    word = unique("kept")
    server.log_message(Message=word, Host="web-9", Properties={"Amount": 12.5})
    server.wait_for(word, 1)
    search_for(page, word)
    page.get_by_role("button", name="Columns of the list").click()
    page.get_by_role("checkbox", name="Amount").check()
    page.get_by_role("checkbox", name="host").check()
    page.keyboard.press("Escape")
    expect(row_with(page, word)).to_contain_text("12.5")

    page.get_by_role("button", name="Saved searches and history").click()
    page.get_by_label("Name of the search").fill(f"my {word}")
    page.keyboard.press("Enter")
    saved = page.get_by_role("button", name=re.compile(f"^my {word}"))
    expect(saved).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name=word, exact=True)).to_be_visible()
    saved.click()
    expect(page.get_by_label("Search events")).to_have_value(word)
    expect(row_with(page, word)).to_contain_text("12.5")
    expect(row_with(page, word)).to_contain_text("web-9")


def test_a_saved_search_is_changed_in_place_and_renamed(server, page):
    word = unique("mended")
    server.log_message(Message=f"{word} one", Severity=4)
    server.log_message(Message=f"{word} two", Severity=2)
    server.wait_for(word, 2)
    search_for(page, word)
    page.keyboard.press("s")
    page.get_by_label("Name of the search").fill(f"a {word}")
    page.get_by_role("button", name="Save", exact=True).click()
    changes = page.get_by_role("button", name="Save changes")
    expect(changes).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Error and above").click()
    expect(row_with(page, word)).to_have_count(1)
    page.keyboard.press("s")
    changes.click()
    expect(changes).to_be_disabled()

    page.get_by_role("button", name=f"Rename a {word}").click()
    expect(page.get_by_label(f"New name of a {word}")).to_be_focused()
    page.keyboard.type(f"errors of {word}")
    page.keyboard.press("Enter")
    saved = page.get_by_role("button", name=re.compile(f"^errors of {word}"))
    expect(saved).to_have_count(1)
    page.goto("/")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name=f"Rename a {word}")).to_have_count(0)
    saved.click()
    expect(page.get_by_label("Search events")).to_have_value(f"{word} severity>=error")
    expect(row_with(page, word)).to_have_count(1)


def test_what_matches_is_exported(server, page):
    word = unique("export")
    for number in range(3):
        server.log_message(Message=f"{word} {number}")
    server.wait_for(word, 3)
    search_for(page, word)
    page.get_by_role("button", name="Export these events").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("NDJSON")).click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert [json.loads(line)["message"] for line in lines] == [f"{word} {n}" for n in (2, 1, 0)]


def test_the_tail_waits_while_somebody_reads_and_goes_on_without_a_gap(server, page):
    word = unique("paused")
    page.goto(f"/?q={word}&live=1")
    live = page.get_by_role("button", name=re.compile("^(Live|Paused|Reconnecting)$"))
    expect(live).to_have_attribute("title", re.compile("new events appear"))
    server.log_message(Message=f"{word} first")
    expect(row_with(page, word)).to_have_count(1)
    page.keyboard.press("p")
    expect(live).to_have_text("Paused")
    for number in range(2):
        server.log_message(Message=f"{word} waiting {number}")
    fresh = page.get_by_role("button", name=re.compile("2 new"))
    expect(fresh).to_be_visible()
    expect(row_with(page, word)).to_have_count(1)
    fresh.click()
    expect(row_with(page, word)).to_have_count(3)
    expect(live).to_have_text("Live")


def test_what_arrives_between_the_page_and_the_tail_is_shown(server, page):
    word = unique("between")
    held = []
    # A method of a list is no handler.
    page.route(re.compile("/events/tail"), lambda route: held.append(route))  # noqa: PLW0108
    page.goto(f"/?q={word}&live=1")
    expect(page.get_by_text("No events match")).to_be_visible()
    server.log_message(Message=f"{word} first")
    server.wait_for(word, 1)
    expect(row_with(page, word)).to_have_count(0)
    for route in held:
        route.continue_()
    expect(row_with(page, word)).to_have_count(1)


def test_the_tail_goes_on_where_it_was_cut(server, page, forgiven):
    forgiven.append("ERR_INTERNET_DISCONNECTED")
    word = unique("cut")
    page.goto(f"/?q={word}&live=1")
    live = page.get_by_role("button", name=re.compile("^(Live|Paused|Reconnecting)$"))
    expect(live).to_have_attribute("title", re.compile("new events appear"))
    server.log_message(Message=f"{word} before")
    expect(row_with(page, word)).to_have_count(1)
    page.context.set_offline(True)
    expect(page.get_by_text("Offline")).to_be_visible()
    server.log_message(Message=f"{word} meanwhile")
    server.wait_for(word, 2)
    page.context.set_offline(False)
    server.log_message(Message=f"{word} after")
    expect(row_with(page, word)).to_have_count(3, timeout=30_000)


def test_a_long_list_is_loaded_as_one_scrolls_and_the_tail_waits_meanwhile(server, page):
    word = unique("long")
    lines = [json.dumps({"Message": f"{word} row{number}"}) for number in range(1_500)]
    server.post("/api/Logs", "\n".join(lines).encode(), "application/x-ndjson")
    server.wait_for(f"{word} row1499", 1)
    page.goto(f"/?q={word}&live=1")
    view = page.get_by_label("Events, newest first")
    expect(page.get_by_text("1,500 events")).to_be_visible()
    view.evaluate("view => view.scrollTop = view.scrollHeight")
    expect(page.get_by_role("button", name=re.compile("^Paused$"))).to_be_visible()
    page.wait_for_function(
        "view => { view.scrollTop = view.scrollHeight; return view.scrollHeight >= 1500 * 28; }",
        arg=view.element_handle(),
    )
    expect(row_with(page, "row0")).to_be_visible()
    assert page.get_by_role("option").count() < 100
    server.log_message(Message=f"{word} newest")
    expect(page.get_by_role("button", name=re.compile("1 new"))).to_be_visible()
    page.keyboard.press("p")
    expect(row_with(page, "newest")).to_be_visible()


def test_a_slow_question_can_be_stopped_and_asked_again(server, page):
    word = unique("slow")
    # More than a page, so that there is something older to ask for when the question is stopped.
    lines = [json.dumps({"Message": f"{word} row{number}"}) for number in range(300)]
    server.post("/api/Logs", "\n".join(lines).encode(), "application/x-ndjson")
    server.wait_for(word, 300)
    search_for(page, word)
    expect(row_with(page, word).first).to_be_visible()
    page.route("**/api/v1/events?*", lambda _never_answered: None)
    search_for(page, f"{word} row7")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("The search was stopped")).to_be_visible()
    expect(row_with(page, word)).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")
    with page.expect_response("**/api/v1/releases?*"):
        page.get_by_role("button", name="Search again").click()
    expect(row_with(page, word)).to_have_count(1)


def test_the_empty_box_offers_what_was_asked(server, page):
    word = unique("again")
    server.log_message(Message=word)
    server.wait_for(word, 1)
    with page.expect_response("**/api/v1/history"):
        search_for(page, word)
    page.goto("/")
    page.get_by_label("Search events").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox", name="Recent searches")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(1)


def test_without_the_server_it_says_so_and_comes_back(page, forgiven):
    forgiven.append("ERR_")
    away = page.get_by_text("Logster cannot be reached")
    page.context.set_offline(True)
    search_for(page, "anything")
    expect(away).to_be_visible()
    page.context.set_offline(False)
    expect(away).to_have_count(0)

    page.route("**/api/v1/events?*", lambda route: route.abort())
    search_for(page, "anything else")
    expect(away).to_be_visible()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute_all()
    with contextlib.suppress(Error):  # in the same second it comes back by itself
        again.click(timeout=2_000)
    expect(away).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(server, page, scheme):
    word = unique("axe")
    server.log_message(
        Message=f"{word} \x1b[31mred\x1b[0m",
        Severity=4,
        Exception="E: x",
        Properties={"a": {"b": 1}},
    )
    found = server.wait_for(word, 1)[0]
    page.emulate_media(color_scheme=scheme)

    def check(what):
        assert find_faults(page) == [], what

    page.goto(f"/events/{found['id']}?q={word}")
    expect(page.get_by_role("region", name="Event detail")).to_contain_text("E: x")
    expect(facet(page, "severity")).to_contain_text("error")
    check("list and event")
    page.get_by_role("button", name="Context").click()
    expect(page.get_by_role("region", name="Event context")).to_contain_text(word)
    check("context")
    page.goto(f"/?q={quote(f'{word} | count by host every 5m')}")
    expect(page.get_by_role("slider", name="count over time")).to_be_visible()
    check("numbers")
    page.goto(f"/?q={word}&view=patterns")
    expect(page.get_by_role("region", name="Patterns")).to_be_visible()
    page.keyboard.press("t")
    check("patterns and time range")
    page.keyboard.press("Escape")
    page.get_by_label("Search events").fill("appl")
    page.keyboard.press("End")
    expect(page.get_by_role("option", name=re.compile("application"))).to_be_visible()
    check("completion")


def test_everything_fits_on_a_telephone(server, page):
    word = unique("phone")
    server.log_message(Message=f"{word} {'long ' * 40}", Application="shop")
    server.wait_for(word, 1)
    page.set_viewport_size({"width": 390, "height": 780})
    search_for(page, word)
    expect(row_with(page, word)).to_have_count(1)
    expect(facet(page, "application")).to_have_count(0)
    page.get_by_role("button", name="Filters").click()
    facet(page, "application").get_by_role("button", name=re.compile("^shop")).click()
    page.get_by_role("button", name="Close the filters").click()
    for path in (page.url, f"/?q={word}&view=patterns", "/?q=" + quote("| count by host every 1h")):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_script_is_small():
    assets = (ROOT / "src/logster/web/static/assets").glob("*.js")
    size = sum(len(gzip.compress(path.read_bytes())) for path in assets)
    assert 0 < size <= MAX_SCRIPT_BYTES
