"""HTTP/1.1 of a worker, by real sockets: what is read, what is answered, and what ends when."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import socket
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from litestar import Litestar, get, post
from litestar.params import JSONBody  # noqa: TC002 - the framework reads it
from litestar.response import Stream

from logster import metrics
from logster.serve.http1 import connection as connections
from logster.serve.http1 import exchange
from logster.serve.http1 import listener as listeners
from logster.serve.http1.listener import Listener
from logster.serve.http1.parser import MAX_HEAD_BYTES
from logster.web.cancellation import answer_while_waited, answer_whole
from logster.web.refusals import EXCEPTION_HANDLERS
from support.examples import examples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

GET = b"GET /a%20b?c=%20d HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /log HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /log HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
)
LARGE = 24 << 20
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Site:
    """An application that answers with what it was asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes, bytes]] = []
        self.headers: dict[bytes, bytes] = {}
        self.cut: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.sent = 0
        self.floods = 0
        self.cancelled = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await getattr(self, scope["path"].strip("/"), self.echo)(scope, receive, send)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def echo(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.cut.append(scope["path"])
                await self.reply(send, 400, b"cut")
                return
            pieces.append(message["body"])
            more = message["more_body"]
        body = b"".join(pieces)
        self.asked.append((scope["method"], scope["path"], scope["query_string"], body))
        self.headers = dict(scope["headers"])
        await self.gate.wait()
        await self.reply(send, 200, body or scope["path"].encode())

    async def reply(self, send: Any, status: int, body: bytes) -> None:
        length = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": length})
        await send({"type": "http.response.body", "body": body})

    async def late(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await asyncio.sleep(0.1)
        await self.echo(scope, receive, send)

    async def refuse(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await self.reply(send, 413, b"no")

    async def fail(self, _: dict[str, Any], __: Any, send: Any) -> None:
        raise RuntimeError("a fault that is meant")

    async def smuggle(self, _: dict[str, Any], __: Any, send: Any) -> None:
        headers = [(b"location", b"/x\r\nset-cookie: y=z")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})

    async def empty(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def stream(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"one ", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"."})

    async def half(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("a fault that is meant")

    async def flood(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.floods += 1
        try:
            while True:
                piece = {"type": "http.response.body", "body": bytes(1 << 16), "more_body": True}
                await send(piece)
                self.sent += 1 << 16
        finally:
            self.floods -= 1

    async def large(self, _: dict[str, Any], __: Any, send: Any) -> None:
        await self.reply(send, 200, bytes(LARGE))

    async def watch(self, _: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.cut.append("watch")


class Client:
    """One connection, and all that came back on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, *pieces: bytes, pause_s: float = 0.0) -> bytes:
        """Send, and read an answer to the end that its head tells."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause_s)
        return await self.answer()

    async def answer(self) -> bytes:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 60)
        _, _, length = head.lower().partition(b"content-length: ")
        return head + await self.reader.readexactly(int(length.split(b"\r\n")[0] or 0))

    async def rest(self) -> bytes:
        """All until the server closes."""
        return await asyncio.wait_for(self.reader.read(), 60)


class Place:
    """A listener that serves."""

    def __init__(self, site: Site, listener: Listener) -> None:
        self.site = site
        self.listener = listener
        self.port = listener._socket.getsockname()[1]

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        host = self.listener._socket.getsockname()[0]
        reader, writer = await asyncio.open_connection(host, self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(
    most: int = 50,
    host: str = "127.0.0.1",
    application: Any = None,
    body_timeout_s: float = 10,
) -> AsyncIterator[Place]:
    site = Site()
    listener = Listener(application or site, host, 0, most=most, body_timeout_s=body_timeout_s)
    task = asyncio.create_task(listener.serve())
    try:
        yield Place(site, listener)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await listener.finish(0.5)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with serving() as place:
        yield place


@pytest.fixture(autouse=True)
def only_what_is_meant_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    faults = [str(record.exc_info and record.exc_info[1]) for record in caplog.get_records("call")]
    meant = ("a fault that is meant", "a header of an answer has more than one line")
    assert [fault for fault in faults if fault not in meant] == []


@pytest.fixture
def hurry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of a second for the limits that a test names, a minute for the others."""
    monkeypatch.setattr(listeners, "LOOK_S", 0.02)
    for name in ("HEAD", "IDLE", "SEND"):
        monkeypatch.setattr(
            connections, f"{name}_TIMEOUT_S", 0.2 if name in request.param else 60.0
        )
    monkeypatch.setattr(connections, "LINGER_S", 0.2)


def limits(*names: str) -> pytest.MarkDecorator:
    """Run a test with short limits of these names."""
    return pytest.mark.parametrize("hurry", [names], indirect=True, ids=["-".join(names)])


async def until(is_so: Callable[[], object], within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_closed_connection_leaves_nothing_for_the_collector(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\na")
        await client.answer()
        (connection,) = place.listener.connections
        gone = weakref.ref(connection)
        del connection
        gc.disable()
    try:
        await until(lambda: gone() is None, 5)
    finally:
        gc.enable()


# -- what is read ---------------------------------------------------------------------------


async def test_a_request_arrives_as_it_was_sent(place: Place) -> None:
    async with place.client() as client:
        answer = await client.ask(GET)
        await client.ask(POST)
        await client.ask(CHUNKED)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert answer.endswith(b"\r\n\r\n/a b")
    assert place.site.asked == [
        ("GET", "/a b", b"c=%20d", b""),
        ("POST", "/log", b"", b"hello"),
        ("PUT", "/log", b"", b"hello"),
    ]


@examples(0.6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(st.sampled_from([GET, POST, CHUNKED]), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 400), max_size=8),
)
def test_however_the_bytes_are_cut_the_same_requests_are_answered_in_order(
    requests: list[bytes], cuts: list[int]
) -> None:
    whole = b"".join([*requests, LAST])
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    pieces = [whole[a:b] for a, b in itertools.pairwise(places)]

    async def run() -> tuple[list[Any], bytes]:
        async with serving() as place, place.client() as client:
            for piece in pieces:
                client.writer.write(piece)
                await asyncio.sleep(0.001)
            return place.site.asked, await client.rest()

    asked, answers = uvloop.run(run())

    paths = {GET: b"/a b", POST: b"hello", CHUNKED: b"hello"}
    bodies = [answer.split(b"\r\n\r\n")[1] for answer in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [paths[request] for request in requests] + [b"/last"]
    assert len(asked) == len(bodies)


@pytest.mark.parametrize("whole", [POST, CHUNKED], ids=["length", "chunks"])
async def test_a_request_that_is_cut_short_never_looks_whole(place: Place, whole: bytes) -> None:
    body_at = whole.index(b"\r\n\r\n") + 4
    for end in range(body_at, len(whole)):
        async with place.client() as client:
            client.writer.write(whole[:end])
            client.writer.write_eof()
            await client.rest()
    await until(lambda: len(place.site.cut) == len(whole) - body_at)

    assert place.site.asked == []


async def test_a_malformed_chunk_is_told_by_the_application(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(CHUNKED.replace(b"2\r\nlo", b"x\r\nlo"))
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"cut")
    assert place.site.asked == []


@pytest.mark.parametrize(
    ("request_bytes", "told"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"http, not https"),
        (b"BREW /pot HTTP/1.1\r\n\r\n", b"not a request of HTTP/1.1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"not a request of HTTP/1.1"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"no proxy"),
        (
            POST.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"),
            b"not a request of HTTP/1.1",
        ),
        (POST.replace(b"Host: x", b"Host: x\r\nContent-Length: 6"), b"not a request of HTTP/1.1"),
        (POST.replace(b"Host: x", b"Host : x"), b"not a request of HTTP/1.1"),
        (GET.replace(b"%20", b"\xc3\xa4"), b"not a request of HTTP/1.1"),
        (GET.replace(b"HTTP/1.1", b"HTTP/0.9"), b"speaks HTTP/1.1, not 0.9"),
        (POST.replace(b"Host: x", b"Host: x\r\n folded"), b"not a request of HTTP/1.1"),
    ],
    ids=[
        "TLS",
        "method",
        "HTTP/2",
        "CONNECT",
        "both framings",
        "two lengths",
        "space",
        "path",
        "version",
        "folded",
    ],
)
async def test_what_is_no_request_is_refused_with_a_reason(
    place: Place, request_bytes: bytes, told: bytes
) -> None:
    counter = (metrics.REQUESTS, ("http", "400"))
    before = metrics._pending.get(counter, 0)
    async with place.client() as client:
        client.writer.write(request_bytes)
        answer = await client.rest()

    assert metrics._pending[counter] == before + 1
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told in answer
    assert place.site.asked == []


async def test_an_asked_upgrade_is_answered_in_http_1(place: Place) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with place.client() as client:
        for plain in (POST, GET):
            asking = plain.replace(b"Host: x\r\n", b"Host: x\r\n" + upgrade)
            assert (await client.ask(asking)).startswith(b"HTTP/1.1 200 ")
        both = await client.ask(GET.replace(b"Host: x\r\n", b"Host: x\r\n" + upgrade) + POST)
        assert both.endswith(b"/a b")
        assert (await client.answer()).endswith(b"hello")


async def test_a_target_with_scheme_and_host_is_its_path(place: Place) -> None:
    async with place.client() as client:
        await client.ask(b"GET http://logs.example/x?y HTTP/1.1\r\nHost: logs.example\r\n\r\n")
        await client.ask(b"GET /%C3%A4 HTTP/1.1\r\nHost: x\r\n\r\n")

    assert [asked[1:3] for asked in place.site.asked] == [("/x", b"y"), ("/ä", b"")]


async def test_a_method_in_small_letters_is_the_same_method(place: Place) -> None:
    async with place.client() as client:
        for _ in range(2):
            await client.ask(POST.replace(b"POST", b"post"))
        await client.ask(POST.replace(b"hello", b""), b"hello", pause_s=0.02)

    assert place.site.asked == [("POST", "/log", b"", b"hello")] * 3


async def test_a_body_that_nobody_asks_for_waits_with_its_sender(place: Place) -> None:
    head = b"POST /watch_gate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (32 << 20)
    async with place.client() as client:
        client.writer.write(POST + head)
        place.site.gate.clear()
        await until(lambda: place.site.asked)
        sending = asyncio.create_task(client.ask(bytes(32 << 20)))
        await asyncio.sleep(0.3)
        (connection,) = place.listener.connections
        waiting = sum(exchange._size for exchange in connection._exchanges)
        assert waiting < exchange.MAX_WAITING_BYTES + (1 << 20)
        assert not sending.done()

        place.site.gate.set()
        assert (await sending).endswith(b"hello")
        answer = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 60)
        assert b"content-length: %d\r\n" % (32 << 20) in answer


# -- what is answered -----------------------------------------------------------------------


async def test_an_answer_without_a_length_comes_in_chunks(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(GET.replace(b"/a%20b", b"/stream") + LAST)
        answers = await client.rest()

    head, _, body = answers.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body.startswith(b"4\r\none \r\n3\r\ntwo\r\n1\r\n.\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_http_1_0_gets_its_answer_whole_and_the_end(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")

    assert b"chunked" not in head
    assert b"connection: close" in head
    assert body == b"one two."


async def test_head_and_204_have_no_body(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(GET.replace(b"GET", b"HEAD"))
        client.writer.write(GET.replace(b"/a%20b", b"/empty") + LAST)
        first, second, last = (await client.rest()).split(b"HTTP/1.1 ")[1:]

    assert b"content-length: 4\r\n" in first
    assert first.endswith(b"\r\n\r\n")
    assert second.startswith(b"204 No Content\r\n")
    assert b"transfer-encoding" not in second
    assert last.endswith(b"/last")


async def test_who_asks_first_is_told_to_go_on_only_when_the_body_is_wanted(place: Place) -> None:
    asking = POST[:-5].replace(b"Host: x", b"Host: x\r\nExpect: 100-continue")
    async with place.client() as client:
        assert await client.ask(asking) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.ask(b"hello")).endswith(b"hello")
        client.writer.write(asking.replace(b"/log", b"/refuse"))
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


async def test_what_is_left_of_a_refused_body_is_not_read_as_the_next_request(place: Place) -> None:
    inner = GET * 3
    head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(inner) + 9)
    async with place.client() as client:
        client.writer.write(head)
        answer = await client.answer()
        client.writer.write(inner)
        assert await client.rest() == b""
    await until(lambda: not place.listener.connections)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert place.site.asked == []


async def test_a_sender_that_listens_at_the_end_reads_an_early_answer(place: Place) -> None:
    head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (8 << 20)
    async with place.client() as client:
        client.writer.write(head + bytes(8 << 20))
        await client.writer.drain()
        assert (await client.rest()).startswith(b"HTTP/1.1 413 ")


async def test_half_an_answer_does_not_look_whole_where_its_end_is_the_connections(
    place: Place,
) -> None:
    async with place.client() as client:
        client.writer.write(b"GET /half HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_trailers_are_no_headers_and_have_an_end(place: Place) -> None:
    head = b"PUT /log HTTP/1.1\r\nHost: x\r\nApiKey: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with place.client() as client:
        await client.ask(head + b"1\r\nx\r\n0\r\nApiKey: b\r\n\r\n")
        assert place.site.headers[b"apikey"] == b"a"
        # More than is read in one piece: in a piece with a part of a body, nothing is counted.
        trailers = b"X-Trailer: value\r\n" * 50_000
        client.writer.write(head + b"1\r\nx\r\n0\r\n" + trailers)
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
    assert place.site.cut == ["/log"]


async def test_blanks_around_a_header_are_not_its_own(place: Place) -> None:
    async with place.client() as client:
        await client.ask(POST.replace(b"Host: x", b"Host: x\r\nApiKey: \t a b \t "))
    assert place.site.headers[b"apikey"] == b"a b"


async def test_a_fault_of_the_application_is_500_or_a_broken_answer(place: Place) -> None:
    async with place.client() as client:
        for path in (b"/fail", b"/smuggle"):
            answer = await client.ask(GET.replace(b"/a%20b", path))
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert b"set-cookie" not in answer
        client.writer.write(GET.replace(b"/a%20b", b"/half"))
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await asyncio.wait_for(client.reader.read(1000), 60):
                answer += piece

    assert not answer.endswith(b"0\r\n\r\n")


async def test_the_next_request_waits_for_the_answer_before_it(place: Place) -> None:
    place.site.gate.clear()
    async with place.client() as client:
        client.writer.write(POST + GET + b"no request at all\r\n\r\n")
        await until(lambda: place.site.asked)
        await asyncio.sleep(0.1)
        assert len(place.site.asked) == 1

        place.site.gate.set()
        answers = await client.rest()
    first, second, refusal = answers.split(b"HTTP/1.1 ")[1:]
    assert first.endswith(b"hello")
    assert second.endswith(b"/a b")
    assert refusal.startswith(b"400 ")


async def test_requests_that_wait_for_answers_are_bounded(place: Place) -> None:
    place.site.gate.clear()
    async with place.client() as client:
        client.writer.write(GET * 10_000)
        await until(lambda: place.site.asked)
        await asyncio.sleep(0.1)
        (connection,) = place.listener.connections
        assert len(connection._exchanges) == connections.MAX_PIPELINED + 1
        place.site.gate.set()
        answers = await client.rest()
    assert answers.count(b"HTTP/1.1 200 ") == connections.MAX_PIPELINED + 1
    assert b"HTTP/1.1 400 " in answers
    assert b"without waiting for answers" in answers


async def test_pipelined_requests_of_any_size_are_answered_in_their_pace(place: Place) -> None:
    large = POST.replace(b"Host: x", b"Host: x\r\nX-Large: " + b"x" * 900)
    async with place.client() as client:

        async def send() -> None:
            for start in range(0, len(large) * 300, 7_001):
                client.writer.write((large * 300)[start : start + 7_001])
                await client.writer.drain()
                await asyncio.sleep(0.001)
            client.writer.write(LAST)

        sending = asyncio.create_task(send())
        answers = await client.rest()
        await sending
    assert answers.count(b"HTTP/1.1 200 ") == 301


async def test_a_slow_reader_slows_only_the_application_down(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(GET.replace(b"/a%20b", b"/flood"))
        await until(lambda: place.site.sent)
        seen = -1
        while seen < place.site.sent:
            seen = place.site.sent
            await asyncio.sleep(0.2)
        assert seen < 32 << 20
        async with place.client() as other:
            await other.ask(GET)


# -- what ends when -------------------------------------------------------------------------


@limits("HEAD")
@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    ("beginning", "told"),
    [(b"", b""), (b"\r\n", b""), (b"P", b"HTTP/1.1 408 "), (GET[:-2], b"HTTP/1.1 408 ")],
    ids=["nothing", "an empty line", "a letter", "half a head"],
)
async def test_a_head_has_its_time(beginning: bytes, told: bytes) -> None:
    async with serving() as place, place.client() as client:
        client.writer.write(beginning)
        answer = await client.rest()

    assert answer.startswith(told)
    assert bool(answer) == bool(told)


@limits("HEAD")
@pytest.mark.usefixtures("hurry")
async def test_a_dripping_head_has_no_more_time() -> None:
    async with serving() as place, place.client() as client:
        await client.ask(POST)

        async def drip() -> None:
            with contextlib.suppress(OSError):
                for byte in GET * 20:
                    client.writer.write(bytes([byte]))
                    await client.writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        with contextlib.suppress(ConnectionResetError):  # it may drip on what is closed
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        assert not dripping.done()
        dripping.cancel()
        assert len(place.site.asked) == 1


@limits("IDLE")
@pytest.mark.usefixtures("hurry")
async def test_a_resting_connection_is_closed_and_a_working_one_is_not() -> None:
    async with serving() as place, place.client() as resting, place.client() as working:
        await resting.ask(POST)
        place.site.gate.clear()
        working.writer.write(POST)
        assert await resting.rest() == b""
        await asyncio.sleep(0.3)
        place.site.gate.set()
        assert (await working.answer()).endswith(b"hello")


@limits("SEND")
@pytest.mark.usefixtures("hurry")
async def test_who_takes_nothing_of_an_answer_is_cut_off() -> None:
    async with serving() as place, place.client() as client:
        client.writer.write(GET.replace(b"/a%20b", b"/flood"))
        await until(lambda: place.site.sent)
        await until(lambda: not place.listener.connections)
        await until(lambda: not place.site.floods)


@limits("SEND")
@pytest.mark.usefixtures("hurry")
async def test_the_end_of_an_answer_has_its_time_too_and_a_slow_reader_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "SEND_TIMEOUT_S", 1.0)
    started = time.monotonic()
    async with serving() as place, place.client() as slow, place.client() as never:
        for client in (slow, never):
            client.writer.write(GET.replace(b"/a%20b", b"/large"))
        size = 0
        while piece := await slow.reader.read(1 << 16):
            size += len(piece)
            if size > LARGE:
                break
            await asyncio.sleep(0.01)
        assert size > LARGE
        assert time.monotonic() - started > 2
        assert len(place.listener.connections) == 1


@limits("HEAD")
@pytest.mark.usefixtures("hurry")
async def test_a_body_has_its_time_whoever_waits_for_it() -> None:
    async with serving(body_timeout_s=0.2) as place, place.client() as client:
        client.writer.write(POST[:-1])
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
        assert place.site.cut == ["/log"]


@pytest.mark.parametrize("piece", [1000, 100_000])
async def test_a_head_that_is_too_large_is_refused(place: Place, piece: int) -> None:
    async with place.client() as client:
        client.writer.write(GET[:-2] + b"X-Large: ")
        for _ in range(300_000 // piece):
            client.writer.write(b"x" * piece)
            await client.writer.drain()
            await asyncio.sleep(0.001)
        answer = await client.rest()

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"larger than 65536 bytes" in answer
    assert place.site.asked == []


async def test_a_large_head_below_the_limit_is_taken(place: Place) -> None:
    large = b"X-Large: " + b"x" * (MAX_HEAD_BYTES - 200) + b"\r\n\r\n"
    async with place.client() as client:
        assert (await client.ask(GET[:-2], large)).startswith(b"HTTP/1.1 200 ")


async def test_more_connections_than_there_may_be_wait_for_the_end_of_another() -> None:
    async with serving(most=2) as place, place.client() as first, place.client() as second:
        await first.ask(GET)
        await second.ask(GET)
        async with place.client() as third:
            third.writer.write(GET)
            await asyncio.sleep(0.2)
            assert len(place.site.asked) == 2
            first.writer.close()
            assert (await third.answer()).startswith(b"HTTP/1.1 200 ")
            assert len(place.listener.connections) == 2


async def test_connections_that_come_and_go_leave_the_room_as_it_was() -> None:
    async with serving(most=3) as place:
        for number in range(60):
            connection = socket.create_connection(("127.0.0.1", place.port))
            if number % 3:
                connection.send(POST[: number + 1])
            connection.close()
        await until(lambda: not place.listener.connections)
        async with place.client() as one, place.client() as two, place.client() as three:
            for client in (one, two, three):
                assert (await client.ask(GET)).startswith(b"HTTP/1.1 200 ")


async def test_an_application_hears_when_its_client_has_left(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(GET.replace(b"/a%20b", b"/watch"))
        await client.reader.readuntil(b"\r\n\r\n")
        assert place.site.cut == []
    await until(lambda: place.site.cut == ["watch"])


async def test_a_stream_ends_with_its_reader(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(GET.replace(b"/a%20b", b"/flood"))
        await until(lambda: place.site.floods == 1)
    await until(lambda: place.site.floods == 0)


async def test_an_answer_that_nobody_waits_for_harms_nobody(place: Place) -> None:
    place.site.gate.clear()
    for waiting in (1, 2):
        async with place.client() as client:
            client.writer.write(POST * waiting)
            await until(lambda: place.site.asked)
    await asyncio.sleep(0.05)
    place.site.gate.set()
    await until(lambda: not place.listener.connections)
    async with place.client() as client:
        await client.ask(GET)


async def test_at_the_end_requests_under_way_are_answered_and_resting_ones_closed() -> None:
    async with serving() as place, place.client() as resting, place.client() as working:
        await resting.ask(GET)
        place.site.gate.clear()
        working.writer.write(POST)
        await until(lambda: len(place.site.asked) == 2)
        finishing = asyncio.create_task(place.listener.finish(60))
        assert await resting.rest() == b""
        assert not finishing.done()

        place.site.gate.set()
        assert (await working.rest()).endswith(b"hello")
        await asyncio.wait_for(finishing, 60)


async def test_at_the_end_what_takes_too_long_is_given_up() -> None:
    async with serving() as place, place.client() as client:
        place.site.gate.clear()
        client.writer.write(POST)
        await until(lambda: place.site.asked)
        await place.listener.finish(0.1)

        await until(lambda: place.site.cancelled == 1)
        with contextlib.suppress(ConnectionResetError):
            assert await client.rest() == b""


async def test_the_last_answer_says_that_it_is_the_last(place: Place) -> None:
    async with place.client() as client:
        place.site.gate.clear()
        client.writer.write(POST)
        await until(lambda: place.site.asked)
        finishing = asyncio.create_task(place.listener.finish(60))
        await asyncio.sleep(0)
        place.site.gate.set()
        assert b"connection: close\r\n" in await client.answer()
        await finishing


async def test_the_end_waits_for_what_goes_on_without_its_client(place: Place) -> None:
    place.site.gate.clear()
    async with place.client() as client:
        client.writer.write(POST)
        await until(lambda: place.site.asked)
    await until(lambda: not place.listener.connections)
    finishing = asyncio.create_task(place.listener.finish(60))
    await asyncio.sleep(0.05)
    assert not finishing.done()
    place.site.gate.set()
    await asyncio.wait_for(finishing, 60)
    assert place.site.cancelled == 0


async def test_what_was_sent_whole_is_taken_though_its_sender_has_left(place: Place) -> None:
    async with place.client() as client:
        client.writer.write(POST.replace(b"/log", b"/late"))
        await client.writer.drain()
    await until(lambda: place.site.asked)
    assert place.site.asked[0][3] == b"hello"


async def test_a_stream_of_the_framework_ends_in_silence_and_leaves_nothing() -> None:
    open_now = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal open_now
        open_now += 1
        try:
            while True:
                yield bytes(1 << 16)
        finally:
            open_now -= 1

    @get("/stream", sync_to_thread=False)
    def read_stream() -> Stream:
        return Stream(stream)

    @post("/form", sync_to_thread=False)
    def take_form(data: JSONBody[dict[str, str]]) -> dict[str, str]:
        return data

    framework = Litestar([read_stream, take_form], exception_handlers=EXCEPTION_HANDLERS)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        answer = answer_while_waited if scope["method"] == "GET" else answer_whole
        await answer(framework, scope, receive, send)

    gc.collect()
    gc.disable()
    try:
        async with serving(application=application, body_timeout_s=0.3) as place:
            for _ in range(10):
                async with place.client() as client:
                    client.writer.write(GET.replace(b"/a%20b", b"/stream"))
                    await client.reader.read(1 << 20)
                    await asyncio.sleep(0.01)
            await until(lambda: open_now == 0)
            async with place.client() as client:
                client.writer.write(POST.replace(b"/log", b"/form")[:-1])
                answer = await client.rest()
            assert answer.startswith(b"HTTP/1.1 400 ")
    finally:
        gc.enable()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_it_listens_beside_another_worker(host: str) -> None:
    async with serving(host=host) as place, place.client() as client:
        beside = Listener(place.site, host, place.port, most=1, body_timeout_s=1)
        assert (await client.ask(GET)).startswith(b"HTTP/1.1 200 ")
        beside._socket.close()
