"""The key of each error of a batch, before the batch is spooled.

In: columns. Out: the same, with the column `issue`: the key of the issue that an event belongs to,
0 for one that makes none. Promise: does no I/O; nothing is looked at but events that are errors, or
that a rule makes issues of; what was seen before is known in a few microseconds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import Severity, read_properties
from logster.track.client import may_tell, read_fingerprint, read_platform
from logster.track.evidence import Evidence
from logster.track.fingerprint import explain
from logster.track.frames.read import family_of, read_event
from logster.track.memory import Memory
from logster.track.outline import outline_of
from logster.track.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logster.event import Columns, Event
    from logster.track.chain import Chain
    from logster.track.owncode import OwnCode

    #: A workspace and an application -> whose code is whose, when somebody has said so.
    FindRules = Callable[[int, str | None], OwnCode | None]

log = logging.getLogger(__name__)

ERROR, FATAL = int(Severity.ERROR), int(Severity.FATAL)
#: Dialects all of whose events make issues, though none of them is an error: a browser reports
#: what it has blocked, or that it crashed.
REPORTING = frozenset({"reports"})


class Texts(msgspec.Struct, frozen=True, gc=False):
    """What an event says of an error, as it came."""

    application: str | None
    exception: str | None
    stack_trace: str | None
    message: str
    template: str | None
    details: bytes | None
    properties: bytes | None


class Grouper:
    """Gives batches their keys, and remembers those of texts that come again."""

    def __init__(self, own_code: FindRules | None = None, memory: Memory | None = None) -> None:
        """`own_code` gives what somebody has said about the code of an application."""
        self._own_code = own_code
        self._memory = Memory() if memory is None else memory

    def group(self, columns: Columns, protocol: str, workspace: int) -> None:
        """Set `issue`, unless no event of these makes one."""
        indexes = _find_errors(columns.severity, protocol)
        if not indexes:
            return
        keys = [0] * len(columns)
        lists = [getattr(columns, name) or _Nothing() for name in Texts.__struct_fields__]
        for index in indexes:
            texts: list[Any] = [values[index] for values in lists]
            keys[index] = self.key_of(Texts(*texts), workspace)
        columns.issue = keys

    def key_of(self, texts: Texts, workspace: int) -> int:
        """The key of one event: remembered by as little of it as the key is made of."""
        rules = self._own_code(workspace, texts.application) if self._own_code else None
        properties, details = texts.properties, texts.details
        client = platform = None
        if details is not None or (properties is not None and may_tell(properties)):
            client, platform = read_fingerprint(details, properties), read_platform(properties)
        sent = details if details is not None and _tells_of_exceptions(details) else None
        # Where an SDK has sent frames, the trace is their text.
        trace = texts.stack_trace or sent
        shared = (workspace, texts.application, rules, client, platform)
        raised = (*shared, texts.exception, trace)
        find, keep = self._memory.find, self._memory.keep
        if known := find(raised):
            return known
        outline = None if sent else outline_of(texts.exception, texts.stack_trace)
        outlined = (*shared, *outline.remembered) if outline else raised
        whole = (*raised, texts.message, texts.template)
        if known := find(whole) or (outline and find(outlined)):
            return known
        evidence = read_evidence(texts)
        found = explain(evidence, rules)
        kinds = {part.kind for part in found.parts}
        if kinds & _OF_EVENT or not _is_apart_from_message(texts, has_frames=sent is not None):
            keep(whole, found.key)
        else:
            keep(raised, found.key)
            if outline and kinds.isdisjoint(_OF_SAID) and outline.is_of(evidence.chain):
                keep(outlined, found.key)
        return found.key


def _is_apart_from_message(texts: Texts, *, has_frames: bool) -> bool:
    """Whether a key that has nothing of the message in it would have nothing of any other either.

    Not of a message that says nothing: another one would be asked. Nor where a message may hold
    the trace itself.
    """
    is_read_elsewhere = has_frames or bool(texts.exception)
    if not is_read_elsewhere and (not texts.stack_trace or "\n" in texts.message):
        return False
    return bool(shape_of(texts.message))


#: Parts that are made of the message of an event; of what its exception said, in any way.
_OF_EVENT = frozenset({"message", "template"})
_OF_SAID = frozenset({"said", "rule"})


class _Nothing:
    """A column that no event has."""

    def __getitem__(self, _: int) -> None:
        return None


def _find_errors(severities: Sequence[int], protocol: str) -> Sequence[int]:
    """The indexes of the events that make issues."""
    if protocol in REPORTING:
        return range(len(severities))
    if ERROR not in severities and FATAL not in severities:
        return ()
    return [index for index, each in enumerate(severities) if ERROR <= each <= FATAL]


def texts_of(event: Event) -> Texts:
    """What a stored event says; as the step had it, so that it has the same key."""
    return Texts(
        application=event.application,
        exception=event.exception,
        stack_trace=event.stack_trace,
        message=event.message,
        template=event.template,
        details=msgspec.json.encode(event.details) if event.details else None,
        properties=msgspec.json.encode(event.properties) if event.properties else None,
    )


def evidence_of(event: Event) -> Evidence:
    """What the key of a stored event was made of."""
    return read_evidence(texts_of(event))


def read_evidence(texts: Texts) -> Evidence:
    """What the texts of an event say, read."""
    platform = read_platform(texts.properties)
    return Evidence(
        application=texts.application or "",
        family=family_of(platform) if platform else "",
        chain=_read_safely(texts, platform),
        exception=texts.exception or "",
        message=texts.message,
        template=texts.template or "",
        fingerprint=read_fingerprint(texts.details, texts.properties),
    )


def _read_safely(texts: Texts, platform: str | None) -> Chain | None:
    """The same; a trace that a reader stumbles over costs its event the frames, not its batch."""
    try:
        return _read_chain(texts, platform)
    except Exception:
        log.exception("a stack trace cannot be read; its event is grouped without it")
        return None


def _read_chain(texts: Texts, platform: str | None) -> Chain | None:
    """The exceptions of an event, as its dialect tells them."""
    details = texts.details
    sent = details if details is not None and _tells_of_exceptions(details) else None
    return read_event(
        exception=texts.exception,
        stack_trace=texts.stack_trace,
        message=texts.message,
        details=read_properties(sent) if sent else None,
        platform=platform,
    )


def _tells_of_exceptions(details: bytes) -> bool:
    return any(name in details for name in _TOLD)


#: Details that have none of these tell of no exception, and are not read.
_TOLD = (b'"exception"', b'"threads"', b'"stacktrace"')
