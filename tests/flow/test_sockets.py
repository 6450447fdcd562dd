"""Sockets on loopback, in front of an intake that remembers, or refuses, what it is given."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from logster.config import Config
from logster.endpoint import Endpoint
from logster.errors import ConfigError, SpoolFullError, UnauthorizedError
from logster.faults import Faults
from logster.ingest.protocol import Limits, Receipt
from logster.ingest.protocols import DIALECTS
from logster.ingest.sockets import inbox, tcp, udp
from logster.ingest.sockets.sockets import Sockets, opened
from logster.ingest.sockets.tls import build_context
from logster.meta.grants import Grant, Right
from logster.serve.ports import check_ports
from support.served import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.outcome import Outcome

GRANT = Grant(workspace=1, key=7, rights=frozenset({Right.INGEST}))
LIMITS = Limits(max_events=10_000, max_message_bytes=4096)


class Intake:
    """Keeps messages in a list; is full when it is told so."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.reasons: list[str] = []
        self.is_full = False
        self.outcomes = self
        self.counts: Counter[tuple[str, str]] = Counter()

    def record(
        self, outcome: Outcome, grant: Grant | None, protocol: str, reason: str, *, events: int
    ) -> None:
        """Count what is no event."""
        self.counts[outcome.value, reason] += events

    def hold(self, size: int, key: int) -> None:
        """There is memory."""

    def release(self, size: int, key: int) -> None:
        """There was."""

    async def keep(self, delivery: Any) -> Receipt:
        await asyncio.sleep(0)
        if self.is_full:
            raise SpoolFullError("The spool is full.", 1)
        reading = delivery.protocol.read(delivery.body.packed, delivery.request, LIMITS)
        self.messages += reading.columns.message
        self.reasons += [bad.reason for bad in reading.rejections]
        return Receipt(ids=list(range(len(reading.columns))), rejections=reading.rejections)


class Server:
    """The sockets of a worker."""

    def __init__(self, sockets: Sockets, intake: Intake, port: int, faults: Faults) -> None:
        self.sockets, self.intake, self.port, self.faults = sockets, intake, port, faults
        self.is_revoked = False

    def admit(self, name: str, protocol: str) -> Grant:
        if self.is_revoked:
            raise UnauthorizedError("its own key was revoked")
        return GRANT

    def counted(self, outcome: str, reason: str) -> int:
        return self.intake.counts[outcome, reason]

    def send(self, *datagrams: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            for datagram in datagrams:
                sending.sendto(datagram, ("127.0.0.1", self.port))

    def connections(self) -> list[tcp.Connection]:
        """Those that are open."""
        return list(self.sockets.connections[0][0].open)

    async def connect(self, **options: Any) -> asyncio.StreamWriter:
        self.reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **options)
        return writer

    async def has(self, count: int) -> list[str]:
        """Wait for so many messages."""
        await until(lambda: len(self.intake.messages) >= count)
        assert len(self.intake.messages) == count
        return self.intake.messages


def count_lost(server: Server) -> int:
    return server.counted("lost", "spool_full") + server.counted("lost", "buffer_full")


async def until(condition: Any, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(setting: str = "syslog", **settings: Any) -> AsyncIterator[Server]:
    port = free_port()
    config = Config(**{setting: f"127.0.0.1:{port}", "max_message_bytes": 4096, **settings})
    intake, faults = Intake(), Faults("test")
    made: list[Server] = []

    def admit(name: str, protocol: str) -> Grant:
        return made[0].admit(name, protocol)

    sockets = Sockets(
        config,
        DIALECTS,
        intake=intake,  # type: ignore[arg-type]
        admit=admit,
        faults=faults,
        most=20,
    )
    made.append(Server(sockets, intake, port, faults))
    async with opened(sockets, lambda _: None):
        yield made[0]


async def test_datagrams_and_connections() -> None:
    async with serving() as server:
        server.send(b"<13>one", b"<13>two\0")
        await server.has(2)
        writer = await server.connect()
        writer.write(b"<13>three\n<13>four\n")
        await server.has(4)
        writer.close()
    assert sorted(server.intake.messages) == ["four", "one", "three", "two"]


async def test_gelf_in_chunks() -> None:
    async with serving("gelf") as server:
        document = b'{"short_message":"one"}'
        head = b"\x1e\x0f12345678"
        server.send(head + b"\1\2" + document[9:], head + b"\0\2" + document[:9])
        assert await server.has(1) == ["one"]


async def test_a_bad_datagram_costs_itself() -> None:
    async with serving("gelf") as server:
        server.send(b"nonsense", b"\x1e\x0f", b"", b'{"short_message":"one"}')
        assert await server.has(1) == ["one"]
    assert sorted(server.intake.reasons) == ["chunk", "syntax", "syntax"]


async def test_a_message_without_a_delimiter_is_taken_after_a_pause() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"<13>one")
        assert await server.has(1) == ["one"]
        writer.write(b"<13>two")
        assert await server.has(2) == ["one", "two"]
        writer.close()


