"""What is reported beside errors: check-ins of scheduled jobs, and what users say.

In: members of the item, or what an address says of a job. Out: the fields of a row.
Promise: as with events, nothing is lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import Severity
from logster.ingest.protocols.sentry.event import NO_MESSAGE, read_event, take_labels, take_usual
from logster.ingest.protocols.sentry.frames import text_of
from logster.ingest.protocols.sentry.labels import Members, decode_value, members_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a job's state means; of the others it is an error.
_SEVERITIES = {"ok": Severity.INFO, "in_progress": Severity.INFO}


def read_check_in(members: Members, told: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A job began, ended, or failed; `told` is what the address says of it."""
    for name, text in (told or {}).items():
        members.setdefault(name, msgspec.Raw(msgspec.json.encode(_value_of(name, text))))
    slug, status, duration = (
        text_of(decode_value(members[name])) if name in members else ""
        for name in ("monitor_slug", "status", "duration")
    )
    fields = take_usual(members)
    fields.setdefault("severity", _SEVERITIES.get(status, Severity.ERROR))
    properties: dict[str, Any] = {"type": "check_in"}
    details: dict[str, Any] = {}
    fields |= take_labels(members, properties, details)
    took = f" after {duration} s" if duration else ""
    fields["message"] = f"check-in of {slug or '(no slug)'}: {status or '(no status)'}{took}"
    return fields | {"properties": properties, "details": details}


def read_user_report(members: Members) -> dict[str, Any]:
    """What a user said of an event, in the older form; its `event_id` is that event's."""
    properties: dict[str, Any] = {"type": "user_report"}
    details: dict[str, Any] = {}
    fields = take_usual(members)
    for name in ("email", "name"):
        if user := text_of(decode_value(members[name])) if name in members else "":
            fields.setdefault("user", user)
    fields["message"] = _take_text(members, "comments") or NO_MESSAGE
    fields |= take_labels(members, properties, details)
    return fields | {"properties": properties, "details": details}


def read_feedback(members: Members, event_id: str | None) -> dict[str, Any]:
    """What a user said, as an event whose context `feedback` has the words."""
    contexts = members_of(members.get("contexts")) or {}
    feedback = members_of(contexts.get("feedback")) or {}
    raw = contexts.get("feedback")
    fields = read_event(members, event_id)
    if "level" not in fields["properties"] and fields["severity"] is Severity.ERROR:
        fields["severity"] = Severity.INFO
    said = _take_text(feedback, "message")
    email = _take_text(feedback, "contact_email") or _take_text(feedback, "name")
    feedbacks = {} if raw is None else {"feedback": raw}
    fields["properties"] = {"type": "feedback"} | feedbacks | fields["properties"]
    return {"user": email} | fields | ({"message": said} if said else {})


def _take_text(members: Members, name: str) -> str | None:
    """A text, which then is no property any more."""
    if name in members and isinstance(value := decode_value(members[name]), str) and value:
        del members[name]
        return value
    return None


def _value_of(name: str, text: str) -> str | float:
    """A number is said as text in an address."""
    if name == "duration":
        try:
            seconds = float(text)
        except ValueError:
            return text
        if math.isfinite(seconds):
            return seconds
    return text
