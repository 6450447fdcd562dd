"""A whole question: a search and, with a pipe behind it, what to count in its events.

In: such a text. Out: its `Filter` and a frozen `Stats`, which is None without a pipe; and its text.
Promise: `parse_question(render_question(tree, stats)) == (tree, stats)`; any text at all gives both
or a `QueryError` that says where and what was expected.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from lark import Lark, UnexpectedInput

from logster.query.grammar import quote
from logster.query.limits import check_size, check_text
from logster.query.pipes import PIPE_GRAMMAR, PipeBuilder, explain_question
from logster.query.render import render_filter
from logster.query.stats import Stats, render_stats

if TYPE_CHECKING:
    from logster.query.tree import Filter


def parse_question(text: str, zone: tzinfo = UTC) -> tuple[Filter, Stats | None]:
    """Understand a search and its pipe; raises `QueryError` with the place of the mistake.

    A time in it that names no zone is one of `zone`.
    """
    return _build(text, PipeBuilder(zone))


def _build(text: str, builder: PipeBuilder) -> tuple[Filter, Stats | None]:
    check_text(text)
    try:
        tree, stats = builder.build(_parser(), text)
    except UnexpectedInput as error:
        raise explain_question(error, text) from None
    check_size(tree, text)
    return tree, stats


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(PIPE_GRAMMAR, parser="lalr", start="question", regex=False)


def render_question(tree: Filter, stats: Stats | None) -> str:
    """Write both as text that parses to the same."""
    if stats is None:
        return render_filter(tree)
    return f"{render_filter(tree)} | {render_stats(stats)}".lstrip()


def equals_in(text: str) -> str | None:
    """What to say once about `=` where it was read as `:`, None where it was not."""
    if "=" not in text:
        return None
    builder = PipeBuilder()
    _build(text, builder)
    if not builder.equals:
        return None
    start, end = builder.equals[0]
    found = " ".join(text[start:end].split())
    return (
        f"Read `=` as `:`: `{found}` asks for a field or property. "
        f"To find it as a text, put it in quotes: {quote(found)}"
    )
