"""An event that is sent to be found again: by a word that stands nowhere else.

In: the text of an event, with `WORD`, `ISO`, `NS` and `US` in it. Out: a body; whether it is found.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from logster.cli.answer import ClientError

if TYPE_CHECKING:
    from logster.cli.client import Client


def make_word() -> str:
    """A word of letters alone, so that it is one to the search."""
    return "doctor" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(16))


def fill(body: str, word: str) -> bytes:
    """A body with a word, and with times of now."""
    now_ns = time.time_ns()
    now = datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    filled = body.replace("WORD", word).replace("ISO", now.replace("+00:00", "Z"))
    return filled.replace("NS", str(now_ns)).replace("US", str(now_ns // 1000)).encode()


def find_event(client: Client, word: str, protocol: str) -> None:
    """Look for it as an event of its dialect; raises ClientError when it is not there."""
    params = {"q": word, "since": "1h", "limit": 10}
    events = msgspec.json.decode(client.get("/api/v1/events", params).content)["events"]
    if not any(event["protocol"] == protocol for event in events):
        raise ClientError(f"A search for {word} does not find the event.")