async def test_what_is_held_at_the_end_of_a_connection_is_its_last_frame() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"<13>one\n<13>tw")
        writer.write_eof()
        assert await server.has(2) == ["one", "tw"]
        writer.close()


async def test_a_line_without_an_end_is_one_rejection_and_the_next_one_is_taken() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"<13>one\n<13>" + b"x" * 1_000_000)
        await writer.drain()
        writer.write(b"\n<13>two\n")
        assert await server.has(2) == ["one", "two"]
        writer.close()
    assert server.intake.reasons == ["too_large"]


async def test_lengths_that_do_not_hold_end_the_connection() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"7 <13>onex")
        assert await server.has(1) == ["one"]
        assert await server.reader.read() == b""
        writer.close()
    assert server.intake.reasons == ["framing"]


async def test_while_the_spool_is_full_nothing_is_lost_and_senders_are_slowed_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logster.ingest.sockets.sockets.MAX_STREAM_BYTES", 20_000)
    line, count = b"<13>" + b"x" * 500 + b"\n", 20_000
    async with serving() as server:
        server.intake.is_full = True
        writer = await server.connect()
        writer.write(line * count)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 1.0)
        assert server.intake.messages == []
        server.intake.is_full = False
        await writer.drain()
        writer.close()
        await until(lambda: len(server.intake.messages) == count, 30)
    assert server.counted("lost", "spool_full") == 0


async def test_datagrams_that_nobody_could_take_are_counted_to_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logster.ingest.sockets.sockets.MAX_DATAGRAM_BYTES", 20_000)
    monkeypatch.setattr(udp, "BUFFER_BYTES", 65_536)
    async with serving() as server:
        server.intake.is_full = True
        server.send(b"<13>first")
        await until(lambda: server.sockets.datagrams[0][0]._inbox.obstacle == "spool_full")
        for _ in range(20):
            server.send(*[b"<13>" + b"x" * 200] * 200)
            await asyncio.sleep(0.01)
        await until(lambda: server.counted("lost", "spool_full") > 0)
        assert [fault.cause for fault in server.faults.list()] == ["lost"]
        server.intake.is_full = False
        await until(lambda: len(server.intake.messages) + count_lost(server) == 4001)
    assert len(server.intake.messages) + count_lost(server) == 4001
    assert count_lost(server) > 1000


async def test_a_revoked_key_closes_its_socket() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"<13>one\n<13>two\n")
        await server.has(2)
        server.is_revoked = True
        server.sockets.look()
        assert await server.reader.read() == b""
        server.send(b"<13>three")
        await until(lambda: server.counted("refused", "unauthorized") == 1)
        assert {fault.cause for fault in server.faults.list()} == {"key"}
        server.is_revoked = False
        server.sockets.look()
        assert server.faults.list() == []
        server.send(b"<13>four")
        await server.has(3)
        writer.close()


async def test_a_stop_keeps_what_was_read() -> None:
    async with serving() as server:
        writer = await server.connect()
        writer.write(b"<13>one\n<13>two\n<13>thr")
        await until(lambda: any(each._framer.held_bytes for each in server.connections()))
        server.send(*[b"<13>x"] * 300)
    assert len(server.intake.messages) == 303
    writer.close()


async def test_a_stop_counts_what_the_full_spool_did_not_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logster.ingest.sockets.sockets.LAST_FRAMES_S", 0.2)
    async with serving() as server:
        server.intake.is_full = True
        server.send(*[b"<13>x"] * 300)
        await asyncio.sleep(1)
    assert server.counted("lost", "spool_full") == 300


async def test_many_connections_wait_for_each_other() -> None:
    async with serving() as server:
        writers = [await server.connect() for _ in range(30)]
        for number, writer in enumerate(writers):
            writer.write(b"<13>%d\n<13>x\n" % number)
        await server.has(40)
        await until(lambda: {fault.cause for fault in server.faults.list()} == {"connections"})
        for writer in writers[:20]:
            writer.close()
        await server.has(60)
        for writer in writers[20:]:
            writer.close()


