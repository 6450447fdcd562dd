"""A search that cannot be read: where, and what was expected, in plain words.

In: a token that is wrong, or Lark's surprise. Out: a `QueryError` that names its place.
"""

from __future__ import annotations

from lark import Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from logster.errors import QueryError
from logster.query.grammar import QUOTED


def refusal_at(token: Token, message: str) -> QueryError:
    """A mistake that fills a token."""
    return QueryError(message, token.start_pos or 0, len(token))


def explain_mistake(error: UnexpectedInput, text: str) -> QueryError:  # noqa: PLR0911  # one sentence each
    """Say a parser's surprise in the words of the language."""
    position, expected = surprise_of(error, text)
    rest = text[position:]
    if rest.startswith('"') and not QUOTED.match(rest):
        return QueryError('the closing " is missing', position, len(rest))
    if rest.startswith(")") and "$END" in expected:
        return QueryError("there is no open ( for this", position)
    if rest.startswith("|"):
        return QueryError(
            "a pipe such as | count by application asks for numbers, not for events; "
            'quote a text that holds a sign of its own: "|"',
            position,
        )
    if expected & {"ITEM", "_COMMA"}:
        return QueryError(
            "expected values with commas between them and a closing ): user:(alice, bob)", position
        )
    if not rest and expected & {"RPAR", "_CLOSE"}:
        return QueryError("expected a closing )", position)
    if rest.startswith(("=~", "!~")):
        return QueryError(
            f"{rest[:2]} is not known here; an expression stands between slashes: user:/^al.*/; "
            "quote a text that holds it",
            position,
            2,
        )
    if expected & {"VALUE", "OPERATOR"}:
        return QueryError(
            "expected a value right behind the operator; quote a text that only looks like one",
            position,
        )
    return QueryError(
        "expected a word, a quoted phrase or a condition such as severity>=error", position
    )


def surprise_of(error: UnexpectedInput, text: str) -> tuple[int, set[str]]:
    """Where the parser stopped, and the terminals it would have gone on with."""
    if isinstance(error, UnexpectedCharacters):
        return error.pos_in_stream or 0, set(error.allowed)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0, set(error.expected)
    return len(text), set(getattr(error, "expected", ()))
