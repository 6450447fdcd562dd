"""Sockets of the whole program: several workers, a stop and a kill under load, a revoked key."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.served import KEY, free_port, serving, wait_until


@pytest.fixture
def port():
    return free_port()


def lines(count: int, word: str) -> bytes:
    return b"".join(b"<13>1 - web-1 shop - - - %b %d\n" % (word.encode(), n) for n in range(count))


def count_of(server, word):
    return len(server.search(word))


def test_workers_share_the_ports_and_nothing_is_lost_or_doubled(tmp_path, port):
    endpoint = f"127.0.0.1:{port}"
    with serving(tmp_path / "data", workers=2, syslog=endpoint) as server:
        streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
        for number, stream in enumerate(streams):
            stream.sendall(lines(50, f"stream{number}"))
            stream.close()
        for _ in range(20):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
                sending.sendto(b"<13>datagram", ("127.0.0.1", port))
        server.wait_for("application:shop", 400)
        server.wait_for("datagram", 20)
        for number in range(8):
            assert count_of(server, f"stream{number}") == 50


def test_what_was_read_before_a_stop_is_in_the_store_after_the_next_start(tmp_path, port):
    endpoint = f"127.0.0.1:{port}"
    with serving(tmp_path / "data", syslog=endpoint) as server:
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(lines(5000, "before"))
        wait_until(lambda: read_of(server) >= 5000, 30)
        assert server.stop() == 0
        stream.close()
        server.start()
        assert count_of(server, "before") == 5000


def test_doctor_tries_the_ports_as_well(tmp_path, port):
    syslog, gelf = f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}"
    with serving(tmp_path / "data", syslog=syslog, gelf=gelf) as server:
        command = [str(Path(sys.executable).with_name("logster")), "doctor", "--json", "--dialects"]
        asked = [*command, "--url", server.url, "--key", KEY]
        done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path)
        checks = json.loads(done.stdout)["checks"]
        ports = {each["name"]: each["is_well"] for each in checks if each["name"].count(" ") == 3}
        assert sorted(name.rsplit(" ", 1)[0] for name in ports) == [
            "send gelf tcp",
            "send gelf udp",
            "send syslog tcp",
            "send syslog udp",
        ]
        assert all(ports.values()), checks


def read_of(server):
    return server.metric('logster_events_total{outcome="accepted",protocol="syslog",reason=""}')


def test_what_was_accepted_before_a_kill_is_in_the_store_after_the_next_start(tmp_path, port):
    endpoint = f"127.0.0.1:{port}"
    with serving(tmp_path / "data", syslog=endpoint) as server:
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(lines(3000, "before"))
        wait_until(lambda: read_of(server) >= 3000, 30)
        server.kill_everything()
        stream.close()
        server.start()
        server.wait_for("before", 3000)
        assert count_of(server, "before") == 3000


def test_a_revoked_key_closes_the_socket_and_it_is_said(tmp_path, port):
    with serving(tmp_path / "data", syslog=f"127.0.0.1:{port}") as server:
        with socket.create_connection(("127.0.0.1", port)) as stream:
            stream.sendall(b"<13>one\n<13>two\n")
            server.wait_for("one", 1)
            keys = server.get("/api/v1/keys").json()["keys"]
            (own,) = [key for key in keys if key["name"] == "syslog"]
            path = f"/api/v1/keys/{own['id']}"
            assert server.request("DELETE", path, None, ApiKey=KEY).status in (200, 204)
            stream.settimeout(10)
            assert stream.recv(10) == b""
        assert "own key 'syslog' was revoked" in server.get("/health/ready").body.decode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"<13>three", ("127.0.0.1", port))
        refused = 'logster_events_total{outcome="refused",protocol="syslog",reason="unauthorized"}'
        wait_until(lambda: server.metric(refused) == 1, 30)


def test_five_hundred_slow_connections_and_everybody_else_is_served(tmp_path, port):
    count = 500  # each takes a file of this process as well
    with serving(tmp_path / "data", syslog=f"127.0.0.1:{port}") as server:
        streams = []
        try:
            for _ in range(count):
                stream = socket.create_connection(("127.0.0.1", port))
                stream.sendall(b"<13>slow")
                streams.append(stream)
            started = time.monotonic()
            server.log_message(Message="fast")
            assert time.monotonic() - started < 5
            server.wait_for("slow", count, 60)
        finally:
            for stream in streams:
                stream.close()
