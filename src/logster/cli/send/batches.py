"""Lines to batches, batches to the server, and the account of what became of each line.

In: `Entry`s (a line and where it stands). Out: a `Tally` whose numbers add up.
Promise: a batch is sent until the server has answered it, always under the same
Idempotency-Key, so that each line is stored once; a refused line is reported with its
place and the server's reason.
"""

from __future__ import annotations

import gzip
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import msgspec

from logster.cli.answer import AnswerError, ClientError, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.cli.client import Client
    from logster.cli.retry import OnWait, Retries

#: A batch also ends here, well below the server's 64 MiB and quick to send again.
MAX_BATCH_BYTES = 4 * 1024 * 1024
#: Level 9 costs five times the time of level 4 and saves a tenth of the bytes.
GZIP_LEVEL = 4


class Entry(NamedTuple):
    """One event as NDJSON, and the line it comes from."""

    source: str
    number: int
    body: bytes


class Refusal(msgspec.Struct, frozen=True):
    """A line the server did not take, and why."""

    source: str
    number: int
    reason: str


class Tally(msgspec.Struct):
    """What became of the lines so far."""

    sent: int = 0
    refused: int = 0
    blank: int = 0
    batches: int = 0
    last_id: str | None = None


class Outbox:
    """Holds lines until they make a batch, and sends it."""

    def __init__(
        self,
        client: Client,
        retries: Retries,
        *,
        batch_size: int,
        on_refusal: Callable[[Refusal], None],
        on_wait: OnWait,
    ) -> None:
        self.tally = Tally()
        self.retries = retries
        self.held: list[Entry] = []
        self._held_bytes = 0
        # The key lives as long as the batch, so that a flush that was interrupted may be repeated.
        self._held_key = _new_key()
        self._client = client
        self._batch_size = batch_size
        self._on_refusal = on_refusal
        self._on_wait = on_wait

    @property
    def is_full(self) -> bool:
        """Whether what is held makes a batch."""
        return len(self.held) >= self._batch_size

    def has_room(self, entry: Entry) -> bool:
        """Whether a line fits in beside what is held."""
        return not self.held or self._held_bytes + len(entry.body) <= MAX_BATCH_BYTES

    def put(self, entry: Entry) -> None:
        """Hold a line until `flush`, which is due when it is full or has no room."""
        self.held.append(entry)
        self._held_bytes += len(entry.body)

    def refuse(self, refusal: Refusal) -> None:
        """Count a line that cannot be sent, and say so."""
        self.tally.refused += 1
        self._on_refusal(refusal)

    def flush(self) -> None:
        """Send what is held; it stays held when the server cannot be reached."""
        if self.held:
            self._send(self.held, self._held_key)
            self.held, self._held_bytes, self._held_key = [], 0, _new_key()

    def _send(self, entries: list[Entry], key: str) -> None:
        try:
            response = self._post(entries, key)
        except AnswerError as error:
            self._record_refusal(entries, key, error)
        else:
            self._record(entries, read_object(response))
        self.tally.batches += 1

    def _post(self, entries: list[Entry], key: str) -> httpx.Response:
        body = gzip.compress(b"\n".join(entry.body for entry in entries), GZIP_LEVEL)
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Idempotency-Key": key,
        }
        return self.retries.call(
            lambda: self._client.post("/api/Logs", body, headers), self._on_wait
        )

    def _record(self, entries: list[Entry], answer: dict[str, Any]) -> None:
        ids = answer.get("MessageIds")
        if not isinstance(ids, list) or len(ids) != len(entries):
            raise ClientError(
                f"{self._client.target.url} did not say what became of {len(entries)} lines. "
                "Is the URL a Logster server's?"
            )
        accepted = [text for text in ids if text is not None]
        self.tally.sent += len(accepted)
        self.tally.last_id = accepted[-1] if accepted else None
        for refusal in _refusals_of(entries, answer):
            self.refuse(refusal)

    def _record_refusal(self, entries: list[Entry], key: str, error: AnswerError) -> None:
        """Report the lines of a 400, halve a 413; any other refusal is not about the lines."""
        status = error.response.status_code
        if status == httpx.codes.BAD_REQUEST and error.detail.get("Errors"):
            self._record(entries, error.detail)
        elif status == httpx.codes.REQUEST_ENTITY_TOO_LARGE and len(entries) > 1:
            middle = len(entries) // 2
            self._send(entries[:middle], f"{key}.1")
            self._send(entries[middle:], f"{key}.2")
        elif status in {httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE}:
            for entry in entries:
                self.refuse(Refusal(entry.source, entry.number, str(error)))
        else:
            raise error


def _new_key() -> str:
    return uuid.uuid4().hex


def _refusals_of(entries: list[Entry], answer: dict[str, Any]) -> Iterator[Refusal]:
    """Bring the server's line numbers, from 1 within the batch, back to the sources' own."""
    reasons = {error["Line"]: _reason_of(error) for error in answer.get("Errors") or []}
    for line, (entry, message_id) in enumerate(
        zip(entries, answer["MessageIds"], strict=True), start=1
    ):
        if message_id is None:
            reason = reasons.get(line, "the server gives no reason")
            yield Refusal(entry.source, entry.number, reason)


def _reason_of(error: dict[str, Any]) -> str:
    faults = error.get("ModelState") or {}
    texts = [str(text) for texts in faults.values() for text in texts]
    return " ".join(texts) or str(error.get("Message", "the server gives no reason"))
