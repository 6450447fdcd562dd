"""A question an administrator writes in SQL: read-only, over the events of one workspace.

In: a SELECT as text, and a time to narrow it to. Out: names and rows, at most `MAX_ROWS` and
`MAX_BYTES`. Promise: nothing but this workspace's events can be read, or learned from an error; the
built-in engine sees to it (store/embedded/enclosure). A store that has no such guard is not asked.
"""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logster.errors import (
    ForbiddenError,
    LogsterError,
    QueryError,
    QueryStuckError,
    QueryTooHeavyError,
    QuotaError,
    RetryLaterError,
    StoreDamagedError,
    StoreError,
)
from logster.store.embedded.codes import BUSY_CODE, CLOSED_CODE
from logster.store.embedded.scope import Scope, render_scope
from logster.store.embedded.users import RAW_SQL

if TYPE_CHECKING:
    from logster.store.answer import Answer
    from logster.store.engine import Engine

MAX_CHARACTERS = 20_000
MAX_ROWS = 10_000
MAX_BYTES = 16 * 1024 * 1024
RETRY_AFTER_S = 5

#: Errors found before any row is looked at: they speak of the text alone. Others could quote
#: a value, so they are told by their name only.
_SPOKEN_CODES = frozenset(
    {
        # syntax, arguments, types, names, aggregates; and what the guard refuses
        *(10, 20, 35, 36, 42, 43, 44, 46, 47, 48, 50, 51, 60, 62, 63, 80, 115, 116, 133),
        *(164, 179, 181, 182, 184, 206, 207, 215, 352, 386, 403, 456, 497),
    }
)
#: What the engine says of a text, without its own words around: the statement that it made of
#: it, its name of the error, its version.
_MESSAGE = re.compile(
    r"DB::Exception: (?!.*DB::Exception: )(.*?)"
    r"(?:(?:[.:]|(?<=\?)) In scope |\.? \([A-Z_]{4,}\)| \(version | \(for url |$)",
    re.DOTALL,
)
#: How the engine calls the view of a question.
_VIEW = re.compile(r"_temporary_and_external_tables\.`?_tmp_[0-9a-f-]+`?(?: \([0-9a-f-]+\))?")
_POSITION = re.compile(r"failed at position (\d+)")
_CLOSED_UNTIL = re.compile(r"closed until (\d+)")


async def run(engine: Engine, scope: Scope, text: str) -> Answer:
    """Ask it; raises `QueryError` with the place of a mistake, when the engine tells it.

    Who ends the engine twice is not heard any more; the scope says who asks.
    """
    if not engine.is_guarded:
        raise ForbiddenError(
            "SQL is answered by the built-in engine only. This server uses a ClickHouse of its "
            "own (LOGSTER_STORE_URL): ask that one, with a user of its own and a row policy."
        )
    text = text.strip().rstrip("; \t\r\n")
    if not text or len(text) > MAX_CHARACTERS:
        raise QueryError(
            f"the SQL has {len(text)} characters, 1 to {MAX_CHARACTERS} are possible", 0, len(text)
        )
    limits = {"max_result_rows": MAX_ROWS, "max_result_bytes": MAX_BYTES}
    settings = limits | render_scope(scope)
    try:
        # The client sends text without parameters as it is: a % or a brace is no placeholder.
        return await engine.ask(text, {}, settings=settings, max_bytes=MAX_BYTES, user=RAW_SQL)
    except StoreError as error:
        raise await _explain(engine, error, text) from error


async def _explain(engine: Engine, error: StoreError, text: str) -> LogsterError:
    """What the asker is told."""
    if isinstance(error, QueryStuckError):
        told = (
            "This question could not be stopped when its time was over, so the engine was ended "
            "and starts again in a few seconds; no event is lost. Who does this twice within an "
            "hour has no SQL for an hour: use less nesting, simpler expressions, fewer rows."
        )
        return QueryError(told, 0, len(text))
    if isinstance(error, QueryTooHeavyError):
        return QueryError(
            f"The answer has more than {MAX_ROWS:,} rows or {MAX_BYTES >> 20} MiB, or the question "
            "needs more memory or time than one may have: add a LIMIT, aggregate, or narrow the "
            "time by since and until beside sql (an operator may raise LOGSTER_QUERY_MEMORY_BYTES, "
            "of which SQL has half, or LOGSTER_QUERY_TIMEOUT_S)."
        )
    if error.code is None or isinstance(error, StoreDamagedError):
        return error
    return await _explain_code(engine, error, error.code)


async def _explain_code(engine: Engine, error: StoreError, code: int) -> LogsterError:
    if code == CLOSED_CODE:
        return _closed(str(error))
    if code == BUSY_CODE:
        return RetryLaterError(
            "Other questions in SQL are being answered, and more wait; ask again in a few seconds.",
            RETRY_AFTER_S,
        )
    if code in _SPOKEN_CODES:
        return _mistake(str(error))
    name = await _name_of(engine, code)
    return QueryError(f"The SQL cannot be calculated: error {code}, {name}.")


async def _name_of(engine: Engine, code: int) -> str:
    answer = await engine.ask("SELECT errorCodeToName({code:Int32})", {"code": code})
    return str(answer.rows[0][0]).replace("_", " ").lower() or "which has no name"


def _closed(message: str) -> QuotaError:
    found = _CLOSED_UNTIL.search(message)
    until = float(found[1]) if found else time.time()
    told = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return QuotaError(
        f"Two of your questions within an hour could not be stopped and ended the engine. SQL is "
        f"closed to you until {told} UTC; searches, counts and dashboards work as ever.",
        max(math.ceil(until - time.time()), 1),
    )


def _mistake(message: str) -> QueryError:
    found = _MESSAGE.search(message)
    said = (found[1] if found else message).replace(": . Expected", ". Expected")
    said = _VIEW.sub("events", said)
    place = _POSITION.search(said)
    return QueryError(said[:1_000], int(place[1]) - 1 if place else 0)
