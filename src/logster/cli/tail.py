"""`logster tail`: watch events as they arrive.

In: a search text. Out: events, oldest first, for as long as one looks.
Promise: when the connection breaks, it goes on where it was: nothing is shown twice, and
what the server had to leave out is counted on standard error.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from logster.cli import FailedError
from logster.cli.answer import AnswerError, AwayError
from logster.cli.client import Client
from logster.cli.display import show_events, show_notice
from logster.cli.retry import FIRST_WAIT_S, MAX_WAIT_S, choose_pause
from logster.cli.search import point_out
from logster.cli.target import load_target, target_options
from logster.cli.terminal import note
from logster.cli.times import zone_options, zone_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXIT_INTERRUPTED = 130

#: The server gives a sign of life at least every 15 s; three missed ones mean a dead line.
SILENCE_S = 45.0


class Message(msgspec.Struct, frozen=True):
    """One block of a stream of server-sent events; None where the block does not say."""

    id: str | None = None
    event: str | None = None
    data: str | None = None


def read_messages(lines: Iterable[str]) -> Iterator[Message]:
    """Read server-sent events; a block that is cut off by the end of the stream is none."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line:
            # A comment, ":…", has an empty name, which nobody asks for below.
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            yield Message(
                id=fields["id"][-1] if "id" in fields else None,
                event=fields["event"][-1] if "event" in fields else None,
                data="\n".join(fields["data"]) if "data" in fields else None,
            )
            fields = {}


class Watch:
    """A stream of events that is taken up again where it broke."""

    def __init__(self, client: Client, query: str, zone: str | None = None) -> None:
        self._client = client
        self._params = {"q": query} | ({"zone": zone} if zone else {})
        self._cursor: str | None = None
        self._wait_s = FIRST_WAIT_S

    def steps(self) -> Iterator[dict[str, Any]]:
        """Give what arrives, for ever; raises `ClientError` when asking again will not help."""
        while True:
            try:
                yield from self._read_once()
            except AwayError as error:
                pause_s = choose_pause(self._wait_s, error.retry_after_s)
                note(f"{error} Trying again in {pause_s:.1f} s.")
                time.sleep(pause_s)
                self._wait_s = min(self._wait_s * 2, MAX_WAIT_S)

    def _read_once(self) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream"}
        if self._cursor:
            headers["Last-Event-ID"] = self._cursor
        path = "/api/v1/events/tail"
        with self._client.stream(path, self._params, headers, SILENCE_S) as response:
            for message in read_messages(response.iter_lines()):
                self._cursor = message.id or self._cursor
                self._wait_s = FIRST_WAIT_S
                if message.event == "notice" and message.data:
                    show_notice({"notice": msgspec.json.decode(message.data)})
                if message.event == "events" and message.data:
                    yield msgspec.json.decode(message.data)
        raise AwayError(f"{self._client.target.url} ended the stream.")


@click.command("tail")
@click.argument("query", nargs=-1)
@click.option("--json", "is_json", is_flag=True, help="NDJSON, as the query API gives events.")
@click.option("--full", "is_full", is_flag=True, help="Every member and property of each event.")
@zone_options
@target_options
def command(
    query: tuple[str, ...],
    is_json: bool,
    is_full: bool,
    url: str | None,
    key: str | None,
    zone: str | None,
) -> None:
    """Watch events as they arrive; QUERY as for `logster search`. Ends with Ctrl-C."""
    text = " ".join(query)
    with Client(load_target(url, key)) as client:
        try:
            for step in Watch(client, text, zone_parameter(zone)).steps():
                if step.get("skipped"):
                    note(f"({step['skipped']:,} skipped: too many at once)")
                show_events(step["events"], is_json=is_json, is_full=is_full)
        except AnswerError as error:
            raise FailedError(point_out(error, text)) from error
        except KeyboardInterrupt:
            raise SystemExit(EXIT_INTERRUPTED) from None
