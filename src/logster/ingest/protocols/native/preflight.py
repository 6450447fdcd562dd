"""What a browser is told that asks, for a page of another site, whether it may send.

In: an OPTIONS request. Out: the original's permission: any origin, and what was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.ingest.protocols.native.answer import answer, answer_error

if TYPE_CHECKING:
    from logster.ingest.protocol import Reply, Request

#: Always allowed in a preflight, so that a browser can send a key and JSON.
ALLOWED_HEADERS = ("ApiKey", "Content-Type")

# Methods and headers every browser may send without being allowed to.
_SIMPLE_METHODS = frozenset({"GET", "HEAD", "POST"})
_SIMPLE_HEADERS = frozenset({"origin", "accept", "accept-language", "content-language"})


def reply_preflight(request: Request) -> Reply | None:
    """The answer to a browser that asks whether it may; None when it does not ask that."""
    wanted = request.headers.get("access-control-request-method")
    if request.method.upper() != "OPTIONS" or wanted is None or "origin" not in request.headers:
        return None
    if not wanted.strip():
        message = 'The "Access-Control-Request-Method" header value cannot be null or empty.'
        return answer_error(400, {"Message": message}, request)
    headers = [
        (b"access-control-allow-headers", _allowed_headers(request).encode("latin-1", "replace"))
    ]
    if wanted.strip() not in _SIMPLE_METHODS:
        headers.append(
            (b"access-control-allow-methods", wanted.strip().encode("latin-1", "replace"))
        )
    return answer(200, None, "", request, headers)


def _allowed_headers(request: Request) -> str:
    asked = request.headers.get("access-control-request-headers", "").split(",")
    names = [name.strip() for name in asked if name.strip()]
    known = {name.lower() for name in names}
    names = [name for name in names if name.lower() not in _SIMPLE_HEADERS]
    return ",".join([*names, *(name for name in ALLOWED_HEADERS if name.lower() not in known)])
