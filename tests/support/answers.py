"""A server for the command line that says what a test tells it to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def answering(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], object]
) -> list[httpx.Request]:
    """Let every client get what `answer` gives, as JSON; gives what is asked, as it comes."""
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=msgspec.json.encode(answer(request)))

    real = httpx.Client
    monkeypatch.setattr(
        "logster.cli.client.httpx.Client",
        lambda **told: real(transport=httpx.MockTransport(respond), **told),
    )
    return requests
