"""What `logster doctor` checks of a server: by its own account, and by one message.

In: a server and a key. Out: steps. Promise: all that changes is the one message it sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster import __version__
from logster.cli.answer import AnswerError, ClientError
from logster.cli.doctor.amounts import describe_disk, describe_spools, shorten_size
from logster.cli.doctor.arrival import wait_for
from logster.cli.doctor.check import NotKnownError, Step
from logster.cli.doctor.sample import make_word
from logster.config import variable_of
from logster.event import Severity

if TYPE_CHECKING:
    from logster.cli.client import Client

#: A part that needs longer than this for a small question is not well.
STEP_TIMEOUT_S = 10.0
FORBIDDEN = 403


class Server:
    """A server from the outside; one message goes in by the native API, out by id and by search."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._word = make_word()
        self._id = ""
        self._system: dict[str, Any] = {}
        #: The server's, as it says; "" when it did not.
        self.version = ""

    def steps(self) -> list[Step]:
        """The steps of the way, in order."""
        return [
            Step(
                name="live",
                examine=self.check_live,
                advice="Start the server with `logster serve`, or name it with --url.",
            ),
            Step(
                name="ready",
                examine=self.check_ready,
                advice="The server runs but does not accept or does not search: see its log.",
                needs="live",
            ),
            Step(
                name="key",
                examine=self.check_key,
                advice="A key for this needs the rights ingest and read: "
                "`logster key create doctor --right ingest --right read`.",
                needs="live",
            ),
            Step(
                name="send",
                examine=self.send,
                advice="The key needs the right ingest; a full disk or spool refuses too.",
                needs="live",
            ),
            Step(
                name="stored",
                examine=self.check_stored,
                advice="Accepted but not stored: see `logster spool`, and the engine's log.",
                needs="send",
            ),
            Step(
                name="found",
                examine=self.check_found,
                advice="Stored but not found: the key needs the right read; see the server's log.",
                needs="send",
            ),
            Step(
                name="disk",
                examine=self.check_disk,
                advice="Free space on the server's disk, keep events for fewer days "
                "(`logster retention set`), or move its data folder.",
                needs="key",
            ),
            Step(
                name="spool",
                examine=self.check_spool,
                advice="See *Set-up / System* in the portal, or `logster spool aside` on the "
                "server's machine.",
                needs="key",
            ),
        ]

    def check_live(self) -> str:
        """The process answers."""
        self._client.get("/health/live")
        return "the server answers"

    def check_ready(self) -> str:
        """Accepting and searching work, by the server's own account."""
        self._client.get("/health/ready")
        return "accepts and searches"

    def check_key(self) -> str:
        """The key is known and may read."""
        session = self._client.get_object("/api/v1/session")
        self.version = str(session.get("version", ""))
        mine = "" if self.version == __version__ else f" (this command is of {__version__})"
        return f"may read workspace {session.get('workspace')!r} of Logster {self.version}{mine}"

    def send(self) -> str:
        """Send the message."""
        message = {
            "Message": f"logster doctor sends a message the whole way: {self._word}",
            "Severity": Severity.INFO,
            "Application": "logster",
            "Category": "doctor",
        }
        headers = {"Content-Type": "application/json"}
        answer = self._client.post("/api/Log", msgspec.json.encode(message), headers)
        self._id = str(msgspec.json.decode(answer.content)["MessageId"])
        return f"accepted as {self._id}"

    def check_stored(self) -> str:
        """The message can be had by its id, as it was sent."""
        answer = wait_for(lambda: self._client.get(f"/api/Log/{self._id}").content)
        if self._word not in msgspec.json.decode(answer)["Message"]:
            raise ClientError(f"{self._id} is another message than the one that was sent.")
        return "found by its id"

    def check_found(self) -> str:
        """The message is found by its word."""
        wait_for(self._search)
        return f"found by the word {self._word}"

    def check_disk(self) -> str:
        """The server has more free space than it wants at least, by its own account."""
        machine = self._machine()
        disk, least = machine["disk"], machine["min_free_disk_bytes"]
        text = describe_disk(disk["free_bytes"], disk["total_bytes"])
        if disk["free_bytes"] <= least:
            raise ClientError(
                f"{text}; below {shorten_size(least)} ({variable_of('min_free_disk_bytes')}) "
                "events are refused."
            )
        return text

    def check_spool(self) -> str:
        """The server's spools can be read, and nothing was set aside, by its own account."""
        spools = self._machine()["spools"]
        if spools is None:
            raise ClientError("A spool of the server cannot be read; its log names it.")
        return describe_spools(spools)

    def _machine(self) -> dict[str, Any]:
        """What the server tells of its machine, asked for once."""
        if not self._system:
            try:
                self._system = self._client.get_object("/api/v1/system")
            except AnswerError as error:
                if error.response.status_code != FORBIDDEN:
                    raise
                raise NotKnownError("the server tells it to a key with the right admin") from None
        machine: dict[str, Any] | None = self._system.get("machine")
        if not machine:
            raise NotKnownError("the server tells it to a key of the first workspace")
        return machine

    def _search(self) -> bytes:
        params = {"q": self._word, "since": "1h", "limit": 10}
        answer = self._client.get("/api/v1/events", params).content
        events = msgspec.json.decode(answer)["events"]
        if not any(event["id"] == self._id for event in events):
            raise ClientError(f"A search for {self._word} does not find the message.")
        return answer
