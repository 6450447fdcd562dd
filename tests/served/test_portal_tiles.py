"""The tiles of dashboards in a real browser: what they draw and say, how they are changed."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from support.browser import SCHEME, STEP_MS, fill_login, find_faults, wait_for_rest, watch

pytestmark = pytest.mark.timeout(300)

WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def cookies(server, browser):
    """One session for all: logging in is slow on purpose."""
    context = browser.new_context(base_url=server.url, color_scheme=SCHEME)
    page = context.new_page()
    page.goto("/dashboards")
    fill_login(page)
    expect(page.get_by_role("heading", name="Dashboards")).to_be_visible()
    yield context.cookies()
    context.close()


@pytest.fixture
def page(server, browser, cookies):
    """A page that fails the test for any error it reports; refusals are no errors of its own."""
    context = browser.new_context(base_url=server.url, viewport=WIDE, color_scheme=SCHEME)
    context.set_default_timeout(STEP_MS)
    context.add_cookies(cookies)
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert [said for said in complaints if "Failed to load resource" not in said] == []


@pytest.fixture(scope="module")
def word(server):
    """Finds the events of these tests and no others: an hour of two applications, one slower."""
    word = f"tiles{time.time_ns()}"
    now = datetime.now(UTC)
    many = [
        {
            "Message": f"{word} order {number} was paid",
            "Application": ("shop", "cart")[number % 2],
            "Severity": 4 if number % 5 == 0 else 2,
            "Timestamp": (now - timedelta(minutes=1 + number)).isoformat(),
            "Properties": {"DurationMs": (100, 200)[number % 2], "Balance": -5},
        }
        for number in range(50)
    ]
    server.post("/api/Logs", json.dumps(many).encode(), "application/json")
    server.wait_for(word, len(many))
    return word


def tile(page, name):
    return page.get_by_role("article", name=name, exact=True)


def make_board(page, *tiles, variables=()):
    """Import a dashboard: kind, title and question of each tile, one below the other."""
    page.goto("/dashboards")
    document = {
        "format": "logster-dashboard/1",
        "name": "Tiles",
        "since": "1h",
        "variables": [{"name": name, "field": name, "values": []} for name in variables],
        "tiles": [
            {"kind": kind, "title": title, "q": q, "x": 0, "y": 6 * at, "w": 12, "h": 6}
            for at, (kind, title, q) in enumerate(tiles)
        ],
    }
    page.get_by_label("Import a dashboard from a file").set_input_files(
        {
            "name": "tiles.json",
            "mimeType": "application/json",
            "buffer": json.dumps(document).encode(),
        }
    )
    expect(page.get_by_role("heading", name="Tiles", exact=True)).to_be_visible()


def edit(page):
    page.get_by_role("button", name="Edit", exact=True).click()


def plot_of(page, name):
    plot = tile(page, name).get_by_role("slider")
    expect(plot).to_be_visible()
    return plot


def colors_of(page, name):
    """The colour beside each name of a chart."""
    tile(page, name).scroll_into_view_if_needed()
    expect(tile(page, name).locator(".legend li").first).to_be_visible()
    return {
        each.locator("span").inner_text(): each.locator("i").evaluate(
            "node => getComputedStyle(node).backgroundColor"
        )
        for each in tile(page, name).locator(".legend li").all()
    }


def tops_of(page, name):
    """Where the bars of each series end, at their lowest and highest."""
    tile(page, name).scroll_into_view_if_needed()
    expect(tile(page, name).locator("svg path.fill").first).to_be_visible()
    return (
        tile(page, name)
        .locator("svg path.fill")
        .evaluate_all(
            "all => all.map(node => {const {y, height} = node.getBBox(); return [y, y + height]})"
        )
    )


def test_only_numbers_that_add_up_stand_on_each_other(page, word):
    make_board(
        page,
        ("bar", "Counts", f"{word} | count by application every 30m"),
        ("bar", "Percentiles", f"{word} | p95(DurationMs) by application every 30m"),
        ("bar", "Users", f"{word} | count distinct message by application every 30m"),
        ("bar", "Crowded", f"{word} | avg(DurationMs) by message every 30s"),
        ("bar", "Balance", f"{word} | sum(Balance) by application every 30m"),
    )
    lower, upper = tops_of(page, "Counts")
    assert upper[1] < lower[1] - 5
    for name in ("Percentiles", "Users"):
        one, other = tops_of(page, name)
        assert abs(one[1] - other[1]) < 1, name
    # Too many to stand side by side: lines.
    tile(page, "Crowded").scroll_into_view_if_needed()
    expect(tile(page, "Crowded").locator("path.stroke").first).to_be_attached()
    expect(tile(page, "Crowded").locator("svg path.fill")).to_have_count(0)
    # Below zero they hang from it.
    one, other = tops_of(page, "Balance")
    assert abs(one[0] - other[0]) < 1
    expect(tile(page, "Balance").locator(".scale")).to_contain_text("\N{MINUS SIGN}")


def test_a_value_keeps_its_colour_on_all_tiles_whatever_its_rank(page, word):
    make_board(
        page,
        ("line", "By count", f"{word} | count by application every 5m"),
        ("bar", "By duration", f"{word} | max(DurationMs) by application every 5m"),
        ("line", "Without the first", f"{word} application:cart | count by application every 5m"),
        ("top", "Top", f"{word} | count by application limit 10"),
        ("line", "Severities", f"{word} severity:error | count by severity every 5m"),
        ("bar", "Events", word),
    )
    colors = colors_of(page, "By count")
    assert colors["shop"] != colors["cart"]
    assert colors_of(page, "By duration") == colors
    assert colors_of(page, "Without the first") == {"cart": colors["cart"]}
    tile(page, "Top").scroll_into_view_if_needed()
    expect(tile(page, "Top").get_by_role("listitem")).to_have_count(2)
    for row in tile(page, "Top").get_by_role("listitem").all():
        color = row.locator(".bar").evaluate("node => getComputedStyle(node).backgroundColor")
        assert color == colors[row.locator(".label").inner_text()]
    assert colors_of(page, "Severities")["error"] == colors_of(page, "Events")["error"]
    page.reload()
    assert colors_of(page, "By count") == colors


def test_the_legend_says_the_last_value_with_its_unit(page, word):
    make_board(
        page,
        ("line", "Slow", f"{word} | max(DurationMs) by application every 5m"),
        ("bar", "Counts", f"{word} | count every 24h"),
        ("number", "Worst", f"{word} | max(DurationMs)"),
    )
    shop = tile(page, "Slow").locator(".legend").get_by_role("button").filter(has_text="shop")
    expect(shop).to_have_text(re.compile("shop\\s*100 ms"))
    tile(page, "Counts").scroll_into_view_if_needed()
    last = tile(page, "Counts").locator(".legend b")
    expect(last).to_have_text(re.compile(r"^\d+$"))
    tile(page, "Worst").scroll_into_view_if_needed()
    expect(tile(page, "Worst").locator(".number")).to_have_text("200\u00a0ms")


def test_a_name_that_is_no_variable_is_a_mistake_in_its_place(page, word):
    make_board(
        page,
        ("number", "Good", f"{word} application:$application | count"),
        ("number", "Undefined", f"{word} application:$app | count"),
        ("line", "In a set", f"{word} application:(cart, $Application)"),
        ("table", "Piped", f"{word} | count by $application"),
        ("number", "Text", f'{word} -"$app" -$5'),
        variables=("application",),
    )
    for name, wrong, said in (
        ("Undefined", "$app", "`$app` is not defined"),
        ("In a set", "$Application", "Did you mean `$application`?"),
        ("Piped", "$application", "before the pipe"),
    ):
        expect(tile(page, name).locator("mark")).to_have_text(wrong)
        expect(tile(page, name).get_by_role("alert")).to_contain_text(said)
        expect(tile(page, name)).not_to_contain_text("No events")
    expect(tile(page, "Good").locator(".number")).to_have_text("50")
    tile(page, "Text").scroll_into_view_if_needed()
    expect(tile(page, "Text").locator(".number")).to_have_text("50")

    edit(page)
    page.get_by_role("button", name="Change Undefined").click()
    expect(page.get_by_role("region", name="Preview").locator("mark")).to_have_text("$app")
    page.get_by_label("Question").fill(f"{word} application:$application | count")
    page.get_by_role("button", name="Done").click()
    expect(tile(page, "Undefined").locator(".number")).to_have_text("50")


def test_a_drag_across_a_chart_zooms_the_dashboard_and_back_goes_back(page, word):
    make_board(
        page,
        ("line", "Lines", f"{word} | count by application every 5m"),
        ("bar", "Bars", word),
    )
    address = page.url
    for name in ("Lines", "Bars"):
        expect(plot_of(page, name)).to_be_visible()
        wait_for_rest(page)  # until then a chart shows the time that was left
        box = plot_of(page, name).bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.3, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
        expect(tile(page, name).locator(".brush")).to_be_visible()
        page.mouse.up()
        expect(page).to_have_url(re.compile(r"/dashboards/\d+\?range=\d{4}-.*%7E"))
        since, until = (
            datetime.fromisoformat(side)
            for side in page.evaluate("new URLSearchParams(location.search).get('range')").split(
                "~"
            )
        )
        assert timedelta(minutes=10) <= until - since <= timedelta(minutes=30)
        expect(page.get_by_role("button", name="Time range")).not_to_contain_text("Last")
        page.go_back()
        expect(page).to_have_url(address)

    # A drag that goes nowhere, or away and back, is no click; a click still opens the explorer.
    wait_for_rest(page)
    box = plot_of(page, "Lines").bounding_box()
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0], at[1] + 30, steps=3)
    page.mouse.up()
    assert page.url == address
    page.mouse.click(*at)
    expect(page.get_by_label("Search events")).to_be_visible()


def test_a_chart_zooms_by_keys(page, word):
    make_board(page, ("line", "Lines", f"{word} | count by application every 5m"))
    plot_of(page, "Lines").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(tile(page, "Lines").locator(".brush")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tile(page, "Lines").locator(".brush")).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("range=.*%7E"))


def test_a_drag_across_the_numbers_of_the_explorer_zooms_there(page, word):
    page.goto(f"/?q={word}+%7C+count+by+application+every+5m&range=1h&view=line")
    plot = page.get_by_role("region", name="Numbers").get_by_role("slider")
    expect(plot).to_be_visible()
    wait_for_rest(page)
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("range=.*%7E"))


@pytest.mark.parametrize("width", [1280, 390])
def test_save_stays_in_view_while_a_board_is_changed(page, word, width):
    page.set_viewport_size({"width": width, "height": 700})
    make_board(page, *(("number", f"N{at}", word) for at in range(8)))
    edit(page)
    page.get_by_role("button", name="Remove N7").scroll_into_view_if_needed()
    page.locator(".page").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    for name in ("Save", "Undo", "Cancel"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="Remove N7").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    expect(tile(page, "N7")).to_have_count(0)


def test_the_dialogue_of_a_tile_begins_in_its_first_field_and_shows_what_it_makes(page, word):
    make_board(page, ("number", "How many", word))
    edit(page)
    page.get_by_role("button", name="Change How many").click()
    form = page.get_by_role("dialog", name="Change the tile")
    expect(form.get_by_label("Title")).to_be_focused()
    preview = form.get_by_role("region", name="Preview")
    expect(preview.locator(".number")).to_have_text("50")
    form.get_by_label("Question").fill(f"{word} application:shop")
    expect(preview.locator(".number")).to_have_text("25")
    form.get_by_role("button", name="Lines", exact=True).click()
    expect(preview.get_by_role("slider")).to_be_visible()
    form.get_by_label("Question").fill("severity>=terrible")
    expect(preview.locator("mark")).to_have_text("terrible")
    assert find_faults(page) == []
    form.get_by_role("button", name="Cancel").click()
    expect(tile(page, "How many").locator(".number")).to_have_text("50")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    # So does every other form.
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Rename, share…").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()


def test_changes_of_a_board_are_taken_back_one_by_one(page, word):
    make_board(page, ("number", "First", word), ("number", "Second", word))
    edit(page)
    undo = page.get_by_role("button", name="Undo")
    page.get_by_role("button", name="Change First").click()
    page.get_by_label("Title").fill("Changed")
    page.get_by_label("Question").fill(f"{word} application:shop")
    page.get_by_role("button", name="Done").click()
    expect(tile(page, "Changed").locator(".number")).to_have_text("25")
    page.get_by_role("button", name="Remove Second").click()
    page.get_by_label("Name of the dashboard").fill("Another")
    grip = page.get_by_role("button", name="Move or resize Changed")
    at = grip.bounding_box()
    page.mouse.move(at["x"] + 40, at["y"] + 10)
    page.mouse.down()
    page.mouse.move(at["x"] + 200, at["y"] + 200, steps=8)
    page.keyboard.press("Escape")
    page.mouse.up()

    undo.click()
    expect(page.get_by_label("Name of the dashboard")).to_have_value("Tiles")
    page.get_by_role("button", name="Move or resize Changed").focus()
    page.keyboard.press("Control+z")
    expect(tile(page, "Second")).to_be_visible()
    undo.click()
    expect(tile(page, "First").locator(".number")).to_have_text("50")
    expect(undo).to_be_disabled()
    # What is as it was asks nobody whether it may be left.
    page.get_by_role("link", name="All dashboards").click()
    expect(page.get_by_role("heading", name="Dashboards")).to_be_visible()


def test_charts_shrink_on_paper(page, word):
    make_board(page, ("line", "Lines", f"{word} | count by application every 5m"))
    plot_of(page, "Lines")
    page.emulate_media(media="print")
    fits = """() => {
        const [tile, svg] = ['article', 'article svg'].map(
            (each) => document.querySelector(each).getBoundingClientRect());
        return svg.right <= tile.right && svg.width > 100;
    }"""
    # Chromium lays the paper out without telling the page: as when its frame alone is narrower.
    page.evaluate("document.querySelector('article').style.width = '300px'")
    assert page.evaluate(fits)


def test_the_names_of_a_chart_are_read_without_scrolling_at_320_pixels(page, word):
    make_board(page, ("line", "Many", f"{word} | count by message every 5m"))
    plot_of(page, "Many")
    page.set_viewport_size({"width": 320, "height": 640})
    legend = tile(page, "Many").locator(".legend")
    expect(legend.locator("li")).to_have_count(10)
    scrolls = """node => {
        const boxes = [];
        for (let at = node; at && !at.matches('.page'); at = at.parentElement)
            if (at.scrollWidth > at.clientWidth + 1 || at.scrollHeight > at.clientHeight + 1)
                boxes.push(at.className);
        return boxes;
    }"""
    assert legend.evaluate(scrolls) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert plot_of(page, "Many").bounding_box()["height"] > 100


def test_viewers_are_told_why_they_share_nothing(server, page, browser, word):
    page.goto("/settings/users")
    email = f"vera{time.time_ns()}@example.org"
    page.get_by_label("Email").fill(email)
    page.get_by_label("Role").first.select_option("viewer")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("code.secret").inner_text()
    context = browser.new_context(base_url=server.url, viewport=WIDE, color_scheme=SCHEME)
    context.set_default_timeout(STEP_MS)
    vera = context.new_page()
    vera.goto("/dashboards")
    fill_login(vera, email, password)
    make_board(vera, ("number", "How many", word))
    vera.get_by_role("button", name="More").click()
    vera.get_by_role("button", name="Rename, share…").click()
    why = vera.get_by_text("your role is viewer")
    expect(why).to_be_visible()
    expect(vera.get_by_label("Share with the workspace")).to_have_count(0)
    vera.get_by_role("textbox", name="Name").fill("Vera's own")
    vera.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(vera.get_by_role("heading", name="Vera's own")).to_be_visible()
    vera.goto("/")
    vera.get_by_role("button", name="Saved searches and history").click()
    expect(why).to_be_visible()
    expect(vera.get_by_label("Share with the workspace")).to_have_count(0)
    context.close()
    page.goto("/")
    page.get_by_role("button", name="Saved searches and history").click()
    expect(page.get_by_label("Share with the workspace")).to_be_visible()
    expect(page.get_by_text("your role is viewer")).to_have_count(0)
