"""The native API: `POST /api/Log` for one message, `POST /api/Logs` for many.

In: JSON, XML or a form (one message), a JSON array or JSON lines (many).
Out: events as columns, rejections in the words of the original API, and answers as
the client asks for them. Wire contract: docs/protocols/api_log.md.
Promise: exact where clients look, tolerant where people err, helpful where the
original was mute; see docs/decisions/002-native-api-exact-or-tolerant.md.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from logster.errors import MediaTypeError
from logster.ingest.credentials import anywhere, first_of, in_header
from logster.ingest.negotiation import read_media_type
from logster.ingest.protocol import ANY_METHOD, Cors, Protocol, Reading, Reply, Route, Spelling
from logster.ingest.protocols.native.form_body import read_form
from logster.ingest.protocols.native.json_body import count_separators, read_many, read_one
from logster.ingest.protocols.native.message import (
    Faults,
    NativeMessage,
    columns_of,
    columns_of_one,
)
from logster.ingest.protocols.native.outcomes import reply_many, reply_one
from logster.ingest.protocols.native.preflight import reply_preflight
from logster.ingest.protocols.native.refusals import refuse, reply_not_found
from logster.ingest.protocols.native.xml_body import read_xml

if TYPE_CHECKING:
    from logster.ingest.negotiation import MediaType
    from logster.ingest.protocol import Limits, Receipt, Request


async def _answer_unknown(request: Request) -> Reply:
    return reply_not_found(request)


CORS = Cors(preflight=reply_preflight)
_native = functools.partial(Route, spelling=Spelling.ANY_CASE, cors=CORS)
ROUTES = (
    # The original's route is `api/{controller}/{id?}`: an id behind a POST changes nothing.
    _native(path="/api/log", aliases=("/api/log/{id}",)),
    _native(path="/api/logs", is_batch=True),
    _native(path="/api/{rest...}", methods=(ANY_METHOD,), answer=_answer_unknown),
)

_FAMILIES_OF_ONE = frozenset({"json", "xml", "form"})
_FAMILIES_OF_MANY = frozenset({"json", "lines"})


#: The key: in the original's header, or where other clients carry theirs.
credentials = first_of(in_header("apikey"), anywhere)


def check(request: Request) -> None:
    """Refuse a Content-Type that the path does not read; without a body any will do."""
    if _is_empty(request):
        return
    media = _media_type(request)
    if media is None:
        raise MediaTypeError(
            "The request contains an entity body but no Content-Type header. "
            "The inferred media type 'application/octet-stream' is not supported "
            "for this resource."
        )
    if media.family not in (_FAMILIES_OF_MANY if _is_batch(request) else _FAMILIES_OF_ONE):
        raise MediaTypeError(
            f"The request entity's media type '{media.name}' is not supported for this resource."
        )


def count_parts(body: bytes, request: Request) -> int:
    """About how many lines, items, members, elements or fields a body has."""
    media = _media_type(request)
    if media and media.family in _PART_MARKS:
        return body.count(_PART_MARKS[media.family])
    return count_separators(body, media.charset if media else "utf-8", is_batch=_is_batch(request))


_PART_MARKS = {"xml": b"<", "form": b"&"}


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body.

    Raises InvalidBodyError when a batch has no items, BodyTooLargeError when it has too many.
    """
    media = _media_type(request)
    family, charset = (media.family, media.charset) if media else ("json", "utf-8")
    if _is_batch(request):
        return read_many(body, charset, limits)
    if _is_empty(request) or family not in ("xml", "form"):
        return read_one(body, charset)
    declared = media.declared if media else ""
    return _reading((read_xml if family == "xml" else read_form)(body, declared))


def _reading(read: NativeMessage | Faults) -> Reading:
    if isinstance(read, Faults):
        return Reading(columns=columns_of([]), rejections=[read.rejection(1)])
    return Reading(columns=columns_of_one(read))


def reply(receipt: Receipt, request: Request) -> Reply:
    """The answer to a receipt."""
    return reply_many(receipt, request) if _is_batch(request) else reply_one(receipt, request)


def _is_batch(request: Request) -> bool:
    return request.route is not None and request.route.is_batch


def _is_empty(request: Request) -> bool:
    """Whether the client said that there is no body: then there is no message, in any format."""
    return request.headers.get("content-length", "").strip() == "0"


def _media_type(request: Request) -> MediaType | None:
    return read_media_type(request.headers.get("content-type", ""))


PROTOCOL = Protocol(
    name="api_log",
    routes=ROUTES,
    credentials=credentials,
    check=check,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
