r"""What may stand where in a search, as Lark reads it, and how a text is put in quotes.

In: nothing. Out: the grammar of a filter, the patterns that others share with it, and `quote`.
Promise: in quotes only `\"` and `\\` mean something, so that a pasted path stays what it is.

Behind a name, `=` and `==` are read as `:`, since everybody writes them so (docs/decisions/028);
where no value follows, or an arrow does, they are part of a word.
"""

from __future__ import annotations

import re

from logster.query.tree import FIELDS

#: An `=` that is an operator, behind any name: with a blank on both sides or on none.
EQUALS = r"==?(?=[^\s=~<>)|])|\s+==?\s+(?=[^\s=~<>)|])(?!(?:AND|OR|NOT)\s)"
#: The names of fields, in lower case, with their underscores or without.
OWN_NAMES = "|".join(name.replace("_", "_?") for name in FIELDS)

#: A text in quotes.
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
#: A name that needs no quotes.
NAME = re.compile(r"(?:[^\W\d]|[@$])(?:[\w.@$/-]*\w)?")

#: The grammar of a filter, beginning with `start`; `pipes` adds its own rules.
GRAMMAR = r"""
    start: any
         |                       -> everything
    any: all (_OR all)*
    all: one (_AND? one)*
    ?one: words
        | condition
        | (_NOT | _MINUS) one    -> negation
        | "(" any ")"
    words: WORD | QUOTED | QUOTED_GLOB | REGEX
    condition: (FIELD | QUOTED_FIELD) OPERATOR (value | set)
    ?value: VALUE | QUOTED | QUOTED_GLOB | REGEX
    set: "(" item ((_OR | _COMMA) item)* ")"
    ?item: ITEM | QUOTED | QUOTED_GLOB | REGEX

    // Keywords are upper case and stand alone: "not found" is three words less one.
    _AND.5: /AND(?=[\s()"|]|$)/
    _OR.5: /OR(?=[\s()"|]|$)/
    _NOT.5: /NOT(?=[\s()"|]|$)/
    // Only before something to negate: a lone dash, an arrow or --option is a word.
    _MINUS.5: /-(?=[\w@$"(*\/])/
    // A name with an operator behind it; `std::vector`, `http://…` and `10:30` are words.
    // An = stands between two blanks or none: `key=`, `=value`, `dGVzdA==` are words, as is `a=>b`;
    // the fields of every event are known to be meant.
    FIELD.4: /(?:[^\W\d]|[@$])(?:[\w.@$\/-]*\w)?(?=:(?!:|\/\/)|\s*(?:!=|[<>]|[=!]~\s*\S)|EQUALS)/
           | /(?i:OWN_NAMES)(?=\s*==?\s*[^\s=~<>)|])/
    QUOTED_FIELD.4: /"(?:\\.|[^"\\])*"(?=:(?!:|\/\/)|!=|[<>]|\s*[=!]~\s*\S|EQUALS)/s
    // A colon wants its value at once: in `ValueError: bad` it is no operator.
    OPERATOR: /:?(?:!==?(?!~)|<=|>=|<|>|==?(?=\s*[^\s=~<>)|]))|:(?=\S)/
    // Between slashes, none of them inside: `/var/log/` is a word.
    REGEX.4: /\/(?:\\.|[^\/\\])+\/i?(?=[\s),|]|$)/s
    QUOTED_GLOB.3: /\*"(?:\\.|[^"\\])*"(?:\*"(?:\\.|[^"\\])*")*\*?/s
                 | /"(?:\\.|[^"\\])*"(?:\*"(?:\\.|[^"\\])*")+\*?/s
                 | /"(?:\\.|[^"\\])*"\*(?!")/s
    QUOTED.2: /"(?:\\.|[^"\\])*"/s
    // A | with a space on a side is a pipe, inside a word it is text.
    VALUE: /(?:[^\s()"|]|\|(?=[^\s()"|]))+/
    ITEM: /(?:[^\s()"|,]|\|(?=[^\s()"|,]))+/
    WORD: /(?!(?:AND|OR|NOT)(?:[\s()"|]|$))[^\s()"|](?:[^\s()"|]|\|(?=[^\s()"|]))*/
    _COMMA: ","

    %ignore /\s+/
""".replace("EQUALS", EQUALS).replace("OWN_NAMES", OWN_NAMES)


def quote(text: str) -> str:
    r"""Write any text between quotes, where only `\"` and `\\` mean something."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def unquote(text: str) -> str:
    r"""The text between quotes; only `\"` and `\\` are escapes."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def unquote_name(text: str) -> str:
    """A name that may stand in quotes, as `render_field` writes it."""
    return unquote(text) if QUOTED.fullmatch(text) else str(text)
