"""The set-up pages in a real browser; what can be run of the snippets is run."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from logster.event import Batch, Columns
from logster.spool.packing import pack
from logster.spool.queue import Block
from support.browser import SCHEME, STEP_MS, fill_login, find_faults, watch
from support.served import EMAIL, KEY, PASSWORD, wait_until
from support.spooled import put_aside

pytestmark = pytest.mark.timeout(300)

PAGES = ("Add a source", "Keys", "Users", "Deliveries", "Retention", "System")


def unique(word):
    """A word nobody else uses."""
    return f"{word}{time.time_ns()}"


@contextlib.contextmanager
def visiting(server, browser, **options):
    """A page that fails the test for any error it reports, and a list of those to forgive."""
    context = browser.new_context(base_url=server.url, color_scheme=SCHEME, **options)
    context.set_default_timeout(STEP_MS)
    page = context.new_page()
    page.complaints = watch(page)
    yield page
    context.close()
    assert page.complaints == []


def forgive(page, status):
    """The browser itself notes every answer that is no success."""
    page.complaints[:] = [said for said in page.complaints if f"status of {status}" not in said]


def log_in(page, path, email=EMAIL, password=PASSWORD):
    page.goto(path)
    fill_login(page, email, password)
    expect(page.get_by_role("navigation", name="Set-up")).to_be_visible()


@pytest.fixture
def page(server, browser):
    with visiting(server, browser, viewport={"width": 1280, "height": 900}) as page:
        log_in(page, "/settings/sources")
        yield page


def go_to(page, name):
    page.get_by_role("navigation", name="Set-up").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def run(text, command, folder, environment=None):
    """A snippet as a person runs it; fails with what it said."""
    script = folder / "snippet"
    script.write_text(text)
    done = subprocess.run(
        [*command, script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_key_and_snippets_that_run_turn_the_light_green(server, page, tmp_path):
    page.get_by_label("A new key for").fill(f"snippets {time.time_ns()}")
    page.get_by_role("button", name="Make a key").click()
    secret = page.locator("code.secret").first.inner_text()
    assert secret.startswith("lgs_")
    light = page.get_by_role("status").filter(has_text="message")
    expect(light).to_contain_text("Waiting for a message")

    bin_folder = Path(sys.executable).parent
    path = {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    node = shutil.which("node")
    runs = [
        ("curl", ["bash"], "Hello from curl"),
        ("Python", [sys.executable], "Hello from Python"),
        ("Python logging", [sys.executable], "Hello from logging"),
        ("Any command", ["bash"], "the disk is 91 % full"),
        *([("Node.js", [node, "--input-type=module", "-e"], "Hello from Node.js")] if node else []),
    ]
    for name, command, message in runs:
        page.get_by_role("button", name=name, exact=True).click()
        text = page.get_by_label("Snippet", exact=True).inner_text()
        assert secret in text
        if name == "Node.js":
            subprocess.run([*command, text], check=True, timeout=30)
        else:
            run(text, command, tmp_path, path)
        expect(light).to_contain_text("Messages arrive")
        expect(light.get_by_role("link", name=re.compile(message))).to_be_visible()

    page.get_by_role("button", name="Browser", exact=True).click()
    page.evaluate(page.get_by_label("Snippet", exact=True).inner_text())
    page.evaluate("dispatchEvent(new ErrorEvent('error', {message: 'Hello from a page'}))")
    link = light.get_by_role("link", name="Hello from a page")
    link.click()
    expect(page.get_by_role("region", name="Event detail")).to_contain_text("Hello from a page")


#: Snippets whose tools a machine may have or not: the file as people would name it, its command.
FOREIGN = {
    "Ruby": ("hello.rb", ["ruby"]),
    "PHP": ("hello.php", ["php"]),
    "Go": ("hello.go", ["go", "run"]),
    "Java": ("Hello.java", ["java"]),
    "PowerShell": ("hello.ps1", ["pwsh", "-NoProfile", "-File"]),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_snippet_sends_as_it_is_shown(server, page, tmp_path, name):
    """Skips without the tool; nothing installs one for it."""
    file, (tool, *options) = FOREIGN[name]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed: the {name} snippet was not run")
    page.get_by_label("Paste the key").fill(KEY)
    page.get_by_role("button", name=name, exact=True).click()
    snippet = page.get_by_label("Snippet", exact=True)
    expect(snippet).to_contain_text(KEY)
    (tmp_path / file).write_text(snippet.inner_text())
    done = subprocess.run(
        [tool, *options, tmp_path / file],
        capture_output=True,
        text=True,
        timeout=100,  # Go builds its standard library the first time
        check=False,
        env={**os.environ, "GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server.wait_for(f'"Hello from {name}"', 1)


def test_a_log_file_is_followed_by_its_snippet(server, page, tmp_path):
    page.get_by_label("A new key for").fill("follower")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="A log file").click()
    expect(page.get_by_label("Snippet", exact=True)).to_contain_text("lgs_")
    log = tmp_path / "shop.log"
    word = f"follow{time.time_ns()}"
    log.write_text(f"ERROR {word} first\n")
    text = (
        page.get_by_label("Snippet", exact=True).inner_text().replace("/var/log/shop.log", str(log))
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The command takes the shell's place, so that stopping the one stops the other.
    process = subprocess.Popen(
        ["bash", "-c", text.replace("\nlogster", "\nexec logster")],
        env={**os.environ, "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server.wait_for(word, 1)
        with log.open("a") as file:
            file.write(f"WARN {word} second\n")
        found = server.wait_for(word, 2)
    finally:
        process.terminate()
        process.wait(15)
    assert {event["severity"] for event in found} == {3, 4}
    assert {event["application"] for event in found} == {"shop"}


def test_a_key_is_made_shown_once_renamed_and_revoked(server, page):
    go_to(page, "Keys")
    name = f"shop {time.time_ns()}"
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("checkbox", name="read").check()
    page.get_by_role("button", name="Make a key").click()
    secret = page.locator("code.secret").first.inner_text()
    assert server.request("GET", "/api/v1/session", None, ApiKey=secret).status == 200
    page.get_by_role("button", name="Done").click()
    assert secret not in page.content()

    page.get_by_role("button", name=f"Rename {name}").click()
    page.get_by_label("New name").fill(f"{name} 2")
    page.get_by_role("button", name="Save").click()
    revoke = page.get_by_role("button", name=f"Revoke {name} 2")
    revoke.click()
    page.keyboard.press("Escape")
    expect(revoke).to_be_focused()
    revoke.click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name=f"{name} 2", exact=True)).to_have_count(0)
    wait_until(
        lambda: server.request("GET", "/api/v1/session", None, ApiKey=secret).status == 401, 5
    )


def test_a_key_is_set_and_a_mistake_in_its_filter_is_shown(server, page):
    go_to(page, "Keys")
    name = unique("till ")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name=f"Settings of {name}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Severity").select_option("warn")
    dialog.get_by_label("In a day (UTC)").fill("5 GiB")
    dialog.get_by_role("combobox", name="Filter").fill("severity>=error and (")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The filter: expected")
    forgive(page, 400)
    dialog.get_by_role("combobox", name="Filter").fill("-category:Health*")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("warn and above")
    expect(row).to_contain_text("0 B of 5 GiB today")


def test_a_person_is_added_may_look_and_is_removed(server, page, browser):
    go_to(page, "Users")
    email = f"eve{time.time_ns()}@example.org"
    page.get_by_label("Email").fill(email)
    page.get_by_label("Role").first.select_option("viewer")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("code.secret").inner_text()

    with visiting(server, browser) as eve:
        log_in(eve, "/settings/keys", email, password)
        expect(eve.get_by_text("for administrators")).to_be_visible()
        go_to(eve, "Users")
        eve.get_by_label("Current password").fill(password)
        eve.get_by_label("New password").fill("another long one")
        eve.get_by_role("button", name="Change", exact=True).click()
        expect(eve.get_by_text("Your other sessions have ended")).to_be_visible()
        go_to(eve, "Add a source")
        eve.get_by_label("Paste the key").fill("lgs_pasted")
        expect(eve.get_by_label("Snippet", exact=True)).to_contain_text("ApiKey: lgs_pasted")

    page.get_by_role("button", name=f"Disable {email}").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Enable {email}")).to_be_visible()
    with visiting(server, browser) as eve:
        eve.goto("/login")
        eve.get_by_label("Email").fill(email)
        eve.get_by_label("Password").fill("another long one")
        eve.get_by_role("button", name="Log in").click()
        expect(eve.get_by_text("This account is disabled")).to_be_visible()
        forgive(eve, "401")
    page.get_by_role("button", name=f"Enable {email}").click()
    with visiting(server, browser) as eve:
        log_in(eve, "/settings/users", email, "another long one")

    page.get_by_role("button", name=f"Remove {email}").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name=email, exact=True)).to_have_count(0)

    page.get_by_label(f"Role of {EMAIL}").select_option("member")
    expect(page.get_by_role("alert")).to_contain_text("last administrator")
    expect(page.get_by_label(f"Role of {EMAIL}")).to_have_value("admin")
    forgive(page, "409")


def test_the_system_shows_what_fills_it_and_set_aside_events(server, page):
    # Many, since other tests share the server, and the page shows the ten most frequent.
    many = [{"Message": f"order {n} was paid", "Application": "shop"} for n in range(3000)]
    server.post("/api/Logs", json.dumps(many).encode(), "application/json")
    server.wait_for("paid", len(many))
    spool = next((server.data / "spool").glob("spool-*.sqlite"))
    columns = Columns(message=["a <i>poor</i> event"], severity=[4], timestamp=[0])
    block = pack([Batch(columns, [1], 0, 1, 1, "api_log")])
    for reason, body in (("no such column <b>x</b>", block.body), ("out of range", b"-")):
        put_aside(spool, Block(2, body, 5), reason)
    go_to(page, "System")
    for fact in ("Events", "Found after", "Waiting in spools", "Store on disk", "Disk free"):
        expect(page.get_by_role("term").filter(has_text=fact)).to_be_visible()
    expect(page.get_by_role("list", name="Applications by size")).to_contain_text("shop")
    expect(page.get_by_role("list", name="Patterns by count")).to_contain_text("order <number> was")
    reason = page.get_by_role("cell", name="no such column <b>x</b>")
    expect(reason).to_be_visible()
    row = page.get_by_role("row").filter(has_text="no such column")
    row.get_by_role("button", name=re.compile("Look into")).click()
    expect(page.get_by_text("a <i>poor</i> event")).to_be_visible()
    expect(page.get_by_text("first key")).to_be_visible()
    with page.expect_download() as started:
        row.get_by_role("link", name=re.compile("Download")).click()
    [line] = Path(started.value.path()).read_text().splitlines()
    assert json.loads(line)["message"] == "a <i>poor</i> event"
    broken = page.get_by_role("row").filter(has_text="out of range")
    broken.get_by_role("button", name=re.compile("Look into")).click()
    expect(page.get_by_text("cannot be read as events")).to_be_visible()
    for each, text in ((row, "no such column"), (broken, "out of range")):
        expect(each).to_contain_text(text)
        each.get_by_role("button", name=re.compile("Delete")).click()
        page.keyboard.press("Enter")
        expect(each).to_have_count(0)
    expect(page.get_by_text("Nothing is set aside")).to_be_visible()


def test_a_shorter_time_says_what_it_deletes_and_deletes_it(server, page):
    old = unique("old")
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 25 * 86_400))
    server.log_message(Message=old, Timestamp=then)
    server.wait_for(old, 1)
    go_to(page, "Retention")
    field = page.get_by_label("Days an event is kept")
    expect(field).to_have_value("30")
    field.fill("0")
    expect(page.get_by_text("from 1 to 10,000")).to_be_visible()
    expect(page.get_by_role("button", name="Change", exact=True)).to_be_disabled()
    field.fill("20")
    expect(page.get_by_text(re.compile(r"1 day, 1 event, .* will be deleted"))).to_be_visible()
    expect(page.locator("rect.doomed")).to_have_count(1)
    page.keyboard.press("Enter")
    sure = page.get_by_role("button", name="Delete them and keep 20 days")
    expect(sure).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    assert server.get("/api/v1/retention").json()["days"] == 30
    page.keyboard.press("Enter")
    sure.click()
    expect(page.get_by_text("kept for 20 days now")).to_be_visible()
    wait_until(lambda: server.search(old) == [], 30)
    expect(page.locator("rect.doomed")).to_have_count(0)
    page.get_by_role("button", name="30 days", exact=True).click()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("kept for 30 days now")).to_be_visible()
    expect(page.get_by_text(f"Chosen by {EMAIL}")).to_be_visible()


def list_refused(server):
    return {each["id"] for each in server.get("/api/v1/receipts/refused").json()["refused"]}


def test_what_was_refused_is_seen_with_its_reason_and_given_up(server, page):
    secret = unique("secret")
    body = json.dumps({"Severity": 2, "password": secret}).encode()

    known = list_refused(server)
    server.post("/api/Logs", body, "application/x-ndjson")
    told = server.log_message(Message=unique("kept"))
    wait_until(lambda: list_refused(server) - known, 15)  # the ledger is written every second
    go_to(page, "Deliveries")
    expect(page.get_by_role("cell", name="missing_message").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Not stored over time"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Look into body")).first.click()
    expect(page.locator("pre")).to_contain_text('"password": "…"')
    assert secret not in page.content()
    page.get_by_role("button", name=re.compile("^Try again: body")).first.click()
    expect(page.get_by_text("1 body tried again, 0 events taken in")).to_be_visible()
    doomed = page.get_by_role("button", name=re.compile("^Delete body")).first
    expect(doomed).to_be_visible()  # the list is asked for again after a try
    name = doomed.get_attribute("aria-label")
    doomed.click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page.get_by_label("One event, by its id").fill(str(told))
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is stored.")).to_be_visible()
    page.get_by_role("button", name="api_log", exact=True).first.click()
    only = page.get_by_role("button", name="Dialect: api_log")
    expect(only).to_be_visible()
    page.get_by_role("button", name="missing_message", exact=True).first.click()
    why = page.get_by_role("button", name="Reason: missing_message")
    expect(why).to_be_visible()
    only.click()
    expect(only).to_have_count(0)
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page.get_by_title("Show all again")).to_have_count(0)


@pytest.fixture
def mishaps(server):
    """A refused body and a block that was set aside: their rows have buttons of their own."""
    server.post("/api/Logs", b'{"Severity": 2}', "application/x-ndjson")
    wait_until(lambda: list_refused(server), 30)
    spool = next((server.data / "spool").glob("spool-*.sqlite"))
    number = put_aside(spool, Block(2, b"-", 5), "out of range")
    yield
    path = f"/api/v1/aside/{spool.stem}/{number}"
    assert server.request("DELETE", path, None, ApiKey=KEY).status == 204


@pytest.mark.usefixtures("mishaps")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(server, browser, scheme):
    """Not through `visiting`: axe's own script is what the page's policy forbids."""
    context = browser.new_context(base_url=server.url, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    log_in(page, "/settings/sources")
    for name in PAGES:
        go_to(page, name)
        page.wait_for_load_state("networkidle")
        if name == "Retention":
            page.get_by_label("Days an event is kept").fill("1")
        assert find_faults(page) == [], name
    context.close()


def test_a_phone_shows_every_page_without_scrolling_sideways(server, browser):
    with visiting(server, browser, viewport={"width": 390, "height": 780}) as page:
        log_in(page, "/settings/sources")
        for name in PAGES:
            go_to(page, name)
            page.wait_for_load_state("networkidle")
            width = page.evaluate("document.querySelector('.page').scrollWidth")
            assert (name, width) == (name, 390)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
