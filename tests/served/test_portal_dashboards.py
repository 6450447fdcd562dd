"""Dashboards in a real browser, with the real server and engine behind them."""

import json
import re
import time

import pytest
from playwright.sync_api import expect

from support.browser import SCHEME, STEP_MS, fill_login, find_faults, watch

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
    """Finds the events of these tests and no others."""
    word = f"boards{time.time_ns()}"
    many = [
        {
            "Message": f"{word} order {number} was paid",
            "Application": ("shop", "cart")[number % 2],
            "Severity": 4 if number % 5 == 0 else 2,
            "User": f"user{number % 3}",
        }
        for number in range(40)
    ]
    many.append({"Message": f"{word} odd", "Application": "x) OR (severity:error", "Severity": 2})
    server.post("/api/Logs", json.dumps(many).encode(), "application/json")
    server.wait_for(word, len(many))
    return word


def tile(page, name):
    return page.get_by_role("article", name=name, exact=True)


def box_of(page, name):
    box = tile(page, name).bounding_box()
    return [round(box[side]) for side in ("x", "y", "width", "height")]


def layout_of(page):
    """Where every tile stands, in columns and rows."""
    return {
        each.get_attribute("aria-label"): each.evaluate(
            "({style}) => [...'xywh'].map(side => Number(style.getPropertyValue(`--${side}`)))"
        )
        for each in page.get_by_role("article").all()
    }


def make_empty(page):
    page.goto("/dashboards")
    page.get_by_role("button", name="New, empty").click()
    # The form for the first tile is open at once.
    expect(page.get_by_role("dialog", name="Add a tile")).to_be_visible()


def fill_tile(page, kind, title, question):
    form = page.get_by_role("dialog", name=re.compile("tile"))
    form.get_by_role("button", name=kind, exact=True).click()
    form.get_by_label("Title").fill(title)
    form.get_by_label("Question").fill(question)
    form.get_by_role("button", name="Add", exact=True).click()


def add_tile(page, kind, title, question):
    page.get_by_role("button", name="Add a tile").click()
    fill_tile(page, kind, title, question)


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()


def make_board(page, word):
    make_empty(page)
    fill_tile(page, "Number", "How many", f"{word} application:$app")
    add_tile(page, "Top list", "Users", f"{word} application:$app has:user | top 10 user")
    page.get_by_role("button", name="Variables", exact=True).click()
    form = page.get_by_role("dialog", name="Variables")
    form.get_by_role("button", name="Add a variable").click()
    form.get_by_label("Name").fill("app")
    form.get_by_label("Field").fill("application")
    form.get_by_role("button", name="Done").click()
    save(page)


def choose(page, *values):
    page.get_by_role("button", name=re.compile("Variable: app")).click()
    # Which values are offered depends on what other tests have sent.
    group = page.get_by_role("group", name="Values of app")
    expect(group.get_by_role("button").nth(1)).to_be_visible()
    for value in values:
        page.get_by_label("Value of app").fill(value)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def test_the_overview_shows_charts_in_one_click(page, word):
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Dashboards").click()
    page.get_by_role("button", name="New overview").click()
    expect(page.get_by_role("slider", name=re.compile("Events by severity"))).to_be_visible()
    expect(tile(page, "Errors by application")).to_contain_text("shop")
    expect(tile(page, "Top users")).to_contain_text("user1")
    expect(tile(page, "Newest patterns")).to_contain_text("was paid")
    expect(tile(page, "Errors")).to_contain_text(re.compile(r"\d"))


