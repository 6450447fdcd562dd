"""What the text left of the cursor asks to be completed with.

In: the left part of a search, right or half finished. Out: a `Gap`: what is missing there,
and from which place on it replaces the text. Knows no SQL; `store/complete` fills the gap.
Promise: any text at all gives a gap or None, in a time that does not grow with it.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from logster.errors import QueryError
from logster.query.parse import parse_filter
from logster.query.stats import FUNCTIONS
from logster.query.tree import Equal, Field

#: Characters before the cursor that are looked at; names and values are shorter.
MAX_LOOK_BACK = 500
#: What may stand behind the pipe.
AGGREGATES = ("count", "count distinct ", "top 10 ", "timeline every ", "p50(", "p95(", "p99(")
KEYWORDS = ("by ", "every ", "limit ")
#: What may stand behind `every`, from a glance to a month.
SPANS = ("1m", "5m", "15m", "1h", "6h", "1d", "1w")


class Gap(msgspec.Struct, frozen=True):
    """`begun` is what is typed of it, from `start` on; `field` is where a value belongs to."""

    kind: Literal["field", "value", "word"]
    start: int
    begun: str
    field: Field | None = None
    words: tuple[str, ...] = ()
    #: What follows a name that is taken: a colon in a search, nothing in a pipe.
    behind: str = ""


def gap_in(left: str) -> Gap | None:
    """What is missing at the end of `left`."""
    ahead = max(len(left) - MAX_LOOK_BACK, 0)
    gap = _gap_at_end(left[ahead:])
    return gap and msgspec.structs.replace(gap, start=gap.start + ahead)


def _gap_at_end(left: str) -> Gap | None:
    pipe = _PIPE.search(left)
    if pipe is not None:
        return _gap_in_pipe(pipe[1], pipe.start(1))
    value = _LEVEL.search(left) or _VALUE.search(left)
    if value is not None:
        start = value.start(2)
        if value[1].lower() == "has":
            return Gap("field", start, value[2])
        return Gap("value", start, value[2].removeprefix('"'), _field(value[1]))
    if left.count('"') % 2:
        return None  # inside a phrase
    name = _NAME.search(left)
    return Gap("field", name.start(1), name[1], behind=":") if name else None


def _gap_in_pipe(text: str, start: int) -> Gap | None:
    name = _PIPE_NAME.search(text)
    if name is not None:
        return Gap("field", start + name.start(1), name[1])
    word = re.search(r"[\w.]*\Z", text)
    begun = word[0] if word else ""
    if re.search(r"\bevery\s+\w*\Z", text, re.IGNORECASE):
        return Gap("word", start + len(text) - len(begun), begun, words=SPANS)
    if re.search(r"\b(?:top|limit)\s+\w*\Z", text, re.IGNORECASE):
        return None  # a number, which is for the person to choose
    is_first = re.fullmatch(r"[\w.]*|.*,\s*[\w.]*", text) is not None
    words = (*AGGREGATES, *(f"{function}(" for function in FUNCTIONS)) if is_first else KEYWORDS
    return Gap("word", start + len(text) - len(begun), begun, words=words)


def _field(name: str) -> Field | None:
    """The field of a condition on `name`, as the language reads it."""
    try:
        tree = parse_filter(f'{name}:"x"')
    except QueryError:
        return Field(name)
    return tree.field if isinstance(tree, Equal) else None


#: The last pipe, with nothing but a question behind it.
_PIPE = re.compile(r"(?:^|[\s)\"])\|\s*([^|\"/]*)\Z")
_VALUE = re.compile(
    r"((?:[^\W\d]|[@$])[\w.@$/-]*)(?::={0,2}|==?|\s==?\s)(?:\((?:[^()\"]*,)?\s*)?(\"[^\"]*|[^\s()\",:*/<>=!]*)\Z"
)
#: The one field with names whose order means something.
_LEVEL = re.compile(r"(?:^|[\s(-])(severity)\s*(?:!=|[<>]=?|:[\w]*\.\.)\s*(\w*)\Z", re.IGNORECASE)
_NAME = re.compile(r"(?:^|[\s(-])((?:[^\W\d]|[@$])[\w.@$/-]*|)\Z")
_PIPE_NAME = re.compile(
    r"(?:\b(?:by\s|distinct\s|top\s+\d+\s)(?:[^()]*,)?\s*|\(\s*)([\w.@$/-]*)\Z", re.IGNORECASE
)
