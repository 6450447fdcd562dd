"""Where clients put the key: in a header, behind a scheme of `Authorization`, in the address.

In: the head of a request. Out: the text of a key, or None.
Promise: a look-up for each place that a protocol lists, whatever the request holds; what is read
here is never logged.

    CREDENTIALS = first_of(in_header("x-own-key"), anywhere)

Every dialect takes the key in every place that any client has for it (`anywhere`), its own first:
so a client that is told of one place only, and a person with curl, are always right.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from logster.ingest.protocol import Request

Place = Callable[["Request"], str | None]


def first_of(*places: Place) -> Place:
    """The key of the first place that has one."""

    def find(request: Request) -> str | None:
        for place in places:
            if key := place(request):
                return key
        return None

    return find


def in_header(name: str) -> Place:
    """A header of its own; `name` in lower case."""

    def find(request: Request) -> str | None:
        return request.headers.get(name, "").strip()

    return find


def in_authorization(*schemes: str) -> Place:
    """`Authorization: Bearer KEY` and its kin; schemes in lower case.

    Of `basic` the password is the key, else the user: an address such as `http://KEY@host` has
    no more.
    """

    def find(request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        scheme, token = scheme.lower(), token.strip()
        if scheme not in schemes:
            return None
        return _key_of_basic(token) if scheme == "basic" else token

    return find


def _key_of_basic(token: str) -> str | None:
    user, _, password = _unpack(token).partition(":")
    return password or user


def _unpack(token: str) -> str:
    """Base64 as text; empty when it is neither."""
    try:
        return b64decode(token, validate=True).decode()
    except ValueError:
        return ""


def in_query(name: str) -> Place:
    """A parameter of the address, whatever its case; `name` in lower case."""

    def find(request: Request) -> str | None:
        if name not in request.query.lower():
            return None
        pairs = parse_qsl(request.query)
        return next((value for told, value in pairs if told.lower() == name), None)

    return find


def in_path(name: str) -> Place:
    """What the pattern of a route has left open: `/v1/input/{key}`."""

    def find(request: Request) -> str | None:
        return request.params.get(name)

    return find


def _of_sentry(request: Request) -> str | None:
    """`X-Sentry-Auth: Sentry sentry_key=KEY, sentry_version=7`, also behind `Authorization`."""
    for name in ("x-sentry-auth", "authorization"):
        scheme, _, pairs = request.headers.get(name, "").strip().partition(" ")
        if scheme.lower() != "sentry":
            continue
        for pair in pairs.split(","):
            told, _, value = pair.strip().partition("=")
            if told == "sentry_key":
                return value
    return None


def _of_elasticsearch(request: Request) -> str | None:
    """`Authorization: ApiKey KEY`; its official form is base64 of `id:key`."""
    token = in_authorization("apikey")(request) or ""
    return _unpack(token).partition(":")[2] or token


#: All places of all dialects.
anywhere = first_of(
    in_header("apikey"),
    in_header("x-api-key"),
    in_header("x-seq-apikey"),
    in_header("dd-api-key"),
    _of_sentry,
    in_authorization("bearer", "basic"),
    _of_elasticsearch,
    in_query("apikey"),
    in_query("api_key"),
    in_query("dd-api-key"),
    in_query("sentry_key"),
)
