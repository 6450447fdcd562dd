"""A real browser, and what its pages report."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_build import install_packages
from playwright.sync_api import expect, sync_playwright

from support.served import EMAIL, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page

#: How long a step or what is expected of one may take; a busy machine takes ten seconds.
STEP_MS = 30_000
expect.set_options(timeout=STEP_MS)
#: How the pages of the flows look: `make dark` runs them all in the other scheme.
SCHEME = os.environ.get("LOGSTER_TEST_SCHEME", "light")

_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


def watch(page: Page) -> list[str]:
    """Errors, broken rules of the content policy and dialogs, as they come."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def refuse(dialog: Dialog) -> None:
        # Asked before a page with changes is left: the portal's own, and a test's to answer.
        if dialog.type != "beforeunload":
            complaints.append(dialog.message)
            dialog.dismiss()

    page.on("dialog", refuse)
    return complaints


def fill_login(page: Page, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Log in, where the page asks for it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


#: What is being asked anew is paler than text may be, until the answer has faded in.
#: `wait_for_function` would be no help: the content policy lets it look only once.
_AT_REST = """async () => {
    const isAtRest = () =>
        !document.querySelector("[aria-busy=true]") &&
        document.getAnimations().every((each) => each.effect.getTiming().iterations === Infinity);
    const deadline = Date.now() + 30_000;
    while (!isAtRest()) {
        if (Date.now() > deadline) throw new Error("The page does not come to rest.");
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}"""


def wait_for_rest(page: Page) -> None:
    """Wait until everything that is asked has its answer, and nothing moves."""
    page.evaluate(_AT_REST)


def find_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core calls serious or critical about the page at rest: rules, and where."""
    wait_for_rest(page)
    page.evaluate(_axe())
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@functools.cache
def _axe() -> str:
    portal = Path(__file__).parents[2] / "portal"
    install_packages(portal)
    return (portal / "node_modules/axe-core/axe.min.js").read_text()
