"""The one place where it is recorded what became of events.

In: what the intake has found, from HTTP and from sockets. Out: counters, and the ledger for what
is not stored. Promise: every event that arrives is recorded here once, with one outcome; no key
and no header with one is written down.
"""

from __future__ import annotations

import time
import typing
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from logster import metrics
from logster.errors import ForbiddenError, InvalidBodyError, LogsterError, QuotaError, Sender
from logster.ingest.places import find_bad
from logster.meta.key_text import KEY_PREFIX
from logster.outcome import Fault, Outcome, Refused

if TYPE_CHECKING:
    from logster.event import Rejection
    from logster.ingest.body import Body
    from logster.ingest.protocol import Reading, Request
    from logster.meta.grants import Grant

#: Bodies refused for these reasons will be the same when they are sent again, so they are worth
#: looking at; a server that is busy says nothing about them.
KEPT_STATUSES = frozenset({400, 413, 415, 422, 500})
#: Headers that say how a body is to be read. No other one is kept: they may hold secrets.
KEPT_HEADERS = ("content-type", "content-encoding", "user-agent")
#: Faults of a body that are kept.
MAX_FAULTS = 20
#: What may be kept of a body; the ledger decides what it keeps of this.
MAX_BODY_BYTES = 1024 * 1024
#: Names of the address whose values are keys.
_SECRET_NAMES = ("key", "token", "secret", "password", "auth", "signature")
_HIDDEN = "…"

#: The names of outcomes in /metrics, where they differ.
_LABELS = {Outcome.STORED: "accepted"}


class Ledger(typing.Protocol):
    """What writes down what is not stored; `ledger.Ledger` says what each of these does."""

    def count(
        self,
        outcome: Outcome,
        *,
        workspace: int,
        key: int,
        protocol: str,
        reason: str = "",
        events: int = 0,
        requests: int = 0,
    ) -> None:
        """Count events or requests."""

    def wants(self, key: int) -> bool:
        """Whether a body would be kept."""
        ...

    def keep(self, refused: Refused) -> None:
        """Keep a body."""


class Outcomes:
    """Those of one worker."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(
        self,
        outcome: Outcome,
        sender: Grant | Sender | None,
        protocol: str,
        reason: str = "",
        *,
        events: int,
    ) -> None:
        """Record what became of so many events of a key; None when it is not known."""
        if not events:
            return
        metrics.count(
            metrics.EVENTS, protocol, _LABELS.get(outcome, outcome.value), reason, by=events
        )
        if outcome is not Outcome.STORED:
            self._ledger.count(
                outcome,
                workspace=sender.workspace if sender else 0,
                key=sender.key if sender else 0,
                protocol=protocol,
                reason=reason,
                events=events,
            )

    def record_rejections(
        self, reading: Reading, grant: Grant, protocol: str, request: Request, body: Body | None
    ) -> None:
        """Record the bad events of a body, and keep it; without a `body` it is there already."""
        rejections = reading.rejections
        if not rejections:
            return
        reasons = Counter(bad.reason for bad in rejections)
        for reason, times in reasons.items():
            self.record(Outcome.REJECTED, grant, protocol, reason, events=times)
        if body is None or not self._ledger.wants(grant.key):
            return
        refused = _refused_of(request, grant, protocol, body)
        self._ledger.keep(
            refused(
                outcome=Outcome.REJECTED,
                reason=reasons.most_common(1)[0][0],
                events=len(rejections),
                faults=[_fault_of(bad) for bad in rejections[:MAX_FAULTS]],
                places=find_bad(reading),
                count=len(reading.columns) + len(rejections),
            )
        )

    def record_refusal(
        self,
        error: LogsterError,
        protocol: str,
        *,
        grant: Grant | None = None,
        request: Request | None = None,
        body: Body | None = None,
    ) -> None:
        """Record a body that was turned away whole, whatever step refused it.

        Without a `grant` it is counted for the key that lacks the right, else its sender is not
        known, and it is counted for the first workspace alone.
        """
        sender = grant or sender_of(error)
        outcome = Outcome.LIMITED if isinstance(error, QuotaError) else Outcome.REFUSED
        metrics.count(metrics.EVENTS, protocol, outcome.value, error.reason)
        self._ledger.count(
            outcome,
            workspace=sender.workspace if sender else 0,
            key=sender.key if sender else 0,
            protocol=protocol,
            reason=error.reason,
            requests=1,
        )
        if grant is None or request is None or body is None:
            return
        if error.status not in KEPT_STATUSES or not self._ledger.wants(grant.key):
            return
        refused = _refused_of(request, grant, protocol, body)
        faults = [Fault(0, error.reason, _sentences_of(error))]
        self._ledger.keep(refused(outcome=outcome, reason=error.reason, events=None, faults=faults))


def sender_of(error: LogsterError) -> Sender | None:
    """The key that was refused, when it is known."""
    return error.sender if isinstance(error, ForbiddenError) else None


def _refused_of(
    request: Request, grant: Grant, protocol: str, body: Body
) -> typing.Callable[..., Refused]:
    """What is kept of a body whatever was wrong with it."""
    beginning = body.beginning(MAX_BODY_BYTES)

    def refused(**told: typing.Any) -> Refused:
        return Refused(
            at=time.time(),
            workspace=grant.workspace,
            key=grant.key,
            protocol=protocol,
            method=request.method,
            path=path_of(request),
            query=_hide_values(request.query),
            headers={name: text for name in KEPT_HEADERS if (text := request.headers.get(name))},
            size=body.size,
            body=beginning,
            is_whole=body.is_whole,
            **told,
        )

    return refused


def path_of(request: Request) -> str:
    """The path of a request without its key, as it may be written down."""
    key = request.params.get("key")
    return hide_keys(request.path.replace(key, _HIDDEN) if key else request.path)


def hide_keys(path: str) -> str:
    """A path without a key in it, as some dialects have it; the id of its project stays."""
    return "/".join(_HIDDEN if _is_key(name) else name for name in path.split("/"))


def _is_key(name: str) -> bool:
    """Whether a name of a path may be a key: ours, or as long and mixed as nothing that people say.

    Sentry's keys are 32 hexadecimal digits, Datadog's too.
    """
    return name.startswith(KEY_PREFIX) or (
        len(name) >= 24 and name.isalnum() and any(map(str.isdigit, name))  # noqa: PLR2004
    )


def _hide_values(query: str) -> str:
    """A query without its secrets; one without any stays as it was sent."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(map(_is_secret, pairs)):
        return query
    return urlencode(
        [(name, _HIDDEN if _is_secret((name, value)) else value) for name, value in pairs]
    )


def _is_secret(pair: tuple[str, str]) -> bool:
    name, value = pair
    return any(word in name.lower() for word in _SECRET_NAMES) or _is_key(value)


def _fault_of(bad: Rejection) -> Fault:
    return Fault(bad.line, bad.reason, [each for told in bad.faults.values() for each in told])


def _sentences_of(error: LogsterError) -> list[str]:
    if isinstance(error, InvalidBodyError):
        return [each for told in error.faults.values() for each in told]
    return [str(error)]
