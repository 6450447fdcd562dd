"""A new issue, as its first error tells of it.

In: an error. Out: a `Draft` that every database can hold.
Promise: pure; whatever an event says, there is a draft of it: its issue is not lost, and no other.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from logster.track.evidence import Evidence
from logster.track.fingerprint import explain
from logster.track.group import evidence_of
from logster.track.issue import MAX_TITLE_CHARACTERS, Draft
from logster.track.title import title_of

if TYPE_CHECKING:
    from logster.event import Event

log = logging.getLogger(__name__)

#: What people read of the reasons for a key; a client may send 32 texts of a kilobyte.
MAX_PARTS, MAX_PART_CHARACTERS = 20, 200


def draft_of(key: int, event: Event, last_at: int) -> Draft:
    """The draft of a key's issue; `last_at` is the time of its last error so far."""
    try:
        return _draft(key, event, last_at, evidence_of(event))
    except Exception:
        log.exception("the error %d cannot be read whole; its issue has its message", event.id)
        return _draft(key, event, last_at, Evidence(message=event.message))


def _draft(key: int, event: Event, last_at: int, evidence: Evidence) -> Draft:
    chain, grouped = evidence.chain, explain(evidence)
    title = title_of(event, evidence)
    parts = (f"{part.kind}: {part.text}" for part in grouped.parts[:MAX_PARTS])
    return Draft(
        id=key,
        title=_keepable(title.text) or "(no message)",
        type=_keepable(title.type),
        culprit=_keepable(title.culprit),
        application=_keepable(event.application),
        family=_keepable(chain.family if chain else evidence.family) or "",
        severity=event.severity,
        grouped_by=[
            (_keepable(text) or "")[:MAX_PART_CHARACTERS] for text in (grouped.summary, *parts)
        ],
        first_event=event.id,
        first_at=event.timestamp,
        last_at=last_at,
        first_release=_keepable(event.release),
    )


def _keepable(text: str | None) -> str | None:
    """A text that is cut, and without what PostgreSQL refuses: NUL, and half a character."""
    if text is None:
        return None
    cut = text[:MAX_TITLE_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cut.encode("utf-8", "replace").decode()
