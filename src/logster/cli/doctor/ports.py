"""One event to each port that is open beside HTTP, and back by a search.

In: a server that says which ports it has, as it does to its administrators. Out: a step for each.
Promise: as with the dialects that come by HTTP: well is what is found as its dialect's.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from logster.cli.answer import ClientError
from logster.cli.doctor.arrival import wait_for
from logster.cli.doctor.check import Step
from logster.cli.doctor.sample import fill, find_event, make_word
from logster.endpoint import WILDCARDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.cli.client import Client

CONNECT_S = 5.0
_ADVICE = (
    "What is sent to a port has the rights and the workspace of the key that the port stands for: "
    "see *API keys*. A firewall may stand between; docs/protocols has the page of the dialect."
)
#: The dialects of ports, and the smallest event of each, with what ends it in a stream.
_SAMPLES = {
    "syslog": ("<14>1 ISO logster doctor - - - WORD", b"\n"),
    "gelf": ('{"version":"1.1","host":"logster","short_message":"WORD","level":6}', b"\0"),
}


class Port(msgspec.Struct, frozen=True):
    """Where a server listens: `transport` is udp, tcp or tls."""

    dialect: str
    transport: str
    host: str
    port: int


class _Machine(msgspec.Struct):
    sockets: list[Port] = []


class _System(msgspec.Struct):
    machine: _Machine | None = None


def steps_of_ports(client: Client) -> list[Step]:
    """A step for each port; none when the server does not say, or the key may not know."""
    return [
        Step(
            name=f"send {port.dialect} {port.transport} {port.port}",
            examine=_Attempt(client, port),
            advice=_ADVICE,
        )
        for port in _ports_of(client)
        if port.dialect in _SAMPLES
    ]


def _ports_of(client: Client) -> Iterator[Port]:
    try:
        answer = client.get("/api/v1/system").content
        system = msgspec.json.decode(answer, type=_System)
    except (ClientError, ValueError):
        return
    for port in system.machine.sockets if system.machine else ():
        is_any = port.host in WILDCARDS
        host = urlsplit(client.target.url).hostname or port.host if is_any else port.host
        yield msgspec.structs.replace(port, host=host)


class _Attempt:
    """Sends one sample to a port, and waits until it is found."""

    def __init__(self, client: Client, port: Port) -> None:
        self._client = client
        self._port = port
        self._word = make_word()

    def __call__(self) -> str:
        port = self._port
        text, end = _SAMPLES[port.dialect]
        _send(port, fill(text, self._word), end)
        wait_for(lambda: find_event(self._client, self._word, port.dialect))
        return f"{port.host}:{port.port}, found by {self._word}"


def _send(port: Port, event: bytes, end: bytes) -> None:
    address = port.host, port.port
    if port.transport == "udp":
        family, _, _, _, found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(event, found)
        return
    with socket.create_connection(address, timeout=CONNECT_S) as connection:
        if port.transport != "tls":
            connection.sendall(event + end)
            return
        # Whether it arrives is what is asked here; whose certificate it is, its clients look at.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(connection) as secure:
            secure.sendall(event + end)
