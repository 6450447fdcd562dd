"""Where a socket listens and whose key it stands for, as operators write it: `HOST:PORT=NAME`.

In: the text of a setting, several with commas. Out: `Endpoint`s.
Promise: what cannot be listened on is told with what would do.
"""

from __future__ import annotations

import re

import msgspec

#: [::1]:5514 · 0.0.0.0:5514 · logs.example.org:5514=shop
_ENDPOINT = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[\w.-]+)):(?P<port>\d{1,5})(?:=(?P<key>.*))?"
)
MAX_PORT = 65_535
#: Hosts that stand for all addresses of this machine.
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - what is looked for


class Endpoint(msgspec.Struct, frozen=True):
    """A host and a port to listen on; `key` is the name of a key, "" for the endpoint's own."""

    host: str
    port: int
    key: str = ""

    @property
    def address(self) -> str:
        """Host and port in one."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def meets(self, other: Endpoint) -> bool:
        """Whether both cannot be listened on."""
        if self.port != other.port:
            return False
        return self.host == other.host or self.host in WILDCARDS or other.host in WILDCARDS


def read_endpoints(text: str) -> tuple[Endpoint, ...]:
    """Every endpoint of a setting; raises ValueError for what is none."""
    return tuple(_read_endpoint(part.strip()) for part in text.split(",") if part.strip())


def _read_endpoint(text: str) -> Endpoint:
    found = _ENDPOINT.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= MAX_PORT:
        raise ValueError(f"{text!r} is no HOST:PORT or HOST:PORT=NAME")
    key = found["key"]
    if key is not None and not key.strip():
        raise ValueError(f"{text!r} names no key behind its =")
    return Endpoint(found["v6"] or found["host"], int(found["port"]), (key or "").strip())
