"""Messages collapsed to their shape: what differs from event to event becomes a placeholder.

In: a `Selection`. Out: the shapes of its newest messages with counts, times, severities, an
example and a search that finds them.
Promise: linear time (RE2, in the engine); the search of a pattern finds every event of it.

The engine collapses because it is 4 to 10 times faster at it than this process and does not
hold up the others here: docs/decisions/006.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError
from logster.event import Severity
from logster.query.render import render_filter
from logster.query.tokens import tokens_of
from logster.query.tree import And, Field, Filter, Words
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: The newest events that are looked at: 2 M rows behind them or not, 0.1 s on two cores.
SAMPLE = 50_000
DEFAULT_LIMIT, MAX_LIMIT = 50, 500
#: What a longer message has behind these does not belong to its shape.
MAX_CHARACTERS = 1_000
#: Phrases in the search of a pattern, and their characters; the longest say the most.
MAX_PHRASES = 20
MAX_PHRASE_CHARACTERS = 300

#: Placeholder -> what it stands for, in the order of replacing. The same text means the same
#: to RE2 and, with `re.ASCII`, to Python.
SHAPES = (
    (
        "<time>",
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
    ),
    ("<uuid>", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    ("<ip>", r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
    ("<ip>", r"\b[0-9a-fA-F]{1,4}(?:::?[0-9a-fA-F]{1,4}){3,7}\b"),
    ("<text>", r'"[^"\n]*"'),
    ("<text>", r"\B'[^'\n]*'\B"),
    ("<number>", r"\b\d+(?:\.\d+)*\b"),
    ("<hex>", r"\b(?:0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8,})\b"),
    ("<token>", r"\b[A-Za-z0-9_-]{32,}\b"),
    ("<number>", r"\d+"),
)
#: Behind the shape of a message that was cut.
MORE = "<more>"

_PLACEHOLDER = re.compile("|".join(sorted({name for name, _ in SHAPES} | {MORE})))
_TOKEN_AT_START = re.compile(r"[0-9A-Za-z\x80-\U0010ffff]+")
_TOKEN_AT_END = re.compile(r"[0-9A-Za-z\x80-\U0010ffff]$")
_MESSAGE = Field("message")


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A shape and the events of the sample that have it.

    `filter` is a search for them, None when the shape holds no word to search by.
    """

    pattern: str
    count: int
    first_ns: int
    last_ns: int
    severities: dict[str, int]
    example_id: int
    example: str
    filter: str | None


class Patterns(msgspec.Struct, frozen=True, kw_only=True):
    """The most frequent shapes; `distinct` is how many there are in the sample."""

    patterns: list[Pattern]
    distinct: int
    looked_at: int
    elapsed_ms: float
    rows_read: int


async def find_patterns(
    engine: Engine, selection: Selection, *, limit: int = DEFAULT_LIMIT, sample: int = SAMPLE
) -> Patterns:
    """The shapes of the newest `sample` messages, the most frequent first."""
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"the limit is {limit}, it can be 1 to {MAX_LIMIT}")
    meter, parameters = Meter(engine), Parameters()
    shape = _shape(parameters)
    by_severity = ", ".join(f"countIf(severity = {int(level)})" for level in Severity)
    rows = await meter.rows(
        f"SELECT {shape} AS shape, count() AS number,"
        " toUnixTimestamp64Nano(min(timestamp)), toUnixTimestamp64Nano(max(timestamp)),"
        f" [{by_severity}], argMax((toString(id), leftUTF8(message, {MAX_CHARACTERS})),"
        " (timestamp, id)), count() OVER (), sum(count()) OVER ()"
        f" FROM (SELECT message, severity, timestamp, id FROM {EVENTS.read}"
        f" WHERE {selection.where_newest(parameters, sample)}"
        f" ORDER BY timestamp DESC, id DESC LIMIT {sample})"
        f" GROUP BY shape ORDER BY number DESC, shape LIMIT {limit}",
        parameters.values,
    )
    return Patterns(
        patterns=[
            Pattern(
                pattern=pattern,
                count=count,
                first_ns=first_ns,
                last_ns=last_ns,
                severities=_severities(by_level),
                example_id=int(example[0]),
                example=example[1],
                filter=filter_of(pattern),
            )
            for pattern, count, first_ns, last_ns, by_level, example, _, _ in rows
        ],
        distinct=rows[0][-2] if rows else 0,
        looked_at=rows[0][-1] if rows else 0,
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


def filter_of(pattern: str) -> str | None:
    """A search for the phrases between the placeholders, or None when there are none.

    It finds every event of the pattern. It also finds one that has the same phrases in
    another order or with more between them; two patterns of one program seldom do.
    """
    pieces = _PLACEHOLDER.split(pattern)
    if pattern.endswith(MORE):
        pieces[-2:] = [pieces[-2]]  # nothing is known of what follows, not even its end
    phrases = [
        phrase
        for place, piece in enumerate(pieces)
        if (
            phrase := _phrase(
                piece,
                is_glued_before=place > 0,
                is_glued_behind=place < len(pieces) - 1 or pattern.endswith(MORE),
            )
        )
    ]
    longest = sorted(phrases, key=lambda phrase: -len(phrase.text))[:MAX_PHRASES]
    chosen: list[Filter] = []
    for phrase in phrases:
        if phrase in longest and phrase not in chosen:
            chosen.append(phrase)
    if not chosen:
        return None
    return render_filter(And(tuple(chosen)) if len(chosen) > 1 else chosen[0])


def _phrase(piece: str, *, is_glued_before: bool, is_glued_behind: bool) -> Words | None:
    """The part of a literal piece that stands as a phrase whatever the placeholders were.

    A word that touches a placeholder goes on in it: at the end it becomes a prefix, at the
    start it cannot be asked for.
    """
    if is_glued_before and (found := _TOKEN_AT_START.match(piece)):
        piece = piece[found.end() :]
    text = piece.strip()
    is_touching = is_glued_behind and piece == piece.rstrip()
    is_prefix = is_touching and _TOKEN_AT_END.search(text) is not None
    if len(text) > MAX_PHRASE_CHARACTERS:
        # Cut where a word may go on: as a prefix.
        text, is_prefix = text[:MAX_PHRASE_CHARACTERS], True
    return Words(text, _MESSAGE, is_prefix) if tokens_of(text) else None


def _shape(parameters: Parameters) -> str:
    """SQL that collapses `message`."""
    cut = f"leftUTF8(message, {MAX_CHARACTERS})"
    text = f"if(lengthUTF8(message) > {MAX_CHARACTERS}, concat({cut}, '{MORE}'), message)"
    for placeholder, pattern in SHAPES:
        text = f"replaceRegexpAll({text}, {parameters.bind(pattern, 'String')}, '{placeholder}')"
    return text


def _severities(by_level: list[int]) -> dict[str, int]:
    pairs = zip(Severity, by_level, strict=True)
    return {level.name.lower(): count for level, count in pairs if count}
