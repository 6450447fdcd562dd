"""The one interface every reader fills: routes, credentials, read, reply.

A protocol is one module in `protocols/`, named after its wire format. Readers are
pure: no clock, no I/O, no settings beyond their arguments; a reader bug is
reproduced by saving the bytes as a new corpus pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from logster.errors import LogsterError
from logster.event import Columns, Rejection


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A method and a path (lower case, no trailing slash) a protocol answers.

    `is_batch` decides which size limit holds.
    """

    method: str
    path: str
    is_batch: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may know of a request. Header names are lower case.

    `path` is lower case without trailing slash; `query` is the raw query string;
    `uri` is the whole address as the client asked for it.
    """

    method: str
    path: str
    query: str
    uri: str
    headers: Mapping[str, str]
    route: Route | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one body may hold: events of a batch, and bytes of one of them."""

    max_events: int
    max_message_bytes: int


class Reading(msgspec.Struct, kw_only=True):
    """What a body held: the good events, and the bad ones with their reason.

    `lines` gives, for each good event, its line (from 1) in the request, or None
    when there are no rejections (then events are simply in order).
    """

    columns: Columns
    rejections: list[Rejection] = []
    lines: list[int] | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request's events: ids of the accepted, in order, and the rejections.

    Promise: accepted means synced to disk; every event is in exactly one of the two.
    """

    ids: list[int]
    rejections: list[Rejection] = []
    lines: list[int] | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer; header names are lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def oversize_text(max_bytes: int) -> str:
    """What is said of an event of a batch that is larger than one may be."""
    return (
        f"The message is larger than {max_bytes} bytes; send less "
        "(an operator may raise LOGSTER_MAX_MESSAGE_BYTES)."
    )


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """A wire format, closed by one value at the bottom of its module."""

    name: str
    routes: tuple[Route, ...]
    #: headers and query -> key text, or None
    credentials: Callable[[Request], str | None]
    #: may refuse before the body is read (media type); raises RefusedError
    check: Callable[[Request], None]
    #: about how many lines, items or members are to be looked at, told from the bytes in no time
    count_parts: Callable[[bytes, Request], int]
    #: plain bytes -> events and rejections; raises RefusedError when nothing can be read
    read: Callable[[bytes, Request, Limits], Reading]
    #: the dialect's answer to a receipt
    reply: Callable[[Receipt, Request], Reply]
    #: the dialect's answer to a refusal, whatever step refused
    refuse: Callable[[LogsterError, Request], Reply]
