"""What pages of other sites may send: the answer to their browser's question, and what it may read.

In: the headers that a dialect's clients send and read. Out: a `Cors` for its routes.
Promise: no cookie ever counts here; a page must bring a key like any other sender. A browser's
question has no key, so it is answered for all pages; what it then sends is refused where the key
names the origins that may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.errors import ForbiddenError
from logster.ingest.protocol import Cors, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.ingest.protocol import Request
    from logster.meta.grants import Grant

#: A browser need not ask again for a day.
_MAX_AGE_S = 86_400
_MAX_SHOWN = 200
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")


def permit(
    *, methods: Sequence[str] = ("POST",), sent: Sequence[str], read: Sequence[str] = ()
) -> Cors:
    """Let pages of any site use these methods, send these headers, and read those of the answer."""
    headers = [
        _ANY_ORIGIN,
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-allow-headers", ", ".join(sent).encode()),
        (b"access-control-max-age", b"%d" % _MAX_AGE_S),
    ]
    permission = Reply(status=204, headers=headers, body=b"")
    exposed = ((b"access-control-expose-headers", ", ".join(read).encode()),) if read else ()
    return Cors(
        preflight=lambda request: permission if is_preflight(request) else None,
        headers=(_ANY_ORIGIN, *exposed),
    )


def check_origin(grant: Grant, request: Request) -> None:
    """Refuse a page that the key does not name; without an Origin it is none."""
    origin = request.headers.get("origin")
    if grant.rules is None or origin is None or grant.rules.allows(origin):
        return
    raise ForbiddenError(
        f"Pages of {origin[:_MAX_SHOWN]} may not send with this key "
        "(an administrator may add it to the key's origins)."
    )


def is_preflight(request: Request) -> bool:
    """Whether a browser asks for a page whether it may send."""
    headers = request.headers
    return (
        request.method == "OPTIONS"
        and "origin" in headers
        and "access-control-request-method" in headers
    )
