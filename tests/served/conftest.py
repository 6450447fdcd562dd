"""One server for all tests that do not hurt it, and a browser for those of the portal."""

import pytest

from support.browser import chromium
from support.served import serving


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "data", body_timeout_s=2) as served:
        yield served


@pytest.fixture(scope="module")
def browser():
    """Gone at the end of a module: while it lives, no test can run an event loop of its own."""
    with chromium() as browser:
        yield browser
