"""Sentry: `POST /api/{project}/envelope/` and `/store/`, check-ins by an address, its answers.

In: envelopes, events. Out: events as columns; Sentry's answers.
Source: https://develop.sentry.dev/sdk/foundations/transport/, and the SDKs' own code.
Promise: the key decides, whatever the number of the project is; what is not kept is switched off
at the client, by the header that its SDKs read.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from logster.errors import QuotaError
from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere, first_of, in_path
from logster.ingest.protocol import Protocol, Reply, Route
from logster.ingest.protocols.sentry.envelope import read_header
from logster.ingest.protocols.sentry.items import read_cron, read_envelope, read_store
from logster.ingest.protocols.sentry.web_api import ROUTES

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

_NOT_KEPT = (
    *("transaction", "span", "profile", "profile_chunk", "profile_chunk_ui", "replay"),
    *("metric_bucket", "trace_metric"),
)
#: Said with every answer: for a day, the SDK sends none of these.
_OFF = f"86400:{';'.join(_NOT_KEPT)}:organization"

CORS = permit(
    methods=("GET", "POST"),
    sent=(
        *("X-Sentry-Auth", "X-Requested-With", "Origin", "Accept", "Authentication"),
        *("Authorization", "Content-Encoding", "Content-Type", "sentry-trace", "baggage"),
        *("ApiKey", "X-Api-Key"),
    ),
    read=("X-Sentry-Error", "X-Sentry-Rate-Limits", "Retry-After", "Logster-Rejected"),
)

#: What an address of a check-in may say beside the job's slug.
_CRON_PARAMETERS = ("status", "check_in_id", "duration", "environment")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body."""
    if request.route is STORE:
        return read_store(body, limits)
    if request.route in (CRON, CRON_KEYLESS):
        return read_cron(body, _told_of_job(request), limits)
    return read_envelope(body, limits)


def _told_of_job(request: Request) -> dict[str, str]:
    pairs = dict(parse_qsl(request.query))
    told = {name: pairs[name] for name in _CRON_PARAMETERS if name in pairs}
    return {"monitor_slug": request.params.get("slug", "")} | told


def count_parts(body: bytes, _: Request) -> int:
    """About how many items, logs, or frames there are."""
    return body.count(b"\n") + body.count(b"{") // 8


def find_key(start: bytes) -> str | None:
    """The key in the DSN of an envelope's header: `https://KEY@host/1`."""
    try:
        header, _ = read_header(start)
        user = urlsplit(header.dsn).username if isinstance(header.dsn, str) else None
        return unquote(user) if user else None
    except (ValueError, RecursionError):
        return None


def reply(receipt: Receipt, _: Request) -> Reply:
    """The answer to a receipt: a success while anything is kept, since nothing is sent again."""
    if receipt.rejections and not receipt.ids:
        first = receipt.rejections[0]
        return _refusal(HTTPStatus.BAD_REQUEST, next(iter(first.faults.values()))[0], _OFF)
    content = {"id": receipt.identity} if receipt.identity else {}
    return _json(HTTPStatus.OK, content, _OFF)


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = error.sentence
    limits = _OFF
    if isinstance(error, QuotaError):
        limits = f"{error.retry_after_s}::key, {_OFF}"
    return _refusal(error.status, told, limits)


def _refusal(status: int, told: str, limits: str) -> Reply:
    reply = _json(status, {"detail": told}, limits)
    said = "".join(letter if letter.isprintable() else " " for letter in told[:500])
    reply.headers.append((b"x-sentry-error", said.encode("ascii", "replace")))
    return reply


def _json(status: int, content: dict[str, Any], limits: str) -> Reply:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-sentry-rate-limits", limits.encode()),
    ]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(content))


async def _decline(request: Request) -> Reply:
    """What a crash dump is told."""
    sentence = (
        f"{request.path} is not answered here: crash dumps are not kept. "
        "Let the SDK send events in envelopes."
    )
    return _refusal(HTTPStatus.NOT_IMPLEMENTED, sentence, _OFF)


STORE = Route(path="/api/{project}/store/", cors=CORS)
CRON = Route(
    path="/api/{project}/cron/{slug}/{key}/", methods=("GET", "POST"), is_batch=False, cors=CORS
)
CRON_KEYLESS = Route(path="/api/{project}/cron/{slug}/", methods=("GET", "POST"), cors=CORS)
PROTOCOL = Protocol(
    name="sentry",
    routes=(
        Route(path="/api/{project}/envelope/", is_batch=True, cors=CORS),
        STORE,
        CRON,
        CRON_KEYLESS,
        Route(path="/api/{project}/minidump/", answer=_decline, cors=CORS),
        Route(path="/api/{project}/unreal/{key}/", answer=_decline, cors=CORS),
        *ROUTES,
    ),
    credentials=first_of(in_path("key"), anywhere),
    find_key=find_key,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
