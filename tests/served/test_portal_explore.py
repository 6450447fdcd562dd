"""What the explorer does with a click, a key, a pause, a long value, a narrow screen and paper."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from support.browser import SCHEME, STEP_MS, fill_login, find_faults, watch
from support.served import quote, serving

pytestmark = pytest.mark.timeout(300)

PAGES = (
    "/",
    "/?view=patterns",
    "/?q=" + quote("| count by application, host"),
    "/?q=" + quote("| count by application every 1h"),
    "/dashboards",
    "/settings/sources",
    "/settings/keys",
    "/settings/users",
    "/settings/retention",
    "/settings/system",
    "/Help",
)


@pytest.fixture(scope="module")
def cookies(server, browser):
    """A session for all tests; logging in is slow on purpose."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/")
    fill_login(page)
    expect(page.get_by_label("Search events")).to_be_visible()
    yield context.cookies()
    context.close()


@pytest.fixture
def context(server, browser, cookies):
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 800}, color_scheme=SCHEME
    )
    context.set_default_timeout(STEP_MS)
    context.add_cookies(cookies)
    yield context
    context.close()


@pytest.fixture
def forgiven():
    """Words of what a page may report: the browser itself notes every answer that is no success."""
    return []


@pytest.fixture
def page(context, forgiven):
    """A page that fails the test for any error it reports."""
    page = context.new_page()
    complaints = watch(page)
    yield page
    page.close()
    assert [said for said in complaints if not any(word in said for word in forgiven)] == []


def unique(name):
    return f"{name}{time.time_ns()}"


def log(server, lines):
    """Many messages at once."""
    body = "\n".join(map(json.dumps, lines)).encode()
    assert server.post("/api/Logs", body, "application/x-ndjson").status == 200


def row_with(page, text):
    return page.get_by_role("option").filter(has_text=text)


def facet(page, field):
    return page.get_by_role("region", name=field, exact=True)


def value(page, field, name):
    return facet(page, field).get_by_role("button", name=re.compile(f"^{name} "))


def box(page):
    return page.get_by_label("Search events")


def count_of(page, field, name):
    return value(page, field, name).locator(".count")


# -- facets -----------------------------------------------------------------------------------


@pytest.fixture
def shops(server):
    """A word that three applications have said, in different numbers."""
    word = unique("facets")
    counts = {"shop": 3, "cart": 2, "till": 1}
    log(
        server,
        [
            {"Message": word, "Application": name, "Host": f"{name}-host"}
            for name, count in counts.items()
            for _ in range(count)
        ],
    )
    server.wait_for(word, 6)
    return word


def test_what_is_excluded_stays_in_sight_and_a_second_click_takes_it_back(page, shops):
    page.goto(f"/?q={shops}")
    minus = facet(page, "application").get_by_role("button", name="Without application shop")
    minus.focus()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value(f"{shops} -application:shop")
    expect(row_with(page, shops)).to_have_count(3)
    shop = value(page, "application", "shop")
    expect(shop).to_contain_text("excluded")
    expect(count_of(page, "application", "shop")).to_have_text("3")
    expect(value(page, "host", "shop-host")).to_have_count(0)
    value(page, "application", "cart").click(modifiers=["Alt"])
    expect(box(page)).to_have_value(f"{shops} -application:(shop, cart)")
    expect(row_with(page, shops)).to_have_count(1)
    assert find_faults(page) == []
    shop.click()
    expect(box(page)).to_have_value(f"{shops} -application:cart")
    page.get_by_role("button", name="No longer without application cart").click()
    expect(box(page)).to_have_value(shops)
    expect(row_with(page, shops)).to_have_count(6)


def test_several_values_of_a_field_are_chosen_by_clicks(page, shops):
    page.goto(f"/?q={shops}")
    value(page, "application", "shop").click()
    expect(row_with(page, shops)).to_have_count(3)
    expect(count_of(page, "application", "cart")).to_have_text("2")
    value(page, "application", "till").focus()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value(f"{shops} application:(shop, till)")
    expect(row_with(page, shops)).to_have_count(4)
    for name, is_chosen in (("shop", "true"), ("till", "true"), ("cart", "false")):
        expect(value(page, "application", name)).to_have_attribute("aria-pressed", is_chosen)
    assert find_faults(page) == []
    page.get_by_role("button", name="Clear application").click()
    expect(box(page)).to_have_value(shops)


