"""What the head of a request must be, beyond what the parser looks at (RFC 9112, 3.2 and 6.1).

In: version, target and headers as they were read. Out: path, query and headers; or a refusal.
Promise: what two servers on the way could read in two ways is not read at all.
"""

from __future__ import annotations

import functools
import re
from http import HTTPStatus

VERSIONS = frozenset({"1.0", "1.1"})
MAX_PORT = 65_535
_MAX_SHOWN = 100

#: A name or address as they are in use: of all that a URL would allow, nothing that a shell, a
#: page or a list would read as its own.
_AUTHORITY = re.compile(
    rb"(?:[A-Za-z0-9._~%-]*+|\[[0-9A-Fa-f:.]++(?:%25[A-Za-z0-9._~-]++)?\])(?::([0-9]*+))?"
)
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]++)([^?]*+)\??(.*+)", re.DOTALL)

Headers = list[tuple[bytes, bytes]]


class NotHttpError(ValueError):
    """What arrives is no request that is answered here; `status` is the answer."""

    def __init__(self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(text)
        self.status = status


def check_head(method: bytes, version: str, target: bytes, headers: Headers) -> None:
    """Refuse a head that is none of HTTP/1.1, or that could be read in two ways."""
    if method == b"CONNECT":
        raise NotHttpError("This is no proxy; send requests with a path.")
    if version not in VERSIONS:
        raise NotHttpError(f"This port speaks HTTP/1.1, not {version}.")
    if target == b"*" and method != b"OPTIONS":
        raise NotHttpError("The target * is for OPTIONS alone; send a path.")
    is_named = version == "1.0"
    has_host = False
    for name, value in headers:
        if name == b"host":
            if has_host:
                raise NotHttpError("The request has more than one Host header; send one.")
            has_host = is_named = True
            _check_authority("Host header", value)
        elif name == b"transfer-encoding":
            _check_coding(version, value)
    if not is_named:
        raise NotHttpError("The Host header is missing; every request of HTTP/1.1 has one.")


def _check_coding(version: str, value: bytes) -> None:
    if version == "1.0":
        raise NotHttpError("HTTP/1.0 knows no Transfer-Encoding; send a Content-Length.")
    if value.lower() != b"chunked":
        raise NotHttpError(
            f"The Transfer-Encoding {_shown(value)} is not read; send chunked alone, and name a "
            "compression in Content-Encoding.",
            HTTPStatus.NOT_IMPLEMENTED,
        )


def _check_authority(where: str, value: bytes) -> None:
    if not is_authority(value):
        raise NotHttpError(
            f"The {where} {_shown(value)} is no host; send a name or an address, "
            f"and perhaps a port up to {MAX_PORT}."
        )


# Everybody who comes names one of a few.
@functools.lru_cache(maxsize=256)
def is_authority(value: bytes) -> bool:
    """Whether it is a host with or without a port; without any letter, too."""
    found = _AUTHORITY.fullmatch(value)
    return found is not None and len(found[1] or b"") <= 5 and int(found[1] or 0) <= MAX_PORT  # noqa: PLR2004 - digits


def read_target(target: bytes, headers: Headers) -> tuple[bytes, bytes, Headers]:
    """Path and query of a target, and the headers.

    A client of proxies writes scheme and host before the path; those count, not the Host header.
    """
    if target.startswith(b"/") or target == b"*":
        path, _, query = target.partition(b"?")
        return path, query, headers
    found = _ABSOLUTE.fullmatch(target)
    if not found:
        raise NotHttpError(f"The target {_shown(target)} is no path; it begins with /.")
    _check_authority("host of the target", found[1])
    others = [header for header in headers if header[0] != b"host"]
    return found[2] or b"/", found[3], [(b"host", found[1]), *others]


def _shown(value: bytes) -> str:
    return repr(value[:_MAX_SHOWN].decode("latin-1"))
