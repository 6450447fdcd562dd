"""A question that nothing can stop: the engine ends for it, and nobody else loses anything."""

from __future__ import annotations

import contextlib
import json
import threading
import time

import pytest

from support.served import KEY, Answer, request, serving, wait_until

pytestmark = pytest.mark.timeout(240)

TIMEOUT_S, GRACE_S, KILL_S = 1, 5, 3
#: One call of one function, on one text of 16 MB, of which it keeps 400 places in view.
STUCK = (
    "SELECT match(arrayStringConcat(arrayMap(x -> char(97 + cityHash64(x) % 2), range(8000000))),"
    " '[ab]*a[ab]{400}c')"
)


def ask(server, sql, key=KEY):
    body = json.dumps({"sql": sql}).encode()
    headers = {"ApiKey": key, "Content-Type": "application/json"}
    return request(server.port, "POST", "/api/v1/sql", body, headers)


def make_key(server, name):
    body = json.dumps({"name": name, "rights": ["read", "admin"]}).encode()
    return server.post("/api/v1/keys", body, "application/json").json()["text"]


@contextlib.contextmanager
def sending(server):
    """Somebody who logs all the time; gives the ids that were accepted."""
    accepted = []
    is_over = threading.Event()

    def send():
        while not is_over.is_set():
            accepted.append(server.log_message(Message="kept", Application="last-resort"))
            time.sleep(0.02)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield accepted
    finally:
        is_over.set()
        sender.join()


def test_a_question_that_cannot_be_stopped_ends_the_engine_and_closes_sql_the_second_time(tmp_path):
    with serving(tmp_path / "data", workers=2, query_timeout_s=TIMEOUT_S) as server:
        other = make_key(server, "other")
        with sending(server) as accepted:
            for _ in range(2):
                engine = server.engine
                answers: list[Answer] = []
                asking = threading.Thread(
                    target=lambda answers=answers: answers.append(ask(server, STUCK))
                )
                started = time.monotonic()
                asking.start()
                # Meanwhile others are answered, and SQL has a place beside it.
                while asking.is_alive() and time.monotonic() - started < TIMEOUT_S + GRACE_S:
                    assert server.get("/health/ready").status == 200
                    assert server.get("/api/v1/events?limit=1").status == 200
                    assert ask(server, "SELECT 1", other).json()["rows"] == [[1]]
                    time.sleep(0.3)
                asking.join(60)
                assert time.monotonic() - started < TIMEOUT_S + GRACE_S + KILL_S + 5
                assert answers[0].status == 400
                assert "could not be stopped" in answers[0].json()["error"]["message"]
                wait_until(
                    lambda engine=engine: server.children("embedded") not in ([], [engine]), 30
                )
                server.wait_until_ready()
            # Both workers know, and only this key is meant.
            for _ in range(6):
                refused = ask(server, "SELECT 1")
                assert refused.status == 429
                assert " UTC; searches" in refused.json()["error"]["message"]
                assert 3500 < int(refused.headers["retry-after"]) <= 3600
            assert ask(server, "SELECT 1", other).status == 200
            assert server.get("/api/v1/events?limit=1").status == 200
        found = server.wait_for("application:last-resort", len(accepted))
        assert {event["id"] for event in found} == set(accepted)
        log = server.log.read_text()
        assert log.count("a question of key 1 in workspace 1 is still computing 6 s after") == 2
        assert "SELECT match(arrayStringConcat(" in log
