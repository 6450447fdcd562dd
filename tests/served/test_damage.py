"""What a person or a sick disk does to the files of a running server: said, and nothing is lost."""

import os
import shutil
import signal
import time

import pytest

from logster.event import Batch, Columns
from logster.spool.packing import pack
from logster.spool.quarantine import replay_aside
from support.served import serving, wait_until
from support.spooled import put_aside

pytestmark = pytest.mark.timeout(200)

NAME = "spool-00.sqlite"


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "data") as served:
        yield served


def test_what_is_accepted_while_the_spool_is_deleted_is_found(server):
    spools = server.data / "spool"
    os.kill(server.engine, signal.SIGSTOP)
    server.log_message(Message="waiting 0")
    for path in spools.glob(f"{NAME}*"):
        path.unlink()
    server.log_message(Message="waiting 1")
    shutil.rmtree(spools)
    server.log_message(Message="waiting 2")
    assert (spools / NAME).exists()
    server.kill_everything()  # what was acknowledged is in files that are there
    server.start()

    assert len(server.wait_for("waiting", 3)) == 3
    assert server.log.read_text().count("a fresh file was made at once, with all its events") == 2


def test_a_block_that_is_tried_again_ends_no_worker(server):
    """Its bytes were subtracted when it was drained, and never added."""
    workers = server.workers
    now = time.time_ns()
    columns = Columns(message=["replayed"], severity=[2], timestamp=[now])
    block = pack([Batch(columns, [7], now, 1, 1, "api_log")])
    for _ in range(2):
        number = put_aside(server.data / "spool" / NAME, block, "why")
        assert replay_aside(server.data / "spool", "spool-00", number)
        server.log_message(Message="beside")
    server.wait_for("replayed", 1)
    wait_until(lambda: server.metric('logster_spool_events{spool="spool-00"}') == 0, 30)

    assert server.metric('logster_spool_bytes{spool="spool-00"}') == 0
    server.log_message(Message="afterwards")
    server.wait_for("afterwards", 1)
    assert server.workers == workers


def test_a_damaged_log_is_said_in_health_metrics_and_the_log(server):
    os.kill(server.engine, signal.SIGSTOP)
    for number in range(30):
        server.log_message(Message=f"logged {number}")
    server.kill_everything()
    log = server.data / "spool" / f"{NAME}-wal"
    text = bytearray(log.read_bytes())
    text[len(text) // 2] ^= 1
    log.write_bytes(text)
    server.start()

    def count_lost() -> int:
        return int(server.metric('logster_spool_lost_events{spool="spool-00"}'))

    wait_until(count_lost, 30)
    lost = count_lost()
    assert 0 < lost < 30
    # The claim that was under way comes first, then the rest.
    assert len(server.wait_for("logged", 30 - lost)) == 30 - lost
    answer = server.get("/health/ready")
    assert answer.status == 200
    assert f"has lost {lost} acknowledged events" in answer.json()["warnings"]["spool"]
    assert f"{lost} acknowledged events are lost" in server.log.read_text()
