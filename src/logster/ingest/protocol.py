"""The one interface every dialect fills: routes, credentials, read, reply.

A protocol is one module in `protocols/`, named after its wire format. Readers are
pure: no clock, no I/O, no settings beyond their arguments; a reader bug is
reproduced by saving the bytes as a new corpus pair. docs/extending.md goes through one.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from logster.errors import LogsterError
from logster.event import Columns, Rejection

#: As a route's method: whichever has no route of its own at that path.
ANY_METHOD = "*"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may know of a request. Header names are lower case.

    `path` is below the server's own `root`; `query` is the raw query string; `uri` is the whole
    address as the client asked for it; `params` are what the route's pattern left open.
    `received_at` is nanoseconds since 1970: a reader has no clock of its own, and some clients
    leave the year to it. What comes to a socket has no route; its body is `frames`.
    """

    method: str
    path: str
    query: str
    uri: str
    headers: Mapping[str, str]
    root: str = ""
    route: Route | None = None
    params: Mapping[str, str] = {}
    received_at: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer; header names are lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Spelling(enum.Enum):
    """In what a path that is asked for may differ from its route's."""

    AS_WRITTEN = enum.auto()
    ANY_SLASH = enum.auto()  # slashes at the end do not count
    ANY_CASE = enum.auto()  # nor do capitals


class Cors(msgspec.Struct, frozen=True, kw_only=True):
    """What pages of other sites may do at a route (`cors.permit` makes the usual ones).

    `preflight` answers what a browser asks before it sends; None when it does not ask that.
    `headers` are added to every other answer to such a page.
    """

    preflight: Callable[[Request], Reply | None]
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Methods and a path that a protocol answers.

    A path may leave names open: `/api/{project}/envelope`, and at its end all that is below it:
    `/api/{rest...}`. In which order paths are tried is said in `routes`. An `Idempotency-Key`
    means the same under the `aliases` of a path.

    With an `answer` nothing is read: it is what clients ask before or beside sending.
    """

    path: str
    aliases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("POST",)
    spelling: Spelling = Spelling.ANY_SLASH
    #: which size limit holds: that of a batch, or of a message
    is_batch: bool = False
    answer: Callable[[Request], Awaitable[Reply]] | None = None
    #: None: pages of other sites may not send here
    cors: Cors | None = None
    #: a browser that opens this path as a page is led on to the portal
    leaves_pages: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one body may hold: events of a batch, bytes of one of them, and of all when open.

    The last is for formats that are packed by themselves; a Content-Encoding is undone before.
    """

    max_events: int
    max_message_bytes: int
    max_batch_bytes: int = 64 * 1024 * 1024


class Reading(msgspec.Struct, kw_only=True):
    """What a body held: the good events, and the bad ones with their reason.

    `lines` gives, for each good event, its line (from 1) in the request, or None
    when there are no rejections (then events are simply in order). `identities` are the
    clients' own ids of the good events, where their dialect has such: what comes with the same
    one again, to the same workspace in the same dialect, is stored once within a day.
    `skipped` counts, by a short metric label, what the body held that is no event here.
    `notes` are what the answer has to know of every event, good or bad, in order of their lines.
    """

    columns: Columns
    rejections: list[Rejection] = []
    lines: list[int] | None = None
    identities: list[str | None] | None = None
    skipped: Mapping[str, int] = {}
    notes: list[str] | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request's events: ids of the accepted, in order, and the rejections.

    Promise: accepted means synced to disk, or filtered as the key's settings say; every event is
    in exactly one of the two.
    `minimum_severity` is what the key asks of its senders: less is not kept.
    `repeated` are the indexes, in `ids`, of events that came before: they have their first id.
    `identity` is the first of the client's own ids, for answers that say it back.
    `notes` are the reader's, of accepted and rejected together.
    """

    ids: list[int]
    rejections: list[Rejection] = []
    lines: list[int] | None = None
    minimum_severity: int | None = None
    repeated: list[int] = []
    identity: str | None = None
    notes: list[str] | None = None


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
    #: headers and query -> key text, or None (`credentials` has the usual places)
    credentials: Callable[[Request], str | None]
    #: plain bytes -> events and rejections; raises RefusedError when nothing can be read
    read: Callable[[bytes, Request, Limits], Reading]
    #: the dialect's answer to a receipt
    reply: Callable[[Receipt, Request], Reply]
    #: the dialect's answer to a refusal, whatever step refused
    refuse: Callable[[LogsterError, Request], Reply]
    #: may refuse before the body is read (media type); raises RefusedError
    check: Callable[[Request], None] | None = None
    #: the first bytes of a body -> the key in it, for requests whose head has none
    find_key: Callable[[bytes], str | None] | None = None
    #: about how many lines, items or members are to be looked at, told from the bytes in no time;
    #: without it lines and commas are counted
    count_parts: Callable[[bytes, Request], int] | None = None
    #: how many of the first bytes are whole events: of a client that sends all that waits in one
    #: body, that is kept in parts while it arrives, and has no size of its own
    cut: Callable[[bytes], int] | None = None
