"""Pipes: the grammar behind the `|` of a question, and what its words become.

In: Lark's tokens of what stands behind the pipe. Out: a frozen `Stats`.
Promise: what cannot be counted is a `QueryError` at its place. `question` parses the whole.

`top 20 user` is `count by user limit 20`, `timeline every 1m` is `count every 1m`.
"""

# ruff: noqa: D102  the methods of `PipeBuilder` are named and described by the grammar

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from logster.errors import QueryError
from logster.query.condition import field_of
from logster.query.grammar import GRAMMAR
from logster.query.mistake import explain_mistake, refusal_at, surprise_of
from logster.query.parse import Builder
from logster.query.stats import (
    FUNCTIONS,
    MAX_AGGREGATES,
    MAX_EVERY_S,
    MAX_KEYS,
    MAX_ROWS,
    MAX_SERIES,
    PERCENTILE,
    UNITS_S,
    Aggregate,
    Stats,
    percentile_of,
    render_aggregate,
)
from logster.query.suggest import suggestion
from logster.query.tree import NUMBER_FIELDS, TIME_FIELDS, Field, Filter

if TYPE_CHECKING:
    from lark import Token, UnexpectedInput

#: What a misspelt function may be.
_COMMON = ("count", *FUNCTIONS, "p50", "p90", "p95", "p99")
_SPAN = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)

#: The grammar of a search with a pipe or without, beginning with `question`.
PIPE_GRAMMAR = (
    GRAMMAR
    + r"""
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
)


class PipeBuilder(Builder):
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
            + suggestion(function, _COMMON),
        )
    if not more:
        raise refusal_at(call, f"expected a field in parentheses: {function}(DurationMs)")
    field = field_of(more[0])
    _check_number(more[0], field, function)
    return Aggregate(PERCENTILE.sub(_shorten, function), field)


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
    span_s = int(found[1]) * UNITS_S[found[2]] if found else 0
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


def explain_question(error: UnexpectedInput, text: str) -> QueryError:  # noqa: PLR0911  # one sentence each
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
        meant = suggestion(found, ("by", "every", "limit", "distinct")) if found.isalpha() else ""
        wanted = "a closing )" if "_CLOSE" in expected else "a comma, by, every, limit or the end"
        return QueryError(f"expected {wanted}.{meant}", position, length)
    return explain_mistake(error, text)


def _explain_early_pipe(position: int, expected: set[str]) -> QueryError:
    """Say what a filter misses before its pipe."""
    if "_CLOSE" in expected:
        return QueryError("expected a closing ) before the pipe", position)
    return QueryError(
        "expected a word, a quoted phrase or a condition such as severity>=error before the pipe",
        position,
    )
