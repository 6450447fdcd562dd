"""The exception tree. A message is advice: it names the value, the limit and the setting.

LogsterError
├── ConfigError            a setting cannot be used; the program does not start
├── RefusedError           a request that is ours, but not granted (carries the HTTP status)
│   ├── BodyTooLargeError      413
│   ├── BodyUnreadableError    400  encoding or charset that does not hold
│   ├── BodyCutShortError      400  it ends in the middle
│   ├── InvalidBodyError       400  nothing of the body can be read (carries faults by place)
│   ├── MethodError            405  a path without this method (carries those it has)
│   ├── MediaTypeError         415  a Content-Type that this path does not read
│   ├── EncodingUnknownError   415  a Content-Encoding that Logster cannot undo
│   ├── BodyTimeoutError       408  the sender was too slow
│   ├── UnauthorizedError      401  no key, unknown key, revoked key
│   ├── ForbiddenError         403  the key lacks the right (carries which)
│   ├── ConflictError          409  somebody else has changed it meanwhile
│   ├── ServerFaultError       500  a mistake of ours; the log has it
│   └── RetryLaterError        503  not now (carries retry_after_s)
│       ├── QuotaError             429  the key sends more than it may
│       │   └── KeyLimitError          429  than its own settings allow (carries the reason)
│       ├── SpoolFullError         503  the spool or its disk is full
│       └── SpoolDamagedError      503  the spool's file is gone or damaged
├── QueryError             400  a search text that cannot be understood (position, length)
├── StoreError             the engine refused or failed
│   ├── StoreUnavailableError  503  not now; try again (carries a cause and advice)
│   ├── StoreRefusedError      the engine refuses this block for its content; do not retry as it is
│   ├── StoreDamagedError      500  a part of it cannot be read (carries its name)
│   └── QueryTooHeavyError     422  memory or time limit of one query
│       └── QueryStuckError        422  it could not be stopped, and ended the engine
├── MetaUnavailableError   503  the database of keys and accounts cannot be reached
├── LedgerUnavailableError 503  what was not stored cannot be read just now
└── NotFoundError          404
"""

from __future__ import annotations

from typing import NamedTuple


class LogsterError(Exception):
    """The root of every error Logster raises on purpose.

    `status` is its HTTP answer, `reason` its metric label.
    """

    status = 500
    reason = "fault"

    @property
    def sentence(self) -> str:
        """What a dialect with room for one sentence tells its client."""
        return str(self)


class ConfigError(LogsterError):
    """A setting cannot be used; says which one, what it was and what would do."""


class RefusedError(LogsterError):
    """A request that is ours but is not granted."""

    status = 400
    reason = "refused"


class BodyTooLargeError(RefusedError):
    """The body, or what it inflates to, is over the cap."""

    status = 413
    reason = "too_large"


class BodyUnreadableError(RefusedError):
    """The Content-Encoding or charset does not fit the bytes."""

    status = 400
    reason = "unreadable"


class BodyCutShortError(RefusedError):
    """The body ends in the middle: its sender left, or its chunks are malformed."""

    status = 400
    reason = "client_gone"


class InvalidBodyError(RefusedError):
    """A body of which nothing can be read; `faults` maps a place to sentences."""

    status = 400
    reason = "invalid"

    def __init__(self, faults: dict[str, list[str]], reason: str) -> None:
        super().__init__("The request is invalid.")
        self.faults = faults
        self.reason = reason

    @property
    def sentence(self) -> str:
        """The first of the faults: the message itself says only that there are some."""
        return next(iter(self.faults.values()))[0]


class MethodError(RefusedError):
    """A path that does not answer this method; `allowed` are those it does, for the header."""

    status = 405
    reason = "method"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"The method {method[:20]} is not answered here; send {allowed}.")
        self.allowed = allowed


class MediaTypeError(RefusedError):
    """The Content-Type is none that this path reads."""

    status = 415
    reason = "media_type"


