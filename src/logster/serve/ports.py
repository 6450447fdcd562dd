"""Whether everything can be listened on, found out before a part starts.

In: the settings. Out: nothing, or the ConfigError that says what is in the way.
Workers share their ports, so they would not notice that somebody else has one.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from logster.endpoint import Endpoint
from logster.errors import ConfigError

if TYPE_CHECKING:
    from logster.config import Config

_NAMES = {socket.SOCK_STREAM: "TCP", socket.SOCK_DGRAM: "UDP"}


def check_ports(config: Config) -> None:
    """Try each address; raises ConfigError."""
    _check(Endpoint(config.host, config.port), socket.SOCK_STREAM, "host and --port")
    for setting, endpoints in config.sockets.items():
        flag = setting.replace("_", "-")
        for endpoint in endpoints:
            _check(endpoint, socket.SOCK_STREAM, flag)
            if not setting.endswith("_tls"):
                _check(endpoint, socket.SOCK_DGRAM, flag)
    if config.syslog_tls:
        # OpenSSL is loaded only by who uses it.
        from logster.ingest.sockets.tls import build_context  # noqa: PLC0415

        build_context(config)


def _check(endpoint: Endpoint, kind: socket.SocketKind, flag: str) -> None:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
        except OSError as error:
            where = (
                endpoint.address
                if flag.startswith("host")
                else (f"{endpoint.address} ({_NAMES[kind]})")
            )
            raise ConfigError(
                f"Cannot listen on {where}: {error.strerror}. Choose another address with --{flag}."
            ) from None
