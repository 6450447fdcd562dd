"""The items of an envelope: which of them are events, and what is counted alone.

In: plain bytes. Out: a `Reading`; of each kind of items that is not kept, their number.
Promise: an item that is bad costs itself only; of a file that is attached its name is told.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.ingest.columns import Rows
from logster.ingest.protocols.sentry.envelope import read_header, read_items
from logster.ingest.protocols.sentry.event import read_event
from logster.ingest.protocols.sentry.frames import text_of
from logster.ingest.protocols.sentry.labels import decode_members, decode_value
from logster.ingest.protocols.sentry.log import read_log, split_logs
from logster.ingest.protocols.sentry.mending import decode_mended
from logster.ingest.protocols.sentry.report import read_check_in, read_feedback, read_user_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logster.ingest.protocol import Limits, Reading
    from logster.ingest.protocols.sentry.envelope import Item
    from logster.ingest.protocols.sentry.labels import Members

#: Kinds that are known and not kept; the name of any other would be a label without an end.
_COUNTED = frozenset(
    {
        *("client_report", "session", "sessions", "transaction", "span", "profile"),
        *("profile_chunk", "replay_event", "replay_recording", "replay_video", "statsd"),
        *("metric_buckets", "metric_meta", "trace_metric", "metric", "raw_security"),
    }
)
UNKNOWN = "unknown"
#: 32 digits, as most SDKs write an id, or a UUID.
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def read_envelope(body: bytes, limits: Limits) -> Reading:
    """All items; raises InvalidBodyError when there is no header, BodyTooLargeError."""
    try:
        header, start = read_header(body)
    except (ValueError, RecursionError) as error:
        raise _no_envelope(error) from None
    items = _Items(limits, read_id(header.event_id))
    for item in read_items(body, start):
        items.take(item)
    return items.reading()


def read_store(body: bytes, limits: Limits) -> Reading:
    """The older form: the event is all of the body; raises InvalidBodyError."""
    items = _Items(limits, None)
    try:
        items.take_payload("event", body)
    except (ValueError, RecursionError) as error:
        raise InvalidBodyError(
            {"event": [f"The event cannot be read: {error}."]}, "syntax"
        ) from None
    return items.reading()


def read_cron(body: bytes, told: Mapping[str, str], limits: Limits) -> Reading:
    """A check-in by an address; a body may say more; raises InvalidBodyError."""
    rows = Rows(limits)
    try:
        members = decode_mended(decode_members, body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        sentence = f"The check-in cannot be read: {error}."
        raise InvalidBodyError({"check_in": [sentence]}, "syntax") from None
    rows.add(1, **read_check_in(members, told))
    return rows.reading()


def _no_envelope(error: Exception) -> InvalidBodyError:
    sentence = f"The first line is no header of an envelope, such as {{}}: {error}."
    return InvalidBodyError({"envelope": [sentence]}, "syntax")


def read_id(value: Any) -> str | None:
    """An id of an event, without dashes; None for what is none."""
    told = value.replace("-", "").lower() if isinstance(value, str) else ""
    return told if _ID.fullmatch(told) else None


class _Items:
    """The events of a body, while its items are taken one by one."""

    def __init__(self, limits: Limits, event_id: str | None) -> None:
        self._rows = Rows(limits)
        self._limits = limits
        self._event_id = event_id
        self._skipped: Counter[str] = Counter()
        self._line = 0

    def take(self, item: Item) -> None:
        """Take an item."""
        if item.header is None:
            self._reject("syntax", item.fault)
            return
        kind = text_of(item.header.type)
        if kind == "attachment":
            name = text_of(item.header.filename)[:200] or "(without a name)"
            size = len(item.payload)
            self._reject("attachment", f"Attachments are not kept: {name}, {size} bytes.")
        elif kind not in _READERS and kind != "log":
            self._skip(kind if kind in _COUNTED else UNKNOWN)
        else:
            try:
                self.take_payload(kind, item.payload)
            except (ValueError, RecursionError) as error:
                self._reject("syntax", f"The {kind} cannot be read: {error}.")

    def take_payload(self, kind: str, payload: bytes) -> None:
        """Take what an item has; raises ValueError or RecursionError."""
        if kind == "log":
            self._take_logs(payload)
            return
        if not self._has_room(len(payload)):
            return
        members = decode_mended(decode_members, payload)
        identity, fields = _READERS[kind](members, self._event_id)
        if identity is not None and identity == self._event_id:
            self._event_id = None  # another event of this envelope is not this one
        self._line += 1
        self._rows.add(self._line, identity=identity, **fields)

    def _take_logs(self, payload: bytes) -> None:
        for raw in split_logs(payload, self._limits):
            if not self._has_room(len(raw)):
                continue
            try:
                log = read_log(decode_members(raw))
            except (ValueError, RecursionError) as error:
                self._reject("syntax", f"The log cannot be read: {error}.")
            else:
                self._line += 1
                self._rows.add(self._line, **log)

    def _has_room(self, size: int) -> bool:
        """Whether the next event may be so large; if not, it is rejected here."""
        if self._rows.has_room(self._line + 1, size):
            return True
        self._line += 1
        return False

    def _reject(self, reason: str, sentence: str) -> None:
        self._line += 1
        self._rows.reject(self._line, reason, sentence)

    def _skip(self, kind: str) -> None:
        self._skipped[kind] += 1
        if self._skipped.total() > self._limits.max_events:
            raise BodyTooLargeError(
                f"The envelope has more than {self._limits.max_events} items; send it in parts "
                "(an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
            )

    def reading(self) -> Reading:
        """What came of all of them."""
        reading = self._rows.reading()
        reading.skipped = dict(self._skipped)
        return reading


def _event(members: Members, event_id: str | None) -> tuple[str | None, dict[str, Any]]:
    identity = event_id or _own_id(members)
    return identity, read_event(members, identity)


def _feedback(members: Members, event_id: str | None) -> tuple[str | None, dict[str, Any]]:
    identity = event_id or _own_id(members)
    return identity, read_feedback(members, identity)


def _own_id(members: Members) -> str | None:
    return read_id(decode_value(members["event_id"])) if "event_id" in members else None


def _check_in(members: Members, _: str | None) -> tuple[None, dict[str, Any]]:
    return None, read_check_in(members)


def _user_report(members: Members, _: str | None) -> tuple[None, dict[str, Any]]:
    return None, read_user_report(members)


#: Kind of an item -> its reader; logs have one of their own, which gives many.
_READERS = {
    "event": _event,
    "feedback": _feedback,
    "check_in": _check_in,
    "user_report": _user_report,
}
