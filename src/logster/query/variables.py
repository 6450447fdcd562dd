r"""Values in the place of names: `application:$application` with what somebody chose.

In: a question, and the values of some names. Out: a question without those names.
Promise: a value stays a value: whatever it holds, it stands in quotes, where only `\"` and `\\`
mean something; the conditions of the question are those it had. A test puts hostile
values into questions and reads them with the language's own parser.

A name counts where a value or a word stands alone: `user:$user`, `user:($user, bob)`, `ms>$least`,
`$word`. In quotes, in expressions, beside other signs, behind the pipe, and where nobody gave it
values, it is text; what surely was to be a name there, `check_names` refuses, since a question
that asks for the text `$user` finds nothing and nobody is told why. Several values mean one of
them. No value means no condition: the condition goes, or, where others stand beside it in an OR
or a NOT, becomes one that every event meets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from logster.errors import QueryError
from logster.query.grammar import EQUALS, OWN_NAMES, QUOTED, quote
from logster.query.limits import MAX_TEXT_CHARACTERS
from logster.query.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

#: Every event has an id.
_ANYTHING = "id>=0"
_REGEX = r"/(?:\\.|[^/\\])+/i?(?=[\s),|]|$)"
# What words are made of; in a set a comma ends them.
_SIGN = r'(?:[^\s()"|]|\|(?=[^\s()"|]))'
_ITEM_SIGN = r'(?:[^\s()"|,]|\|(?=[^\s()"|,]))'
_FIELD = rf"""(?: (?:[^\W\d]|[@$])(?:[\w.@$/-]*\w)?(?=:(?!:|//)|\s*(?:!=|[<>])|{EQUALS})
                | (?i:{OWN_NAMES})(?=\s*==?\s*[^\s=~<>)|])
                | {QUOTED.pattern}(?=:(?!:|//)|!=|[<>]|{EQUALS}) )
              \s* (?: :?(?:!==?(?!~)|<=|>=|<|>|==?(?=\s*[^\s=~<>)|])) | :(?=\S) ) \s*"""


def _pieces(*kinds: str, sign: str = _SIGN) -> re.Pattern[str]:
    """What may stand in one place, as `grammar.GRAMMAR` says; tests hold the two together."""
    texts = {
        "blank": r"\s+",
        "open": r"\(",
        "close": r"\)",
        "joint": r'(?:AND|OR|NOT)(?=[\s()"|]|$) | -(?=[\w@$"(*/])',
        "field": _FIELD,
        "regex": _REGEX,
        "quoted": rf"\*?{QUOTED.pattern}(?:\*{QUOTED.pattern})*\*?",
        # A name alone: nothing more of a word follows.
        "name": rf"\$[A-Za-z_]\w*(?!{sign})",
        "word": f"{sign}+",
    }
    pattern = "|".join(f"(?P<{kind}>{texts[kind]})" for kind in kinds)
    return re.compile(pattern, re.VERBOSE | re.DOTALL)


_ANY = _pieces("blank", "open", "close", "joint", "field", "regex", "quoted", "name", "word")
_VALUE = _pieces("open", "regex", "quoted", "name", "word")
_ITEM = _pieces("blank", "close", "regex", "quoted", "name", "word", sign=_ITEM_SIGN)


#: `$5` and `US$` are text.
_NAME = re.compile(r"(?<![\w$@])\$([A-Za-z_]\w*)")
_STARRED = re.compile(r"\*?\$[A-Za-z_]\w*\*?")
_QUOTED_OR_NAME = re.compile(rf"{QUOTED.pattern}|{_NAME.pattern}", re.DOTALL)


class _Piece(NamedTuple):
    """A part of the search: its kind, its text, and whether it stands in parentheses."""

    kind: str
    text: str
    depth: int = 0


def bind(question: str, values: Mapping[str, Sequence[str]]) -> str:
    """The question with values for names; what is no name stays as it is written.

    What becomes too long to be asked is cut where it is too long: many names with many values
    must not fill the memory, and whoever asks it is told its length.
    """
    if not any(f"${name}" in question for name in values):
        return question
    pieces, rest = _cut(question)
    bound: list[str] = []
    length = 0
    for text in _bind_each(pieces, values):
        # Where a condition went, one blank is enough.
        if text and not (text.isspace() and (not bound or bound[-1].isspace())):
            bound.append(text)
            length += len(text)
            if length > MAX_TEXT_CHARACTERS:
                return "".join(bound)[: MAX_TEXT_CHARACTERS + 1]
    return "".join(bound).rstrip() + (f" {rest}" if bound and rest else rest)


def check_names(question: str, names: Collection[str]) -> None:
    """Raise QueryError for the first name that has no values, or has them where none can stand.

    Text with a `$` in it stays text: `$5`, `$HOME/bin`, a field `$type`, whatever is in quotes.
    """
    if "$" not in question:
        return
    pieces, rest = _cut(question)
    at = 0
    for kind, text, _ in pieces:
        if kind in ("name", "item") and text[1:] not in names:
            raise _refuse_undefined(text, names, at)
        if kind == "word":
            _check_word(text, names, at)
        at += len(text)
    _check_pipe(rest, names, at)


def _check_word(word: str, names: Collection[str], at: int) -> None:
    """A name with something beside it; only with a star is an unknown one surely a name."""
    for found in _NAME.finditer(word):
        name, place = found[1], at + found.start()
        if name in names:
            raise QueryError(
                f"`${name}` stands for a value only where it stands alone, not in `{word}`. "
                "Take away what is beside it, or put the whole in quotes where it is text.",
                place,
                len(found[0]),
            )
        if _STARRED.fullmatch(word):
            raise _refuse_undefined(found[0], names, place)


def _check_pipe(rest: str, names: Collection[str], at: int) -> None:
    """Behind the pipe are fields, and some begin with `$`; that of a variable was not meant."""
    for found in _QUOTED_OR_NAME.finditer(rest) if rest.startswith("|") else ():
        if found[1] in names:
            raise QueryError(
                f"`${found[1]}` stands for a value only before the pipe. "
                f'Name the field itself here, or write "${found[1]}" for a field of that name.',
                at + found.start(),
                len(found[0]),
            )


def _refuse_undefined(name: str, names: Collection[str], at: int) -> QueryError:
    meant = suggestion(name, [f"${each}" for each in names])
    return QueryError(
        f"`{name}` is not defined: there is no variable of that name.{meant} "
        f'Define it under Variables, or write "{name}" where it is text.',
        at,
        len(name),
    )


def _cut(question: str) -> tuple[list[_Piece], str]:
    """The pieces of the search, and what is left: from the pipe on, or what cannot be read.

    Behind a quote that is left open nothing is bound: a value's own quote would close it.
    """
    pieces: list[_Piece] = []
    at, depth, set_depth = 0, 0, 0
    while at < len(question):
        before = pieces[-1].kind if pieces else ""
        expected = _VALUE if before == "field" else _ITEM if set_depth else _ANY
        found = expected.match(question, at)
        if found is None and set_depth and question[at] == ",":
            pieces.append(_Piece("comma", ","))
            at += 1
            continue
        if found is None:
            return pieces, question[at:]
        kind = str(found.lastgroup)
        if kind == "open":
            depth += 1
            set_depth = depth if before == "field" else 0
        pieces.append(_Piece("item" if kind == "name" and set_depth else kind, found[0], depth))
        if kind == "close":
            depth, set_depth = depth - 1, 0
        at = found.end()
    return pieces, ""


def _bind_each(pieces: Sequence[_Piece], values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A text for every piece."""
    left_out = _places_left_out(pieces, values)
    for place, (kind, text, _) in enumerate(pieces):
        chosen = values.get(text[1:]) if kind in ("name", "item") else None
        if place in left_out:
            yield left_out[place]
        elif chosen is not None:
            is_condition = place > 0 and pieces[place - 1].kind == "field"
            yield _render(chosen, kind, is_condition=is_condition)
        elif kind == "word" and text.startswith("/"):
            # A value with a slash in it would make an expression of both.
            yield "*".join(quote(part) if part else "" for part in re.split(r"\*+", text))
        else:
            yield text


def _render(values: Sequence[str], kind: str, *, is_condition: bool) -> str:
    quoted = [quote(value) for value in values]
    if kind == "item":
        return ", ".join(quoted) or "*"
    if len(quoted) == 1:
        return quoted[0]
    return f"({(', ' if is_condition else ' OR ').join(quoted)})"


def _places_left_out(
    pieces: Sequence[_Piece], values: Mapping[str, Sequence[str]]
) -> dict[int, str]:
    """What is written for the pieces of conditions that have no value: their signs, too."""
    left_out: dict[int, str] = {}
    for place, (kind, text, depth) in enumerate(pieces):
        if kind != "name" or values.get(text[1:], [""]):
            continue
        begin = place - (place > 0 and pieces[place - 1].kind == "field")
        while (before := _beside(pieces, begin, -1)) is not None:
            if pieces[before].text not in ("-", "NOT") or pieces[before].kind != "joint":
                break
            begin = before
        joints = [_beside(pieces, begin, -1), _beside(pieces, place, 1)]
        is_joined = any(
            at is not None and pieces[at].kind == "joint" and pieces[at].text in ("AND", "OR")
            for at in joints
        )
        left_out |= dict.fromkeys(range(begin, place), "")
        left_out[place] = _ANYTHING if is_joined or depth else " "
    return left_out


def _beside(pieces: Sequence[_Piece], place: int, step: int) -> int | None:
    """The nearest piece on one side that is not blank."""
    at = place + step
    while 0 <= at < len(pieces) and pieces[at].kind == "blank":
        at += step
    return at if 0 <= at < len(pieces) else None
