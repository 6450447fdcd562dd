"""Where clients put the key: in a header, behind a scheme of `Authorization`, in the address.

In: the head of a request. Out: the text of a key, or None.
Promise: a look-up for each place that a protocol lists, whatever the request holds; what is read
here is never logged.

    CREDENTIALS = first_of(in_header("x-api-key"), in_authorization("bearer"), in_query("apikey"))
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
    try:
        user, _, password = b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return None
    return password or user


def in_query(name: str) -> Place:
    """A parameter of the address, whatever its case; `name` in lower case."""

    def find(request: Request) -> str | None:
        if name not in request.query.lower():
            return None
        pairs = parse_qsl(request.query)
        return next((value for told, value in pairs if told.lower() == name), None)

    return find
