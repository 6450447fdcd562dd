"""Bytes of a connection -> heads of requests and pieces of their bodies.

In: bytes as they arrive. Out: calls of a `Sink`, in the order of the bytes; `NotHttpError` for
what is no request. Promise: a head, a trailer and all that is no part of a body is bounded.

The only importer of httptools.
"""

from __future__ import annotations

import logging
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import httptools

from logster.serve.http1.head import NotHttpError, check_head, read_target

if TYPE_CHECKING:
    from logster.serve.http1.head import Headers

    Scope = dict[str, Any]

log = logging.getLogger(__name__)

#: Of a head, of trailers, of anything that is not yet a part of a body. Pieces that bring
#: something whole are not counted, so a head that arrives in one piece may be larger.
MAX_HEAD_BYTES = 64 * 1024

NO_TLS = "This port speaks http, not https; put a proxy in front for TLS."
NO_REQUEST = "This is not a request of HTTP/1.1; check the client's address, method and headers."
_TLS_HANDSHAKE = b"\x16\x03"
#: The original took `post` for POST, as its platform does; the parser knows only capitals.
_SMALL_LETTERS = range(ord("a"), ord("z") + 1)


class Body(Protocol):
    """Who takes the body of one request."""

    def add(self, piece: bytes) -> None:
        """A piece has arrived."""
        ...

    def complete(self) -> None:
        """The request is whole."""
        ...


class Sink(Protocol):
    """Who takes the requests; an exception of it comes out of `feed` as a NotHttpError."""

    def begin_head(self) -> None:
        """A head begins."""
        ...

    def begin_request(self, scope: Scope, *, is_last: bool, expects_continue: bool) -> Body:
        """A head is whole: `scope` is ASGI's, and what follows is the body."""
        ...


class RequestParser:
    """Reads the requests of one connection."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        #: What ASGI's scope says of the connection.
        self.ends: Scope = {}
        self._body: Body
        self._llhttp: Any = httptools.HttpRequestParser(self)
        self.is_in_head = False
        #: From a head's first byte to the end of its body.
        self._is_in_request = False
        self._brings_something = False
        self._bringing_nothing = 0
        self._url = b""
        self._headers: Headers = []
        self._expects_continue = False

    def close(self) -> None:
        """Let go of all who know us: no cycle is left for the collector."""
        self._llhttp = None
        del self._sink
        vars(self).pop("_body", None)

    def feed(self, data: bytes) -> None:
        """Read what has arrived; raises NotHttpError."""
        self._brings_something = False
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            raise _explain(error, data) from error
        self._bringing_nothing = 0 if self._brings_something else self._bringing_nothing + len(data)
        if self._bringing_nothing > MAX_HEAD_BYTES:
            raise NotHttpError(
                f"The head of the request is larger than {MAX_HEAD_BYTES} bytes.",
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            )

    def _feed(self, data: bytes) -> None:
        if data[0] in _SMALL_LETTERS and not self._is_in_request:
            method, space, rest = data.partition(b" ")
            data = method.upper() + space + rest
        while data:
            try:
                self._llhttp.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade() + data[upgrade.args[0] :]
            else:
                return

    def _without_upgrade(self) -> bytes:
        """The head that asked for another protocol (h2c, as Java's client does), without that.

        The parser takes such a request's body for the other protocol.
        """
        method: bytes = self._llhttp.get_method()
        version = self._llhttp.get_http_version().encode()
        head = b"%b %b HTTP/%b\r\n" % (method, self._url, version)
        self._llhttp = httptools.HttpRequestParser(self)
        kept = [header for header in self._headers if header[0] != b"upgrade"]
        return head + b"".join(b"%b: %b\r\n" % header for header in kept) + b"\r\n"

    # -- what httptools calls -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A head begins."""
        self.is_in_head = self._is_in_request = True
        self._url = b""
        self._headers = []
        self._expects_continue = False
        self._sink.begin_head()

    def on_url(self, piece: bytes) -> None:
        """A piece of the target."""
        self._url += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header; behind a body it is a trailer, which could pretend to be one."""
        if not self.is_in_head:
            return
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"expect":
            self._expects_continue = value.lower() == b"100-continue"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A head is whole."""
        llhttp = self._llhttp
        method: bytes = llhttp.get_method()
        if llhttp.should_upgrade() and method != b"CONNECT":
            return
        version = llhttp.get_http_version()
        check_head(method, version, self._url, self._headers)
        raw_path, query, headers = read_target(self._url, self._headers)
        path = raw_path.decode("latin-1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": version,
            "method": method.decode("ascii"),
            "scheme": "http",
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            **self.ends,
        }
        is_last = version == "1.0" or not llhttp.should_keep_alive()
        self._body = self._sink.begin_request(
            scope, is_last=is_last, expects_continue=self._expects_continue
        )
        self.is_in_head = False
        self._brings_something = True

    def on_body(self, piece: bytes) -> None:
        """A piece of a body."""
        self._brings_something = True
        self._body.add(piece)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self.is_in_head:  # else it asked for another protocol, and is read again
            self._brings_something = True
            self._is_in_request = False
            self._body.complete()


def _explain(error: httptools.HttpParserError, data: bytes) -> NotHttpError:
    """Why bytes are no request, for who reads the answer."""
    cause = error.__context__  # of our own callbacks
    if isinstance(cause, NotHttpError):
        return cause
    if cause is not None and not isinstance(cause, httptools.HttpParserError):
        log.error("a request could not be read", exc_info=cause)
    return NotHttpError(NO_TLS if data.startswith(_TLS_HANDSHAKE) else NO_REQUEST)