def test_what_is_typed_is_what_is_ticked_also_where_nobody_has_it(page, shops):
    page.goto(f"/?q={shops}")
    box(page).fill(f"{shops} application:till OR application:nobody")
    page.keyboard.press("Enter")
    # Both sides of the OR, and the word on one of them: no condition of the field alone.
    expect(value(page, "application", "till")).to_have_attribute("aria-pressed", "false")
    box(page).fill(f"{shops} NOT application!=till host:nowhere")
    page.keyboard.press("Enter")
    expect(value(page, "application", "till")).to_have_attribute("aria-pressed", "true")
    expect(count_of(page, "application", "till")).to_have_text("0")
    expect(count_of(page, "host", "nowhere")).to_have_text("0")
    value(page, "host", "nowhere").click()
    expect(row_with(page, shops)).to_have_count(1)


def test_of_many_values_more_are_shown_and_any_is_found_by_typing(server, page):
    word = unique("many")
    log(server, [{"Message": word, "User": f"person{n}of{word}"} for n in range(150)])
    server.wait_for(word, 150)
    page.goto(f"/?q={word}")
    values = facet(page, "user").get_by_role("listitem")
    expect(values).to_have_count(5)
    facet(page, "user").get_by_role("button", name="5 more").click()
    expect(values).to_have_count(10)
    facet(page, "user").get_by_role("button", name="More values of user").click()
    expect(values).to_have_count(100)
    find = page.get_by_label("Find in user")
    expect(find).to_be_focused()
    expect(facet(page, "user")).to_contain_text("The 100 most frequent; type to find others")
    page.keyboard.type("PERSON99OF")
    expect(values).to_have_count(1)
    assert find_faults(page) == []
    values.get_by_role("button").first.click()
    expect(box(page)).to_have_value(f"{word} user:person99of{word}")
    expect(row_with(page, word)).to_have_count(1)
    find.press("Escape")
    expect(find).to_have_value("")
    expect(values).to_have_count(101)
    facet(page, "user").get_by_role("button", name="Fewer values of user").click()
    expect(values).to_have_count(6)


# -- while the server is away -----------------------------------------------------------------


def test_what_was_opened_while_the_server_was_away_is_there_when_it_is_back(tmp_path, browser):
    with serving(tmp_path / "away") as own:
        own.log_message(Message="before", Application="shop")
        found = own.wait_for("before", 1)[0]
        context = browser.new_context(base_url=own.url, color_scheme=SCHEME)
        context.set_default_timeout(STEP_MS)
        live, patterns, board, settings, event = (context.new_page() for _ in range(5))
        live.goto("/")
        fill_login(live)
        expect(box(live)).to_be_visible()
        live.goto("/?live=1")
        expect(row_with(live, "before")).to_be_visible()
        patterns.goto("/?view=patterns")
        settings.goto("/settings/keys")
        event.goto("/?q=nothing_like_it")
        board.goto("/dashboards")
        board.get_by_role("button", name="New overview").click()
        tile = board.get_by_role("article").first
        expect(tile).to_contain_text("1")
        expect(patterns.get_by_role("region", name="Patterns")).to_be_visible()
        expect(settings.get_by_role("row", name=re.compile("first key"))).to_be_visible()
        expect(event.get_by_text("No events match")).to_be_visible()
        own.stop()

        for other in (live, patterns):
            box(other).fill("before")
            other.keyboard.press("Enter")
            expect(other.get_by_text("Logster cannot be reached")).to_be_visible()
        settings.get_by_role("link", name="Users").click()
        board.get_by_role("button", name="Refresh now").click()
        expect(tile).not_to_contain_text("1")
        go = "path => { history.pushState(0, '', path); dispatchEvent(new Event('popstate')) }"
        event.evaluate(go, f"/events/{found['id']}?q=before")
        for other in (patterns, settings, event, board):
            expect(other.get_by_text("Logster does not answer")).to_be_visible()
            expect(other.get_by_text(re.compile("Trying"))).to_be_visible()
        assert find_faults(settings) == []

        own.start()
        for other in (live, patterns, settings, event, board):
            other.bring_to_front()
            expect(other.get_by_text("Logster does not answer")).to_have_count(0, timeout=40_000)
        expect(row_with(live, "before")).to_be_visible()
        expect(patterns.get_by_role("region", name="Patterns")).to_contain_text("before")
        expect(settings.get_by_role("row", name=re.compile("ada@example.org"))).to_be_visible()
        expect(event.get_by_role("region", name="Event detail")).to_contain_text("shop")
        expect(tile).to_contain_text("1")
        context.close()


