"""Heads of requests: what is refused although the parser would take it, by real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.serve.http1.head import NotHttpError, check_head, is_authority, read_target
from logster.serve.http1.listener import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = b"Content-Length: 2\r\n\r\nhi"


class Echo:
    """Answers with the Host and the body it was sent; remembers the paths."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            body += message.get("body", b"")
        host = dict(scope["headers"]).get(b"host", b"")
        self.asked.append((scope["path"], host))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": host + b" " + body})


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[Echo, int]]:
    echo = Echo()
    listener = Listener(echo, "127.0.0.1", 0, most=50, body_timeout_s=10)
    task = asyncio.create_task(listener.serve())
    try:
        yield echo, listener._socket.getsockname()[1]
    finally:
        task.cancel()
        await asyncio.wait([task])
        await listener.finish(0.5)


async def ask(data: bytes) -> tuple[bytes, Echo]:
    """All that comes back until the server closes or rests."""
    async with serving() as (echo, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.transport.abort()
    return answer, echo


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"Host header is missing"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"more than one Host"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", b"more than one Host"),
        (b"GET / HTTP/1.0\r\nHost: x\r\nhOST: x\r\n\r\n", b"more than one Host"),
        (b"GET / HTTP/1.1\r\nHost: x:99999\r\n\r\n", b"'x:99999' is no host"),
        (b"GET / HTTP/1.1\r\nHost: x:65536\r\n\r\n", b"a port up to 65535"),
        (b"GET / HTTP/1.1\r\nHost: x:-1\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: x:8x\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: x:80:80\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: <a>\r\n\r\n", b"is no host"),
        (b"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", b"is no host"),
        (b"GET http://x:99999/ HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        (b"GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n", b"is no host"),
        (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", b"is no path"),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", b"for OPTIONS alone"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"no proxy"),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"a Content-Length"),
    ],
)  # fmt: skip
async def test_a_head_that_could_be_read_in_two_ways_is_a_400(head: bytes, told: bytes) -> None:
    answer, echo = await ask(head)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told in answer
    assert b"connection: close" in answer
    assert echo.asked == []


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 2",
        b"Content-Length: 2, 2",
        b"Content-Length: +2",
        b"Content-Length: 0x2",
        b"Content-Length: -2",
        b"Content-Length : 2",
        b"Content-Length:\r\n 2",
        b"X: y\r\n z\r\nContent-Length: 2",
        b" X: y\r\nContent-Length: 2",
        b"X: \0\r\nContent-Length: 2",
        b"X: y\nContent-Length: 2",
        b"X: y\rContent-Length: 2",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: chunked;a=b",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: \r\nTransfer-Encoding: chunked",
    ],
)
async def test_no_framing_smuggles_a_second_request(framing: bytes) -> None:
    body = b"2\r\nhi\r\n0\r\n\r\n" if b"ransfer" in framing else b"hi"
    second = b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, echo = await ask(b"POST /first HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n" + body + second)  # noqa: E501 # fmt: skip
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 501")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert echo.asked == []


async def test_another_transfer_coding_is_told_what_is_read() -> None:
    answer, _ = await ask(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")  # noqa: E501 # fmt: skip
    assert answer.startswith(b"HTTP/1.1 501 Not Implemented\r\n")
    assert b"name a compression in Content-Encoding" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost:\r\n",
        b"POST / HTTP/1.1\r\nHost: logs_1.example-2.:65535\r\n",
        b"POST / HTTP/1.1\r\nHost: [fe80::1%25eth0]:8000\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:\r\n",
        b"POST / HTTP/1.0\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTE: trailers, deflate;q=0.5\r\nConnection: TE\r\n",
    ],
)
async def test_a_plain_head_is_taken(head: bytes) -> None:
    answer, echo = await ask(head + BODY)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(echo.asked) == 1


async def test_chunked_is_read_in_any_case() -> None:
    answer, _ = await ask(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n")  # noqa: E501 # fmt: skip
    assert b"x hi" in answer


async def test_the_host_of_the_target_counts_more_than_the_header() -> None:
    _, echo = await ask(b"GET http://real:81/a HTTP/1.1\r\nHost: other\r\n\r\n")
    assert echo.asked == [("/a", b"real:81")]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_every_answer_forbids_to_guess_its_type(data: bytes) -> None:
    answer, _ = await ask(data)
    assert answer.count(b"x-content-type-options: nosniff\r\n") == 1


@given(st.binary(max_size=40))
def test_what_is_taken_for_a_host_is_one_for_everybody(value: bytes) -> None:
    if is_authority(value):
        assert not set(value) & set(b" \t\r\n/\\?#@,;<>\"'`$&(){}|^!*")
        assert value.isascii()


@given(st.binary(min_size=1, max_size=40))
def test_a_target_is_read_or_refused(target: bytes) -> None:
    try:
        check_head(b"GET", "1.1", target, [(b"host", b"x")])
        path, query, headers = read_target(target, [(b"host", b"x")])
    except NotHttpError:
        return
    assert path
    assert len(path) + len(query) <= len(target) + 1
    assert [name for name, _ in headers] == [b"host"]
