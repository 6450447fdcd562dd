"""A question an administrator writes in SQL: read-only, over the events of one workspace.

In: a SELECT as text. Out: names and rows, at most `MAX_ROWS` and `MAX_BYTES`.
Promise: nothing but this workspace's events can be read, or learned from an error; the
built-in engine's guard (store/guard) sees to it. A store that has no such guard is not asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.errors import (
    ForbiddenError,
    QueryError,
    QueryTooHeavyError,
    StoreDamagedError,
    StoreError,
)
from logster.store.guard import PINNING_SETTING

if TYPE_CHECKING:
    from logster.store.engine import Answer, Engine

MAX_CHARACTERS = 20_000
MAX_ROWS = 10_000
MAX_BYTES = 16 * 1024 * 1024

#: Errors found before any row is looked at: they speak of the text alone. Others could quote
#: a value, so they are told by their name only.
_SPOKEN_CODES = frozenset(
    {
        # syntax, arguments, types, names, aggregates; and what the guard refuses
        *(10, 20, 35, 36, 42, 43, 44, 46, 47, 48, 50, 51, 60, 62, 63, 80, 115, 116, 133),
        *(164, 179, 181, 182, 184, 207, 215, 352, 386, 403, 456, 497),
    }
)
#: What the engine says of a text, without its own words around: the statement that it made of
#: it, its name of the error, its version.
_MESSAGE = re.compile(
    r"DB::Exception: (?!.*DB::Exception: )(.*?)"
    r"(?:(?:[.:]|(?<=\?)) In scope |\.? \([A-Z_]{4,}\)| \(version | \(for url |$)",
    re.DOTALL,
)
_POSITION = re.compile(r"failed at position (\d+)")
_SYNTAX_CODE = 62


async def run(engine: Engine, workspace: int, text: str) -> Answer:
    """Ask it; raises `QueryError` with the place of a mistake, when the engine tells it."""
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
    settings = {
        PINNING_SETTING: f"{{'logster.events': 'workspace = {int(workspace)}'}}",
        "max_result_rows": MAX_ROWS,
        "max_result_bytes": MAX_BYTES,
    }
    is_read = False
    try:
        # Read alone first: the question itself ends in the format of its answer.
        await engine.ask("SELECT formatQuery({text:String})", {"text": text})
        is_read = True
        # The client sends text without parameters as it is: a % or a brace is no placeholder.
        return await engine.ask(text, {}, settings=settings, max_bytes=MAX_BYTES)
    except QueryTooHeavyError as error:
        raise QueryError(
            f"The answer has more than {MAX_ROWS:,} rows or {MAX_BYTES >> 20} MiB, or the question "
            "needs more memory or time than one may have: add a LIMIT, aggregate, or narrow the "
            "time (an operator may raise LOGSTER_QUERY_MEMORY_BYTES or LOGSTER_QUERY_TIMEOUT_S)."
        ) from error
    except StoreError as error:
        if error.code is None or isinstance(error, StoreDamagedError):
            raise
        if is_read and error.code == _SYNTAX_CODE:
            raise QueryError(
                "only one SELECT is possible, without FORMAT and INTO OUTFILE", 0, len(text)
            ) from error
        if error.code not in _SPOKEN_CODES:
            name = await _name_of(engine, error.code)
            raise QueryError(
                f"The SQL cannot be calculated: error {error.code}, {name}."
            ) from error
        raise _mistake(str(error)) from error


async def _name_of(engine: Engine, code: int) -> str:
    answer = await engine.ask("SELECT errorCodeToName({code:Int32})", {"code": code})
    return str(answer.rows[0][0]).replace("_", " ").lower() or "which has no name"


def _mistake(message: str) -> QueryError:
    found = _MESSAGE.search(message)
    said = (found[1] if found else message).replace(": . Expected", ". Expected")
    place = _POSITION.search(said)
    return QueryError(said[:1_000], int(place[1]) - 1 if place else 0)
