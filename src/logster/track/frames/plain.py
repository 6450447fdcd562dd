"""The text of a trace as its program printed it, whatever carried it here.

In: any text. Out: the same with line feeds, without colours and without what stands before each of
its lines. Promise: pure, linear; of very long texts the middle is left out.
"""

from __future__ import annotations

import re

from logster.fields.ansi import plain_of

#: More lines than these are read at its beginning and at its end only: both the throw and the root
#: cause are there, and frames in between are not kept anyway.
MAX_HALF_LINES = 10_000

#: What stands before every line has one of these at its end: `web_1  | `, `app[12]: `, `stderr F `.
_EDGE = re.compile(r".*(?:[|:>\])]| - | [FP] ) ?(?=\S|\s|$)")
#: Shorter ones are none: `> `, a bullet.
_MIN_PREFIX = 4
_MAX_PREFIX = 300
_DIGITS = str.maketrans("123456789", "000000000")


def plain_trace(text: str) -> str:
    """The text with one form of lines, ready for a family."""
    text = plain_of(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text.rstrip("\n"):
        return _with_line_feeds(text)
    if text.count("\n") > 2 * MAX_HALF_LINES:
        lines = text.split("\n")
        text = "\n".join(lines[:MAX_HALF_LINES] + lines[-MAX_HALF_LINES:])
    return _without_prefix(text)


def _with_line_feeds(text: str) -> str:
    """Lines that were written into one: by rsyslog (`#012`), or as in JSON."""
    if "#012" in text:
        return text.replace("#015", "").replace("#012", "\n").replace("#011", "\t")
    if "\\n" in text and any(mark in text for mark in ("\\n\\t", "\\n  ", "\\n#")):
        return text.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t")
    return text


def _without_prefix(text: str) -> str:
    """Lines without what each of them begins with: a time, a container's name.

    Digits count as equal, for times differ.
    """
    first, second = text.lstrip("\n").split("\n", 2)[:2] if "\n" in text.strip("\n") else ("", "")
    begins = first[:_MIN_PREFIX].translate(_DIGITS)
    if not begins or begins[0].isspace() or begins != second[:_MIN_PREFIX].translate(_DIGITS):
        return text
    lines = text.split("\n")
    masked = [line[:_MAX_PREFIX].translate(_DIGITS) for line in lines if line]
    edge = _EDGE.match(_common(min(masked), max(masked)))
    if edge is None or edge.end() < _MIN_PREFIX:
        return text
    return "\n".join([line[edge.end() :] for line in lines])


def _common(first: str, last: str) -> str:
    """What the lowest and the highest of texts begin with, and so all between them."""
    pairs = zip(first[:_MAX_PREFIX], last, strict=False)
    ends = (at for at, (one, other) in enumerate(pairs) if one != other)
    return first[: next(ends, min(len(first), len(last), _MAX_PREFIX))]
