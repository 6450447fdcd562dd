"""What Elasticsearch's clients ask before they send: who is there, and what is set up.

In: a request. Out: the shortest answer with which they go on to send.
Promise: nothing is kept of what they bring: templates, policies and pipelines have no meaning
here, so each is said to be there already, and to be taken when it is sent. None of the answers
needs a key, for none says anything of this server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.ingest.protocol import ANY_METHOD, Route
from logster.ingest.protocols.elasticsearch.answer import answer

if TYPE_CHECKING:
    from logster.ingest.protocol import Reply, Request

#: Beats send to nothing that is older than they are, and Logstash looks at the first number.
VERSION = "9.99.0"
_CLUSTER = "logster"
_ID = "bG9nc3Rlci1pcy1vbmU"

_HELLO = {
    "name": _CLUSTER,
    "cluster_name": _CLUSTER,
    "cluster_uuid": _ID,
    "version": {
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "tar",
        "build_hash": "0" * 40,
        "build_date": "2026-01-01T00:00:00Z",
        "build_snapshot": False,
        "lucene_version": "10.3.0",
        "minimum_wire_compatibility_version": "8.19.0",
        "minimum_index_compatibility_version": "8.0.0",
    },
    "tagline": "You Know, for Search",
}
_LICENSE = {"uid": _ID, "type": "basic", "mode": "basic", "status": "active"}
_FEATURES = {
    name: {"available": True, "enabled": True} for name in ("ilm", "data_streams", "security")
}
_NODE = {"name": _CLUSTER, "version": VERSION, "roles": ["data", "ingest", "master"]}
_HEALTH = {
    "cluster_name": _CLUSTER,
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 1,
    "active_shards": 1,
}
#: Path -> what is answered to GET; to HEAD its head.
_ANSWERS: dict[str, dict[str, Any]] = {
    "/": _HELLO,
    "/_license": {"license": _LICENSE},
    "/_xpack": {"license": _LICENSE, "features": _FEATURES},
    "/_cluster/health": _HEALTH,
    "/_nodes/{rest...}": {"cluster_name": _CLUSTER, "nodes": {_ID: _NODE}},
}
#: What clients look for and set up; with an own name below it or not.
_SETTINGS = (
    *("_ilm", "_index_template", "_component_template", "_template", "_ingest", "_data_stream"),
)
_READS = ("GET", "HEAD")


def _below_both(path: str) -> tuple[str, tuple[str, ...]]:
    """A path at the top, and the same below `/elasticsearch`."""
    return path, (f"/elasticsearch{path}".rstrip("/"),)


def _known(path: str, content: dict[str, Any]) -> Route:
    async def show(request: Request) -> Reply:
        return _head_of(request, answer(200, content))

    path, aliases = _below_both(path)
    return Route(path=path, aliases=aliases, methods=_READS, answer=show, leaves_pages=path == "/")


def _head_of(request: Request, reply: Reply) -> Reply:
    """The reply; without its body to HEAD."""
    if request.method != "HEAD":
        return reply
    return type(reply)(status=reply.status, headers=reply.headers, body=b"")


async def _acknowledge(request: Request) -> Reply:
    """Say that it is there, or that it is now."""
    content = {} if request.method in _READS else {"acknowledged": True}
    return _head_of(request, answer(200, content))


async def _refresh(_: Request) -> Reply:
    return answer(200, {"_shards": {"total": 1, "successful": 1, "failed": 0}})


async def _not_here(request: Request) -> Reply:
    """Tell who asks for more that there is none."""
    reason = (
        f"Logster takes events by _bulk and does not answer {request.method} {request.path[:200]}; "
        "it is searched in its portal and by its own API."
    )
    cause = {"type": "illegal_argument_exception", "reason": reason}
    content = {"error": {"root_cause": [cause], **cause}, "status": 404}
    return _head_of(request, answer(404, content))


def _routes(path: str, methods: tuple[str, ...], show: Any) -> Route:
    path, aliases = _below_both(path)
    return Route(path=path, aliases=aliases, methods=methods, answer=show)


ROUTES = (
    *(_known(path, content) for path, content in _ANSWERS.items()),
    *(
        _routes(f"/{name}/{{rest...}}", ("GET", "HEAD", "PUT", "POST", "DELETE"), _acknowledge)
        for name in _SETTINGS
    ),
    _routes("/_refresh", ("GET", "POST"), _refresh),
    _routes("/{index}/_refresh", ("GET", "POST"), _refresh),
    Route(path="/elasticsearch/{rest...}", methods=(ANY_METHOD,), answer=_not_here),
)
