"""Sentry's own API, which sentry-cli asks for releases, deploys and source maps: none is here.

In: requests below `/api/0/`. Out: 501 with a sentence, in the form that sentry-cli prints.
Promise: an address of a project is none of these, also when its number is 0.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from logster.ingest.protocol import ANY_METHOD, Reply, Route

if TYPE_CHECKING:
    from logster.ingest.protocol import Request

SENTENCE = (
    "This is Logster, which keeps no releases, deploys or source maps for sentry-cli; a release is "
    "known by its first event. send-event and monitors run work, with SENTRY_DSN."
)


async def _decline(_: Request) -> Reply:
    body = msgspec.json.encode({"detail": SENTENCE})
    headers = [(b"content-type", b"application/json")]
    return Reply(status=HTTPStatus.NOT_IMPLEMENTED, headers=headers, body=body)


ROUTES = tuple(
    Route(path=path, methods=(ANY_METHOD,), answer=_decline)
    for path in (
        "/api/0",
        "/api/0/organizations/{rest...}",
        "/api/0/projects/{rest...}",
        "/api/0/teams/{rest...}",
        "/api/0/issues/{rest...}",
        "/api/0/users/{rest...}",
    )
)