def test_tiles_are_dragged_and_resized_and_stay_as_they_were_left(page, word):
    make_empty(page)
    fill_tile(page, "Number", "First", word)
    add_tile(page, "Number", "Second", word)
    add_tile(page, "Lines", "Third", word)
    assert layout_of(page) == {"First": [0, 0, 3, 3], "Second": [0, 3, 3, 3], "Third": [0, 6, 6, 6]}

    grip = page.get_by_role("button", name="Move or resize Third")
    at = grip.bounding_box()
    page.mouse.move(at["x"] + 40, at["y"] + 10)
    page.mouse.down()
    page.mouse.move(at["x"] + 300, at["y"] - 100, steps=5)
    page.mouse.move(at["x"] + 40 + 5 * 104, at["y"] + 10 - 6 * 48, steps=5)
    page.mouse.up()
    assert layout_of(page)["Third"] == [5, 0, 6, 6]

    x, y, width, height = box_of(page, "Third")
    page.mouse.move(x + width - 6, y + height - 6)
    page.mouse.down()
    page.mouse.move(x + width - 6 - 2 * 104, y + height - 6 + 2 * 48, steps=5)
    page.mouse.up()
    assert layout_of(page)["Third"] == [5, 0, 4, 8]

    # A drag that is given up changes nothing.
    page.mouse.move(x + 100, y + 10)
    page.mouse.down()
    page.mouse.move(x - 300, y + 200, steps=3)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert layout_of(page)["Third"] == [5, 0, 4, 8]

    left = layout_of(page)
    save(page)
    page.reload()
    expect(tile(page, "First")).to_contain_text("41")
    assert layout_of(page) == left


def test_tiles_are_laid_out_by_keys_alone(page, word):
    make_empty(page)
    fill_tile(page, "Number", "First", word)
    add_tile(page, "Number", "Second", word)
    page.get_by_role("button", name="Move or resize Second").focus()
    said = page.get_by_role("status").filter(has_text="Second: column")
    page.keyboard.press("ArrowUp")
    assert layout_of(page) == {"First": [0, 3, 3, 3], "Second": [0, 0, 3, 3]}
    expect(said).to_contain_text("column 1, row 1, 3 of 12 columns wide, 3 rows high")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert layout_of(page)["Second"] == [1, 0, 4, 4]
    expect(said).to_contain_text("column 2, row 1, 4 of 12 columns wide, 4 rows high")
    expect(page.get_by_role("button", name="Move or resize Second")).to_be_focused()
    page.get_by_role("button", name="Remove Second").click()
    assert layout_of(page) == {"First": [0, 0, 3, 3]}
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("No tiles yet")).to_be_visible()


def test_a_variable_changes_the_tiles_and_the_link_holds_it(page, word):
    make_board(page, word)
    expect(tile(page, "How many")).to_contain_text("41")
    choose(page, "shop")
    expect(tile(page, "How many")).to_contain_text("20")
    expect(tile(page, "Users")).to_contain_text("user2")
    choose(page, "cart")
    expect(tile(page, "How many")).to_contain_text("40")
    link = page.url
    assert "var.app=shop" in link

    # A value that would be more than a value finds what is called so, and nothing else.
    page.get_by_role("button", name=re.compile("Variable: app")).click()
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name=re.compile("Variable: app")).click()
    page.get_by_label("Value of app").fill("x) OR (severity:error")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(tile(page, "How many").locator(".number")).to_have_text("1")

    page.goto(link)
    expect(tile(page, "How many")).to_contain_text("40")
    page.get_by_role("button", name="Time range").click()
    page.get_by_role("button", name="Last hour").click()
    assert "range=1h" in page.url
    tile(page, "How many").get_by_role("link").click()
    box = page.get_by_label("Search events")
    expect(box).to_have_value(f'{word} application:("shop", "cart")')
    assert "range=1h" in page.url


