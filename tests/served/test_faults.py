"""What is acknowledged is found afterwards, once, whatever dies in between.

Two workers; single messages, arrays and packed lines at the same time.
"""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from support.disk import filled, small_disk
from support.senders import Senders
from support.served import serving, wait_until
from support.shim import Shim, needs_shim

pytestmark = pytest.mark.timeout(300)

HOUR_S = 3600


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "data", workers=2) as served:
        yield served


def memory(server):
    """Resident bytes of the workers."""
    pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in server.workers)
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")


def wait_for_load(senders, count=200):
    wait_until(lambda: len(senders.acknowledged) >= count, 30)


def test_a_killed_worker_loses_nothing_and_comes_back(server):
    with Senders(server) as senders:
        for _ in range(3):
            wait_for_load(senders, len(senders.acknowledged) + 200)
            victim = server.workers[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda victim=victim: victim not in server.workers, 30)
            wait_until(lambda: len(server.workers) == 2, 30)
        wait_for_load(senders, len(senders.acknowledged) + 200)

    assert senders.check_everything_is_found_once() >= 800
    assert set(senders.statuses) <= {0, 200}


def test_a_killed_engine_loses_nothing_and_no_sender_notices(server):
    with Senders(server) as senders:
        for _ in range(3):
            wait_for_load(senders, len(senders.acknowledged) + 400)
            os.kill(server.engine, signal.SIGKILL)
            server.wait_until_ready()

    assert senders.check_everything_is_found_once() >= 1200
    assert set(senders.statuses) == {200}


def test_everything_killed_at_once_loses_nothing(server):
    with Senders(server) as senders:
        wait_for_load(senders, 500)
        server.kill_everything()
    server.start()

    assert senders.check_everything_is_found_once() >= 500


def test_a_supervisor_that_is_killed_leaves_nothing_running(server):
    parts = server.children("")
    message_id = server.log_message(Message="before the end")
    server.kill_supervisor()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in parts), 60)
    server.start()

    wait_until(lambda: server.get(f"/api/Log/{message_id}").status == 200, 30)


def test_an_engine_that_is_down_for_half_a_minute_costs_no_request(server):
    stop_killing = threading.Event()

    def keep_killing():
        while not stop_killing.wait(0.05):
            for pid in server.children("logster.store.embedded.process"):
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=keep_killing)
    with Senders(server, pause_s=0.05) as senders:
        wait_for_load(senders)
        killer.start()
        time.sleep(30)
        during = len(senders.acknowledged)
        assert server.get("/health/ready").status == 503
        assert server.get("/health/live").status == 200
        stop_killing.set()
        killer.join()
        wait_for_load(senders, during + 50)

    server.wait_until_ready()
    assert set(senders.statuses) == {200}
    assert senders.check_everything_is_found_once() > 1000


def test_a_stop_empties_the_spool_and_a_start_finds_everything(server):
    with Senders(server) as senders:
        wait_for_load(senders, 1000)
    assert server.stop() == 0
    server.start()

    assert server.metric('logster_spool_events{spool="spool-00"}') == 0
    assert senders.check_everything_is_found_once() >= 1000


@needs_shim
def test_a_slow_disk_slows_the_senders_down_and_nothing_else(tmp_path):
    """The spool's and the engine's syncs take 200 ms longer each."""
    shim = Shim(tmp_path)
    with serving(tmp_path / "data", workers=2, environment=shim.environment) as server:
        with Senders(server) as senders:
            wait_for_load(senders)
            before = memory(server)
            shim.slow_syncs(200)
            wait_for_load(senders, len(senders.acknowledged) + 500)
            after = memory(server)
            shim.slow_syncs(0)
            wait_for_load(senders, len(senders.acknowledged) + 200)

        assert set(senders.statuses) == {200}
        assert senders.slowest_s > 0.2
        assert after - before < 200_000_000
        assert senders.check_everything_is_found_once() > 700