def test_whoever_does_not_want_to_wait_asks_now(page, forgiven):
    forgiven.append("ERR_")
    page.goto("/")
    page.route("**/api/v1/events?*", lambda route: route.abort())
    box(page).fill("anything")
    page.keyboard.press("Enter")
    # Some attempts in vain: the pauses have grown.
    expect(page.get_by_text("Trying again in 8 s")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Logster does not answer")).to_have_count(0, timeout=7_000)
    expect(page.get_by_text("No events match")).to_be_visible()


# -- a pause of the live view -----------------------------------------------------------------


def test_what_came_during_a_pause_is_counted_rightly_and_loaded_by_a_click(server, page):
    word = unique("pause")
    page.goto(f"/?q={word}&live=1")
    live = page.get_by_role("button", name=re.compile("^(Live|Paused)$"))
    expect(live).to_have_attribute("title", re.compile("new events appear"))
    server.log_message(Message=f"{word} first")
    expect(row_with(page, f"{word} first")).to_be_visible()
    page.keyboard.press("p")
    expect(live).to_have_text("Paused")
    for part in range(6):
        log(server, [{"Message": f"{word} {part * 300 + number}"} for number in range(300)])
    server.wait_for(word, 1_801)
    page.get_by_role("button", name="↑ 1,800 new").click()
    gap = row_with(page, "more came while the list was held")
    page.evaluate("document.querySelector('[role=listbox]').scrollTop = 0")
    left_out = None
    # As soon as each part is drawn: an evaluation may come before the next frame.
    for _ in range(60):
        if gap.count():
            left_out = int(gap.inner_text().split(" ")[0].replace(",", ""))
            break
        page.get_by_role("listbox", name="Events, newest first").evaluate(
            """async view => {
                view.scrollTop += view.clientHeight / 2;
                for (let frame = 0; frame < 2; frame += 1)
                    await new Promise((resolve) => requestAnimationFrame(resolve));
            }"""
        )
    assert left_out
    shown = 1_801 - left_out
    assert 500 <= shown <= 1_001
    expect(page.get_by_text("came faster")).to_have_count(0)
    assert find_faults(page) == []
    gap.click()
    expect(gap).to_have_count(0)
    page.keyboard.press("End")
    last = row_with(page, f"{word} first")
    expect(last).to_have_attribute("aria-posinset", "1801")


# -- long values ------------------------------------------------------------------------------


def test_what_is_long_is_folded_and_its_name_stays_in_sight(server, page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    word = unique("long")
    payload = "p" * 6_000
    server.log_message(
        Message=f"{word} " + "word " * 1_500,
        Exception="E: " + "x" * 5_000,
        Properties={"Payload": payload, "Lines": "line\n" * 300, "Short": "s"},
        User="u" * 900 + "v" * 900,
    )
    found = server.wait_for(word, 1)[0]
    page.goto(f"/events/{found['id']}?q={word}")
    detail = page.get_by_role("region", name="Event detail")
    opens = detail.get_by_role("button", name="Show all 6,000 characters of Payload")
    expect(opens).to_be_visible()
    leaf = detail.locator(".leaf").filter(has_text="Payload")
    name, whole = leaf.locator(".name"), leaf.locator(".value")
    assert name.bounding_box()["y"] - leaf.bounding_box()["y"] < 8
    assert whole.bounding_box()["height"] < 500
    assert detail.locator(".message").bounding_box()["height"] < 500
    for other in ("the message", "the exception", "Lines"):
        expect(
            detail.get_by_role("button", name=re.compile(f"^Show all .* of {other}"))
        ).to_be_visible()
    assert find_faults(page) == []

    opens.focus()
    page.keyboard.press("Enter")
    assert whole.bounding_box()["height"] > 700
    folds = detail.get_by_role("button", name="Fold Payload")
    folds.scroll_into_view_if_needed()
    expect(name).to_be_in_viewport()
    expect(detail.get_by_role("button", name=re.compile("^Show all .* of Lines"))).to_be_visible()
    page.keyboard.press("e")
    expect(detail.get_by_role("button", name=re.compile("^Show all"))).to_have_count(0)
    page.keyboard.press("e")
    expect(opens).to_be_visible()
    leaf.get_by_role("button", name="Copy Payload").focus()
    page.keyboard.press("Enter")
    expect(leaf.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == payload


# -- narrow screens, and paper ----------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_scrolls_sideways(server, page, width):
    word = unique("narrow")
    server.log_message(
        Message=f"{word} {'long' * 200}", Application="an-application-with-a-long-name", Host="h"
    )
    found = server.wait_for(word, 1)[0]
    page.set_viewport_size({"width": width, "height": 700})
    for path in (*PAGES, f"/events/{found['id']}?q={word}"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        inside = page.evaluate(
            """() => [...document.querySelectorAll("body *")].filter((each) =>
                each.scrollWidth > each.clientWidth + 1
                && ["auto", "scroll"].includes(getComputedStyle(each).overflowX)
            ).map((each) => each.outerHTML.slice(0, 200))"""
        )
        assert inside == [], path


def test_strangers_at_a_narrow_door_need_not_scroll_either(server, browser):
    context = browser.new_context(base_url=server.url, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto("/login")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


@pytest.mark.parametrize("width", [320, 390, 640])
def test_a_narrow_screen_shows_the_count_and_has_the_severity_among_the_filters(
    server, page, width
):
    word = unique("count")
    log(server, [{"Message": word, "Severity": severity} for severity in (2, 2, 4)])
    server.wait_for(word, 3)
    # 640: what is left of 1280 at 200 %.
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"/?q={word}")
    count = page.get_by_text("3 events", exact=True)
    expect(count).to_be_in_viewport(ratio=1)
    box_of_count = count.bounding_box()
    assert box_of_count["width"] > 30
    severities = page.get_by_role("group", name="Lowest severity")
    expect(severities).to_have_count(0)
    page.get_by_role("button", name="Filters", exact=True).click()
    severities.get_by_role("button", name="Error and above").click()
    page.get_by_role("button", name="Close the filters").click()
    expect(page.get_by_role("button", name="Filters: Error+")).to_be_visible()
    expect(page.get_by_text("1 event", exact=True)).to_be_in_viewport(ratio=1)
    assert find_faults(page) == []


def test_on_paper_there_is_all_that_was_found_and_nothing_to_press(server, page):
    word = unique("paper")
    log(server, [{"Message": f"{word} row{n}"} for n in range(150)])
    server.log_message(Message=f"{word} long", Properties={"Payload": "p" * 6_000 + "end"})
    server.wait_for(word, 151)
    page.goto(f"/?q={word}")
    expect(page.get_by_text("151 events")).to_be_visible()
    assert page.get_by_role("option").count() < 100
    page.get_by_role("button", name=re.compile("^Time range")).click()
    menu = page.get_by_role("dialog", name="Time range")
    expect(menu).to_be_visible()
    # A browser says that it prints before it does; nobody emulates that.
    assert page.pdf().count(b"/Type /Page\n") >= 4
    page.emulate_media(media="print", color_scheme=SCHEME)
    expect(page.get_by_role("option")).to_have_count(151)
    expect(row_with(page, "row0").first).to_be_visible()
    for gone in (page.get_by_role("navigation"), facet(page, "application"), menu):
        expect(gone).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollHeight") > 151 * 20
    page.emulate_media(media="screen", color_scheme=SCHEME)
    expect(page.get_by_role("option")).not_to_have_count(151)
    page.keyboard.press("Escape")

    row_with(page, "long").click()
    detail = page.get_by_role("region", name="Event detail")
    expect(detail.get_by_role("button", name=re.compile("^Show all"))).to_be_visible()
    page.emulate_media(media="print", color_scheme=SCHEME)
    expect(detail).to_contain_text("pend")
    expect(page.get_by_role("listbox")).to_be_hidden()


# -- the histogram ----------------------------------------------------------------------------


def test_one_event_is_a_bar_and_no_ground(server, page):
    word = unique("lone")
    server.log_message(Message=word)
    server.wait_for(word, 1)
    page.goto(f"/?q={word}")
    path = page.locator(".histogram svg path")
    expect(path).to_have_attribute("d", re.compile("M"))
    assert 4 <= path.bounding_box()["width"] <= 40


def test_a_burst_does_not_flatten_the_rest_unless_somebody_wants_it_to(server, page):
    word = unique("burst")
    begun = datetime.now(UTC) - timedelta(hours=20)
    at = [begun + timedelta(minutes=30 * n) for n in range(40)] + [begun] * 400
    log(server, [{"Message": word, "Timestamp": each.isoformat()} for each in at])
    server.wait_for(word, 440)
    page.goto(f"/?q={word}")
    scale = page.get_by_role("button", name="Square-root scale")
    path = page.locator(".histogram svg path")

    def lowest():
        return min(float(rise) for rise in re.findall(r"v-([\d.]+)", path.get_attribute("d")))

    expect(scale).to_have_attribute("aria-pressed", "true")
    expect(scale).to_have_text("√ scale")
    assert lowest() > 2.5
    page.keyboard.press("y")
    expect(scale).to_have_attribute("aria-pressed", "false")
    assert lowest() == 1.5
    page.reload()
    expect(scale).to_have_attribute("aria-pressed", "false")
    expect(scale).to_have_text("linear")
    page.keyboard.press("y")
    expect(scale).to_have_attribute("aria-pressed", "true")
    assert find_faults(page) == []


# -- keys -------------------------------------------------------------------------------------


def test_rows_of_patterns_are_walked_by_keys(server, page):
    word = unique("walked")
    log(server, [{"Message": f"{word} {kind} {n}"} for kind in ("one", "two") for n in range(3)])
    server.wait_for(word, 6)
    page.goto(f"/?q={word}&view=patterns")
    shapes = page.get_by_role("region", name="Patterns").get_by_role("row")
    expect(shapes).to_have_count(3)
    page.keyboard.press("j")
    expect(shapes.nth(1).get_by_role("button")).to_be_focused()
    page.keyboard.press("j")
    expect(shapes.nth(2).get_by_role("button")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(shapes.nth(1).get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row_with(page, word)).to_have_count(3)


@pytest.mark.parametrize("path", ["/", "/dashboards", "/settings/keys", "/settings/system"])
def test_the_help_opens_on_every_page(page, path):
    page.goto(path)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_lists_of_other_pages_are_walked_by_keys(server, page):
    page.goto("/settings/keys")
    # Whichever key is on top: other tests of this server make keys too.
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="Rename")).first
    expect(row).to_be_visible()
    page.keyboard.press("j")
    expect(row.get_by_role("button", name="Rename")).to_be_focused()
    page.goto("/dashboards")
    page.get_by_role("button", name="New overview").click()
    tiles = page.get_by_role("article")
    expect(tiles.nth(1)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(tiles.nth(1).get_by_role("link")).to_be_focused()
    page.goto("/dashboards")
    boards = page.get_by_role("main").get_by_role("listitem")
    expect(boards.first).to_be_visible()
    page.keyboard.press("j")
    expect(boards.first.get_by_role("link")).to_be_focused()
