"""Why the store did not do something, told so that somebody can mend it.

In: the engine's error, its code and words. Out: one of our errors, with a cause and advice.
Promise: only what is certainly about the rows of a block is blamed on them; every other
failure, known here or not, is the store's, and waits until somebody mends it.
"""

from __future__ import annotations

import re

import msgspec

from logster.errors import (
    QueryStuckError,
    QueryTooHeavyError,
    StoreDamagedError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from logster.store.embedded.codes import BUSY_CODE, STUCK_CODE

#: Codes that speak of rows: cannot parse text, a quoted string, an expected character, a date, a
#: time, a number; types that do not fit; out of bound, incorrect data, a text too large, out of
#: the range of its type, a null where none may be.
_CONTENT_CODES = frozenset({6, 26, 27, 38, 41, 53, 69, 70, 72, 117, 131, 321, 349})
#: Not all could be read: of a block that is cut, or of a disk.
_CUT_CODE = 33
_CUT_WORDS = "InputFormat"

#: What reading a damaged part ends with, when the words name the part: no more data, a checksum
#: that does not hold, a file that cannot be read or opened or is not there, wrong sizes, data that
#: cannot be unpacked.
DAMAGE_CODES = frozenset({32, 33, 40, 74, 75, 76, 107, 226, 228, 246, 271, 432})
#: Behind words of the engine alone: a question's own text may have the name of a part, too.
_PART = re.compile(
    r"(?:[Ff]ile|decompressing|from part|reading part) (?:\S*/)?(\d{8}_\d+_\d+_\d+(?:_\d+)?)[/:\s]"
)

#: Memory, time, rows or bytes of one question.
_HEAVY_CODES = frozenset({158, 159, 160, 241, 307, 394, 396})

_PREAMBLE = re.compile(r"^.*?DB::Exception: (?:Code: \d+\. DB::Exception: )*", re.DOTALL)


class Cause(msgspec.Struct, frozen=True):
    """One kind of failure: how it is known, its name in metrics, and what to do."""

    name: str
    advice: str
    words: str = ""
    codes: frozenset[int] = frozenset()

    def fits(self, text: str, code: int | None) -> bool:
        """Whether a failure is of this kind."""
        return code in self.codes or bool(self.words and self.words in text)


_CAUSES = (
    Cause(
        "full",
        "Make room on the disk of the store (engine/ in the data folder).",
        "No space left on device",
        frozenset({243}),
    ),
    Cause(
        "quota",
        "The store's user has used up its disk quota: raise it, or make room.",
        "Disk quota exceeded",
    ),
    Cause(
        "read_only",
        "The disk of the store is mounted read-only: look at its health in the system's log, "
        "and mount it for writing again.",
        "Read-only file system",
    ),
    Cause(
        "denied",
        "Give the store's folder (engine/ in the data folder), with all that is in it, back to "
        "the user that runs Logster.",
        "Permission denied",
    ),
    Cause(
        "denied",
        "Something forbids the store's user to change its folder (engine/ in the data folder): "
        "look at its attributes (lsattr) and at the limits of the service.",
        "Operation not permitted",
    ),
    Cause(
        "faulty",
        "The disk of the store fails: look at its health in the system's log.",
        "Input/output error",
    ),
    Cause(
        "files",
        "The store has too many files open: raise the limit of the service (LimitNOFILE).",
        "Too many open files",
    ),
    Cause(
        "memory",
        "Give the store more memory (LOGSTER_ENGINE_MEMORY_BYTES, or the machine); the block is "
        "tried again in smaller pieces.",
        "Cannot allocate memory",
        frozenset({173, 241}),
    ),
    Cause(
        "missing",
        "A table or the database of the store is missing: restore it from a back-up, or restart "
        "Logster, which makes the tables that are missing.",
        codes=frozenset({60, 81, 218}),
    ),
    Cause(
        "read_only",
        "The store takes no writes just now (read-only table or user): look at the server's "
        "replicas, their Keeper and the rights of Logster's user.",
        codes=frozenset({164, 242}),
    ),
    Cause(
        "parts",
        "The store has too many parts to merge: it catches up by itself, unless merges fail, "
        "as on a full or faulty disk; look at its log.",
        codes=frozenset({252}),
    ),
    Cause(
        "password",
        "The store does not let Logster in: look at the user and the password of "
        "LOGSTER_STORE_URL, and at the user's rights.",
        codes=frozenset({192, 193, 194, 195, 291, 497, 516}),
    ),
    Cause(
        "replica",
        "The replicas of the store or their Keeper are away: look at the server's log.",
        codes=frozenset({225, 231, 242, 244, 254, 265, 279, 285, 286, 289, 319, 335, 999}),
    ),
    Cause(
        "slow",
        "The store did not answer in time: look at its load and at its disk.",
        codes=frozenset({159, 160, 202, 203, 209, 210}),
    ),
)
_AWAY = Cause("away", "The store is waited for; if it stays away, look at its process and its log.")
_OTHER = Cause("other", "Look at the store's own words, and at its log.")


def insert_error(text: str, code: int | None) -> StoreError:
    """Whether a block was refused for its rows, or could not be taken."""
    said = plain(text)
    if code in _CONTENT_CODES or (code == _CUT_CODE and _CUT_WORDS in text):
        return StoreRefusedError(said, code)
    found = next((cause for cause in _CAUSES if cause.fits(text, code)), None)
    if found is None:
        found = _AWAY if code is None else _OTHER
    return StoreUnavailableError(
        f"The store did not take a block: {said}", code, cause=found.name, advice=found.advice
    )


def question_error(text: str, code: int | None) -> StoreError:
    """Why a question was not answered; advice to who asked it."""
    if code == STUCK_CODE:
        return QueryStuckError(
            "The question could not be stopped when its time was over, so the store was ended and "
            "starts again in a few seconds; no event is lost. Narrow its time range, and use "
            "simpler patterns.",
            code,
        )
    if code == BUSY_CODE:
        return StoreUnavailableError("The store has more questions than it can answer now.", code)
    if code in _HEAVY_CODES:
        return QueryTooHeavyError(
            "The question needs more memory or time than one may have; "
            "narrow its time range or its filter "
            "(an operator may raise LOGSTER_QUERY_MEMORY_BYTES or LOGSTER_QUERY_TIMEOUT_S).",
            code,
        )
    if code is None:
        return StoreUnavailableError(f"The store cannot be reached: {brief(text)}")
    return StoreError(f"The store refused the question: {brief(text)}", code)


def damage_error(text: str, code: int | None) -> StoreDamagedError | None:
    """Whether a question has met a damaged part."""
    part = part_in(text) if code in DAMAGE_CODES else None
    return None if part is None else StoreDamagedError(part, code)


def part_in(text: str) -> str | None:
    """The first part that the engine says it was reading."""
    found = _PART.search(text)
    return None if found is None else found[1]


def plain(text: str) -> str:
    """The first line of what the engine says; the rest is stacks and versions."""
    first = (text.splitlines() or [""])[0]
    return _PREAMBLE.sub("", first)[:500]


def brief(error: BaseException | str) -> str:
    """The first line of an error as it is."""
    return (str(error) or type(error).__name__).splitlines()[0][:500]
