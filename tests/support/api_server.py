"""A small real HTTP server that answers as a test tells it, and remembers what it was asked.

It speaks the native API's batch form, so that the command line meets real sockets; what
must be proved against Logster itself is proved in the served ring.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        packed = self.headers.get("content-encoding") == "gzip"
        text = gzip.decompress(self.body) if packed else self.body
        return [json.loads(line) for line in text.splitlines()]


@dataclass
class Answer:
    """What to say to one request."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    #: Close the connection without an answer, as a crash between commit and reply does.
    hangs_up: bool = False


@dataclass
class ApiServer:
    """Answers in turn; when they are used up, every batch is accepted once per Idempotency-Key."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    #: Stored first, then answered: so a hang-up leaves the batch stored.
    stored: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answer: Callable[[Asked], Answer] | None = None
    url: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every stored event once, in order."""
        return [event for batch in self.stored.values() for event in batch]

    def reply(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        scripted = self.answers.pop(0) if self.answers else None
        if asked.path == "/api/Logs" and (scripted is None or scripted.hangs_up):
            self.stored.setdefault(asked.headers["idempotency-key"], asked.events)
        if scripted:
            return scripted
        if self.answer:
            return self.answer(asked)
        return Answer(body={"MessageIds": [str(100 + place) for place in range(len(asked.events))]})


@contextlib.contextmanager
def running_api_server() -> Iterator[ApiServer]:
    """Serve on a free port of this machine while the block runs."""
    server = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
            """Keep quiet."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.reply(Asked(self.command, self.path, headers, body))
            if answer.hangs_up:
                self.close_connection = True
                return
            is_text = isinstance(answer.body, bytes)
            content = answer.body if is_text else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815  the names http.server looks for

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
