"""Elasticsearch's `_bulk`, and what its clients ask before they send.

In: NDJSON by `POST` or `PUT /_bulk`, also below an index and below `/elasticsearch`. Out: events,
and Elasticsearch's answers, an item for each. Wire contract: docs/protocols/elasticsearch.md.
Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.ingest.credentials import anywhere
from logster.ingest.groups import check_said
from logster.ingest.protocol import Protocol, Route
from logster.ingest.protocols.elasticsearch.answer import answer_error, answer_items
from logster.ingest.protocols.elasticsearch.bulk import read_bulk
from logster.ingest.protocols.elasticsearch.handshake import ROUTES

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Reply, Request


def count_parts(body: bytes, _: Request) -> int:
    """About how many lines there are."""
    return body.count(b"\n")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body."""
    index = request.params.get("index")
    return read_bulk(body, index and check_said("The index", index), limits)


def reply(receipt: Receipt, _: Request) -> Reply:
    """What became of each item."""
    return answer_items(receipt)


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    return answer_error(error)


PROTOCOL = Protocol(
    name="elasticsearch",
    routes=(
        Route(
            path="/_bulk", aliases=("/elasticsearch/_bulk",), methods=("POST", "PUT"), is_batch=True
        ),
        Route(
            path="/{index}/_bulk",
            aliases=("/elasticsearch/{index}/_bulk",),
            methods=("POST", "PUT"),
            is_batch=True,
        ),
        *ROUTES,
    ),
    credentials=anywhere,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
