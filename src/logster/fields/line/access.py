"""A line of a web server's access log: common, combined, and with the server's name before it.

In: a line, the instant it was read and the zone its clock runs in. Out: a `Line`, or None when it
is no such line. Promise: pure; linear in the length of the line; the message is the whole line,
and its parts are properties under the names of OpenTelemetry's conventions.

    203.0.113.7 - anna [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 23 "-" "curl/8.1"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from logster.event import Severity
from logster.fields.line.members import Line
from logster.fields.line.timestamp import read_time

if TYPE_CHECKING:
    from logster.fields.line.timestamp import Clock

_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
_LINE = re.compile(
    r"(?:(?P<server>[^\s\[]{1,255}?)(?::(?P<port>\d{1,5}))? )?"
    r"(?P<client>(?!- )[^\s\[]{1,255}) (?P<identity>\S{1,80}) "
    r"(?P<user>[^\[\"]{1,80}) \[[^\]]{20,40}\] "
    + _QUOTED.replace("(", "(?P<request>", 1)
    + r" (?P<status>[1-5]\d\d) (?P<bytes>\d{1,18}|-)(?![^\s])"
    + f"(?: {_QUOTED.replace('(', '(?P<referrer>', 1)} {_QUOTED.replace('(', '(?P<agent>', 1)})?",
    re.ASCII,
)
_REQUEST = re.compile(r"([A-Z]{3,20}) (\S+)(?: HTTP/(\d(?:\.\d)?))?", re.ASCII)

_SERVER_ERROR, _CLIENT_ERROR = 500, 400
#: What is not known.
_NOTHING = frozenset({"-", ""})


def read_access(text: str, clock: Clock) -> Line | None:
    """Take a request apart."""
    found = _LINE.match(text)
    if found is None:
        return None
    timestamp, _ = read_time(text, clock)
    line = Line(message=text, timestamp=timestamp, fields={}, properties=_properties_of(found))
    line.severity = _severity_of(int(found["status"]))
    if found["user"] not in _NOTHING:
        line.fields["user"] = found["user"]
    return line


def _severity_of(status: int) -> int | None:
    if status >= _SERVER_ERROR:
        return Severity.ERROR
    return Severity.WARN if status >= _CLIENT_ERROR else None


def _properties_of(found: re.Match[str]) -> dict[str, Any]:
    texts = {
        "server.address": found["server"],
        "client.address": found["client"],
        **_parts_of(found["request"]),
        "http.request.header.referer": found["referrer"],
        "user_agent.original": found["agent"],
    }
    properties: dict[str, Any] = {
        name: text for name, text in texts.items() if text is not None and text not in _NOTHING
    }
    numbers = {
        "server.port": found["port"],
        "http.response.status_code": found["status"],
        "http.response.body.size": found["bytes"],
    }
    return properties | {
        name: int(digits) for name, digits in numbers.items() if digits not in {None, "-"}
    }


def _parts_of(request: str) -> dict[str, str]:
    """Method, path, query and version; what is no request of HTTP stays in the message alone."""
    found = _REQUEST.fullmatch(request)
    if found is None:
        return {}
    method, target, version = found.groups("")
    path, _, query = target.partition("?")
    return {
        "http.request.method": method,
        "url.path": path,
        "url.query": query,
        "network.protocol.version": version,
    }
