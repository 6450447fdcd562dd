"""The data folders of earlier releases: this one opens each, and nothing in it is lost."""

import pytest

from support.release import RELEASES, logged_in, unpack
from support.served import Served, quote, wait_until

ARCHIVES = sorted(RELEASES.glob("*.tar.xz"))

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def opened(request, tmp_path):
    """This server on an old folder, and what was told about that; it gets no first key anew."""
    told = unpack(request.param, tmp_path)
    served = Served(tmp_path / "data")
    for name in ("LOGSTER_BOOTSTRAP_API_KEY", "LOGSTER_BOOTSTRAP_ADMIN"):
        del served._environment[name]
    try:
        served.start()
        yield served, told
        assert served.stop() == 0
    finally:
        served.kill_everything() if served.is_running else None


def test_the_folder_of_an_earlier_release_is_opened_and_nothing_is_lost(opened):
    served, told = opened

    wait_until(lambda: count(served, told, "waits") == len(told.spooled), 60, served.log.read_text)
    for number, event in told.stored.items():
        assert event.items() <= read(served, told, f"/api/Log/{number}").items()
    for number, message in told.spooled.items():
        assert read(served, told, f"/api/Log/{number}")["Message"] == message
    assert count(served, told, "") == len(told.stored) + len(told.spooled)
    named = [event for event in told.stored.values() if event["Message"].startswith("stored ")]
    assert count(served, told, "stored application:b") == len(named) > 50
    assert get(served, told.revoked_key, "/api/v1/events").status == 401
    with logged_in(served, told.email, told.password) as browser:
        machine = browser.get("/api/v1/system").json()["machine"]
        assert {(spool["aside_events"], spool["lost_events"]) for spool in machine["spools"]} == {
            (0, 0)
        }
        assert browser.get("/api/v1/retention").json()["kept_days"] == told.retention_days
        [search] = browser.get("/api/v1/searches").json()["searches"]
        assert told.search.items() <= search.items()
        path = f"/api/v1/dashboards/{told.dashboard['id']}"
        assert told.dashboard.items() <= browser.get(path).json().items()


def get(served, key, path):
    return served.request("GET", path, ApiKey=key)


def read(served, told, path):
    answer = get(served, told.key, path)
    assert answer.status == 200, answer
    return answer.json()


def count(served, told, words):
    """How many events a search finds."""
    return len(read(served, told, f"/api/v1/events?q={quote(words)}&limit=1000")["events"])
