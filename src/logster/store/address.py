"""Where the store is: LOGSTER_STORE_URL, read.

In: `clickhouse://user:password@host:port/database` (`clickhouses://` for TLS).
Out: what a client needs to connect; ConfigError for what cannot be a store's URL.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from logster.errors import ConfigError

DEFAULT_PORTS = {"clickhouse": 8123, "clickhouses": 8443}


def parse_address(url: str) -> dict[str, Any]:
    """The client's options; raises ConfigError."""
    parts = urlsplit(url)
    try:
        default_port = DEFAULT_PORTS[parts.scheme]
        port = parts.port or default_port
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname:
        raise ConfigError(
            "LOGSTER_STORE_URL is not a store's URL; "
            "clickhouse://USER:PASSWORD@HOST:8123/DATABASE would do."
        )
    return {
        "interface": "https" if parts.scheme == "clickhouses" else "http",
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/") or "default",
    }