def test_a_board_is_renamed_shared_duplicated_and_deleted(server, page, word):
    make_board(page, word)
    name = f"Board {time.time_ns()}"
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Rename, share…").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Share with the workspace").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    kept = json.loads(server.get("/api/v1/dashboards").body)["dashboards"]
    assert name in [each["name"] for each in kept]

    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Duplicate", exact=True).click()
    expect(page.get_by_role("heading", name=f"{name} (copy)")).to_be_visible()
    expect(tile(page, "How many")).to_contain_text("41")
    page.get_by_role("link", name="All dashboards").click()
    row = page.get_by_role("listitem").filter(has_text=f"{name} (copy)")
    row.get_by_role("button", name="Delete").click()
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Delete the dashboard").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dashboards")).to_be_visible()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_a_file_moves_a_board_and_garbage_is_refused(page, word, tmp_path):
    make_board(page, word)
    page.get_by_role("button", name="More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    file = tmp_path / "board.json"
    download.value.save_as(file)
    document = json.loads(file.read_text())
    assert set(document) == {
        *("format", "name", "since", "until", "refresh_s", "variables", "tiles")
    }

    page.goto("/dashboards")
    chooser = page.get_by_label("Import a dashboard from a file")
    told = page.get_by_role("alert")
    tiles = document["tiles"]
    for content, said in (
        ("no json", "is not JSON"),
        ("[1]", "is no dashboard"),
        (json.dumps({**document, "format": "logster-dashboard/99"}), "logster-dashboard/99"),
        (json.dumps({**document, "tiles": [{**tiles[0], "w": "wide"}]}), "tiles[0].w"),
        (json.dumps({**document, "surprise": 1}), "surprise"),
        ("x" * 10_000_000, "at most 512 KiB"),
    ):
        wrong = tmp_path / "wrong.json"
        wrong.write_text(content)
        chooser.set_input_files(wrong)
        expect(told).to_contain_text(said)
    file.write_text(json.dumps({**document, "name": "From a file"}))
    chooser.set_input_files(file)
    expect(page.get_by_role("heading", name="From a file")).to_be_visible()
    expect(tile(page, "How many")).to_contain_text("41")


def test_a_mistake_is_shown_in_its_place_and_other_tiles_go_on(page, word):
    make_empty(page)
    fill_tile(page, "Number", "Good", word)
    add_tile(page, "Number", "Bad", "severity>=terrible")
    add_tile(page, "Table", "No pipe", word)
    expect(tile(page, "Bad").locator("mark")).to_have_text("terrible")
    expect(tile(page, "Bad")).to_contain_text(re.compile("expected a severity", re.IGNORECASE))
    expect(tile(page, "No pipe")).to_contain_text("| count by application")
    expect(tile(page, "Good")).to_contain_text("41")


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(page, word):
    make_board(page, word)
    other = page.context.new_page()
    other.goto(page.url)
    for each, name in ((page, "Mine"), (other, "Theirs")):
        each.get_by_role("button", name="Edit", exact=True).click()
        each.get_by_label("Name of the dashboard").fill(name)
    save(other)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile")
    page.get_by_role("button", name="Keep mine as a new one").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Theirs")).to_be_visible()


def test_only_what_is_seen_is_asked_and_not_too_much_at_once(page, word):
    running, most, asked = 0, 0, []
    page.goto("/dashboards")
    document = {
        "format": "logster-dashboard/1",
        "name": "Many",
        "tiles": [
            {
                "kind": "number",
                "title": f"T{n}",
                "q": f"{word} -n{n}",
                "x": n % 4 * 3,
                "y": n // 4 * 3,
            }
            | {"w": 3, "h": 3}
            for n in range(48)
        ],
    }

    def watch(request):
        nonlocal running, most
        if "/stats" in request.url:
            running += 1
            most = max(most, running)
            asked.append(request.url)

    def forget(request):
        nonlocal running
        running -= "/stats" in request.url

    page.on("request", watch)
    page.on("requestfinished", forget)
    chooser = page.get_by_label("Import a dashboard from a file")
    chooser.set_input_files(
        {
            "name": "many.json",
            "mimeType": "application/json",
            "buffer": json.dumps(document).encode(),
        }
    )
    expect(tile(page, "T0")).to_contain_text("41")
    expect(tile(page, "T15")).to_contain_text("41")
    assert len(asked) <= 32
    assert most <= 4
    tile(page, "T47").scroll_into_view_if_needed()
    expect(tile(page, "T47")).to_contain_text("41")


def test_a_board_refreshes_unless_nobody_looks(page, server, word):
    page.clock.install()
    make_empty(page)
    marker = f"{word}refresh"
    fill_tile(page, "Number", "How many", marker)
    page.get_by_label("Refresh", exact=True).select_option("10 s")
    save(page)
    number = tile(page, "How many").locator(".number")
    expect(number).to_have_text("0")
    server.log_message(Message=marker)
    server.wait_for(marker, 1)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true})"
    page.evaluate(hide % "true")
    page.clock.run_for(30_000)
    expect(number).to_have_text("0")
    page.evaluate(hide % "false")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(number).to_have_text("1")
    server.log_message(Message=marker)
    server.wait_for(marker, 2)
    page.clock.run_for(10_100)
    expect(number).to_have_text("2")