class EncodingUnknownError(RefusedError):
    """A Content-Encoding that Logster cannot undo."""

    status = 415
    reason = "unknown_encoding"


class BodyTimeoutError(RefusedError):
    """The sender did not finish its body in time."""

    status = 408
    reason = "timeout"


class ServerFaultError(RefusedError):
    """Something went wrong here that the sender cannot mend; the log has it."""

    status = 500
    reason = "fault"


class UnauthorizedError(RefusedError):
    """No key, an unknown key or a revoked key."""

    status = 401
    reason = "unauthorized"


class Sender(NamedTuple):
    """A key that is known, and its workspace."""

    workspace: int
    key: int


class ForbiddenError(RefusedError):
    """The key is good but lacks the right; `sender` says which key that was."""

    status = 403
    reason = "forbidden"

    def __init__(self, message: str, sender: Sender | None = None) -> None:
        super().__init__(message)
        self.sender = sender


class ConflictError(RefusedError):
    """A change to a version that is no longer the newest."""

    status = 409
    reason = "conflict"


class RetryLaterError(RefusedError):
    """Not now; `retry_after_s` says when it is worth trying again."""

    status = 503
    reason = "busy"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaError(RetryLaterError):
    """The key sends more than it may."""

    status = 429
    reason = "quota"


class KeyLimitError(QuotaError):
    """The key sends more than its own settings allow: its rate, or the bytes of a day."""

    def __init__(self, message: str, retry_after_s: int, reason: str) -> None:
        super().__init__(message, retry_after_s)
        self.reason = reason


class SpoolFullError(RetryLaterError):
    """The spool has reached its size cap or the disk is full."""

    status = 503
    reason = "spool_full"


class SpoolDamagedError(RetryLaterError):
    """The file of the spool is gone or damaged, and there is no fresh one yet."""

    status = 503
    reason = "spool_damaged"


class QueryError(LogsterError):
    """A search text that cannot be understood: where, how long, what was expected."""

    status = 400

    def __init__(self, message: str, position: int = 0, length: int = 1) -> None:
        super().__init__(message)
        self.position = position
        self.length = length


class StoreError(LogsterError):
    """The engine refused or failed; `code` is ClickHouse's, when it said one."""

    def __init__(self, message: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class StoreUnavailableError(StoreError):
    """The engine cannot do it now; the same call may succeed later.

    `cause` is a word for metrics, `advice` what an operator can do about it.
    """

    status = 503

    def __init__(
        self, message: str = "", code: int | None = None, *, cause: str = "away", advice: str = ""
    ) -> None:
        super().__init__(message, code)
        self.cause = cause
        self.advice = advice


class StoreDamagedError(StoreError):
    """A question has met a part of the store that cannot be read; `part` is its name."""

    status = 500

    def __init__(self, part: str, code: int | None = None) -> None:
        super().__init__(
            f"The store is damaged: events of {part[:4]}-{part[4:6]}-{part[6:8]} (UTC) cannot be "
            f"read (part {part}). Questions about other days are answered; an operator sees what "
            "to do in Set-up / System and in the server's log.",
            code,
        )
        self.part = part


class StoreRefusedError(StoreError):
    """The engine refuses these rows for their content; sending them again will not help."""


class QueryTooHeavyError(StoreError):
    """A question hit the memory or time limit of one query; narrow it."""

    status = 422


class QueryStuckError(QueryTooHeavyError):
    """A question that could not be stopped: the engine was ended for it, and starts again."""


class MetaUnavailableError(LogsterError):
    """The database of keys and accounts cannot be reached now; the same call may succeed later."""

    status = 503


class LedgerUnavailableError(LogsterError):
    """The ledger cannot be read now: its disk is sick, or it is being made anew."""

    status = 503


class NotFoundError(LogsterError):
    """There is no such thing in this workspace."""

    status = 404
