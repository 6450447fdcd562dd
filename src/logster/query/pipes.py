"""Pipes: what to count in the events of a filter. Text -> tree -> text.

In: a search with a pipe behind it (`severity>=error | count by application every 5m`).
Out: its `Filter` and a frozen `Stats`, or None where there is no pipe.
Promise: `parse_question(render_question(tree, stats)) == (tree, stats)`; any text at all
gives both or a `QueryError` that says where and what was expected. Knows no SQL:
`store/stats` says the same in the engine's words.

`top 20 user` is `count by user limit 20`, `timeline every 1m` is `count every 1m`.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from lark import Lark, Token, UnexpectedInput

from logster.errors import QueryError
from logster.query.language import (
    GRAMMAR,
    NUMBER_FIELDS,
    TIME_FIELDS,
    Builder,
    Field,
    Filter,
    check_size,
    check_text,
    explain_mistake,
    field_of,
    nearest,
    quote,
    refusal_at,
    render_field,
    render_filter,
    surprise_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Columns of numbers in one answer.
MAX_AGGREGATES = 20
#: Fields to count by; every one multiplies the rows.
MAX_KEYS = 8
#: Rows of an answer without `every`; a longer list is an export.
MAX_ROWS = 10_000
#: Lines of a chart: groups of an answer with `every`.
MAX_SERIES = 100
#: A year: longer steps have one or two points.
MAX_EVERY_S = 366 * 86_400

#: What takes a number out of a field; percentiles are `p50`, `p99`, `p99.9`.
FUNCTIONS = ("sum", "avg", "min", "max")
_COMMON = ("count", *FUNCTIONS, "p50", "p90", "p95", "p99")


class Aggregate(msgspec.Struct, frozen=True):
    """One number of each group: `count`, or `distinct`, a function or percentile of a field."""

    function: str
    field: Field | None = None


class Stats(msgspec.Struct, frozen=True):
    """Numbers of the events in each group, and in each step of time.

    `limit` is how many groups there are at most, those with the largest first number.
    """

    aggregates: tuple[Aggregate, ...]
    by: tuple[Field, ...] = ()
    every_s: int | None = None
    limit: int | None = None


_PIPE_GRAMMAR = r"""
    question: start (_PIPE pipe)?
    ?pipe: aggregates option*                    -> stats
         | _TOP NUMBER keys option*              -> top
         | TIMELINE option*                     -> timeline
    aggregates: aggregate (_COMMA aggregate)*
    aggregate: CALL
             | CALL DISTINCT (NAME | QUOTED)
             | CALL DISTINCT _OPEN (NAME | QUOTED) _CLOSE
             | CALL _OPEN (NAME | QUOTED)? _CLOSE
    keys: (NAME | QUOTED) (_COMMA (NAME | QUOTED))*
    option: _BY keys            -> by
          | EVERY SPAN          -> every
          | LIMIT NUMBER        -> limit

    _PIPE: "|"
    _OPEN: "("
    _CLOSE: ")"
    // Keywords in any case; a field of that name is fine where a field is expected.
    _TOP.6: /top(?=\s)/i
    TIMELINE.6: /timeline(?=\s|$)/i
    DISTINCT.6: /distinct(?=[\s"(]|$)/i
    _BY.6: /by(?=[\s"]|$)/i
    EVERY.6: /every(?=\s|$)/i
    LIMIT.6: /limit(?=\s|$)/i
    CALL: /[A-Za-z_][\w.]*/
    NAME: /(?:[^\W\d]|[@$])(?:[\w.@$\/-]*\w)?/
    SPAN: /\d+[A-Za-z]\w*/
    NUMBER: /\d+/
"""


def parse_question(text: str, zone: tzinfo = UTC) -> tuple[Filter, Stats | None]:
    """Understand a search and its pipe; raises `QueryError` with the place of the mistake.

    A time in it that names no zone is one of `zone`.
    """
    return _build(text, _Builder(zone))


def equals_in(text: str) -> str | None:
    """What to say once about `=` where it was read as `:`, None where it was not."""
    if "=" not in text:
        return None
    builder = _Builder()
    _build(text, builder)
    if not builder.equals:
        return None
    start, end = builder.equals[0]
    found = " ".join(text[start:end].split())
    return (
        f"Read `=` as `:`: `{found}` asks for a field or property. "
        f"To find it as a text, put it in quotes: {quote(found)}"
    )


def _build(text: str, builder: _Builder) -> tuple[Filter, Stats | None]:
    check_text(text)
    try:
        tree, stats = builder.build(_parser(), text)
    except UnexpectedInput as error:
        raise _explain(error, text) from None
    check_size(tree, text)
    return tree, stats


def render_question(tree: Filter, stats: Stats | None) -> str:
    """Write both as text that parses to the same."""
    if stats is None:
        return render_filter(tree)
    return f"{render_filter(tree)} | {render_stats(stats)}".lstrip()


def render_stats(stats: Stats) -> str:
    """Write what stands behind the pipe."""
    parts = [", ".join(render_aggregate(part) for part in stats.aggregates)]
    if stats.by:
        parts.append("by " + ", ".join(render_field(field) for field in stats.by))
    if stats.every_s is not None:
        parts.append("every " + render_span(stats.every_s))
    if stats.limit is not None:
        parts.append(f"limit {stats.limit}")
    return " ".join(parts)


def render_aggregate(aggregate: Aggregate) -> str:
    """Write one number as it is asked for, which is also the name of its column."""
    if aggregate.field is None:
        return aggregate.function
    name = render_field(aggregate.field)
    if aggregate.function == "distinct":
        return f"count distinct {name}"
    return f"{aggregate.function}({name})"


def render_span(span_s: int) -> str:
    """Write a length of time in the largest unit that says it exactly."""
    unit = next(unit for unit in reversed(_UNITS) if span_s % _UNITS[unit] == 0)
    return f"{span_s // _UNITS[unit]}{unit}"


def fields_of(stats: Stats) -> list[Field]:
    """What the numbers are taken from, and what they are counted by."""
    return [*(part.field for part in stats.aggregates if part.field), *stats.by]


def replace_stats_fields(stats: Stats, others: Mapping[Field, Field]) -> Stats:
    """The same numbers of other fields; only its text may be one that `parse_question` takes."""
    return msgspec.structs.replace(
        stats,
        aggregates=tuple(
            Aggregate(part.function, part.field and others.get(part.field, part.field))
            for part in stats.aggregates
        ),
        by=tuple(others.get(field, field) for field in stats.by),
    )


_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_PERCENTILE = re.compile(r"p([1-9]?\d(?:\.\d{1,3})?)", re.ASCII)


def percentile_of(function: str) -> float | None:
    """The share of a percentile, 0.95 for `p95`; None for another function."""
    found = _PERCENTILE.fullmatch(function)
    return float(found[1]) / 100 if found and float(found[1]) else None


class _Builder(Builder):
    """Makes filter and pipe while the parser reduces."""

    def question(self, parts: list[Any]) -> tuple[Filter, Stats | None]:
        return parts[0], parts[1] if len(parts) > 1 else None

    def stats(self, parts: list[Any]) -> Stats:
        return _with_options(parts[0], parts[1:])

    def top(self, parts: list[Any]) -> Stats:
        count, keys, *options = parts
        return _with_options(
            (Aggregate("count"),), [("limit", count, count), ("by", keys[0], keys), *options]
        )

    def timeline(self, parts: list[Any]) -> Stats:
        token, *options = parts
        if not any(name == "every" for name, *_ in options):
            raise refusal_at(token, "a timeline needs its step: timeline every 1m")
        return _with_options((Aggregate("count"),), options)

    def aggregates(self, parts: list[Any]) -> tuple[Aggregate, ...]:
        aggregates = tuple(aggregate for aggregate, _ in parts)
        if len(parts) > MAX_AGGREGATES:
            raise refusal_at(
                parts[MAX_AGGREGATES][1], f"at most {MAX_AGGREGATES} numbers are possible"
            )
        for place, (aggregate, token) in enumerate(parts):
            if aggregate in aggregates[:place]:
                raise refusal_at(token, f"{render_aggregate(aggregate)} is asked for twice")
        return aggregates

    def aggregate(self, parts: list[Token]) -> tuple[Aggregate, Token]:
        call, *more = parts
        return _aggregate(call, more), call

    def keys(self, parts: list[Token]) -> list[Token]:
        return parts

    def by(self, parts: list[Any]) -> tuple[str, Token, Any]:
        return "by", parts[0][0], parts[0]

    def every(self, parts: list[Token]) -> tuple[str, Token, Any]:
        return "every", parts[0], parts[1]

    def limit(self, parts: list[Token]) -> tuple[str, Token, Any]:
        return "limit", parts[0], parts[1]


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(
        GRAMMAR + _PIPE_GRAMMAR,
        parser="lalr",
        start="question",
        regex=False,
    )


def _aggregate(call: Token, more: list[Token]) -> Aggregate:
    function = call.lower()
    is_distinct = bool(more) and more[0].type == "DISTINCT"
    if function == "count" and (is_distinct or not more):
        return Aggregate("distinct", field_of(more[1])) if is_distinct else Aggregate("count")
    if function == "count" or is_distinct:
        raise refusal_at(
            more[0], "expected count, or count distinct and a field; `has:` counts what is there"
        )
    if function not in FUNCTIONS and percentile_of(function) is None:
        raise refusal_at(
            call,
            "expected count, count distinct, sum, avg, min, max or a percentile such as p95."
            + nearest(function, _COMMON),
        )
    if not more:
        raise refusal_at(call, f"expected a field in parentheses: {function}(DurationMs)")
    field = field_of(more[0])
    _check_number(more[0], field, function)
    return Aggregate(_PERCENTILE.sub(_shorten, function), field)


def _shorten(found: re.Match[str]) -> str:
    return f"p{float(found[1]):g}"


def _check_number(token: Token, field: Field, function: str) -> None:
    if field.is_property or field.name == "severity":
        return
    if field.name in TIME_FIELDS:
        if function in ("min", "max"):
            return
        raise refusal_at(token, f"{field.name} is a time, of which min and max can be asked")
    kind = "a name of something" if field.name in NUMBER_FIELDS else "text"
    raise refusal_at(
        token, f"{field.name} holds {kind}; {function} needs a number, such as a property"
    )


def _with_options(
    aggregates: tuple[Aggregate, ...], options: list[tuple[str, Token, Any]]
) -> Stats:
    found: dict[str, Any] = {}
    for name, token, value in options:
        if name in found:
            raise refusal_at(token, f"`{name}` is possible once")
        found[name] = value
    every_s = _span(found["every"]) if "every" in found else None
    limit = None
    if "limit" in found:
        limit = _limit(found["limit"], MAX_ROWS if every_s is None else MAX_SERIES)
    return Stats(aggregates, _keys(found.get("by", [])), every_s, limit)


def _keys(tokens: list[Token]) -> tuple[Field, ...]:
    if len(tokens) > MAX_KEYS:
        raise refusal_at(tokens[MAX_KEYS], f"at most {MAX_KEYS} fields to count by are possible")
    fields: list[Field] = []
    for token in tokens:
        field = field_of(token)
        if field in fields:
            raise refusal_at(token, f"{field.name} is named twice")
        if not field.is_property and field.name in TIME_FIELDS:
            raise refusal_at(token, "steps of time are asked for by `every 5m`")
        fields.append(field)
    return tuple(fields)


def _span(token: Token) -> int:
    found = _SPAN.fullmatch(token.lower())
    span_s = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= span_s <= MAX_EVERY_S:
        raise refusal_at(
            token, "expected a length of time from 1s to 366d, such as 30s, 5m, 1h, 1d, 1w"
        )
    return span_s


def _limit(token: Token, highest: int) -> int:
    limit = int(token) if len(token) <= len(str(highest)) else highest + 1
    if not 1 <= limit <= highest:
        raise refusal_at(token, f"expected a number from 1 to {highest}")
    return limit


def _explain(error: UnexpectedInput, text: str) -> QueryError:  # noqa: PLR0911  # one sentence each
    """Say a parser's surprise in the words of pipes; before the pipe, of the filter."""
    position, expected = surprise_of(error, text)
    word = re.match(r"\w+|.|", text[position:], re.DOTALL)
    found = word[0] if word else ""
    length = max(len(found), 1)
    if expected & {"WORD", "_OR"}:
        return (
            _explain_early_pipe(position, expected)
            if found == "|"
            else explain_mistake(error, text)
        )
    if "CALL" in expected:
        return QueryError(
            "expected what to count: count, count distinct user, p95(DurationMs), top 20 user",
            position,
            length,
        )
    if "NAME" in expected:
        return QueryError("expected the name of a field", position, length)
    if "SPAN" in expected:
        return QueryError("expected a length of time such as 30s, 5m, 1h, 1d, 1w", position, length)
    if "NUMBER" in expected:
        return QueryError("expected a number", position, length)
    if expected & {"EVERY", "LIMIT", "_BY", "_CLOSE", "_OPEN"}:
        hint = nearest(found, ("by", "every", "limit", "distinct")) if found.isalpha() else ""
        wanted = "a closing )" if "_CLOSE" in expected else "a comma, by, every, limit or the end"
        return QueryError(f"expected {wanted}.{hint}", position, length)
    return explain_mistake(error, text)


def _explain_early_pipe(position: int, expected: set[str]) -> QueryError:
    """Say what a filter misses before its pipe."""
    if "_CLOSE" in expected:
        return QueryError("expected a closing ) before the pipe", position)
    return QueryError(
        "expected a word, a quoted phrase or a condition such as severity>=error before the pipe",
        position,
    )