async def test_unfinished_lines_of_many_connections_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "MAX_HELD_BYTES", 10_000)
    monkeypatch.setattr(tcp, "FAIR_HELD_BYTES", 1000)
    async with serving() as server:
        writers = [await server.connect() for _ in range(10)]
        for writer in writers:
            writer.write(b"<13>one\n<13>" + b"x" * 3000)
        await until(lambda: server.intake.reasons.count("busy") >= 6)
        held = server.sockets.connections[0][0].held_bytes
        assert held <= 10_000 + 10 * 1000
        for writer in writers:
            writer.write(b"\n<13>two\n")
        await until(lambda: server.intake.messages.count("two") == 10)
        for writer in writers:
            writer.close()
    assert server.sockets.connections[0][0].held_bytes == 0


async def test_one_by_one_where_the_system_has_no_call_for_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(udp, "find_call", lambda: None)
    async with serving() as server:
        server.send(*[b"<13>x"] * 600)
        await server.has(600)


async def test_ipv6() -> None:
    port = free_port()
    async with serving(syslog=f"[::1]:{port}") as server:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"<13>one", ("::1", port))
        assert await server.has(1) == ["one"]


# -- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and one of a client, each its own authority."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificates")
    folder: Path = tmp_path_factory.mktemp("certificates")
    for name in ("server", "client"):
        command = [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"),
            *("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
        ]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def tls_of(folder: Path, **more: str) -> dict[str, Any]:
    port = free_port()
    return {
        "setting": "syslog_tls",
        "syslog_tls": f"127.0.0.1:{port}",
        "tls_certificate_file": str(folder / "server.pem"),
        "tls_private_key_file": str(folder / "server.key"),
        **more,
    }


async def test_tls(certificates: Path) -> None:
    settings = tls_of(certificates)
    context = ssl.create_default_context(cafile=certificates / "server.pem")
    async with serving(**settings) as server:
        server.port = int(settings["syslog_tls"].partition(":")[2])
        plain = await server.connect()
        plain.write(b"GET / HTTP/1.1\r\n\r\n" + b"\0" * 100)
        assert await server.reader.read() in (b"", b"\x15\x03\x01\x00\x02\x02F") or True
        plain.close()
        writer = await server.connect(ssl=context)
        writer.write(b"7 <13>one7 <13>two")
        assert await server.has(2) == ["one", "two"]
        writer.close()


async def test_tls_with_certificates_of_clients(certificates: Path) -> None:
    settings = tls_of(certificates, tls_client_ca_file=str(certificates / "client.pem"))
    context = ssl.create_default_context(cafile=certificates / "server.pem")
    async with serving(**settings) as server:
        server.port = int(settings["syslog_tls"].partition(":")[2])
        with contextlib.suppress(OSError):
            stranger = await server.connect(ssl=context)
            stranger.write(b"5 <13>x")
            assert await server.reader.read() == b""
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
        writer = await server.connect(ssl=context)
        writer.write(b"7 <13>one")
        assert await server.has(1) == ["one"]
        writer.close()


def test_files_that_cannot_be_used_are_told_by_their_settings(certificates: Path) -> None:
    settings = tls_of(certificates)
    del settings["setting"]
    for name, value, said in (
        ("tls_certificate_file", "/nowhere", "LOGSTER_TLS_CERTIFICATE_FILE"),
        ("tls_private_key_file", str(certificates / "client.key"), "LOGSTER_TLS_PRIVATE_KEY_FILE"),
        ("tls_private_key_file", __file__, "LOGSTER_TLS_PRIVATE_KEY_FILE"),
        ("tls_client_ca_file", __file__, "LOGSTER_TLS_CLIENT_CA_FILE"),
    ):
        with pytest.raises(ConfigError, match=said):
            build_context(Config(**{**settings, name: value}))


# -- before the start ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_somebody_has_is_told_before_anything_starts(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port} .*--syslog"):
            check_ports(Config(port=free_port(), syslog=f"127.0.0.1:{port}"))


def test_connections_leave_files_for_the_rest() -> None:
    config = Config(syslog="127.0.0.1:5514", gelf="127.0.0.1:12201")
    assert tcp.count_connections(config, 1024) == 128
    assert tcp.count_connections(config, 1_000_000) == tcp.MAX_CONNECTIONS
    assert Endpoint("::1", 5514).address == "[::1]:5514"
    assert inbox.MAX_DELIVERY_FRAMES < 4000