@needs_shim
def test_a_clock_that_is_wrong_repeats_no_id(tmp_path):
    """An hour late under load, then nine days early, and set back across a restart.

    It is the workers' clock; the built-in engine sees only a part of the shim.
    """
    shim = Shim(tmp_path)
    with serving(tmp_path / "data", workers=2, environment=shim.environment) as server:
        with Senders(server) as senders:
            wait_for_load(senders)
            shim.shift_clock(-HOUR_S)
            wait_for_load(senders, len(senders.acknowledged) + 300)
        assert set(senders.statuses) == {200}
        everybody = [senders]
        for shift_s in (9 * 24 * HOUR_S, 0):
            server.kill_everything()
            shim.shift_clock(shift_s)
            server.start()
            with Senders(server) as senders:
                wait_for_load(senders)
            everybody.append(senders)

        ids = [message_id for senders in everybody for message_id in senders.acknowledged]
        assert len(ids) == len(set(ids)) >= 900
        for senders in everybody:
            senders.check_everything_is_found_once()
            first = next(iter(senders.acknowledged))
            assert server.get(f"/api/Log/{first}").status == 200


def test_a_full_spool_refuses_with_retry_after_and_recovers(tmp_path):
    with serving(tmp_path / "data", max_spool_bytes=200_000) as server:
        engine = server.engine
        os.kill(engine, signal.SIGSTOP)
        body = b'{"Message":"' + b"x" * 20_000 + b'","Severity":2}'
        answers = [server.post("/api/Log", body, "application/json") for _ in range(40)]
        refused = [answer for answer in answers if answer.status != 200]
        accepted = [answer.json()["MessageId"] for answer in answers if answer.status == 200]

        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert "LOGSTER_MAX_SPOOL_BYTES" in refused[0].json()["Message"]
        assert len(accepted) >= 5

        os.kill(engine, signal.SIGCONT)
        wait_until(lambda: server.post("/api/Log", body, "application/json").status == 200, 60)
        for message_id in accepted:
            answer = server.get(f"/api/Log/{message_id}")
            assert answer.status == 200, answer


def test_a_worker_that_is_killed_while_the_disk_is_full_comes_back_and_says_so(tmp_path):
    with small_disk(tmp_path, 512 << 20), serving(tmp_path / "data") as server:
        message_id = server.log_message(Message="before")
        wait_until(lambda: server.get(f"/api/Log/{message_id}").status == 200, 30)
        with filled(tmp_path):
            victim = server.workers[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: victim not in server.workers, 30)
            wait_until(lambda: server.get("/health/live").status == 200, 30, server.log.read_text)
            answer = server.post("/api/Log", b'{"Message":"no room"}', "application/json")

            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
        wait_until(
            lambda: (
                server.post("/api/Log", b'{"Message":"after"}', "application/json").status == 200
            ),
            30,
        )


def test_a_damaged_and_an_empty_spool_of_dead_workers_end_no_worker(tmp_path):
    spools = tmp_path / "data" / "spool"
    spools.mkdir(parents=True)
    (spools / "spool-01.sqlite").touch()
    damaged = spools / "spool-02.sqlite"
    damaged.write_bytes(body := os.urandom(8192))
    faulty = 'logster_spool_faulty{spool="%s"}'
    with serving(tmp_path / "data") as server:
        workers = server.workers
        wait_until(lambda: server.metric(faulty % "spool-02") == 1, 30)
        time.sleep(6)  # until it has been visited again

        assert server.workers == workers
        assert server.metric(faulty % "spool-01") == 0
        assert server.log.read_text().count("file is not a database") == 1
        assert damaged.read_bytes() == body


def test_a_server_whose_only_spool_is_damaged_takes_another_one(tmp_path):
    spools = tmp_path / "data" / "spool"
    spools.mkdir(parents=True)
    (spools / "spool-00.sqlite").write_bytes(os.urandom(8192))
    with serving(tmp_path / "data") as server:
        server.log_message(Message="kept elsewhere")

        assert server.metric('logster_spool_events{spool="spool-01"}') >= 0
        assert (spools / "spool-01.sqlite").exists()
