"""One request to an ASGI application, in this process and without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Scope = dict[str, Any]
    Application = Callable[[Scope, Any, Any], Awaitable[None]]


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def make_scope(method: str, target: str, headers: dict[str, str]) -> Scope:
    """The head of a request; names of headers are written with _ for -."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


async def ask(
    application: Application,
    method: str,
    target: str,
    body: bytes | Sequence[bytes] = b"",
    /,
    **headers: str,
) -> Answer:
    """Send a request, its body in one piece or several, and wait for the whole answer."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(make_scope(method, target, headers), receive, send)
    start, *rest = sent
    return Answer(
        status=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(message["body"] for message in rest),
    )