def test_a_slow_question_is_not_begun_anew_by_every_refresh(page, word):
    page.clock.install()
    make_empty(page)
    held = []

    def hold(route):
        # The form's preview asks before the question is written.
        if word in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/stats*", hold)
    fill_tile(page, "Number", "How many", word)
    page.get_by_label("Refresh", exact=True).select_option("10 s")
    save(page)
    page.clock.run_for(45_000)
    page.evaluate("0")
    assert len(held) == 1
    held[0].continue_()
    expect(tile(page, "How many").locator(".number")).to_have_text("41")


def test_leaving_with_changes_that_are_not_saved_asks_first(page, word):
    make_board(page, word)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Remove Users").click()
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="All dashboards").click()
    expect(tile(page, "How many")).to_be_visible()
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Cancel").click()
    expect(tile(page, "Users")).to_be_visible()


def test_the_whole_screen_is_for_the_tiles_until_escape(page, word):
    make_board(page, word)
    page.get_by_role("button", name="Full screen").click()
    frame = page.get_by_role("navigation", name="Main")
    expect(frame).to_be_hidden()
    assert "full=1" in page.url
    page.reload()
    expect(frame).to_be_hidden()
    expect(tile(page, "How many")).to_contain_text("41")
    page.keyboard.press("Escape")
    expect(frame).to_be_visible()
    assert "full=1" not in page.url


def test_an_unreachable_server_is_said_and_asked_again(page, word):
    make_board(page, word)
    expect(tile(page, "How many")).to_contain_text("41")
    page.route("**/api/v1/stats*", lambda route: route.abort())
    page.get_by_role("button", name="Refresh now").click()
    expect(tile(page, "How many").get_by_role("alert")).to_contain_text("cannot be reached")
    with page.expect_request("**/api/v1/stats*"):
        tile(page, "How many").get_by_role("button", name="Try again").click()
    # From here on it is asked again by itself, however soon.
    page.unroute_all()
    expect(tile(page, "How many")).to_contain_text("41")
    page.route("**/api/v1/dashboards/*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Logster cannot be reached")
    with page.expect_request("**/api/v1/dashboards/*"):
        page.get_by_role("button", name="Try again").click()
    # From here on it is asked again by itself, however soon.
    page.unroute_all()
    expect(tile(page, "How many")).to_contain_text("41")


def test_the_explorer_hands_a_question_to_a_board(page, word):
    make_board(page, word)
    name = f"Target {time.time_ns()}"
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Name of the dashboard").fill(name)
    save(page)
    page.goto(f"/?q={word}+%7C+count+by+user&view=bar")
    page.get_by_role("link", name="Add to dashboard").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_label("Question")).to_have_value(f"{word} | count by user")
    page.get_by_label("Title").fill("From the explorer")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(tile(page, "From the explorer")).to_contain_text("user1")


def test_a_phone_shows_one_column_without_scrolling_sideways(page, word):
    page.goto("/dashboards")
    page.get_by_role("button", name="New overview").click()
    expect(tile(page, "Errors by application")).to_contain_text("shop")
    page.set_viewport_size({"width": 390, "height": 780})
    lefts = {box_of(page, name)[0] for name in ("Events", "Events by severity", "Top users")}
    widths = {box_of(page, name)[2] for name in ("Events", "Events by severity", "Top users")}
    assert (lefts, widths) == ({12}, {366})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Edit", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.goto("/dashboards")
    expect(page.get_by_role("button", name="New overview")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, word, scheme):
    page.emulate_media(color_scheme=scheme)

    def check(what):
        assert find_faults(page) == [], what

    page.goto("/dashboards")
    page.get_by_role("button", name="New overview").click()
    expect(tile(page, "Newest patterns")).to_contain_text("was paid")
    check("board")
    page.get_by_role("button", name="Variable: application").click()
    expect(page.get_by_role("button", name="shop", exact=True)).to_be_visible()
    check("variable")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More", exact=True).click()
    check("more")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    check("editing")
    page.get_by_role("button", name="Variables", exact=True).click()
    check("variables")
    page.keyboard.press("Escape")
    add_tile(page, "Table", "Table", "| count by application")
    expect(tile(page, "Table")).to_contain_text("shop")
    add_tile(page, "Number", "Bad", "severity>=terrible")
    expect(tile(page, "Bad")).to_contain_text("terrible")
    save(page)
    check("table and mistake")
    page.goto("/dashboards")
    expect(page.get_by_role("listitem").first).to_be_visible()
    check("list")
